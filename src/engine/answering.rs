//! Whether the release before answers again, once what this run changed is undone.
//!
//! It is asked at its own names, each as the record is by then: as this run left it where that could not be undone, else
//! as this run found it. A record that somebody had deleted or pointed elsewhere is put back so too; the app did not answer
//! at its name before this run, and is not asked there.

use machine::deployment::Deployment;
use machine::ledger::Ledger;
use machine::phase::RollingBack;
use machine::plan::{Action, DesiredRecord, DesiredResource, Plan, Proxy};
use machine::receipt::{Attributes, Receipt, ResourceState};
use machine::step::{RecordIndex, Step};

use super::Run;
use super::event::Event;
use super::phase_error::PhaseError;
use super::prove::Stage;
use crate::plan::Release;
use crate::spec::Health;
use crate::verify::Verified;

/// Where the release before is asked.
pub(super) struct RestoredSites {
    /// Its plan with the records at which it is asked, as they are by now.
    pub plan: Plan,
    /// The names whose records lead elsewhere, or are gone, as this run found them.
    elsewhere: Vec<String>,
}

impl Run {
    /// Waits until the release before answers; where none of its names leads to it, until its container runs.
    ///
    /// # Errors
    /// As [`watch`](Self::watch).
    pub(super) async fn answers_again(
        &self,
        deployment: &Deployment<RollingBack>,
        receipt: &Receipt,
        base: &Release,
        health: Health,
    ) -> Result<Verified, PhaseError> {
        let RestoredSites { plan, .. } = RestoredSites::of(deployment, base);
        self.watch(&plan, receipt, base.answers_as(), &health, Stage::Bare).await
    }

    /// The release before is well by its own notion of health.
    pub(super) fn health_of(&self, base: &Release) -> Health {
        base.spec().map_or_else(|_| self.resolved.spec.health.clone(), |spec| spec.health)
    }

    /// Says at which names of the release before nothing is asked.
    pub(super) fn tell_of_names_elsewhere(&self, deployment: &Deployment<RollingBack>, base: &Release) {
        for name in RestoredSites::of(deployment, base).elsewhere {
            let name = self.resolved.spec.as_written(&name);
            self.context.tell(&Event::Warned(format!(
                "the restored release is not asked at {name}: its record had been deleted or pointed elsewhere before this \
                 run, and is so again"
            )));
        }
    }
}

impl RestoredSites {
    /// Those of `base`, which `deployment` goes back to.
    pub(crate) fn of(deployment: &Deployment<RollingBack>, base: &Release) -> Self {
        let mut sites =
            Self { plan: Plan { records: Vec::new(), ..base.plan().clone() }, elsewhere: Vec::new() };
        // A record that it wanted to delete and somebody took over is none of its own.
        let own = |(record, _): &(&DesiredRecord, ResourceState)| {
            !matches!(record.desired.action, Action::Delete { .. })
        };
        for (record, receipt) in base.records().into_iter().filter(own) {
            match leading_here(deployment.plan(), deployment.ledger(), (record, &receipt)) {
                Some(fields) => {
                    let action = Action::NoOp { id: receipt.id, tag: receipt.tag };
                    let desired = DesiredResource { attributes: fields, action };
                    sites.plan.records.push(DesiredRecord {
                        desired,
                        proxy: Proxy::AsMade,
                        ..record.clone()
                    });
                }
                None => sites.elsewhere.push(record.name.clone()),
            }
        }
        sites
    }
}

// The fields of a record of the release before as they are by now; `None` where it does not lead to the app.
fn leading_here(
    plan: &Plan,
    ledger: &Ledger,
    (record, receipt): (&DesiredRecord, &ResourceState),
) -> Option<Attributes> {
    let mut fields = receipt.attributes.clone();
    let Some((nth, wanted)) = plan.wanted().find(|(_, wanted)| wanted.name == record.name) else {
        return Some(fields);
    };
    if stands(ledger, nth) {
        let receipts = [Step::Dns(nth), Step::Proxy(nth)].into_iter().filter_map(|step| ledger.receipt(step));
        fields.extend(receipts.flat_map(|now| now.attributes.clone()));
        return Some(fields);
    }
    match &wanted.desired.action {
        // Somebody had deleted it, unless it is this run that takes it away to make room.
        Action::Create => plan.replaced().any(|(_, old)| old.name == record.name).then_some(fields),
        Action::Update { before, .. } => {
            fields.extend(before.clone());
            (fields.get("content") == receipt.attributes.get("content")).then_some(fields)
        }
        // It was found as this run's spec wants it, which is where that says that the app is.
        Action::NoOp { .. } => {
            fields.extend(wanted.desired.attributes.clone());
            Some(fields)
        }
        Action::Delete { .. } => Some(fields),
    }
}

fn stands(ledger: &Ledger, nth: RecordIndex) -> bool {
    ledger.standing().iter().any(|it| it.receipt.step == Step::Dns(nth))
}
