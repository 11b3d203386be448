//! What Coolify would break or change in a compose text (4.3.11), service by service.
//!
//! Which keys there are, and what stands under them, is in `keys`; who refers to whom, in `references`.

use std::path::Path;

use super::findings::Findings;
use super::variables::variables;
use super::{consistency, databases, keys, mounts, shape};
use crate::spec::tree::{MapEntry, SourcePlace, SpecNode, Value};
use crate::spec::{RELEASE, secret_heuristics};

/// The top-level keys that Coolify drops.
const DROPPED: [&str; 2] = ["name", "models"];

/// One service of a stack.
pub(crate) struct ComposeService<'a> {
    pub name: &'a str,
    /// Where its name stands.
    pub place: SourcePlace,
    entries: &'a [MapEntry],
}

impl<'a> ComposeService<'a> {
    pub(crate) fn find(&self, key: &str) -> Option<&'a MapEntry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// Reports keys that do not exist, and what does not fit under those that do.
    pub(crate) fn shaped(&self, findings: &mut Findings<'_>) {
        let path = format!("services.{}", self.name);
        shape::mapping(findings, keys::SERVICE, self.place, self.entries, &path);
    }

    /// The text under one of its keys.
    pub(crate) fn text(&self, key: &str) -> Option<&'a str> {
        self.find(key).and_then(|entry| text(&entry.node))
    }
}

/// A scalar as it is written.
pub(crate) fn text(node: &SpecNode) -> Option<&str> {
    match &node.value {
        Value::Text(text) | Value::Number(text) | Value::Switch(text) => Some(text),
        Value::Nothing | Value::List(_) | Value::Map(_) => None,
    }
}

/// A service with its keys; `None` only after a complaint.
pub(crate) fn named<'a>(findings: &mut Findings<'_>, entry: &'a MapEntry) -> Option<ComposeService<'a>> {
    let (name, place) = (entry.key.as_str(), entry.place);
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    if !plain || !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        findings.refuse(
            place,
            format!("`{name}` is no name for a service"),
            "letters, digits, `-`, `_` and `.`",
        );
        return None;
    }
    match &entry.node.value {
        Value::Map(entries) => Some(ComposeService { name, place, entries }),
        Value::Nothing => Some(ComposeService { name, place, entries: &[] }),
        _ => {
            findings.refuse(
                place,
                format!("service `{name}` must be a mapping of keys"),
                "like `{image: nginx:1}`",
            );
            None
        }
    }
}

/// Checks what stands beside the services.
pub(crate) fn top(findings: &mut Findings<'_>, top: &[MapEntry]) {
    for entry in top {
        match entry.key.as_str() {
            "include" => {
                let message = "`include` reads files, and none travels with the text";
                findings.refuse(entry.place, message, "write it out");
            }
            // `version` says nothing that is missed.
            key if DROPPED.contains(&key) => {
                findings.warn(entry.place, format!("Coolify leaves out `{key}`"), "it changes nothing there");
            }
            key => parts(findings, key, &entry.node),
        }
    }
}

/// Checks volumes, networks, configs and secrets one by one.
fn parts(findings: &mut Findings<'_>, kind: &str, node: &SpecNode) {
    let Value::Map(entries) = &node.value else { return };
    for entry in entries {
        let Value::Map(inner) = &entry.node.value else { continue };
        let plain = entry.key.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        if (!plain || entry.key.is_empty()) && ["volumes", "configs", "secrets"].contains(&kind) {
            let message = format!("`{}` is no name for one of the `{kind}`", entry.key);
            findings.refuse(entry.place, message, "letters, digits, `-`, `_` and `.`");
        }
        let find = |key: &str| inner.iter().find(|entry| entry.key == key);
        let external = find("external").is_some_and(|entry| text(&entry.node) != Some("false"));
        consistency::contents(findings, kind, entry, inner, external);
        if kind == "volumes" && external {
            let message = format!("Coolify gives the external volume `{}` a name of its own", entry.key);
            findings.warn(
                entry.place,
                message,
                "it will be a new, empty one: use a named volume, or a path of the server",
            );
        }
        if let Some(file) = find("file").filter(|_| kind == "configs" || kind == "secrets") {
            let hint = "write `content:` for a config, `environment:` for a secret";
            findings.refuse(
                file.place,
                format!("`{kind}.{}` reads a file, and none travels with the text", entry.key),
                hint,
            );
        }
    }
}

