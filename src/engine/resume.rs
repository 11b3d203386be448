//! Resuming a run: to go on with it, to undo it, or to give up on a part of it.

use std::sync::Arc;

use machine::cause::{Cause, CauseKind};
use machine::entry::{JournalEntry, Purpose};
use machine::id::RunId;
use machine::phase::PhaseKind;
use machine::replay::AnyDeployment;
use machine::statechart::{ExternalEvent, Transition, transition};
use machine::step::Step;
use machine::uncommitted::Journal as _;

use super::commands::{Claim, CommandOutcome, Engine, Options};
use super::envs::{changed_by_now, changed_since};
use super::event::Event;
use super::forward::PhaseResult;
use super::journal::RunJournal;
use super::{Run, RunOutcome, Start};
use crate::journal::RunRow;
use crate::plan::Blocker;
use crate::plan::release::read;

/// What is wanted of a run that another process continues.
#[derive(Debug, Clone)]
pub enum ResumeIntent {
    /// That it goes on where it is.
    On,
    /// That it is undone, for this reason.
    Undone(Cause),
    /// That undoing one resource is given up.
    Abandoned { resource: Step, reason: String },
}

impl ResumeIntent {
    /// What the chart is asked.
    fn event(&self) -> ExternalEvent {
        match self {
            Self::On => ExternalEvent::Resume,
            Self::Undone(_) => ExternalEvent::RollBack,
            Self::Abandoned { .. } => ExternalEvent::Abandon,
        }
    }
}

impl Engine {
    /// Goes on with `run`.
    pub async fn resume(&self, run: &RunId, options: &Options) -> CommandOutcome {
        Box::pin(self.claim_and_resume(run, options, ResumeIntent::On))
            .await
            .unwrap_or_else(|outcome| outcome)
    }

    /// Undoes `run`, which must be its app's newest.
    pub async fn roll_back(&self, run: &RunId, options: &Options) -> CommandOutcome {
        let cause = Cause {
            kind: CauseKind::Asked,
            message: "a person asked for it to be undone".to_owned(),
            hint: String::new(),
            evidence: Vec::new(),
        };
        self.claim_and_resume(run, options, ResumeIntent::Undone(cause))
            .await
            .unwrap_or_else(|outcome| outcome)
    }

    /// Gives up on undoing `resource` of `run`, and finishes undoing the rest.
    pub async fn abandon(
        &self,
        run: &RunId,
        resource: Step,
        reason: &str,
        options: &Options,
    ) -> CommandOutcome {
        let wanted = ResumeIntent::Abandoned { resource, reason: reason.to_owned() };
        self.claim_and_resume(run, options, wanted).await.unwrap_or_else(|outcome| outcome)
    }

    async fn claim_and_resume(
        &self,
        run: &RunId,
        options: &Options,
        wanted: ResumeIntent,
    ) -> Result<CommandOutcome, CommandOutcome> {
        let (any, _) = read(self.store.as_ref(), run).await?;
        self.same_place(&any.header().app).await?;
        let rows = self.store.list(Some(&any.header().app)).await?;
        let is_undone = |phase| matches!(phase, PhaseKind::RolledBack | PhaseKind::Destroyed);
        let newest = rows.iter().rev().find(|row| !row.phase.is_some_and(is_undone));
        if let Some(newest) = newest.filter(|newest| newest.run != *run && !is_undone(any.name())) {
            return Err(Blocker::new(
                format!("run {} is not the app's newest: that is {}", run.short(), newest.run.short()),
                format!(
                    "only the newest run can be resumed or rolled back; `fabrik show {}` tells about it",
                    newest.run.short()
                ),
            )
            .into());
        }
        may(&any, &wanted)?;
        not_destroyed_since(&any, &rows)?;
        agree(&any, &wanted, options)?;
        let mut claim = self.claim(&any.header().app, options.wait_lock).await?;
        let outcome = Box::pin(self.resume_claimed(run, &mut claim, options, wanted)).await;
        self.give_back(claim).await;
        outcome
    }

