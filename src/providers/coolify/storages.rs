//! Volumes of an application.
//!
//! A service names its volumes in its compose text; an application has them as rows of its own. Coolify puts the
//! application's uuid before the name, so a volume is known again by how its name ends.

use http::Method;
use serde_json::{Value, json};

use super::{COOLIFY, Coolify, text, unreadable};
use crate::providers::Trouble;
use crate::providers::call::Call;

/// A named volume and where it is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storage {
    /// Its row's uuid.
    pub id: String,
    /// Its name on the server.
    pub name: String,
    /// Where the container sees it.
    pub path: String,
}

impl Storage {
    /// Whether this is the volume that was asked for as `name` at `path`.
    pub fn is(&self, name: &str, path: &str) -> bool {
        self.path == path && (self.name == name || self.name.ends_with(&format!("-{name}")))
    }
}

impl Coolify {
    /// The named volumes of `application`; files and directories of the host are left out.
    ///
    /// # Errors
    /// [`Trouble::Unintelligible`] for an application that is not there, and from a Coolify without this call.
    pub async fn storages(&self, application: &str) -> Result<Vec<Storage>, Trouble> {
        let path = format!("/applications/{application}/storages");
        let body = self.read(&path).await?.ok_or_else(|| unreadable(&path))?;
        let items = body["persistent_storages"].as_array().ok_or_else(|| unreadable(&path))?;
        Ok(items.iter().filter(|item| item["host_path"].is_null()).filter_map(storage).collect())
    }

    /// The request that adds a volume to `application`. It carries no mark, and sent twice it may be there twice.
    pub fn add_storage(&self, application: &str, name: &str, path: &str) -> Call {
        let body = json!({"type": "persistent", "name": name, "mount_path": path});
        let at = format!("/applications/{application}/storages");
        let known = [("name", name), ("path", path)].map(|(key, text)| (key.to_owned(), text.to_owned()));
        self.write(Method::POST, &at, &body, COOLIFY).knowing(&known.into())
    }

    /// The request that takes a volume's row from `application`.
    pub fn delete_storage(&self, application: &str, id: &str) -> Call {
        let path = format!("/applications/{application}/storages/{id}");
        self.write(Method::DELETE, &path, &Value::Null, COOLIFY)
    }
}

fn storage(item: &Value) -> Option<Storage> {
    let id = item["uuid"].as_str()?.to_owned();
    Some(Storage { id, name: text(item, "name"), path: text(item, "mount_path") })
}
