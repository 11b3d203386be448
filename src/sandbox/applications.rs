//! Applications as the simulated Coolify keeps them, and their deployments.
//!
//! Only nouns and what can be read off them. The API is in `coolify`, how a deployment goes in `deploy`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::repository::{HEAD, Repositories};
use super::services::{SimContainer, SimEnvRow};
use super::world::Made;

/// What a stopped or never started application shows.
pub const STOPPED: &str = "exited:unhealthy";

/// An app from an image or from git.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    /// Number in Coolify's database.
    pub id: u64,
    /// Coolify's id of it.
    pub uuid: String,
    /// Not unique.
    pub name: String,
    /// Where an ownership tag may stand.
    pub description: Option<String>,
    /// The environment's number.
    pub environment: u64,
    /// Its URLs, comma-separated.
    pub fqdn: Option<String>,
    /// The private key it clones with, by uuid.
    pub private_key: Option<String>,
    /// The GitHub App it clones with, by uuid.
    pub github_app: Option<String>,
    /// What else its row says, under the API's names.
    pub columns: Map<String, Value>,
    /// Its environment variables, those for previews too.
    pub envs: Vec<SimEnvRow>,
    /// Its volumes.
    pub storages: Vec<SimStorage>,
    /// What it is filed under, lower case.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Status as last cached.
    pub status: String,
    /// What really runs.
    pub container: Option<SimContainer>,
    /// Whether its deletion is under way.
    pub deleting: bool,
    pub made: Made,
}

/// A volume of an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimStorage {
    /// Coolify's id of it.
    pub uuid: String,
    /// `<application uuid>-<name>`, as Docker knows it.
    pub name: String,
    /// Where the container sees it.
    pub path: String,
}

/// One deployment of an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimDeployment {
    /// Number in Coolify's database; grows with time.
    pub id: u64,
    /// Coolify's id of it.
    pub uuid: String,
    /// The application's uuid.
    pub application: String,
    /// How far it is, in Coolify's words.
    pub status: String,
    /// The commit it builds: `HEAD` until the worker has looked it up.
    #[serde(default = "head")]
    pub commit: String,
    /// Whether it was asked for with `force`.
    pub force: bool,
    /// Whether it only restarts.
    pub restart: bool,
    /// Whether a person or a push asked for it, and not a caller of the API.
    #[serde(default)]
    pub by_hand: bool,
    /// What it wrote.
    pub log: Vec<Said>,
    /// When it was over.
    pub finished: Option<Timestamp>,
    /// When it was asked for.
    pub made: Made,
}

fn head() -> String {
    HEAD.to_owned()
}

/// A line of a deployment's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// When it was written.
    pub at: Timestamp,
    /// What was written.
    pub text: String,
    /// Whether it is debug output.
    pub hidden: bool,
    /// Whether it is an error.
    pub is_error: bool,
}

/// Repositories, and the ways into private ones that the simulated Coolify knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimAccess {
    /// SSH keys.
    pub keys: Vec<KnownHost>,
    pub github_apps: Vec<KnownHost>,
    /// What is in the repositories that applications are built from.
    #[serde(default)]
    pub repositories: Repositories,
}

/// Something with a name and a uuid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownHost {
    /// Number in Coolify's database.
    pub id: u64,
    /// Coolify's id of it.
    pub uuid: String,
    /// What people call it.
    pub name: String,
}

impl Default for SimAccess {
    fn default() -> Self {
        let known = |id, uuid: &str, name: &str| KnownHost { id, uuid: uuid.into(), name: name.into() };
        Self {
            keys: vec![
                known(0, "sandboxkey0000localhost0", "localhost's key"),
                known(1, "sandboxkey0000deployment", "deploy-key"),
            ],
            github_apps: vec![
                known(0, "sandboxapp00000000public", "Public GitHub"),
                known(1, "sandboxapp0000000private", "github-app"),
            ],
            repositories: Repositories::default(),
        }
    }
}

impl Application {
    /// What its row says in a column of text.
    pub fn text(&self, column: &str) -> &str {
        self.columns.get(column).and_then(Value::as_str).unwrap_or_default()
    }

    pub fn urls(&self) -> impl Iterator<Item = &str> {
        self.fqdn.as_deref().unwrap_or("").split(',').map(str::trim).filter(|url| !url.is_empty())
    }

    /// The value of a variable, that for previews aside.
    pub fn env(&self, key: &str) -> Option<&str> {
        self.envs.iter().find(|row| row.key == key && !row.is_preview)?.value.as_deref()
    }

    /// Whether it is built, and not pulled.
    pub fn builds(&self) -> bool {
        self.text("build_pack") != "dockerimage"
    }

    /// What it runs, for people.
    pub fn origin(&self) -> String {
        if self.builds() {
            return format!("{}@{}", self.text("git_repository"), self.text("git_branch"));
        }
        format!("{}:{}", self.text("docker_registry_image_name"), self.text("docker_registry_image_tag"))
    }
}

impl SimDeployment {
    /// Whether it still waits or runs.
    pub fn is_open(&self) -> bool {
        matches!(self.status.as_str(), "queued" | "in_progress")
    }

    /// Writes a line into its log.
    pub(super) fn say(&mut self, at: Timestamp, text: &str, is_error: bool) {
        self.log.push(Said { at, text: text.to_owned(), hidden: false, is_error });
    }
}
