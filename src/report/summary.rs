//! What is said when it is over: a few lines for people, the fields of `run.ended` for programs.

use jiff::Timestamp;
use machine::cause::Cause;
use machine::entry::Proof;
use machine::id::RunId;
use machine::ledger::{Outstanding, UndoStatus};
use machine::phase::PhaseKind;
use machine::receipt::Receipt;
use machine::step::Step;
use serde_json::{Value, json};

use super::json::cause_fields;
use super::run_history::Kept;
use super::screen::{BAD, GOOD, ODD, in_style};
use super::text::cause_lines;
use super::{RunHistory, exit, format};
use crate::engine::RunOutcome;
use crate::engine::commands::CommandOutcome;
use crate::engine::phase_error::Interruption;
use crate::engine::prove::unproven;
use crate::journal::{Holder, LeaseHolder};
use crate::plan::{Blocker, SourcePinning};

/// Which way a command was going.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// `apply`, `resume`.
    Forward,
    /// `rollback`, `abandon`.
    Back,
}

/// How a command ended.
pub struct Summary {
    /// Its exit code.
    pub exit: u8,
    /// One word for it.
    pub outcome: &'static str,
    /// The run it is about, if there was one.
    pub run: Option<String>,
    /// What people read.
    pub lines: Vec<String>,
    /// What programs read besides.
    fields: Value,
}

impl Summary {
    /// The ending of one app's run; `history` is what the journal says about it.
    pub fn of(outcome: &CommandOutcome, way: Direction, history: Option<&RunHistory>) -> Self {
        let exit = match way {
            Direction::Forward => exit::forward(outcome),
            Direction::Back => exit::back(outcome),
        };
        match outcome {
            CommandOutcome::Ended(ended) => Self { exit, ..Self::of_run(ended, history) },
            CommandOutcome::Unchanged { run, since_ms, endpoints, pin, proof } => {
                let since = format::moment(*since_ms);
                let ago = format::ago(since, Timestamp::now());
                let (what, remark) = match pin {
                    SourcePinning::Content | SourcePinning::Branch => ("", ""),
                    SourcePinning::Tag => ("spec ", "; tag not looked at (--force)"),
                };
                Self {
                    exit,
                    outcome: "unchanged",
                    run: Some(run.to_string()),
                    lines: unchanged_lines(
                        &format!("{what}unchanged since run {}, {ago}{remark}", run.short()),
                        endpoints,
                        *proof,
                    ),
                    fields: json!({
                        "endpoints": endpoints, "since": since, "proof": proof.as_str(),
                        "tag_looked_at": (*pin == SourcePinning::Tag).then_some(false),
                    }),
                }
            }
            CommandOutcome::Held { by, since } => {
                let hint = "wait until it has ended, or say `--wait-lock 5m`; `fabrik unlock APP` tells whether it lives";
                Self::held(by, *since, hint)
            }
            CommandOutcome::Blockers(blockers) => Self::refused(blockers),
        }
    }

    /// The ending of a command that found the app held by somebody else.
    pub fn held(by: &Holder, since: Timestamp, hint: &str) -> Self {
        let mut lines = vec![in_style(BAD, "error: another run holds this app; nothing was touched")];
        lines.extend(holder_lines(by, since));
        lines.push(format!("  hint: {hint}"));
        let fields = json!({"by": by, "since": since});
        Self { exit: exit::HELD, outcome: "held", run: None, lines, fields }
    }

    /// The ending of a command about an app's lock; `of` is who had it.
    pub fn unlocked(lines: Vec<String>, of: Option<&LeaseHolder>) -> Self {
        let fields = json!({"by": of.map(|of| &of.by), "since": of.map(|of| of.since)});
        let outcome = if of.is_some() { "unlocked" } else { "free" };
        Self { exit: exit::DONE, outcome, run: None, lines, fields }
    }

    /// The ending of a command that attempted nothing.
    pub fn refused(blockers: &[Blocker]) -> Self {
        let told: Vec<Value> = blockers.iter().map(obstacle_fields).collect();
        Self {
            exit: exit::REFUSED,
            outcome: "refused",
            run: None,
            lines: blockers.iter().flat_map(obstacle_lines).collect(),
            fields: json!({"problems": told}),
        }
    }

