//! Environment variables of services and applications.
//!
//! Bulk is not atomic and never deletes. Of a service, unknown fields are ignored, unlike everywhere else; of an
//! application, each new row gets a twin for previews, which later changes and deletions leave as it was.

use serde_json::{Map, Value, json};

use super::{Answer, Context, Form, Reply, message, time};
use crate::sandbox::dotenv;
use crate::sandbox::services::SimEnvRow;
use crate::sandbox::world::World;

const FIELDS: [&str; 9] = [
    "key",
    "value",
    "is_preview",
    "is_literal",
    "is_multiline",
    "is_shown_once",
    "is_runtime",
    "is_buildtime",
    "comment",
];

/// Whose variables, by uuid.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RowOwner<'a> {
    Application(&'a str),
    Service(&'a str),
}

impl<'a> RowOwner<'a> {
    /// The owner that a path names.
    pub(crate) fn of(kind: &str, uuid: &'a str) -> Option<Self> {
        match kind {
            "applications" => Some(Self::Application(uuid)),
            "services" => Some(Self::Service(uuid)),
            _ => None,
        }
    }

    fn is_application(self) -> bool {
        matches!(self, Self::Application(_))
    }

    fn rows(self, world: &mut World) -> Option<&mut Vec<SimEnvRow>> {
        match self {
            Self::Application(uuid) => world.application_mut(uuid).map(|it| &mut it.envs),
            Self::Service(uuid) => world.service_mut(uuid).map(|it| &mut it.envs),
        }
    }
}

impl Context<'_> {
    fn rows(&self, owner: RowOwner) -> Result<&Vec<SimEnvRow>, Reply> {
        match owner {
            RowOwner::Application(uuid) => self.application(uuid).map(|it| &it.envs),
            RowOwner::Service(uuid) => self.service(uuid).map(|it| &it.envs),
        }
    }
}

/// What a body says of one variable.
#[expect(clippy::struct_excessive_bools, reason = "the API's own flags")]
struct Wanted {
    key: String,
    value: Option<String>,
    has_value: bool,
    is_preview: bool,
    is_literal: bool,
    is_multiline: bool,
    is_shown_once: bool,
    is_buildtime: bool,
    is_runtime: bool,
    comment: Option<String>,
}

/// What the answer does not tell of a row that it has just made.
const UNTOLD: [&str; 3] = ["is_preview", "is_required", "order"];
/// The same for an application's, where a bulk made it.
const UNTOLD_OF_APPLICATION: [&str; 2] = ["is_required", "order"];
/// What the answer to a bulk tells of a new row only where it was sent.
const FLAGS: [&str; 4] = ["comment", "is_literal", "is_multiline", "is_shown_once"];

fn without(row: &mut Value, keys: &[&str]) {
    if let Value::Object(row) = row {
        row.retain(|key, _| !keys.contains(&key.as_str()));
    }
}

impl Wanted {
    fn is(&self, row: &SimEnvRow) -> bool {
        row.key == self.key && row.is_preview == self.is_preview
    }
}

/// All rows, those for previews last.
pub(crate) fn list(context: &mut Context, owner: RowOwner) -> Answer {
    let rows = context.rows(owner)?;
    let (previews, own): (Vec<&SimEnvRow>, Vec<&SimEnvRow>) = rows.iter().partition(|row| row.is_preview);
    let shown = own.into_iter().chain(previews).map(|row| shown(context.world, row));
    Ok(Reply::json(200, &shown.collect()))
}

/// A new row; one of that key must not be there.
pub(crate) fn create(context: &mut Context, owner: RowOwner) -> Answer {
    let form = read(context, owner)?;
    let rows = context.rows(owner)?.clone();
    let wanted = checked(form, owner)?;
    if rows.iter().any(|row| wanted.is(row)) {
        return Err(message(409, "Environment variable already exists. Use PATCH request to update it."));
    }
    let mut made = put(context.world, owner, wanted, &rows);
    if owner.is_application() {
        return Ok(Reply::json(201, &json!({"uuid": made["uuid"]})));
    }
    without(&mut made, &UNTOLD);
    Ok(Reply::json(201, &made))
}

/// Changes the row of a key. Flags left out go back to what they were made with.
pub(crate) fn patch(context: &mut Context, owner: RowOwner) -> Answer {
    let form = read(context, owner)?;
    let rows = context.rows(owner)?.clone();
    let wanted = checked(form, owner)?;
    if !rows.iter().any(|row| wanted.is(row)) {
        return Err(message(404, "Environment variable not found."));
    }
    Ok(Reply::json(201, &put(context.world, owner, wanted, &rows)))
}

