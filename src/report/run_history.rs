//! What the journal says about a run that has ended, as far as people want to know it.

use std::time::Duration;

use machine::effect::Effect;
use machine::entry::{JournalEntry, Proof, StoredEntry};
use machine::id::RunId;
use machine::plan::Zone;
use machine::receipt::{Origin, Receipt};
use machine::replay::AnyDeployment;
use machine::step::Step;

use crate::engine::commands::plan_of;
use crate::journal::JournalStore;
use crate::plan::release::{ReleaseError, read};
use crate::providers::coolify::resource::is_application;

/// A run, read back.
pub struct RunHistory {
    /// Where it is now.
    pub any: AnyDeployment,
    /// From its first entry to its last.
    pub took: Duration,
    /// What undoing left standing because others use it.
    pub kept: Vec<Kept>,
    /// What a person gave up on undoing.
    pub abandoned: Vec<Kept>,
}

/// A resource of ours that stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub resource: Step,
    pub id: String,
    pub reason: String,
}

impl RunHistory {
    /// Reads `run`.
    ///
    /// # Errors
    /// [`ReleaseError`].
    pub async fn read(store: &dyn JournalStore, run: &RunId) -> Result<Self, ReleaseError> {
        let (any, loaded) = read(store, run).await?;
        let took = match (loaded.lines.first(), loaded.lines.last()) {
            (Some(first), Some(last)) => first.at.until(&last.at),
            _ => Duration::ZERO,
        };
        let abandoned = abandoned(&any, &loaded.lines);
        let kept = loaded.lines.into_iter().filter_map(|line| kept(line.entry)).collect();
        Ok(Self { any, took, kept, abandoned })
    }

    /// Whether the run destroyed its app.
    pub fn is_destroyed(&self) -> bool {
        matches!(self.any, AnyDeployment::Destroyed(_))
    }

    /// The app that the run destroys, if that is what it is for.
    pub fn destroys(&self) -> Option<&str> {
        let begun = self.any.header();
        begun.purpose.is_destroy().then_some(begun.app.name.as_str())
    }

    /// What was there before Fabrik took it over, and so stays when the app is destroyed.
    pub fn taken_over(&self) -> Vec<&Receipt> {
        let is_own = |receipt: &&Receipt| matches!(receipt.step, Step::App | Step::Dns(_));
        let found = |receipt: &&Receipt| receipt.origin == Origin::Existing && is_own(receipt);
        self.any.ledger().receipts().iter().filter(found).collect()
    }

    /// Where people look at a resource of the run.
    pub fn link(&self, resource: Step) -> Option<String> {
        let plan = plan_of(&self.any)?;
        let place = &plan.target;
        let id = |step| self.any.ledger().receipt(step).map(|receipt| receipt.id.as_str());
        match resource {
            Step::Dns(nth) | Step::Proxy(nth) => plan.record(nth).map(|record| records_page(&record.zone)),
            Step::Project => Some(format!("{}/project/{}", place.coolify, id(Step::Project)?)),
            Step::Environment => {
                let (project, environment) = (id(Step::Project)?, id(Step::Environment)?);
                Some(format!("{}/project/{project}/environment/{environment}", place.coolify))
            }
            Step::Parts | Step::App | Step::Volumes | Step::Envs | Step::Deploy => {
                let (project, environment) = (id(Step::Project)?, id(Step::Environment)?);
                let app = id(Step::App)?;
                let kind = if is_application(&plan.app.attributes) { "application" } else { "service" };
                Some(format!("{}/project/{project}/environment/{environment}/{kind}/{app}", place.coolify))
            }
        }
    }

    /// What shows that the new version runs, where it came to that.
    pub fn proof(&self) -> Option<Proof> {
        let AnyDeployment::Complete(deployment) = &self.any else { return None };
        Some(deployment.phase().evidence.proof)
    }
}

// A resource has an id in its receipt alone.
fn abandoned(any: &AnyDeployment, lines: &[StoredEntry]) -> Vec<Kept> {
    let receipts = any.ledger().receipts();
    let given_up = |line: &StoredEntry| match &line.entry {
        JournalEntry::Effect(Effect::Abandoned { resource, reason }) => {
            let receipt = receipts.iter().find(|receipt| receipt.step.resource() == *resource);
            let id = receipt.map(|receipt| receipt.id.clone()).unwrap_or_default();
            Some(Kept { resource: *resource, id, reason: reason.clone() })
        }
        _ => None,
    };
    lines.iter().filter_map(given_up).collect()
}

fn kept(entry: JournalEntry) -> Option<Kept> {
    match entry {
        JournalEntry::Effect(Effect::Retained { resource, id, reason }) => {
            Some(Kept { resource, id, reason })
        }
        _ => None,
    }
}

// Cloudflare's own short way to a zone's records (developers.cloudflare.com/fundamentals/reference/deep-links).
fn records_page(zone: &Zone) -> String {
    format!("https://dash.cloudflare.com/?to=/:account/{}/dns/records", zone.name)
}