    /// Resumes `run` under `claim`.
    ///
    /// # Errors
    /// [`CommandOutcome`] when it cannot be read, or something it needs is missing.
    pub async fn resume_claimed(
        &self,
        run: &RunId,
        claim: &mut Claim,
        options: &Options,
        wanted: ResumeIntent,
    ) -> Result<CommandOutcome, CommandOutcome> {
        let (any, loaded) = read(self.store.as_ref(), run).await?;
        let base = self.base_of(&any).await?;
        let resolved = self.resolve_again(&any, &loaded, base.as_ref())?;
        let before = base.as_ref().and_then(|base| self.resolve_release(base).ok());
        let clocks = (self.ports.clock.clone(), self.local_clock.clone());
        let mut journal = RunJournal::resumed(
            self.store.clone(),
            clocks,
            run.clone(),
            claim.take(),
            (any.name(), loaded.lines.len()),
        );
        self.listener.emit(&Event::Began {
            app: any.header().app.name.clone(),
            endpoints: resolved.spec.endpoints(),
            run: run.clone(),
            resumed: true,
        });
        let resumed = journal.append(&JournalEntry::Resumed { holder: self.holder.to_string() }).await;
        let (journal, ()) = journal.opened(resumed).await?;
        let any = any.resumed();
        let mut runner = self.runner(journal, resolved, Start::Resumed, options);
        (runner.base, runner.before) = (base.map(Arc::new), before);
        Ok(CommandOutcome::Ended(match wanted {
            ResumeIntent::On => Box::pin(runner.on(any)).await,
            ResumeIntent::Undone(cause) => Box::pin(runner.undone(any, cause)).await,
            ResumeIntent::Abandoned { resource, reason } => {
                Box::pin(runner.abandoned(any, resource, reason)).await
            }
        }))
    }
}

// On the way back old values are put back as far as sources give them, and what they give now does not matter.
fn is_ahead(phase: PhaseKind) -> bool {
    matches!(
        phase,
        PhaseKind::Pending
            | PhaseKind::Validating
            | PhaseKind::Provisioning
            | PhaseKind::Deploying
            | PhaseKind::Verifying
    )
}

fn agree(any: &AnyDeployment, wanted: &ResumeIntent, options: &Options) -> Result<(), CommandOutcome> {
    let short = any.run().short();
    let question = match wanted {
        ResumeIntent::On => return Ok(()),
        ResumeIntent::Undone(_) => format!("undo run {short} of {} ({})?", any.header().app.name, any.name()),
        ResumeIntent::Abandoned { resource, .. } => {
            format!("give up on undoing {resource} of run {short}? It will stay.")
        }
    };
    if (options.consent)(&question) {
        return Ok(());
    }
    Err(Blocker::new("cancelled", "pass `--yes` to go on without being asked").into())
}

// The chart decides what may happen to the run; here it is only told why not, and what to do instead.
fn may(any: &AnyDeployment, wanted: &ResumeIntent) -> Result<(), CommandOutcome> {
    let short = any.run().short();
    // What is undone already is undone again for nothing.
    let is_repeated = matches!((wanted, any), (ResumeIntent::Undone(_), AnyDeployment::RolledBack(_)));
    if transition(any.name(), wanted.event()) == Transition::Refused && !is_repeated {
        let (message, hint) = match wanted {
            ResumeIntent::On => not_resumed(any),
            ResumeIntent::Undone(_) => not_undone(any),
            ResumeIntent::Abandoned { .. } => (
                format!("run {short} is {}: only what could not be undone can be given up", any.name()),
                match any.header().purpose {
                    Purpose::Destroy(_) => format!("`fabrik resume {short}` goes on with it"),
                    Purpose::Deploy => format!("`fabrik rollback {short}` undoes it"),
                },
            ),
        };
        return Err(Blocker::new(message, hint).into());
    }
    match wanted {
        ResumeIntent::Abandoned { resource, .. }
            if any.ledger().standing().iter().all(|standing| standing.receipt.step != *resource) =>
        {
            Err(Blocker::new(
                format!("nothing of run {short} stands at step {resource}"),
                format!("`fabrik show {short}` lists what stands"),
            )
            .into())
        }
        ResumeIntent::On | ResumeIntent::Undone(_) | ResumeIntent::Abandoned { .. } => Ok(()),
    }
}

// What a release made went with its app, so there is nothing of it to undo.
fn not_destroyed_since(any: &AnyDeployment, rows: &[RunRow]) -> Result<(), CommandOutcome> {
    let mut since = rows.iter().rev().take_while(|row| row.run != *any.run());
    let destroyed = since.find(|row| row.phase == Some(PhaseKind::Destroyed));
    let Some(row) = destroyed.filter(|_| any.name() == PhaseKind::Complete) else { return Ok(()) };
    let (run, by) = (any.run().short(), row.run.short());
    let message = format!("run {run} was destroyed with its app, by run {by}");
    Err(Blocker::new(message, "there is nothing to undo; apply recreates the app").into())
}

fn not_resumed(any: &AnyDeployment) -> (String, String) {
    let short = any.run().short();
    if !any.name().is_failed() {
        return (
            format!("run {short} has ended ({}): there is nothing to resume", any.name()),
            String::new(),
        );
    }
    let again = match any.header().purpose {
        Purpose::Destroy(_) => format!("`fabrik destroy {}` tries again", any.header().app.name),
        Purpose::Deploy => format!("`fabrik rollback {short}` tries again to undo it"),
    };
    (format!("run {short} has failed and something of it still stands"), again)
}

