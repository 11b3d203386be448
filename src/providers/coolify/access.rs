//! How Coolify gets at private repositories: SSH keys and GitHub Apps that it knows, by the names people gave
//! them.

use serde_json::Value;

use super::{Coolify, text};
use crate::providers::ReadError;

impl Coolify {
    /// The uuid of the private key called `name`, or with that uuid; `None` where there is none.
    ///
    /// # Errors
    /// [`ReadError::Refused`] when several have the name.
    pub async fn private_key(&self, name: &str) -> Result<Option<String>, ReadError> {
        only(&self.resources("/security/keys").await?, "private key", name)
    }

    /// The uuid of the GitHub App called `name`, or with that uuid; `None` where there is none.
    ///
    /// # Errors
    /// [`ReadError::Refused`] when several have the name.
    pub async fn github_app(&self, name: &str) -> Result<Option<String>, ReadError> {
        only(&self.resources("/github-apps").await?, "GitHub App", name)
    }
}

fn only(items: &[Value], what: &str, name: &str) -> Result<Option<String>, ReadError> {
    let meant = |item: &&Value| text(item, "name") == name || text(item, "uuid") == name;
    let found: Vec<String> = items.iter().filter(meant).map(|item| text(item, "uuid")).collect();
    match found.as_slice() {
        [] => Ok(None),
        [uuid] => Ok(Some(uuid.clone())),
        several => Err(ReadError::Refused {
            what: format!("{what} `{name}`"),
            reason: format!("several have this name; give one by its uuid: {}", several.join(", ")),
        }),
    }
}
