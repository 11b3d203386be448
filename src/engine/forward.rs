//! The way forward: what each phase does, from Pending to Complete.

use std::time::Duration;

use machine::cause::Cause;
use machine::deployment::Deployment;
use machine::effect::ResolvedBy;
use machine::entry::JournalEntry;
use machine::phase::{Deploying, EffectfulPhase, Pending, PhaseKind, Provisioning, Validating, Verifying};
use machine::plan::{Action, DesiredResource, Plan};
use machine::receipt::{Origin, Receipt};
use machine::replay::AnyDeployment;
use machine::statechart::{ExternalEvent, Transition, transition};
use machine::step::Step;
use machine::uncommitted::Journal as _;

use super::converge::IdempotentUpdate;
use super::drop::Dropped;
use super::event::{Change, Event};
use super::phase_error::{Interruption, PhaseError, refused};
use super::{OnFailure, Run, RunOutcome};
use crate::plan::compose::release_label::labelled;
use crate::plan::planner::{DrawnPlan, Planner};
use crate::plan::preflight::Facts;
use crate::plan::survey::survey;
use crate::plan::{Adoption, Blocker, Preflight};
use crate::providers::{Provider, RemoteObject, ResourceNames};
use crate::secrets::Secret;

/// What comes of a phase: where the run came to rest, or why it stopped on the way.
pub(crate) type PhaseResult = Result<RunOutcome, Interruption>;

/// What becomes of a run whose work cannot be done.
enum FailureAction {
    Undo(Cause),
    Leave(Cause),
}

impl Run {
    // The phases call each other in a row, so each is boxed: together they would not fit a thread's stack.

    /// Takes `deployment` from where it is to where it comes to rest.
    pub async fn carry_on(mut self, deployment: AnyDeployment) -> RunOutcome {
        let run = deployment.run().clone();
        let ended = match Box::pin(self.walk(deployment)).await {
            Ok(ended) => ended,
            Err(stop) => self.park(run, stop).await,
        };
        self.context.journal.close().await;
        ended
    }

    async fn walk(&mut self, deployment: AnyDeployment) -> PhaseResult {
        self.context.tell(&Event::Entered(deployment.name()));
        let run = deployment.run().clone();
        match deployment {
            AnyDeployment::Pending(d) => Box::pin(self.pending(d)).await,
            AnyDeployment::Validating(d) => Box::pin(self.validating(d)).await,
            AnyDeployment::Provisioning(d) => Box::pin(self.provisioning(d)).await,
            AnyDeployment::Deploying(d) => Box::pin(self.deploying(d)).await,
            AnyDeployment::Verifying(d) => Box::pin(self.verifying(d)).await,
            AnyDeployment::Complete(d) => {
                Ok(RunOutcome::Complete { run, endpoints: d.phase().plan.endpoints.clone() })
            }
            AnyDeployment::RollingBack(d) => Box::pin(self.rolling_back(d)).await,
            AnyDeployment::RolledBack(d) => {
                Ok(RunOutcome::RolledBack { run, cause: d.phase().cause.clone() })
            }
            AnyDeployment::Failed(d) => Ok(RunOutcome::Failed {
                run,
                cause: d.phase().cause.clone(),
                standing: d.ledger().standing(),
            }),
            AnyDeployment::Surveying(d) => Box::pin(self.surveying(d)).await,
            AnyDeployment::Destroying(d) => Box::pin(self.destroying(d)).await,
            AnyDeployment::Destroyed(d) => Ok(RunOutcome::Destroyed { run, cause: d.phase().cause.clone() }),
            AnyDeployment::DestroyFailed(d) => Ok(RunOutcome::Failed {
                run,
                cause: d.phase().cause.clone(),
                standing: d.ledger().standing(),
            }),
        }
    }

    // Parking is at most one write, and one that may fail: the journal says where the run is without it. What is over
    // is not parked.
    pub(super) async fn park(&mut self, run: machine::id::RunId, stop: Interruption) -> RunOutcome {
        let parks = transition(self.context.journal.phase(), stop.event()) == Transition::Park;
        if let (Interruption::Parked { reason, .. }, true) = (&stop, parks) {
            let reason = self.context.redactor.redact_own(reason);
            let _ = self.context.journal.append(&JournalEntry::Parked { reason }).await;
        }
        RunOutcome::Parked { run, stop }
    }

