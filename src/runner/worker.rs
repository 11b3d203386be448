//! The proof for an app without a domain: its container stays up, and its log names the release.

use std::time::Duration;

use machine::entry::Proof;
use machine::plan::Plan;
use machine::receipt::Receipt;

use super::Runner;
use super::app::App;
use super::event::Event;
use super::halt::Halt;
use super::waits::Wait;
use crate::plan::Release;
use crate::providers::coolify::starts::Container;
use crate::spec::{Health, Source};
use crate::verify::Proven;

/// As many lines as Coolify gives (Coolify API, service logs).
const ALL_LINES: u32 = 10_000;
/// How long a container must stay up before it counts as running without having named its release: longer than
/// Docker takes to start one again that ends at once.
const STEADY: Duration = Duration::from_secs(30);
/// For how long there may be nothing good to see after the start has ended.
const NO_SIGN: Duration = Duration::from_secs(60);

/// By how much a status may lag behind (Coolify 4.1.1 and newer: health up to 300 s).
const LAG: Duration = Duration::from_secs(300);

/// What one look at a container comes to.
enum Look {
    /// Its log names the release.
    Proven,
    /// It runs, and nothing shows which release it is.
    Up,
    /// It does not run, or it is not the new version.
    Down,
    /// Neither its log nor its status shows it running, and a status may be minutes old.
    Unseen,
}

impl Runner {
    /// Waits until the container's log names `release`, or it has run for a while without.
    ///
    /// # Errors
    /// [`Halt::Fail`] when it does not stay up, or is a template's and never names the release.
    pub(super) async fn watch_worker(
        &self,
        plan: &Plan,
        app: &Receipt,
        release: &str,
        health: &Health,
    ) -> Result<Proven, Halt> {
        let (mut up_since, mut bleak_since) = (None, None);
        let mut attempt = 0;
        loop {
            attempt += 1;
            let (look, saw) = self.look_at(plan, app, release).await?;
            self.sighted(!matches!(look, Look::Down | Look::Unseen), &saw, attempt);
            let now = self.work.time();
            match look {
                Look::Proven => return Ok(proven(saw, Proof::Fingerprint)),
                Look::Up => {
                    bleak_since = None;
                    if now.saturating_sub(*up_since.get_or_insert(now)) >= STEADY {
                        return Ok(proven(saw, Proof::None));
                    }
                }
                Look::Down | Look::Unseen => {
                    up_since = None;
                    let bleak = now.saturating_sub(*bleak_since.get_or_insert(now));
                    let limit = if matches!(look, Look::Unseen) { LAG } else { NO_SIGN };
                    if bleak >= limit.min(health.timeout) {
                        let cause = self.not_well(plan, app, &saw, Vec::new()).await;
                        return Err(Halt::Fail(self.masked(cause)));
                    }
                }
            }
            self.work.pause(Wait::Worker, health.interval.max(Duration::from_millis(100))).await?;
        }
    }

    async fn look_at(&self, plan: &Plan, app: &Receipt, release: &str) -> Result<(Look, String), Halt> {
        let app = App::of(&self.vendors.coolify, plan, app);
        let (look, saw) = match app.container(ALL_LINES).await? {
            Container::Running(log) if log.contains(release) => {
                (Look::Proven, "running, its log names the release".to_owned())
            }
            Container::Running(log) if self.is_of_the_release_before(&log, release) => {
                (Look::Down, "the old version still runs: its log names the release before".to_owned())
            }
            Container::Running(_) => {
                // Templates name their release, so one that does not is an older one that was left running.
                let must_name = matches!(self.ask.spec.source, Source::Template { .. });
                let look = if must_name { Look::Down } else { Look::Up };
                (look, "running; its log does not name the release".to_owned())
            }
            Container::Stopped => (Look::Down, "its container does not stay up".to_owned()),
            Container::None => (Look::Down, "there is no container".to_owned()),
            Container::Unknown(reason) => {
                let status = app.status().await?.unwrap_or_else(|| "gone".to_owned());
                let look = if status.starts_with("running") { Look::Up } else { Look::Unseen };
                (look, format!("status {status} at Coolify; its log cannot be seen: {reason}"))
            }
        };
        Ok((look, saw))
    }

    // A container is made anew for each release, so its log names no earlier one unless it is that one's.
    fn is_of_the_release_before(&self, log: &str, release: &str) -> bool {
        let before = self.base.as_ref().map(Release::answers_as);
        before.is_some_and(|before| before != release && log.contains(before))
    }

    fn sighted(&self, ok: bool, saw: &str, attempt: u32) {
        self.work.tell(&Event::Sighted { check: "container", ok, saw: saw.to_owned(), attempt });
    }
}

fn proven(saw: String, proof: Proof) -> Proven {
    Proven { checks: vec![("container".to_owned(), saw)], proof }
}
