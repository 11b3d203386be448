//! Services as the simulated Coolify keeps them, and the containers that really run.
//!
//! Only nouns and what can be read off them. The API is in `coolify`, their life in `events`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::world::{Made, World};

/// A compose stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimService {
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
    /// The compose text as Coolify dumped it.
    pub compose: String,
    /// The text for Docker that was made of it; `None` until a parse has come through.
    #[serde(default)]
    pub made_of_it: Option<String>,
    /// Its sub-resources, those left behind by a changed compose text too.
    pub parts: Vec<Part>,
    /// Its environment variables: the only place where their values are kept.
    pub envs: Vec<SimEnvRow>,
    /// What really runs.
    pub containers: Vec<SimContainer>,
    /// How many starts are under way.
    pub starting: u32,
    /// What it is filed under, lower case.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Whether its deletion is under way.
    pub deleting: bool,
    /// Changes when a start begins that applies another definition; `None` until the first.
    pub config_hash: Option<String>,
    pub made: Made,
}

/// A sub-resource: one service of the compose text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Number in Coolify's database.
    pub id: u64,
    /// Coolify's id of it.
    pub uuid: String,
    /// The compose service's name.
    pub name: String,
    /// Whether its image looks like a database; such a part has no URL.
    pub is_database: bool,
    /// Its image, if the text names one.
    pub image: Option<String>,
    /// Its URLs, comma-separated.
    pub fqdn: Option<String>,
    /// Status as last cached.
    pub status: String,
    /// Left out of the service's status (`exclude_from_status`, or `restart: "no"`).
    pub excluded: bool,
    /// A name for people.
    pub human_name: Option<String>,
    /// A description for people.
    pub description: Option<String>,
    /// Whether a change of it wrote it back into a text that had lost it, with its image and nothing else.
    #[serde(default)]
    pub written_back: bool,
}

/// An environment variable of a service or an application.
#[expect(clippy::struct_excessive_bools, reason = "the API's own flags")]
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimEnvRow {
    /// Coolify's id of it.
    pub uuid: String,
    /// Unique by check.
    pub key: String,
    /// The value, trimmed; empty is `None`.
    pub value: Option<String>,
    /// Not interpolated.
    pub is_literal: bool,
    /// May hold line breaks.
    pub is_multiline: bool,
    /// The value is never shown again.
    pub is_shown_once: bool,
    /// For previews only; applications have one beside each other row.
    #[serde(default)]
    pub is_preview: bool,
    /// There while the image is built.
    #[serde(default = "yes")]
    pub is_buildtime: bool,
    /// There while the container runs.
    #[serde(default = "yes")]
    pub is_runtime: bool,
    /// A remark.
    pub comment: Option<String>,
    pub made: Made,
}

fn yes() -> bool {
    true
}

impl SimEnvRow {
    /// A row without a value.
    pub(super) fn empty(world: &mut World, key: &str) -> Self {
        Self {
            uuid: world.uuid(),
            key: key.to_owned(),
            value: None,
            is_literal: false,
            is_multiline: false,
            is_shown_once: false,
            is_preview: false,
            is_buildtime: true,
            is_runtime: true,
            comment: None,
            made: world.made_now(),
        }
    }
}

/// Hides the value.
impl std::fmt::Debug for SimEnvRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SimEnvRow").field("key", &self.key).finish_non_exhaustive()
    }
}

/// A running container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimContainer {
    /// The compose service it runs, or the application's uuid.
    pub part: String,
    /// `FABRIK_RELEASE` as it was when it was started.
    pub release: Option<String>,
    /// The URLs the proxy brings here, as they were when it was started.
    pub routes: Vec<TraefikRoute>,
    /// The path it answers its health on.
    pub health_path: String,
    /// Whether its own code answers its release, and writes it to its log.
    #[serde(default)]
    pub tells: bool,
    /// The response headers that the Traefik middlewares in its labels set.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// How it fares.
    #[serde(default)]
    pub condition: Condition,
    /// Whether Docker checks its health.
    pub is_checked: bool,
    /// The commit it was built from, if it was.
    #[serde(default)]
    pub commit: Option<String>,
    /// What it wrote.
    pub log: Vec<Line>,
    /// Its environment, as it was when it was started.
    #[serde(default)]
    pub env: ContainerEnv,
}

