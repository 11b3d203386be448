//! The way back: settle every doubt, then delete and restore, newest first.

use std::time::Duration;

use machine::deployment::Deployment;
use machine::effect::{Effect, EffectOutcome, Intended, RequestSemantics, ResolvedBy};
use machine::ledger::Outstanding;
use machine::phase::{EffectfulPhase, RollingBack, UndoingPhase, VolumePolicy};
use machine::plan::{Action, DesiredResource, Plan};
use machine::receipt::{Attributes, Origin, Receipt, ResourceState};
use machine::step::Step;
use machine::uncommitted::Uncommitted;

use super::delete::Undoing;
use super::event::{Change, Event};
use super::forward::PhaseResult;
use super::phase_error::{Interruption, PhaseError};
use super::{Run, RunOutcome};
use crate::providers::{Provider, ResourceNames};

impl Run {
    /// Writes that the run turns back, and undoes it.
    ///
    /// # Errors
    /// [`Interruption`].
    pub async fn turn_back(&mut self, unwritten: Uncommitted<RollingBack>) -> PhaseResult {
        let deployment = unwritten.commit(&mut self.context.journal).await?;
        self.context.tell(&Event::TurnedBack(deployment.phase().cause.clone()));
        Box::pin(self.rolling_back(deployment)).await
    }

    /// Undoes what stands, newest first; what cannot be undone is said, and the rest goes on.
    ///
    /// # Errors
    /// [`Interruption`] when it cannot be told now; the run can be resumed.
    pub async fn rolling_back(&mut self, mut deployment: Deployment<RollingBack>) -> PhaseResult {
        self.context.tell(&Event::Entered(deployment.name()));
        Box::pin(self.settle_doubts(&mut deployment)).await?;
        self.take_down(&mut deployment).await?;
        self.context.all_settled(&deployment).await?;
        if self.context.doubted {
            let plan = deployment.plan().clone();
            Box::pin(self.sweep(&mut deployment, &plan)).await.map_err(stopped)?;
            self.take_down(&mut deployment).await?;
        }
        let (run, cause) = (deployment.header().run.clone(), deployment.phase().cause.clone());
        let standing = deployment.ledger().standing();
        match deployment.close() {
            Ok(unwritten) => {
                unwritten.commit(&mut self.context.journal).await?;
                Ok(RunOutcome::RolledBack { run, cause })
            }
            Err(deployment) => {
                deployment.give_up().commit(&mut self.context.journal).await?;
                Ok(RunOutcome::Failed { run, cause, standing })
            }
        }
    }

    async fn take_down(&mut self, deployment: &mut Deployment<RollingBack>) -> Result<(), Interruption> {
        for standing in in_order(deployment.ledger().standing()) {
            self.context.safe_point()?;
            Box::pin(self.undo(deployment, &standing)).await?;
        }
        Ok(())
    }

    async fn settle_doubts(&mut self, deployment: &mut Deployment<RollingBack>) -> Result<(), Interruption> {
        let plan = deployment.plan().clone();
        let names = ResourceNames::of(&plan);
        for doubt in deployment.ledger().doubts().to_vec() {
            let settled = match (doubt.semantics, doubt.step) {
                (RequestSemantics::NonIdempotent, Step::Dns(nth) | Step::Proxy(nth)) => {
                    let Some(record) = plan.record(nth) else { continue };
                    let records = self.clients.records(record, doubt.step);
                    self.context.settle_create(deployment, &records).await
                }
                (RequestSemantics::NonIdempotent, Step::Project) => {
                    let projects = self.clients.projects(&plan.target, &names);
                    self.context.settle_create(deployment, &projects).await
                }
                (RequestSemantics::NonIdempotent, Step::Environment) => {
                    let environments = self.clients.environments(&plan.target, &names, &project(deployment));
                    self.context.settle_create(deployment, &environments).await
                }
                (RequestSemantics::NonIdempotent, Step::Parts | Step::App | Step::Envs | Step::Deploy) => {
                    let fields = &plan.app.attributes;
                    let apps = self.clients.app(&plan.target, &names, &project(deployment), fields, "");
                    self.context.settle_create(deployment, apps.as_ref()).await
                }
                // What becomes of a volume is settled when the rows are put back.
                (RequestSemantics::NonIdempotent, Step::Volumes)
                | (RequestSemantics::Idempotent | RequestSemantics::Trigger, _) => self
                    .assume_changed(deployment, &doubt)
                    .await
                    .map_err(PhaseError::Interruption)
                    .map(|()| None),
            };
            settled.map_err(stopped)?;
        }
        Ok(())
    }

