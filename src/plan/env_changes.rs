//! What a plan does with each environment variable.

use std::collections::BTreeMap;

use machine::id::RunId;
use machine::plan::{EnvVarAction, EnvVarChange};

use super::Blocker;
use super::observed::ObservedApp;
use super::planner::Planner;
use super::resolved_spec::{EnvValue, RELEASE};

impl Planner<'_> {
    /// What happens to each variable, by what the `last` release set and what is `observed`.
    ///
    /// A value that is as it was is sent again where somebody else changed it, or where everything is sent; one that is
    /// only on Coolify cannot be.
    pub(super) fn env_changes(
        &self,
        last: &BTreeMap<&str, &str>,
        observed: &ObservedApp,
    ) -> Vec<EnvVarChange> {
        let before = |key: &str| last.get(key).map(|print| (*print).to_owned()).unwrap_or_default();
        let is_due = |env: &EnvValue| env.value().is_some() && (self.force || observed.is_moved(&env.key));
        let kept = self.resolved.changes(last).into_iter().map(|(env, change)| EnvVarChange {
            key: env.key.clone(),
            fingerprint: env.fingerprint.clone(),
            before: before(&env.key),
            change: if change == EnvVarAction::Keep && is_due(env) { EnvVarAction::Set } else { change },
        });
        let wanted = |key: &str| key == RELEASE || self.resolved.envs.iter().any(|env| env.key == key);
        let removed = last.iter().filter(|(key, _)| !wanted(key)).map(|(key, print)| EnvVarChange {
            key: (*key).to_owned(),
            fingerprint: (*print).to_owned(),
            before: (*print).to_owned(),
            change: EnvVarAction::Remove,
        });
        kept.chain(removed).collect()
    }

    /// Whether each value is known, as a new app needs it.
    ///
    /// # Errors
    /// [`Blocker`] naming the first value that was kept only on Coolify.
    pub(super) fn values_at_hand(&self) -> Result<(), Blocker> {
        match self.resolved.envs.iter().find(|env| env.value().is_none()) {
            None => Ok(()),
            Some(env) => Err(Blocker::new(
                format!("`{}` was kept only on Coolify, and the app is gone from there", env.key),
                format!("set it in the environment, or write `{}=…` into `.env`", env.key),
            )),
        }
    }
}

/// What happens to the variable that names the release.
pub(super) fn release_change(release: &RunId, last: &BTreeMap<&str, &str>) -> EnvVarChange {
    let before = last.get(RELEASE).map(|print| (*print).to_owned()).unwrap_or_default();
    let change = match before.as_str() {
        "" => EnvVarAction::Add,
        same if same == release.as_str() => EnvVarAction::Keep,
        _ => EnvVarAction::Set,
    };
    EnvVarChange { key: RELEASE.to_owned(), fingerprint: release.to_string(), before, change }
}
