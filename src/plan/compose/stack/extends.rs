//! `extends` within the file, resolved as Docker Compose does it.
//!
//! Coolify reads every service by itself: it would take a service that inherits its image for one without. So it gets
//! the services written out. What another file holds does not travel, and is refused.

use super::findings::Findings;
use super::grammar;
use crate::spec::keys::nearest;
use crate::spec::tree::{MapEntry, SpecNode, Value};

/// Keys whose value is replaced, not joined.
const REPLACED: [&str; 3] = ["command", "entrypoint", "healthcheck.test"];

/// Names with values, by name.
const PAIRS: [&str; 8] = [
    "annotations",
    "build.additional_contexts",
    "build.args",
    "build.labels",
    "deploy.labels",
    "environment",
    "labels",
    "sysctls",
];

/// One text stands for a list with it alone.
const TEXTS: [&str; 6] = ["dns", "dns_opt", "dns_search", "env_file", "label_file", "tmpfs"];

/// Lists of names that may be mappings.
const NAMED: [&str; 3] = ["depends_on", "models", "networks"];

/// The compose text with every service written out.
pub(crate) fn resolved(findings: &mut Findings<'_>, root: SpecNode) -> SpecNode {
    let Value::Map(mut top) = root.value else { return root };
    let services = top.iter_mut().find(|entry| entry.key == "services").map(|entry| &mut entry.node.value);
    if let Some(Value::Map(services)) = services {
        let written = services.clone();
        for service in services {
            service.node = whole(findings, &written, service, &mut Vec::new());
        }
    }
    SpecNode { place: root.place, value: Value::Map(top) }
}

/// One service with everything it inherits. `chain` are the names that led here.
fn whole(
    findings: &mut Findings<'_>,
    written: &[MapEntry],
    service: &MapEntry,
    chain: &mut Vec<String>,
) -> SpecNode {
    let Value::Map(keys) = &service.node.value else { return service.node.clone() };
    let (extends, own): (Vec<&MapEntry>, Vec<&MapEntry>) =
        keys.iter().partition(|entry| entry.key == "extends");
    let own = SpecNode { place: service.node.place, value: Value::Map(own.into_iter().cloned().collect()) };
    chain.push(service.key.clone());
    let base = extends.first().and_then(|extends| base(findings, written, &service.key, extends));
    let Some(base) = base else { return own };
    if chain.contains(&base.key) {
        circle(findings, written, &base.key, chain);
        return own;
    }
    let base = whole(findings, written, base, chain);
    merged("", &base, &own)
}

/// The service that is extended; `None` after a complaint, and where the shape is wrong.
fn base<'a>(
    findings: &mut Findings<'_>,
    written: &'a [MapEntry],
    service: &str,
    extends: &MapEntry,
) -> Option<&'a MapEntry> {
    let text = |node: &SpecNode| match &node.value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    };
    let name = match &extends.node.value {
        Value::Map(entries) if entries.iter().any(|entry| entry.key == "file") => {
            let message = "`extends` reads a file, and none travels with the text";
            findings.refuse(extends.place, message, "write it out");
            return None;
        }
        Value::Map(entries) => {
            entries.iter().find(|entry| entry.key == "service").and_then(|entry| text(&entry.node))
        }
        _ => text(&extends.node),
    }?;
    let found = written.iter().find(|entry| entry.key == name);
    if found.is_none() {
        let names: Vec<&str> = written.iter().map(|entry| entry.key.as_str()).collect();
        let message = format!("`{service}` extends `{name}`, and there is no such service");
        findings.refuse(extends.place, message, meant(&name, &names));
    }
    found
}

/// What a name that nobody has may have been meant for.
pub(crate) fn meant(name: &str, names: &[&str]) -> String {
    nearest(name, names)
        .map_or_else(|| format!("there is: {}", names.join(", ")), |near| format!("did you mean `{near}`?"))
}

/// Reports a circle once, at the service of it that stands first.
fn circle(findings: &mut Findings<'_>, written: &[MapEntry], back: &str, chain: &[String]) {
    let first = written.iter().map(|entry| &entry.key).find(|name| chain.contains(name));
    if chain.first().is_none_or(|start| start != back) || first != chain.first() {
        return;
    }
    let entry = written.iter().find(|entry| entry.key == back);
    let place = entry.and_then(|entry| match &entry.node.value {
        Value::Map(keys) => keys.iter().find(|key| key.key == "extends").map(|key| key.place),
        _ => None,
    });
    if let Some(place) = place {
        let message = format!("`{back}` extends itself: {} → {back}", chain.join(" → "));
        findings.refuse(place, message, "leave out one `extends` of them");
    }
}

/// Two values of the key at `path`, joined; `over` is the one that inherits.
fn merged(path: &str, base: &SpecNode, over: &SpecNode) -> SpecNode {
    let value = match (&base.value, &over.value) {
        _ if REPLACED.contains(&path) || path.starts_with("ulimits.") => return over.clone(),
        _ if PAIRS.contains(&path) => pairs(base, over),
        _ if TEXTS.contains(&path) => Value::List(unique(path, items(base), items(over))),
        _ if NAMED.contains(&path) => joined(path, &names(path, base), &names(path, over)),
        (_, Value::Nothing) => return base.clone(),
        (Value::Map(a), Value::Map(b)) if path == "logging" && !same_driver(a, b) => Value::Map(b.clone()),
        (Value::Map(a), Value::Map(b)) => joined(path, a, b),
        (Value::List(a), Value::List(b)) => Value::List(unique(path, a.clone(), b.clone())),
        (Value::Text(_), Value::Map(b)) if path == "build" => joined(path, &context(base), b),
        (Value::Map(a), Value::Text(_)) if path == "build" => joined(path, a, &context(over)),
        _ => return over.clone(),
    };
    SpecNode { place: over.place, value }
}

