//! Bodies: how Coolify reads them, and the words of its refusals.

use serde_json::{Map, Value, json};

use super::{Reply, invalid};
use crate::sandbox::ask::Ask;

/// A body, with what is wrong about it so far.
pub(crate) struct Form {
    fields: Map<String, Value>,
    errors: Map<String, Value>,
}

impl Form {
    /// Reads the body of `ask` the way every create and PATCH route does: strings are trimmed, empty ones
    /// are null.
    ///
    /// # Errors
    /// The 400 for another content type, for no JSON object, and for an empty one.
    pub(crate) fn read(ask: &Ask) -> Result<Self, Reply> {
        if !ask.says_json {
            return Err(unreadable("Content-Type must be application/json."));
        }
        match serde_json::from_str(&ask.body) {
            Ok(Value::Object(fields)) if fields.is_empty() => Err(unreadable("Empty JSON.")),
            Ok(Value::Object(fields)) => Ok(Self::of(fields)),
            Ok(Value::Array(items)) if !items.is_empty() => Ok(Self::of(Map::new())),
            _ => Err(unreadable("Invalid JSON.")),
        }
    }

    /// A form of these fields, for items inside a body.
    pub(crate) fn of(fields: Map<String, Value>) -> Self {
        let fields = fields.into_iter().map(|(key, value)| (key, rewritten(value))).collect();
        Self { fields, errors: Map::new() }
    }

    /// Refuses fields that the route does not know.
    pub(crate) fn only(mut self, allowed: &[&str]) -> Self {
        let unknown: Vec<String> =
            self.fields.keys().filter(|key| !allowed.contains(&key.as_str())).cloned().collect();
        for key in unknown {
            self.wrong(&key, "This field is not allowed.");
        }
        self
    }

    /// A text that must be there.
    pub(crate) fn required(&mut self, key: &str) -> String {
        if self.fields.get(key).is_none_or(Value::is_null) {
            self.wrong(key, &format!("The {} field is required.", key.replace('_', " ")));
        }
        self.text(key).unwrap_or_default()
    }

    /// A text that may be there.
    pub(crate) fn text(&mut self, key: &str) -> Option<String> {
        match self.fields.get(key) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(_) => {
                self.wrong(key, &format!("The {} field must be a string.", key.replace('_', " ")));
                None
            }
        }
    }

    /// A boolean that may be there.
    pub(crate) fn flag(&mut self, key: &str) -> Option<bool> {
        let value = self.fields.get(key).filter(|value| !value.is_null())?;
        let flag = value.as_bool();
        if flag.is_none() {
            self.wrong(key, &format!("The {} field must be true or false.", key.replace('_', " ")));
        }
        flag
    }

    /// Whatever stands there.
    pub(crate) fn value(&self, key: &str) -> Option<&Value> {
        self.fields.get(key)
    }

    /// The fields, done with.
    pub(crate) fn into_fields(self) -> Map<String, Value> {
        self.fields
    }

    /// Whether the field is there, be it null.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.fields.contains_key(key)
    }

    /// Notes that something is wrong about a field.
    pub(crate) fn wrong(&mut self, key: &str, what: &str) {
        let list = self.errors.entry(key).or_insert_with(|| json!([]));
        if let Value::Array(list) = list {
            list.push(json!(what));
        }
    }

    /// Ends the checks.
    ///
    /// # Errors
    /// The 422 that names all that is wrong.
    pub(crate) fn check(&self) -> Result<(), Reply> {
        if self.errors.is_empty() { Ok(()) } else { Err(invalid(&Value::Object(self.errors.clone()))) }
    }
}

/// A name of a project or environment: 3 to 255 characters of a limited set.
pub(crate) fn name(form: &mut Form, name: &str) {
    let length = name.chars().count();
    let is_other = form.value("name").is_some_and(Value::is_number);
    if (1..3).contains(&length) || is_other {
        form.wrong("name", "The name must be at least 3 characters.");
    }
    if length > 255 {
        form.wrong("name", "The name may not be greater than 255 characters.");
    }
    if !name.chars().all(|it| it.is_alphanumeric() || it.is_whitespace() || "-_./@&()#,:+".contains(it)) {
        form.wrong("name", "The name may only contain letters (including Unicode), numbers, spaces, and these characters: - _ . / @ & ( ) # , : +");
    }
}

/// A description of a project or environment: at most 255 characters, no colon among them.
pub(crate) fn description(form: &mut Form, text: &str) {
    let allowed = |it: char| it.is_alphanumeric() || it.is_whitespace() || "-_.,!?()'\"+=*@/&".contains(it);
    if text.chars().count() > 255 || !text.chars().all(allowed) {
        form.wrong("description", "The description is too long or contains characters that are not allowed.");
    }
}

fn unreadable(error: &str) -> Reply {
    Reply::json(400, &json!({"message": "Invalid request.", "error": error}))
}

fn rewritten(value: Value) -> Value {
    match value {
        Value::String(text) if trimmed(&text).is_empty() => Value::Null,
        Value::String(text) => Value::String(trimmed(&text).to_owned()),
        Value::Array(items) => items.into_iter().map(rewritten).collect(),
        Value::Object(map) => map.into_iter().map(|(key, value)| (key, rewritten(value))).collect(),
        other => other,
    }
}

/// Laravel takes some characters for blanks that nobody sees.
fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || "\0\u{feff}\u{200b}\u{200e}".contains(c))
}
