//! The ask, whole: the spec with its files packed and its variables filled in, ready to be compared.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use machine::plan::EnvVarAction;
use sha2::{Digest, Sha256};

use super::artifact::Artifact;
use super::compose::env_text::{Forms, with_values};
use super::{Blocker, unsupported, values};
use crate::error::Problem;
use crate::secrets::{FingerprintKey, Redactor, Secret, SecretOrigin, Sources, generate, hex, is_short};
use crate::spec::env_value::EnvForm;
use crate::spec::expand::expand;
use crate::spec::{SecretRule, Source, Spec};

/// The variable that every deployment sets.
pub(crate) const RELEASE: &str = "FABRIK_RELEASE";
/// The variable that tells many servers where to listen.
const PORT: &str = "PORT";

/// What is asked for, with everything it needs.
#[derive(Debug, Clone)]
pub struct ResolvedSpec {
    pub spec: Spec,
    /// What the app is made of, as Coolify gets it.
    pub artifact: Artifact,
    /// What decides "changed": the unexpanded spec and the files.
    pub hash: String,
    /// The variables, by name; the release's own is not among them.
    pub envs: Vec<EnvValue>,
}

/// One environment variable with its value, if we have it.
#[derive(Debug, Clone)]
pub struct EnvValue {
    /// Its name.
    pub key: String,
    /// The keyed fingerprint of its value.
    pub fingerprint: String,
    /// Where the value comes from.
    pub from: ValueSource,
    /// In which form it is sent.
    pub form: EnvForm,
}

/// Where a value comes from.
#[derive(Debug, Clone)]
pub enum ValueSource {
    /// The spec itself.
    Spec(Secret),
    /// Out of the environment, `.env`, or made up just now.
    Source(Secret, SecretOrigin),
    /// Nowhere: an earlier release set it, and it stays on Coolify.
    Kept,
}

impl EnvValue {
    /// The value, unless it is only on Coolify.
    pub fn value(&self) -> Option<&Secret> {
        match &self.from {
            ValueSource::Spec(value) | ValueSource::Source(value, _) => Some(value),
            ValueSource::Kept => None,
        }
    }

    /// Whether the value was made up just now.
    pub fn is_generated(&self) -> bool {
        matches!(self.from, ValueSource::Source(_, SecretOrigin::Generated))
    }
}

impl ResolvedSpec {
    /// Packs the files and fills in the variables. `known` are the fingerprints of what a release set already, `forms`
    /// the forms in which it did.
    ///
    /// # Errors
    /// [`Blocker`] for files that cannot be sent and values that are missing.
    pub fn fresh(
        spec: Spec,
        sources: &Sources<'_>,
        key: &FingerprintKey,
        known: &BTreeMap<String, String>,
        forms: &Forms,
    ) -> Result<Self, Vec<Blocker>> {
        unsupported::refuse(&spec)?;
        let mut envs = env_values(&spec, sources, key, known, MissingValuePolicy::Refused)?;
        values::choose(&spec, &mut envs, forms)?;
        let mut artifact = Artifact::fresh(&spec, &names(&envs))?;
        artifact.compose = with_values(&artifact.compose, &values::forms(&envs));
        let hash = artifact.hash(&spec);
        Ok(Self { spec, artifact, hash, envs })
    }

    /// The same from what was frozen when the run began; only the variables are looked for again, and have the forms that
    /// the frozen text expects.
    ///
    /// # Errors
    /// [`Blocker`] for values that are missing.
    pub fn frozen(
        spec: Spec,
        compose: String,
        hash: String,
        sources: &Sources<'_>,
        key: &FingerprintKey,
        known: &BTreeMap<String, String>,
        forms: &Forms,
    ) -> Result<Self, Vec<Blocker>> {
        let mut envs = env_values(&spec, sources, key, known, MissingValuePolicy::Kept)?;
        for env in &mut envs {
            env.form = forms.get(&env.key).cloned().unwrap_or_default();
        }
        let artifact = Artifact::frozen(&spec, compose)?;
        Ok(Self { spec, artifact, hash, envs })
    }

