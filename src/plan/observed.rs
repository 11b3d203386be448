//! What is found of an app beside its fields: whether it runs, its compose text, its variables.
//!
//! Read once, for the plan (which puts it back) and for drift (which names it), so that the two cannot differ. Nothing of
//! a value is kept: only whether it is the one that the release set.

use std::collections::BTreeMap;

use machine::plan::Plan;

use super::Release;
use super::compose::release_label::labelled;
use super::compose::sent;
use super::release::frozen;
use super::resolved_spec::RELEASE;
use crate::providers::coolify::Resource;
use crate::providers::coolify::compose_text::{ComposeTree, Difference};
use crate::providers::coolify::envs::EnvRow;
use crate::providers::coolify::resource::is_application;
use crate::providers::coolify::snapshot::AppSnapshot;
use crate::providers::coolify::sub_resources::SubResource;
use crate::providers::{Coolify, ReadError};
use crate::secrets::{FingerprintKey, Secret};
use crate::spec::env_value::EnvForm;

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
    /// [`ReadError`].
    pub async fn read(
        coolify: &Coolify,
        release: &Release,
        id: &str,
        key: Option<&FingerprintKey>,
    ) -> Result<Self, ReadError> {
        let app = Resource::of(&release.plan().app.attributes, id);
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
        let forms = release.forms();
        for (name, fingerprint) in release.envs() {
            let form = forms.get(name).cloned().unwrap_or_default();
            let found = SetValue { name, form, fingerprint }.found_in(rows, key);
            self.envs.insert(name.to_owned(), found);
        }
        if rows.iter().any(|row| row.value.is_none()) {
            self.unseen.push("values of variables: the Coolify token lacks read:sensitive".to_owned());
        } else if key.is_none() && !rows.is_empty() {
            self.unseen.push("values of variables: the journal's `fabrik.key` is gone".to_owned());
        }
    }

    fn compare_text(&mut self, release: &Release, snapshot: &AppSnapshot) {
        if is_application(&release.plan().app.attributes) {
            return;
        }
        let Some(there) = &snapshot.compose else {
            self.unseen.push("the compose text: the Coolify token lacks read:sensitive".to_owned());
            return;
        };
        let sent = labelled(&release.frozen(frozen::COMPOSE), &release.plan().app.attributes);
        let sent = ComposeTree::parse(&sent);
        match (sent, ComposeTree::parse(there)) {
            (Some(sent), Some(there)) => self.compose = sent.differences(&there),
            _ => self.unseen.push("the compose text: it cannot be parsed".to_owned()),
        }
    }
}

/// A variable as a release set it.
struct SetValue<'a> {
    name: &'a str,
    form: EnvForm,
    fingerprint: &'a str,
}

impl SetValue<'_> {
    fn found_in(&self, rows: &[EnvRow], key: Option<&FingerprintKey>) -> ObservedEnv {
        let names = self.form.row_names(self.name);
        let is_there = |name: &String| rows.iter().any(|row| row.key == *name);
        if !names.iter().all(is_there) {
            return ObservedEnv::Missing;
        }
        let own: Vec<&EnvRow> = rows.iter().filter(|row| names.contains(&row.key)).collect();
        // Of a name that is there twice Coolify sends the one or the other.
        let is_once = own.len() == names.len();
        if is_once && own.iter().all(|row| arrives(row)) && self.is_same(rows, key) {
            ObservedEnv::AsSet
        } else {
            ObservedEnv::Changed
        }
    }

    // What the token may not see counts as the same.
    fn is_same(&self, rows: &[EnvRow], key: Option<&FingerprintKey>) -> bool {
        let row = |name: &str| rows.iter().find(|row| row.key == name);
        let value = self.form.value(self.name, |name| row(name)?.value.as_ref().map(Secret::expose));
        match (value, key) {
            // The release's own name is no secret, so its fingerprint is the name itself.
            (Some(value), _) if self.name == RELEASE => value == self.fingerprint,
            (Some(value), Some(key)) => key.fingerprint(self.name, &value) == self.fingerprint,
            (None, _) | (_, None) => true,
        }
    }
}

// A row that is not literal is interpolated on its way, which changes only what is not plain.
fn arrives(row: &EnvRow) -> bool {
    row.is_literal || row.value.as_ref().is_none_or(|value| is_plain(value.expose()))
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
) -> Result<Vec<String>, ReadError> {
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
    if is_application(&plan.app.attributes) {
        let found = has_exited(&snapshot.status).then(|| (String::new(), "the container".to_owned()));
        return found.into_iter().collect();
    }
    let lasting = sent::lasting(compose);
    let counts = |part: &&SubResource| lasting.contains(&part.name) && has_exited(&part.status);
    let parts = snapshot.parts.iter().filter(counts);
    parts.map(|part| (part.name.clone(), format!("compose service `{}`", part.name))).collect()
}
