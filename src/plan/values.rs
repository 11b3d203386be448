//! How an app's environment values are sent so that each arrives byte for byte, and whether all of them do together.
//!
//! The rules are in `spec::env_value`; here they meet the app's source and the values of the release before.

use std::collections::BTreeSet;

use super::Blocker;
use super::compose::env_text::{Forms, needs_empty_part};
use super::release::Release;
use super::resolved_spec::{EnvValue, RELEASE, ResolvedSpec};
use crate::providers::coolify::envs::EnvRow;
use crate::secrets::Secret;
use crate::spec::env_value::{self, Carrier, EMPTY_PART, EnvForm, MOST_OF_ALL_ROWS, PART_PREFIX};
use crate::spec::{Source, Spec};

/// Gives each value its form; one that is only on Coolify has the form it was sent in, out of `kept`.
///
/// # Errors
/// [`Blocker`] for each value that does not arrive, and for all together where they are too much.
pub(crate) fn choose(spec: &Spec, envs: &mut [EnvValue], kept: &Forms) -> Result<(), Vec<Blocker>> {
    let carrier = carrier(&spec.source);
    let mut problems = Vec::new();
    for env in envs.iter_mut() {
        let form = match (env.value(), carrier) {
            (None, _) => Ok(kept.get(&env.key).cloned().unwrap_or_default()),
            (Some(value), Carrier::Service) => EnvForm::of(&env.key, value.expose()),
            (Some(value), Carrier::Application) => {
                env_value::carriable(&env.key, value.expose(), carrier).map(|()| EnvForm::Row)
            }
        };
        match form {
            Ok(form) => env.form = form,
            Err(why) => {
                let message = format!("the value of `{}` cannot be carried by Coolify: it {why}", env.key);
                problems.push(Blocker::new(message, why.hint()));
            }
        }
    }
    problems.extend(too_much(envs).filter(|_| problems.is_empty()));
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// What carries the values of an app from `source`.
pub(crate) fn carrier(source: &Source) -> Carrier {
    match source {
        Source::Template { .. } | Source::Folder { .. } | Source::Compose { .. } => Carrier::Service,
        Source::Image { .. } | Source::Git(_) => Carrier::Application,
    }
}

fn too_much(envs: &[EnvValue]) -> Option<Blocker> {
    // Each row is a line with an `=` and two quotes.
    let lines =
        |env: &EnvValue| env.form.row_names(&env.key).iter().map(|name| name.len() + 4).sum::<usize>();
    let size = |env: &EnvValue| env.value().map_or(0, |value| lines(env) + value.expose().len());
    let all: usize = envs.iter().map(size).sum();
    let largest = envs.iter().max_by_key(|env| size(env))?;
    (all > MOST_OF_ALL_ROWS).then(|| {
        Blocker::new(
            format!(
                "the variables of this app take {all} bytes, and Coolify is known to carry {MOST_OF_ALL_ROWS} together; \
                 the largest is `{}`",
                largest.key
            ),
            "keep large values in a file of the app or on a volume, or have the app fetch them",
        )
    })
}

/// The forms of the values, as they are frozen with a run: those that are no plain rows.
pub(crate) fn forms(envs: &[EnvValue]) -> Forms {
    let odd = envs.iter().filter(|env| env.form != EnvForm::Row);
    odd.map(|env| (env.key.clone(), env.form.clone())).collect()
}

/// The names of the rows that an app is to have at Coolify, and what makes others stale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WantedRows {
    names: BTreeSet<String>,
    composite: BTreeSet<String>,
}

impl WantedRows {
    /// Those of what is asked for.
    pub(crate) fn of_resolved(resolved: &ResolvedSpec) -> Self {
        Self::of(resolved.envs.iter().map(|env| (env.key.as_str(), &env.form)), &resolved.artifact.compose)
    }

    /// Those that a release left.
    pub(crate) fn of_release(release: &Release) -> Self {
        let (forms, row) = (release.forms(), EnvForm::Row);
        let envs = release.envs();
        let keys = envs.keys().map(|key| (*key, forms.get(*key).unwrap_or(&row)));
        Self::of(keys, &release.frozen(super::release::frozen::COMPOSE))
    }

    fn of<'a>(keys: impl Iterator<Item = (&'a str, &'a EnvForm)>, compose: &str) -> Self {
        let mut wanted = Self { names: BTreeSet::from([RELEASE.to_owned()]), composite: BTreeSet::new() };
        for (key, form) in keys {
            wanted.names.extend(form.row_names(key));
            wanted.composite.extend(matches!(form, EnvForm::Composite(_)).then(|| key.to_owned()));
        }
        wanted.names.extend(needs_empty_part(compose).then(|| EMPTY_PART.to_owned()));
        wanted
    }

    /// Whether a row of this name was made by Fabrik for a value that has another form now, or is gone.
    pub(crate) fn makes_stale(&self, name: &str) -> bool {
        self.composite.contains(name) || (name.starts_with(PART_PREFIX) && !self.names.contains(name))
    }

    /// The empty row, where it is one of them and is to be sent: with other rows, or because it is not there.
    pub(crate) fn empty_part(&self, there: &[EnvRow], with_others: bool) -> Option<(String, Secret)> {
        let is_there = || there.iter().any(|row| row.key == EMPTY_PART);
        let is_sent = self.names.contains(EMPTY_PART) && (with_others || !is_there());
        is_sent.then(|| (EMPTY_PART.to_owned(), Secret::new(String::new())))
    }
}
