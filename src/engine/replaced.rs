//! Whether the container of the release before was replaced at all, and what it is built from when it was.
//!
//! A start that fails leaves the old container running (Coolify 4.3.11, observed). Where that is certain, putting back the
//! fields and the variables is all there is to do: a restart would build whatever the branch has by now, which is what
//! has just failed. Where a restart is needed, a branch is pinned to the commit of the release before until it is done.

use std::time::Duration;

use machine::deployment::Deployment;
use machine::entry::Proof;
use machine::phase::{RollingBack, VolumePolicy};
use machine::receipt::{Attributes, Receipt};
use machine::step::Step;

use super::Run;
use super::answering::RestoredSites;
use super::app::App;
use super::delete::Undoing;
use super::phase_error::{Interruption, PhaseError};
use super::start::DEPLOYMENT;
use crate::plan::Release;
use crate::plan::compose::sent;
use crate::plan::release::frozen;
use crate::providers::Provider;
use crate::providers::coolify::Resource;
use crate::providers::coolify::deployments::{DeploymentRecord as Record, Status, TAKEN};
use crate::spec::Health;

/// How long the release before may take to show that it never stopped answering.
const GLANCE: Duration = Duration::from_secs(10);
/// The commit that means "whatever the branch has".
const HEAD: &str = "HEAD";

impl Run {
    /// Whether the container of the release before certainly still runs, and answers.
    ///
    /// # Errors
    /// [`Interruption`] when it cannot be told now.
    pub(super) async fn is_never_replaced(
        &self,
        deployment: &Deployment<RollingBack>,
        receipt: &Receipt,
        base: &Release,
    ) -> Result<bool, Interruption> {
        let (plan, health) = (base.plan(), self.health_of(base));
        let seen = match Resource::of(&plan.app.attributes, &receipt.id) {
            Resource::Application(id) => {
                let records = self.clients.coolify.deployments(id).await?;
                if !all_failed(deployment, &records) {
                    return Ok(false);
                }
                self.answers_again(deployment, receipt, base, health).await.map(|_| true)
            }
            Resource::Service(_) => {
                if !self.shows_what_runs(deployment, receipt, base) {
                    return Ok(false);
                }
                let app = App::of(&self.clients.coolify, plan, receipt);
                if let Err(halt) = self.context.until_quiet(app).await {
                    return not_seen(halt);
                }
                let health = Health { timeout: health.timeout.min(GLANCE), ..health };
                let proven = self.answers_again(deployment, receipt, base, health).await;
                proven.map(|proven| proven.proof == Proof::Fingerprint)
            }
        };
        seen.or_else(not_seen)
    }

    // A service leaves no record of its starts, so the answer alone must tell: only where the container that answers is
    // all there is of the app, before and now. A run that was finished has replaced it for certain; and where this undo
    // has restarted it before, the container that answers for the release before may run with values of this run.
    fn shows_what_runs(
        &self,
        deployment: &Deployment<RollingBack>,
        receipt: &Receipt,
        base: &Release,
    ) -> bool {
        let alone = |text: &str| sent::services(text).len() == 1;
        let start = self.clients.coolify.deploy(Resource::of(&base.plan().app.attributes, &receipt.id));
        deployment.phase().volumes == VolumePolicy::Delete
            && !deployment.ledger().has_undone_by(&start.redacted)
            && RestoredSites::of(deployment, base).plan.wanted().next().is_some()
            && alone(&base.frozen(frozen::COMPOSE))
            && alone(&self.resolved.artifact.compose)
    }

    /// The fields of the release before with the commit that it was built from; `None` where its fields name what it
    /// is made of, or nobody knows.
    ///
    /// # Errors
    /// [`Interruption`] when it cannot be told now.
    pub(super) async fn pinned(
        &self,
        base: &Release,
        receipt: &Receipt,
    ) -> Result<Option<Attributes>, Interruption> {
        let fields = &base.plan().app.attributes;
        let follows_branch = fields.get("kind").is_some_and(|kind| kind == "git")
            && fields.get("commit").is_none_or(|commit| commit == HEAD);
        if !follows_branch {
            return Ok(None);
        }
        let known = base.receipt(Step::Deploy).and_then(|start| start.attributes.get(DEPLOYMENT));
        let record = match known {
            Some(uuid) => self.clients.coolify.deployment(uuid).await?,
            None => None,
        };
        let commit = match record.and_then(|record| record.commit) {
            Some(commit) => Some(commit),
            None => self.newest_before(base, receipt).await?,
        };
        Ok(commit.map(|commit| {
            let pin = [("commit".to_owned(), commit)];
            fields.clone().into_iter().chain(pin).collect()
        }))
    }

    // A release that left the app running as it was has no deployment of its own.
    async fn newest_before(&self, base: &Release, receipt: &Receipt) -> Result<Option<String>, Interruption> {
        if base.receipt(Step::Deploy).is_some() {
            return Ok(None);
        }
        let records = self.clients.coolify.deployments(&receipt.id).await?;
        let finished = records.into_iter().find(|record| record.status == Status::Finished);
        Ok(finished.and_then(|record| record.commit))
    }

    /// Restarts the app as the release before was, pinned to its commit while that goes on.
    ///
    /// # Errors
    /// [`Interruption`] when it cannot be told now.
    pub(super) async fn start_pinned(
        &mut self,
        deployment: &mut Deployment<RollingBack>,
        apps: &dyn Provider,
        receipt: &Receipt,
        (base, pinned): (&Release, Option<&Attributes>),
    ) -> Result<Undoing, Interruption> {
        let Some(pinned) = pinned else { return self.start_again(deployment, receipt, base).await };
        let pin = apps.update_request(&receipt.id, pinned);
        if let Undoing::Blocked(reason) = self.retry_until_resolved(deployment, receipt, &pin).await? {
            return Ok(Undoing::Blocked(reason));
        }
        let started = self.start_again(deployment, receipt, base).await?;
        let unpin = apps.update_request(&receipt.id, &base.plan().app.attributes);
        match self.retry_until_resolved(deployment, receipt, &unpin).await? {
            Undoing::Blocked(reason) => Ok(Undoing::Blocked(reason)),
            Undoing::Done | Undoing::Kept(_) => Ok(started),
        }
    }
}

// Whether nothing that was started since this run first did has come to anything. The list is of the newest alone.
fn all_failed(deployment: &Deployment<RollingBack>, records: &[Record]) -> bool {
    let first = deployment.ledger().first_attempt(Step::Deploy);
    let before = first.and_then(|first| first.before.get(DEPLOYMENT)?.parse::<u64>().ok());
    let Some(before) = before else { return false };
    let since: Vec<&Record> = records.iter().filter(|record| record.number > before).collect();
    since.len() < TAKEN && since.iter().all(|record| record.status == Status::Failed)
}

// It is restarted then, whatever was wrong with it.
fn not_seen(halt: PhaseError) -> Result<bool, Interruption> {
    match halt {
        PhaseError::Fail(_) => Ok(false),
        PhaseError::Interruption(stop) => Err(stop),
    }
}
