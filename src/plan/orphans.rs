//! What earlier runs left behind without knowing: a request that was still on the wire when its run had ended.
//!
//! Such a resource carries the ownership tag of a run of this app in this journal, and no entry of that run names its id. It is
//! deleted before anything else is done. What a run's journal does name (a resource somebody gave up on) is left alone.

use machine::receipt::{Origin, ResourceState};

use super::Blocker;
use super::planner::Planner;
use super::release::{ReleaseError, read};
use crate::journal::StoreError;
use crate::providers::{Provider, RemoteObject};

/// The resources at one natural key, told apart.
pub(crate) struct Sorted {
    /// Neither ours nor left behind.
    pub strangers: Vec<RemoteObject>,
    /// Left behind.
    pub late: Vec<ResourceState>,
}

impl Planner<'_> {
    /// Tells `objects` apart, none of which is the resource that `provider` is asked for.
    ///
    /// # Errors
    /// [`Blocker`] when the journal cannot be read.
    pub(super) async fn sort(
        &self,
        provider: &dyn Provider,
        objects: Vec<RemoteObject>,
    ) -> Result<Sorted, Blocker> {
        let mut sorted = Sorted { strangers: Vec::new(), late: Vec::new() };
        for object in objects {
            if self.is_late(provider, &object).await? {
                let step = provider.step();
                let RemoteObject { id, tag, fields, .. } = object;
                sorted.late.push(ResourceState {
                    step,
                    origin: Origin::Orphaned,
                    id,
                    tag,
                    attributes: fields,
                });
            } else {
                sorted.strangers.push(object);
            }
        }
        Ok(sorted)
    }

    async fn is_late(&self, provider: &dyn Provider, object: &RemoteObject) -> Result<bool, Blocker> {
        let Some(tag) = &object.tag else { return Ok(false) };
        // Lists show resources of other kinds too, which this provider would not find again.
        let found = provider.get(&object.id).await?;
        if found.is_none_or(|found| found.tag != object.tag) {
            return Ok(false);
        }
        if tag.journal != *self.store.journal() || tag.run == *self.run {
            return Ok(false);
        }
        let any = match read(self.store.as_ref(), &tag.run).await {
            Ok((any, _)) => any,
            Err(ReleaseError::Store(StoreError::NoSuchRun(_))) => return Ok(false),
            Err(error) => return Err(Blocker::new(error.to_string(), "nothing was touched")),
        };
        let (app, spec) = (&any.header().app, &self.resolved.spec);
        let same_app =
            (&app.project, &app.environment, &app.name) == (&spec.project, &spec.environment, &spec.name);
        let named = any.ledger().receipts().iter().any(|receipt| receipt.id == object.id);
        Ok(same_app && any.name().is_closed() && !named)
    }
}
