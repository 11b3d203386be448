//! What shows that it is the new version which answers, where its answers do not say so themselves.
//!
//! In this order: the record of its deployment, that nothing ran before, a log that begins after the start. A log that
//! goes on from before the start refutes it: the old container was left running.

use std::time::Duration;

use machine::deployment::Deployment;
use machine::entry::Proof;
use machine::phase::Verifying;
use machine::plan::Rollout;
use machine::receipt::Receipt;
use machine::step::Step;

use super::Run;
use super::app::App;
use super::container_log::{ALL_LINES, Before, Whose};
use super::phase_error::PhaseError;
use super::prove::{Sought, Stage};
use super::startup_monitor::{Looked, NO_SIGN};
use super::waits::Wait;
use crate::plan::Release;
use crate::providers::coolify::lifecycle::ContainerState;
use crate::verify::{Seen, Verified};

const POLL: Duration = Duration::from_secs(5);

/// What the container says of a version that answers.
enum Shown {
    /// It is the new one, for this reason.
    New(Proof, &'static str),
    Nothing,
    /// It is not the new one, or not there.
    Wrong(&'static str),
}

impl Run {
    /// Waits until the release of this run answers, or runs where it answers nobody, and finds out what shows that it is
    /// that one; what is `known` is not asked again.
    ///
    /// # Errors
    /// [`PhaseError::Fail`] with the evidence when it does not, or is shown to be another one for a minute.
    pub(super) async fn watch_new(
        &self,
        deployment: &Deployment<Verifying>,
        (app, sought): (&Receipt, &Sought<'_>),
        stage: Stage,
        known: Proof,
    ) -> Result<Verified, PhaseError> {
        let (plan, health) = (deployment.plan(), sought.health);
        let before = Before::of(deployment, plan);
        let (began, mut wrong_since) = (self.context.time(), None);
        loop {
            let mut proven = self.watch_from(plan, app, sought, stage, before).await?;
            if proven.proof != Proof::None || known != Proof::None || plan.endpoints.is_empty() {
                return Ok(proven);
            }
            let there = App::of(&self.clients.coolify, plan, app);
            let what = match self.shown(deployment, there, before).await? {
                Shown::Nothing => return Ok(proven),
                Shown::New(proof, what) => {
                    proven.proof = proof;
                    proven.checks.push(("release".to_owned(), what.to_owned()));
                    return Ok(proven);
                }
                Shown::Wrong(what) => what,
            };
            // While Coolify is starting something, the old container may be about to go.
            let starting = there.status().await?.is_some_and(|status| status.starts_with("starting"));
            let now = self.context.time();
            let since = if starting { now } else { wrong_since.unwrap_or(now) };
            wrong_since = Some(since);
            if now.saturating_sub(since) >= NO_SIGN || self.context.since(began) >= health.timeout {
                let evidence = proven.checks.iter().map(|(check, saw)| format!("{check}: {saw}")).collect();
                let looked = Looked { before, seen: Some(Seen::Well) };
                let cause = self.not_well(plan, app, looked, what, evidence).await;
                return Err(PhaseError::Fail(self.redacted(cause)));
            }
            self.context.wait(Wait::Proof, Step::Deploy, what, POLL).await?;
        }
    }

    async fn shown(
        &self,
        deployment: &Deployment<Verifying>,
        app: App<'_>,
        before: Before<'_>,
    ) -> Result<Shown, PhaseError> {
        if matches!(before, Before::Replaced) {
            // What nobody started is as proven as it was when it was started.
            let earlier = self.base.as_deref().map_or(Proof::None, Release::proof);
            return Ok(match (&deployment.phase().rollout, earlier) {
                (Rollout::Triggered(_), _) => Shown::New(Proof::Deployment, "its deployment is finished"),
                (Rollout::Running, Proof::None) => Shown::Nothing,
                (Rollout::Running, earlier) => {
                    Shown::New(earlier, "as the last release, which was left running")
                }
            });
        }
        Ok(match (app.container(ALL_LINES).await?, before) {
            (ContainerState::None, _) => Shown::Wrong("its container is not there"),
            (ContainerState::Stopped, _) => Shown::Wrong("its container does not stay up"),
            (ContainerState::Unknown(_), Before::Nothing) => Shown::New(Proof::First, FIRST),
            (ContainerState::Unknown(_), _) => Shown::Nothing,
            (ContainerState::Running(lines), before) => match before.whose(&lines) {
                Whose::First => Shown::New(Proof::First, FIRST),
                Whose::New => Shown::New(Proof::Log, LOG),
                Whose::Old => Shown::Wrong(OLD),
                Whose::Unknown => Shown::Nothing,
            },
        })
    }
}

/// Said of a version that nothing ran before.
const FIRST: &str = "the first one, nothing ran before";
/// Said of a version whose log shows that it is the new one.
const LOG: &str = "its log begins after the start";
/// Said of one whose log shows that it is not.
const OLD: &str = "the old version still answers: the log of its container begins before the start";