/// The environment of a container.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContainerEnv(pub BTreeMap<String, String>);

impl std::ops::Deref for ContainerEnv {
    type Target = BTreeMap<String, String>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// Hides the values.
impl std::fmt::Debug for ContainerEnv {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// How a container fares.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// It answers.
    #[default]
    Well,
    /// Its health path answers 503.
    Sick,
    /// It ends soon after each start, and is restarted for ever: the proxy knows no way to it.
    Crashing,
    /// It listens on another port than the proxy asks at.
    Unreachable,
}

/// A host that the proxy brings to a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraefikRoute {
    /// Whether a certificate is wanted.
    pub https: bool,
    pub host: String,
}

/// A line of a container's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// When it was written.
    pub at: Timestamp,
    /// What was written.
    pub text: String,
}

/// A Docker volume. It counts as data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimVolume {
    /// `<service uuid>_<name>` or `<application uuid>-<name>`.
    pub name: String,
    pub server: String,
    /// The uuid of the service or application that made it.
    pub service: String,
    /// That one's name.
    pub made_by: String,
    /// That one's description: its ownership tag, if it had one.
    #[serde(rename = "mark")]
    pub tag: Option<String>,
}

impl SimService {
    /// What the API gives as `status`: computed on read (Coolify 4.3.11, observed).
    pub fn status(&self) -> String {
        if self.starting > 0 {
            return "starting:unhealthy".into();
        }
        if self.parts.is_empty() {
            return "unknown:unknown:excluded".into();
        }
        let counted: Vec<&str> =
            self.parts.iter().filter(|part| !part.excluded).map(|part| part.status.as_str()).collect();
        if counted.is_empty() {
            let all: Vec<&str> = self.parts.iter().map(|part| part.status.as_str()).collect();
            return format!("{}:excluded", aggregate(&all));
        }
        aggregate(&counted)
    }

    /// The container of this part, if it runs.
    pub fn container(&self, part: &str) -> Option<&SimContainer> {
        self.containers.iter().find(|container| container.part == part)
    }

    /// Its URLs, one entry a part, sorted as the API gives them.
    pub fn domains(&self) -> Vec<String> {
        let mut domains: Vec<String> = self.parts.iter().filter_map(|part| part.fqdn.clone()).collect();
        domains.sort();
        domains
    }

    /// The URLs of the part of this name.
    pub fn urls_of(&self, part: &str) -> impl Iterator<Item = &str> {
        self.parts.iter().filter(move |it| it.name == part).flat_map(Part::urls)
    }

    pub fn env(&self, key: &str) -> Option<&SimEnvRow> {
        self.envs.iter().find(|row| row.key == key)
    }
}

impl SimContainer {
    /// Whether it is up, and not about to be restarted.
    pub fn is_up(&self) -> bool {
        self.condition != Condition::Crashing
    }

    /// Its status once Coolify has looked at it (4.3.11, observed).
    pub fn seen_as(&self) -> &'static str {
        match (self.condition, self.is_checked) {
            (Condition::Crashing, _) => "restarting:unknown",
            (_, false) => "running:unknown",
            (Condition::Sick, true) => "running:unhealthy",
            (Condition::Well | Condition::Unreachable, true) => "running:healthy",
        }
    }
}

/// The status of a stack from those of its parts, first match wins.
fn aggregate(parts: &[&str]) -> String {
    let any = |what: &str| parts.iter().any(|status| status.contains(what));
    let status = match () {
        () if any("degraded") || any("restarting") => "degraded:unhealthy",
        () if any("running") && any("exited") => "degraded:unhealthy",
        () if any("starting") => "starting:unknown",
        () if any("running") && any("unhealthy") => "running:unhealthy",
        () if any("running") && any("unknown") => "running:unknown",
        () if any("running") => "running:healthy",
        () => "exited",
    };
    status.to_owned()
}

impl Part {
    pub fn urls(&self) -> impl Iterator<Item = &str> {
        self.fqdn.as_deref().unwrap_or("").split(',').map(str::trim).filter(|url| !url.is_empty())
    }
}
