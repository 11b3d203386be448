//! What stands where a resource of the app's own is to be: whose it is, and the way on.
//!
//! The way on is one that works when it is followed to the letter. Nobody is sent to delete what a live app has, or what a
//! run that is not finished will still undo.

use std::sync::Arc;

use machine::app::AppKey;
use machine::phase::PhaseKind;
use machine::receipt::Attributes;
use machine::step::Step;
use machine::tag::OwnershipTag;

use super::inventory::Inventory;
use super::planner::Planner;
use super::{Blocker, Release};
use crate::journal::{JournalStore, RunRow};
use crate::providers::{Provider, RemoteObject};

/// Whose it is, as far as its ownership tag and the journal tell.
enum Owner {
    /// An app whose runs made it and which is deployed.
    App {
        app: AppKey,
        /// The spec it was deployed from.
        spec: String,
    },
    /// A run that is not finished.
    OpenRun(RunRow),
    /// A run that has ended and is not answerable for it any more.
    EndedRun(RunRow),
    /// A run of this journal that the journal knows nothing of.
    LostRun(OwnershipTag),
    /// A run of another journal.
    OtherJournal(OwnershipTag),
    /// Nobody that Fabrik knows.
    Stranger,
}

impl Planner<'_> {
    /// What to say of `strangers`, which stand where a resource with `wanted` fields is to be. `may_adopt` says whether the
    /// spec lets one of them be taken over.
    pub(super) async fn in_the_way(
        &self,
        provider: &dyn Provider,
        strangers: &[RemoteObject],
        wanted: &Attributes,
        may_adopt: bool,
    ) -> Blocker {
        let Some(first) = strangers.first() else { return Blocker::new(provider.describe(), "") };
        let what = provider.describe();
        let step = provider.step().resource();
        match self.owner(first).await {
            Err(blocker) => blocker,
            Ok(Owner::App { app, spec }) => {
                let name = called(&app);
                let hint = self.way_past_app(step, &app, &spec);
                Blocker::new(format!("{what} belongs to {name}, which is deployed"), hint)
            }
            Ok(Owner::OpenRun(row)) => open_run(&what, &row),
            Ok(Owner::EndedRun(row)) => {
                let (run, name) = (row.run.short(), called(&row.app));
                let message = format!(
                    "{what} is there already: run {run} of {name} made it, has ended, and left it ({})",
                    shown(first)
                );
                Blocker::new(message, format!("no app needs it any more: {}", delete(step)))
            }
            Ok(Owner::LostRun(tag)) => Blocker::new(
                format!("{what} already exists, created by run {}, which this journal has lost", tag.run),
                format!("put a newer backup of the journal in its place, or {}", delete(step)),
            ),
            Ok(Owner::OtherJournal(OwnershipTag { run, journal, .. })) => Blocker::new(
                format!("{what} already exists, created by run {run} of another journal ({journal})"),
                format!(
                    "apply or destroy it where that journal is (`--state`); if that journal is lost, {}",
                    delete(step)
                ),
            ),
            Ok(Owner::Stranger) => Blocker::new(
                format!("{what} already exists and is not managed by Fabrik ({})", shown(first)),
                format!(
                    "nothing was changed; {}",
                    past_stranger(step, provider, (first, strangers.len()), wanted, may_adopt)
                ),
            ),
        }
    }

    async fn owner(&self, object: &RemoteObject) -> Result<Owner, Blocker> {
        let Some(tag) = &object.tag else { return Ok(Owner::Stranger) };
        if tag.journal != *self.store.journal() {
            return Ok(Owner::OtherJournal(tag.clone()));
        }
        let rows = self.store.list(None).await?;
        let Some(row) = rows.iter().find(|row| row.run == tag.run) else {
            return Ok(Owner::LostRun(tag.clone()));
        };
        let runs: Vec<RunRow> = rows.iter().filter(|other| other.app == row.app).cloned().collect();
        if let Some(spec) = has(self.store, &runs, &object.id).await? {
            return Ok(Owner::App { app: row.app.clone(), spec });
        }
        let is_open = row.phase.is_none_or(|phase| !phase.is_closed()) && !row.forgotten;
        Ok(if is_open { Owner::OpenRun(row.clone()) } else { Owner::EndedRun(row.clone()) })
    }

    fn way_past_app(&self, step: Step, app: &AppKey, spec: &str) -> String {
        let (here, spec_here) = (&self.resolved.spec, self.resolved.spec.path.to_string_lossy());
        let same =
            (&app.project, &app.environment, &app.name) == (&here.project, &here.environment, &here.name);
        // The same app reached by another address counts as another one.
        if same && spec == spec_here {
            return format!(
                "it was deployed as an app on {}: set COOLIFY_API_URL and COOLIFY_API_TOKEN as they were then, or \
                 `fabrik destroy {}` with them first",
                app.target, app.name
            );
        }
        match step {
            Step::Dns(_) => format!(
                "choose another domain here, or take this one out of {spec} and apply that, or `fabrik destroy {}` \
                 first",
                app.name
            ),
            _ => format!("choose another `name` here, or `fabrik destroy {}` first", app.name),
        }
    }
}

