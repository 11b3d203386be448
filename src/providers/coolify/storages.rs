//! Volumes of an application.
//!
//! A service names its volumes in its compose text; an application has them as rows of its own. Coolify puts the
//! application's uuid before the name, so that Docker knows `data` of application `u` as `u-data`.

use http::Method;
use machine::effect::Intended;
use machine::receipt::Attributes;
use serde_json::{Value, json};

use super::resource::is_application;
use super::{COOLIFY, Coolify, missing, text, unreadable};
use crate::providers::ReadError;
use crate::providers::object::id;
use crate::providers::request::WriteRequest;

/// The field of an application that names its volumes: `data:/data,cache:/var/cache`. Coolify does not show it with
/// the application.
pub const VOLUMES: &str = "volumes";

/// A named volume, and where the container sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Its name, as the spec has it.
    pub name: String,
    /// Where it is mounted.
    pub path: String,
}

/// A row: a mount, under an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storage {
    /// Its uuid.
    pub id: String,
    /// Its name on the server.
    pub name: String,
    /// Where the container sees it.
    pub path: String,
}

/// From the volumes that are there to those that are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Goal {
    wanted: Vec<Mount>,
    unwanted: Vec<Mount>,
}

/// The name that Docker knows the volume `name` of the app with these fields and this uuid by.
pub fn at_docker(fields: &Attributes, uuid: &str, name: &str) -> String {
    if is_application(fields) { format!("{uuid}-{name}") } else { format!("{uuid}_{name}") }
}

/// Mounts as the field spells them.
pub fn spelled(mounts: &[Mount]) -> String {
    let spelled: Vec<String> = mounts.iter().map(|Mount { name, path }| format!("{name}:{path}")).collect();
    spelled.join(",")
}

impl Mount {
    /// The mounts that an application's fields name.
    pub fn all(fields: &Attributes) -> Vec<Self> {
        let text = fields.get(VOLUMES).map_or("", String::as_str);
        let mount = |(name, path): (&str, &str)| Self { name: name.to_owned(), path: path.to_owned() };
        text.split(',').filter_map(|mount| mount.split_once(':')).map(mount).collect()
    }

    /// The name that Docker knows it by.
    pub fn at_docker(&self, application: &str) -> String {
        format!("{application}-{}", self.name)
    }

    /// Whether `row` is this mount of `application`.
    pub fn is(&self, row: &Storage, application: &str) -> bool {
        row.path == self.path && (row.name == self.at_docker(application) || row.name == self.name)
    }
}

impl Goal {
    /// What leads from the volumes that `had` names to those that `wanted` names.
    pub fn from(had: &Attributes, wanted: &Attributes) -> Self {
        let (mut unwanted, wanted) = (Mount::all(had), Mount::all(wanted));
        unwanted.retain(|mount| !wanted.contains(mount));
        Self { wanted, unwanted }
    }

    /// Whether there is nothing to have and nothing to take away.
    pub fn is_nothing(&self) -> bool {
        self.wanted.is_empty() && self.unwanted.is_empty()
    }

    /// The volumes whose data stays on the server without being mounted anywhere.
    pub fn left(&self) -> impl Iterator<Item = &Mount> {
        self.unwanted.iter().filter(|mount| self.wanted.iter().all(|wanted| wanted.name != mount.name))
    }

    /// What is to be sent, given the `rows` of `application`: first what takes away, since a path can be mounted once.
    pub fn calls(&self, coolify: &Coolify, application: &str, rows: &[Storage]) -> Vec<WriteRequest> {
        let of = |mount: &Mount| rows.iter().filter(|row| mount.is(row, application)).collect::<Vec<_>>();
        let unwanted = self.unwanted.iter().flat_map(of);
        let twice = self.wanted.iter().flat_map(|mount| of(mount).into_iter().skip(1));
        let gone = unwanted.chain(twice).map(|row| coolify.delete_storage(application, row));
        let missing = self.wanted.iter().filter(|mount| of(mount).is_empty());
        gone.chain(missing.map(|mount| coolify.add_storage(application, mount))).collect()
    }

    /// Whether the `rows` of `application` show the effect of an attempt whose answer was not clear.
    pub fn took_effect(&self, rows: &[Storage], application: &str, attempt: &Intended) -> bool {
        let fields = &attempt.request.attributes;
        let field = |key: &str| fields.get(key).cloned().unwrap_or_default();
        let mount = Mount { name: field("name"), path: field("path") };
        let there = rows.iter().any(|row| mount.is(row, application));
        there != (attempt.request.method == "DELETE")
    }
}

impl Coolify {
    /// The named volumes of `application`, oldest first; files and directories of the host are left out.
    ///
    /// # Errors
    /// [`ReadError::Refused`] for an application that is not there, and from a Coolify without this call.
    pub async fn storages(&self, application: &str) -> Result<Vec<Storage>, ReadError> {
        let path = format!("/applications/{application}/storages");
        let body = self.read_of_ours(&path).await?.ok_or_else(|| missing(&path))?;
        let items = body["persistent_storages"].as_array().ok_or_else(|| unreadable(&path))?;
        let rows = items.iter().filter(|item| item["host_path"].is_null());
        rows.map(|item| storage(item).ok_or_else(|| unreadable(&path))).collect()
    }

    /// Whether this Coolify has volumes of applications in its API.
    ///
    /// # Errors
    /// [`ReadError::Refused`] where it has not.
    pub async fn knows_storages(&self) -> Result<(), ReadError> {
        // A 404 about an application that is not there is told from one about a call that is not (Coolify API, errors).
        self.read("/applications/none/storages").await.map(drop)
    }

    /// The request that adds a volume to `application`. It carries no ownership tag, and sent twice it may be there twice.
    pub fn add_storage(&self, application: &str, mount: &Mount) -> WriteRequest {
        let Mount { name, path } = mount;
        let body = json!({"type": "persistent", "name": name, "mount_path": path});
        let at = format!("/applications/{application}/storages");
        self.write(Method::POST, &at, &body, COOLIFY).knowing(&known(name, path))
    }

    /// The request that takes a volume's row from `application`; what is in the volume stays on the server.
    pub fn delete_storage(&self, application: &str, row: &Storage) -> WriteRequest {
        let at = format!("/applications/{application}/storages/{}", row.id);
        self.write(Method::DELETE, &at, &Value::Null, COOLIFY).knowing(&known(&row.name, &row.path))
    }
}

fn known(name: &str, path: &str) -> Attributes {
    [("name", name), ("path", path)].map(|(key, text)| (key.to_owned(), text.to_owned())).into()
}

fn storage(item: &Value) -> Option<Storage> {
    let id = id(&item["uuid"])?.to_owned();
    Some(Storage { id, name: text(item, "name"), path: text(item, "mount_path") })
}
