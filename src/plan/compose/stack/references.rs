//! Who refers to whom: what is referred to must be there, and nobody may wait for itself.

use super::checks::ComposeService;
use super::extends::meant;
use super::findings::Findings;
use crate::spec::tree::{MapEntry, SourcePlace, SpecNode, Value};

/// One service that another one needs.
struct Need<'a> {
    of: &'a str,
    place: SourcePlace,
    /// Whether the other one starts without it.
    optional: bool,
}

/// Checks what the services say of each other, and of what stands beside them.
pub(crate) fn check(findings: &mut Findings<'_>, services: &[ComposeService<'_>], top: &[MapEntry]) {
    let all: Vec<Vec<Need<'_>>> = services.iter().map(needs).collect();
    for (service, needs) in services.iter().zip(&all) {
        // Docker Compose forgets what waits for a profile.
        for need in needs.iter().filter(|_| service.idle() != Some(Idle::Profiles)) {
            present(findings, services, service, need);
        }
        networks(findings, service, top);
        for kind in ["configs", "secrets"] {
            granted(findings, service.find(kind), service.name, kind, top);
        }
    }
    circles(findings, services, &all);
}

fn text(node: &SpecNode) -> Option<&str> {
    match &node.value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// The services that one service needs, by whatever key.
fn needs<'a>(service: &ComposeService<'a>) -> Vec<Need<'a>> {
    let mut needs = Vec::new();
    match service.find("depends_on").map(|entry| &entry.node.value) {
        Some(Value::List(items)) => {
            needs.extend(items.iter().filter_map(|item| need(text(item)?, item.place)));
        }
        Some(Value::Map(entries)) => needs.extend(entries.iter().map(|entry| Need {
            of: &entry.key,
            place: entry.place,
            optional: is_optional(&entry.node),
        })),
        _ => {}
    }
    for key in ["links", "volumes_from"] {
        if let Some(Value::List(items)) = service.find(key).map(|entry| &entry.node.value) {
            let named = items.iter().filter_map(|item| Some((text(item)?, item.place)));
            let inside = named.filter(|(text, _)| !text.starts_with("container:"));
            needs.extend(inside.filter_map(|(text, place)| need(text.split(':').next()?, place)));
        }
    }
    for key in ["network_mode", "ipc", "pid"] {
        let node = service.find(key).map(|entry| &entry.node);
        needs.extend(node.and_then(|node| need(text(node)?.strip_prefix("service:")?, node.place)));
    }
    needs
}

fn need(of: &str, place: SourcePlace) -> Option<Need<'_>> {
    (!of.contains('$')).then_some(Need { of, place, optional: false })
}

fn is_optional(node: &SpecNode) -> bool {
    let Value::Map(entries) = &node.value else { return false };
    let required = entries.iter().find(|entry| entry.key == "required").map(|entry| &entry.node.value);
    matches!(required, Some(Value::Switch(word)) if word.eq_ignore_ascii_case("false"))
}

fn present(
    findings: &mut Findings<'_>,
    services: &[ComposeService<'_>],
    service: &ComposeService<'_>,
    need: &Need<'_>,
) {
    let (name, of) = (service.name, need.of);
    let Some(other) = services.iter().find(|other| other.name == of) else {
        let names: Vec<&str> = services.iter().map(|other| other.name).collect();
        let message = format!("`{name}` depends on `{of}`, and there is no such service");
        findings.refuse(need.place, message, meant(of, &names));
        return;
    };
    if !need.optional && other.idle() == Some(Idle::Profiles) {
        let message = format!("`{name}` depends on `{of}`, which is never started: it has `profiles`");
        findings.refuse(need.place, message, format!("leave out the `profiles` of `{of}`"));
    }
}

/// Reports each circle once, at the service of it that stands first.
fn circles(findings: &mut Findings<'_>, services: &[ComposeService<'_>], all: &[Vec<Need<'_>>]) {
    let position = |name: &str| services.iter().position(|service| service.name == name);
    for (start, first) in services.iter().enumerate() {
        let mut seen = vec![false; services.len()];
        // Only what stands after the first of a circle can be the rest of it.
        let next = |at: usize| {
            all[at]
                .iter()
                .filter_map(|need| Some((position(need.of)?, need.place)))
                .filter(|(to, _)| *to >= start)
        };
        let mut paths: Vec<(Vec<usize>, SourcePlace)> =
            next(start).map(|(to, place)| (vec![to], place)).collect();
        while let Some((path, place)) = paths.pop() {
            let last = path[path.len() - 1];
            if last == start {
                let names: Vec<&str> = path.iter().map(|at| services[*at].name).collect();
                let message = format!("`{0}` waits for itself: {0} → {1}", first.name, names.join(" → "));
                findings.refuse(place, message, "docker compose cannot start them: take one of them out");
                break;
            }
            if !std::mem::replace(&mut seen[last], true) {
                paths.extend(next(last).map(|(to, _)| ([path.clone(), vec![to]].concat(), place)));
            }
        }
    }
}

/// The names of what stands beside the services.
fn declared<'a>(top: &'a [MapEntry], kind: &str) -> Vec<&'a str> {
    match top.iter().find(|entry| entry.key == kind).map(|entry| &entry.node.value) {
        Some(Value::Map(entries)) => entries.iter().map(|entry| entry.key.as_str()).collect(),
        _ => Vec::new(),
    }
}

