//! What an app is made of, as Coolify gets it: compose text, or the fields of an application.
//!
//! Read from the spec and its files alone. Which deploy key or GitHub App a name means is asked later, when the plan is
//! drawn.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::Blocker;
use super::bundle::Bundle;
use super::compose::stack::{Stack, StackInput};
use super::compose::{self, ComposeInput};
use crate::error::{Problem, Problems};
use crate::providers::coolify::services::APP;
use crate::secrets::hex;
use crate::spec::{Source, Spec};

/// What an app is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// The compose text; empty for an application.
    pub compose: String,
    /// The compose service that the domains lead to, and that is looked at; empty for an application.
    pub main: String,
    /// The port that the domains lead to; none for a worker.
    pub port: Option<u16>,
    /// The volumes, by the names that the app gives them.
    pub volumes: Vec<String>,
    /// What decides whether it changed, besides the spec; empty where the spec says it all.
    pub content: Vec<u8>,
}

impl Artifact {
    /// Packs the app's files, or reads its compose text. `env_keys` are the variables that are set through the API.
    ///
    /// # Errors
    /// [`Blocker`] for what cannot be sent.
    pub fn fresh(spec: &Spec, env_keys: &[String]) -> Result<Self, Vec<Blocker>> {
        match &spec.source {
            Source::Template { folder, .. } | Source::Folder { folder } => {
                let bundle = bundle(spec, folder)?;
                Ok(Self::of_folder(spec, &bundle, env_keys))
            }
            Source::Compose { text, .. } => Self::of_stack(stack(spec, text, Stack::read)),
            Source::Image { .. } | Source::Git(_) => Ok(Self::of_application(spec)),
        }
    }

    /// The same from the compose text that was frozen with a run.
    ///
    /// # Errors
    /// [`Blocker`] for a text that this version no longer understands.
    pub fn frozen(spec: &Spec, compose: String) -> Result<Self, Vec<Blocker>> {
        match &spec.source {
            Source::Template { .. } | Source::Folder { .. } => {
                Ok(Self { compose, main: APP.to_owned(), ..Self::of_application(spec) })
            }
            Source::Compose { .. } => Self::of_stack(stack(spec, &compose, Stack::frozen)),
            Source::Image { .. } | Source::Git(_) => Ok(Self::of_application(spec)),
        }
    }

    fn of_folder(spec: &Spec, bundle: &Bundle, env_keys: &[String]) -> Self {
        let compose = compose::render(&ComposeInput {
            name: &spec.name,
            port: spec.port,
            health_path: &spec.health.path,
            resources: &spec.resources,
            volumes: &spec.volumes,
            bundle,
            env_keys,
        });
        let content = bundle.sha256.clone().into_bytes();
        Self { compose, main: APP.to_owned(), content, ..Self::of_application(spec) }
    }

    fn of_stack(stack: Result<Stack, Problems>) -> Result<Self, Vec<Blocker>> {
        let stack = stack?;
        let first = stack.services.first().cloned().unwrap_or_default();
        Ok(Self {
            content: Sha256::digest(&stack.text).to_vec(),
            compose: stack.text,
            main: stack.main.unwrap_or(first),
            port: stack.port,
            volumes: stack.volumes,
        })
    }

    fn of_application(spec: &Spec) -> Self {
        Self {
            compose: String::new(),
            main: String::new(),
            port: spec.port,
            volumes: spec.volumes.iter().map(|volume| volume.name.clone()).collect(),
            content: Vec::new(),
        }
    }

    /// The hash that decides "changed", of the unexpanded spec and this.
    pub fn hash(&self, spec: &Spec) -> String {
        let mut hasher = Sha256::new();
        hasher.update(spec.canonical());
        hasher.update([0]);
        hasher.update(&self.content);
        hex(&hasher.finalize())
    }
}

/// The spec's own compose text, read; `None` for an app that comes from elsewhere.
///
/// # Errors
/// Everything in it that Coolify would break, each with its line.
pub(crate) fn own_stack(spec: &Spec) -> Result<Option<Stack>, Problems> {
    match &spec.source {
        Source::Compose { text, .. } => stack(spec, text, Stack::read).map(Some),
        Source::Template { .. } | Source::Folder { .. } | Source::Image { .. } | Source::Git(_) => Ok(None),
    }
}

/// What looks wrong in the app's own folder; nothing for an app that comes from elsewhere. Reads it as a run does.
///
/// # Errors
/// Everything in it that cannot be sent or built, each with its place.
pub(crate) fn folder_warnings(spec: &Spec) -> Result<Vec<Problem>, Problems> {
    match &spec.source {
        Source::Template { folder, .. } | Source::Folder { folder } => Ok(bundle(spec, folder)?.warnings),
        Source::Compose { .. } | Source::Image { .. } | Source::Git(_) => Ok(Vec::new()),
    }
}

fn bundle(spec: &Spec, folder: &Path) -> Result<Bundle, Problems> {
    Bundle::read(folder, &spec.path.with_file_name(".env"))
}

fn stack(
    spec: &Spec,
    text: &str,
    read: fn(&StackInput<'_>) -> Result<Stack, Problems>,
) -> Result<Stack, Problems> {
    let file = match &spec.source {
        Source::Compose { file, .. } => file,
        _ => &spec.path,
    };
    let wanted = spec.secrets.iter().map(|want| &want.name);
    let env_keys: Vec<String> = spec.env.keys().chain(wanted).cloned().collect();
    read(&StackInput {
        file,
        text,
        service: spec.service.as_deref(),
        port: spec.port,
        has_domain: !spec.domains.is_empty(),
        env_keys: &env_keys,
    })
}
