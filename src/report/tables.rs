//! Lists: runs, apps, and the lines of one run.

use machine::effect::{Effect, EffectOutcome};
use machine::entry::{JournalEntry, StoredEntry};
use machine::phase::PhaseKind;
use machine::statechart::{ExternalEvent, Transition, allowed_events, transition};
use serde_json::{Value, json};

use super::format;
use super::screen::{BOLD, in_style};
use crate::journal::RunRow;

/// Rows with aligned columns below bold headings.
pub(crate) fn table<const N: usize>(heads: [&str; N], rows: &[[String; N]]) -> Vec<String> {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([heads[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let aligned = |row: [&str; N]| {
        let cells: Vec<String> =
            row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    let head = in_style(BOLD, &aligned(heads));
    std::iter::once(head).chain(rows.iter().map(|row| aligned(row.each_ref().map(String::as_str)))).collect()
}

/// What a phase is called where there may be none that this version can read.
pub(crate) fn phase_word(row: &RunRow) -> &'static str {
    match row.phase {
        _ if row.forgotten => "forgotten",
        Some(phase) => phase.as_str(),
        None => "unreadable",
    }
}

/// The commands that may come next for `row`, as the chart of the machine has it; the run is called `run`.
pub(crate) fn next(row: &RunRow, run: &str) -> Vec<String> {
    let events = row.phase.map(allowed_events).unwrap_or_default();
    let command = |event| match event {
        ExternalEvent::Resume => Some(format!("fabrik resume {run}")),
        ExternalEvent::RollBack => Some(format!("fabrik rollback {run}")),
        ExternalEvent::Abandon => Some(format!("fabrik abandon {run} --step … --reason …")),
        // What is under way only has to go on.
        ExternalEvent::Destroy if row.phase == Some(PhaseKind::DestroyFailed) => {
            Some(format!("fabrik destroy {}", row.app.name))
        }
        ExternalEvent::Advance
        | ExternalEvent::Fail
        | ExternalEvent::FailStanding
        | ExternalEvent::FailParked
        | ExternalEvent::Refuse
        | ExternalEvent::Destroy
        | ExternalEvent::Cancel
        | ExternalEvent::LeaseLost
        | ExternalEvent::TokenRefused
        | ExternalEvent::Shutdown
        | ExternalEvent::Unavailable => None,
    };
    let again = row.phase == Some(PhaseKind::Destroyed);
    let recreate = row.begun.as_ref().filter(|_| again).map(|begun| format!("fabrik apply {}", begun.spec));
    events.into_iter().filter_map(command).chain(recreate).collect()
}

/// Whether the run destroys its app.
pub(crate) fn destroys(row: &RunRow) -> bool {
    row.begun.as_ref().is_some_and(|begun| begun.purpose.is_destroy())
}

/// What the chart allows in this phase, for programs.
pub(crate) fn moves(phase: PhaseKind) -> Vec<Value> {
    let allowed = allowed_events(phase).into_iter();
    allowed.map(|event| json!({"event": event.as_str(), "leads_to": leads_to(phase, event)})).collect()
}

fn leads_to(phase: PhaseKind, event: ExternalEvent) -> &'static str {
    match transition(phase, event) {
        Transition::To(next) => next.as_str(),
        Transition::Park => "parked",
        Transition::Note | Transition::Refused => phase.as_str(),
    }
}

/// A run, for programs.
pub(crate) fn run_fields(row: &RunRow) -> Value {
    json!({
        "run": row.run.to_string(),
        "app": row.app.name,
        "project": row.app.project,
        "environment": row.app.environment,
        "outside": row.app.target,
        "phase": phase_word(row),
        "began": format::moment(row.began_ms),
        "last": format::moment(row.last_ms),
    })
}

/// What one line of a run's journal says.
pub(crate) fn entry_words(line: &StoredEntry) -> String {
    match &line.entry {
        JournalEntry::Begun(begun) => format!("{} from {}", begun.app.name, begun.spec),
        JournalEntry::Provisioning { plan } => format!("plan made for {}", format::places(&plan.endpoints)),
        JournalEntry::Complete { verification: evidence } => {
            let checks: Vec<String> =
                evidence.checks.iter().map(|(check, saw)| format!("{check}: {saw}")).collect();
            format!("{}; proof: {}", checks.join("; "), evidence.proof.as_str())
        }
        JournalEntry::Destroying { resources, .. } => {
            let resources: Vec<String> =
                resources.iter().map(|receipt| format!("{} {}", receipt.step, receipt.id)).collect();
            format!("destroying {}", resources.join(", "))
        }
        JournalEntry::RollingBack { cause, .. }
        | JournalEntry::RolledBack { cause }
        | JournalEntry::Failed { cause }
        | JournalEntry::DestroyRetried { cause }
        | JournalEntry::Destroyed { cause }
        | JournalEntry::DestroyFailed { cause } => cause.message.clone(),
        JournalEntry::Effect(effect) => effect_words(effect),
        JournalEntry::Parked { reason } => reason.clone(),
        JournalEntry::Resumed { holder } => format!("by {holder}"),
        JournalEntry::Validating | JournalEntry::Deploying | JournalEntry::Verifying => String::new(),
    }
}

fn effect_words(effect: &Effect) -> String {
    let step = effect.step();
    match effect {
        Effect::Intended(wanted) => format!("{step}: {} {}", wanted.request.method, wanted.request.target),
        Effect::Resolved { outcome, .. } => format!("{step}: {}", verdict_words(outcome)),
        Effect::Duplicate { state } => format!("{step}: one too many, {}", state.id),
        Effect::UndoIntended { request, .. } => format!("{step}: {} {}", request.method, request.target),
        Effect::UndoDoubted { .. } => format!("{step}: no clear answer"),
        Effect::Undone { id, .. } => format!("{step}: {id}"),
        Effect::UndoBlocked { id, reason, .. } | Effect::Retained { id, reason, .. } => {
            format!("{step}: {id}: {reason}")
        }
        Effect::Abandoned { reason, .. } => format!("{step}: {reason}"),
    }
}

fn verdict_words(outcome: &EffectOutcome) -> String {
    use machine::receipt::Origin;
    match outcome {
        EffectOutcome::Applied(receipt) => {
            let how = match receipt.origin {
                Origin::Created => "made",
                Origin::Updated { .. } => "changed",
                Origin::Existing => "found",
                Origin::Orphaned => "made late",
                Origin::Deleted { .. } => "deleted",
            };
            format!("{how} {}", receipt.id)
        }
        EffectOutcome::Rejected { reason } => format!("refused: {reason}"),
        EffectOutcome::NotApplied => "took no effect".to_owned(),
    }
}
