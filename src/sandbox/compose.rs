//! Compose text, as far as the simulated Coolify must understand it.
//!
//! Reads the JSON subset of YAML, which is what Fabrik sends; anything else counts as text that Coolify
//! cannot parse. Does not check what Docker would.

use serde_json::{Map, Value};

use super::{databases, interpolation};

/// What a compose text says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Compose {
    /// The text as Coolify dumps it again.
    pub dumped: String,
    /// Its services, in order of their names.
    pub entries: Vec<ComposeEntry>,
    /// What references anywhere in it bring as a default, by name: Coolify makes a row of each (4.3.11, observed).
    pub defaults: Vec<(String, String)>,
    /// Whether parsing breaks down after the row was written (an environment value that begins with `$$`, a port of a
    /// database in the long form, or `services` as a list): 500, and the service exists (4.3.11, observed).
    pub breaks_late: bool,
}

/// One service of a compose text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ComposeEntry {
    pub name: String,
    /// Its image, if it names one.
    pub image: Option<String>,
    /// What Coolify takes it for.
    pub kind: ComposeKind,
    /// Whether it is built.
    pub builds: bool,
    /// The Dockerfile in its text, if it is built from one.
    pub dockerfile: Option<String>,
    /// Whether Docker is to check its health.
    pub is_checked: bool,
    /// Whether it is meant to end (`restart: "no"`), or left out of the status by name.
    pub is_excluded: bool,
    pub environment: Vec<(String, Option<String>)>,
    pub labels: Vec<(String, String)>,
    /// The named volumes it mounts, and where.
    pub volumes: Vec<(String, String)>,
}

/// What Coolify takes a compose service for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ComposeKind {
    /// It can be given an address.
    Application,
    /// It cannot.
    Database,
}

/// Why a compose text is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum UnreadableCompose {
    /// Not parsed at all: 500, nothing written.
    Broken,
    /// Parsed and refused: 422 with this reason.
    Refused(String),
}

impl Compose {
    /// Reads `text`.
    ///
    /// # Errors
    /// [`UnreadableCompose`], which the API turns into 500 or 422.
    pub(crate) fn read(text: &str) -> Result<Self, UnreadableCompose> {
        let mut value: Value = serde_json::from_str(text).map_err(|_| UnreadableCompose::Broken)?;
        empty_lists_to_maps(&mut value);
        ports_to_text(&mut value);
        let breaks = services(&value).any(databases::breaks);
        let made = without_made(value.clone());
        let dumped = serde_json::to_string_pretty(&made).map_err(|_| UnreadableCompose::Broken)?;
        let services = value.get("services").unwrap_or(&Value::Null);
        let entries = match services {
            Value::Object(services) => services.iter().map(entry).collect::<Result<_, _>>()?,
            Value::Array(_) => {
                return Ok(Self { dumped, entries: Vec::new(), defaults: Vec::new(), breaks_late: true });
            }
            _ => {
                return Err(UnreadableCompose::Refused(
                    "Docker Compose file must contain a \"services\" section".into(),
                ));
            }
        };
        let mut defaults = Vec::new();
        gather_defaults(services, &mut defaults);
        let mut compose = Self { dumped, entries, defaults, breaks_late: false };
        let breaks_late = breaks || compose.values().any(begins_with_dollars);
        compose.breaks_late = breaks_late;
        Ok(compose)
    }

