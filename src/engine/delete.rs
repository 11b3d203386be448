//! Deleting one resource that this app's runs created.
//!
//! Three keys: the journal's receipt, the id, and on the resource itself our ownership tag with the fields as we left them.
//! Gone is what is not there twice, a staleness window apart, beside a control read.

use machine::phase::VolumePolicy;
use std::time::Duration;

use machine::deployment::Deployment;
use machine::effect::{Effect, RedactedRequest};
use machine::phase::EffectfulPhase;
use machine::receipt::{Origin, ResourceState};
use machine::step::Step;

use super::app::App;
use super::context::{RunContext, TRIES};
use super::phase_error::Interruption;
use super::waits::Wait;
use crate::providers::outcome::WriteOutcome;
use crate::providers::request::{STALENESS, WriteRequest};
use crate::providers::{Coolify, Provider, RemoteObject};

/// What came of undoing one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undoing {
    /// It is gone, or as it was before; read back.
    Done,
    /// It is ours and stays, because others use it.
    Kept(String),
    /// It could not be undone.
    Blocked(String),
}

const POLL: Duration = Duration::from_secs(3);
const DRAINING: Duration = Duration::from_secs(120);

impl RunContext {
    /// Deletes the resource of `receipt` and reads back until it is gone.
    ///
    /// # Errors
    /// [`Interruption`] when it cannot be told now; the run can be resumed.
    pub async fn delete<P: EffectfulPhase>(
        &mut self,
        deployment: &mut Deployment<P>,
        provider: &dyn Provider,
        receipt: &ResourceState,
        volumes: VolumePolicy,
    ) -> Result<Undoing, Interruption> {
        let began = self.time();
        let (mut refused, mut deleted): (Option<String>, Option<Duration>) = (None, None);
        loop {
            self.safe_point()?;
            let Some(object) = self.present(provider, &receipt.id).await? else {
                return Ok(Undoing::Done);
            };
            // Coolify deletes in the background and shows the old object until then; some resources take half a minute.
            if deleted.is_some_and(|at| self.since(at) < DRAINING) {
                self.wait(
                    Wait::Deleted,
                    provider.step(),
                    &format!("{} to be gone", provider.describe()),
                    POLL,
                )
                .await?;
                continue;
            }
            if let Some(reason) = not_ours(provider, receipt, &object) {
                return Ok(Undoing::Blocked(reason));
            }
            let waited = self.since(began);
            if let Some(reason) = refused.take().filter(|_| waited > DRAINING) {
                return Ok(Undoing::Blocked(format!("refused: {reason}")));
            }
            if waited > TRIES {
                return Ok(Undoing::Blocked("still there 10 minutes after it was deleted".to_owned()));
            }
            let call = provider.delete_request(&receipt.id, volumes);
            match self.undo(deployment, receipt, call).await? {
                WriteOutcome::Done(_) | WriteOutcome::Missing(_) => deleted = Some(self.time()),
                WriteOutcome::Conflict(reason)
                | WriteOutcome::Ambiguous(reason)
                | WriteOutcome::Partial(reason) => {
                    self.wait(Wait::Again, receipt.step, &reason, POLL).await?;
                }
                WriteOutcome::NotSent(reason, pause) => {
                    self.wait(Wait::Told, receipt.step, &reason, pause).await?;
                }
                WriteOutcome::TokenRefused(reason) => return Err(token_refused(provider, &reason)),
                WriteOutcome::Refused(reason) => {
                    self.wait(Wait::Again, receipt.step, &reason, STALENESS).await?;
                    refused = Some(reason);
                }
            }
        }
    }

    /// Records that `call` is about to undo something, and sends it.
    ///
    /// # Errors
    /// [`Interruption`].
    pub async fn undo<P: EffectfulPhase>(
        &mut self,
        deployment: &mut Deployment<P>,
        receipt: &ResourceState,
        call: WriteRequest,
    ) -> Result<WriteOutcome, Interruption> {
        let request: RedactedRequest = call.redacted.clone();
        let attempt = self.attempt(call.times);
        let effect =
            Effect::UndoIntended { resource: receipt.step, id: receipt.id.clone(), request, attempt };
        self.record(deployment, effect).await?;
        let answer = self.send(call).await?;
        if matches!(answer, WriteOutcome::Ambiguous(_)) {
            let (resource, id) = (receipt.step, receipt.id.clone());
            self.record(deployment, Effect::UndoDoubted { resource, id }).await?;
        }
        Ok(answer)
    }

