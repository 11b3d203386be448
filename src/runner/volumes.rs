//! The volumes of an application, which are rows of their own at Coolify.
//!
//! A service names its volumes in its text, so this is for applications alone. A row carries no mark, and one that is
//! added twice is there twice, which no container starts with. So a request without a clear answer is never repeated
//! before its settle window is over and the rows were listed again. Only rows that a release of the app names are ever
//! added or taken away; taking one away leaves the data on the server.

use std::time::Duration;

use machine::deployment::Deployment;
use machine::effect::{By, Intended, Kind, Verdict};
use machine::phase::{Deploying, RollingBack};
use machine::plan::{Action, Plan};
use machine::receipt::{Fields, Receipt};
use machine::step::Step;

use super::Runner;
use super::converge::Change;
use super::event::Event;
use super::halt::{Halt, Stop};
use super::unmake::Undoing;
use super::work::{TRIES, Work};
use crate::plan::Release;
use crate::providers::answer::Answer;
use crate::providers::call::{COOLIFY, STALENESS};
use crate::providers::coolify::resource::is_application;
use crate::providers::coolify::storages::{Goal, Mount, VOLUMES};

impl Runner {
    /// Brings the volumes of an application to what the plan says.
    ///
    /// # Errors
    /// [`Halt::Fail`] when one is refused, [`Halt::Stop`] when it cannot be told.
    pub(super) async fn volumes(
        &mut self,
        deployment: &mut Deployment<Deploying>,
        plan: &Plan,
        app: &Receipt,
    ) -> Result<(), Halt> {
        let had = match &plan.app.action {
            Action::Change { before, .. } => before,
            Action::Create => &plan.app.fields,
            Action::Keep { .. } | Action::Drop { .. } => return Ok(()),
        };
        let goal = Goal::from(had, &plan.app.fields);
        let started = deployment.ledger().receipt(Step::Deploy).is_some();
        if started || !is_application(&plan.app.fields) || goal.is_nothing() {
            return Ok(());
        }
        let (id, mark) = (app.id.as_str(), app.mark.clone());
        let before = Fields::from([(VOLUMES.to_owned(), had.get(VOLUMES).cloned().unwrap_or_default())]);
        let what = format!("the volumes of `{}`", deployment.begun().app.name);
        let change = Change { step: Step::Volumes, id, mark, before: &before, what };
        while self.mount(deployment, &change, &goal).await? == Sent::Unclear {}
        self.tell_of_data_left(plan, &app.id, &goal);
        Ok(())
    }

    // One look at the rows, and what they lack and have too much, up to the first answer that is not clear.
    async fn mount(
        &mut self,
        deployment: &mut Deployment<Deploying>,
        change: &Change<'_>,
        goal: &Goal,
    ) -> Result<Sent, Halt> {
        let coolify = self.vendors.coolify.clone();
        self.work.still_trying(deployment, Step::Volumes, "no clear answer")?;
        self.work.outlast(deployment, Step::Volumes).await?;
        let rows = coolify.storages(change.id).await?;
        let mut doubts = deployment.ledger().doubts().iter().rev();
        if let Some(doubt) = doubts.find(|doubt| doubt.step == Step::Volumes).cloned() {
            let landed = goal.landed(&rows, change.id, &doubt);
            let verdict =
                if landed { Verdict::Have(change.receipt(&doubt.request.fields)) } else { Verdict::Absent };
            self.work.settle(deployment, Step::Volumes, By::Inquiry, verdict).await?;
        }
        for call in goal.calls(&coolify, change.id, &rows) {
            self.work.safe_point()?;
            let kind = if call.deletes() { Kind::Converge } else { Kind::Create };
            self.work.intend(deployment, kind, change, &call).await?;
            let verdict = match self.work.send(call.clone()).await? {
                Answer::Done(_) => Verdict::Have(change.receipt(&call.redacted.fields)),
                Answer::Missing(_) if call.deletes() => Verdict::Have(change.receipt(&call.redacted.fields)),
                Answer::NotDone(reason, pause) => {
                    self.work.settle(deployment, Step::Volumes, By::Answer, Verdict::Absent).await?;
                    self.work.wait(Step::Volumes, &reason, pause).await?;
                    return Ok(Sent::Unclear);
                }
                Answer::Taken(saw) | Answer::Doubt(saw) => {
                    self.work.tell(&Event::Doubted { step: Step::Volumes.as_str(), saw });
                    return Ok(Sent::Unclear);
                }
                Answer::TokenRefused(reason) => {
                    self.work.settle(deployment, Step::Volumes, By::Answer, Verdict::Absent).await?;
                    let reason = format!("{} were not changed, the token was refused: {reason}", change.what);
                    return Err(Stop::park(reason, "check the token, then resume").into());
                }
                Answer::Refused(reason) | Answer::Partial(reason) | Answer::Missing(reason) => {
                    let verdict = Verdict::Refused { reason: reason.clone() };
                    self.work.settle(deployment, Step::Volumes, By::Answer, verdict).await?;
                    return Err(Halt::Fail(change.refused(&reason)));
                }
            };
            self.work.settle(deployment, Step::Volumes, By::Answer, verdict).await?;
        }
        Ok(Sent::Clearly)
    }

