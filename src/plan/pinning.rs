//! How firmly a spec says what runs: the same words may mean something else tomorrow.
//!
//! Read from the spec alone; no registry and no git server is asked. Compose text counts as it stands, whatever its
//! images are called.

use crate::spec::Source;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourcePinning {
    /// Files, a digest, a commit: the same spec is the same app.
    Content,
    /// An image's tag, which may lead to another image by now.
    Tag,
    /// A branch, which may have moved on by now.
    Branch,
}

impl SourcePinning {
    /// What `source` is pinned to.
    pub fn of(source: &Source) -> Self {
        match source {
            Source::Image { reference } if !reference.contains("@sha256:") => Self::Tag,
            Source::Git(git) if git.commit.is_none() => Self::Branch,
            Source::Template { .. }
            | Source::Folder { .. }
            | Source::Compose { .. }
            | Source::Image { .. }
            | Source::Git(_) => Self::Content,
        }
    }
}
