//! Environment variables of a service.
//!
//! Only what changed is ever sent, always with all flags, because Coolify resets the ones left out (4.3.11,
//! observed). Values go out; what comes back of them is used for nothing but the rows' ids.

use http::Method;
use serde_json::{Value, json};

use super::{COOLIFY, Coolify, text};
use crate::providers::Trouble;
use crate::providers::call::Call;
use crate::secrets::Secret;

/// A row: which variable, and under which id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvRow {
    /// Its uuid.
    pub id: String,
    /// The variable's name.
    pub key: String,
}

impl Coolify {
    /// The rows of `service`.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn env_rows(&self, service: &str) -> Result<Vec<EnvRow>, Trouble> {
        let items = self.list(&format!("/services/{service}/envs")).await?;
        let row =
            |item: &Value| Some(EnvRow { id: item["uuid"].as_str()?.to_owned(), key: text(item, "key") });
        Ok(items.iter().filter_map(row).collect())
    }

    /// The request that sets `values` on `service`: one bulk call, which is not atomic.
    pub fn set_envs(&self, service: &str, values: &[(&str, &Secret)]) -> Call {
        let data: Vec<Value> = values.iter().map(|(key, value)| row(key, value)).collect();
        let path = format!("/services/{service}/envs/bulk");
        let names = values.iter().map(|(key, _)| ((*key).to_owned(), "set".to_owned())).collect();
        self.write(Method::PATCH, &path, &json!({"data": data}), COOLIFY).knowing(&names).partial()
    }

    /// The request that deletes one row.
    pub fn delete_env(&self, service: &str, row: &str) -> Call {
        self.write(Method::DELETE, &format!("/services/{service}/envs/{row}"), &Value::Null, COOLIFY)
    }
}

// Literal keeps `$` from being expanded but is written in single quotes without escaping, so a value with a
// single quote goes the other way (the spec refuses one with both).
fn row(key: &str, value: &Secret) -> Value {
    let text = value.expose();
    let multiline = text.contains('\n');
    json!({
        "key": key,
        "value": text,
        "is_literal": !multiline && !text.contains('\''),
        "is_multiline": multiline,
        "is_shown_once": false,
    })
}
