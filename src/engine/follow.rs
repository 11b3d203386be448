//! Waiting for starts: until nothing starts an app any more, until one deployment is over.
//!
//! Starts nothing (see [`start`](super::start)). What is gone is believed to be gone only beside a control read.

use std::time::Duration;

use machine::step::Step;

use super::app::App;
use super::context::{RunContext, TRIES};
use super::phase_error::{Interruption, PhaseError, failed};
use super::waits::Wait;
use crate::providers::coolify::deployments::DeploymentRecord;
use crate::providers::request::STALENESS;

const POLL: Duration = Duration::from_secs(5);
/// How long a deployment may take: Coolify ends one after an hour unless it is told otherwise (4.3.11).
const LONGEST: Duration = Duration::from_secs(65 * 60);

impl RunContext {
    /// Waits until nothing starts `app`: of a service 10 minutes at most, of an application until its deployments
    /// are over. Gives its status.
    ///
    /// # Errors
    /// [`PhaseError::Fail`] when the app is gone or never comes to rest.
    pub async fn until_quiet(&self, app: App<'_>) -> Result<String, PhaseError> {
        for under_way in app.under_way().await? {
            self.follow(app, &under_way.uuid).await?;
        }
        let began = self.time();
        loop {
            match self.status(app).await? {
                Some(status) if !status.starts_with("starting:unhealthy") => return Ok(status),
                Some(status) => {
                    let what = format!("waiting for the container to start (status {status})");
                    self.wait(Wait::Start, Step::Deploy, &what, POLL).await?;
                }
                None => {
                    let hint = "somebody deleted it; apply again recreates it";
                    let message = format!("app {} is gone from Coolify", app.resource.uuid());
                    return Err(PhaseError::Fail(failed(message, hint)));
                }
            }
            if self.since(began) > TRIES {
                let message = format!("app {} was still starting after 10 minutes", app.resource.uuid());
                return Err(PhaseError::Fail(failed(message, "see its log in Coolify")));
            }
        }
    }

    /// The status of `app`; `None` when it is proved to be gone: not there twice, a staleness window apart, beside a
    /// control read. One 404 may be a read that lags behind.
    ///
    /// # Errors
    /// [`Interruption`] when it cannot be told now.
    pub async fn status(&self, app: App<'_>) -> Result<Option<String>, Interruption> {
        if let Some(status) = app.status().await? {
            return Ok(Some(status));
        }
        app.control().await?;
        self.pause(Wait::SecondLook, STALENESS).await?;
        Ok(app.status().await?)
    }

    /// Follows a deployment of `app` until it is over; gives it as it ended, `None` when it is gone.
    ///
    /// # Errors
    /// [`PhaseError::Fail`] when it never ends.
    pub async fn follow(&self, app: App<'_>, uuid: &str) -> Result<Option<DeploymentRecord>, PhaseError> {
        let (began, mut missing) = (self.time(), 0);
        loop {
            match app.coolify.deployment(uuid).await? {
                Some(deployment) if deployment.status.is_over() => return Ok(Some(deployment)),
                Some(deployment) => {
                    missing = 0;
                    let what = format!("deployment {uuid} to end ({})", deployment.status);
                    self.wait(Wait::Start, Step::Deploy, &what, POLL).await?;
                }
                None if missing < 2 => {
                    missing += 1;
                    self.pause(Wait::SecondLook, STALENESS).await?;
                }
                None => {
                    app.control().await?;
                    return Ok(None);
                }
            }
            if self.since(began) > LONGEST {
                let message = format!("deployment {uuid} did not end in 65 minutes");
                return Err(PhaseError::Fail(failed(message, "see its log in Coolify, then apply again")));
            }
        }
    }
}