/// Checks one service of the compose file `file`.
pub(crate) fn service(findings: &mut Findings<'_>, service: &ComposeService<'_>, file: &Path) {
    consistency::service(findings, service);
    mounts::check(findings, service, file);
    long_ports(findings, service);
    for key in ["environment", "labels"] {
        if let Some(entry) = service.find(key) {
            for pair in pairs(&entry.node) {
                judged(findings, key, &pair);
            }
        }
    }
    files(findings, service);
    if let Some(entry) = service.find("container_name") {
        let message = format!("Coolify gives the container of `{}` a name of its own", service.name);
        findings.warn(entry.place, message, "other services find it by the name of the service");
    }
    if let Some(entry) = service
        .find("ports")
        .filter(|entry| !matches!(&entry.node.value, Value::List(list) if list.is_empty()))
    {
        let message =
            format!("`ports` of `{}` are opened on the server itself, past the proxy", service.name);
        findings.warn(entry.place, message, "write `expose` instead, unless that is meant");
    }
    one_of_each(findings, service);
}

/// Complains about ports that Coolify reads as text while it looks for databases.
fn long_ports(findings: &mut Findings<'_>, service: &ComposeService<'_>) {
    let Some(ports) = service.find("ports").filter(|_| databases::named(service).is_some()) else { return };
    let Value::List(items) = &ports.node.value else { return };
    if let Some(item) = items.iter().find(|item| matches!(item.value, Value::Map(_))) {
        let message =
            format!("Coolify breaks down on the long form of `ports` beside the image of `{}`", service.name);
        findings.refuse(item.place, message, "write it as text, like `\"5432:5432\"`");
    }
}

/// A name with its value, in either form of `environment` and `labels`.
pub(crate) struct Pair<'a> {
    pub name: &'a str,
    /// The value, as it is written.
    pub value: Option<&'a str>,
    /// Where the value stands.
    pub place: SourcePlace,
}

/// The pairs of a mapping, or of a list of `NAME=value`.
pub(crate) fn pairs(node: &SpecNode) -> Vec<Pair<'_>> {
    match &node.value {
        Value::Map(entries) => entries
            .iter()
            .map(|it| Pair { name: &it.key, value: text(&it.node), place: it.node.place })
            .collect(),
        Value::List(items) => {
            let split = |item| {
                let text: &str = text(item)?;
                let (name, value) =
                    text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
                Some(Pair { name, value, place: item.place })
            };
            items.iter().filter_map(split).collect()
        }
        _ => Vec::new(),
    }
}

fn judged(findings: &mut Findings<'_>, key: &str, pair: &Pair<'_>) {
    let Pair { name, value, place } = *pair;
    let value = value.unwrap_or_default();
    if key == "labels" {
        // Coolify escapes every `$` of a label, so it reaches the container as it stands in the text (4.3.11, observed).
        if value.contains("$$") || !variables(value).is_empty() {
            let message =
                format!("label `{name}` reaches the container as it is written: Coolify fills in no `$`");
            findings.warn(place, message, "write the value itself, and one `$` where one is meant");
        }
        return;
    }
    // Within a value `$$` is a dollar sign, as it is for Docker Compose (4.3.11, observed).
    if value.strip_prefix("$$").is_some_and(|rest| !rest.starts_with('\'')) {
        let message = format!("`environment.{name}` begins with `$$`, on which Coolify breaks down");
        let hint = format!(
            "take it out of here and write `env: {{{name}: …}}` in the spec, with `$$` for a dollar sign"
        );
        findings.refuse_unseen(place, message, hint);
    }
    if name == RELEASE && !value.is_empty() && variables(value).iter().all(|used| used.name != RELEASE) {
        findings.refuse_unseen(place, format!("`{RELEASE}` is set by every deployment"), "leave it out");
    }
    if let Some(why) =
        Some(value).filter(|value| !value.contains('$')).and_then(|value| secret_heuristics::of(name, value))
    {
        let hint = format!("write `{name}: ${{{name}}}` here, and `secrets: [{name}]` in the spec");
        findings.warn(place, format!("`environment.{name}` looks like a secret ({why})"), hint);
    }
}

