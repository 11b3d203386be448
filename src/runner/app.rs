//! The app at Coolify, as a run looks at it: its status, its container, its deployments.

use machine::plan::Plan;
use machine::receipt::Receipt;

use crate::providers::coolify::Resource;
use crate::providers::coolify::services::APP;
use crate::providers::coolify::starts::Container;
use crate::providers::{Coolify, Trouble};

/// An app at Coolify.
#[derive(Clone, Copy)]
pub struct App<'a> {
    /// Where it is.
    pub coolify: &'a Coolify,
    /// What it is filed as.
    pub resource: Resource<'a>,
    main: &'a str,
}

impl<'a> App<'a> {
    /// The app of `plan` that `receipt` is about.
    pub fn of(coolify: &'a Coolify, plan: &'a Plan, receipt: &'a Receipt) -> Self {
        let fields = &plan.app.fields;
        let main = fields.get("service").map_or(APP, String::as_str);
        Self { coolify, resource: Resource::of(fields, &receipt.id), main }
    }

    /// Its status string; `None` when it is gone.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn status(&self) -> Result<Option<String>, Trouble> {
        self.coolify.status(self.resource).await
    }

    /// The container that is looked at, with the last `lines` of its log.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn container(&self, lines: u32) -> Result<Container, Trouble> {
        self.coolify.container(self.resource, self.main, lines).await
    }
}
