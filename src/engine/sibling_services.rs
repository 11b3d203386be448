//! The other services of a stack: whether they stay up beside the one that is proven.
//!
//! One that never comes up fails a first release, for the app was never seen to be whole. Of an update it is said, and
//! the app that answers is left alone.

use std::collections::BTreeSet;
use std::time::Duration;

use machine::plan::{Baseline, Plan};
use machine::receipt::Receipt;

use super::Run;
use super::event::Event;
use super::phase_error::{PhaseError, failed};
use super::waits::Wait;
use crate::plan::compose::sent;
use crate::providers::coolify::Resource;
use crate::providers::coolify::lifecycle::ContainerState;
use crate::providers::coolify::resource::is_application;

/// For how long one may be down after the main service is well.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_secs(5);

impl Run {
    /// Waits until every other service that is meant to stay up runs, a minute at most.
    ///
    /// # Errors
    /// [`PhaseError::Fail`] when one does not, and the app has no earlier release.
    pub(super) async fn sibling_services(&self, plan: &Plan, app: &Receipt) -> Result<(), PhaseError> {
        let fields = &plan.app.attributes;
        if is_application(fields) {
            return Ok(());
        }
        let mut down = sent::lasting(&self.resolved.artifact.compose);
        down.remove(&self.resolved.artifact.main);
        let began = self.context.time();
        loop {
            down = self.still_down(Resource::of(fields, &app.id), down).await?;
            if down.is_empty() {
                return self.restless(app).await;
            }
            if self.context.since(began) >= PATIENCE {
                return self.not_whole(plan, app, &down).await;
            }
            self.context.pause(Wait::Neighbours, POLL).await?;
        }
    }

    async fn still_down(
        &self,
        app: Resource<'_>,
        names: BTreeSet<String>,
    ) -> Result<BTreeSet<String>, PhaseError> {
        let mut down = BTreeSet::new();
        for name in names {
            match self.clients.coolify.container(app, &name, 1).await? {
                ContainerState::Stopped | ContainerState::None => drop(down.insert(name)),
                ContainerState::Running(_) | ContainerState::Unknown(_) => {}
            }
        }
        Ok(down)
    }

    // A container that is started again and again is seen running now and then; its status tells.
    async fn restless(&self, app: &Receipt) -> Result<(), PhaseError> {
        let lasting = sent::lasting(&self.resolved.artifact.compose);
        let restless = |status: &str| status.starts_with("restarting") || status.starts_with("degraded");
        for part in self.clients.coolify.parts(&app.id).await? {
            if lasting.contains(&part.name) && restless(&part.status) {
                let text = format!("service `{}` of the stack does not stay up: {}", part.name, part.status);
                self.context.tell(&Event::Warned(text));
            }
        }
        Ok(())
    }

    async fn not_whole(&self, plan: &Plan, app: &Receipt, down: &BTreeSet<String>) -> Result<(), PhaseError> {
        let names: Vec<String> = down.iter().map(|name| format!("`{name}`")).collect();
        let what = format!("service {} of the stack is not running", names.join(", "));
        if plan.baseline != Baseline::Nothing {
            self.context.tell(&Event::Warned(what));
            return Ok(());
        }
        let parts = self.clients.coolify.parts(&app.id).await?;
        let mut cause =
            failed(what, "see its log in Coolify; one that is meant to end needs `restart: \"no\"`");
        let theirs = parts.iter().filter(|part| down.contains(&part.name));
        cause.evidence.extend(theirs.map(|part| format!("{} at Coolify: {}", part.name, part.status)));
        Err(PhaseError::Fail(cause))
    }
}
