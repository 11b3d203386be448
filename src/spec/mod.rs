//! The ask: what one spec file wants.
//!
//! Holds what was asked for, checked and with defaults filled in, but unexpanded: no `${VAR}` is looked up here. Asks
//! nothing outside, and never guesses what a key may have meant.

mod carry;
mod check;
pub mod expand;
mod keys;
mod parse;
mod reader;
pub mod scaffold;
mod sections;
mod suspicion;
pub mod templates;
mod tree;

pub use carry::{Uncarriable, carriable};

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use self::reader::Folder;
use crate::error::{Problem, Problems};

/// The variable that every deployment sets anew, to the id of its run.
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
    /// Where the app's files come from.
    pub source: Source,
    /// The one domain the app answers on.
    pub domain: String,
    /// The port the container listens on.
    pub port: u16,
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
    /// How the domain is to resolve.
    pub dns: Dns,
    /// Volumes that outlive a deployment.
    pub volumes: Vec<Volume>,
    /// What is undone by itself when a run fails.
    pub rollback: Rollback,
    /// What is allowed but looks wrong.
    pub warnings: Vec<Problem>,
}

/// Where an app's files come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A built-in template; the files are the app's own by now.
    Template {
        /// The template's name.
        name: String,
        /// The app's folder, resolved against the spec's directory.
        folder: PathBuf,
    },
    /// A folder with a Dockerfile, sent as it is.
    Folder {
        /// The folder, resolved against the spec's directory.
        folder: PathBuf,
    },
}

impl Source {
    /// The folder that holds the app's files.
    pub fn folder(&self) -> &Path {
        match self {
            Self::Template { folder, .. } | Self::Folder { folder } => folder,
        }
    }
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
    /// The HTTP status wanted.
    pub status: u16,
    /// The pause after a failure.
    pub interval: Duration,
    /// How long the app may take to become well.
    pub timeout: Duration,
    /// Good answers in a row that settle it.
    pub successes: u32,
    /// Where an answer shows which release gave it.
    pub fingerprint: Option<Fingerprint>,
}

/// The place in an answer that carries `$FABRIK_RELEASE`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fingerprint {
    /// A response header of this name.
    Header(String),
    /// A key of the JSON body.
    Json(String),
}

/// How the domain is to resolve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dns {
    /// The address to point at; none means the server's own.
    pub target: Option<Ipv4Addr>,
    /// How long resolvers may keep the answer.
    pub ttl: Ttl,
    /// The zone; none means the longest one that fits.
    pub zone: Option<String>,
}

/// How long resolvers may keep an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ttl {
    /// Cloudflare decides.
    Auto,
    /// Seconds, 60 to 86400.
    Seconds(u32),
}

/// A volume that outlives a deployment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Volume {
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
        parse::parse(path, text, Folder::Needed)
    }

    /// Reads a spec again whose files are frozen with a run; the app's folder may be gone by now.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn thaw(path: &Path, text: &str) -> Result<Self, Problems> {
        parse::parse(path, text, Folder::Frozen)
    }

    /// The text of everything that decides whether an app changed: unexpanded, without comments, formatting, or the
    /// place of the file and of the folder (the folder's content has a hash of its own).
    pub fn canonical(&self) -> String {
        let template = match &self.source {
            Source::Template { name, .. } => Some(name),
            Source::Folder { .. } => None,
        };
        let (mut secrets, mut volumes) = (self.secrets.clone(), self.volumes.clone());
        secrets.sort();
        volumes.sort();
        serde_json::json!({
            "name": self.name, "template": template, "domain": self.domain, "port": self.port,
            "server": self.server, "project": self.project, "environment": self.environment,
            "env": self.env, "secrets": secrets, "health": self.health, "dns": self.dns,
            "volumes": volumes, "rollback": self.rollback,
        })
        .to_string()
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
