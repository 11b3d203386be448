//! The means of a run at work: its pen, the outside, its onlookers, and when to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use machine::effect::{Attempt, Effect};
use machine::phase::EffectfulPhase;
use machine::statechart::ExternalEvent;
use machine::step::Step;
use machine::timestamp::DualTimestamp;
use tokio::sync::Notify;

use machine::deployment::Deployment;

use super::event::{Event, EventSink};
use super::journal::RunJournal;
use super::phase_error::{Interruption, PhaseError};
use super::waits::Wait;
use crate::journal::{Acquisition, Holder, JournalStore, Lease, LeaseHolder};
use crate::net::{Clock, Ports};
use crate::providers::outcome::{WriteOutcome, classify};
use crate::providers::request::{RequestTiming, WriteRequest};
use crate::secrets::Redactor;

/// How long a step may try, from its first send.
pub const TRIES: Duration = Duration::from_secs(600);

/// Asks a run to stop at its next safe point.
#[derive(Clone, Default)]
pub struct Cancel {
    asked: Arc<AtomicBool>,
    by_shutdown: Arc<AtomicBool>,
    bell: Arc<Notify>,
}

impl Cancel {
    pub fn ask(&self) {
        self.asked.store(true, Ordering::SeqCst);
        self.bell.notify_waiters();
    }

    /// The same, because the process is told to end.
    pub fn shut_down(&self) {
        self.by_shutdown.store(true, Ordering::SeqCst);
        self.ask();
    }

    /// What the statechart is asked where it was asked.
    pub fn event(&self) -> ExternalEvent {
        if self.by_shutdown.load(Ordering::SeqCst) { ExternalEvent::Shutdown } else { ExternalEvent::Cancel }
    }

    /// Whether it was asked.
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// Waits for `pause` to be over or for somebody to ask; says whether nobody has.
    pub async fn spares(&self, pause: impl Future<Output = ()> + Send) -> bool {
        let rung = self.bell.notified();
        if self.is_asked() {
            return false;
        }
        tokio::select! {
            () = pause => {}
            () = rung => {}
        }
        !self.is_asked()
    }
}

/// What a run works with.
pub struct RunContext {
    /// Where it writes.
    pub journal: RunJournal,
    /// The world.
    pub ports: Ports,
    /// The clock of this host.
    pub local_clock: Arc<dyn Clock>,
    /// Who looks on.
    pub listener: Arc<dyn EventSink>,
    /// Whether to stop.
    pub cancel: Cancel,
    /// The journal's home, for leases beside the run's own.
    pub store: Arc<dyn JournalStore>,
    /// Who we are.
    pub holder: Holder,
    /// Hides secrets in what others say: their words go into the journal and onto screens.
    pub redactor: Redactor,
    /// When this process began or resumed the run.
    pub taken: DualTimestamp,
    /// Whether the answer to any write was not clear, on the way forward or back.
    pub doubted: bool,
}

impl RunContext {
    /// Tells the onlookers.
    pub fn tell(&self, event: &Event) {
        self.listener.emit(event);
    }

    /// Goes on, unless somebody asked to stop.
    ///
    /// # Errors
    /// [`Interruption::Parked`] when asked to.
    pub fn safe_point(&self) -> Result<(), Interruption> {
        if self.cancel.is_asked() {
            return Err(Interruption::stopped(self.cancel.event()));
        }
        Ok(())
    }

    /// Lets time pass, unless somebody asks to stop.
    ///
    /// # Errors
    /// [`Interruption::Parked`] when asked to.
    pub async fn pause(&self, why: Wait, duration: Duration) -> Result<(), Interruption> {
        self.listener.waits(why, duration);
        self.cancel.spares(self.ports.clock.sleep(duration)).await;
        self.safe_point()
    }

    /// Time since some fixed point, for measuring.
    pub fn time(&self) -> Duration {
        self.ports.clock.boot()
    }

    /// Time that has passed since `began`, a reading of [`time`](Self::time).
    pub fn since(&self, began: Duration) -> Duration {
        self.time().saturating_sub(began)
    }

