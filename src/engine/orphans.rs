//! Orphans: deletes what requests of earlier runs created after those had ended, before anything else is done.
//!
//! Which resources that is stands in the plan. They were never part of a release, so their data goes with them.

use machine::deployment::Deployment;
use machine::effect::Effect;
use machine::phase::Provisioning;
use machine::phase::VolumePolicy;
use machine::plan::Plan;
use machine::receipt::ResourceState;
use machine::step::Step;

use super::Run;
use super::delete::Undoing;
use super::event::{Change, Event};
use super::phase_error::{Interruption, PhaseError, failed};
use super::undo::unplanned;
use crate::providers::ResourceNames;

impl Run {
    /// Deletes the orphans of the plan. What others use by now stays.
    ///
    /// # Errors
    /// [`PhaseError::Fail`] when one of them cannot be deleted, [`PhaseError::Interruption`] when it cannot be told now.
    pub(super) async fn clear_late(
        &mut self,
        deployment: &mut Deployment<Provisioning>,
    ) -> Result<(), PhaseError> {
        let plan = deployment.plan().clone();
        for receipt in &plan.orphans {
            let (resource, id, began) = (receipt.step, receipt.id.clone(), self.context.time());
            if !deployment.ledger().receipts().iter().any(|known| known.id == id) {
                self.context.record(deployment, Effect::Duplicate { state: receipt.clone() }).await?;
            }
            if !deployment.ledger().standing().iter().any(|standing| standing.receipt.id == id) {
                continue;
            }
            let what = format!("{resource} {id}, left behind by an earlier run");
            let (effect, came) = match self.take_late(deployment, &plan, receipt).await? {
                Undoing::Done => (Effect::Undone { resource, id }, Change::Removed),
                Undoing::Kept(reason) => (Effect::Retained { resource, id, reason }, Change::Kept),
                Undoing::Blocked(reason) => {
                    return Err(PhaseError::Fail(failed(
                        format!("{what}, could not be removed: {reason}"),
                        "",
                    )));
                }
            };
            self.context.record(deployment, effect).await?;
            self.context.tell(&Event::Done {
                step: resource.as_str(),
                what,
                change: came,
                took: self.context.since(began),
            });
        }
        Ok(())
    }

    async fn take_late(
        &mut self,
        deployment: &mut Deployment<Provisioning>,
        plan: &Plan,
        receipt: &ResourceState,
    ) -> Result<Undoing, Interruption> {
        let (clients, names) = (self.clients.clone(), ResourceNames::of(plan));
        match receipt.step {
            Step::Dns(nth) | Step::Proxy(nth) => {
                let Some(record) = plan.record(nth) else { return Ok(Undoing::Blocked(unplanned(receipt))) };
                let records = clients.records(record, receipt.step);
                self.context.delete(deployment, &records, receipt, VolumePolicy::Retain).await
            }
            Step::Project | Step::Environment => {
                if let Some(others) = clients.coolify.environment_resources(&receipt.id, None).await? {
                    return Ok(Undoing::Kept(others));
                }
                let projects = clients.projects(&plan.target, &names);
                self.context.delete(deployment, &projects, receipt, VolumePolicy::Retain).await
            }
            Step::Parts | Step::App | Step::Volumes | Step::Envs | Step::Deploy => {
                let server = &plan.target.server;
                match self.context.quiesce(deployment, &clients.coolify, server, receipt).await? {
                    Undoing::Done => {}
                    not_quiet => return Ok(not_quiet),
                }
                let project = plan.project.action.id().unwrap_or_default();
                let apps = clients.app(&plan.target, &names, project, &plan.app.attributes, "");
                self.context.delete(deployment, apps.as_ref(), receipt, VolumePolicy::Delete).await
            }
        }
    }
}