    async fn pending(&mut self, deployment: Deployment<Pending>) -> PhaseResult {
        self.context.safe_point()?;
        let deployment = deployment.validate().commit(&mut self.context.journal).await?;
        Box::pin(self.validating(deployment)).await
    }

    async fn validating(&mut self, deployment: Deployment<Validating>) -> PhaseResult {
        let plan = match Box::pin(self.draw(&deployment)).await {
            Ok(plan) => plan,
            Err(blocker) => {
                // A look that was called off has found nothing wrong.
                self.context.safe_point()?;
                return self.refuse(deployment, blocker).await;
            }
        };
        self.context.safe_point()?;
        if let Err(blocker) = self.keep_generated() {
            return self.refuse(deployment, blocker).await;
        }
        let deployment = deployment.provision(plan).commit(&mut self.context.journal).await?;
        Box::pin(self.provisioning(deployment)).await
    }

    async fn refuse(&mut self, deployment: Deployment<Validating>, blocker: Blocker) -> PhaseResult {
        let cause = refused(self.context.redactor.redact_own(&blocker.to_string()), blocker.hint);
        let run = deployment.header().run.clone();
        deployment.refuse(cause.clone()).commit(&mut self.context.journal).await?;
        Ok(RunOutcome::Refused { run, cause })
    }

    async fn draw(&self, deployment: &Deployment<Validating>) -> Result<Plan, Blocker> {
        let facts = self.facts().await?;
        let surroundings = survey(&self.clients, &self.resolved.spec, self.base.as_deref(), &facts).await?;
        for warning in &surroundings.warnings {
            self.context.tell(&Event::Warned(warning.clone()));
        }
        let begun = deployment.header();
        if begun.target.team != surroundings.place.team {
            let (now, then) = (&surroundings.place.team, &begun.target.team);
            return Err(Blocker::new(
                format!("COOLIFY_API_TOKEN belongs to team {now}, the run was begun for team {then}"),
                format!("set COOLIFY_API_TOKEN to one of team {then}"),
            ));
        }
        let drawing = Planner {
            resolved: &self.resolved,
            run: &begun.run,
            store: &self.context.store,
            surroundings: &surroundings,
            base: self.base.as_deref(),
            key: &self.key,
            force: self.force,
        };
        let DrawnPlan { plan, observed } = drawing.whole(&self.clients).await?;
        self.agree_to_take_over(&plan)?;
        observed.notes().into_iter().for_each(|note| self.context.tell(&Event::Warned(note)));
        Ok(plan)
    }

    // A run that is resumed has not passed preflight in this process.
    async fn facts(&self) -> Result<Facts, Blocker> {
        if let Some(facts) = &self.facts {
            return Ok(facts.clone());
        }
        let found = Preflight::of(&self.clients.coolify).await.facts();
        found.map_err(|mut blockers| blockers.swap_remove(0))
    }