    /// The values that were found or made up, for masking, and what of them goes out by itself. A part is as good as a
    /// word where it is short, and is not hidden.
    pub fn secrets(&self) -> Vec<Secret> {
        let mut secrets = Vec::new();
        for env in &self.envs {
            let ValueSource::Source(value, _) = &env.from else { continue };
            let parts = env.form.rows(&env.key, value.expose()).unwrap_or_default();
            let parts = parts.into_iter().map(|(_, part)| part).filter(|part| part.len() >= Redactor::SHORT);
            secrets.push(Secret::new(value.expose()));
            secrets.extend(parts.filter(|part| part != value.expose()).map(Secret::new));
        }
        secrets
    }

    /// What to know about the values before they are sent; names, and no value that a source gave.
    pub fn remarks(&self) -> Vec<String> {
        let short = |env: &&EnvValue| match &env.from {
            ValueSource::Source(value, _) => is_short(value.expose()),
            ValueSource::Spec(_) | ValueSource::Kept => false,
        };
        let short = self.envs.iter().filter(short).map(|EnvValue { key, .. }| {
            format!("the value of `{key}` is shorter than 8 bytes: it is hidden only where it stands alone")
        });
        self.other_port().into_iter().chain(short).collect()
    }

    /// What is said where the spec gives the app another port to listen on than its domains lead to.
    fn other_port(&self) -> Option<String> {
        let (port, env) = (self.spec.port?, self.envs.iter().find(|env| env.key == PORT)?);
        let value = env.value()?.expose();
        if matches!(self.spec.source, Source::Compose { .. }) || value == port.to_string() {
            return None;
        }
        let source = match &env.from {
            ValueSource::Source(_, SecretOrigin::EnvFile) => ".env",
            ValueSource::Source(..) if !self.spec.env.contains_key(PORT) => "the environment",
            ValueSource::Spec(_) | ValueSource::Source(..) | ValueSource::Kept => "`env`",
        };
        Some(format!("PORT is another one from {source}; `port: {port}` is where the domain leads"))
    }

    /// The fingerprints by name of everything that is not generated now.
    pub fn fingerprints(&self) -> BTreeMap<String, String> {
        let lasting = self.envs.iter().filter(|env| !env.is_generated());
        lasting.map(|env| (env.key.clone(), env.fingerprint.clone())).collect()
    }

    /// What becomes of each variable, compared with those of the last release.
    pub fn changes(&self, last: &BTreeMap<&str, &str>) -> Vec<(&EnvValue, EnvVarAction)> {
        let change = |env: &EnvValue| match last.get(env.key.as_str()) {
            None => EnvVarAction::Add,
            Some(before) if **before == env.fingerprint => EnvVarAction::Keep,
            Some(_) => EnvVarAction::Set,
        };
        self.envs.iter().map(|env| (env, change(env))).collect()
    }
}

fn names(envs: &[EnvValue]) -> Vec<String> {
    envs.iter().map(|env| env.key.clone()).collect()
}

/// SHA-256 as 64 hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// What a plain value means whose variables are not set any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MissingValuePolicy {
    /// It is refused: something new is asked for.
    Refused,
    /// It counts as kept on Coolify: undoing a run must not need what only making it needed.
    Kept,
}

