//! Taking a run up again: to go on with it, to undo it, or to give up on a part of it.

use std::sync::Arc;

use machine::cause::{Cause, CauseKind};
use machine::entry::{JournalEntry, Purpose};
use machine::id::RunId;
use machine::phase::PhaseKind;
use machine::replay::AnyDeployment;
use machine::step::Step;
use machine::uncommitted::Journal as _;

use super::commands::{CommandOutcome, Engine, Options};
use super::envs::{changed_by_now, changed_since};
use super::event::Event;
use super::forward::PhaseResult;
use super::journal::RunJournal;
use super::{Run, RunOutcome, Start};
use crate::journal::{Lease, RunRow};
use crate::plan::Blocker;
use crate::plan::release::{has_destroyed, read};

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

impl Engine {
    /// Goes on with `run`.
    pub async fn resume(&self, run: &RunId, options: &Options) -> CommandOutcome {
        Box::pin(self.take_up(run, options, ResumeIntent::On)).await.unwrap_or_else(|outcome| outcome)
    }

    /// Undoes `run`, which must be its app's newest.
    pub async fn roll_back(&self, run: &RunId, options: &Options) -> CommandOutcome {
        let cause = Cause {
            kind: CauseKind::Asked,
            message: "a person asked for it to be undone".to_owned(),
            hint: String::new(),
            evidence: Vec::new(),
        };
        self.take_up(run, options, ResumeIntent::Undone(cause)).await.unwrap_or_else(|outcome| outcome)
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
        self.take_up(run, options, wanted).await.unwrap_or_else(|outcome| outcome)
    }

    async fn take_up(
        &self,
        run: &RunId,
        options: &Options,
        wanted: ResumeIntent,
    ) -> Result<CommandOutcome, CommandOutcome> {
        let (any, _) = read(self.store.as_ref(), run).await?;
        self.same_place(&any.header().app).await?;
        let rows = self.store.list(Some(&any.header().app)).await?;
        let newest = rows.iter().rev().find(|row| row.phase != Some(PhaseKind::RolledBack));
        if let Some(newest) =
            newest.filter(|newest| newest.run != *run && any.name() != PhaseKind::RolledBack)
        {
            return Err(Blocker::new(
                format!("run {} is not the app's newest: that is {}", run.short(), newest.run.short()),
                format!(
                    "only the newest run can be taken up; `fabrik show {}` tells about it",
                    newest.run.short()
                ),
            )
            .into());
        }
        may(&any, &wanted)?;
        self.not_taken_down(&any, &rows).await?;
        agree(&any, &wanted, options)?;
        let lease = self.claim(&any.header().app, options.wait_lock).await?;
        let outcome = Box::pin(self.again(run, lease.clone(), options, wanted)).await;
        let _ = self.store.release(&lease).await;
        outcome
    }

    // What a release made went with its app, so there is nothing of it to undo.
    async fn not_taken_down(&self, any: &AnyDeployment, rows: &[RunRow]) -> Result<(), CommandOutcome> {
        let since = rows.iter().rev().take_while(|row| row.run != *any.run());
        for row in since.filter(|_| any.name() == PhaseKind::Complete) {
            if has_destroyed(&self.store, row).await? {
                let (run, by) = (any.run().short(), row.run.short());
                let message = format!("run {run} was destroyed with its app, by run {by}");
                return Err(Blocker::new(message, "there is nothing to undo; apply recreates the app").into());
            }
        }
        Ok(())
    }

