//! Which files stay here for what they are called.
//!
//! `.git` and what is known to hold secrets never go. Other files named `.env*` (an example, a default for production)
//! go where the Dockerfile names them, and not with a whole folder: whoever copies a folder did not think of them.

use std::path::Path;

/// What a name says about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    /// Nothing.
    Plain,
    /// It is an env file that goes if the Dockerfile names it.
    EnvFile,
    /// It is an env file that holds secrets.
    Secrets,
    /// It is the app's history.
    History,
}

/// Parts of a name that make an env file a model of one, without values of its own.
const MODELS: [&str; 8] = ["example", "sample", "template", "tmpl", "tpl", "dist", "default", "defaults"];

/// Parts of a name that say that an env file holds what only its owner may see, or is an older copy of one that does.
const SECRETS: [&str; 12] =
    ["local", "secret", "secrets", "private", "keys", "bak", "backup", "old", "orig", "save", "swp", "tmp"];

/// Judges a path by its last part.
pub(crate) fn named(path: &Path) -> Named {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    if name == ".git" {
        return Named::History;
    }
    let Some(rest) = name.strip_prefix(".env") else { return Named::Plain };
    let has = |words: &[&str]| rest.split(['.', '-', '_']).any(|part| words.contains(&part));
    if has(&MODELS) {
        return Named::EnvFile;
    }
    if ["", "rc", "~"].contains(&rest) || rest.ends_with('~') || has(&SECRETS) {
        return Named::Secrets;
    }
    Named::EnvFile
}
