//! Deleting one resource that an earlier run of the app made and that is no longer wanted.
//!
//! Done only when all else is proven, and so that it can be recreated: what it was is written first. A resource that
//! is not as our runs left it is somebody else's by now, and stays.

use machine::deployment::Deployment;
use machine::effect::{Effect, EffectOutcome, Intended, RequestSemantics, ResolvedBy};
use machine::phase::VolumePolicy;
use machine::phase::{EffectfulPhase, RollingBack};
use machine::receipt::{Attributes, Origin, Receipt, ResourceState};
use machine::tag::OwnershipTag;

use super::context::{RunContext, TRIES};
use super::delete::{Undoing, not_ours};
use super::event::Event;
use super::phase_error::{Interruption, PhaseError};
use super::waits::Wait;
use crate::providers::Provider;
use crate::providers::outcome::WriteOutcome;
use crate::providers::request::STALENESS;

/// A resource that is no longer wanted.
pub struct Dropped<'a> {
    pub id: &'a str,
    /// Its fields, as the plan saw them.
    pub before: &'a Attributes,
    /// The ownership tag it carries.
    pub tag: &'a OwnershipTag,
}

impl Dropped<'_> {
    fn state(&self, provider: &dyn Provider, origin: Origin, attributes: Attributes) -> ResourceState {
        let (id, tag) = (self.id.to_owned(), Some(self.tag.clone()));
        ResourceState { step: provider.step(), origin, id, tag, attributes }
    }

    fn gone(&self, provider: &dyn Provider) -> ResourceState {
        self.state(provider, Origin::Deleted { before: self.before.clone() }, Attributes::new())
    }

    // Known by its fields, so that the next run tries again.
    fn left(&self, provider: &dyn Provider) -> ResourceState {
        self.state(provider, Origin::Existing, self.before.clone())
    }
}

impl RunContext {
    /// Deletes the resource. One that is no longer ours, or that the API does not give up, stays and is named.
    ///
    /// # Errors
    /// [`PhaseError::Interruption`] when it cannot be told now.
    pub async fn drop<P: EffectfulPhase>(
        &mut self,
        deployment: &mut Deployment<P>,
        provider: &dyn Provider,
        dropped: &Dropped<'_>,
    ) -> Result<Receipt, PhaseError> {
        let step = provider.step();
        let mut saw = String::from("interrupted");
        loop {
            self.safe_point()?;
            let sent = deployment.ledger().doubts().iter().any(|doubt| doubt.step == step);
            let by = if sent { ResolvedBy::Reconciliation } else { ResolvedBy::Observation };
            let Some(object) = self.present(provider, dropped.id).await? else {
                let none = || dropped.state(provider, Origin::Existing, Attributes::new());
                let state = if sent { dropped.gone(provider) } else { none() };
                return Ok(self.applied(deployment, by, state).await?);
            };
            if let Some(reason) = not_ours(provider, &dropped.left(provider), &object) {
                return self.leave(deployment, provider, dropped, (by, &reason)).await;
            }
            self.still_trying(deployment, step, &saw)?;
            let call = provider.delete_request(dropped.id, VolumePolicy::Retain);
            let intended = Intended {
                step,
                semantics: RequestSemantics::Idempotent,
                tag: dropped.tag.clone(),
                request: call.redacted.clone(),
                before: dropped.before.clone(),
                attempt: self.attempt(call.times),
            };
            self.record(deployment, Effect::Intended(intended)).await?;
            let (why, pause) = match self.send(call).await? {
                // Read back before it counts.
                WriteOutcome::Done(_) | WriteOutcome::Missing(_) => continue,
                WriteOutcome::Refused(reason) | WriteOutcome::Partial(reason) => {
                    return self.leave(deployment, provider, dropped, (ResolvedBy::Response, &reason)).await;
                }
                WriteOutcome::TokenRefused(reason) => {
                    self.settle(deployment, step, ResolvedBy::Response, EffectOutcome::NotApplied).await?;
                    let what = provider.describe();
                    let reason = format!("{what} was not deleted, the token was refused: {reason}");
                    return Err(Interruption::token_refused(reason).into());
                }
                WriteOutcome::NotSent(reason, pause) => {
                    self.settle(deployment, step, ResolvedBy::Response, EffectOutcome::NotApplied).await?;
                    saw = reason;
                    (Wait::Told, pause)
                }
                WriteOutcome::Conflict(reason) | WriteOutcome::Ambiguous(reason) => {
                    self.tell(&Event::Doubted { step: step.as_str(), saw: reason.clone() });
                    saw = reason;
                    (Wait::Again, STALENESS)
                }
            };
            self.wait(why, step, &saw, pause).await?;
        }
    }

    async fn leave<P: EffectfulPhase>(
        &mut self,
        deployment: &mut Deployment<P>,
        provider: &dyn Provider,
        dropped: &Dropped<'_>,
        (by, reason): (ResolvedBy, &str),
    ) -> Result<Receipt, PhaseError> {
        let left = self.applied(deployment, by, dropped.left(provider)).await?;
        let what = provider.describe();
        self.tell(&Event::Warned(format!("{what} is no longer wanted and stays ({}): {reason}", dropped.id)));
        Ok(left)
    }

    /// Recreates a deleted resource as it was, with the ownership tag it had.
    ///
    /// Harmless to repeat: the API refuses a second one that is the same.
    ///
    /// # Errors
    /// [`Interruption`] when it cannot be told now.
    pub async fn make_anew(
        &mut self,
        deployment: &mut Deployment<RollingBack>,
        provider: &dyn Provider,
        receipt: &Receipt,
        before: &Attributes,
    ) -> Result<Undoing, Interruption> {
        let Some(tag) = receipt.tag.clone() else {
            return Ok(Undoing::Blocked("it is not known whose it was".to_owned()));
        };
        let began = self.time();
        loop {
            self.safe_point()?;
            let there = provider.find_by_key().await?;
            if there.iter().any(|object| object.tag.as_ref() == Some(&tag) && object.agrees_with(before)) {
                return Ok(Undoing::Done);
            }
            if let Some(other) = there.first() {
                return Ok(Undoing::Blocked(format!("{} has its place by now", other.id)));
            }
            let (why, reason, pause) = match self
                .undo(deployment, receipt, provider.create_request(before, &tag))
                .await?
            {
                // Seen at the next look, or sent again.
                WriteOutcome::Done(_) => (Wait::SecondLook, "the answer to be seen".to_owned(), STALENESS),
                WriteOutcome::Refused(reason)
                | WriteOutcome::Partial(reason)
                | WriteOutcome::Missing(reason) => {
                    return Ok(Undoing::Blocked(format!("refused: {reason}")));
                }
                WriteOutcome::TokenRefused(reason) => {
                    let reason = format!("the token was refused: {reason}");
                    return Err(Interruption::token_refused(reason));
                }
                WriteOutcome::NotSent(reason, pause) => (Wait::Told, reason, pause),
                WriteOutcome::Conflict(reason) | WriteOutcome::Ambiguous(reason) => {
                    (Wait::Again, reason, STALENESS)
                }
            };
            if self.since(began) > TRIES {
                return Ok(Undoing::Blocked(format!("no clear answer in 10 minutes: {reason}")));
            }
            self.wait(why, receipt.step, &reason, pause).await?;
        }
    }
}
