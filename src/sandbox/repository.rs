//! Git repositories as the simulated Coolify finds them: what each branch has, and which commits do not build.
//!
//! All repositories are one here: a branch of a name has the same head in each of them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::world::{World, digest, hex};

/// The commit that means "whatever the branch has".
pub const HEAD: &str = "HEAD";

/// What the branches have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repositories {
    /// The newest commit of each branch that somebody pushed to.
    pub heads: BTreeMap<String, String>,
    /// The commits whose image does not build.
    pub broken: BTreeSet<String>,
}

/// Whether a commit builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Builds {
    /// It does.
    Yes,
    /// Its image does not build.
    No,
}

impl Repositories {
    /// Somebody pushes `commit` to `branch`.
    pub fn push(&mut self, branch: &str, commit: &str, builds: Builds) {
        self.heads.insert(branch.to_owned(), commit.to_owned());
        if builds == Builds::No {
            self.broken.insert(commit.to_owned());
        }
    }

    fn head(&self, branch: &str) -> String {
        let first = || hex(&digest(&[b"commit", branch.as_bytes()])[..20]);
        self.heads.get(branch).cloned().unwrap_or_else(first)
    }
}

/// The commit that a deployment of `wanted` on `branch` builds: the head is looked up when the worker begins.
pub(super) fn resolved(world: &World, branch: &str, wanted: &str) -> String {
    if wanted.is_empty() || wanted == HEAD {
        world.access.repositories.head(branch)
    } else {
        wanted.to_owned()
    }
}
