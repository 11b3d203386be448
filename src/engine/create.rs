//! Creating one resource, exactly once, over an API without idempotency keys.
//!
//! Look, write the intent, guard, send once, sort the answer, write what came of it. Doubt is never a failure
//! and never a blind retry: it is settled by looking for the ownership tag until two reads agree.

use std::time::Duration;

use machine::deployment::Deployment;
use machine::effect::{Effect, EffectOutcome, Intended, RequestSemantics, ResolvedBy};
use machine::phase::EffectfulPhase;
use machine::receipt::{Attributes, Origin, Receipt, ResourceState};
use machine::step::Step;
use machine::tag::OwnershipTag;

use super::context::RunContext;
use super::event::Event;
use super::phase_error::{Interruption, PhaseError, refused};
use super::waits::Wait;
use crate::providers::outcome::WriteOutcome;
use crate::providers::request::STALENESS;
use crate::providers::{Provider, RemoteObject};

/// What is found at the key of a resource that is about to be made.
enum Occupancy {
    Free,
    Shared(RemoteObject),
    Ours(RemoteObject),
    Taken(RemoteObject),
}

impl RunContext {
    /// The ownership tag of `deployment`'s resources at `step`.
    pub fn tag<P>(&self, deployment: &Deployment<P>, step: Step) -> OwnershipTag {
        let begun = deployment.header();
        OwnershipTag { run: begun.run.clone(), step, journal: begun.journal.clone() }
    }

    /// Makes the resource, or uses one that is there and may be shared.
    ///
    /// # Errors
    /// [`PhaseError::Fail`] when the API refuses or a stranger holds the key; [`PhaseError::Interruption`] when it cannot be told.
    pub async fn create<P: EffectfulPhase>(
        &mut self,
        deployment: &mut Deployment<P>,
        provider: &dyn Provider,
        fields: &Attributes,
    ) -> Result<Receipt, PhaseError> {
        let step = provider.step();
        let (mut saw, mut clashes) = (String::from("interrupted"), 0);
        loop {
            if let Some(receipt) = self.settle_create(deployment, provider).await? {
                return Ok(receipt);
            }
            // Twice may be a deletion that is not through yet, which was seen to take half a minute and more.
            if clashes > 2 {
                return Err(PhaseError::Fail(hidden(provider, &saw)));
            }
            self.safe_point()?;
            self.still_trying(deployment, step, &saw)?;
            match self.room(deployment, provider).await? {
                Occupancy::Free => {}
                Occupancy::Shared(object) => {
                    return self
                        .ensure(deployment, (step, Origin::Existing), object, ResolvedBy::Observation)
                        .await;
                }
                // It took effect after its attempt had been given up.
                Occupancy::Ours(object) => return self.surplus(deployment, step, object).await,
                Occupancy::Taken(object) => return Err(PhaseError::Fail(taken(provider, &object))),
            }
            let tag = self.tag(deployment, step);
            let call = provider.create_request(fields, &tag);
            let intended = Intended {
                step,
                semantics: RequestSemantics::NonIdempotent,
                tag: tag.clone(),
                request: call.redacted.clone(),
                before: Attributes::new(),
                attempt: self.attempt(call.times),
            };
            self.record(deployment, Effect::Intended(intended)).await?;
            match self.send(call).await? {
                WriteOutcome::Done(body) => {
                    if let Some(object) = provider.parse_created(&body, fields, &tag) {
                        return self
                            .ensure(deployment, (step, Origin::Created), object, ResolvedBy::Response)
                            .await;
                    }
                    self.doubted = true;
                    "an answer without an id".clone_into(&mut saw);
                }
                WriteOutcome::Refused(reason)
                | WriteOutcome::Partial(reason)
                | WriteOutcome::Missing(reason) => {
                    let outcome = EffectOutcome::Rejected { reason: reason.clone() };
                    self.settle(deployment, step, ResolvedBy::Response, outcome).await?;
                    let what = format!("{} was refused: {reason}", provider.describe());
                    return Err(PhaseError::Fail(refused(what, "")));
                }
                WriteOutcome::TokenRefused(reason) => {
                    self.settle(deployment, step, ResolvedBy::Response, EffectOutcome::NotApplied).await?;
                    let reason =
                        format!("{} was not made, the token was refused: {reason}", provider.describe());
                    return Err(Interruption::token_refused(reason).into());
                }
                WriteOutcome::NotSent(reason, pause) => {
                    self.settle(deployment, step, ResolvedBy::Response, EffectOutcome::NotApplied).await?;
                    self.wait(Wait::Told, step, &reason, pause).await?;
                    saw = reason;
                }
                WriteOutcome::Conflict(reason) => {
                    self.tell(&Event::Doubted { step: step.as_str(), saw: reason.clone() });
                    (saw, clashes) = (reason, clashes + 1);
                }
                WriteOutcome::Ambiguous(reason) => {
                    self.tell(&Event::Doubted { step: step.as_str(), saw: reason.clone() });
                    saw = reason;
                }
            }
        }
    }