fn networks(findings: &mut Findings<'_>, service: &ComposeService<'_>, top: &[MapEntry]) {
    let Some(entry) = service.find("networks") else { return };
    let joined: Vec<(&str, SourcePlace)> = match &entry.node.value {
        Value::List(items) => items.iter().filter_map(|item| Some((text(item)?, item.place))).collect(),
        Value::Map(entries) => entries.iter().map(|entry| (entry.key.as_str(), entry.place)).collect(),
        _ => return,
    };
    if !joined.is_empty() && service.text("network_mode").is_some_and(|mode| !mode.is_empty()) {
        let message = format!("`{}` has both `network_mode` and `networks`", service.name);
        findings.refuse(entry.place, message, "keep one of them");
    }
    for (name, place) in joined {
        undeclared(findings, service.name, "networks", name, place, top);
    }
}

fn granted(
    findings: &mut Findings<'_>,
    entry: Option<&MapEntry>,
    service: &str,
    kind: &str,
    top: &[MapEntry],
) {
    let Some(Value::List(items)) = entry.map(|entry| &entry.node.value) else { return };
    for item in items {
        let source = match &item.value {
            Value::Map(entries) => {
                entries.iter().find(|entry| entry.key == "source").and_then(|entry| text(&entry.node))
            }
            _ => text(item),
        };
        undeclared(findings, service, kind, source.unwrap_or_default(), item.place, top);
    }
}

/// Reports a name that nothing beside the services has.
fn undeclared(
    findings: &mut Findings<'_>,
    service: &str,
    kind: &str,
    name: &str,
    place: SourcePlace,
    top: &[MapEntry],
) {
    let names = declared(top, kind);
    if names.contains(&name) || name.contains('$') || (kind == "networks" && name == "default") {
        return;
    }
    let hint =
        if names.is_empty() { format!("add it under `{kind}` at the top") } else { meant(name, &names) };
    findings.refuse(place, format!("`{service}` uses `{name}`, which `{kind}` does not declare"), hint);
}

/// Why a service is never started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Idle {
    /// It waits for a profile that Coolify never names.
    Profiles,
    /// It is to run in no container, by `scale`.
    Scale,
    /// It is to run in no container, by `deploy.replicas`.
    Replicas,
    /// Another program provides it.
    Provider,
}

impl ComposeService<'_> {
    /// Why Coolify never starts it, if it does not.
    pub(crate) fn idle(&self) -> Option<Idle> {
        let replicas = match self.find("deploy").map(|entry| &entry.node.value) {
            Some(Value::Map(entries)) => entries.iter().find(|entry| entry.key == "replicas"),
            _ => None,
        };
        let zero = |entry: &MapEntry| matches!(&entry.node.value, Value::Text(text) | Value::Number(text) if text == "0");
        // The empty profile is the one that is there when none is named.
        let waits = |items: &[SpecNode]| !items.is_empty() && items.iter().all(|item| text(item) != Some(""));
        match self.find("profiles").map(|entry| &entry.node.value) {
            Some(Value::List(items)) if waits(items) => Some(Idle::Profiles),
            _ if self.find("scale").is_some_and(zero) => Some(Idle::Scale),
            _ if replicas.is_some_and(zero) => Some(Idle::Replicas),
            _ => self.find("provider").map(|_| Idle::Provider),
        }
    }
}

impl Idle {
    /// The key of the service that keeps it from being started.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Profiles => "profiles",
            Self::Scale => "scale",
            Self::Replicas => "deploy",
            Self::Provider => "provider",
        }
    }

    /// What that key says.
    pub(crate) fn said(self) -> &'static str {
        match self {
            Self::Profiles => "profiles",
            Self::Scale => "scale: 0",
            Self::Replicas => "deploy.replicas: 0",
            Self::Provider => "provider",
        }
    }
}