    /// The ending of a process that was told twice to stop; `run` is the one under way, if one was, and `history` what the
    /// journal says about it by now.
    pub fn at_once(run: Option<&RunId>, way: Direction, history: Option<&RunHistory>) -> Self {
        let Some(run) = run else {
            return Self::refused(&[Blocker::new("stopped at once, before a run began", "")]);
        };
        let phase = history.map(|history| history.any.name());
        let (exit, outcome) = match (phase, way) {
            (Some(PhaseKind::Complete), Direction::Forward) => (exit::DONE, "complete"),
            (Some(PhaseKind::Destroyed), _) => (exit::DONE, "destroyed"),
            (Some(PhaseKind::RolledBack), Direction::Forward) => (exit::UNDONE, "rolled-back"),
            (Some(PhaseKind::RolledBack), Direction::Back) => (exit::DONE, "rolled-back"),
            (Some(phase), _) if phase.is_failed() => (exit::STANDING, "failed"),
            // A finished run that is to be undone is where it was.
            _ => (exit::PARKED, "parked"),
        };
        let lines = match phase {
            Some(phase) if outcome != "parked" => vec![
                in_style(ODD, &format!("! Stopped at once: run {} was over by then: {phase}", run.short())),
                format!("  next: `fabrik show {}` tells of it", run.short()),
            ],
            _ => parked_lines(run.short(), "stopped at once", "", history),
        };
        let fields = json!({"reason": "stopped at once", "hint": ""});
        Self { exit, ..Self::ended(outcome, run.as_str(), lines, fields) }
    }

    fn of_run(ended: &RunOutcome, history: Option<&RunHistory>) -> Self {
        match ended {
            RunOutcome::Complete { run, endpoints } => {
                let (lines, coolify) = complete_lines(endpoints, history);
                let proof = history.and_then(RunHistory::proof).map(Proof::as_str);
                let fields = json!({"endpoints": endpoints, "coolify": coolify, "proof": proof});
                Self::ended("complete", run.as_str(), lines, fields)
            }
            RunOutcome::RolledBack { run, cause } => {
                Self::undone("rolled-back", run, cause, (rolled_back_lines(cause, history), history))
            }
            RunOutcome::Destroyed { run, cause } => {
                Self::undone("destroyed", run, cause, (vec![destroyed_line(history)], history))
            }
            RunOutcome::Refused { run, cause } => {
                let mut lines = obstacle_lines(&Blocker::new(&cause.message, &cause.hint));
                lines.push("  nothing was touched".to_owned());
                Self::ended("refused", run.as_str(), lines, json!({"cause": cause_fields(cause)}))
            }
            RunOutcome::Failed { run, cause, standing } => {
                let lines = failed_lines(run.short(), cause, standing, history);
                let standing: Vec<Value> =
                    standing.iter().map(|resource| standing_fields(resource, history)).collect();
                let fields = json!({"cause": cause_fields(cause), "standing": standing});
                Self::ended("failed", run.as_str(), lines, fields)
            }
            RunOutcome::Parked { run, stop } => {
                let (reason, hint) = stop_words(stop);
                let lines = parked_lines(run.short(), &reason, &hint, history);
                Self::ended("parked", run.as_str(), lines, json!({"reason": reason, "hint": hint}))
            }
        }
    }

    fn undone(
        outcome: &'static str,
        run: &RunId,
        cause: &Cause,
        (mut lines, history): (Vec<String>, Option<&RunHistory>),
    ) -> Self {
        lines.extend(history.into_iter().flat_map(kept_lines));
        let fields = json!({
            "cause": cause_fields(cause), "kept": kept_fields(history.map(|history| history.kept.as_slice())),
            "abandoned": kept_fields(history.map(|history| history.abandoned.as_slice())),
        });
        Self::ended(outcome, run.as_str(), lines, fields)
    }

    fn ended(outcome: &'static str, run: &str, lines: Vec<String>, fields: Value) -> Self {
        Self { exit: exit::DONE, outcome, run: Some(run.to_owned()), lines, fields }
    }