/// The spec of the app whose `runs` made the resource with this id, where the app still has it.
async fn has(store: &Arc<dyn JournalStore>, runs: &[RunRow], id: &str) -> Result<Option<String>, Blocker> {
    let unreadable =
        |error: super::release::ReleaseError| Blocker::new(error.to_string(), "nothing was touched");
    let Some(inventory) = Inventory::read(store, runs).await.map_err(unreadable)? else { return Ok(None) };
    if inventory.resources.iter().all(|receipt| receipt.id != id) {
        return Ok(None);
    }
    let newest = Release::newest(store, runs, None).await.map_err(unreadable)?;
    Ok(newest.map(|release| release.begun().spec.clone()))
}

fn open_run(what: &str, row: &RunRow) -> Blocker {
    let (run, name) = (row.run.short(), called(&row.app));
    match row.phase {
        Some(PhaseKind::Failed) => Blocker::new(
            format!("{what} was left by run {run} of {name}, which has failed and still has it"),
            format!(
                "`fabrik rollback {run}` tries again to undo it, then apply this again; or choose another name"
            ),
        ),
        phase => {
            let phase = phase.map_or_else(|| "unknown".to_owned(), |phase| phase.to_string());
            Blocker::new(
                format!("{what} was made by run {run} of {name}, which is not finished ({phase})"),
                format!(
                    "`fabrik rollback {run}` undoes it, then apply this again; `fabrik resume {run}` goes on with it, \
                     and it stays"
                ),
            )
        }
    }
}

fn past_stranger(
    step: Step,
    provider: &dyn Provider,
    (stranger, count): (&RemoteObject, usize),
    wanted: &Attributes,
    may_adopt: bool,
) -> String {
    let (key, elsewhere) = match step {
        Step::Dns(_) => ("dns", "leave it as it is with `dns: external`, or choose another domain"),
        _ => ("coolify", "choose another `name` or `project`"),
    };
    if count > 1 {
        return format!(
            "{count} things are there, and at most one can be taken over: {}, or {elsewhere}",
            delete(step)
        );
    }
    if let Some((_, hint)) = provider.unchangeable(stranger, wanted) {
        return format!("{hint}, or {elsewhere}");
    }
    if may_adopt || !is_same_kind(stranger, wanted) {
        return format!("{}, or {elsewhere}", delete(step));
    }
    format!(
        "write `adopt: [{key}]` into the spec to take it over (Fabrik never deletes it then), or {elsewhere}"
    )
}

/// Whether `stranger` can become what is `wanted`: neither a record's type nor what kind of app it is ever changes.
pub(super) fn is_same_kind(stranger: &RemoteObject, wanted: &Attributes) -> bool {
    let same = |field: &str| match (wanted.get(field), stranger.fields.get(field)) {
        (Some(wanted), Some(is)) => wanted.eq_ignore_ascii_case(is),
        (Some(_), None) => false,
        (None, _) => true,
    };
    same("kind") && same("type")
}

fn delete(step: Step) -> &'static str {
    match step {
        Step::Dns(_) => "delete it at Cloudflare (DNS, Records) and apply again",
        _ => "rename or delete it in Coolify and apply again",
    }
}

fn called(app: &AppKey) -> String {
    format!("app `{}` (project `{}`, environment `{}`)", app.name, app.project, app.environment)
}

/// The fields of a resource in one line.
pub(super) fn shown(object: &RemoteObject) -> String {
    let fields: Vec<String> = object.fields.iter().map(|(name, value)| format!("{name} {value}")).collect();
    fields.join(", ")
}
