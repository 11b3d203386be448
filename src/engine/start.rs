//! Starting an app. A start does not say the same twice, but harms nothing when it is repeated after the one before
//! has ended.
//!
//! A service leaves no record of it. An application leaves a deployment, and the answer to the trigger is only a
//! receipt: Coolify answers 200 with a uuid that it never stored, so which deployment is ours is judged from its lists
//! (4.3.11, observed).

use std::time::Duration;

use machine::deployment::Deployment;
use machine::effect::{EffectOutcome, RequestSemantics, ResolvedBy};
use machine::phase::EffectfulPhase;
use machine::plan::{Action, Plan};
use machine::receipt::{Attributes, Receipt};
use machine::step::Step;
use serde_json::Value;

use super::app::App;
use super::container_log;
use super::context::RunContext;
use super::converge::IdempotentUpdate;
use super::event::Event;
use super::phase_error::{Interruption, PhaseError};
use super::waits::Wait;
use crate::providers::Coolify;
use crate::providers::coolify::Resource;
use crate::providers::coolify::deployments::{DeploymentVerdict as Judged, Trigger, judge, trigger};
use crate::providers::outcome::WriteOutcome;
use crate::providers::request::STALENESS;

/// The field of a start's receipt that names its deployment.
pub(crate) const DEPLOYMENT: &str = "deployment";

const AGAIN: Duration = Duration::from_secs(3);
const POLL: Duration = Duration::from_secs(5);

/// What a trigger came to.
pub enum Triggered {
    /// A deployment to follow; of a service, nothing to know it by.
    Started(Attributes),
    /// Nothing was started: it is triggered again.
    Nothing(String),
    /// Coolify does not allow it.
    Denied(String),
}

impl RunContext {
    /// Starts `app`. When it was triggered is on record.
    ///
    /// # Errors
    /// [`PhaseError::Fail`] when it is refused, [`PhaseError::Interruption`] when it cannot be told.
    pub async fn start<P: EffectfulPhase>(
        &mut self,
        deployment: &mut Deployment<P>,
        coolify: &Coolify,
        receipt: &Receipt,
    ) -> Result<(), PhaseError> {
        let step = Step::Deploy;
        let plan = deployment.plan().clone();
        let app = App::of(coolify, &plan, receipt);
        let what = format!("the start of `{}`", deployment.header().app.name);
        let mut saw = String::from("interrupted");
        if self.started_already(deployment, app).await? {
            return Ok(());
        }
        loop {
            // Asked before waiting for the starts of others, which may well take longer than that.
            self.still_trying(deployment, step, &saw)?;
            self.until_quiet(app).await?;
            let before = before(app, &plan).await?;
            let (id, tag, what) = (&receipt.id, receipt.tag.clone(), what.clone());
            let change = IdempotentUpdate { step, id, tag, before: &before, what };
            let call = coolify.deploy(app.resource);
            self.intend(deployment, RequestSemantics::Trigger, &change, &call).await?;
            match self.send(call).await? {
                WriteOutcome::Done(body) => match self.came(app, &before, Some(&body)).await? {
                    Triggered::Started(fields) => {
                        self.applied(deployment, ResolvedBy::Response, change.state(&fields)).await?;
                        return Ok(());
                    }
                    Triggered::Nothing(reason) => {
                        self.settle(deployment, step, ResolvedBy::Reconciliation, EffectOutcome::NotApplied)
                            .await?;
                        self.wait(Wait::Start, step, &reason, POLL).await?;
                        saw = reason;
                    }
                    Triggered::Denied(reason) => {
                        let outcome = EffectOutcome::Rejected { reason: reason.clone() };
                        self.settle(deployment, step, ResolvedBy::Response, outcome).await?;
                        return Err(PhaseError::Fail(change.refused(&reason)));
                    }
                },
                WriteOutcome::Refused(reason)
                | WriteOutcome::Partial(reason)
                | WriteOutcome::Missing(reason) => {
                    let outcome = EffectOutcome::Rejected { reason: reason.clone() };
                    self.settle(deployment, step, ResolvedBy::Response, outcome).await?;
                    return Err(PhaseError::Fail(change.refused(&reason)));
                }
                WriteOutcome::TokenRefused(reason) => {
                    self.settle(deployment, step, ResolvedBy::Response, EffectOutcome::NotApplied).await?;
                    let reason = format!("the app was not started, the token was refused: {reason}");
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
                    if self.started_already(deployment, app).await? {
                        return Ok(());
                    }
                }
            }
        }
    }