    /// The resource, or `None` when it is proved to be gone.
    ///
    /// # Errors
    /// [`Interruption`].
    pub async fn present(
        &self,
        provider: &dyn Provider,
        id: &str,
    ) -> Result<Option<RemoteObject>, Interruption> {
        if let Some(object) = provider.get(id).await? {
            return Ok(Some(object));
        }
        provider.check_access().await?;
        self.pause(Wait::SecondLook, STALENESS).await?;
        Ok(provider.get(id).await?)
    }

    /// Brings the app to rest before it is deleted: no start or deployment under way, then stopped.
    ///
    /// # Errors
    /// [`Interruption`].
    pub async fn quiesce<P: EffectfulPhase>(
        &mut self,
        deployment: &mut Deployment<P>,
        coolify: &Coolify,
        server: &str,
        receipt: &ResourceState,
    ) -> Result<Undoing, Interruption> {
        let (began, plan) = (self.time(), deployment.plan().clone());
        let app = App::of(coolify, &plan, receipt);
        if let Undoing::Blocked(reason) = self.cancel_all(deployment, app, receipt).await? {
            return Ok(Undoing::Blocked(reason));
        }
        let mut stopping = false;
        loop {
            self.safe_point()?;
            let Some(status) = self.status(app).await? else { return Ok(Undoing::Done) };
            let at_rest = status.starts_with("exited") || status.starts_with("unknown");
            let stops = !stopping && !status.starts_with("starting:unhealthy");
            // Asked before either counts: an application of a server that cannot be reached is told to have exited, and
            // runs on (Coolify 4.3.11, observed).
            if (at_rest || stops) && !coolify.is_usable(server).await? {
                let reason = "its server cannot be used now, containers would survive";
                return Ok(Undoing::Blocked(reason.to_owned()));
            }
            if at_rest {
                return Ok(Undoing::Done);
            }
            if self.since(began) > TRIES {
                return Ok(Undoing::Blocked(format!(
                    "it did not come to rest in 10 minutes (status {status})"
                )));
            }
            if stops {
                stopping = match self.undo(deployment, receipt, coolify.stop(app.resource)).await? {
                    WriteOutcome::TokenRefused(reason) => {
                        return Err(Interruption::token_refused(format!("the token was refused: {reason}")));
                    }
                    // 400 "already stopped" says what we want.
                    WriteOutcome::Done(_) | WriteOutcome::Refused(_) | WriteOutcome::Missing(_) => true,
                    WriteOutcome::Partial(_)
                    | WriteOutcome::Conflict(_)
                    | WriteOutcome::Ambiguous(_)
                    | WriteOutcome::NotSent(..) => false,
                };
            }
            self.wait(Wait::Stopped, Step::App, &format!("the app to stop (status {status})"), POLL).await?;
        }
    }
}

/// Why the resource that is there may not be touched; `None` when it is ours and as we left it.
pub(crate) fn not_ours(
    provider: &dyn Provider,
    receipt: &ResourceState,
    object: &RemoteObject,
) -> Option<String> {
    // What was taken over carries no ownership tag of ours; what we made always does.
    let unmarked = receipt.origin == Origin::Created && object.tag.is_none();
    if provider.carries_tag() && (unmarked || object.tag != receipt.tag) {
        return Some("its ownership tag was changed or removed".to_owned());
    }
    let differences = object.differences(&receipt.attributes);
    if differences.is_empty() {
        return None;
    }
    Some(format!("it was changed by somebody else since: {}", differences.join(", ")))
}

fn token_refused(provider: &dyn Provider, reason: &str) -> Interruption {
    let reason = format!("{} still stands, the token was refused: {reason}", provider.describe());
    Interruption::token_refused(reason)
}