    /// Finds out what came of an attempt whose answer was not clear; `None` when nothing is there.
    ///
    /// # Errors
    /// [`PhaseError::Interruption`] when it cannot be told now.
    pub async fn settle_create<P: EffectfulPhase>(
        &mut self,
        deployment: &mut Deployment<P>,
        provider: &dyn Provider,
    ) -> Result<Option<Receipt>, PhaseError> {
        let step = provider.step();
        let Some(doubt) = deployment.ledger().doubts().iter().rev().find(|doubt| doubt.step == step) else {
            return Ok(None);
        };
        let (tag, attempt, asked) =
            (doubt.tag.clone(), doubt.attempt.clone(), doubt.request.attributes.clone());
        let left = attempt.unsettled_for(&self.journal.now());
        if !left.is_zero() {
            self.wait(Wait::LateEffect, step, "a late effect of a request without an answer", left).await?;
        }
        let mut ours = self.two_reads_agree(provider, &tag).await?;
        ours.sort_by(|a, b| a.created.cmp(&b.created));
        let mut ours = ours.into_iter();
        let Some(oldest) = ours.next() else {
            self.settle(deployment, step, ResolvedBy::Reconciliation, EffectOutcome::NotApplied).await?;
            return Ok(None);
        };
        let receipt = if provider.carries_tag() {
            // As it was asked for: what somebody changed of it since is theirs, and is seen before it is undone.
            let made = RemoteObject { fields: asked, ..oldest };
            self.ensure(deployment, (step, Origin::Created), made, ResolvedBy::Reconciliation).await?
        } else {
            // It carries no ownership tag, so nobody can tell that it is ours: used, kept, and named.
            self.tell(&Event::Warned(format!("{} may be ours and is kept", provider.describe())));
            self.ensure(deployment, (step, Origin::Existing), oldest, ResolvedBy::Reconciliation).await?
        };
        for surplus in ours {
            self.surplus(deployment, step, surplus).await?;
        }
        Ok(Some(receipt))
    }

    // Lists may lag behind a write by one staleness window, so one read proves nothing.
    async fn two_reads_agree(
        &mut self,
        provider: &dyn Provider,
        tag: &OwnershipTag,
    ) -> Result<Vec<RemoteObject>, PhaseError> {
        // Absence counts only between two control reads: the token may have been another one for a while.
        provider.check_access().await?;
        let mut before = self.ours(provider, tag).await?;
        loop {
            self.pause(Wait::SecondLook, STALENESS).await?;
            let now = self.ours(provider, tag).await?;
            let ids =
                |objects: &[RemoteObject]| objects.iter().map(|object| object.id.clone()).collect::<Vec<_>>();
            if ids(&before) == ids(&now) {
                provider.check_access().await?;
                return Ok(now);
            }
            before = now;
        }
    }

    async fn ours(
        &self,
        provider: &dyn Provider,
        tag: &OwnershipTag,
    ) -> Result<Vec<RemoteObject>, PhaseError> {
        let objects = if provider.carries_tag() {
            provider.find_by_tag(tag).await?
        } else {
            provider.find_by_key().await?
        };
        Ok(objects)
    }

