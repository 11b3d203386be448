//! Environment variables of an app.
//!
//! Only what changed is ever sent, always with all flags, because Coolify resets the ones left out (4.3.11,
//! observed). Of what comes back the rows' ids are used, and their values to see what somebody else changed.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Value, json};

use super::{COOLIFY, Coolify, Resource, text};
use crate::providers::ReadError;
use crate::providers::object::id;
use crate::providers::request::WriteRequest;
use crate::secrets::Secret;

/// A row: which variable, and under which id.
#[derive(Debug, Clone)]
pub struct EnvRow {
    /// Its uuid.
    pub id: String,
    /// The variable's name.
    pub key: String,
    /// The uuids of the rows of that name for previews, which Coolify adds to an application's by itself.
    pub previews: Vec<String>,
    /// Its value; `None` where the token may not see it (it lacks read:sensitive, or the row is shown once).
    pub value: Option<Secret>,
    /// Whether the value reaches the container without being interpolated.
    pub is_literal: bool,
}

/// How far a variable reaches in an application that Coolify builds. Of a service all are for its containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The build and the container: its value may stand in the image's history.
    Build,
    /// The container alone.
    Container,
}

impl EnvRow {
    /// All ids to delete until the variable is gone: its own comes last, so that a row that is still listed still
    /// has its previews.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.previews.iter().chain([&self.id]).map(String::as_str)
    }
}

impl Coolify {
    /// The rows of `app`, without those for previews.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn env_rows(&self, app: Resource<'_>) -> Result<Vec<EnvRow>, ReadError> {
        let items = self.resources(&app.path("/envs")).await?;
        let (previews, rows): (Vec<&Value>, Vec<&Value>) =
            items.iter().partition(|item| item["is_preview"] == true);
        let uuid = |item: &Value| id(&item["uuid"]).map(str::to_owned);
        let row = |item: &&Value| {
            let twins = previews.iter().filter(|preview| preview["key"] == item["key"]);
            let previews = twins.filter_map(|preview| uuid(preview)).collect();
            Some(EnvRow {
                id: uuid(item)?,
                key: text(item, "key"),
                previews,
                // An empty value is kept as null; one that may not be seen is absent (4.3.11, observed).
                value: item.get("value").map(|value| Secret::new(value.as_str().unwrap_or_default())),
                // Both flags do the same (4.3.11, observed).
                is_literal: item["is_literal"] == true || item["is_multiline"] == true,
            })
        };
        Ok(rows.iter().filter_map(row).collect())
    }

    /// The request that sets `values` on `app`: one bulk call, which is not atomic. Of a name given twice the last
    /// value counts, because Coolify would make two rows of it.
    pub fn set_envs(&self, app: Resource<'_>, values: &[(&str, &Secret, Reach)]) -> WriteRequest {
        let values: BTreeMap<&str, (&Secret, Reach)> =
            values.iter().map(|(key, value, reach)| (*key, (*value, *reach))).collect();
        let data: Vec<Value> =
            values.iter().map(|(key, (value, reach))| row(app, key, value, *reach)).collect();
        let names = values.keys().map(|key| ((*key).to_owned(), "set".to_owned())).collect();
        let body = json!({"data": data});
        self.write(Method::PATCH, &app.path("/envs/bulk"), &body, COOLIFY).knowing(&names).partial()
    }

    pub fn delete_env(&self, app: Resource<'_>, row: &str) -> WriteRequest {
        let path = app.path(&format!("/envs/{row}"));
        self.write(Method::DELETE, &path, &Value::Null, COOLIFY)
    }
}

// Literal and multi-line rows are written in single quotes, in which nothing is escaped or expanded. Only JSON, which is
// not quoted whatever the flags say, holds a single quote, and what an earlier version sent and is put back.
fn row(app: Resource<'_>, key: &str, value: &Secret, reach: Reach) -> Value {
    let text = value.expose();
    let multiline = text.contains('\n');
    let mut row = json!({
        "key": key,
        "value": text,
        "is_literal": !multiline && !text.contains('\''),
        "is_multiline": multiline,
        "is_shown_once": false,
    });
    if let Resource::Application(_) = app {
        row["is_preview"] = json!(false);
        row["is_runtime"] = json!(true);
        row["is_buildtime"] = json!(reach == Reach::Build);
    }
    row
}
