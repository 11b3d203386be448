//! The steps of a deployment: each is one thing to have, or one change to make to it.

use serde::{Deserialize, Serialize};

/// One step. Its name goes into marks, so it has at most 12 characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// The DNS record.
    Dns,
    /// The Coolify project.
    Project,
    /// The Coolify environment.
    Environment,
    /// The app itself: a Coolify service.
    App,
    /// The app's environment variables.
    Envs,
    /// The app's start with all of the above.
    Deploy,
}

impl Step {
    /// All steps, in the order in which they are taken.
    pub const ALL: [Self; 6] =
        [Self::Dns, Self::Project, Self::Environment, Self::App, Self::Envs, Self::Deploy];

    /// The name used in marks, on screens and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Project => "project",
            Self::Environment => "environment",
            Self::App => "app",
            Self::Envs => "envs",
            Self::Deploy => "deploy",
        }
    }

    /// The step whose object this one works on. Undoing is done a thing at a time: variables and starts go
    /// the way of their app.
    #[must_use]
    pub fn thing(self) -> Self {
        match self {
            Self::Envs | Self::Deploy => Self::App,
            Self::Dns | Self::Project | Self::Environment | Self::App => self,
        }
    }

    /// The step of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == name)
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
