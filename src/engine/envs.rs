//! The app's environment variables: what is sent of them, and from where.

use machine::deployment::Deployment;
use machine::entry::RunHeader;
use machine::phase::Deploying;
use machine::plan::{EnvVarAction, Plan};
use machine::receipt::{Attributes, Receipt};
use machine::step::Step;

use super::Run;
use super::converge::IdempotentUpdate;
use super::phase_error::{Interruption, PhaseError};
use crate::plan::resolved_spec::{EnvValue, RELEASE, ResolvedSpec};
use crate::plan::values::WantedRows;
use crate::providers::coolify::Resource;
use crate::providers::coolify::envs::Reach;
use crate::secrets::Secret;
use crate::spec::env_value::EnvForm;

impl Run {
    // Variables converge, so a run that is resumed before its start simply sends them again.
    pub(super) async fn envs(
        &mut self,
        deployment: &mut Deployment<Deploying>,
        plan: &Plan,
        app: &Receipt,
    ) -> Result<(), PhaseError> {
        if deployment.ledger().receipt(Step::Deploy).is_some() {
            return Ok(());
        }
        let before: Attributes = plan.envs.iter().map(|env| (env.key.clone(), env.before.clone())).collect();
        let what = format!("the variables of `{}`", deployment.header().app.name);
        let change =
            IdempotentUpdate { step: Step::Envs, id: &app.id, tag: app.tag.clone(), before: &before, what };
        let removed =
            |key: &str| plan.envs.iter().any(|env| env.key == key && env.change == EnvVarAction::Remove);
        let resource = Resource::of(&plan.app.attributes, &app.id);
        let wanted = WantedRows::of_resolved(&self.resolved);
        let rows = self.clients.coolify.env_rows(resource).await?;
        // The text that is there by now refers to none of them (Coolify recreates a missing row that a text begins with).
        for row in rows.iter().filter(|row| removed(&row.key) || wanted.makes_stale(&row.key)) {
            for id in row.ids() {
                let call = self.clients.coolify.delete_env(resource, id);
                self.context.converge(deployment, &change, &call).await?;
            }
        }
        let mut values = self.values(plan)?;
        values.extend(wanted.empty_part(&rows, !values.is_empty()));
        if values.is_empty() {
            return Ok(());
        }
        let call = {
            let values: Vec<(&str, &Secret, Reach)> =
                values.iter().map(|(key, value)| (key.as_str(), value, self.reach(key))).collect();
            self.clients.coolify.set_envs(resource, &values)
        };
        self.context.converge(deployment, &change, &call).await?;
        Ok(())
    }

    // A secret is nothing for an image's history, and the release is new each time, which would spoil the build's cache.
    pub(super) fn reach(&self, key: &str) -> Reach {
        let resolved_specs = [Some(&self.resolved), self.before.as_ref()];
        let mut secrets = resolved_specs.iter().flatten().flat_map(|resolved| &resolved.spec.secrets);
        if key == RELEASE || secrets.any(|want| want.name == key) { Reach::Container } else { Reach::Build }
    }

    /// The rows that are sent: those of the values added and changed, each still the one that was planned.
    fn values(&self, plan: &Plan) -> Result<Vec<(String, Secret)>, Interruption> {
        let mut values = Vec::new();
        for desired in &plan.envs {
            if !matches!(desired.change, EnvVarAction::Add | EnvVarAction::Set) {
                continue;
            }
            let rows = if desired.key == RELEASE {
                Some(vec![(RELEASE.to_owned(), Secret::new(plan.release.as_str()))])
            } else {
                let form = self.resolved.envs.iter().find(|env| env.key == desired.key).map(|env| &env.form);
                let value = value_of(&self.resolved, &desired.key, &desired.fingerprint);
                value.zip(form).and_then(|(value, form)| rows_of(&desired.key, value, form))
            };
            values.extend(rows.ok_or_else(|| changed_since(&desired.key))?);
        }
        Ok(values)
    }
}

/// The name of a variable that a source gives, with another value than `begun` started with.
pub(crate) fn changed_by_now<'a>(begun: &RunHeader, resolved: &'a ResolvedSpec) -> Option<&'a str> {
    let changed = |env: &&EnvValue| {
        env.value().is_some() && begun.secrets.get(&env.key).is_some_and(|then| *then != env.fingerprint)
    };
    resolved.envs.iter().find(changed).map(|env| env.key.as_str())
}

/// A run goes on with the values it was started with, or not at all.
pub(crate) fn changed_since(key: &str) -> Interruption {
    let reason = format!("`{key}` no longer has the value this run was started with");
    Interruption::park(reason, "set it to that value again and resume, or roll back")
}

/// The value of `key` that has this fingerprint, if a source gives it.
pub(crate) fn value_of<'a>(resolved: &'a ResolvedSpec, key: &str, fingerprint: &str) -> Option<&'a Secret> {
    resolved.envs.iter().find(|env| env.key == key && env.fingerprint == fingerprint)?.value()
}

/// The rows of a value in this form; `None` where the value has another one.
pub(crate) fn rows_of(key: &str, value: &Secret, form: &EnvForm) -> Option<Vec<(String, Secret)>> {
    let rows = form.rows(key, value.expose())?;
    Some(rows.into_iter().map(|(name, value)| (name, Secret::new(value))).collect())
}
