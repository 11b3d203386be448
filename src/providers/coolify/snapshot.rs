//! What Coolify shows of an app beside the fields that a plan sets: its status, its sub-resources, its compose text.
//!
//! One read. The status is Coolify's cache and up to a minute old (4.3.11, observed), so what it says to have stopped is
//! asked of the server too.

use serde_json::Value;

use super::lifecycle::ContainerState;
use super::sub_resources::{self, SubResource};
use super::{Coolify, Resource, about, text};
use crate::providers::ReadError;

/// An app as one read shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppSnapshot {
    /// Its status, which may be a minute old.
    pub status: String,
    /// Its sub-resources; an application has none.
    pub parts: Vec<SubResource>,
    /// Its compose text as Coolify keeps it; `None` for an application, and where the token may not see it.
    pub compose: Option<String>,
}

impl Coolify {
    /// The app as it is now; `None` when there is no such app.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn snapshot(&self, app: Resource<'_>) -> Result<Option<AppSnapshot>, ReadError> {
        let item = about(app.uuid(), self.read(&app.path("")).await?, "the app")?;
        Ok(item.map(|item| snapshot(&item)))
    }

    /// Whether the container of `app` (of a service, that of the compose service `name`) does not run, beyond what its
    /// cached status says.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn is_stopped(&self, app: Resource<'_>, name: &str) -> Result<bool, ReadError> {
        Ok(match self.container(app, name, 1).await? {
            ContainerState::Running(_) => false,
            // Where the server or the version does not tell, the status is all there is.
            ContainerState::Stopped | ContainerState::None | ContainerState::Unknown(_) => true,
        })
    }
}

fn snapshot(item: &Value) -> AppSnapshot {
    AppSnapshot {
        status: text(item, "status"),
        parts: sub_resources::of(item),
        compose: item["docker_compose_raw"].as_str().map(str::to_owned),
    }
}
