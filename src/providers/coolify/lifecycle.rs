//! Starting and stopping an app, and what it says of itself.
//!
//! A service's start leaves no record: its failure shows nowhere in the API. Of either kind a status may be
//! minutes old, so it is only ever a reason to wait, never a proof (Coolify 4.3.11, observed).

use http::Method;
use serde_json::Value;

use super::{API, COOLIFY, Coolify, Resource, Version, about, outcome, text, unreadable};
use crate::providers::ReadError;
use crate::providers::request::{COOLIFY_DEPLOY, WriteRequest};

/// What an app's container shows right now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContainerState {
    /// Running; its last lines.
    Running(String),
    Stopped,
    None,
    /// It could not be asked for.
    Unknown(String),
}

impl Coolify {
    /// The request that starts `app` with what is stored of it; works while it runs. A full queue is a 429.
    pub fn deploy(&self, app: Resource<'_>) -> WriteRequest {
        let path = format!("/deploy?uuid={}", app.uuid());
        self.write(Method::POST, &path, &Value::Null, COOLIFY_DEPLOY)
    }

    /// The request that stops `app`. An application that is stopped takes it too, a service refuses.
    pub fn stop(&self, app: Resource<'_>) -> WriteRequest {
        let path = app.path("/stop?docker_cleanup=false");
        self.write(Method::POST, &path, &Value::Null, COOLIFY)
    }

    /// The status string of `app`; `None` when there is no such app.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn status(&self, app: Resource<'_>) -> Result<Option<String>, ReadError> {
        let item = about(app.uuid(), self.read(&app.path("")).await?, "an app's status")?;
        Ok(item.map(|item| text(&item, "status")))
    }

    /// The container of `app`, asked of the server itself; of a service that of the compose service `name`. An
    /// application without a container is told to be stopped.
    ///
    /// # Errors
    /// [`ReadError::TokenRefused`] and [`ReadError::Unreachable`].
    pub async fn container(
        &self,
        app: Resource<'_>,
        name: &str,
        lines: u32,
    ) -> Result<ContainerState, ReadError> {
        let part = match app {
            Resource::Service(_) => format!("sub_service_name={name}&"),
            Resource::Application(_) => String::new(),
        };
        let path = app.path(&format!("/logs?{part}lines={lines}&show_timestamps=true"));
        if let Some(lack) = self.lacks_logs(app).await {
            return Ok(ContainerState::Unknown(lack));
        }
        let response = match self.get_raw(&path).await {
            Ok(response) => response,
            Err(ReadError::Refused { reason, .. }) if reason.contains("not running") => {
                return Ok(ContainerState::Stopped);
            }
            Err(ReadError::Unreachable { reason, .. }) => return Ok(ContainerState::Unknown(reason)),
            Err(trouble) => return Err(trouble),
        };
        let status = response.status().as_u16();
        let body: Value = serde_json::from_slice(response.body()).map_err(|_| unreadable("the logs"))?;
        match (status, body["logs"].as_str()) {
            (200, Some(lines)) => Ok(ContainerState::Running(lines.to_owned())),
            (404, _) if body["message"].as_str().is_some_and(|m| m.starts_with("Container")) => {
                Ok(ContainerState::None)
            }
            _ => Err(ReadError::Unintelligible { api: API, reason: outcome::words(status, &body) }),
        }
    }

    // Where the version cannot be told it is asked for the log all the same: that answer says why.
    async fn lacks_logs(&self, app: Resource<'_>) -> Option<String> {
        if matches!(app, Resource::Application(_)) {
            return None;
        }
        let version = self.known().await.ok()?;
        let lacks = version < Version::SERVICE_LOGS;
        lacks.then(|| format!("Coolify {} does not give service logs", version.line()))
    }
}
