//! What each command costs: for what a run lets time pass, and which requests it sends.
//!
//! Both are written down, line by line, in `costs.md` beside this file; a wait or a request that is new shows up as a
//! difference. Every kind of request has its reason here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fabrik::engine::commands::{CommandOutcome, Engine};
use fabrik::engine::event::{Event, EventSink};
use fabrik::engine::waits::Wait;
use fabrik::sandbox::world::SimToken;
use fabrik::sandbox::{Fault, HookVerdict, Side, World};
use machine::phase::VolumePolicy;

use super::crash::CrashPoint;
use super::scenario::{Made, Scenario, options};

/// What every kind of request is for. `:id` stands for an id, a name or an address.
const REASONS: &[(&str, &str)] = &[
    (
        "GET api/teams/current",
        "the token's team: ahead of a plan and after it, so that all it is made of is of one team, and beside an \
         absence that counts",
    ),
    ("GET api/version", "which calls this Coolify has"),
    ("GET api/servers", "the server to deploy to, and whether it can be used"),
    (
        "GET api/servers/:id",
        "beside an absence that counts, and before an app is stopped or counts as stopped",
    ),
    ("GET api/projects", "the project by its name, or by our mark"),
    ("GET api/projects/:id", "whether it is ours and gone, and which environments it has"),
    ("GET api/projects/:id/environments", "the environment by its name"),
    ("GET api/projects/:id/:id", "what has the app's name in its environment"),
    ("GET api/resources", "who else lives in a project that is about to go"),
    ("GET api/services", "what carries our mark, after a doubt or when another process goes on"),
    (
        "GET api/services/:id",
        "the app as it is: its fields before it is changed or deleted, what others changed of the rest, and while it \
         starts, stops and goes",
    ),
    ("GET api/services/:id/envs", "which variables are set"),
    (
        "GET api/services/:id/logs",
        "what the old container wrote last, whether the new one is there, and whose log it is",
    ),
    ("GET api/applications", "what carries our mark, after a doubt or when another process goes on"),
    (
        "GET api/applications/:id",
        "the app as it is: its fields before it is changed or deleted, what others changed of the rest, and while it \
         starts, stops and goes",
    ),
    ("GET api/applications/:id/envs", "which variables are set"),
    ("GET api/applications/:id/logs", "whether its container is there, and whether it names the release"),
    ("GET api/applications/:id/storages", "which volumes are mounted"),
    ("GET api/deployments/:id", "how far a deployment is"),
    ("GET api/deployments/applications/:id", "which deployment a trigger made, and what is under way"),
    ("GET cf/zones", "the zone of a domain"),
    ("GET cf/zones/:id", "beside an absence of a record that counts"),
    ("GET cf/zones/:id/dns_records", "the record by its name, or by our mark"),
    ("GET cf/zones/:id/dns_records/usage", "whether the zone has room for one more record"),
    ("GET cf/zones/:id/dns_records/:id", "whether it is ours and gone"),
    (
        "GET cf/zones/:id/rulesets/phases/http_request_dynamic_redirect/entrypoint",
        "what else acts on the name",
    ),
    ("GET cf/zones/:id/settings/ssl", "how the edge reaches the server"),
    ("GET cf/ips", "which addresses are the edge's"),
    ("GET cf/user/tokens/verify", "whether the token is valid"),
    ("GET cf/zones/:id/pagerules", "what else acts on the name"),
    ("GET cf/zones/:id/workers/routes", "what else acts on the name"),
    ("GET site", "the proof: the front page, and the health path as often as the spec says"),
    ("probe api", "what the token may do: calls that cannot succeed, since abilities are looked at first"),
    ("write api", "the work itself, each with its intent in the journal"),
    ("write cf", "the work itself, each with its intent in the journal"),
    ("GET api/applications/none/storages", "whether this Coolify has volumes of applications"),
];

/// Where it is written down.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/crash_safety/costs.md");

/// Hears what a run waits for.
#[derive(Default)]
struct Waits(Mutex<BTreeMap<Wait, Duration>>);

impl EventSink for Waits {
    fn emit(&self, _: &Event) {}

    fn waits(&self, why: Wait, time: Duration) {
        *self.0.lock().unwrap().entry(why).or_default() += time;
    }
}

