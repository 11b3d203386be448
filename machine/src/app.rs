//! Which app is meant: the key under which runs, leases and releases are kept.

use serde::{Deserialize, Serialize};

/// An app is what it is called, in which environment of which project, on which Coolify and for which team.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AppKey {
    /// The Coolify URL with its team, or the sandbox world.
    #[serde(rename = "outside")]
    pub target: String,
    /// The Coolify project's name.
    pub project: String,
    /// The Coolify environment's name.
    pub environment: String,
    /// The app's own name.
    pub name: String,
}

impl std::fmt::Display for AppKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}/{}", self.target, self.project, self.environment, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_is_called_by_all_that_makes_it_the_one_it_is() {
        let text = str::to_owned;
        let target = text("https://coolify.example.com 0");
        let app = AppKey { target, project: text("shop"), environment: text("staging"), name: text("blog") };
        assert_eq!(app.to_string(), "https://coolify.example.com 0/shop/staging/blog");
    }
}
