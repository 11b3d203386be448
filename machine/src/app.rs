//! Which app is meant: the key under which runs, leases and releases are kept.

use serde::{Deserialize, Serialize};

/// An app is what it is called, in which environment of which project, on which outside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AppKey {
    /// The Coolify URL with its team, or the sandbox world.
    pub outside: String,
    /// The Coolify project's name.
    pub project: String,
    /// The Coolify environment's name.
    pub environment: String,
    /// The app's own name.
    pub name: String,
}

impl std::fmt::Display for AppKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}/{}", self.outside, self.project, self.environment, self.name)
    }
}