/// What a command cost.
struct Cost {
    outcome: CommandOutcome,
    waits: BTreeMap<Wait, Duration>,
    requests: BTreeMap<String, usize>,
    took: Duration,
}

async fn cost(scenario: &Scenario, command: impl AsyncFnOnce(Engine) -> CommandOutcome) -> Cost {
    let requests: Arc<Mutex<BTreeMap<String, usize>>> = Arc::default();
    let count = requests.clone();
    let ports = scenario.sandbox.outside_with_hook(Arc::new(move |point| {
        if point.side == Side::Before {
            *count.lock().unwrap().entry(kind(&point.method, &point.path)).or_default() += 1;
        }
        HookVerdict::Go
    }));
    let (waits, clock) = (Arc::new(Waits::default()), scenario.sandbox.ports().clock);
    let engine = scenario.process(&CrashPoint::default());
    let clients = engine.clients.clone().through(&ports);
    let began = clock.boot();
    let outcome = command(Engine { listener: waits.clone(), ports, clients, ..engine }).await;
    let (waits, requests) = (waits.0.lock().unwrap().clone(), requests.lock().unwrap().clone());
    Cost { outcome, waits, requests, took: clock.boot().saturating_sub(began) }
}

/// Its method and path without what differs between two worlds.
fn kind(method: &str, path: &str) -> String {
    let (whose, path) = match (path.split_once("/api/v1/"), path.split_once("/client/v4/")) {
        (Some((_, rest)), _) => ("api", rest),
        (None, Some((_, rest))) => ("cf", rest),
        (None, None) => return "GET site".to_owned(),
    };
    if method != "GET" {
        // The two of preflight, which name nothing to be changed.
        let what = if ["projects/none", "deploy"].contains(&path) { "probe" } else { "write" };
        return format!("{what} {whose}");
    }
    let path = path.split('?').next().unwrap_or(path);
    let is_id = |part: &str| part.len() >= 20 || ["production", "blog"].contains(&part);
    let parts: Vec<&str> = path
        .split('/')
        .map(|part| if is_id(part) && !part.starts_with("http_") { ":id" } else { part })
        .collect();
    format!("GET {whose}/{}", parts.join("/"))
}

/// A command, and how it comes to what it costs.
async fn costs(made: Made) -> Vec<(&'static str, Cost)> {
    let mut costs = Vec::new();
    let scenario = Scenario::with(made, 1);
    let apply = |scenario: &Scenario| {
        let spec = scenario.spec();
        async move |engine: Engine| engine.apply(spec, &options()).await
    };
    costs.push(("first apply", cost(&scenario, apply(&scenario)).await));
    costs.push(("unchanged", cost(&scenario, apply(&scenario)).await));
    scenario.revise();
    costs.push(("update", cost(&scenario, apply(&scenario)).await));
    costs.push(("rollback of the update", cost(&scenario, roll_back(&scenario).await).await));
    scenario.arm(Fault::Build);
    costs.push(("update that does not build", cost(&scenario, apply(&scenario)).await));
    scenario.arm(Fault::Health);
    costs.push(("update that is never well", cost(&scenario, apply(&scenario)).await));
    costs.push(("resume after the token was refused", resumed_after_a_refused_token(made).await));
    costs.push(("rollback of the first release", cost(&scenario, roll_back(&scenario).await).await));
    let scenario = Scenario::with(made, 1);
    scenario.apply(&CrashPoint::default()).await;
    let app = scenario.journal().list(None).await.unwrap().pop().expect("a run").app;
    let destroy = async move |engine: Engine| engine.destroy(&app, VolumePolicy::Retain, &options()).await;
    costs.push(("destroy", cost(&scenario, destroy).await));
    costs
}

async fn roll_back(scenario: &Scenario) -> impl AsyncFnOnce(Engine) -> CommandOutcome {
    let run = scenario.finished().await.pop().expect("a finished run");
    async move |engine: Engine| engine.roll_back(&run, &options()).await
}

