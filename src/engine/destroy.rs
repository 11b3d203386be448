//! `destroy`: a run of its own that deletes all that the app's runs made, in undo order.

use machine::app::AppKey;
use machine::cause::{Cause, CauseKind};
use machine::deployment::Deployment;
use machine::entry::RunHeader;
use machine::ledger::Outstanding;
use machine::phase::{Destroying, Surveying, VolumePolicy};
use machine::plan::Plan;
use machine::receipt::{Origin, Receipt, ResourceState};
use machine::replay::AnyDeployment;
use machine::step::Step;
use machine::uncommitted::Uncommitted;

use super::apply::new_run;
use super::commands::{Claim, CommandOutcome, Engine, Options};
use super::event::Event;
use super::forward::PhaseResult;
use super::journal::RunJournal;
use super::phase_error::Interruption;
use super::resume::ResumeIntent;
use super::{Run, RunOutcome, Start};
use crate::plan::find::find;
use crate::plan::release::{open_run, read};
use crate::plan::{Blocker, Inventory, Release};

impl Engine {
    /// Deletes what the runs of `app` made; `data` says what becomes of its volumes.
    pub async fn destroy(&self, app: &AppKey, data: VolumePolicy, options: &Options) -> CommandOutcome {
        Box::pin(self.try_destroy(app, data, options)).await.unwrap_or_else(|outcome| outcome)
    }

    async fn try_destroy(
        &self,
        app: &AppKey,
        data: VolumePolicy,
        options: &Options,
    ) -> Result<CommandOutcome, CommandOutcome> {
        let mut claim = self.claim(app, options.wait_lock).await?;
        let outcome = Box::pin(self.destroy_claimed(app, data, &mut claim, options)).await;
        self.give_back(claim).await;
        outcome
    }

    async fn destroy_claimed(
        &self,
        app: &AppKey,
        data: VolumePolicy,
        claim: &mut Claim,
        options: &Options,
    ) -> Result<CommandOutcome, CommandOutcome> {
        let rows = self.store.list(Some(app)).await?;
        let mut undone = None;
        if let Some(open) = open_run(&rows, app) {
            let wanted = ResumeIntent::Undone(asked());
            let outcome = Box::pin(self.resume_claimed(&open.run, claim, options, wanted)).await?;
            if !matches!(
                outcome,
                CommandOutcome::Ended(
                    RunOutcome::RolledBack { .. } | RunOutcome::Destroyed { .. } | RunOutcome::Refused { .. }
                )
            ) {
                return Ok(outcome);
            }
            undone = Some(outcome);
            *claim = self.claim(app, options.wait_lock).await?;
        }
        let rows = self.store.list(Some(app)).await?;
        let Some(newest) = Release::newest(&self.store, &rows, None).await? else {
            // A run that was half-way was all there was of it.
            if let Some(outcome) = undone {
                return Ok(outcome);
            }
            return Err(Blocker::new(
                format!("nothing of `{}` stands that Fabrik made", app.name),
                "`fabrik history` lists its runs",
            )
            .into());
        };
        self.same_place(app).await?;
        let begun =
            RunHeader { run: new_run(), journal: self.store.journal().clone(), ..newest.begun().clone() };
        Box::pin(self.take_down((begun, data), &newest, claim, options)).await
    }

    async fn take_down(
        &self,
        (begun, data): (RunHeader, VolumePolicy),
        newest: &Release,
        claim: &mut Claim,
        options: &Options,
    ) -> Result<CommandOutcome, CommandOutcome> {
        let resolved = self.resolve_release(newest)?;
        self.listener.emit(&Event::Began {
            app: begun.app.name.clone(),
            endpoints: newest.plan().endpoints.clone(),
            run: begun.run.clone(),
            resumed: false,
        });
        let clocks = (self.ports.clock.clone(), self.local_clock.clone());
        let blobs = newest.blobs.clone();
        let mut journal =
            RunJournal::fresh(self.store.clone(), clocks, begun.run.clone(), claim.take(), blobs);
        let begun = Deployment::begin_destroy(begun, data).commit(&mut journal).await;
        let (journal, deployment) = journal.opened(begun).await?;
        let runner = self.runner(journal, resolved, Start::Fresh, options);
        Ok(CommandOutcome::Ended(Box::pin(runner.carry_on(AnyDeployment::from(deployment))).await))
    }
}

