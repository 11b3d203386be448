//! The app at Coolify, as a run looks at it: its status, its container, its deployments.

use machine::plan::{Plan, TargetLocation};
use machine::receipt::ResourceState;

use crate::providers::coolify::Resource;
use crate::providers::coolify::deployments::DeploymentRecord;
use crate::providers::coolify::lifecycle::ContainerState;
use crate::providers::coolify::services::APP;
use crate::providers::{Coolify, ReadError};

/// An app at Coolify.
#[derive(Clone, Copy)]
pub struct App<'a> {
    pub coolify: &'a Coolify,
    /// What it is filed as.
    pub resource: Resource<'a>,
    place: &'a TargetLocation,
    main: &'a str,
}

impl<'a> App<'a> {
    /// The app of `plan` that `receipt` is about.
    pub fn of(coolify: &'a Coolify, plan: &'a Plan, receipt: &'a ResourceState) -> Self {
        let fields = &plan.app.attributes;
        let main = fields.get("service").map_or(APP, String::as_str);
        Self { coolify, resource: Resource::of(fields, &receipt.id), place: &plan.target, main }
    }

    /// Its status string; `None` when it is gone.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn status(&self) -> Result<Option<String>, ReadError> {
        self.coolify.status(self.resource).await
    }

    /// The container that is looked at, with the last `lines` of its log.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn container(&self, lines: u32) -> Result<ContainerState, ReadError> {
        self.coolify.container(self.resource, self.main, lines).await
    }

    /// Its deployments that are not over, newest first; a service has none.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn under_way(&self) -> Result<Vec<DeploymentRecord>, ReadError> {
        let Resource::Application(id) = self.resource else { return Ok(Vec::new()) };
        let mut deployments = self.coolify.deployments(id).await?;
        deployments.retain(|deployment| !deployment.status.is_over());
        Ok(deployments)
    }

    /// Proves that the token still sees what it saw when the plan was made, so that absence means absence.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn control(&self) -> Result<(), ReadError> {
        self.coolify.check_access(&self.place.team, &self.place.server).await
    }
}