    async fn room<P>(
        &self,
        deployment: &Deployment<P>,
        provider: &dyn Provider,
    ) -> Result<Occupancy, PhaseError> {
        let tag = self.tag(deployment, provider.step());
        let mut objects = provider.find_by_key().await?;
        if let Some(ours) = objects.iter().position(|object| object.tag.as_ref() == Some(&tag)) {
            return Ok(Occupancy::Ours(objects.swap_remove(ours)));
        }
        // A new project brings its `production` along a moment later than its own answer.
        if objects.is_empty() {
            if !provider.looks_inside() {
                provider.check_access().await?;
            }
            return Ok(Occupancy::Free);
        }
        let first = objects.swap_remove(0);
        Ok(if provider.is_shared() { Occupancy::Shared(first) } else { Occupancy::Taken(first) })
    }

    /// Writes that the resource is there, made by this run or found.
    ///
    /// # Errors
    /// [`PhaseError::Interruption`].
    pub async fn ensure<P: EffectfulPhase>(
        &mut self,
        deployment: &mut Deployment<P>,
        (step, how): (Step, Origin),
        object: RemoteObject,
        by: ResolvedBy,
    ) -> Result<Receipt, PhaseError> {
        Ok(self.applied(deployment, by, state(step, how, object)).await?)
    }

    /// Writes that the resource is in `state`. The receipt is the record of that.
    ///
    /// # Errors
    /// [`Interruption`].
    pub async fn applied<P: EffectfulPhase>(
        &mut self,
        deployment: &mut Deployment<P>,
        by: ResolvedBy,
        state: ResourceState,
    ) -> Result<Receipt, Interruption> {
        let (step, id) = (state.step, state.id.clone());
        self.settle(deployment, step, by, EffectOutcome::Applied(state)).await?;
        Ok(recorded(deployment, step, &id))
    }

    /// Writes that one more object of ours is there.
    ///
    /// # Errors
    /// [`PhaseError::Interruption`].
    pub async fn surplus<P: EffectfulPhase>(
        &mut self,
        deployment: &mut Deployment<P>,
        step: Step,
        object: RemoteObject,
    ) -> Result<Receipt, PhaseError> {
        let state = state(step, Origin::Created, object);
        let id = state.id.clone();
        self.record(deployment, Effect::Duplicate { state }).await?;
        Ok(recorded(deployment, step, &id))
    }

    /// Writes what came of a step.
    ///
    /// # Errors
    /// [`Interruption`].
    pub async fn settle<P: EffectfulPhase>(
        &mut self,
        deployment: &mut Deployment<P>,
        step: Step,
        by: ResolvedBy,
        outcome: EffectOutcome,
    ) -> Result<(), Interruption> {
        self.record(deployment, Effect::Resolved { step, by, outcome }).await
    }

    /// Waits, and says for what.
    ///
    /// # Errors
    /// [`Interruption`].
    pub async fn wait(&self, why: Wait, step: Step, what: &str, pause: Duration) -> Result<(), Interruption> {
        self.tell(&Event::Waiting { step: step.as_str(), what: what.to_owned() });
        self.pause(why, pause).await
    }
}

fn state(step: Step, origin: Origin, object: RemoteObject) -> ResourceState {
    ResourceState { step, origin, id: object.id, tag: object.tag, attributes: object.fields }
}

fn recorded<P>(deployment: &Deployment<P>, step: Step, id: &str) -> Receipt {
    let receipt = deployment.ledger().receipt_of(step, id);
    receipt.expect("what was just recorded is in the ledger").clone()
}

fn hidden(provider: &dyn Provider, reason: &str) -> machine::cause::Cause {
    refused(
        format!("{} was refused three times: {reason}", provider.describe()),
        "nothing of ours is there, and no list shows what holds the name: look in the vendor's own pages",
    )
}

fn taken(provider: &dyn Provider, stranger: &RemoteObject) -> machine::cause::Cause {
    refused(
        format!(
            "{} is there already and was not made by this app's runs ({})",
            provider.describe(),
            stranger.id
        ),
        "it came between the plan and its turn, and was not touched: apply again to be told whose it is and what to do",
    )
}
