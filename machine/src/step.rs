//! The steps of a deployment: each is one resource to have, or one change to make to it.

use serde::{Deserialize, Serialize};

/// Which of an app's records, counted from 0.
pub type RecordIndex = u8;

/// One step. Its name goes into ownership tags, so it has at most 12 characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Step {
    Dns(RecordIndex),
    /// The Coolify project.
    Project,
    /// The Coolify environment.
    Environment,
    /// The compose services of an app that its new text no longer has.
    Parts,
    /// The app itself: a Coolify service or application.
    App,
    /// The volumes of an app whose own fields do not name them.
    Volumes,
    /// The app's environment variables.
    Envs,
    /// The app's start with all of the above.
    Deploy,
    /// Cloudflare's proxy in front of a record, once the app is proven without it.
    Proxy(RecordIndex),
}

/// A text that names no step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no step")]
pub struct NoSuchStep(String);

impl Step {
    /// One step of each kind, in the order in which they are taken.
    pub const KINDS: [Self; 9] = [
        Self::Dns(0),
        Self::Project,
        Self::Environment,
        Self::Parts,
        Self::App,
        Self::Volumes,
        Self::Envs,
        Self::Deploy,
        Self::Proxy(0),
    ];

    /// The name of its kind.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dns(_) => "dns",
            Self::Project => "project",
            Self::Environment => "environment",
            Self::Parts => "parts",
            Self::App => "app",
            Self::Volumes => "volumes",
            Self::Envs => "envs",
            Self::Deploy => "deploy",
            Self::Proxy(_) => "proxy",
        }
    }

    /// The step whose object this one works on. Undoing is done a resource at a time: parts, volumes, variables and starts
    /// go the way of their app, the proxy goes the way of its record.
    #[must_use]
    pub fn resource(self) -> Self {
        match self {
            Self::Parts | Self::Volumes | Self::Envs | Self::Deploy => Self::App,
            Self::Proxy(nth) => Self::Dns(nth),
            Self::Dns(_) | Self::Project | Self::Environment | Self::App => self,
        }
    }

    /// Whether what it sets are fields of its resource. Parts, volumes, variables and starts are not.
    #[must_use]
    pub fn sets_fields(self) -> bool {
        match self {
            Self::Parts | Self::Volumes | Self::Envs | Self::Deploy => false,
            Self::Dns(_) | Self::Project | Self::Environment | Self::App | Self::Proxy(_) => true,
        }
    }

    /// The step of that name: a kind's, with `-2` and so on for the records after the first.
    pub fn named(name: &str) -> Option<Self> {
        let (kind, nth) = match name.rsplit_once('-') {
            Some((kind, number)) => (kind, number.parse::<RecordIndex>().ok()?.checked_sub(1)?),
            None => (name, 0),
        };
        let step = Self::KINDS.into_iter().find(|step| step.as_str() == kind)?.with(nth);
        (step.to_string() == name).then_some(step)
    }

    fn with(self, nth: RecordIndex) -> Self {
        match self {
            Self::Dns(_) => Self::Dns(nth),
            Self::Proxy(_) => Self::Proxy(nth),
            Self::Project
            | Self::Environment
            | Self::Parts
            | Self::App
            | Self::Volumes
            | Self::Envs
            | Self::Deploy => self,
        }
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Dns(nth @ 1..) | Self::Proxy(nth @ 1..) => {
                write!(f, "{}-{}", self.as_str(), u16::from(*nth) + 1)
            }
            _ => f.write_str(self.as_str()),
        }
    }
}

impl From<Step> for String {
    fn from(step: Step) -> Self {
        step.to_string()
    }
}

impl TryFrom<String> for Step {
    type Error = NoSuchStep;

    fn try_from(name: String) -> Result<Self, NoSuchStep> {
        Self::named(&name).ok_or(NoSuchStep(name))
    }
}
