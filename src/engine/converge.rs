//! Writes that say the same however often they are sent: changes, variables.

use std::time::Duration;

use machine::deployment::Deployment;
use machine::effect::{Effect, EffectOutcome, Intended, RequestSemantics, ResolvedBy};
use machine::phase::EffectfulPhase;
use machine::receipt::{Attributes, Origin, Receipt, ResourceState};
use machine::step::Step;

use super::context::RunContext;
use super::event::Event;
use super::phase_error::{Interruption, PhaseError, refused};
use super::waits::Wait;
use crate::providers::outcome::WriteOutcome;
use crate::providers::request::WriteRequest;

/// One write that converges.
pub struct IdempotentUpdate<'a> {
    /// The step it belongs to.
    pub step: Step,
    /// The object it changes.
    pub id: &'a str,
    /// The ownership tag that the object carries, where it is one of ours.
    pub tag: Option<machine::tag::OwnershipTag>,
    /// What is there now.
    pub before: &'a Attributes,
    /// How people call it.
    pub what: String,
}

const AGAIN: Duration = Duration::from_secs(3);

impl RunContext {
    /// Sends `call` until it is clearly done.
    ///
    /// # Errors
    /// [`PhaseError::Fail`] when it is refused, [`PhaseError::Interruption`] when it cannot be told.
    pub async fn converge<P: EffectfulPhase>(
        &mut self,
        deployment: &mut Deployment<P>,
        change: &IdempotentUpdate<'_>,
        call: &WriteRequest,
    ) -> Result<Receipt, PhaseError> {
        let step = change.step;
        let state = change.state(&call.redacted.attributes);
        let mut saw = String::from("interrupted");
        loop {
            self.safe_point()?;
            self.still_trying(deployment, step, &saw)?;
            let doubted = deployment.ledger().doubts().iter().any(|doubt| doubt.step == step);
            self.intend(deployment, RequestSemantics::Idempotent, change, call).await?;
            match self.send(call.clone()).await? {
                // That it is not there may be our own doing, by an attempt whose answer was lost.
                WriteOutcome::Missing(_) if call.deletes() => {
                    return Ok(self.applied(deployment, ResolvedBy::Response, state).await?);
                }
                WriteOutcome::Done(_) => {
                    return Ok(self.applied(deployment, ResolvedBy::Response, state).await?);
                }
                WriteOutcome::Refused(reason) if !doubted => {
                    let outcome = EffectOutcome::Rejected { reason: reason.clone() };
                    self.settle(deployment, step, ResolvedBy::Response, outcome).await?;
                    return Err(PhaseError::Fail(change.refused(&reason)));
                }
                WriteOutcome::Refused(reason)
                | WriteOutcome::Partial(reason)
                | WriteOutcome::Missing(reason) => {
                    // Part of it may have been kept: it counts as changed, and is put back.
                    self.applied(deployment, ResolvedBy::Response, state).await?;
                    return Err(PhaseError::Fail(change.refused(&reason)));
                }
                WriteOutcome::TokenRefused(reason) => {
                    self.settle(deployment, step, ResolvedBy::Response, EffectOutcome::NotApplied).await?;
                    let reason = format!("{} was not changed, the token was refused: {reason}", change.what);
                    return Err(Interruption::token_refused(reason).into());
                }
                WriteOutcome::NotSent(reason, pause) => {
                    self.settle(deployment, step, ResolvedBy::Response, EffectOutcome::NotApplied).await?;
                    self.wait(Wait::Told, step, &reason, pause).await?;
                    saw = reason;
                }
                WriteOutcome::Conflict(reason) | WriteOutcome::Ambiguous(reason) => {
                    self.tell(&Event::Doubted { step: step.as_str(), saw: reason.clone() });
                    self.pause(Wait::Again, AGAIN).await?;
                    saw = reason;
                }
            }
        }
    }

    /// Writes that `call` is about to be sent.
    ///
    /// # Errors
    /// [`Interruption`].
    pub async fn intend<P: EffectfulPhase>(
        &mut self,
        deployment: &mut Deployment<P>,
        kind: RequestSemantics,
        change: &IdempotentUpdate<'_>,
        call: &WriteRequest,
    ) -> Result<(), Interruption> {
        let own = self.tag(deployment, change.step);
        let intended = Intended {
            step: change.step,
            semantics: kind,
            tag: change.tag.clone().unwrap_or(own),
            request: call.redacted.clone(),
            before: change.before.clone(),
            attempt: self.attempt(call.times),
        };
        self.record(deployment, Effect::Intended(intended)).await
    }
}

impl IdempotentUpdate<'_> {
    /// The object once it is done.
    pub fn state(&self, fields: &Attributes) -> ResourceState {
        ResourceState {
            step: self.step,
            origin: Origin::Updated { before: self.before.clone() },
            id: self.id.to_owned(),
            tag: self.tag.clone(),
            attributes: fields.clone(),
        }
    }

    /// Why it was not.
    pub fn refused(&self, reason: &str) -> machine::cause::Cause {
        refused(format!("{} was refused: {reason}", self.what), "")
    }
}