    // Whether a change got through cannot always be told; it is put back either way.
    async fn assume_changed<P: EffectfulPhase>(
        &mut self,
        deployment: &mut Deployment<P>,
        doubt: &Intended,
    ) -> Result<(), Interruption> {
        if deployment.ledger().doubts().iter().all(|open| open.step != doubt.step) {
            return Ok(());
        }
        let (before, id) = (doubt.before.clone(), changed_id(deployment, doubt));
        let action = wish_of(deployment.plan(), doubt.step).map(|desired| &desired.action);
        let (dropped, adopted) = (
            matches!(action, Some(Action::Delete { .. })),
            matches!(action, Some(Action::Update { tag: None, .. } | Action::NoOp { tag: None, .. })),
        );
        let state = ResourceState {
            step: doubt.step,
            origin: if dropped { Origin::Deleted { before } } else { Origin::Updated { before } },
            attributes: self.as_seen(deployment, doubt, &id).await?,
            id,
            tag: (!adopted).then(|| doubt.tag.clone()),
        };
        self.context
            .settle(deployment, doubt.step, ResolvedBy::Reconciliation, EffectOutcome::Applied(state))
            .await
    }

    // A record shows whether the change got through, once it can no longer do so late.
    async fn as_seen<P: EffectfulPhase>(
        &self,
        deployment: &Deployment<P>,
        doubt: &Intended,
        id: &str,
    ) -> Result<Attributes, Interruption> {
        let sent = doubt.request.attributes.clone();
        let (Step::Dns(nth) | Step::Proxy(nth)) = doubt.step else { return Ok(sent) };
        let Some(record) = deployment.plan().record(nth).cloned() else { return Ok(sent) };
        self.context.outlive(doubt.step, std::iter::once(&doubt.attempt)).await?;
        let records = self.clients.records(&record, doubt.step);
        let unchanged = records.get(id).await?.is_some_and(|object| object.agrees_with(&doubt.before));
        Ok(if unchanged { doubt.before.clone() } else { sent })
    }

    async fn undo(
        &mut self,
        deployment: &mut Deployment<RollingBack>,
        standing: &Outstanding,
    ) -> Result<(), Interruption> {
        let (receipt, began) = (&standing.receipt, self.context.time());
        // A late effect of one in doubt would land on top of what is put back.
        self.context.outlive(receipt.step, deployment.ledger().unanswered_on(receipt.step)).await?;
        let undoing = match &receipt.origin {
            Origin::Created | Origin::Orphaned => self.take_away(deployment, receipt).await?,
            Origin::Updated { before } => self.put_back(deployment, receipt, before).await?,
            Origin::Deleted { before } => self.bring_back(deployment, receipt, before).await?,
            Origin::Existing => Undoing::Done,
        };
        self.record_undoing(deployment, receipt, undoing, began).await
    }

    /// Writes what came of undoing a resource, and says so.
    ///
    /// # Errors
    /// [`Interruption`].
    pub(super) async fn record_undoing<P: UndoingPhase>(
        &mut self,
        deployment: &mut Deployment<P>,
        receipt: &Receipt,
        undoing: Undoing,
        began: Duration,
    ) -> Result<(), Interruption> {
        let (resource, id) = (receipt.step, receipt.id.clone());
        let what = format!("{resource} {id}");
        let took = self.context.since(began);
        let (effect, event) = match undoing {
            Undoing::Done => {
                let came = match receipt.origin {
                    Origin::Created | Origin::Orphaned => Change::Removed,
                    Origin::Updated { .. } | Origin::Existing | Origin::Deleted { .. } => Change::Restored,
                };
                let event = Event::Done { step: resource.as_str(), what, change: came, took };
                (Effect::Undone { resource, id }, event)
            }
            Undoing::Kept(reason) => {
                let event = Event::Done {
                    step: resource.as_str(),
                    what: format!("{what}: {reason}"),
                    change: Change::Kept,
                    took,
                };
                (Effect::Retained { resource, id, reason }, event)
            }
            Undoing::Blocked(reason) => {
                let event = Event::Blocked { what, reason: reason.clone() };
                (Effect::UndoBlocked { resource, id, reason }, event)
            }
        };
        self.context.record(deployment, effect).await?;
        self.context.tell(&event);
        Ok(())
    }

    /// Deletes what a run made.
    ///
    /// # Errors
    /// [`Interruption`].
    pub(super) async fn take_away<P: UndoingPhase>(
        &mut self,
        deployment: &mut Deployment<P>,
        receipt: &Receipt,
    ) -> Result<Undoing, Interruption> {
        let plan = deployment.plan().clone();
        let (place, names) = (&plan.target, ResourceNames::of(&plan));
        let clients = self.clients.clone();
        match receipt.step {
            Step::Dns(nth) | Step::Proxy(nth) => {
                let Some(record) = plan.record(nth) else { return Ok(Undoing::Blocked(unplanned(receipt))) };
                let records = clients.records(record, receipt.step);
                self.context.delete(deployment, &records, receipt, VolumePolicy::Retain).await
            }
            // Our own app in it is nobody else: the two go together, or stand together.
            Step::Project | Step::Environment if app_stands(deployment) => {
                Ok(Undoing::Blocked("its app still stands".to_owned()))
            }
            Step::Project => {
                if let Some(others) = clients.coolify.environment_resources(&receipt.id, None).await? {
                    return Ok(Undoing::Kept(others));
                }
                let projects = clients.projects(place, &names);
                self.context.delete(deployment, &projects, receipt, VolumePolicy::Retain).await
            }
            Step::Environment => {
                let project = project(deployment);
                if let Some(others) =
                    clients.coolify.environment_resources(&project, Some(&names.environment)).await?
                {
                    return Ok(Undoing::Kept(others));
                }
                let environments = clients.environments(place, &names, &project);
                self.context.delete(deployment, &environments, receipt, VolumePolicy::Retain).await
            }
            Step::Parts | Step::App | Step::Volumes | Step::Envs | Step::Deploy => {
                let apps = clients.app(place, &names, &project(deployment), &plan.app.attributes, "");
                self.take_app(deployment, apps.as_ref(), receipt).await
            }
        }
    }

