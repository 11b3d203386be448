//! `fabrik plan`: what apply would do; writes nothing anywhere.

use std::path::Path;
use std::sync::Arc;

use machine::app::AppKey;
use machine::id::JournalId;

use super::CommandResult;
use super::args::{Global, PlanArgs};
use super::check;
use super::settings::{Backend, Location, Settings};
use super::ui::Ui;
use super::wiring::{self, Backends, DnsAccess};
use crate::engine::apply::new_run;
use crate::engine::commands::known;
use crate::journal::JournalStore;
use crate::journal::memory::MemoryStore;
use crate::net::live::LiveClock;
use crate::plan::planner::{DrawnPlan, Planner};
use crate::plan::release::open_run;
use crate::plan::survey::survey;
use crate::plan::{Adoption, Blocker, Preflight, Release, ResolvedSpec};
use crate::report::screen::{BOLD, in_style};
use crate::report::{changes, exit, format};
use crate::sandbox::Sandbox;
use crate::secrets::{FingerprintKey, Sources};
use crate::spec::Spec;

/// Shows the plan of each spec.
pub(crate) async fn run(args: &PlanArgs, global: &Global, face: &Ui) -> CommandResult {
    let specs = match check::read_all(&args.specs, face) {
        Ok(specs) => specs,
        Err(code) => return Ok(code),
    };
    let mut pending = false;
    for spec in specs {
        let DrawnPlan { plan, observed } = drawn(spec.clone(), global, face).await?;
        let mut lines = vec![in_style(BOLD, &format!("{} → {}", spec.name, format::places(&plan.endpoints)))];
        lines.extend(changes::observed_lines(&observed));
        lines.extend(changes::lines(&plan, &spec));
        face.show(&lines, || changes::document(&spec.name, &plan, &observed));
        pending |= plan.has_changes();
    }
    Ok(if pending && args.exit_code { exit::PENDING } else { exit::DONE })
}

async fn drawn(spec: Spec, global: &Global, face: &Ui) -> Result<DrawnPlan, Vec<Blocker>> {
    let one = |blocker: Blocker| vec![blocker];
    check::hide_given(spec.secrets.iter().map(|want| want.name.as_str()), &spec.path, global, face);
    let settings = Settings::of(global, wiring::folder(&spec.path));
    let place = settings.locate(global).map_err(one)?;
    let store = wiring::look(&place.journal).map_err(one)?;
    let is_first = store.is_none();
    let store = store.unwrap_or_else(empty);
    let key = key(&place, is_first).map_err(one)?;
    let reach = reach(&place, DnsAccess::for_spec(&spec), &settings, global, face).await.map_err(one)?;
    let coolify = &reach.clients.coolify;
    let facts = Preflight::of(coolify).await.facts()?;
    let app = AppKey {
        target: reach.world.clone().unwrap_or_else(|| format!("{} team {}", coolify.url(), facts.team.id)),
        project: spec.project.clone(),
        environment: spec.environment.clone(),
        name: spec.name.clone(),
    };
    let base = base(&store, &app, face).await.map_err(one)?;
    let surroundings = survey(&reach.clients, &spec, base.as_ref(), &facts).await.map_err(one)?;
    let ask = ask(spec, global, &key, base.as_ref(), face)?;
    surroundings.warnings.iter().for_each(|warning| face.screen.complain(&format!("warning: {warning}")));
    let drawing = Planner {
        resolved: &ask,
        run: &new_run(),
        store: &store,
        surroundings: &surroundings,
        base: base.as_ref(),
        key: &key,
        force: false,
    };
    let drawn = drawing.whole(&reach.clients).await.map_err(|blocker| vec![blocker])?;
    let adoption = Adoption::of(&drawn.plan, base.as_ref());
    adoption.warnings(&ask.spec).iter().for_each(|it| face.screen.complain(&format!("warning: {it}")));
    Ok(drawn)
}

// A sandbox that is not there yet is one with nothing in it, and looking must not make it.
async fn reach(
    place: &Location,
    dns: DnsAccess,
    settings: &Settings,
    global: &Global,
    face: &Ui,
) -> Result<Backends, Blocker> {
    match &place.backend {
        Backend::LocalSandbox(folder) if !folder.exists() => Ok(Backends::simulated(&Sandbox::in_memory(0))),
        Backend::LocalSandbox(_) | Backend::RemoteSandbox(_) | Backend::Live => {
            Backends::of(place, dns, settings, global, face).await
        }
    }
}

async fn base(store: &Arc<dyn JournalStore>, app: &AppKey, face: &Ui) -> Result<Option<Release>, Blocker> {
    let unreadable = |error: String| Blocker::new(error, "nothing was touched");
    let rows = store.list(Some(app)).await.map_err(|error| unreadable(error.to_string()))?;
    if let Some(open) = open_run(&rows, app) {
        let short = open.run.short();
        face.screen.complain(&format!(
            "warning: run {short} is not finished; apply goes on with it or undoes it first"
        ));
    }
    Release::newest(store, &rows, None).await.map_err(|error| unreadable(error.to_string()))
}

fn ask(
    spec: Spec,
    global: &Global,
    key: &FingerprintKey,
    base: Option<&Release>,
    face: &Ui,
) -> Result<ResolvedSpec, Vec<Blocker>> {
    let env_file = global.env_file.clone().unwrap_or_else(|| wiring::folder(&spec.path).join(".env"));
    let lookup = super::settings::environment();
    let sources = Sources::read(lookup.as_ref(), &env_file).map_err(|problem| vec![problem.into()])?;
    let (known, forms) = base.map(|base| (known(base), base.forms())).unwrap_or_default();
    let ask = ResolvedSpec::fresh(spec, &sources, key, &known, &forms)?;
    ask.secrets().iter().for_each(|secret| face.redactor.learn(secret));
    for remark in check::remarks(&ask, &sources) {
        face.screen.complain(&remark);
    }
    Ok(ask)
}

fn empty() -> Arc<dyn JournalStore> {
    Arc::new(MemoryStore::new(JournalId::from_bits(0), Arc::new(LiveClock)))
}

fn key(place: &Location, is_first: bool) -> Result<FingerprintKey, Blocker> {
    let folder: &Path = wiring::folder(&place.journal);
    let loaded = if is_first { Ok(None) } else { FingerprintKey::load(folder) };
    let key = loaded.map_err(|error| Blocker::new(error.to_string(), ""))?;
    // Without a key there are no earlier fingerprints to compare with.
    Ok(key.unwrap_or_else(|| FingerprintKey::new([0; 32])))
}
