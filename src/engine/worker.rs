//! The proof for an app without a domain: its container stays up, and its log names the release.

use std::time::Duration;

use machine::entry::Proof;
use machine::plan::Plan;
use machine::receipt::Receipt;

use super::Run;
use super::app::App;
use super::container_log::{ALL_LINES, Before, Whose};
use super::event::Event;
use super::phase_error::PhaseError;
use super::startup_monitor::Looked;
use super::waits::Wait;
use crate::plan::Release;
use crate::providers::coolify::lifecycle::ContainerState;
use crate::spec::{Health, Source};
use crate::verify::{Seen, Verified};

/// How long a container must stay up before it counts as running without having named its release: longer than
/// Docker takes to start one again that ends at once.
const STEADY: Duration = Duration::from_secs(30);
/// For how long there may be nothing good to see after the start has ended.
const NO_SIGN: Duration = Duration::from_secs(60);

/// By how much a status may lag behind (Coolify 4.1.1 and newer: health up to 300 s).
const LAG: Duration = Duration::from_secs(300);

/// What one look at a container comes to.
enum Observation {
    /// Its log names the release.
    Proven,
    /// It runs, and this much shows that it is the wanted release.
    Up(Proof),
    /// It does not run.
    Down,
    /// The old version runs.
    Old,
    /// Neither its log nor its status shows it running, and a status may be minutes old.
    Unseen,
}

impl Run {
    /// Waits until the container's log names `release`, or it has run for a while without.
    ///
    /// # Errors
    /// [`PhaseError::Fail`] when it does not stay up, or is a template's and shows nothing of the release.
    pub(super) async fn watch_worker(
        &self,
        plan: &Plan,
        app: &Receipt,
        (release, health): (&str, &Health),
        before: Before<'_>,
    ) -> Result<Verified, PhaseError> {
        let (mut up_since, mut bleak_since) = (None, None);
        let mut attempt = 0;
        loop {
            attempt += 1;
            let (look, saw) = self.look_at(plan, app, release, before).await?;
            self.sighted(matches!(look, Observation::Proven | Observation::Up(_)), &saw, attempt);
            let now = self.context.time();
            match look {
                Observation::Proven => return Ok(proven(saw, Proof::Fingerprint)),
                Observation::Up(proof) => {
                    bleak_since = None;
                    if now.saturating_sub(*up_since.get_or_insert(now)) >= STEADY {
                        return Ok(proven(saw, proof));
                    }
                }
                Observation::Down | Observation::Old | Observation::Unseen => {
                    up_since = None;
                    let bleak = now.saturating_sub(*bleak_since.get_or_insert(now));
                    let limit = if matches!(look, Observation::Unseen) { LAG } else { NO_SIGN };
                    if bleak >= limit.min(health.timeout) {
                        let seen = matches!(look, Observation::Old).then_some(Seen::Outdated);
                        let looked = Looked { before, seen };
                        let cause = self.not_well(plan, app, looked, &saw, Vec::new()).await;
                        return Err(PhaseError::Fail(self.redacted(cause)));
                    }
                }
            }
            self.context.pause(Wait::Worker, health.interval.max(Duration::from_millis(100))).await?;
        }
    }

    async fn look_at(
        &self,
        plan: &Plan,
        app: &Receipt,
        release: &str,
        before: Before<'_>,
    ) -> Result<(Observation, String), PhaseError> {
        let app = App::of(&self.clients.coolify, plan, app);
        let (look, saw) = match app.container(ALL_LINES).await? {
            ContainerState::Running(log) if log.contains(release) => {
                (Observation::Proven, "running, its log names the release".to_owned())
            }
            ContainerState::Running(log) if self.is_of_the_release_before(&log, release) => {
                (Observation::Old, "the old version still runs: its log names the release before".to_owned())
            }
            ContainerState::Running(log) => self.unnamed(before.whose(&log)),
            ContainerState::Stopped => (Observation::Down, "its container does not stay up".to_owned()),
            ContainerState::None => (Observation::Down, "there is no container".to_owned()),
            ContainerState::Unknown(reason) => {
                let status = app.status().await?.unwrap_or_else(|| "gone".to_owned());
                let first = if matches!(before, Before::Nothing) { Proof::First } else { Proof::None };
                let look =
                    if status.starts_with("running") { Observation::Up(first) } else { Observation::Unseen };
                (look, format!("status {status} at Coolify; its log cannot be seen: {reason}"))
            }
        };
        Ok((look, saw))
    }

    // What a log comes to that names no release.
    fn unnamed(&self, whose: Whose) -> (Observation, String) {
        let unnamed = "running; its log does not name the release";
        // Templates name their release unless somebody changed that, so one that does not may well be an older one that
        // was left running.
        let did_name = self.base.as_deref().is_none_or(|base| base.proof() == Proof::Fingerprint);
        let must_name = did_name && matches!(self.resolved.spec.source, Source::Template { .. });
        match whose {
            Whose::Old => {
                (Observation::Old, "the old version still runs: its log begins before the start".to_owned())
            }
            Whose::Unknown if must_name => (Observation::Down, unnamed.to_owned()),
            Whose::First => (Observation::Up(Proof::First), format!("{unnamed}, and nothing ran before")),
            Whose::New => (Observation::Up(Proof::Log), "running; its log begins after the start".to_owned()),
            Whose::Unknown => (Observation::Up(Proof::None), unnamed.to_owned()),
        }
    }

    // A container is recreated for each release, so its log names no earlier one unless it is that one's.
    fn is_of_the_release_before(&self, log: &str, release: &str) -> bool {
        let before = self.base.as_deref().map(Release::answers_as);
        before.is_some_and(|before| before != release && log.contains(before))
    }

    fn sighted(&self, ok: bool, saw: &str, attempt: u32) {
        self.context.tell(&Event::Sighted { check: "container", ok, saw: saw.to_owned(), attempt });
    }
}

fn proven(saw: String, proof: Proof) -> Verified {
    Verified { checks: vec![("container".to_owned(), saw)], proof }
}
