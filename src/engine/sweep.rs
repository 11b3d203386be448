//! The last look: after any doubt or interruption a run lists its own ownership tags once more before it calls itself
//! complete or rolled back. What took effect late is found here.

use machine::deployment::Deployment;
use machine::phase::EffectfulPhase;
use machine::phase::VolumePolicy;
use machine::plan::Plan;
use machine::step::Step;

use super::Run;
use super::delete::Undoing;
use super::phase_error::{PhaseError, failed};
use super::undo::project;
use crate::providers::{Provider, ResourceNames};

impl Run {
    /// Finds resources of this run that no receipt knows. Those beyond the first of a step are deleted.
    ///
    /// # Errors
    /// [`PhaseError::Fail`] when a surplus resource cannot be deleted, [`PhaseError::Interruption`] when it cannot be told now.
    pub async fn sweep<P: EffectfulPhase>(
        &mut self,
        deployment: &mut Deployment<P>,
        plan: &Plan,
    ) -> Result<(), PhaseError> {
        let (place, names) = (&plan.target, ResourceNames::of(plan));
        let records = plan.wanted().map(|(nth, record)| self.clients.records(record, Step::Dns(nth)));
        let records: Vec<_> = records.collect();
        let projects = self.clients.projects(place, &names);
        let apps = self.clients.app(place, &names, &project(deployment), &plan.app.attributes, "");
        let records = records.iter().map(|records| records as &dyn Provider);
        for provider in records.chain([&projects as &dyn Provider, apps.as_ref()]) {
            if deployment.ledger().newest_attempt(provider.step()).is_some() {
                self.sweep_one(deployment, provider).await?;
            }
        }
        Ok(())
    }

    async fn sweep_one<P: EffectfulPhase>(
        &mut self,
        deployment: &mut Deployment<P>,
        provider: &dyn Provider,
    ) -> Result<(), PhaseError> {
        let step = provider.step();
        let tag = self.context.tag(deployment, step);
        for object in provider.find_by_tag(&tag).await? {
            if deployment.ledger().receipt_of(step, &object.id).is_some() {
                continue;
            }
            let first = deployment.ledger().receipt(step).is_none();
            let receipt = self.context.surplus(deployment, step, object).await?;
            if first {
                continue;
            }
            let undoing = self.context.delete(deployment, provider, &receipt, VolumePolicy::Delete).await?;
            let (resource, id) = (step, receipt.id.clone());
            if let Undoing::Blocked(reason) | Undoing::Kept(reason) = undoing {
                return Err(PhaseError::Fail(failed(
                    format!("a second {} could not be removed: {reason}", provider.describe()),
                    "",
                )));
            }
            self.context.record(deployment, machine::effect::Effect::Undone { resource, id }).await?;
        }
        Ok(())
    }
}