/// A resume of a run whose token was no longer accepted when the app was to be started, and is again.
async fn resumed_after_a_refused_token(made: Made) -> Cost {
    let scenario = Scenario::with(made, 1);
    let sandbox = scenario.sandbox.clone();
    let ports = scenario.sandbox.outside_with_hook(Arc::new(move |point| {
        if point.side == Side::Before && point.path.contains("/deploy?") {
            sandbox.with_world(revoke).unwrap();
        }
        HookVerdict::Go
    }));
    scenario.heard_through(ports).await;
    scenario.sandbox.with_world(|world| world.coolify.token = SimToken::Root).unwrap();
    let run = scenario.open_run().await.expect("it parked");
    cost(&scenario, async move |engine: Engine| engine.resume(&run, &options()).await).await
}

fn revoke(world: &mut World) {
    world.coolify.token = SimToken::Unknown;
}

fn told(made: Made, costs: &[(&str, Cost)]) -> String {
    let mut told = format!("## {made:?}\n");
    for (command, cost) in costs {
        let named: Duration = cost.waits.values().sum();
        let rest = cost.took.saturating_sub(named).as_secs();
        let waits = cost.waits.iter().map(|(wait, time)| format!("{} {}", wait.as_str(), time.as_secs()));
        let waits: Vec<String> =
            waits.chain((rest > 0).then(|| format!("proof and answers {rest}"))).collect();
        writeln!(told, "\n### {command}: {} s\n\nwaits: {}\n", cost.took.as_secs(), waits.join(", "))
            .unwrap();
        for (kind, count) in &cost.requests {
            writeln!(told, "{count:>4} {kind}").unwrap();
        }
    }
    told
}

#[tokio::test]
async fn every_wait_and_every_request_of_every_command_is_written_down_with_its_reason() {
    let (mut told_of_all, mut unreasoned) = (String::new(), BTreeSet::new());
    for made in [Made::Folder, Made::Image] {
        let costs = costs(made).await;
        for (command, cost) in &costs {
            assert!(
                !matches!(cost.outcome, CommandOutcome::Blockers(_)),
                "{made:?} {command}: {:?}",
                cost.outcome
            );
            let late = cost.waits.get(&Wait::LateEffect);
            assert_eq!(late, None, "{made:?} {command} was answered clearly and waits for late effects");
            let unknown = |kind: &&String| REASONS.iter().all(|(known, _)| *known != kind.as_str());
            unreasoned.extend(cost.requests.keys().filter(unknown).cloned());
        }
        told_of_all.push_str(&told(made, &costs));
        told_of_all.push('\n');
    }
    assert!(unreasoned.is_empty(), "without a reason: {unreasoned:#?}");
    let written = std::fs::read_to_string(FILE).unwrap();
    let (head, table) = written.split_once("\n---\n").expect("a line between the words and the tables");
    if std::env::var_os("FABRIK_WRITE_COSTS").is_some() {
        std::fs::write(FILE, format!("{head}\n---\n\n{}\n", told_of_all.trim())).unwrap();
        return;
    }
    let differing = differing(table.trim(), told_of_all.trim());
    assert!(
        differing.is_empty(),
        "it is not as costs.md says; FABRIK_WRITE_COSTS=1 writes it again:\n{differing}"
    );
}

/// The lines that only one of the two has, each under its command.
fn differing(written: &str, told: &str) -> String {
    let lines = |text: &str| -> BTreeSet<String> {
        let (mut made, mut command) = (String::new(), String::new());
        let under = text.lines().map(|line| {
            match (line.strip_prefix("### "), line.strip_prefix("## ")) {
                (Some(name), _) => name.clone_into(&mut command),
                (None, Some(name)) => name.clone_into(&mut made),
                (None, None) => {}
            }
            format!("{made}, {}: {line}", command.split(':').next().unwrap_or_default())
        });
        under.filter(|line| !line.ends_with(": ")).collect()
    };
    let (written, told) = (lines(written), lines(told));
    let gone = written.difference(&told).map(|line| format!("- {line}\n"));
    gone.chain(told.difference(&written).map(|line| format!("+ {line}\n"))).collect()
}

#[test]
fn every_wait_has_its_reason_in_the_table() {
    let table = std::fs::read_to_string(FILE).unwrap();
    for wait in Wait::ALL {
        let line = format!("| {} | ", wait.as_str());
        assert!(table.contains(&line), "{} has no reason in costs.md", wait.as_str());
    }
}
