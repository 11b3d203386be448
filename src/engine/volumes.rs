//! The volumes of an application, which are rows of their own at Coolify.
//!
//! A service names its volumes in its text, so this is for applications alone. A row carries no ownership tag, and one that is
//! added twice is there twice, which no container starts with. So a request without a clear answer is never repeated
//! before its settle window is over and the rows were listed again. Only rows that a release of the app names are ever
//! added or taken away; taking one away leaves the data on the server.

use machine::deployment::Deployment;
use machine::effect::{EffectOutcome, RequestSemantics, ResolvedBy};
use machine::phase::{Deploying, RollingBack, UndoingPhase};
use machine::plan::{Action, Plan};
use machine::receipt::{Attributes, Receipt};
use machine::step::Step;

use super::Run;
use super::context::{RunContext, TRIES};
use super::converge::IdempotentUpdate;
use super::delete::Undoing;
use super::event::Event;
use super::phase_error::{Interruption, PhaseError};
use super::waits::Wait;
use crate::plan::Release;
use crate::plan::artifact::Artifact;
use crate::plan::compose::sent;
use crate::providers::ResourceNames;
use crate::providers::coolify::resource::is_application;
use crate::providers::coolify::storages::{Goal, Mount, VOLUMES, at_docker, spelled};
use crate::providers::outcome::WriteOutcome;
use crate::providers::request::{COOLIFY, STALENESS};

impl Run {
    /// Brings the volumes of an application to what the plan says.
    ///
    /// # Errors
    /// [`PhaseError::Fail`] when one is refused, [`PhaseError::Interruption`] when it cannot be told.
    pub(super) async fn volumes(
        &mut self,
        deployment: &mut Deployment<Deploying>,
        plan: &Plan,
        app: &Receipt,
    ) -> Result<(), PhaseError> {
        let had = match &plan.app.action {
            Action::Update { before, .. } => before,
            Action::Create => &plan.app.attributes,
            Action::NoOp { .. } | Action::Delete { .. } => return Ok(()),
        };
        let goal = Goal::from(had, &plan.app.attributes);
        let started = deployment.ledger().receipt(Step::Deploy).is_some();
        if started || !is_application(&plan.app.attributes) || goal.is_nothing() {
            return Ok(());
        }
        let (id, tag) = (app.id.as_str(), app.tag.clone());
        let before = Attributes::from([(VOLUMES.to_owned(), had.get(VOLUMES).cloned().unwrap_or_default())]);
        let what = format!("the volumes of `{}`", deployment.header().app.name);
        let change = IdempotentUpdate { step: Step::Volumes, id, tag, before: &before, what };
        while self.mount(deployment, &change, &goal).await? == Sent::Unclear {}
        Ok(())
    }

