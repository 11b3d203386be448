//! The ask: what one spec file wants.
//!
//! Holds what was asked for, checked and with defaults filled in, but unexpanded: no `${VAR}` is looked up here. Asks
//! nothing outside, and never guesses what a key may have meant.

mod check;
mod dns;
mod domains;
pub(crate) mod env_value;
pub(crate) mod expand;
pub(crate) mod keys;
mod legacy;
mod parse;
mod proof;
mod reader;
pub(crate) mod references;
mod resources;
pub(crate) mod scaffold;
pub(crate) mod secret_heuristics;
mod sections;
mod source;
mod status;
pub mod templates;
pub(crate) mod tree;

pub use dns::{Dns, DnsTarget, ManagedDns, Proxied, RecordType, TUNNEL_SUFFIX, Ttl};
pub use keys::nearest;
pub use proof::{FingerprintSpec, ProofPolicy, RELEASE_HEADER};
pub use resources::Resources;
pub use source::{Access, Git, Source};
pub use status::StatusSet;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use self::reader::Frozen;
use crate::error::{Problem, Problems};

/// The variable that every deployment sets to the id of its run.
pub const RELEASE: &str = "FABRIK_RELEASE";

/// What one spec file asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// Where it was read from.
    pub path: PathBuf,
    /// The file's text as read, unexpanded.
    pub text: String,
    /// The app's name: a lower-case DNS label.
    pub name: String,
    /// Where the app comes from.
    pub source: Source,
    /// The domains the app answers on, in ASCII, in the order written; none for a worker.
    pub domains: Vec<String>,
    /// How those domains were written that have letters outside ASCII.
    written: BTreeMap<String, String>,
    /// The compose service that gets the domains.
    pub service: Option<String>,
    /// The port the container listens on; none for a worker, and where the compose text says it.
    pub port: Option<u16>,
    /// The Coolify server, by name or uuid; none means the only usable one.
    pub server: Option<String>,
    /// The Coolify project.
    pub project: String,
    /// The Coolify environment.
    pub environment: String,
    /// Environment variables, unexpanded.
    pub env: BTreeMap<String, String>,
    /// The secrets the app wants, in the order asked for.
    pub secrets: Vec<SecretWant>,
    /// When the app counts as well.
    pub health: Health,
    /// How the domains are to resolve.
    pub dns: Dns,
    /// What the app may use of its server.
    pub resources: Resources,
    /// Volumes that outlive a deployment.
    pub volumes: Vec<VolumeSpec>,
    /// What may be taken over.
    pub adopt: Adopt,
    /// What is undone by itself when a run fails.
    pub rollback: Rollback,
    /// What is allowed but looks wrong.
    pub warnings: Vec<Problem>,
}

/// A secret the app wants, and where it may come from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct SecretWant {
    /// The environment variable that carries it.
    pub name: String,
    /// Where its value may come from.
    pub rule: SecretRule,
}

/// Where a secret's value may come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretRule {
    /// The environment, else `.env`, else generated.
    Any,
    /// The environment, else `.env`; never made up.
    Required,
    /// As `Any`, and the spec says that making it up is meant.
    Generate,
}

/// When an app counts as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Health {
    /// The path asked for, with its leading slash.
    pub path: String,
    /// The HTTP statuses that count as healthy.
    pub status: StatusSet,
    /// The pause after a failure.
    pub interval: Duration,
    /// How long the app may take to become well.
    pub timeout: Duration,
    /// Good answers in a row that settle it.
    pub successes: u32,
    /// Where an answer shows which release gave it; `None` where the spec does not say.
    pub fingerprint: Option<FingerprintSpec>,
    /// Whether a deployment that nothing proves counts as a failure.
    #[serde(skip_serializing_if = "ProofPolicy::is_optional")]
    pub proof: ProofPolicy,
}

/// What is already there and may be taken over; it is never deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Adopt {
    /// The DNS records.
    pub dns: bool,
    /// The app at Coolify.
    pub coolify: bool,
}

/// A volume that outlives a deployment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct VolumeSpec {
    /// The volume's name.
    pub name: String,
    /// The absolute path inside the container.
    pub path: String,
}

/// What is undone by itself when a run fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rollback {
    /// What was made or changed at Coolify.
    pub coolify: Undo,
    /// What was made or changed at the DNS provider.
    pub dns: Undo,
}

/// Whether something is undone by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Undo {
    /// Undone without asking.
    Auto,
    /// The run parks instead, and a person decides.
    Manual,
}

impl Spec {
    /// Reads a spec file and everything it says.
    ///
    /// # Errors
    /// All problems of the file at once, in the order of its lines.
    pub fn read(path: &Path) -> Result<Self, Problems> {
        let bytes = std::fs::read(path).map_err(|error| {
            let why = crate::error::reason(&error);
            Problem::of_file(path, format!("cannot be read: {why}"))
        })?;
        let text = String::from_utf8(bytes).map_err(|_| Problem::of_file(path, "is not UTF-8 text"))?;
        Self::parse(path, &text)
    }

    /// Reads a spec from its text; `path` says where it would stand.
    ///
    /// # Errors
    /// All problems of the text at once, in the order of its lines.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Problems> {
        parse::parse(path, text, Frozen::No)
    }

    /// Reads a spec again whose files are frozen with a run and may be gone by now; a compose text is left empty.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn thaw(path: &Path, text: &str) -> Result<Self, Problems> {
        parse::parse(path, text, Frozen::Yes)
    }

    /// The text of everything that decides whether an app changed: unexpanded, without comments, formatting, or the
    /// place of the file, and the content of the folder or of the compose text (which has a hash of its own).
    pub fn canonical(&self) -> String {
        let (mut secrets, mut volumes) = (self.secrets.clone(), self.volumes.clone());
        secrets.sort();
        volumes.sort();
        serde_json::json!({
            "name": self.name, "source": self.source.canonical(), "domains": self.domains,
            "service": self.service, "port": self.port,
            "server": self.server, "project": self.project, "environment": self.environment,
            "env": self.env, "secrets": secrets, "health": self.health, "dns": self.dns,
            "resources": self.resources, "volumes": volumes, "adopt": self.adopt, "rollback": self.rollback,
        })
        .to_string()
    }

    /// The URLs the app answers at, as people write them; none for a worker.
    pub fn endpoints(&self) -> Vec<String> {
        self.domains.iter().map(|domain| format!("https://{}", self.as_written(domain))).collect()
    }

    /// Whether Fabrik keeps a record for it at the DNS provider.
    pub fn keeps_records(&self) -> bool {
        !self.domains.is_empty() && self.dns.managed().is_some()
    }

    /// A domain as it was written, with its letters outside ASCII.
    pub fn as_written<'a>(&'a self, domain: &'a str) -> &'a str {
        self.written.get(domain).map_or(domain, String::as_str)
    }
}

/// Reads a duration such as `90s` or `5m`, as specs and command lines write it.
///
/// # Errors
/// What is wrong with it.
pub fn duration(text: &str) -> Result<Duration, String> {
    check::duration("the duration", text).map_err(|complaint| complaint.message)
}

#[cfg(test)]
mod tests;