    /// Claims something that several apps may want to make at once, and waits for its turn.
    ///
    /// # Errors
    /// [`Interruption::Parked`] when another process holds it for longer than [`TRIES`].
    pub async fn lock_shared_name(&self, key: &str) -> Result<Lease, Interruption> {
        let began = self.local_clock.boot();
        loop {
            match self.store.acquire(key, &self.holder).await? {
                Acquisition::Acquired { lease, .. } => return Ok(lease),
                Acquisition::Busy(LeaseHolder { by, .. })
                    if self.local_clock.boot().saturating_sub(began) > TRIES =>
                {
                    return Err(Interruption::park(
                        format!("{by} holds `{key}`"),
                        "resume when it has ended",
                    ));
                }
                Acquisition::Busy(_) => {
                    self.safe_point()?;
                    self.local_clock.sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }

    /// An attempt that is sent now.
    pub fn attempt(&self, times: RequestTiming) -> Attempt {
        let ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Attempt { sent: self.journal.now(), timeout_ms: ms(times.timeout), settle_ms: ms(times.settle) }
    }

    /// Records an effect of `deployment`.
    ///
    /// # Errors
    /// [`Interruption`] when it could not be written.
    pub async fn record<P: EffectfulPhase>(
        &mut self,
        deployment: &mut Deployment<P>,
        effect: Effect,
    ) -> Result<(), Interruption> {
        Ok(deployment.record(&mut self.journal, effect).await?)
    }

    /// Sends a write whose intent is recorded, once, if the lease outlives it.
    ///
    /// # Errors
    /// [`Interruption`] when another runner holds the app: nothing was sent then.
    pub async fn send(&mut self, call: WriteRequest) -> Result<WriteOutcome, Interruption> {
        self.journal.guard(call.times.timeout).await?;
        let target = format!("{} {}", call.redacted.method, call.redacted.target);
        let answer = classify(self.ports.transport.send(call.request).await, call.refusal);
        let answer = answer.redacted(&self.redactor);
        self.doubted |= matches!(answer, WriteOutcome::Ambiguous(_) | WriteOutcome::Conflict(_));
        tracing::debug!(request = %target, answer = ?summary(&answer), "sent");
        Ok(answer)
    }

    /// Waits until nothing that `deployment` sent without a clear answer can take effect any more.
    ///
    /// What a run doubted and sent again may still land once more. The next run of the app says something else
    /// about the same resource, so it must not begin before.
    ///
    /// # Errors
    /// [`Interruption::Parked`] when asked to stop.
    pub async fn all_settled<P>(&self, deployment: &Deployment<P>) -> Result<(), Interruption> {
        self.outlive(Step::Deploy, deployment.ledger().unanswered()).await
    }

    /// Waits until none of `attempts` can take effect any more.
    ///
    /// # Errors
    /// [`Interruption::Parked`] when asked to stop.
    pub async fn outlive(
        &self,
        step: Step,
        attempts: impl Iterator<Item = &Attempt>,
    ) -> Result<(), Interruption> {
        let now = self.journal.now();
        match attempts.map(|attempt| attempt.unsettled_for(&now)).max().filter(|left| !left.is_zero()) {
            Some(left) => {
                self.wait(Wait::LateEffect, step, "making sure no earlier request is still pending", left)
                    .await
            }
            None => Ok(()),
        }
    }

    /// Parks a step that has tried for too long since its first send, or since the run was resumed.
    ///
    /// # Errors
    /// [`Interruption::Parked`] past [`TRIES`].
    pub fn still_trying<P>(
        &self,
        deployment: &Deployment<P>,
        step: Step,
        saw: &str,
    ) -> Result<(), PhaseError> {
        let first = deployment.ledger().first_attempt(step);
        let now = self.journal.now();
        let tried = first.map(|intended| intended.attempt.sent.until(&now).min(self.taken.until(&now)));
        if tried.is_some_and(|tried| tried > TRIES) {
            let reason = format!("step `{step}` got no clear answer in 10 minutes: {saw}");
            return Err(Interruption::park(reason, "resume when the API answers again, or roll back").into());
        }
        Ok(())
    }
}

fn summary(answer: &WriteOutcome) -> &str {
    match answer {
        WriteOutcome::Done(_) => "done",
        WriteOutcome::Refused(why)
        | WriteOutcome::Partial(why)
        | WriteOutcome::Missing(why)
        | WriteOutcome::TokenRefused(why)
        | WriteOutcome::NotSent(why, _)
        | WriteOutcome::Conflict(why)
        | WriteOutcome::Ambiguous(why) => why,
    }
}
