//! An app's inventory: all that its runs created and that was never deleted, with the way to each resource.
//!
//! Read from the journal alone. Whether the resources are still there, and still ours, is seen when they are undone.

use std::collections::BTreeSet;
use std::sync::Arc;

use machine::phase::PhaseKind;
use machine::plan::{Baseline, DesiredRecord, Plan};
use machine::receipt::{Origin, ResourceState};
use machine::step::{RecordIndex, Step};

use super::release::{Release, ReleaseError, read, volumes_of};
use crate::journal::{JournalStore, RunRow};

/// What an app's runs left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inventory {
    /// Where it is: the newest release's plan, with every record there ever was.
    pub plan: Plan,
    /// The resources, those of the newest release first. What was made stands as made, all else as found.
    pub resources: Vec<ResourceState>,
}

type Thing = (ResourceState, Option<DesiredRecord>);

impl Inventory {
    /// Reads the estate out of `rows`, the app's runs; `None` where no release stands.
    ///
    /// # Errors
    /// [`ReleaseError`].
    pub async fn read(store: &Arc<dyn JournalStore>, rows: &[RunRow]) -> Result<Option<Self>, ReleaseError> {
        let mut resources: Vec<Thing> = Vec::new();
        let (mut newest, mut volumes) = (None, BTreeSet::new());
        for row in rows {
            if row.phase == Some(PhaseKind::Destroyed) {
                (resources, newest) = (Vec::new(), None);
                volumes.clear();
            }
            volumes.extend(started_with(store, row).await?);
            let Some(release) = finished(store, row).await? else { continue };
            left_by(&release, &mut resources);
            newest = Some(release);
        }
        let Some(newest) = newest else { return Ok(None) };
        let mut inventory = Self::of(&newest, resources);
        let mounted = newest.volumes();
        inventory.plan.left_volumes = volumes.into_iter().filter(|name| !mounted.contains(name)).collect();
        Ok(Some(inventory))
    }

    fn of(newest: &Release, mut resources: Vec<Thing>) -> Self {
        let receipts = newest.deployment.ledger().receipts();
        let is_older = |(receipt, _): &Thing| {
            !receipts.iter().any(|now| now.id == receipt.id && alike(now.step, receipt.step))
        };
        resources.sort_by_key(is_older);
        let mut plan = Plan { baseline: Baseline::Nothing, records: Vec::new(), ..newest.plan().clone() };
        let mut numbered = Vec::new();
        for (mut receipt, record) in resources {
            if let Some(record) = record {
                let Ok(nth) = RecordIndex::try_from(plan.records.len()) else { continue };
                receipt.step = Step::Dns(nth);
                plan.records.push(record);
            }
            numbered.push(receipt);
        }
        Self { plan, resources: numbered }
    }
}

// The volumes of a run that started the app, whatever became of it: Docker makes them then, and no undo deletes them.
async fn started_with(store: &Arc<dyn JournalStore>, row: &RunRow) -> Result<Vec<String>, ReleaseError> {
    let (any, loaded) = read(store.as_ref(), &row.run).await?;
    let started = any.ledger().newest_attempt(Step::Deploy).is_some();
    Ok(if started { volumes_of(any.header(), &loaded.blobs) } else { Vec::new() })
}

async fn finished(store: &Arc<dyn JournalStore>, row: &RunRow) -> Result<Option<Release>, ReleaseError> {
    match row.phase {
        Some(PhaseKind::Complete) => Release::of(store, &row.run).await,
        _ => Ok(None),
    }
}

// What this release did to the resources that the ones before it had left.
fn left_by(release: &Release, resources: &mut Vec<Thing>) {
    for receipt in release.deployment.ledger().receipts().iter().filter(|receipt| receipt.step.sets_fields())
    {
        let same = |(known, _): &Thing| known.id == receipt.id && alike(known.step, receipt.step);
        match (&receipt.origin, resources.iter().position(same)) {
            (Origin::Deleted { .. }, Some(at)) => drop(resources.remove(at)),
            (Origin::Deleted { .. }, None) | (Origin::Orphaned, _) => {}
            (_, Some(at)) => resources[at].0.attributes.extend(receipt.attributes.clone()),
            (how, None) => {
                let how = if *how == Origin::Created { Origin::Created } else { Origin::Existing };
                let receipt =
                    ResourceState { origin: how, step: receipt.step.resource(), ..receipt.to_state() };
                let record = record_of(release, receipt.step);
                resources.push((receipt, record));
            }
        }
    }
}

fn record_of(release: &Release, step: Step) -> Option<DesiredRecord> {
    match step {
        Step::Dns(nth) | Step::Proxy(nth) => release.plan().record(nth).cloned(),
        Step::Project
        | Step::Environment
        | Step::Parts
        | Step::App
        | Step::Volumes
        | Step::Envs
        | Step::Deploy => None,
    }
}

// Records have other numbers in other runs; their ids are what stays.
fn alike(one: Step, other: Step) -> bool {
    one.resource().as_str() == other.resource().as_str()
}