    // A trigger whose answer was lost: the newest deployment since then is its, if there is one.
    async fn started_already<P: EffectfulPhase>(
        &mut self,
        deployment: &mut Deployment<P>,
        app: App<'_>,
    ) -> Result<bool, PhaseError> {
        let doubt =
            deployment.ledger().doubts().iter().rev().find(|doubt| doubt.step == Step::Deploy).cloned();
        let (Some(doubt), Resource::Application(id)) = (doubt, app.resource) else { return Ok(false) };
        let Triggered::Started(fields) = self.came(app, &doubt.before, None).await? else {
            return Ok(false);
        };
        let tag = Some(doubt.tag.clone());
        let change =
            IdempotentUpdate { step: Step::Deploy, id, tag, before: &doubt.before, what: String::new() };
        self.applied(deployment, ResolvedBy::Reconciliation, change.state(&fields)).await?;
        Ok(true)
    }

    /// What a trigger of `app` came to, after `before`; judged without its `answer` where there was none.
    ///
    /// # Errors
    /// [`Interruption`] when it cannot be told now.
    pub async fn came(
        &self,
        app: App<'_>,
        before: &Attributes,
        answer: Option<&Value>,
    ) -> Result<Triggered, Interruption> {
        let Resource::Application(id) = app.resource else {
            return Ok(Triggered::Started(Attributes::new()));
        };
        let told = answer.map(|body| trigger(body, id));
        let before = before.get(DEPLOYMENT).and_then(|number| number.parse().ok());
        // Lists may lag behind, so what they do not show is looked for once more.
        for look in 0..2 {
            match judge(before, told.as_ref(), &app.coolify.deployments(id).await?) {
                Judged::Follow(uuid) => {
                    return Ok(Triggered::Started(Attributes::from([(DEPLOYMENT.to_owned(), uuid)])));
                }
                Judged::Denied(reason) => return Ok(Triggered::Denied(reason)),
                Judged::WaitFor(_) => break,
                Judged::Lost if look == 0 => self.pause(Wait::SecondLook, STALENESS).await?,
                Judged::Lost => {}
            }
        }
        let reason = match told {
            Some(Trigger::AlreadyQueued) => "an older deployment of the same commit to end",
            _ => "a deployment that Coolify did not queue",
        };
        Ok(Triggered::Nothing(reason.to_owned()))
    }
}

// What tells this start from what ran before it: nothing did of an app that the run makes.
async fn before(app: App<'_>, plan: &Plan) -> Result<Attributes, Interruption> {
    match app.resource {
        Resource::Service(_) if plan.app.action != Action::Create => Ok(container_log::note(app).await),
        Resource::Service(_) | Resource::Application(_) => newest(app).await,
    }
}

/// What there is to know a start of `app` by that is made from now on: the number of its newest deployment.
///
/// # Errors
/// [`Interruption`] when it cannot be told now.
pub(crate) async fn newest(app: App<'_>) -> Result<Attributes, Interruption> {
    let Resource::Application(id) = app.resource else { return Ok(Attributes::new()) };
    let number = app.coolify.newest(id).await?.map(|deployment| deployment.number.to_string());
    Ok(number.map(|number| (DEPLOYMENT.to_owned(), number)).into_iter().collect())
}
