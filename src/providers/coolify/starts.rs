//! Starting and stopping a service, and what it says of itself.
//!
//! A start leaves no record: its failure shows nowhere in the API, and a status may be minutes old. So a status
//! is only ever a reason to wait, never a proof (Coolify 4.3.11, observed).

use http::Method;
use serde_json::Value;

use super::{API, COOLIFY, Coolify, answer, text, unreadable};
use crate::providers::Trouble;
use crate::providers::call::{COOLIFY_DEPLOY, Call};

/// What a service's containers show right now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Container {
    /// Running; its last lines.
    Running(String),
    /// There, and stopped.
    Stopped,
    /// There is none.
    None,
    /// The server could not be asked.
    Unknown(String),
}

impl Coolify {
    /// The request that starts `service` with what is stored of it; works while it runs.
    pub fn deploy(&self, service: &str) -> Call {
        self.write(Method::POST, &format!("/deploy?uuid={service}"), &Value::Null, COOLIFY_DEPLOY)
    }

    /// The request that stops `service`.
    pub fn stop(&self, service: &str) -> Call {
        let path = format!("/services/{service}/stop?docker_cleanup=false");
        self.write(Method::POST, &path, &Value::Null, COOLIFY)
    }

    /// The status string of `service`; `None` when there is no such service.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn status(&self, service: &str) -> Result<Option<String>, Trouble> {
        let item = self.read(&format!("/services/{service}")).await?;
        Ok(item.map(|item| text(&item, "status")))
    }

    /// The container of the compose service `name`, asked of the server itself.
    ///
    /// # Errors
    /// [`Trouble::TokenRefused`] and [`Trouble::Unreachable`].
    pub async fn container(&self, service: &str, name: &str, lines: u32) -> Result<Container, Trouble> {
        let path =
            format!("/services/{service}/logs?sub_service_name={name}&lines={lines}&show_timestamps=true");
        let response = match self.get_raw(&path).await {
            Ok(response) => response,
            Err(Trouble::Refused { reason, .. }) if reason.contains("not running") => {
                return Ok(Container::Stopped);
            }
            Err(Trouble::Unreachable { reason, .. }) => return Ok(Container::Unknown(reason)),
            Err(trouble) => return Err(trouble),
        };
        let status = response.status().as_u16();
        let body: Value = serde_json::from_slice(response.body()).map_err(|_| unreadable("the logs"))?;
        match (status, body["logs"].as_str()) {
            (200, Some(lines)) => Ok(Container::Running(lines.to_owned())),
            (404, _) if body["message"].as_str().is_some_and(|m| m.starts_with("Container")) => {
                Ok(Container::None)
            }
            _ => Err(Trouble::Unintelligible { api: API, reason: answer::words(status, &body) }),
        }
    }
}