fn env_values(
    spec: &Spec,
    sources: &Sources<'_>,
    key: &FingerprintKey,
    known: &BTreeMap<String, String>,
    gap: MissingValuePolicy,
) -> Result<Vec<EnvValue>, Vec<Blocker>> {
    let mut problems = Vec::new();
    let mut values = Vec::new();
    for (name, text) in &spec.env {
        match plain(name, text, sources) {
            Ok(from) => values.push((name.clone(), from)),
            Err(_) if gap == MissingValuePolicy::Kept && known.contains_key(name) => {
                values.push((name.clone(), ValueSource::Kept));
            }
            Err(blocker) => problems.push(blocker),
        }
    }
    for want in &spec.secrets {
        let is_known = known.contains_key(&want.name);
        match sources.find(&want.name) {
            Ok(Some((value, origin))) => values.push((want.name.clone(), ValueSource::Source(value, origin))),
            Ok(None) if is_known => values.push((want.name.clone(), ValueSource::Kept)),
            Ok(None) if want.rule == SecretRule::Required => problems.push(missing(&want.name)),
            Ok(None) => match sources.may_generate(&want.name) {
                Ok(()) => {
                    values
                        .push((want.name.clone(), ValueSource::Source(generate(), SecretOrigin::Generated)));
                }
                Err(problem) => problems.push(problem.into()),
            },
            Err(_) if gap == MissingValuePolicy::Kept && is_known => {
                values.push((want.name.clone(), ValueSource::Kept));
            }
            Err(problem) => problems.push(problem.into()),
        }
    }
    if let Some(port) = spec.port.filter(|_| is_told_its_port(spec)) {
        values.push((PORT.to_owned(), ValueSource::Spec(Secret::new(port.to_string()))));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    values.sort_by(|a, b| a.0.cmp(&b.0));
    let fingerprint = |name: &str, from: &ValueSource| match from {
        ValueSource::Spec(value) | ValueSource::Source(value, _) => key.fingerprint(name, value.expose()),
        ValueSource::Kept => known.get(name).cloned().unwrap_or_default(),
    };
    let value = |(name, from): (String, ValueSource)| {
        let fingerprint = fingerprint(&name, &from);
        EnvValue { key: name, fingerprint, from, form: EnvForm::Row }
    };
    Ok(values.into_iter().map(value).collect())
}

// A variable reaches every container of a stack, and only one of them listens on that port. What the spec asks for under
// that name is what the app gets.
fn is_told_its_port(spec: &Spec) -> bool {
    !asks_for(spec, PORT) && !matches!(spec.source, Source::Compose { .. })
}

fn asks_for(spec: &Spec, name: &str) -> bool {
    spec.env.contains_key(name) || spec.secrets.iter().any(|want| want.name == name)
}

/// The names that are looked for in the sources when the values of `spec` are made.
pub(crate) fn asked_for(spec: &Spec) -> BTreeSet<String> {
    let names: RefCell<BTreeSet<String>> =
        RefCell::new(spec.secrets.iter().map(|want| want.name.clone()).collect());
    let note = |name: &str| {
        names.borrow_mut().insert(name.to_owned());
        // Something, so that what comes after it is followed too.
        Some("x".to_owned())
    };
    for text in spec.env.values() {
        // What cannot be followed was told when the spec was read.
        drop(expand(text, &note));
    }
    names.into_inner()
}

fn plain(name: &str, text: &str, sources: &Sources<'_>) -> Result<ValueSource, Blocker> {
    let doubtful: RefCell<Option<Problem>> = RefCell::new(None);
    let lookup = |name: &str| match sources.find(name) {
        Ok(found) => found.map(|(value, _)| value.expose().to_owned()),
        Err(problem) => {
            doubtful.borrow_mut().get_or_insert(problem);
            None
        }
    };
    let expanded = expand(text, &lookup);
    if let Some(problem) = doubtful.into_inner() {
        return Err(problem.into());
    }
    let expanded = expanded
        .map_err(|error| Blocker::new(format!("`env.{name}`: {error}"), "set it, or give a default"))?;
    let value = Secret::new(expanded.value);
    Ok(if expanded.from_variables {
        ValueSource::Source(value, SecretOrigin::Environment)
    } else {
        ValueSource::Spec(value)
    })
}

fn missing(name: &str) -> Blocker {
    Blocker::new(
        format!("secret `{name}` is required and missing"),
        format!("set it in the environment, or write `{name}=…` into `.env`"),
    )
}