fn joined(path: &str, base: &[MapEntry], over: &[MapEntry]) -> Value {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    let inherited = base.iter().map(|entry| match over.iter().find(|other| other.key == entry.key) {
        Some(other) => {
            MapEntry { node: merged(&below(&entry.key), &entry.node, &other.node), ..other.clone() }
        }
        None => entry.clone(),
    });
    let added = over.iter().filter(|entry| base.iter().all(|other| other.key != entry.key));
    Value::Map(inherited.chain(added.cloned()).collect())
}

fn same_driver(a: &[MapEntry], b: &[MapEntry]) -> bool {
    let driver = |entries: &[MapEntry]| {
        entries.iter().find(|entry| entry.key == "driver").map(|entry| spelled(&entry.node))
    };
    driver(a).zip(driver(b)).is_none_or(|(a, b)| a == b)
}

/// `build: PATH` as a mapping.
fn context(node: &SpecNode) -> Vec<MapEntry> {
    vec![MapEntry { key: "context".to_owned(), place: node.place, node: node.clone() }]
}

/// Both as mappings, where both can be; else both as lists of `NAME=value`. A name that is there twice is the later one.
fn pairs(base: &SpecNode, over: &SpecNode) -> Value {
    match (&base.value, &over.value) {
        (Value::Map(a), Value::Map(b)) => {
            let kept = a.iter().filter(|entry| b.iter().all(|other| other.key != entry.key));
            Value::Map(kept.chain(b).cloned().collect())
        }
        _ => Value::List(unique("environment", listed(base), listed(over))),
    }
}

/// A list of `NAME=value`.
fn listed(node: &SpecNode) -> Vec<SpecNode> {
    let Value::Map(entries) = &node.value else { return items(node) };
    let line = |entry: &MapEntry| {
        let name = &entry.key;
        let text = match &entry.node.value {
            Value::Nothing => name.clone(),
            _ => format!("{name}={}", spelled(&entry.node)),
        };
        SpecNode { place: entry.node.place, value: Value::Text(text) }
    };
    entries.iter().map(line).collect()
}

/// A list, or the one text that stands for it.
fn items(node: &SpecNode) -> Vec<SpecNode> {
    match &node.value {
        Value::Nothing => Vec::new(),
        Value::List(items) => items.clone(),
        _ => vec![node.clone()],
    }
}

/// A mapping of names, or the list of names that stands for it.
fn names(path: &str, node: &SpecNode) -> Vec<MapEntry> {
    let started = |place| {
        let entry =
            |key: &str, value| MapEntry { key: key.to_owned(), place, node: SpecNode { place, value } };
        let condition = Value::Text("service_started".to_owned());
        let required = Value::Switch("true".to_owned());
        Value::Map(vec![entry("condition", condition), entry("required", required)])
    };
    match &node.value {
        Value::Map(entries) => entries.clone(),
        _ => items(node)
            .into_iter()
            .map(|item| {
                let value = if path == "depends_on" { started(item.place) } else { Value::Nothing };
                let (key, place) = (spelled(&item), item.place);
                MapEntry { key, place, node: SpecNode { place, value } }
            })
            .collect(),
    }
}

/// Both lists; of two items that mean the same, the later one.
fn unique(path: &str, base: Vec<SpecNode>, over: Vec<SpecNode>) -> Vec<SpecNode> {
    let mut list: Vec<SpecNode> = Vec::new();
    for item in base.into_iter().chain(over) {
        let same = identity(path, &item)
            .and_then(|name| list.iter().position(|other| identity(path, other).as_ref() == Some(&name)));
        match same {
            Some(at) => list[at] = item,
            None => list.push(item),
        }
    }
    list
}

/// What makes an item of a list the same as another; none where nothing does.
fn identity(path: &str, item: &SpecNode) -> Option<String> {
    let text = spelled(item);
    let of = |key: &str| match &item.value {
        Value::Map(entries) => {
            entries.iter().find(|entry| entry.key == key).map(|entry| spelled(&entry.node))
        }
        _ => None,
    };
    match (path, &item.value) {
        ("volumes" | "devices", Value::Map(_)) => of("target"),
        ("volumes" | "devices", _) => {
            let sections = grammar::sections(&text);
            sections.get(1).or(sections.first()).map(|target| (*target).to_owned())
        }
        ("configs" | "secrets", Value::Map(_)) => of("target").or_else(|| of("source")),
        ("ports", Value::Map(_)) => {
            let keys = ["host_ip", "published", "target", "protocol"];
            Some(keys.map(|key| of(key).unwrap_or_default()).join(":"))
        }
        (_, Value::Map(_) | Value::List(_)) => None,
        ("environment", _) => text.split('=').next().map(str::to_owned),
        _ => Some(text),
    }
}

/// A scalar as it is written.
fn spelled(node: &SpecNode) -> String {
    match &node.value {
        Value::Text(text) | Value::Number(text) | Value::Switch(text) => text.clone(),
        Value::Nothing | Value::List(_) | Value::Map(_) => String::new(),
    }
}
