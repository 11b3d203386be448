//! Drawing the volumes of an application: those that are wanted, beside those that are there.
//!
//! Coolify does not show them with the application, so its rows are asked for. Rows that no release of the app names
//! are somebody else's and count for nothing.

use machine::plan::{Action, DesiredResource};
use machine::receipt::Attributes;

use super::planner::Planner;
use super::{Blocker, Release};
use crate::providers::Coolify;
use crate::providers::coolify::resource::is_application;
use crate::providers::coolify::storages::{Mount, VOLUMES, spelled};

impl Planner<'_> {
    /// Adds the spec's volumes to an application's fields: nothing where neither it nor the last release has any.
    pub(super) fn with_volumes(&self, mut app: Attributes) -> Attributes {
        let spec = self.resolved.spec.volumes.iter();
        let wanted: Vec<Mount> =
            spec.map(|it| Mount { name: it.name.clone(), path: it.path.clone() }).collect();
        let had = self.base.is_some_and(|base| base.plan().app.attributes.contains_key(VOLUMES));
        if had || !wanted.is_empty() {
            app.insert(VOLUMES.to_owned(), spelled(&wanted));
        }
        app
    }

    /// The volumes that the last release mounts and the wanted app does not. One that is made has no earlier data.
    pub(super) fn left_volumes(&self, app: &DesiredResource) -> Vec<String> {
        let before =
            self.base.filter(|_| app.action.id().is_some()).map(Release::volumes).unwrap_or_default();
        before.into_iter().filter(|name| !self.resolved.artifact.volumes.contains(name)).collect()
    }

    /// The wish for the app with what is really there of its volumes.
    ///
    /// # Errors
    /// [`Blocker`] where Coolify cannot be asked for them, a version without the call included.
    pub(super) async fn mounted(
        &self,
        coolify: &Coolify,
        desired: DesiredResource,
    ) -> Result<DesiredResource, Blocker> {
        if !is_application(&desired.attributes) || !desired.attributes.contains_key(VOLUMES) {
            return Ok(desired);
        }
        let (id, before, tag) = match desired.action {
            Action::Update { id, before, tag } => (id, before, tag),
            Action::NoOp { id, tag } => (id, desired.attributes.clone(), tag),
            Action::Create | Action::Delete { .. } => {
                coolify.knows_storages().await?;
                return Ok(desired);
            }
        };
        let there = spelled(&self.there(coolify, &id, &desired.attributes).await?);
        let changes = before.iter().any(|(name, was)| desired.attributes.get(name) != Some(was));
        let action = if changes || desired.attributes[VOLUMES] != there {
            let before = before.into_iter().chain([(VOLUMES.to_owned(), there)]).collect();
            Action::Update { id, before, tag }
        } else {
            Action::NoOp { id, tag }
        };
        Ok(DesiredResource { action, ..desired })
    }

    // Those of the wanted and the last release's mounts that have a row, in that order; once for each row.
    async fn there(&self, coolify: &Coolify, id: &str, wanted: &Attributes) -> Result<Vec<Mount>, Blocker> {
        let rows = coolify.storages(id).await?;
        let mut mounts = Mount::all(wanted);
        let had = self.base.map(|base| Mount::all(&base.plan().app.attributes)).unwrap_or_default();
        mounts.extend(had.into_iter().filter(|mount| !mounts.contains(mount)).collect::<Vec<_>>());
        let as_often = |mount: Mount| {
            let rows = rows.iter().filter(|row| mount.is(row, id)).count();
            std::iter::repeat_n(mount.clone(), rows)
        };
        Ok(mounts.into_iter().flat_map(as_often).collect())
    }
}
