//! The two resources that Coolify files an app as, and what they have in common.
//!
//! Applications and services share verbs and rows of variables, not paths. What is particular to one of them is
//! in its own file.

use machine::receipt::Attributes;
use serde_json::Value;

use super::{Coolify, is_thing, unreadable};
use crate::providers::ReadError;

/// What can be in the way of a name: every list that an environment has (keydb, dragonfly and clickhouse have
/// none; Coolify 4.3.11, observed).
const KINDS: [&str; 7] =
    ["services", "applications", "postgresqls", "redis", "mongodbs", "mysqls", "mariadbs"];

/// Whether an app with these fields is filed as an application.
pub(crate) fn is_application(fields: &Attributes) -> bool {
    fields.get("kind").is_some_and(|kind| kind == "image" || kind == "git")
}

/// An app at Coolify, by its uuid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource<'a> {
    /// From an image or from git.
    Application(&'a str),
    /// From compose text.
    Service(&'a str),
}

impl<'a> Resource<'a> {
    /// The app with these fields and this uuid.
    pub fn of(fields: &Attributes, uuid: &'a str) -> Self {
        if is_application(fields) { Self::Application(uuid) } else { Self::Service(uuid) }
    }

    pub fn uuid(self) -> &'a str {
        match self {
            Self::Application(uuid) | Self::Service(uuid) => uuid,
        }
    }

    /// Its path in the API, with `rest` behind it.
    pub(super) fn path(self, rest: &str) -> String {
        match self {
            Self::Application(uuid) => format!("/applications/{uuid}{rest}"),
            Self::Service(uuid) => format!("/services/{uuid}{rest}"),
        }
    }
}

impl Coolify {
    /// Everything that an environment lists, of whatever kind; `None` for a 404.
    pub(super) async fn inhabitants(
        &self,
        project: &str,
        environment: &str,
    ) -> Result<Option<Vec<Value>>, ReadError> {
        let path = format!("/projects/{project}/{environment}");
        let Some(shown) = self.read(&path).await? else { return Ok(None) };
        let lists = KINDS.iter().filter_map(|kind| shown[kind].as_array());
        let items: Vec<Value> = lists.flatten().cloned().collect();
        let is_told = ["services", "applications"].iter().all(|kind| shown[kind].is_array());
        if is_told && items.iter().all(is_thing) { Ok(Some(items)) } else { Err(unreadable(&path)) }
    }
}
