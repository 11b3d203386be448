//! Environment variables of a service.
//!
//! Unknown fields are ignored here, unlike everywhere else; bulk is not atomic and never deletes.

use serde_json::{Map, Value, json};

use super::{Answer, Desk, Form, Reply, message, time};
use crate::sandbox::services::EnvRow;
use crate::sandbox::world::World;

/// What a body says of one variable.
#[expect(clippy::struct_excessive_bools, reason = "the API's own flags")]
struct Wanted {
    key: String,
    value: Option<String>,
    has_value: bool,
    is_literal: bool,
    is_multiline: bool,
    is_shown_once: bool,
    comment: Option<String>,
}

/// What the answer does not tell of a row that it has just made.
const UNTOLD: [&str; 3] = ["is_preview", "is_required", "order"];
/// What the answer to a bulk tells of a new row only where it was sent.
const FLAGS: [&str; 4] = ["comment", "is_literal", "is_multiline", "is_shown_once"];

fn without(row: &mut Value, keys: &[&str]) {
    if let Value::Object(row) = row {
        row.retain(|key, _| !keys.contains(&key.as_str()));
    }
}

/// All rows.
pub fn list(desk: &mut Desk, uuid: &str) -> Answer {
    let service = desk.service(uuid)?;
    Ok(Reply::json(200, &service.envs.iter().map(|row| shown(desk.world, row)).collect()))
}

/// A new row; one of that key must not be there.
pub fn create(desk: &mut Desk, uuid: &str) -> Answer {
    let form = Form::read(desk.ask)?;
    let service = desk.service(uuid)?;
    let wanted = checked(form)?;
    if service.env(&wanted.key).is_some() {
        return Err(message(409, "Environment variable already exists. Use PATCH request to update it."));
    }
    let mut row = put(desk.world, uuid, wanted);
    without(&mut row, &UNTOLD);
    Ok(Reply::json(201, &row))
}

/// Changes the row of a key. Flags left out go back to false.
pub fn patch(desk: &mut Desk, uuid: &str) -> Answer {
    let form = Form::read(desk.ask)?;
    let service = desk.service(uuid)?;
    let wanted = checked(form)?;
    if service.env(&wanted.key).is_none() {
        return Err(message(404, "Environment variable not found."));
    }
    Ok(Reply::json(201, &put(desk.world, uuid, wanted)))
}

/// Makes or changes rows one after the other. What came before a bad item stays.
pub fn bulk(desk: &mut Desk, uuid: &str) -> Answer {
    let form = Form::read(desk.ask)?;
    desk.service(uuid)?;
    let items = form.value("data").and_then(Value::as_array).cloned().unwrap_or_default();
    if items.is_empty() {
        return Err(message(400, "Bulk data is required."));
    }
    let mut rows = Vec::new();
    for item in items {
        let fields: Map<String, Value> = item.as_object().cloned().unwrap_or_default();
        let unsaid = FLAGS.into_iter().filter(|flag| !fields.contains_key(*flag));
        let untold: Vec<&str> = UNTOLD.into_iter().chain(unsaid).collect();
        let wanted = checked(Form::of(fields.clone()))?;
        let is_new = desk.service(uuid)?.env(&wanted.key).is_none();
        let mut row = put(desk.world, uuid, wanted);
        if is_new {
            without(&mut row, &untold);
        }
        rows.push(row);
    }
    Ok(Reply::json(201, &Value::Array(rows)))
}

/// Deletes one row.
pub fn delete(desk: &mut Desk, uuid: &str, row: &str) -> Answer {
    desk.service(uuid)?;
    let rows = desk.world.service_mut(uuid).map(|service| &mut service.envs);
    let rows = rows.ok_or_else(|| message(404, "Service not found."))?;
    let before = rows.len();
    rows.retain(|it| it.uuid != row);
    if rows.len() == before {
        return Err(message(404, "Environment variable not found."));
    }
    Ok(message(200, "Environment variable deleted."))
}

fn checked(mut form: Form) -> Result<Wanted, Reply> {
    let key = form.text("key").unwrap_or_default();
    if form.value("key").is_none_or(Value::is_null) {
        form.wrong("key", "This field is required.");
    } else if !is_key(&key) {
        form.wrong("key", "The key field format is invalid.");
    }
    let wanted = Wanted {
        key,
        value: form.text("value"),
        has_value: form.has("value"),
        is_literal: form.flag("is_literal").unwrap_or(false),
        is_multiline: form.flag("is_multiline").unwrap_or(false),
        is_shown_once: form.flag("is_shown_once").unwrap_or(false),
        comment: form.text("comment"),
    };
    form.check()?;
    Ok(wanted)
}

fn is_key(key: &str) -> bool {
    let mut bytes = key.bytes();
    let first = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    first
        && key.len() <= 255
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.')
}

fn put(world: &mut World, uuid: &str, wanted: Wanted) -> Value {
    let fresh = EnvRow::empty(world, &wanted.key);
    let now = world.time.wall;
    let Some(service) = world.service_mut(uuid) else { return Value::Null };
    let at = service.envs.iter().position(|row| row.key == wanted.key).unwrap_or(service.envs.len());
    if at == service.envs.len() {
        service.envs.push(fresh);
    }
    let row = &mut service.envs[at];
    if wanted.has_value {
        row.value = wanted.value;
    }
    row.is_literal = wanted.is_literal;
    row.is_multiline = wanted.is_multiline;
    row.is_shown_once = wanted.is_shown_once;
    row.comment = wanted.comment.or_else(|| row.comment.take());
    row.made.changed = now;
    let row = row.clone();
    shown(world, &row)
}

/// A row without its value where the token may not see it, or nobody may.
fn shown(world: &World, row: &EnvRow) -> Value {
    let mut shown = json!({
        "uuid": row.uuid,
        "key": row.key,
        "comment": row.comment,
        "is_literal": row.is_literal,
        "is_multiline": row.is_multiline,
        "is_shown_once": row.is_shown_once,
        "is_preview": false,
        "is_runtime": true,
        "is_buildtime": true,
        "is_coolify": row.key.starts_with("SERVICE_"),
        "is_required": false,
        "is_really_required": false,
        "is_shared": row.value.as_deref().is_some_and(|value| value.starts_with("{{")),
        "is_buildpack_control": false,
        "order": null,
        "version": world.coolify.version,
        "created_at": time(row.made.at),
        "updated_at": time(row.made.changed),
    });
    if world.coolify.sensitive && !row.is_shown_once {
        shown["value"] = json!(row.value);
        shown["real_value"] = json!(real_value(row));
    }
    shown
}

/// JSON stays as it is; literal and multi-line values stand in single quotes, which are not escaped inside; in
/// others quotes and backslashes are escaped.
fn real_value(row: &EnvRow) -> String {
    let value = row.value.as_deref().unwrap_or("");
    let is_json = value.starts_with(['{', '[']) && serde_json::from_str::<Value>(value).is_ok();
    match () {
        () if is_json => value.to_owned(),
        () if row.is_literal || row.is_multiline => format!("'{value}'"),
        () => value.replace('\\', "\\\\").replace('"', "\\\"").replace('\'', "\\'"),
    }
}
