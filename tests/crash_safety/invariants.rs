//! What must hold after every run, however it came to its end.

use std::collections::{BTreeMap, BTreeSet};

use fabrik::journal::{JournalStore, StoredRun};
use fabrik::plan::release::{frozen, frozen_text};
use fabrik::sandbox::World;
use fabrik::sandbox::applications::{Application, SimDeployment as Deployed};
use fabrik::sandbox::services::{SimContainer, SimService};
use fabrik::secrets::FingerprintKey;
use machine::deployment::Deployment;
use machine::effect::Effect;
use machine::entry::{JournalEntry, Proof, Purpose};
use machine::phase::Complete;
use machine::plan::{EnvVarAction, Plan};
use machine::receipt::{Origin, Receipt};
use machine::replay::AnyDeployment;
use machine::step::Step;
use machine::tag::OwnershipTag;
use serde_json::Value;

use super::arrival::{SCENES_KEY, values_arrived};
use super::scenario::Scenario;

/// A resource in the world that carries an ownership tag of ours.
type Marked = (Step, String, OwnershipTag);

/// Checks everything that holds in every state, half-way ones included.
pub async fn always(scenario: &Scenario, context: &str) {
    half_way(&scenario.sandbox.world(), scenario.journal().as_ref(), context).await;
}

/// Checks what holds when no run is open.
pub async fn at_rest(scenario: &Scenario, context: &str) {
    resting(&scenario.sandbox.world(), scenario.journal().as_ref(), &SCENES_KEY, context).await;
}

/// What holds of a world and its journal in every state.
pub async fn half_way(world: &World, journal: &dyn JournalStore, context: &str) {
    hold_half_way(world, &Told::by(journal, context).await, context);
}

/// What holds of a world and its journal when no run is open; the journal's fingerprints are taken with `key`.
pub async fn resting(world: &World, journal: &dyn JournalStore, key: &FingerprintKey, context: &str) {
    let told = Told::by(journal, context).await;
    hold_half_way(world, &told, context);
    for run in &told.runs {
        assert!(run.name().is_closed(), "{context}: a run is still {}", run.name());
    }
    exactly_one_of_each(world, &told.runs, context);
    assert_eq!(world.stray_containers, Vec::<String>::new(), "{context}: containers without a record");
    assert!(!world.deployments.iter().any(Deployed::is_open), "{context}: a deployment goes on");
    the_newest_release_is_what_is_there(world, &told, context);
    values_arrived(world, &told, key, context);
}

fn hold_half_way(world: &World, told: &Told, context: &str) {
    strangers_are_untouched(world, context);
    nothing_is_lost(world, &told.runs, &told.kept(), context);
    every_write_was_intended(told, world, context);
}

/// What a journal tells: its runs, oldest first, as they were written and as they are read.
pub(super) struct Told {
    written: Vec<StoredRun>,
    pub(super) runs: Vec<AnyDeployment>,
}

impl Told {
    pub(super) async fn by(journal: &dyn JournalStore, context: &str) -> Self {
        let mut told = Self { written: Vec::new(), runs: Vec::new() };
        for row in journal.list(None).await.unwrap() {
            let loaded = journal.load(&row.run).await.unwrap();
            match AnyDeployment::replay(&loaded.lines) {
                Ok(any) => told.runs.push(any),
                Err(error) => panic!("{context}: run {} does not replay: {error}", row.run),
            }
            told.written.push(loaded);
        }
        told
    }

    fn effects(&self) -> impl Iterator<Item = &Effect> {
        self.written.iter().flat_map(|run| &run.lines).filter_map(|line| match &line.entry {
            JournalEntry::Effect(effect) => Some(effect),
            _ => None,
        })
    }

    /// The ids of what was ours and stays because others use it: said, and recorded.
    fn kept(&self) -> BTreeSet<&str> {
        let kept = self.effects().filter_map(|effect| match effect {
            Effect::Retained { id, .. } => Some(id.as_str()),
            _ => None,
        });
        kept.collect()
    }

    fn blobs_of(&self, run: &Deployment<Complete>) -> &BTreeMap<String, Vec<u8>> {
        let nth = self.runs.iter().position(|any| any.run() == &run.header().run).expect("it is told of");
        &self.written[nth].blobs
    }
}

fn strangers_are_untouched(world: &World, context: &str) {
    let records: Vec<_> = world.records.iter().filter(|record| record.name == "shop.example.com").collect();
    assert!(
        matches!(records.as_slice(), [record] if record.content == "198.51.100.7"),
        "{context}: {records:?}"
    );
    let mut wildcards = world.records.iter().filter(|record| record.name == "*.example.com");
    assert!(
        wildcards.all(|it| it.content == world.server.ip && it.comment.is_none()),
        "{context}: the stranger's wildcard was touched"
    );
    let strangers = world.projects.iter().find(|project| project.name == "strangers").expect("the project");
    let environments: Vec<u64> =
        world.environments.iter().filter(|e| e.project == strangers.id).map(|e| e.id).collect();
    let services: Vec<_> = world.services.iter().filter(|s| environments.contains(&s.environment)).collect();
    assert!(
        matches!(services.as_slice(), [s] if s.description.is_none() && !s.deleting && s.containers.len() == 1),
        "{context}: the stranger's service was touched"
    );
    let theirs = |it: &&Application| environments.contains(&it.environment);
    let applications: Vec<_> = world.applications.iter().filter(theirs).collect();
    assert!(
        matches!(applications.as_slice(), [it] if it.description.is_none() && !it.deleting
            && it.container.is_some() && it.envs.is_empty()),
        "{context}: the stranger's application was touched"
    );
}

