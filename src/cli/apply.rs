//! `fabrik apply`: makes the world as the specs ask.

use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::CommandResult;
use super::args::{Apply, Global};
use super::settings::{Backend, Location, Settings};
use super::ui::Ui;
use super::wiring::{self, Backends, DnsAccess};
use super::{check, consent, signals};
use crate::engine::RunOutcome;
use crate::engine::commands::{CommandOutcome, Engine, Options};
use crate::plan::Blocker;
use crate::report::screen::{DIM, in_style};
use crate::report::summary::Direction;
use crate::report::{RunHistory, Summary, exit};
use crate::spec::Spec;

/// Applies one spec after the other.
pub(crate) async fn run(apply: &Apply, global: &Global, face: &Ui) -> CommandResult {
    let specs = match check::read_all(&apply.specs, face) {
        Ok(specs) => specs,
        Err(code) => return Ok(code),
    };
    let options = options(apply, global, face);
    let mut codes = Vec::new();
    for (spec, given) in specs.into_iter().zip(&apply.specs) {
        if signals::is_asked() {
            face.screen.complain(&format!("! {} was not begun", given.display()));
            continue;
        }
        let code = one(spec, given, &options, global, face).await;
        codes.push(code.unwrap_or_else(|blocker| face.refuse(&[blocker])));
    }
    Ok(exit::worst(codes))
}

async fn one(spec: Spec, given: &Path, options: &Options, global: &Global, face: &Ui) -> Result<u8, Blocker> {
    let settings = Settings::of(global, wiring::folder(&spec.path));
    let place = settings.locate(global)?;
    let journal = wiring::look(&place.journal)?;
    let preface = match check::local(&spec, global.env_file.as_deref(), journal.as_ref(), face).await {
        Ok(preface) => preface,
        Err(code) => return Ok(code),
    };
    let reach = Backends::of(&place, DnsAccess::for_spec(&spec), &settings, global, face).await?;
    reach.answers(&place.journal).await?;
    tell_world(&place, face);
    let command = format!("apply {}", given.display());
    let engine = reach.engine(&place.journal, (command, Direction::Forward), global, face)?;
    face.human.preface(preface);
    let outcome = engine.apply(spec, options).await;
    Ok(end(&engine, &outcome, Direction::Forward, face).await)
}

/// Says in the first line which sandbox it is, if it is one.
pub(crate) fn tell_world(place: &Location, face: &Ui) {
    let where_it_is = match &place.backend {
        Backend::Live => return,
        Backend::LocalSandbox(folder) => folder.display().to_string(),
        Backend::RemoteSandbox(url) => url.clone(),
    };
    face.say(&in_style(DIM, &format!("sandbox {where_it_is}")));
    if let Some(json) = &face.json {
        json.tell("sandbox.used", json!({"at": where_it_is}));
    }
}

/// Tells what came of a run; gives the exit code.
pub(crate) async fn end(engine: &Engine, outcome: &CommandOutcome, way: Direction, face: &Ui) -> u8 {
    let run = match outcome {
        CommandOutcome::Ended(
            RunOutcome::Complete { run, .. }
            | RunOutcome::RolledBack { run, .. }
            | RunOutcome::Destroyed { run, .. }
            | RunOutcome::Refused { run, .. }
            | RunOutcome::Failed { run, .. }
            | RunOutcome::Parked { run, .. },
        ) => Some(run),
        CommandOutcome::Unchanged { .. } | CommandOutcome::Held { .. } | CommandOutcome::Blockers(_) => None,
    };
    let history = match run {
        Some(run) => RunHistory::read(engine.store.as_ref(), run).await.ok(),
        None => None,
    };
    let ending = Summary::of(outcome, way, history.as_ref());
    signals::over(ending.exit);
    face.end(&ending)
}

fn options(apply: &Apply, global: &Global, face: &Ui) -> Options {
    Options {
        no_rollback: apply.no_rollback,
        refresh: apply.refresh,
        force: apply.force,
        require_proof: apply.require_proof,
        moved: apply.moved,
        timeout: apply.timeout,
        wait_lock: apply.wait_lock.unwrap_or(Duration::ZERO),
        consent: consent::consent(global, face),
    }
}