    // One look at the rows, and what they lack and have too much, up to the first answer that is not clear.
    async fn mount(
        &mut self,
        deployment: &mut Deployment<Deploying>,
        change: &IdempotentUpdate<'_>,
        goal: &Goal,
    ) -> Result<Sent, PhaseError> {
        let coolify = self.clients.coolify.clone();
        self.context.still_trying(deployment, Step::Volumes, "no clear answer")?;
        self.context.outlast(deployment, Step::Volumes).await?;
        let rows = coolify.storages(change.id).await?;
        let mut doubts = deployment.ledger().doubts().iter().rev();
        if let Some(doubt) = doubts.find(|doubt| doubt.step == Step::Volumes).cloned() {
            let landed = goal.took_effect(&rows, change.id, &doubt);
            let outcome = if landed {
                EffectOutcome::Applied(change.state(&doubt.request.attributes))
            } else {
                EffectOutcome::NotApplied
            };
            self.context.settle(deployment, Step::Volumes, ResolvedBy::Reconciliation, outcome).await?;
        }
        for call in goal.calls(&coolify, change.id, &rows) {
            self.context.safe_point()?;
            let kind =
                if call.deletes() { RequestSemantics::Idempotent } else { RequestSemantics::NonIdempotent };
            self.context.intend(deployment, kind, change, &call).await?;
            let outcome = match self.context.send(call.clone()).await? {
                WriteOutcome::Done(_) => EffectOutcome::Applied(change.state(&call.redacted.attributes)),
                WriteOutcome::Missing(_) if call.deletes() => {
                    EffectOutcome::Applied(change.state(&call.redacted.attributes))
                }
                WriteOutcome::NotSent(reason, pause) => {
                    self.context
                        .settle(deployment, Step::Volumes, ResolvedBy::Response, EffectOutcome::NotApplied)
                        .await?;
                    self.context.wait(Wait::Told, Step::Volumes, &reason, pause).await?;
                    return Ok(Sent::Unclear);
                }
                WriteOutcome::Conflict(saw) | WriteOutcome::Ambiguous(saw) => {
                    self.context.tell(&Event::Doubted { step: Step::Volumes.as_str(), saw });
                    return Ok(Sent::Unclear);
                }
                WriteOutcome::TokenRefused(reason) => {
                    self.context
                        .settle(deployment, Step::Volumes, ResolvedBy::Response, EffectOutcome::NotApplied)
                        .await?;
                    let reason = format!("{} were not changed, the token was refused: {reason}", change.what);
                    return Err(Interruption::token_refused(reason).into());
                }
                WriteOutcome::Refused(reason)
                | WriteOutcome::Partial(reason)
                | WriteOutcome::Missing(reason) => {
                    let outcome = EffectOutcome::Rejected { reason: reason.clone() };
                    self.context.settle(deployment, Step::Volumes, ResolvedBy::Response, outcome).await?;
                    return Err(PhaseError::Fail(change.refused(&reason)));
                }
            };
            self.context.settle(deployment, Step::Volumes, ResolvedBy::Response, outcome).await?;
        }
        Ok(Sent::Clearly)
    }

    /// Says which volumes of the app `id` are mounted by nobody from now on.
    pub(super) fn tell_of_data_left(&self, plan: &Plan, id: &str, names: &[String]) {
        if !names.is_empty() {
            let (server, left) = (&plan.target.server_name, known_to_docker(plan, id, names).join(", "));
            let text = format!("volumes no longer mounted, kept on server {server}: {left}");
            self.context.tell(&Event::Warned(text));
        }
    }

    /// The volumes of this run that the release before, which is put back, does not mount.
    pub(super) fn tell_of_data_undone(&self, plan: &Plan, id: &str, base: &Release) {
        let mounted = base.volumes();
        let added = self.resolved.artifact.volumes.iter().filter(|name| !mounted.contains(name));
        self.tell_of_data_left(plan, id, &added.cloned().collect::<Vec<_>>());
    }

    /// The names that Docker knows the volumes of the app `id` by, those that no release mounts any more too.
    pub(super) fn volumes_of(&self, plan: &Plan, id: &str) -> Vec<String> {
        let mounted = if is_application(&plan.app.attributes) {
            Mount::all(&plan.app.attributes).into_iter().map(|mount| mount.name).collect()
        } else {
            self.resolved.artifact.volumes.clone()
        };
        known_to_docker(plan, id, &[mounted, plan.left_volumes.clone()].concat())
    }

    /// Has Coolify know the volumes again that no release mounts any more: it deletes only those that it knows.
    ///
    /// # Errors
    /// [`Interruption`] when it cannot be told now.
    pub(super) async fn mount_what_is_left<P: UndoingPhase>(
        &mut self,
        deployment: &mut Deployment<P>,
        receipt: &Receipt,
    ) -> Result<Undoing, Interruption> {
        let plan = deployment.plan().clone();
        if plan.left_volumes.is_empty() {
            return Ok(Undoing::Done);
        }
        if is_application(&plan.app.attributes) {
            let fields = Attributes::from([(VOLUMES.to_owned(), spelled(&aside(&plan.left_volumes)))]);
            return self.bring_rows_to(deployment, receipt, &Goal::from(&Attributes::new(), &fields)).await;
        }
        let Artifact { compose, main, .. } = &self.resolved.artifact;
        let mounts: Vec<(String, String)> =
            aside(&plan.left_volumes).into_iter().map(|mount| (mount.name, mount.path)).collect();
        let (names, text) = (ResourceNames::of(&plan), sent::mounting(compose, main, &mounts));
        let project = super::undo::project(deployment);
        let apps = self.clients.app(&plan.target, &names, &project, &plan.app.attributes, &text);
        self.retry_until_resolved(
            deployment,
            receipt,
            &apps.update_request(&receipt.id, &plan.app.attributes),
        )
        .await
    }