// What was deleted cannot be brought back, so a run that destroys an app only ever goes on.
fn not_undone(any: &AnyDeployment) -> (String, String) {
    let (short, app) = (any.run().short(), &any.header().app.name);
    match any.name() {
        PhaseKind::Destroyed => (
            format!("run {short} has destroyed `{app}`, which cannot be undone"),
            format!("`fabrik apply {}` deploys it again", any.header().spec),
        ),
        PhaseKind::DestroyFailed => (
            format!("run {short} destroys `{app}`, which cannot be undone; part of it still stands"),
            format!("`fabrik destroy {app}` tries again"),
        ),
        PhaseKind::Destroying => (
            format!("run {short} destroys `{app}`, which cannot be undone"),
            format!("`fabrik resume {short}` goes on with it"),
        ),
        phase => (format!("run {short} has ended ({phase}): there is nothing to undo"), String::new()),
    }
}

impl Run {
    async fn on(mut self, any: AnyDeployment) -> RunOutcome {
        let changed = changed_by_now(any.header(), &self.resolved).filter(|_| is_ahead(any.name()));
        let Some(stop) = changed.map(changed_since) else { return Box::pin(self.carry_on(any)).await };
        let ended = self.park(any.run().clone(), stop).await;
        self.context.journal.close().await;
        ended
    }

    async fn undone(mut self, any: AnyDeployment, cause: Cause) -> RunOutcome {
        let run = any.run().clone();
        let ended = match Box::pin(self.back(any, cause)).await {
            Ok(ended) => ended,
            Err(stop) => self.park(run, stop).await,
        };
        self.context.journal.close().await;
        ended
    }

    async fn back(&mut self, any: AnyDeployment, cause: Cause) -> PhaseResult {
        let run = any.run().clone();
        match any {
            AnyDeployment::Pending(d) => {
                d.refuse(cause.clone()).commit(&mut self.context.journal).await?;
                Ok(RunOutcome::RolledBack { run, cause })
            }
            AnyDeployment::Validating(d) => {
                d.refuse(cause.clone()).commit(&mut self.context.journal).await?;
                Ok(RunOutcome::RolledBack { run, cause })
            }
            AnyDeployment::Provisioning(d) => Box::pin(self.turn_back(d.roll_back(cause))).await,
            AnyDeployment::Deploying(d) => Box::pin(self.turn_back(d.roll_back(cause))).await,
            AnyDeployment::Verifying(d) => Box::pin(self.turn_back(d.roll_back(cause))).await,
            AnyDeployment::Complete(d) => Box::pin(self.turn_back(d.roll_back(cause))).await,
            AnyDeployment::Failed(d) => Box::pin(self.turn_back(d.roll_back(cause))).await,
            AnyDeployment::RollingBack(d) => Box::pin(self.rolling_back(d)).await,
            AnyDeployment::RolledBack(d) => {
                Ok(RunOutcome::RolledBack { run, cause: d.phase().cause.clone() })
            }
            AnyDeployment::Surveying(d) => {
                d.refuse(cause.clone()).commit(&mut self.context.journal).await?;
                Ok(RunOutcome::RolledBack { run, cause })
            }
            // What was deleted cannot be brought back: it comes to its end.
            AnyDeployment::Destroying(d) => Box::pin(self.destroying(d)).await,
            AnyDeployment::DestroyFailed(d) => Box::pin(self.start_destroying(d.retry(cause))).await,
            AnyDeployment::Destroyed(d) => Ok(RunOutcome::Destroyed { run, cause: d.phase().cause.clone() }),
        }
    }

    async fn abandoned(mut self, any: AnyDeployment, resource: Step, reason: String) -> RunOutcome {
        let (run, journal) = (any.run().clone(), &mut self.context.journal);
        let (written, any, cause) = match any {
            AnyDeployment::Failed(mut d) => {
                let written = d.abandon(journal, resource, reason).await;
                let cause = d.phase().cause.clone();
                (written, AnyDeployment::Failed(d), cause)
            }
            AnyDeployment::DestroyFailed(mut d) => {
                let written = d.abandon(journal, resource, reason).await;
                let cause = d.phase().cause.clone();
                (written, AnyDeployment::DestroyFailed(d), cause)
            }
            any => return Box::pin(self.carry_on(any)).await,
        };
        match written {
            Ok(()) => Box::pin(self.undone(any, cause)).await,
            Err(error) => {
                let ended = self.park(run, error.into()).await;
                self.context.journal.close().await;
                ended
            }
        }
    }
}