impl Run {
    /// Lists what the app's earlier runs made, and deletes it.
    ///
    /// # Errors
    /// [`Interruption`] when it cannot be told now; the run can be resumed.
    pub(super) async fn surveying(&mut self, deployment: Deployment<Surveying>) -> PhaseResult {
        self.context.safe_point()?;
        let rows = self.context.store.list(Some(&deployment.header().app)).await?;
        let inventory = Inventory::read(&self.context.store, &rows).await?;
        let Some(Inventory { plan, mut resources }) = inventory else {
            let cause = super::phase_error::refused("nothing of the app stands that Fabrik made", "");
            let run = deployment.header().run.clone();
            deployment.refuse(cause.clone()).commit(&mut self.context.journal).await?;
            return Ok(RunOutcome::Refused { run, cause });
        };
        self.find_again(&plan, &mut resources).await?;
        self.take_over_shared(deployment.header(), &mut resources).await?;
        Box::pin(self.start_destroying(deployment.destroy(plan, resources, asked()))).await
    }

    /// Writes that the app is destroyed from now on, and does it.
    ///
    /// # Errors
    /// [`Interruption`].
    pub(super) async fn start_destroying(&mut self, unwritten: Uncommitted<Destroying>) -> PhaseResult {
        let deployment = unwritten.commit(&mut self.context.journal).await?;
        self.context.tell(&Event::TurnedBack(deployment.phase().cause.clone()));
        Box::pin(self.destroying(deployment)).await
    }

    /// Deletes what stands, newest first; what cannot be deleted is said, and the rest goes on.
    ///
    /// # Errors
    /// [`Interruption`] when it cannot be told now; the run can be resumed.
    pub(super) async fn destroying(&mut self, mut deployment: Deployment<Destroying>) -> PhaseResult {
        self.context.tell(&Event::Entered(deployment.name()));
        for outstanding in deployment.ledger().standing() {
            self.context.safe_point()?;
            Box::pin(self.destroy_one(&mut deployment, &outstanding)).await?;
        }
        self.context.all_settled(&deployment).await?;
        let (run, cause) = (deployment.header().run.clone(), deployment.phase().cause.clone());
        let standing = deployment.ledger().standing();
        match deployment.close() {
            Ok(unwritten) => {
                unwritten.commit(&mut self.context.journal).await?;
                Ok(RunOutcome::Destroyed { run, cause })
            }
            Err(deployment) => {
                deployment.give_up().commit(&mut self.context.journal).await?;
                Ok(RunOutcome::Failed { run, cause, standing })
            }
        }
    }

    async fn destroy_one(
        &mut self,
        deployment: &mut Deployment<Destroying>,
        outstanding: &Outstanding,
    ) -> Result<(), Interruption> {
        let (receipt, began) = (&outstanding.receipt, self.context.time());
        self.context.outlive(receipt.step, deployment.ledger().unanswered_on(receipt.step)).await?;
        let undoing = self.take_away(deployment, receipt).await?;
        self.record_undoing(deployment, receipt, undoing, began).await
    }
}

impl Run {
    // A record that an undone run had dropped was recreated, under another id.
    async fn find_again(&self, plan: &Plan, resources: &mut [ResourceState]) -> Result<(), Interruption> {
        for receipt in resources {
            let Step::Dns(nth) = receipt.step else { continue };
            let Some(record) = plan.record(nth) else { continue };
            if let Some(object) = find(&self.clients.records(record, receipt.step), receipt).await? {
                receipt.id = object.id;
            }
        }
        Ok(())
    }
}

impl Run {
    // A project or an environment that another app's run of this journal made, or a run of this app that left it to others
    // in being undone, goes with the last app in it. Whether this is the last one is seen when it is undone: otherwise it
    // is kept, and named.
    async fn take_over_shared(
        &self,
        begun: &RunHeader,
        resources: &mut [ResourceState],
    ) -> Result<(), Interruption> {
        let is_shared = |it: &ResourceState| {
            it.origin == Origin::Existing && matches!(it.step, Step::Project | Step::Environment)
        };
        if !resources.iter().any(is_shared) {
            return Ok(());
        }
        let rows = self.context.store.list(None).await?;
        let here = rows.iter().filter(|row| row.app.target == begun.app.target && row.run != begun.run);
        for row in here.filter(|row| !row.forgotten) {
            let (any, _) = read(self.context.store.as_ref(), &row.run).await?;
            for resource in resources.iter_mut().filter(|it| is_shared(it)) {
                let made = |it: &&Receipt| {
                    it.step == resource.step && it.id == resource.id && it.origin == Origin::Created
                };
                if let Some(made) = any.ledger().receipts().iter().find(made) {
                    *resource = made.to_state();
                }
            }
        }
        Ok(())
    }
}

fn asked() -> Cause {
    Cause {
        kind: CauseKind::Asked,
        message: "a person asked for the app to be destroyed".to_owned(),
        hint: String::new(),
        evidence: Vec::new(),
    }
}