    /// The fields of `run.ended`.
    pub fn fields(&self) -> Value {
        let mut fields = self.fields.clone();
        fields["outcome"] = json!(self.outcome);
        fields["exit"] = json!(self.exit);
        fields
    }
}

/// Who holds, or held, an app, and since when.
pub fn holder_lines(by: &Holder, since: Timestamp) -> [String; 2] {
    let ago = format::ago(since, Timestamp::now());
    [format!("  held by {by}"), format!("  since   {} ({ago})", format::date(since))]
}

/// A resource in the way, for programs: `line` and `column` count from 1 and are absent where it is about a whole file, or
/// about none.
fn obstacle_fields(blocker: &Blocker) -> Value {
    let problem = blocker.problem();
    let at = problem.as_ref().filter(|problem| problem.line > 0);
    json!({
        "message": blocker.message, "hint": blocker.hint, "file": problem.as_ref().map(|it| &it.file),
        "line": at.map(|it| it.line), "column": at.map(|it| it.column),
    })
}

/// A resource in the way, and what to do about it.
pub fn obstacle_lines(blocker: &Blocker) -> Vec<String> {
    if let Some(problem) = blocker.problem() {
        return vec![problem.to_string()];
    }
    let mut lines = vec![format!("{} {}", in_style(BAD, "error:"), blocker.message)];
    if !blocker.hint.is_empty() {
        lines.push(format!("  hint: {}", blocker.hint));
    }
    lines
}

fn place_line(endpoints: &[String]) -> String {
    let what = if endpoints.is_empty() { "it is" } else { "URL:" };
    format!("  {what:<8} {}", format::places(endpoints))
}

fn complete_lines(endpoints: &[String], history: Option<&RunHistory>) -> (Vec<String>, Option<String>) {
    let coolify = history.and_then(|history| history.link(Step::App));
    let took = history.map(|history| format!(" in {}", format::whole(history.took))).unwrap_or_default();
    let is_proven = history.and_then(RunHistory::proof) != Some(Proof::None);
    let done = is_proven.then(|| in_style(GOOD, &format!("✓ Deployment complete{took}")));
    let mut lines: Vec<String> = done.into_iter().collect();
    lines.push(place_line(endpoints));
    lines.extend(coolify.as_ref().map(|link| format!("  Coolify: {link}")));
    if !is_proven {
        let (what, hint) = unproven(endpoints.is_empty());
        lines.push(in_style(ODD, &format!("! Deployed, not proven: {what}; {hint}")));
    }
    (lines, coolify)
}

fn unchanged_lines(what: &str, endpoints: &[String], proof: Proof) -> Vec<String> {
    let mut lines = vec![format!("{} {what}", in_style(GOOD, "✓")), place_line(endpoints)];
    if proof == Proof::None {
        let text = "! not proven when it was deployed: `--require-proof` deploys it again and fails if nothing proves it";
        lines.push(in_style(ODD, text));
    }
    lines
}

fn destroyed_line(history: Option<&RunHistory>) -> String {
    let app = history.map_or("it", |history| history.any.header().app.name.as_str());
    let is_all = !history.is_some_and(something_stays);
    let what = if is_all { app.to_owned() } else { format!("what Fabrik made for {app}") };
    in_style(GOOD, &format!("✓ {what} is destroyed and verified as gone"))
}

fn kept_lines(history: &RunHistory) -> Vec<String> {
    let kept = |Kept { resource, id, reason }: &Kept| format!("  kept: {resource} {id}: {reason}");
    let given_up = |Kept { resource, id, reason }: &Kept| {
        format!("  stays: {resource} {id}, which was given up: {reason}")
    };
    let taken_over = |receipt: &Receipt| {
        format!(
            "  stays: {} {}, as the last release left it: it was there before Fabrik took it over",
            receipt.step, receipt.id
        )
    };
    let there_before = if history.is_destroyed() { history.taken_over() } else { Vec::new() };
    let kept = history.kept.iter().map(kept).chain(history.abandoned.iter().map(given_up));
    kept.chain(there_before.into_iter().map(taken_over)).collect()
}

/// Whether something that the run made or changed, or that it was to delete, stays all the same.
fn something_stays(history: &RunHistory) -> bool {
    let there_before = history.is_destroyed() && !history.taken_over().is_empty();
    !history.kept.is_empty() || !history.abandoned.is_empty() || there_before
}