    fn agree_to_take_over(&self, plan: &Plan) -> Result<(), Blocker> {
        let adoption = Adoption::of(plan, self.base.as_deref());
        for warning in adoption.warnings(&self.resolved.spec) {
            self.context.tell(&Event::Warned(warning));
        }
        match adoption.question() {
            Some(question) if !(self.confirm)(&question) => {
                Err(Blocker::new("taking over somebody else's app was cancelled", "pass `--yes` to agree"))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn keep_generated(&self) -> Result<(), Blocker> {
        let made_up = self.resolved.envs.iter().filter(|env| env.is_generated());
        let values: Vec<(&str, &Secret)> =
            made_up.filter_map(|env| Some((env.key.as_str(), env.value()?))).collect();
        if values.is_empty() {
            return Ok(());
        }
        (self.keep)(&values).map_err(|error| {
            let names: Vec<&str> = values.iter().map(|(name, _)| *name).collect();
            let message = format!("generated secrets ({}) could not be kept: {error}", names.join(", "));
            Blocker::new(message, error.hint())
        })
    }

    async fn provisioning(&mut self, mut deployment: Deployment<Provisioning>) -> PhaseResult {
        self.context.tell(&Event::Entered(deployment.name()));
        match Box::pin(self.records(&mut deployment)).await {
            Ok(()) => {
                let deployment = deployment.deploy()?.commit(&mut self.context.journal).await?;
                Box::pin(self.deploying(deployment)).await
            }
            Err(halt) => match self.scope(halt)? {
                FailureAction::Undo(cause) => Box::pin(self.turn_back(deployment.roll_back(cause))).await,
                FailureAction::Leave(cause) => self.leave(deployment.leave_standing(cause)).await,
            },
        }
    }

    async fn deploying(&mut self, mut deployment: Deployment<Deploying>) -> PhaseResult {
        self.context.tell(&Event::Entered(deployment.name()));
        match Box::pin(self.app(&mut deployment)).await {
            Ok(()) => {
                let deployment = deployment.verify()?.commit(&mut self.context.journal).await?;
                Box::pin(self.verifying(deployment)).await
            }
            Err(halt) => match self.scope(halt)? {
                FailureAction::Undo(cause) => Box::pin(self.turn_back(deployment.roll_back(cause))).await,
                FailureAction::Leave(cause) => self.leave(deployment.leave_standing(cause)).await,
            },
        }
    }

    async fn verifying(&mut self, mut deployment: Deployment<Verifying>) -> PhaseResult {
        self.context.tell(&Event::Entered(deployment.name()));
        match Box::pin(self.prove(&mut deployment)).await {
            Ok(verification) => {
                let deployment = deployment.complete(verification)?.commit(&mut self.context.journal).await?;
                let endpoints = deployment.phase().plan.endpoints.clone();
                Ok(RunOutcome::Complete { run: deployment.header().run.clone(), endpoints })
            }
            Err(halt) => match self.scope(halt)? {
                FailureAction::Undo(cause) => Box::pin(self.turn_back(deployment.roll_back(cause))).await,
                FailureAction::Leave(cause) => self.leave(deployment.leave_standing(cause)).await,
            },
        }
    }

    // What a failure leads to in this phase is the chart's to say, the spec and the person say which failure it is.
    fn scope(&self, halt: PhaseError) -> Result<FailureAction, Interruption> {
        let cause = match halt {
            PhaseError::Interruption(stop) => return Err(stop),
            PhaseError::Fail(cause) => self.redacted(cause),
        };
        let event = match self.on_failure {
            OnFailure::Undo => ExternalEvent::Fail,
            OnFailure::Leave => ExternalEvent::FailStanding,
            OnFailure::Park => ExternalEvent::FailParked,
        };
        match transition(self.context.journal.phase(), event) {
            Transition::To(PhaseKind::RollingBack) => Ok(FailureAction::Undo(cause)),
            Transition::To(PhaseKind::Failed) => Ok(FailureAction::Leave(cause)),
            Transition::To(_) | Transition::Park | Transition::Note | Transition::Refused => {
                let reason = format!("{} (the spec says `rollback: manual`)", cause.message);
                let hint = "roll back, or fix it and resume".to_owned();
                Err(Interruption::Parked { event, reason, hint })
            }
        }
    }

    async fn leave(
        &mut self,
        unwritten: machine::uncommitted::Uncommitted<machine::phase::Failed>,
    ) -> PhaseResult {
        let deployment = unwritten.commit(&mut self.context.journal).await?;
        Ok(RunOutcome::Failed {
            run: deployment.header().run.clone(),
            cause: deployment.phase().cause.clone(),
            standing: deployment.ledger().standing(),
        })
    }

    async fn records(&mut self, deployment: &mut Deployment<Provisioning>) -> Result<(), PhaseError> {
        self.clear_late(deployment).await?;
        let plan = deployment.plan().clone();
        for (nth, record) in plan.replaced() {
            self.drop_record(deployment, (nth, record), "makes room for one of another type").await?;
        }
        for (nth, record) in plan.wanted() {
            let began = self.context.time();
            let records = self.clients.records(record, Step::Dns(nth));
            let receipt = self.ensure(deployment, &records, &record.desired).await?;
            let field = |name: &str| record.desired.attributes.get(name).map_or("", String::as_str);
            let name = self.resolved.spec.as_written(&record.name);
            let what = format!("{} {name} → {}", field("type"), field("content"));
            self.done("dns", what, came(&receipt), began);
        }
        Ok(())
    }

    async fn app(&mut self, deployment: &mut Deployment<Deploying>) -> Result<(), PhaseError> {
        let began = self.context.time();
        let plan = deployment.plan().clone();
        let names = ResourceNames::of(&plan);
        let projects = self.clients.projects(&plan.target, &names);
        let project = self.project(deployment, &projects, &plan).await?;
        let environments = self.clients.environments(&plan.target, &names, &project.id);
        self.ensure(deployment, &environments, &plan.environment).await?;
        let compose = labelled(&self.resolved.artifact.compose, &plan.app.attributes);
        let apps = self.clients.app(&plan.target, &names, &project.id, &plan.app.attributes, &compose);
        let look = self.silence(deployment, &plan).await?;
        let app = self.ensure(deployment, apps.as_ref(), &plan.app).await?;
        self.wake(deployment, &plan, apps.as_ref(), look).await?;
        self.volumes(deployment, &plan, &app).await?;
        self.envs(deployment, &plan, &app).await?;
        self.tell_of_data_left(&plan, &app.id, &plan.left_volumes);
        let what = format!("{} · {}", projects.describe(), apps.describe());
        self.done("coolify", what.replace('`', ""), came_with_all(deployment, &app), began);
        self.start(deployment, &plan, &app).await
    }

    // Project names are not unique, so two apps that want the same new one take turns.
    async fn project(
        &mut self,
        deployment: &mut Deployment<Deploying>,
        projects: &dyn Provider,
        plan: &Plan,
    ) -> Result<Receipt, PhaseError> {
        if plan.project.action != Action::Create {
            return self.ensure(deployment, projects, &plan.project).await;
        }
        let app = &deployment.header().app;
        let turn = self.context.lock_shared_name(&format!("project/{}/{}", app.target, app.project)).await?;
        let project = self.ensure(deployment, projects, &plan.project).await;
        self.context.store.release(turn).await?;
        project
    }

    /// Gets the resource as wished, whatever that takes; a resource that is had already is not touched again.
    pub(super) async fn ensure<P: EffectfulPhase>(
        &mut self,
        deployment: &mut Deployment<P>,
        provider: &dyn Provider,
        desired: &DesiredResource,
    ) -> Result<Receipt, PhaseError> {
        let step = provider.step();
        if let Some(receipt) = deployment.ledger().receipt(step) {
            return Ok(receipt.clone());
        }
        match &desired.action {
            Action::Create => self.context.create(deployment, provider, &desired.attributes).await,
            Action::NoOp { id, tag } => {
                let object = RemoteObject::as_asked(id, &desired.attributes, tag.as_ref());
                self.context
                    .ensure(deployment, (step, Origin::Existing), object, ResolvedBy::Observation)
                    .await
            }
            Action::Update { id, before, tag } => {
                let what = provider.describe();
                let change = IdempotentUpdate { step, id, tag: tag.clone(), before, what };
                let call = provider.update_request(id, &desired.attributes);
                self.context.converge(deployment, &change, &call).await
            }
            Action::Delete { id, before, tag } => {
                let dropped = Dropped { id, before, tag };
                self.context.drop(deployment, provider, &dropped).await
            }
        }
    }

    async fn start(
        &mut self,
        deployment: &mut Deployment<Deploying>,
        plan: &Plan,
        app: &Receipt,
    ) -> Result<(), PhaseError> {
        if !plan.starts_app() || deployment.ledger().receipt(Step::Deploy).is_some() {
            return Ok(());
        }
        let coolify = self.clients.coolify.clone();
        self.context.start(deployment, &coolify, app).await
    }

    pub(super) fn done(&self, step: &'static str, what: String, came: Change, began: Duration) {
        let took = self.context.since(began);
        self.context.tell(&Event::Done { step, what, change: came, took });
    }
}

// An app that was found is updated as soon as its parts, volumes or variables are.
fn came_with_all(deployment: &Deployment<Deploying>, app: &Receipt) -> Change {
    let changed = |step: Step| deployment.ledger().newest_attempt(step).is_some();
    match came(app) {
        Change::Found if [Step::Parts, Step::Volumes, Step::Envs].into_iter().any(changed) => Change::Updated,
        as_it_came => as_it_came,
    }
}

pub(super) fn came(receipt: &Receipt) -> Change {
    match receipt.origin {
        Origin::Created => Change::Created,
        Origin::Updated { .. } => Change::Updated,
        Origin::Existing => Change::Found,
        Origin::Orphaned | Origin::Deleted { .. } => Change::Removed,
    }
}