fn marked(world: &World) -> Vec<Marked> {
    let number = |text: Option<&str>| text.and_then(OwnershipTag::parse).map_or(Step::Dns(0), |tag| tag.step);
    let records = world.records.iter().map(|r| (number(r.comment.as_deref()), &r.id, r.comment.as_deref()));
    let projects = world.projects.iter().map(|p| (Step::Project, &p.uuid, p.description.as_deref()));
    let live = world.services.iter().filter(|service| !service.deleting);
    let services = live.map(|s| (Step::App, &s.uuid, s.description.as_deref()));
    let live = world.applications.iter().filter(|application| !application.deleting);
    let applications = live.map(|it| (Step::App, &it.uuid, it.description.as_deref()));
    records
        .chain(projects)
        .chain(services)
        .chain(applications)
        .filter_map(|(step, id, text)| Some((step, id.clone(), OwnershipTag::parse(text?)?)))
        .collect()
}

/// Each live object of ours is named by the journal: a receipt, or at least an intent of an open run.
fn nothing_is_lost(world: &World, runs: &[AnyDeployment], kept: &BTreeSet<&str>, context: &str) {
    for (step, id, tag) in marked(world) {
        let run = runs.iter().find(|run| *run.run() == tag.run);
        let Some(run) = run else { panic!("{context}: {step} {id} is of no run in the journal") };
        let ledger = run.ledger();
        let stands = ledger.standing().iter().any(|s| s.receipt.step == step && s.receipt.id == id);
        let in_doubt = ledger.doubts().iter().any(|doubt| doubt.step == step);
        assert!(
            stands || in_doubt || kept.contains(id.as_str()) || made_anew(runs, &tag),
            "{context}: {step} {id} of run {} ({}) is lost",
            tag.run,
            run.name()
        );
    }
}

/// The newest finished run, unless the app was destroyed since.
pub(super) fn newest(runs: &[AnyDeployment]) -> Option<&Deployment<Complete>> {
    // One that was given up before it began has taken over nothing.
    let destroyed = |run: &AnyDeployment| {
        matches!(run.header().purpose, Purpose::Destroy(_)) && !run.ledger().receipts().is_empty()
    };
    runs.iter().rev().take_while(|run| !destroyed(run)).find_map(|run| match run {
        AnyDeployment::Complete(finished) => Some(finished),
        _ => None,
    })
}

/// Whether some run dropped the resource of this ownership tag: undoing that recreates it under the ownership tag it had.
fn made_anew(runs: &[AnyDeployment], tag: &OwnershipTag) -> bool {
    let dropped = |receipt: &Receipt| {
        matches!(receipt.origin, Origin::Deleted { .. }) && receipt.tag.as_ref() == Some(tag)
    };
    runs.iter().any(|run| run.ledger().receipts().iter().any(dropped))
}

fn exactly_one_of_each(world: &World, runs: &[AnyDeployment], context: &str) {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for (step, ..) in marked(world) {
        *count.entry(step.as_str()).or_default() += 1;
    }
    let release = newest(runs);
    for plan in release.into_iter().map(|release| &release.phase().plan) {
        // What was left to others is not deleted either.
        names.extend(plan.handed_over.iter().map(|left| left.record.name.as_str()));
        names.extend(plan.wanted().map(|(_, record)| record.name.as_str()));
    }
    for (kind, wanted) in [
        ("project", usize::from(release.is_some())),
        ("app", usize::from(release.is_some())),
        ("dns", names.len()),
    ] {
        assert_eq!(count.get(kind).copied().unwrap_or(0), wanted, "{context}: number of {kind}");
    }
    let ours: Vec<&str> = world
        .records
        .iter()
        .map(|record| record.name.as_str())
        .filter(|name| !["shop.example.com", "*.example.com"].contains(name))
        .collect();
    assert_eq!(ours.len(), names.len(), "{context}: {ours:?}");
    assert!(ours.iter().all(|name| names.contains(name)), "{context}: {ours:?} instead of {names:?}");
}