    async fn take_app<P: UndoingPhase>(
        &mut self,
        deployment: &mut Deployment<P>,
        apps: &dyn Provider,
        receipt: &Receipt,
    ) -> Result<Undoing, Interruption> {
        let Some(object) = self.context.present(apps, &receipt.id).await? else {
            return Ok(Undoing::Done);
        };
        if let Some(reason) = super::delete::not_ours(apps, receipt, &object) {
            return Ok(Undoing::Blocked(reason));
        }
        let (coolify, server) = (self.clients.coolify.clone(), deployment.plan().target.server.clone());
        match self.context.quiesce(deployment, &coolify, &server, receipt).await? {
            Undoing::Done => {}
            not_quiet => return Ok(not_quiet),
        }
        // What a finished release may have written is never deleted.
        let volumes = deployment.phase().volumes();
        if volumes == VolumePolicy::Delete
            && let Undoing::Blocked(reason) = self.mount_what_is_left(deployment, receipt).await?
        {
            return Ok(Undoing::Blocked(reason));
        }
        let kept = self.volumes_of(deployment.plan(), &receipt.id);
        if volumes == VolumePolicy::Retain && !kept.is_empty() {
            let (server, names) = (&deployment.plan().target.server_name, kept.join(", "));
            let kept = format!("volumes kept on server {server}: {names}; a new app does not find them");
            self.context.tell(&Event::Warned(kept));
        }
        self.context.delete(deployment, apps, receipt, volumes).await
    }
}

/// Newest first; but an app that goes back to an earlier release has to answer at that release's names, so its records go
/// back before it.
fn in_order(mut standing: Vec<Outstanding>) -> Vec<Outstanding> {
    let is_app = |it: &Outstanding| {
        it.receipt.step == Step::App && matches!(it.receipt.origin, Origin::Updated { .. })
    };
    if standing.iter().any(is_app) {
        standing.sort_by_key(|it| !matches!(it.receipt.step, Step::Dns(_)));
    }
    standing
}

/// Whether the app that this run made could not be deleted.
fn app_stands<P>(deployment: &Deployment<P>) -> bool {
    let made = |standing: &Outstanding| {
        standing.receipt.step == Step::App && standing.receipt.origin == Origin::Created
    };
    deployment.ledger().standing().iter().any(made)
}

/// The project's uuid, as far as the run has one.
pub(crate) fn project<P>(deployment: &Deployment<P>) -> String {
    deployment.ledger().receipt(Step::Project).map(|receipt| receipt.id.clone()).unwrap_or_default()
}

// What changes resources in place is only ever sent to an object that is had already, or planned to be kept.
fn changed_id<P: EffectfulPhase>(deployment: &Deployment<P>, doubt: &Intended) -> String {
    let had = deployment.ledger().receipt(doubt.step.resource()).map(|receipt| receipt.id.clone());
    let planned =
        || wish_of(deployment.plan(), doubt.step).and_then(|desired| desired.action.id().map(str::to_owned));
    had.or_else(planned).unwrap_or_default()
}

fn wish_of(plan: &Plan, step: Step) -> Option<&DesiredResource> {
    match step {
        Step::Dns(nth) | Step::Proxy(nth) => plan.record(nth).map(|record| &record.desired),
        Step::Project => Some(&plan.project),
        Step::Environment => Some(&plan.environment),
        Step::Parts | Step::App | Step::Volumes | Step::Envs | Step::Deploy => Some(&plan.app),
    }
}

/// What to say of a resource that the run's plan does not name.
pub(crate) fn unplanned(receipt: &ResourceState) -> String {
    format!("the plan of this run has no {}: a defect in Fabrik; nothing was sent", receipt.step)
}

/// On the way back nothing fails; it can only stop.
pub(crate) fn stopped(halt: PhaseError) -> Interruption {
    match halt {
        PhaseError::Interruption(stop) => stop,
        PhaseError::Fail(cause) => Interruption::park(cause.message, cause.hint),
    }
}