    /// Brings the volumes back to what `base` had, if this run ever changed them.
    ///
    /// # Errors
    /// [`Interruption`] when it cannot be told now.
    pub(super) async fn put_volumes_back(
        &mut self,
        deployment: &mut Deployment<RollingBack>,
        plan: &Plan,
        receipt: &Receipt,
        base: &Release,
    ) -> Result<Undoing, Interruption> {
        if deployment.ledger().newest_attempt(Step::Volumes).is_none() {
            return Ok(Undoing::Done);
        }
        let goal = Goal::from(&plan.app.attributes, &base.plan().app.attributes);
        // What was sent last, forward or back, is listed by then.
        self.context.pause(Wait::SecondLook, STALENESS).await?;
        self.bring_rows_to(deployment, receipt, &goal).await
    }

    async fn bring_rows_to<P: UndoingPhase>(
        &mut self,
        deployment: &mut Deployment<P>,
        receipt: &Receipt,
        goal: &Goal,
    ) -> Result<Undoing, Interruption> {
        let (coolify, began) = (self.clients.coolify.clone(), self.context.time());
        'look: while self.context.since(began) < TRIES {
            for call in goal.calls(&coolify, &receipt.id, &coolify.storages(&receipt.id).await?) {
                self.context.safe_point()?;
                let (why, pause) = match self.context.undo(deployment, receipt, call.clone()).await? {
                    WriteOutcome::Done(_) => continue,
                    WriteOutcome::Missing(_) if call.deletes() => continue,
                    WriteOutcome::NotSent(_, pause) => (Wait::Told, pause),
                    WriteOutcome::Conflict(_) | WriteOutcome::Ambiguous(_) => {
                        (Wait::LateEffect, COOLIFY.settle + STALENESS)
                    }
                    WriteOutcome::Missing(reason)
                    | WriteOutcome::Refused(reason)
                    | WriteOutcome::Partial(reason) => {
                        return Ok(Undoing::Blocked(format!("a volume was refused: {reason}")));
                    }
                    WriteOutcome::TokenRefused(reason) => {
                        let reason = format!("the token was refused: {reason}");
                        return Err(Interruption::token_refused(reason));
                    }
                };
                self.context.wait(why, receipt.step, "the volumes to be listed", pause).await?;
                continue 'look;
            }
            return Ok(Undoing::Done);
        }
        Ok(Undoing::Blocked("its volumes got no clear answer in 10 minutes".to_owned()))
    }
}

fn known_to_docker(plan: &Plan, id: &str, names: &[String]) -> Vec<String> {
    names.iter().map(|name| at_docker(&plan.app.attributes, id, name)).collect()
}

// Where nothing else is mounted: the app is not started any more.
fn aside(names: &[String]) -> Vec<Mount> {
    let mount = |name: &String| Mount { name: name.clone(), path: format!("/fabrik-left/{name}") };
    names.iter().map(mount).collect()
}

/// How the requests of one look were answered.
#[derive(PartialEq, Eq)]
enum Sent {
    Clearly,
    Unclear,
}

impl RunContext {
    // Waits until all that was ever sent for `step` has taken effect or never will, and is listed.
    async fn outlast<P>(&self, deployment: &Deployment<P>, step: Step) -> Result<(), Interruption> {
        let (now, ledger) = (self.journal.now(), deployment.ledger());
        let unclear = ledger.unanswered_at(step).map(|attempt| attempt.unsettled_for(&now)).max();
        if let Some(left) = unclear.filter(|left| !left.is_zero()) {
            let what = "making sure no earlier request is still pending";
            return self.wait(Wait::LateEffect, step, what, left + STALENESS).await;
        }
        let newest = ledger.newest_attempt(step).map(|newest| newest.attempt.sent.until(&now));
        match newest.map(|since| STALENESS.saturating_sub(since)).filter(|left| !left.is_zero()) {
            Some(left) => self.pause(Wait::SecondLook, left).await,
            None => Ok(()),
        }
    }
}