/// What the newest finished run planned is what the world holds: no late effect lies on top of it.
fn the_newest_release_is_what_is_there(world: &World, told: &Told, context: &str) {
    let Some(finished) = newest(&told.runs) else { return };
    let (plan, app) = (&finished.phase().plan, &finished.phase().app);
    for (_, wanted) in plan.wanted() {
        let record = world.records.iter().find(|record| record.name == wanted.name).expect("the record");
        assert_eq!(record.content, wanted.desired.attributes["content"], "{context}: record");
    }
    if let Some(application) = world.applications.iter().find(|application| application.uuid == app.id) {
        return the_application_is_as_planned(application, plan, context);
    }
    let service = world.services.iter().find(|service| service.uuid == app.id).expect("the app");
    let frozen = frozen_text(finished.header(), told.blobs_of(finished), frozen::COMPOSE);
    assert_eq!(build_of(&service.compose), build_of(&frozen), "{context}: compose text");
    let release = service.env("FABRIK_RELEASE").and_then(|row| row.value.clone());
    assert_eq!(release.as_deref(), Some(plan.release.as_str()), "{context}: variable");
    let runs_as: Vec<_> = service.containers.iter().map(|container| container.release.clone()).collect();
    let newest = |it: &Option<String>| it.as_deref() == Some(plan.release.as_str());
    assert!(!runs_as.is_empty() && runs_as.iter().all(newest), "{context}: containers {runs_as:?}");
    no_false_success(finished, service, context);
}

/// A finished run that anything proves has its release running, and the container that is routed to is labelled so.
fn no_false_success(finished: &Deployment<Complete>, service: &SimService, context: &str) {
    let (plan, evidence) = (&finished.phase().plan, &finished.phase().evidence);
    let is_up = service.containers.iter().all(SimContainer::is_up);
    assert!(is_up || evidence.proof == Proof::None, "{context}: proven by {:?}, and not up", evidence.proof);
    let main = service.container(&plan.app.attributes["service"]).expect("the main container");
    let shown = main.headers.iter().find(|(name, _)| name == "X-Fabrik-Release").map(|(_, value)| value);
    assert_eq!(shown, plan.app.attributes.get("release"), "{context}: label");
}

fn the_application_is_as_planned(application: &Application, plan: &Plan, context: &str) {
    let wanted = |field: &str| plan.app.attributes.get(field).map(String::as_str);
    let image = (wanted("kind") == Some("image")).then(|| application.origin());
    assert_eq!(image.as_deref(), wanted("image"), "{context}: image");
    for (field, column) in [
        ("commit", "git_commit_sha"),
        ("branch", "git_branch"),
        ("port", "ports_exposes"),
        ("memory", "limits_memory"),
    ] {
        if let Some(wanted) = wanted(field) {
            assert_eq!(application.text(column), wanted, "{context}: {field}");
        }
    }
    assert_eq!(
        application.fqdn.as_deref().unwrap_or_default(),
        wanted("url").unwrap_or_default(),
        "{context}"
    );
    let release = plan.release.as_str();
    assert_eq!(application.env("FABRIK_RELEASE"), Some(release), "{context}: variable");
    let runs_as = application.container.as_ref().and_then(|container| container.release.as_deref());
    assert_eq!(runs_as, Some(release), "{context}: container");
    let own = format!("{}-", application.uuid);
    let mounts = application.storages.iter().map(|it| format!("{}:{}", it.name.replace(&own, ""), it.path));
    let (mut mounts, volumes) = (mounts.collect::<Vec<_>>(), wanted("volumes").unwrap_or_default());
    mounts.sort_unstable();
    let mut planned: Vec<&str> = volumes.split(',').filter(|mount| !mount.is_empty()).collect();
    planned.sort_unstable();
    assert_eq!(mounts, planned, "{context}: volumes");
    let mut keys: Vec<&str> =
        application.envs.iter().filter(|row| !row.is_preview).map(|row| row.key.as_str()).collect();
    keys.sort_unstable();
    let mut planned: Vec<&str> = plan
        .envs
        .iter()
        .filter(|env| env.change != EnvVarAction::Remove)
        .map(|env| env.key.as_str())
        .collect();
    planned.sort_unstable();
    assert_eq!(keys, planned, "{context}: variables");
}

/// What decides which files run, service by service. Coolify dumps the rest of the text anew.
fn build_of(compose: &str) -> Vec<(String, Value, Value)> {
    let compose: Value = serde_json::from_str(compose).expect("compose text in JSON");
    let services = compose["services"].as_object().expect("services");
    assert!(services.values().all(|service| service["image"].is_string()), "{compose}");
    services.iter().map(|(name, it)| (name.clone(), it["image"].clone(), it["build"].clone())).collect()
}

/// The requests that would change something, each seen no more often than it was intended.
fn every_write_was_intended(told: &Told, world: &World, context: &str) {
    let mut intended: BTreeMap<String, i64> = BTreeMap::new();
    for effect in told.effects() {
        let request = match effect {
            Effect::Intended(wanted) => &wanted.request,
            Effect::UndoIntended { request, .. } => request,
            _ => continue,
        };
        let path = request.target.split_once('/').map_or("", |(_, path)| path);
        let path = path.split('?').next().unwrap_or_default();
        *intended.entry(format!("{} /{path}", request.method)).or_default() += 1;
    }
    for write in &world.log.writes {
        let path = write.path.split('?').next().unwrap_or_default();
        let key = format!("{} {path}", write.method);
        let left = intended.entry(key.clone()).or_default();
        *left -= 1;
        assert!(*left >= 0, "{context}: {key} was sent without an intent");
    }
}