    /// The named volumes of all services, each once.
    pub(crate) fn volumes(&self) -> Vec<String> {
        let mounts = self.entries.iter().flat_map(|entry| &entry.volumes);
        let mut names: Vec<String> = mounts.map(|(name, _)| name.clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// The variables it refers to at the start of a value, `$NAME`, `${NAME}` or `${NAME:-default}`, and those within
    /// such a default: Coolify makes a row of each. Those it makes up itself it finds anywhere in a value.
    pub(crate) fn references(&self) -> Vec<(String, Option<String>)> {
        let magic = |value: &str| {
            let names = used(value).into_iter().filter(|name| name.starts_with("SERVICE_"));
            names.map(|name| (name, None)).collect::<Vec<_>>()
        };
        let magic = self.values().flat_map(magic);
        magic.chain(self.values().flat_map(leading)).collect()
    }

    /// The variables whose whole value is one that Coolify makes up: a row is made of each, as it is written.
    pub(crate) fn borrowed(&self) -> Vec<(String, String)> {
        let all = self.entries.iter().flat_map(|entry| &entry.environment);
        let borrows = |value: &&str| reference(value).is_some_and(|(name, _)| name.starts_with("SERVICE_"));
        all.filter_map(|(key, value)| {
            value.as_deref().filter(borrows).map(|value| (key.clone(), value.to_owned()))
        })
        .collect()
    }

    fn values(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().flat_map(|entry| &entry.environment).filter_map(|(_, value)| value.as_deref())
    }
}

impl ComposeEntry {
    /// Whether Coolify takes it for a database.
    pub(crate) fn is_database(&self) -> bool {
        self.kind == ComposeKind::Database
    }

    /// The value of a label.
    pub(crate) fn label(&self, name: &str) -> Option<String> {
        self.labels.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }
}

/// Coolify's dump turns an empty list into an empty map (4.3.11, observed).
fn empty_lists_to_maps(value: &mut Value) {
    match value {
        Value::Array(items) if items.is_empty() => *value = Value::Object(Map::new()),
        Value::Array(items) => items.iter_mut().for_each(empty_lists_to_maps),
        Value::Object(map) => map.values_mut().for_each(empty_lists_to_maps),
        _ => {}
    }
}

/// Coolify's dump turns ports into text (4.3.11, observed).
fn ports_to_text(value: &mut Value) {
    let Some(services) = value.get_mut("services").and_then(Value::as_object_mut) else { return };
    let ports = services.values_mut().filter_map(|service| service.get_mut("ports"));
    for port in ports.filter_map(Value::as_array_mut).flatten() {
        if port.is_number() {
            *port = Value::String(port.to_string());
        }
    }
}

fn entry((name, value): (&String, &Value)) -> Result<ComposeEntry, UnreadableCompose> {
    if name.contains([';', '|', '&', '$', '`', '<', '>', '\n']) {
        return Err(UnreadableCompose::Refused("Invalid Docker Compose service name".into()));
    }
    let image = value.get("image").and_then(Value::as_str).map(str::to_owned);
    let one_shot = value.get("restart").and_then(Value::as_str) == Some("no");
    let excluded = value.get("exclude_from_hc").and_then(Value::as_bool) == Some(true);
    Ok(ComposeEntry {
        name: name.clone(),
        image,
        kind: if databases::is_database(value) { ComposeKind::Database } else { ComposeKind::Application },
        builds: value.get("build").is_some(),
        dockerfile: value["build"]["dockerfile_inline"].as_str().map(str::to_owned),
        is_checked: value.get("healthcheck").is_some(),
        is_excluded: one_shot || excluded,
        environment: pairs(value.get("environment")),
        labels: pairs(value.get("labels")).into_iter().map(|(k, v)| (k, v.unwrap_or_default())).collect(),
        volumes: volumes(value.get("volumes"))?,
    })
}

/// A list of `KEY=value` or a map, as pairs.
fn pairs(value: Option<&Value>) -> Vec<(String, Option<String>)> {
    match value {
        Some(Value::Object(map)) => map.iter().map(|(key, value)| (key.clone(), scalar(value))).collect(),
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(pair).collect(),
        _ => Vec::new(),
    }
}

fn pair(text: &str) -> (String, Option<String>) {
    match text.split_once('=') {
        Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
        None => (text.to_owned(), None),
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn volumes(value: Option<&Value>) -> Result<Vec<(String, String)>, UnreadableCompose> {
    let items = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mounts: Vec<(String, String)> = items.iter().filter_map(mount).collect();
    if mounts.iter().any(|(source, _)| source.contains("$(") || source.contains('`')) {
        return Err(UnreadableCompose::Refused("Invalid Docker volume definition".into()));
    }
    Ok(mounts.into_iter().filter(|(source, _)| !source.starts_with(['/', '.', '~'])).collect())
}

/// What is mounted where, from the short form or the long one.
fn mount(value: &Value) -> Option<(String, String)> {
    let text = |key| Some(value.get(key)?.as_str()?.to_owned());
    match value {
        Value::String(short) => {
            let mut halves = short.split(':').map(str::to_owned);
            Some((halves.next()?, halves.next()?))
        }
        _ => Some((text("source")?, text("target")?)),
    }
}

/// `$$` at the start, unless an apostrophe follows (4.3.11, observed).
fn begins_with_dollars(value: &str) -> bool {
    value.strip_prefix("$$").is_some_and(|rest| !rest.starts_with('\''))
}

/// Labels reach the container as they are written, and an inline Dockerfile is the image's.
fn gather_defaults(value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) => found.extend(interpolation::defaults(text)),
        Value::Array(items) => items.iter().for_each(|item| gather_defaults(item, found)),
        Value::Object(map) => {
            let read = map.iter().filter(|(key, _)| !["labels", "dockerfile_inline"].contains(&key.as_str()));
            read.for_each(|(_, value)| gather_defaults(value, found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The names after the dollar signs of a value.
pub(crate) fn used(value: &str) -> Vec<String> {
    let name = |rest: &str| {
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        rest[..end].to_owned()
    };
    value.split('$').skip(1).map(name).filter(|name| !name.is_empty()).collect()
}

fn reference(value: &str) -> Option<(String, Option<String>)> {
    let Some(inner) = value.strip_prefix("${") else {
        let name = used(value.get(..1).filter(|first| *first == "$").map(|_| value)?).into_iter().next()?;
        return Some((name, None));
    };
    let inner = &inner[..closing(inner)];
    let end = inner.find([':', '-', '?']).unwrap_or(inner.len());
    let default = inner[end..].strip_prefix(":-").or_else(|| inner[end..].strip_prefix('-'));
    Some((inner[..end].to_owned(), default.map(str::to_owned)))
}

/// The variable at the start of a value, and those within its default.
fn leading(value: &str) -> Vec<(String, Option<String>)> {
    let Some((name, default)) = reference(value) else { return Vec::new() };
    let nested = default.as_deref().and_then(|default| default.find("${").map(|at| leading(&default[at..])));
    let address = |name: &str| name.starts_with("SERVICE_URL_") || name.starts_with("SERVICE_FQDN_");
    let nested = nested.unwrap_or_default().into_iter().filter(|(name, _)| !address(name));
    [(name, default)].into_iter().chain(nested).collect()
}

/// Where the brace is closed that stands before `inner`.
fn closing(inner: &str) -> usize {
    let mut depth = 0_usize;
    for (at, letter) in inner.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => return at,
            '}' => depth -= 1,
            _ => {}
        }
    }
    inner.len()
}

fn services(value: &Value) -> impl Iterator<Item = &Value> {
    value.get("services").and_then(Value::as_object).into_iter().flat_map(Map::values)
}

/// What Coolify keeps of a text: its own keys for a mount are gone once it has read them (4.3.11, from its code).
fn without_made(mut value: Value) -> Value {
    let services = value.get_mut("services").and_then(Value::as_object_mut);
    for service in services.into_iter().flat_map(Map::values_mut) {
        let mounts = service.get_mut("volumes").and_then(Value::as_array_mut);
        for mount in mounts.into_iter().flatten().filter_map(Value::as_object_mut) {
            for key in ["content", "isDirectory", "is_directory"] {
                mount.remove(key);
            }
        }
    }
    value
}
