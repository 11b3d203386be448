//! What Coolify would break or change in a compose text (4.3.11), service by service.

use super::findings::Findings;
use super::mounts;
use super::variables::variables;
use crate::spec::tree::{Entry, Node, Place, Value};
use crate::spec::{RELEASE, suspicion};

/// The top-level keys that reach the server.
const KEPT: [&str; 5] = ["services", "volumes", "networks", "configs", "secrets"];

/// One service of a stack.
pub struct Service<'a> {
    /// Its name.
    pub name: &'a str,
    /// Where its name stands.
    pub place: Place,
    entries: &'a [Entry],
}

impl<'a> Service<'a> {
    /// Finds one of its keys.
    pub fn find(&self, key: &str) -> Option<&'a Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// The text under one of its keys.
    pub fn text(&self, key: &str) -> Option<&'a str> {
        self.find(key).and_then(|entry| text(&entry.node))
    }
}

fn text(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Text(text) | Value::Number(text) | Value::Switch(text) => Some(text),
        Value::Nothing | Value::List(_) | Value::Map(_) => None,
    }
}

/// A service with its keys; `None` only after a complaint.
pub fn named<'a>(findings: &mut Findings<'_>, entry: &'a Entry) -> Option<Service<'a>> {
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
        Value::Map(entries) => Some(Service { name, place, entries }),
        Value::Nothing => Some(Service { name, place, entries: &[] }),
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
pub fn top(findings: &mut Findings<'_>, top: &[Entry]) {
    for entry in top {
        match entry.key.as_str() {
            "include" => {
                findings.refuse(
                    entry.place,
                    "`include` reads files, and none travels with the text",
                    "write it out",
                );
            }
            // Both say nothing that is missed: the anchors in `x-…` have been followed.
            "version" => {}
            extension if extension.starts_with("x-") => {}
            key if !KEPT.contains(&key) => {
                findings.warn(entry.place, format!("Coolify leaves out `{key}`"), "it changes nothing there");
            }
            key => parts(findings, key, &entry.node),
        }
    }
}

/// Checks volumes, networks, configs and secrets one by one.
fn parts(findings: &mut Findings<'_>, kind: &str, node: &Node) {
    let Value::Map(entries) = &node.value else { return };
    for entry in entries {
        let Value::Map(inner) = &entry.node.value else { continue };
        let find = |key: &str| inner.iter().find(|entry| entry.key == key);
        let external = find("external").is_some_and(|entry| text(&entry.node) != Some("false"));
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

/// Checks one service.
pub fn service(findings: &mut Findings<'_>, service: &Service<'_>) {
    image(findings, service);
    mounts::check(findings, service);
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

fn image(findings: &mut Findings<'_>, service: &Service<'_>) {
    let build = service.find("build");
    if build.is_none() && service.text("image").is_none_or(str::is_empty) {
        let message = format!("service `{}` has no image", service.name);
        findings.refuse(service.place, message, "write `image:`");
    }
    let Some(build) = build else { return };
    let context = match &build.node.value {
        Value::Map(entries) => {
            let find = |key: &str| entries.iter().find(|entry| entry.key == key);
            let inline = find("dockerfile_inline").is_some();
            let context = find("context").and_then(|entry| text(&entry.node)).unwrap_or(".");
            // An inline Dockerfile that copies nothing needs nothing around it.
            if inline && context == "." { None } else { Some(context) }
        }
        _ => text(&build.node),
    };
    let remote = |context: &str| {
        ["https://", "http://", "git@", "git://", "ssh://"].iter().any(|p| context.starts_with(p))
    };
    if context.is_some_and(|context| !remote(context)) {
        let message = format!("`build` of `{}` needs a folder, and none travels with the text", service.name);
        let hint = "name a published image, or let the app come from `folder:` or `git:`";
        findings.refuse(build.place, message, hint);
    }
}

/// A name with its value, in either form of `environment` and `labels`.
struct Pair<'a> {
    name: &'a str,
    value: Option<&'a str>,
    place: Place,
}

fn pairs(node: &Node) -> Vec<Pair<'_>> {
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
        if value.contains('$') {
            let hint = "leave the dollar sign out: there is no way of writing it that stays";
            findings.refuse_unseen(place, format!("Coolify doubles every `$` in label `{name}`"), hint);
        }
        return;
    }
    if value.contains("$$") {
        let message = format!("`environment.{name}` holds `$$`, on which Coolify breaks down");
        let hint = format!(
            "take it out of here and write `env: {{{name}: …}}` in the spec, with `$$` for a dollar sign"
        );
        findings.refuse_unseen(place, message, hint);
    }
    if name == RELEASE && !value.is_empty() && variables(value).iter().all(|(used, _)| used != RELEASE) {
        findings.refuse_unseen(place, format!("`{RELEASE}` is set anew by every deployment"), "leave it out");
    }
    if let Some(why) =
        Some(value).filter(|value| !value.contains('$')).and_then(|value| suspicion::of(name, value))
    {
        let hint = format!("write `{name}: ${{{name}}}` here, and `secrets: [{name}]` in the spec");
        findings.warn(place, format!("`environment.{name}` looks like a secret ({why})"), hint);
    }
}

/// Complains about files that a service reads while its text is read.
fn files(findings: &mut Findings<'_>, service: &Service<'_>) {
    let hint = "write `env` and `secrets` in the spec: they reach every container";
    if let Some(entry) = service.find("env_file") {
        let own = |node: &Node| text(node) == Some(".env");
        let only_own = match &entry.node.value {
            Value::List(items) => items.iter().all(own),
            _ => own(&entry.node),
        };
        if !only_own {
            findings.refuse(entry.place, "`env_file` reads a file, and none travels with the text", hint);
        }
    }
    let Some(extends) = service.find("extends") else { return };
    if matches!(&extends.node.value, Value::Map(entries) if entries.iter().any(|entry| entry.key == "file")) {
        findings.refuse(
            extends.place,
            "`extends` reads a file, and none travels with the text",
            "write it out",
        );
    }
}

/// Complains about several containers of one service: Coolify gives the one a fixed name.
fn one_of_each(findings: &mut Findings<'_>, service: &Service<'_>) {
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

/// Warns about services that others wait for the end of, and that would be started again and again.
pub fn one_shots(findings: &mut Findings<'_>, services: &[Service<'_>]) {
    for service in services {
        let Some(Value::Map(waits)) = service.find("depends_on").map(|entry| &entry.node.value) else {
            continue;
        };
        for wait in waits {
            let Value::Map(inner) = &wait.node.value else { continue };
            let for_its_end = |entry: &Entry| text(&entry.node) == Some("service_completed_successfully");
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