/// Complains about files that a service reads while its text is read.
fn files(findings: &mut Findings<'_>, service: &ComposeService<'_>) {
    let hint = "write `env` and `secrets` in the spec: they reach every container";
    if let Some(entry) = service.find("label_file") {
        let message = "`label_file` reads a file, and none travels with the text";
        findings.refuse(entry.place, message, "write the labels under `labels`");
    }
    let Some(entry) = service.find("env_file") else { return };
    let nodes = match &entry.node.value {
        Value::List(items) => items.as_slice(),
        _ => std::slice::from_ref(&entry.node),
    };
    if !nodes.iter().all(is_own_file) {
        findings.refuse(entry.place, "`env_file` reads a file, and none travels with the text", hint);
    }
}

/// Whether it is the file that Coolify writes beside the text, or one that need not be there.
fn is_own_file(node: &SpecNode) -> bool {
    let own = |path: &str| path == ".env" || path == "./.env";
    match &node.value {
        Value::Map(entries) => {
            let find =
                |key: &str| entries.iter().find(|entry| entry.key == key).and_then(|it| text(&it.node));
            find("path").is_some_and(own) || find("required") == Some("false")
        }
        _ => text(node).is_some_and(own),
    }
}

/// Complains about several containers of one service: Coolify gives the one a fixed name.
fn one_of_each(findings: &mut Findings<'_>, service: &ComposeService<'_>) {
    let deploy = service.find("deploy").map(|entry| &entry.node.value);
    let replicas = match deploy {
        Some(Value::Map(entries)) => entries.iter().find(|entry| entry.key == "replicas"),
        _ => None,
    };
    for entry in [replicas, service.find("scale")].into_iter().flatten() {
        if text(&entry.node).and_then(|text| text.parse::<u64>().ok()).is_some_and(|count| count > 1) {
            let message =
                format!("Coolify runs one container of `{}`: it gives it a fixed name", service.name);
            findings.refuse(entry.place, message, "leave it out, or write the service out several times");
        }
    }
}

/// Warns about services that Coolify never starts, and refuses those that need what it drops.
pub(crate) fn idle(findings: &mut Findings<'_>, services: &[ComposeService<'_>], main: Option<&str>) {
    for service in services {
        if let Some(models) = service.find("models") {
            let message = format!("`{}` uses `models`, which Coolify leaves out of the text", service.name);
            findings.refuse(
                models.place,
                message,
                "run the model elsewhere, and give its address under `env`",
            );
        }
        let Some(why) = service.idle().filter(|_| main != Some(service.name)) else { continue };
        let place = service.find(why.key()).map_or(service.place, |entry| entry.place);
        let message = format!("Coolify never starts `{}`: it has `{}`", service.name, why.said());
        findings.warn(place, message, "leave that key out, or the service");
    }
}

/// Warns about services that others wait for the end of, and that would be started again and again.
pub(crate) fn one_shots(findings: &mut Findings<'_>, services: &[ComposeService<'_>]) {
    for service in services {
        let Some(Value::Map(waits)) = service.find("depends_on").map(|entry| &entry.node.value) else {
            continue;
        };
        for wait in waits {
            let Value::Map(inner) = &wait.node.value else { continue };
            let for_its_end = |entry: &MapEntry| text(&entry.node) == Some("service_completed_successfully");
            let Some(job) = services.iter().find(|service| service.name == wait.key) else { continue };
            let ends = job.text("restart").is_some_and(|word| word == "no" || word.starts_with("on-failure"));
            if inner.iter().any(for_its_end) && !ends {
                let message =
                    format!("`{}` is meant to end, and Coolify would start it again and again", job.name);
                findings.warn(job.place, message, "write `restart: \"no\"`");
            }
        }
    }
}
