//! The moves of a run that destroys an app. It has phases of its own: it cannot provision, and a deployment cannot end
//! as destroyed.
//!
//! ```text
//! Surveying ─▶ Destroying ─▶ Destroyed
//!     │          ▲    │
//!     ▼          │    ▼
//! RolledBack   DestroyFailed
//! (refused)
//! ```

use crate::cause::Cause;
use crate::deployment::{Deployment, RecordError};
use crate::entry::{JournalEntry, Purpose, RunHeader};
use crate::phase::{DestroyFailed, Destroyed, Destroying, RolledBack, Surveying, VolumePolicy};
use crate::plan::Plan;
use crate::receipt::ResourceState;
use crate::step::Step;
use crate::uncommitted::{Journal, Uncommitted};

impl Deployment<Surveying> {
    /// Begins a run that destroys the app of `header`.
    pub fn begin_destroy(header: RunHeader, volumes: VolumePolicy) -> Uncommitted<Surveying> {
        Self::first(RunHeader { purpose: Purpose::Destroy(volumes), ..header }, Surveying { volumes })
    }

    /// Starts deleting what earlier runs of the app made: `resources` are what stands, oldest first. `plan` says where.
    pub fn destroy(
        mut self,
        plan: Plan,
        resources: Vec<ResourceState>,
        cause: Cause,
    ) -> Uncommitted<Destroying> {
        let volumes = self.phase().volumes;
        self.inherit(resources.clone());
        let entry = JournalEntry::Destroying { plan: plan.clone(), resources, volumes, cause: cause.clone() };
        self.to(entry, |Surveying { volumes }| Destroying { plan, cause, volumes })
    }

    /// Ends the run before anything was deleted.
    pub fn refuse(self, cause: Cause) -> Uncommitted<RolledBack> {
        self.to(JournalEntry::RolledBack { cause: cause.clone() }, |Surveying { .. }| RolledBack { cause })
    }
}

impl Deployment<Destroying> {
    /// Ends the run: nothing that the app's runs made stands.
    ///
    /// # Errors
    /// The deployment as it was, if anything of it still stands or is in doubt.
    pub fn close(self) -> Result<Uncommitted<Destroyed>, Box<Self>> {
        if !self.is_undone() {
            return Err(Box::new(self));
        }
        let entry = JournalEntry::Destroyed { cause: self.phase().cause.clone() };
        Ok(self.to(entry, |Destroying { plan, cause, .. }| Destroyed { plan, cause }))
    }

    /// Gives up for now: something of it still stands.
    pub fn give_up(self) -> Uncommitted<DestroyFailed> {
        let entry = JournalEntry::DestroyFailed { cause: self.phase().cause.clone() };
        self.to(entry, |Destroying { plan, cause, volumes }| DestroyFailed { plan, cause, volumes })
    }
}

impl Deployment<DestroyFailed> {
    /// Tries again to delete what stands.
    pub fn retry(self, cause: Cause) -> Uncommitted<Destroying> {
        let entry = JournalEntry::DestroyRetried { cause: cause.clone() };
        self.to(entry, |DestroyFailed { plan, volumes, .. }| Destroying { plan, cause, volumes })
    }

    /// Records that a person gave up on deleting `resource`.
    ///
    /// # Errors
    /// As [`Deployment::record`].
    pub async fn abandon<J: Journal>(
        &mut self,
        journal: &mut J,
        resource: Step,
        reason: String,
    ) -> Result<(), RecordError<J::Error>> {
        self.write_abandoned(journal, resource, reason).await
    }
}
