//! What is found of an app beside its fields: whether it runs, its compose text, its variables.
//!
//! Read once, for the plan (which puts it back) and for drift (which names it), so that the two cannot differ. Nothing of
//! a value is kept: only whether it is the one that the release set.

use std::collections::BTreeMap;

use machine::plan::Plan;

use super::Release;
use super::ask::RELEASE;
use super::compose::release_label::labelled;
use super::compose::sent;
use super::release::frozen;
use crate::providers::coolify::Resource;
use crate::providers::coolify::compose_text::{ComposeTree, Difference};
use crate::providers::coolify::envs::EnvRow;
use crate::providers::coolify::parts::Part;
use crate::providers::coolify::resource::is_application;
use crate::providers::coolify::snapshot::AppSnapshot;
use crate::providers::{Coolify, Trouble};
use crate::secrets::FingerprintKey;

/// What is found of a release's app.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObservedApp {
    /// What does not run although it should: compose services by their names, an application as `the container`.
    pub stopped: Vec<String>,
    /// Where the compose text differs from the release's.
    pub compose: Vec<Difference>,
    /// The variables that the release set, by name.
    pub envs: BTreeMap<String, ObservedEnv>,
    /// What could not be compared, and why.
    pub unseen: Vec<String>,
}

/// How a variable that a release set is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObservedEnv {
    /// With the value that the release set, as far as the token may see it.
    AsSet,
    /// With another value, or in a form in which the value is interpolated on its way to the container.
    Changed,
    /// Its row is gone.
    Missing,
}

impl ObservedApp {
    /// Looks at the app of `release` under `id`. Values are compared by their fingerprints with `key`; without it, or
    /// where the token may not see them, only the names are.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn read(
        coolify: &Coolify,
        release: &Release,
        id: &str,
        key: Option<&FingerprintKey>,
    ) -> Result<Self, Trouble> {
        let app = Resource::of(&release.plan().app.fields, id);
        let rows = coolify.env_rows(app).await?;
        let mut observed = Self::default();
        observed.compare_envs(release, &rows, key);
        if let Some(snapshot) = coolify.snapshot(app).await? {
            observed.compare_text(release, &snapshot);
            observed.stopped = stopped(coolify, release, app, &snapshot).await?;
        }
        Ok(observed)
    }

    /// What was found otherwise than the release left it, a line each: for people.
    pub fn notes(&self) -> Vec<String> {
        let stopped = self.stopped.iter().map(|what| format!("{what} is stopped"));
        let text = self
            .compose
            .iter()
            .map(|it| format!("compose text edited since it was sent: {} {}", it.path, it.how));
        let envs = self.envs.iter().filter_map(|(key, found)| match found {
            ObservedEnv::AsSet => None,
            ObservedEnv::Changed => Some(format!("variable `{key}` changed since it was set")),
            ObservedEnv::Missing => Some(format!("variable `{key}` deleted since it was set")),
        });
        stopped.chain(text).chain(envs).map(|what| format!("outside Fabrik: {what}")).collect()
    }

    /// Whether a variable is not as the release set it.
    pub fn is_moved(&self, key: &str) -> bool {
        self.envs.get(key).is_some_and(|found| *found != ObservedEnv::AsSet)
    }

    fn compare_envs(&mut self, release: &Release, rows: &[EnvRow], key: Option<&FingerprintKey>) {
        for (name, fingerprint) in release.envs() {
            let named: Vec<&EnvRow> = rows.iter().filter(|row| row.key == name).collect();
            let found = match named.as_slice() {
                [] => ObservedEnv::Missing,
                rows if rows.iter().all(|row| is_as_set(row, fingerprint, key)) => ObservedEnv::AsSet,
                _ => ObservedEnv::Changed,
            };
            self.envs.insert(name.to_owned(), found);
        }
        if rows.iter().any(|row| row.value.is_none()) {
            self.unseen.push("values of variables: the Coolify token lacks read:sensitive".to_owned());
        } else if key.is_none() && !rows.is_empty() {
            self.unseen.push("values of variables: the journal's `fabrik.key` is gone".to_owned());
        }
    }

    fn compare_text(&mut self, release: &Release, snapshot: &AppSnapshot) {
        if is_application(&release.plan().app.fields) {
            return;
        }
        let Some(there) = &snapshot.compose else {
            self.unseen.push("the compose text: the Coolify token lacks read:sensitive".to_owned());
            return;
        };
        let sent = labelled(&release.frozen(frozen::COMPOSE), &release.plan().app.fields);
        let sent = ComposeTree::parse(&sent);
        match (sent, ComposeTree::parse(there)) {
            (Some(sent), Some(there)) => self.compose = sent.differences(&there),
            _ => self.unseen.push("the compose text: it cannot be parsed".to_owned()),
        }
    }
}

fn is_as_set(row: &EnvRow, fingerprint: &str, key: Option<&FingerprintKey>) -> bool {
    let Some(value) = &row.value else { return true };
    let value = value.expose();
    let is_same = match key {
        // The release's own name is no secret, so its fingerprint is the name itself.
        _ if row.key == RELEASE => value == fingerprint,
        Some(key) => key.fingerprint(&row.key, value) == fingerprint,
        None => true,
    };
    is_same && (row.is_literal || is_plain(value))
}

// What no reader on the way to the container takes for anything but itself.
fn is_plain(value: &str) -> bool {
    value.chars().all(|it| it.is_ascii_alphanumeric() || "_-.,:;/@%+=~^!?*()[]{}<>|&".contains(it))
}

async fn stopped(
    coolify: &Coolify,
    release: &Release,
    app: Resource<'_>,
    snapshot: &AppSnapshot,
) -> Result<Vec<String>, Trouble> {
    let mut stopped = Vec::new();
    for (name, called) in said_to_have_stopped(release.plan(), &release.frozen(frozen::COMPOSE), snapshot) {
        if coolify.is_stopped(app, &name).await? {
            stopped.push(called);
        }
    }
    Ok(stopped)
}

// The compose service, and what people call it.
fn said_to_have_stopped(plan: &Plan, compose: &str, snapshot: &AppSnapshot) -> Vec<(String, String)> {
    let has_exited = |status: &str| status.starts_with("exited");
    if is_application(&plan.app.fields) {
        let found = has_exited(&snapshot.status).then(|| (String::new(), "the container".to_owned()));
        return found.into_iter().collect();
    }
    let lasting = sent::lasting(compose);
    let counts = |part: &&Part| lasting.contains(&part.name) && has_exited(&part.status);
    let parts = snapshot.parts.iter().filter(counts);
    parts.map(|part| (part.name.clone(), format!("compose service `{}`", part.name))).collect()
}
