//! The place of an app at Coolify, and what is the same whichever of the two kinds it is filed as.

use http::Method;
use machine::phase::VolumePolicy;
use machine::tag::OwnershipTag;
use serde_json::{Value, json};

use super::{COOLIFY, Coolify, Resource};
use crate::providers::request::WriteRequest;
use crate::providers::{ReadError, RemoteObject};

/// One name in one environment.
pub struct AppSlot {
    pub coolify: Coolify,
    /// The team it belongs to.
    pub team: String,
    /// The server that its app runs on.
    pub server: String,
    /// The project's uuid.
    pub project: String,
    /// The environment's name.
    pub environment: String,
    pub name: String,
}

impl AppSlot {
    /// Everything of the name in the environment, of whatever kind: all of it is in the way.
    pub(super) async fn occupants(
        &self,
        read: impl Fn(&Value) -> Option<RemoteObject>,
    ) -> Result<Vec<RemoteObject>, ReadError> {
        let Some(items) = self.coolify.inhabitants(&self.project, &self.environment).await? else {
            self.check_access().await?;
            return Ok(Vec::new());
        };
        let named = |object: &RemoteObject| object.fields.get("name") == Some(&self.name);
        Ok(items.iter().filter_map(read).filter(named).collect())
    }

    /// Everything in the list at `path` that carries `tag`.
    pub(super) async fn find_by_tag(
        &self,
        path: &str,
        tag: &OwnershipTag,
        read: impl Fn(&Value) -> Option<RemoteObject>,
    ) -> Result<Vec<RemoteObject>, ReadError> {
        let items = self.coolify.resources(path).await?;
        let marked = |object: &RemoteObject| object.tag.as_ref() == Some(tag);
        Ok(items.iter().filter_map(read).filter(marked).collect())
    }

    /// Proves that the token still sees the team and the server.
    pub(super) async fn check_access(&self) -> Result<(), ReadError> {
        self.coolify.check_access(&self.team, &self.server).await
    }

    /// What the body of a request that makes the app says of its place.
    pub(super) fn body(&self, tag: &OwnershipTag) -> Value {
        json!({
            "name": self.name,
            "description": tag.to_string(),
            "project_uuid": self.project,
            "environment_name": self.environment,
            "server_uuid": self.server,
            "instant_deploy": false,
        })
    }

    /// The request that deletes `app`. Never with `docker_cleanup`, which prunes the whole server (Coolify fact:
    /// deleting and stopping).
    pub(super) fn vacate(&self, app: Resource<'_>, volumes: VolumePolicy) -> WriteRequest {
        let volumes = volumes == VolumePolicy::Delete;
        let path = app.path(&format!(
            "?delete_volumes={volumes}&docker_cleanup=false&delete_configurations=true\
             &delete_connected_networks=true"
        ));
        self.coolify.write(Method::DELETE, &path, &Value::Null, COOLIFY)
    }
}
