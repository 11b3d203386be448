//! What a plan takes over: resources of somebody else's that the spec says may be changed.
//!
//! A record is put back when the run fails. Of an app nothing is known but its name, so it is not: that wants consent.

use machine::plan::{Action, DesiredResource, Plan};
use machine::step::Step;

use super::Release;
use crate::spec::Spec;

/// What a plan takes over that no earlier run of the app did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Adoption {
    /// The names of records.
    pub records: Vec<String>,
    /// The name of the app.
    pub app: Option<String>,
}

impl Adoption {
    /// What `plan` takes over; `base` is the app's last release.
    pub fn of(plan: &Plan, base: Option<&Release>) -> Self {
        let is_new = |desired: &DesiredResource, known: Option<String>| {
            let strangers = match &desired.action {
                Action::Update { id, tag: None, .. } | Action::NoOp { id, tag: None } => Some(id),
                Action::Update { .. } | Action::NoOp { .. } | Action::Create | Action::Delete { .. } => None,
            };
            strangers.is_some_and(|id| known.is_none_or(|known| known != *id))
        };
        let records = plan.wanted().map(|(_, record)| record);
        let record = |name: &str| base.and_then(|base| Some(base.record(name)?.id));
        let records = records.filter(|it| is_new(&it.desired, record(&it.name)));
        let known = base.and_then(|base| Some(base.receipt(Step::App)?.id.clone()));
        let app = plan.app.attributes.get("name").cloned();
        Self {
            records: records.map(|record| record.name.clone()).collect(),
            app: app.filter(|_| is_new(&plan.app, known)),
        }
    }

    /// What people should know of it beforehand.
    pub fn warnings(&self, spec: &Spec) -> Vec<String> {
        let record = |name: &String| {
            let name = spec.as_written(name);
            format!(
                "record `{name}` is somebody else's and is taken over: put back if the run fails, never deleted"
            )
        };
        let app = |name: &String| {
            format!(
                "app `{name}` is somebody else's and is taken over: what it is made of is not known here, \
                 so it cannot be put back if the run fails; it is never deleted"
            )
        };
        self.records.iter().map(record).chain(self.app.iter().map(app)).collect()
    }

    /// What must be agreed to, where something must.
    pub fn question(&self) -> Option<String> {
        let name = self.app.as_ref()?;
        Some(format!("app `{name}` at Coolify is somebody else's and cannot be put back; take it over?"))
    }
}
