//! Writes that say the same however often they are sent: changes, variables. And starts, which do not, but
//! harm nothing when repeated after the one before has ended.

use std::time::Duration;

use machine::deployment::Deployment;
use machine::effect::{By, Effect, Intended, Kind, Verdict};
use machine::moment::Moment;
use machine::phase::Working;
use machine::receipt::{Fields, How, Receipt};
use machine::step::Step;

use super::event::Event;
use super::halt::{Halt, Stop, failed, refused};
use super::work::{TRIES, Work};
use crate::providers::Coolify;
use crate::providers::answer::Answer;
use crate::providers::call::Call;

/// One write that converges.
pub struct Change<'a> {
    /// The step it belongs to.
    pub step: Step,
    /// The object it changes.
    pub id: &'a str,
    /// The mark that the object carries, where it is one of ours.
    pub mark: Option<machine::mark::Mark>,
    /// What is there now.
    pub before: &'a Fields,
    /// How people call it.
    pub what: String,
}

const AGAIN: Duration = Duration::from_secs(3);
const POLL: Duration = Duration::from_secs(5);

impl Work {
    /// Sends `call` until it is clearly done.
    ///
    /// # Errors
    /// [`Halt::Fail`] when it is refused, [`Halt::Stop`] when it cannot be told.
    pub async fn converge<P: Working>(
        &mut self,
        deployment: &mut Deployment<P>,
        change: &Change<'_>,
        call: &Call,
    ) -> Result<Receipt, Halt> {
        let step = change.step;
        let receipt = change.receipt(&call.redacted.fields);
        let mut saw = String::from("interrupted");
        loop {
            self.safe_point()?;
            self.still_trying(deployment, step, &saw)?;
            let doubted = deployment.ledger().doubts().iter().any(|doubt| doubt.step == step);
            self.intend(deployment, Kind::Converge, change, call).await?;
            match self.send(call.clone()).await? {
                Answer::Done(_) => {
                    let by = if doubted { By::Inquiry } else { By::Answer };
                    self.settle(deployment, step, by, Verdict::Have(receipt.clone())).await?;
                    return Ok(receipt);
                }
                Answer::Refused(reason) if !doubted => {
                    let verdict = Verdict::Refused { reason: reason.clone() };
                    self.settle(deployment, step, By::Answer, verdict).await?;
                    return Err(Halt::Fail(change.refused(&reason)));
                }
                Answer::Refused(reason) | Answer::Partial(reason) | Answer::Missing(reason) => {
                    // Part of it may have been kept: it counts as changed, and is put back.
                    self.settle(deployment, step, By::Inquiry, Verdict::Have(receipt)).await?;
                    return Err(Halt::Fail(change.refused(&reason)));
                }
                Answer::TokenRefused(reason) => {
                    self.not_done(deployment, step, doubted).await?;
                    let reason = format!("{} was not changed, the token was refused: {reason}", change.what);
                    return Err(Stop::park(reason, "check the token, then resume").into());
                }
                Answer::NotDone(reason, pause) => {
                    self.not_done(deployment, step, doubted).await?;
                    self.wait(step, &reason, pause).await?;
                    saw = reason;
                }
                Answer::Doubt(reason) => {
                    self.tell(&Event::Doubted { step: step.as_str(), saw: reason.clone() });
                    self.pause(AGAIN).await?;
                    saw = reason;
                }
            }
        }
    }

    // Settles this attempt as without effect, unless an earlier one is still in doubt.
    async fn not_done<P: Working>(
        &mut self,
        deployment: &mut Deployment<P>,
        step: Step,
        doubted: bool,
    ) -> Result<(), Stop> {
        if doubted {
            return Ok(());
        }
        self.settle(deployment, step, By::Answer, Verdict::Absent).await
    }

    async fn intend<P: Working>(
        &mut self,
        deployment: &mut Deployment<P>,
        kind: Kind,
        change: &Change<'_>,
        call: &Call,
    ) -> Result<(), Stop> {
        let own = self.mark(deployment, change.step);
        let intended = Intended {
            step: change.step,
            kind,
            mark: change.mark.clone().unwrap_or(own),
            request: call.redacted.clone(),
            before: change.before.clone(),
            attempt: self.attempt(call.times),
        };
        self.record(deployment, Effect::Intended(intended)).await
    }

    /// Starts `app` and says when it was triggered.
    ///
    /// # Errors
    /// [`Halt::Fail`] when it is refused, [`Halt::Stop`] when it cannot be told.
    pub async fn start<P: Working>(
        &mut self,
        deployment: &mut Deployment<P>,
        coolify: &Coolify,
        app: &Receipt,
    ) -> Result<Moment, Halt> {
        let step = Step::Deploy;
        let none = Fields::new();
        let what = format!("the start of `{}`", deployment.begun().app.name);
        let change = Change { step, id: &app.id, mark: app.mark.clone(), before: &none, what };
        let mut saw = String::from("interrupted");
        loop {
            self.until_not_starting(coolify, &app.id).await?;
            self.still_trying(deployment, step, &saw)?;
            let call = coolify.deploy(&app.id);
            self.intend(deployment, Kind::Trigger, &change, &call).await?;
            let sent = self.journal.now();
            match self.send(call).await? {
                Answer::Done(_) => {
                    let receipt = change.receipt(&none);
                    self.settle(deployment, step, By::Answer, Verdict::Have(receipt)).await?;
                    return Ok(sent);
                }
                Answer::Refused(reason) | Answer::Partial(reason) | Answer::Missing(reason) => {
                    self.settle(deployment, step, By::Inquiry, Verdict::Have(change.receipt(&none))).await?;
                    return Err(Halt::Fail(change.refused(&reason)));
                }
                Answer::TokenRefused(reason) => {
                    let reason = format!("the app was not started, the token was refused: {reason}");
                    return Err(Stop::park(reason, "check the token, then resume").into());
                }
                Answer::NotDone(reason, pause) => {
                    self.wait(step, &reason, pause).await?;
                    saw = reason;
                }
                Answer::Doubt(reason) => {
                    self.tell(&Event::Doubted { step: step.as_str(), saw: reason.clone() });
                    self.pause(AGAIN).await?;
                    saw = reason;
                }
            }
        }
    }

    /// Waits until no start of `service` is under way, 10 minutes at most.
    ///
    /// # Errors
    /// [`Halt::Fail`] when the service is gone or never comes to rest.
    pub async fn until_not_starting(&self, coolify: &Coolify, service: &str) -> Result<String, Halt> {
        let began = self.time();
        loop {
            let status = coolify.status(service).await?;
            match status {
                Some(status) if !status.starts_with("starting:unhealthy") => return Ok(status),
                Some(status) => {
                    let what = format!("the start under way to end (status {status})");
                    self.wait(Step::Deploy, &what, POLL).await?;
                }
                None => {
                    let hint = "somebody deleted it; apply again makes it anew";
                    return Err(Halt::Fail(failed(format!("service {service} is gone"), hint)));
                }
            }
            if self.since(began) > TRIES {
                let message = format!("service {service} was still starting after 10 minutes");
                return Err(Halt::Fail(failed(message, "see its log in Coolify")));
            }
        }
    }
}

impl Change<'_> {
    fn receipt(&self, fields: &Fields) -> Receipt {
        Receipt {
            step: self.step,
            how: How::Changed { before: self.before.clone() },
            id: self.id.to_owned(),
            mark: self.mark.clone(),
            fields: fields.clone(),
        }
    }

    fn refused(&self, reason: &str) -> machine::cause::Cause {
        refused(format!("{} was refused: {reason}", self.what), "")
    }
}
