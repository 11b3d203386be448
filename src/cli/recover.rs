//! `fabrik resume`, `rollback`, `abandon`: taking up a run that is in the journal.

use std::path::{Path, PathBuf};

use machine::id::RunId;
use machine::phase::PhaseKind;
use machine::step::Step;

use super::args::Global;
use super::ids;
use super::settings::{Location, Settings};
use super::ui::Ui;
use super::wiring::{self, Backends, DnsAccess};
use super::{CommandResult, apply, consent};
use crate::engine::commands::{Engine, Options, plan_of};
use crate::journal::{JournalStore, RunRow};
use crate::plan::Blocker;
use crate::plan::release::{frozen, frozen_text, read};
use crate::report::summary::Direction;
use crate::spec::Spec;

/// A run that was found, and where.
struct Found {
    place: Location,
    run: RunId,
    /// Whether working on it asks the DNS provider.
    dns: DnsAccess,
    /// The folder of its spec, where its `.env` is.
    beside: Option<PathBuf>,
}

/// Goes on with a run.
pub(crate) async fn resume(id: Option<&str>, global: &Global, face: &Ui) -> CommandResult {
    let found = match id {
        Some(id) => find(global, |rows| ids::find(rows, id)).await?,
        None => find(global, only_open).await?,
    };
    let (engine, run) = engine(found, ("resume", Direction::Forward), global, face).await?;
    let outcome = engine.resume(&run, &Options::plain(consent::consent(global, face))).await;
    Ok(apply::end(&engine, &outcome, Direction::Forward, face).await)
}

/// Undoes a run.
pub(crate) async fn roll_back(id: &str, global: &Global, face: &Ui) -> CommandResult {
    let found = find(global, |rows| ids::find(rows, id)).await?;
    let (engine, run) = engine(found, ("rollback", Direction::Back), global, face).await?;
    let outcome = engine.roll_back(&run, &Options::plain(consent::consent(global, face))).await;
    Ok(apply::end(&engine, &outcome, Direction::Back, face).await)
}

/// Gives up on undoing one resource.
pub(crate) async fn abandon(id: &str, step: &str, reason: &str, global: &Global, face: &Ui) -> CommandResult {
    let named = Step::named(step).map(Step::resource);
    let resource = named.ok_or_else(|| {
        vec![Blocker::new(format!("there is no step `{step}`"), "one of: dns, project, environment, app")]
    })?;
    let found = find(global, |rows| ids::find(rows, id)).await?;
    let (engine, run) = engine(found, ("abandon", Direction::Back), global, face).await?;
    let outcome =
        engine.abandon(&run, resource, reason, &Options::plain(consent::consent(global, face))).await;
    Ok(apply::end(&engine, &outcome, Direction::Back, face).await)
}

async fn find(
    global: &Global,
    which: impl FnOnce(&[RunRow]) -> Result<&RunRow, Blocker>,
) -> Result<Found, Vec<Blocker>> {
    let settings = Settings::of(global, Path::new("."));
    let look = async {
        let place = settings.locate(global)?;
        let store = wiring::must_look(&place)?;
        let rows = store.list(None).await.map_err(|error| Blocker::new(error.to_string(), ""))?;
        let row = which(&rows)?;
        let spec = row.begun.as_ref().map(|begun| PathBuf::from(&begun.spec));
        let beside = spec.and_then(|spec| spec.parent().map(Path::to_owned));
        let dns = dns_access(store.as_ref(), &row.run).await;
        Ok(Found { place, run: row.run.clone(), dns, beside })
    };
    look.await.map_err(|blocker| vec![blocker])
}

// What cannot be read is told later, and by then the token may be wanted.
async fn dns_access(store: &dyn JournalStore, run: &RunId) -> DnsAccess {
    let Ok((any, loaded)) = read(store, run).await else { return DnsAccess::Needed };
    if let Some(plan) = plan_of(&any) {
        return DnsAccess::for_plan(plan);
    }
    let text = frozen_text(any.header(), &loaded.blobs, frozen::SPEC);
    Spec::thaw(Path::new(&any.header().spec), &text)
        .map_or(DnsAccess::Needed, |spec| DnsAccess::for_spec(&spec))
}

fn only_open(rows: &[RunRow]) -> Result<&RunRow, Blocker> {
    let interrupted = |row: &&RunRow| {
        row.phase.is_some_and(|phase| !phase.is_closed() && !phase.is_failed()) && !row.forgotten
    };
    let open: Vec<&RunRow> = rows.iter().filter(interrupted).collect();
    let failed: Vec<&RunRow> =
        rows.iter().filter(|row| row.phase.is_some_and(PhaseKind::is_failed)).collect();
    match (open.as_slice(), failed.as_slice()) {
        ([row], _) => Ok(row),
        ([], []) => Err(Blocker::new("no run was interrupted", "")),
        ([], failed) => Err(Blocker::new(
            format!("no run was interrupted, but some failed: {}", ids::listed(failed)),
            "`fabrik rollback ID` tries again to undo one",
        )),
        (several, _) => Err(Blocker::new(
            format!("{} runs were interrupted: {}", several.len(), ids::listed(several)),
            "say which: `fabrik resume ID`",
        )),
    }
}

async fn engine(
    found: Found,
    (verb, way): (&str, Direction),
    global: &Global,
    face: &Ui,
) -> Result<(Engine, RunId), Vec<Blocker>> {
    let Found { place, run, dns, beside } = found;
    let settings = Settings::of(global, beside.as_deref().unwrap_or(Path::new(".")));
    let joined = async {
        let reach = Backends::of(&place, dns, &settings, global, face).await?;
        apply::tell_world(&place, face);
        reach.engine(&place.journal, (format!("{verb} {}", run.short()), way), global, face)
    };
    let engine = joined.await.map_err(|blocker| vec![blocker])?;
    Ok((engine, run))
}
