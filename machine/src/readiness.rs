//! What must be on record before a run moves on. A move asks here, and takes its evidence from the ledger.

use std::fmt;

use crate::deployment::Deployment;
use crate::ledger::Ledger;
use crate::phase::PhaseKind;
use crate::plan::{Plan, Proxy};
use crate::step::Step;

/// A move that the record does not allow, with the deployment as it was.
#[derive(Debug)]
pub struct NotReady<P> {
    pub deployment: Deployment<P>,
    /// Steps of the plan that have no receipt.
    pub missing: Vec<Step>,
    /// Steps that have an attempt whose outcome is not known.
    pub in_doubt: Vec<Step>,
}

/// What the record of a run lacks before it may move to `next`: the steps without a receipt, and those in doubt.
pub(crate) fn lacks(ledger: &Ledger, plan: &Plan, next: PhaseKind) -> (Vec<Step>, Vec<Step>) {
    let missing = required(plan, next).into_iter().filter(|step| ledger.receipt(*step).is_none()).collect();
    let in_doubt = match next {
        PhaseKind::Complete => ledger.doubts().iter().map(|doubt| doubt.step).collect(),
        _ => Vec::new(),
    };
    (missing, in_doubt)
}

/// The steps that the phase before `next` carries out.
fn required(plan: &Plan, next: PhaseKind) -> Vec<Step> {
    match next {
        PhaseKind::Deploying => plan.replaced().chain(plan.wanted()).map(|(nth, _)| Step::Dns(nth)).collect(),
        PhaseKind::Verifying => {
            let rollout = plan.starts_app().then_some(Step::Deploy);
            [Step::Project, Step::Environment, Step::App].into_iter().chain(rollout).collect()
        }
        PhaseKind::Complete => {
            let late = plan.wanted().filter(|(_, record)| record.proxy == Proxy::AfterProof);
            let proxies = late.map(|(nth, _)| Step::Proxy(nth));
            proxies.chain(plan.unwanted().map(|(nth, _)| Step::Dns(nth))).collect()
        }
        PhaseKind::Pending
        | PhaseKind::Validating
        | PhaseKind::Provisioning
        | PhaseKind::RollingBack
        | PhaseKind::RolledBack
        | PhaseKind::Failed
        | PhaseKind::Surveying
        | PhaseKind::Destroying
        | PhaseKind::Destroyed
        | PhaseKind::DestroyFailed => Vec::new(),
    }
}

impl<P> fmt::Display for NotReady<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let missing = self.missing.iter().map(|step| format!("step `{step}` has no receipt"));
        let in_doubt = self.in_doubt.iter().map(|step| format!("step `{step}` is in doubt"));
        f.write_str(&missing.chain(in_doubt).collect::<Vec<_>>().join(", "))
    }
}

impl<P: fmt::Debug> std::error::Error for NotReady<P> {}