fn kept_fields(kept: Option<&[Kept]>) -> Vec<Value> {
    let kept = kept.unwrap_or_default().iter();
    kept.map(|Kept { resource, id, reason }| json!({"step": resource.as_str(), "id": id, "reason": reason}))
        .collect()
}

fn rolled_back_lines(cause: &Cause, history: Option<&RunHistory>) -> Vec<String> {
    use machine::cause::CauseKind;
    let partly = history.is_some_and(something_stays);
    match cause.kind {
        CauseKind::Asked if partly => {
            vec![in_style(GOOD, "✓ Rolled back, but for what stays; the rest is verified")]
        }
        CauseKind::Asked => vec![in_style(GOOD, "✓ Rolled back and verified")],
        CauseKind::Failed | CauseKind::Refused | CauseKind::Superseded => vec![
            in_style(BAD, &format!("✗ Failed: {}", cause.message)),
            if partly {
                "  what this run made or changed was rolled back and verified, but for what stays".to_owned()
            } else {
                "  everything this run made or changed was rolled back and verified".to_owned()
            },
            "  next: fix it, then apply again".to_owned(),
        ],
    }
}

fn failed_lines(
    run: &str,
    cause: &Cause,
    standing: &[Outstanding],
    history: Option<&RunHistory>,
) -> Vec<String> {
    let mut lines = cause_lines(cause);
    lines.push("  still standing:".to_owned());
    for Outstanding { receipt, undo } in standing {
        lines.push(format!("    {} {}", receipt.step, receipt.id));
        lines.extend(
            history.and_then(|history| history.link(receipt.step)).map(|link| format!("      {link}")),
        );
        if let UndoStatus::Blocked(reason) = undo {
            lines.push(format!("      {reason}"));
        }
    }
    lines.push(match history.and_then(RunHistory::destroys) {
        Some(app) => format!("  next: `fabrik destroy {app}` tries again"),
        None => format!("  next: `fabrik rollback {run}` tries again"),
    });
    for Outstanding { receipt, .. } in standing {
        let command = format!("fabrik abandon {run} --step {} --reason …", receipt.step);
        lines.push(format!("        `{command}` leaves it there"));
    }
    lines
}

fn standing_fields(resource: &Outstanding, history: Option<&RunHistory>) -> Value {
    let Outstanding { receipt, undo } = resource;
    let blocked = match undo {
        UndoStatus::Blocked(reason) => Some(reason),
        UndoStatus::Open => None,
    };
    let link = history.and_then(|history| history.link(receipt.step));
    json!({"step": receipt.step.as_str(), "id": receipt.id, "link": link, "blocked": blocked})
}

fn parked_lines(run: &str, reason: &str, hint: &str, history: Option<&RunHistory>) -> Vec<String> {
    let mut lines = vec![in_style(ODD, &format!("! Parked: {reason}"))];
    if !hint.is_empty() {
        lines.push(format!("  hint: {hint}"));
    }
    // Undoing a finished run may have ended before a word of it was written: there is nothing to resume then.
    match history.map(|history| history.any.name()) {
        Some(PhaseKind::RolledBack | PhaseKind::Destroyed) => {}
        Some(PhaseKind::Complete) => lines.push(format!("  next: `fabrik rollback {run}` undoes it")),
        _ if history.and_then(RunHistory::destroys).is_some() => {
            lines.push(format!("  next: `fabrik resume {run}` goes on"));
        }
        _ => lines.push(format!("  next: `fabrik resume {run}` goes on, `fabrik rollback {run}` undoes it")),
    }
    lines
}

fn stop_words(stop: &Interruption) -> (String, String) {
    match stop {
        Interruption::Parked { reason, hint, .. } => (reason.clone(), hint.clone()),
        Interruption::Fenced => (
            "the app's lock was taken from this run: by another run, or by `fabrik unlock --force`"
                .to_owned(),
            "see `fabrik status`".to_owned(),
        ),
        Interruption::Unwritable(error) => {
            let hint = if error.hint().is_empty() { "fix the journal" } else { error.hint() };
            (error.to_string(), format!("{hint}, then go on"))
        }
    }
}