    fn tell_of_data_left(&self, plan: &Plan, id: &str, goal: &Goal) {
        let left: Vec<String> = goal.left().map(|mount| mount.at_docker(id)).collect();
        if !left.is_empty() {
            let (server, left) = (&plan.place.server_name, left.join(", "));
            let text = format!("volumes no longer mounted, kept on server {server}: {left}");
            self.work.tell(&Event::Warned(text));
        }
    }

    /// The names that Docker knows the volumes of the app `id` by, whatever it is filed as.
    pub(super) fn volumes_of(&self, plan: &Plan, id: &str) -> Vec<String> {
        if is_application(&plan.app.fields) {
            return Mount::all(&plan.app.fields).iter().map(|mount| mount.at_docker(id)).collect();
        }
        self.ask.matter.volumes.iter().map(|name| format!("{id}_{name}")).collect()
    }

    /// Brings the volumes back to what `base` had, if this run ever changed them.
    ///
    /// # Errors
    /// [`Stop`] when it cannot be told now.
    pub(super) async fn put_volumes_back(
        &mut self,
        deployment: &mut Deployment<RollingBack>,
        plan: &Plan,
        receipt: &Receipt,
        base: &Release,
    ) -> Result<Undoing, Stop> {
        if deployment.ledger().newest_attempt(Step::Volumes).is_none() {
            return Ok(Undoing::Done);
        }
        let (coolify, began) = (self.vendors.coolify.clone(), self.work.time());
        let goal = Goal::from(&plan.app.fields, &base.plan().app.fields);
        // What the way forward sent last is listed by then.
        self.work.pause(STALENESS).await?;
        'look: while self.work.since(began) < TRIES {
            for call in goal.calls(&coolify, &receipt.id, &coolify.storages(&receipt.id).await?) {
                self.work.safe_point()?;
                let pause = match self.work.undo(deployment, receipt, call.clone()).await? {
                    Answer::Done(_) => continue,
                    Answer::Missing(_) if call.deletes() => continue,
                    Answer::NotDone(_, pause) => pause,
                    Answer::Taken(_) | Answer::Doubt(_) => COOLIFY.settle + STALENESS,
                    Answer::Missing(reason) | Answer::Refused(reason) | Answer::Partial(reason) => {
                        return Ok(Undoing::Blocked(format!("a volume was refused: {reason}")));
                    }
                    Answer::TokenRefused(reason) => {
                        let reason = format!("the token was refused: {reason}");
                        return Err(Stop::park(reason, "check it, then resume"));
                    }
                };
                self.work.wait(receipt.step, "the volumes to be listed", pause).await?;
                continue 'look;
            }
            self.tell_of_data_left(plan, &receipt.id, &goal);
            return Ok(Undoing::Done);
        }
        Ok(Undoing::Blocked("its volumes got no clear answer in 10 minutes".to_owned()))
    }
}

/// How the requests of one look were answered.
#[derive(PartialEq, Eq)]
enum Sent {
    Clearly,
    Unclear,
}

impl Work {
    // Waits until all that was ever sent for `step` has taken effect or never will, and is listed.
    async fn outlast<P>(&self, deployment: &Deployment<P>, step: Step) -> Result<(), Stop> {
        let now = self.journal.now();
        let newest = deployment.ledger().newest_attempt(step).map(|it: &Intended| &it.attempt);
        match newest.map(|attempt| attempt.unsettled_for(&now)) {
            None => Ok(()),
            Some(left) if left > Duration::ZERO => {
                self.wait(step, "late effects of earlier requests", left + STALENESS).await
            }
            Some(_) => self.pause(STALENESS).await,
        }
    }
}