/// Makes or changes rows one after the other. What came before a bad item stays. Of an application the rows are
/// looked up once, so that a new key given twice becomes two.
pub(crate) fn bulk(context: &mut Context, owner: RowOwner) -> Answer {
    let form = Form::read(context.ask)?;
    let before = context.rows(owner)?.clone();
    let items = form.value("data").and_then(Value::as_array).cloned().unwrap_or_default();
    if items.is_empty() {
        return Err(message(400, "Bulk data is required."));
    }
    let mut made = Vec::new();
    for item in items {
        let fields: Map<String, Value> = item.as_object().cloned().unwrap_or_default();
        let unsaid = FLAGS.into_iter().filter(|flag| !fields.contains_key(*flag));
        let untold: Vec<&str> = match owner {
            RowOwner::Application(_) => UNTOLD_OF_APPLICATION.into(),
            RowOwner::Service(_) => UNTOLD.into_iter().chain(unsaid).collect(),
        };
        let wanted = checked(Form::of(fields.clone()), owner)?;
        let known = if owner.is_application() { before.clone() } else { context.rows(owner)?.clone() };
        let is_new = !known.iter().any(|row| wanted.is(row));
        let mut row = put(context.world, owner, wanted, &known);
        if is_new {
            without(&mut row, &untold);
        }
        made.push(row);
    }
    Ok(Reply::json(201, &Value::Array(made)))
}

/// Deletes one row, and not its twin.
pub(crate) fn delete(context: &mut Context, owner: RowOwner, row: &str) -> Answer {
    let before = context.rows(owner)?.len();
    let rows = owner.rows(context.world).ok_or_else(|| message(404, "Resource not found."))?;
    rows.retain(|it| it.uuid != row);
    if rows.len() == before {
        return Err(message(404, "Environment variable not found."));
    }
    Ok(message(200, "Environment variable deleted."))
}

fn read(context: &Context, owner: RowOwner) -> Result<Form, Reply> {
    let form = Form::read(context.ask)?;
    Ok(if owner.is_application() { form.only(&FIELDS) } else { form })
}

fn checked(mut form: Form, owner: RowOwner) -> Result<Wanted, Reply> {
    let key = form.text("key").unwrap_or_default();
    if form.value("key").is_none_or(Value::is_null) {
        form.wrong("key", "This field is required.");
    } else if !is_key(&key) {
        form.wrong("key", "The key field format is invalid.");
    }
    let wanted = Wanted {
        key,
        value: form.text("value"),
        has_value: form.has("value") || owner.is_application(),
        is_preview: owner.is_application() && form.flag("is_preview").unwrap_or(false),
        is_literal: form.flag("is_literal").unwrap_or(false),
        is_multiline: form.flag("is_multiline").unwrap_or(false),
        is_shown_once: form.flag("is_shown_once").unwrap_or(false),
        is_buildtime: !owner.is_application() || form.flag("is_buildtime").unwrap_or(true),
        is_runtime: !owner.is_application() || form.flag("is_runtime").unwrap_or(true),
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

/// Changes the row among `known` ones, or makes one.
fn put(world: &mut World, owner: RowOwner, wanted: Wanted, known: &[SimEnvRow]) -> Value {
    let (fresh, twin) = (SimEnvRow::empty(world, &wanted.key), SimEnvRow::empty(world, &wanted.key));
    let now = world.time.wall;
    let id = known.iter().find(|row| wanted.is(row)).map(|row| row.uuid.clone());
    let Some(rows) = owner.rows(world) else { return Value::Null };
    let found = id.as_ref().and_then(|id| rows.iter().position(|row| row.uuid == *id));
    let at = found.unwrap_or(rows.len());
    if found.is_none() {
        rows.push(fresh);
    }
    let row = &mut rows[at];
    if wanted.has_value {
        row.value = wanted.value;
    }
    row.is_preview = wanted.is_preview;
    row.is_literal = wanted.is_literal;
    row.is_multiline = wanted.is_multiline;
    row.is_shown_once = wanted.is_shown_once;
    row.is_buildtime = wanted.is_buildtime;
    row.is_runtime = wanted.is_runtime;
    row.comment = wanted.comment.or_else(|| row.comment.take());
    row.made.changed = now;
    let row = row.clone();
    let has_twin = rows.iter().any(|it| it.key == row.key && it.is_preview);
    if owner.is_application() && found.is_none() && !has_twin {
        rows.push(for_previews(&row, twin));
    }
    shown(world, &row)
}

/// The twin takes over the value and how it is written, and no secrecy (observed).
fn for_previews(row: &SimEnvRow, twin: SimEnvRow) -> SimEnvRow {
    let (value, literal, multiline) = (row.value.clone(), row.is_literal, row.is_multiline);
    SimEnvRow { value, is_literal: literal, is_multiline: multiline, is_preview: true, ..twin }
}

/// A row without its value where the token may not see it, or nobody may.
fn shown(world: &World, row: &SimEnvRow) -> Value {
    let mut shown = json!({
        "uuid": row.uuid,
        "key": row.key,
        "comment": row.comment,
        "is_literal": row.is_literal,
        "is_multiline": row.is_multiline,
        "is_shown_once": row.is_shown_once,
        "is_preview": row.is_preview,
        "is_runtime": row.is_runtime,
        "is_buildtime": row.is_buildtime,
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
        shown["real_value"] = json!(dotenv::real_value(row));
    }
    shown
}