    /// Takes `run` up under `lease`.
    ///
    /// # Errors
    /// [`CommandOutcome`] when it cannot be read, or something it needs is missing.
    pub async fn again(
        &self,
        run: &RunId,
        lease: Lease,
        options: &Options,
        wanted: ResumeIntent,
    ) -> Result<CommandOutcome, CommandOutcome> {
        let (any, loaded) = read(self.store.as_ref(), run).await?;
        let base = self.base_of(&any).await?;
        let ask = self.ask_again(&any, &loaded, base.as_ref())?;
        let before = base.as_ref().and_then(|base| self.ask_of(base).ok());
        let clocks = (self.ports.clock.clone(), self.local_clock.clone());
        let mut journal =
            RunJournal::resumed(self.store.clone(), clocks, run.clone(), lease, loaded.lines.len());
        self.listener.emit(&Event::Began {
            app: any.header().app.name.clone(),
            endpoints: ask.spec.endpoints(),
            run: run.clone(),
            resumed: true,
        });
        journal.append(&JournalEntry::Resumed { holder: self.holder.to_string() }).await?;
        let any = any.resumed();
        let mut runner = self.runner(journal, ask, Start::Resumed, options);
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

// What was deleted cannot be brought back, so a run that destroys an app only ever goes on, unless it has touched
// nothing yet.
fn may_be_undone(any: &AnyDeployment) -> Result<(), CommandOutcome> {
    let (short, begun) = (any.run().short(), any.header());
    let destroys = matches!(begun.purpose, Purpose::Destroy(_));
    if !destroys || matches!(any.name(), PhaseKind::Pending | PhaseKind::Validating) {
        return Ok(());
    }
    let app = &begun.app.name;
    let (message, hint) = match any.name() {
        PhaseKind::RolledBack => (
            format!("run {short} has taken `{app}` down, which cannot be undone"),
            format!("`fabrik apply {}` deploys it again", begun.spec),
        ),
        PhaseKind::Failed => (
            format!("run {short} takes `{app}` down, which cannot be undone; part of it still stands"),
            format!("`fabrik destroy {app}` tries again"),
        ),
        _ => (
            format!("run {short} takes `{app}` down, which cannot be undone"),
            format!("`fabrik resume {short}` goes on with it"),
        ),
    };
    Err(Blocker::new(message, hint).into())
}

fn may(any: &AnyDeployment, wanted: &ResumeIntent) -> Result<(), CommandOutcome> {
    let short = any.run().short();
    let no = |message: String, hint: String| Err(Blocker::new(message, hint).into());
    match (wanted, any) {
        (ResumeIntent::Undone(_), _) => may_be_undone(any),
        (ResumeIntent::On, AnyDeployment::Complete(_) | AnyDeployment::RolledBack(_)) => {
            no(format!("run {short} has ended ({}): there is nothing to resume", any.name()), String::new())
        }
        (ResumeIntent::On, AnyDeployment::Failed(_)) => no(
            format!("run {short} has failed and something of it still stands"),
            match any.header().purpose {
                Purpose::Destroy(_) => format!("`fabrik destroy {}` tries again", any.header().app.name),
                Purpose::Deploy => format!("`fabrik rollback {short}` tries again to undo it"),
            },
        ),
        (ResumeIntent::Abandoned { resource, .. }, AnyDeployment::Failed(d))
            if d.ledger().standing().iter().all(|standing| standing.receipt.step != *resource) =>
        {
            no(
                format!("nothing of run {short} stands at step {resource}"),
                format!("`fabrik show {short}` lists what stands"),
            )
        }
        (ResumeIntent::Abandoned { .. }, AnyDeployment::Failed(_)) | (ResumeIntent::On, _) => Ok(()),
        (ResumeIntent::Abandoned { .. }, _) => no(
            format!("run {short} is {}: only what could not be undone can be given up", any.name()),
            format!("`fabrik rollback {short}` undoes it"),
        ),
    }
}

impl Run {
    async fn on(mut self, any: AnyDeployment) -> RunOutcome {
        let changed = changed_by_now(any.header(), &self.ask).filter(|_| is_ahead(any.name()));
        let Some(stop) = changed.map(changed_since) else { return Box::pin(self.carry_on(any)).await };
        let ended = self.park(any.run().clone(), stop).await;
        self.work.journal.close().await;
        ended
    }

    async fn undone(mut self, any: AnyDeployment, cause: Cause) -> RunOutcome {
        let run = any.run().clone();
        let ended = match Box::pin(self.back(any, cause)).await {
            Ok(ended) => ended,
            Err(stop) => self.park(run, stop).await,
        };
        self.work.journal.close().await;
        ended
    }

    async fn back(&mut self, any: AnyDeployment, cause: Cause) -> PhaseResult {
        let run = any.run().clone();
        match any {
            AnyDeployment::Pending(d) => {
                d.refuse(cause.clone()).commit(&mut self.work.journal).await?;
                Ok(RunOutcome::RolledBack { run, cause })
            }
            AnyDeployment::Validating(d) => {
                d.refuse(cause.clone()).commit(&mut self.work.journal).await?;
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
        }
    }

    async fn abandoned(mut self, any: AnyDeployment, resource: Step, reason: String) -> RunOutcome {
        let AnyDeployment::Failed(mut deployment) = any else { return Box::pin(self.carry_on(any)).await };
        let (run, cause) = (deployment.header().run.clone(), deployment.phase().cause.clone());
        match deployment.abandon(&mut self.work.journal, resource, reason).await {
            Ok(()) => Box::pin(self.undone(AnyDeployment::Failed(deployment), cause)).await,
            Err(error) => {
                let ended = self.park(run, error.into()).await;
                self.work.journal.close().await;
                ended
            }
        }
    }
}
