//! What Docker Compose refuses although every key by itself is right.
//!
//! Images, builds, health checks, limits that are given twice, devices, and what is in configs and secrets. Who refers to
//! whom is in `references`.

use super::checks::{ComposeService, text};
use super::findings::Findings;
use super::grammar;
use super::variables::by_default;
use crate::spec::tree::{MapEntry, SpecNode, Value};

/// Checks one service.
pub(crate) fn service(findings: &mut Findings<'_>, service: &ComposeService<'_>) {
    image(findings, service);
    build(findings, service);
    health(findings, service);
    limits(findings, service);
    let reserved = at(service.find("deploy"), &["resources", "reservations", "devices"]);
    let gpus = service.find("gpus").map(|entry| &entry.node);
    for requests in [reserved, gpus].into_iter().flatten() {
        devices(findings, service, requests);
    }
}

/// What stands under a path of keys below an entry.
fn at<'a>(entry: Option<&'a MapEntry>, path: &[&str]) -> Option<&'a SpecNode> {
    path.iter().try_fold(&entry?.node, |node, key| match &node.value {
        Value::Map(entries) => entries.iter().find(|entry| entry.key == *key).map(|entry| &entry.node),
        _ => None,
    })
}

/// The image, or what it is built from.
fn image(findings: &mut Findings<'_>, service: &ComposeService<'_>) {
    let build = service.find("build");
    if let Some((entry, name)) = service.find("image").and_then(|entry| Some((entry, text(&entry.node)?))) {
        let blank = name.contains(|c: char| c.is_whitespace() && c != ' ') || blank(name);
        let wrong = by_default(name).map_or(blank, |name| !name.is_empty() && !grammar::is_image(&name));
        if wrong {
            let message = format!("the image of `{}` is no reference to an image", service.name);
            let hint = "like `nginx:1.27` or `ghcr.io/acme/api:1.4.2`: lower case, no blanks";
            findings.refuse(entry.node.place, message, hint);
        }
    }
    let elsewhere = build.is_some() || service.find("provider").is_some();
    if !elsewhere && service.text("image").is_none_or(str::is_empty) {
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

/// Whether there is a blank outside `${…}`.
fn blank(text: &str) -> bool {
    let mut depth = 0_usize;
    text.chars().any(|letter| {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter == ' ' && depth == 0
    })
}

/// Complains about two Dockerfiles for one build.
fn build(findings: &mut Findings<'_>, service: &ComposeService<'_>) {
    let build = service.find("build");
    if let (Some(_), Some(inline)) = (at(build, &["dockerfile"]), at(build, &["dockerfile_inline"])) {
        let message = format!("`build` of `{}` has both `dockerfile` and `dockerfile_inline`", service.name);
        findings.refuse(inline.place, message, "keep one of them");
    }
}

/// Complains about a limit that is given in two places, and not the same.
fn limits(findings: &mut Findings<'_>, service: &ComposeService<'_>) {
    const TWICE: [(&str, &str, &str); 4] = [
        ("cpus", "limits", "cpus"),
        ("mem_limit", "limits", "memory"),
        ("mem_reservation", "reservations", "memory"),
        ("pids_limit", "limits", "pids"),
    ];
    for (key, group, inner) in TWICE {
        let Some(short) = service.find(key) else { continue };
        let Some(long) = at(service.find("deploy"), &["resources", group]) else { continue };
        // A group without the value counts as one with nothing.
        let long = match &long.value {
            Value::Map(entries) => entries.iter().find(|entry| entry.key == inner).map(|entry| &entry.node),
            _ => continue,
        };
        let amount = |node: &SpecNode| text(node).and_then(grammar::size);
        let unknown = |node: &SpecNode| text(node).is_some_and(|text| text.contains('$'));
        if unknown(&short.node) || long.is_some_and(unknown) {
            continue;
        }
        if amount(&short.node).is_some_and(|it| it != 0.0)
            && amount(&short.node) != long.and_then(amount).or(Some(0.0))
        {
            let message =
                format!("`{}` has `{key}` and another `deploy.resources.{group}.{inner}`", service.name);
            findings.refuse(short.place, message, "keep one of them");
        }
    }
}

/// Complains about devices that are counted and named at once.
fn devices(findings: &mut Findings<'_>, service: &ComposeService<'_>, requests: &SpecNode) {
    let Value::List(items) = &requests.value else { return };
    for item in items {
        let Value::Map(entries) = &item.value else { continue };
        let both = ["count", "device_ids"].iter().all(|key| entries.iter().any(|entry| entry.key == *key));
        if both {
            let message = format!("a device of `{}` has both `count` and `device_ids`", service.name);
            findings.refuse(item.place, message, "keep one of them");
        }
    }
}

/// Complains about a health check whose list does not say how it is run.
fn health(findings: &mut Findings<'_>, service: &ComposeService<'_>) {
    let Some(Value::Map(entries)) = service.find("healthcheck").map(|entry| &entry.node.value) else {
        return;
    };
    let Some(test) = entries.iter().find(|entry| entry.key == "test") else { return };
    let Value::List(items) = &test.node.value else { return };
    let first = items.first().and_then(text);
    if first.is_some_and(|first| !["CMD", "CMD-SHELL", "NONE"].contains(&first)) {
        let message = format!(
            "`services.{}.healthcheck.test` must begin with `CMD`, `CMD-SHELL` or `NONE`",
            service.name
        );
        findings.refuse(
            test.node.place,
            message,
            "like `[CMD-SHELL, \"curl -f http://localhost\"]`, or write it as text",
        );
    }
}

/// Complains about a config or a secret that says nothing of what is in it, or says it twice, and about an external
/// volume that is described all the same.
pub(crate) fn contents(
    findings: &mut Findings<'_>,
    kind: &str,
    entry: &MapEntry,
    inner: &[MapEntry],
    external: bool,
) {
    let sources: &[&str] = match kind {
        "configs" => &["file", "environment", "content"],
        "secrets" => &["file", "environment"],
        "volumes" if external => {
            let known = ["name", "external"];
            if let Some(other) =
                inner.iter().find(|it| !known.contains(&it.key.as_str()) && !it.key.starts_with("x-"))
            {
                let message = format!("`volumes.{}` is external, and has `{}` as well", entry.key, other.key);
                findings.refuse(other.place, message, "keep one of them");
            }
            return;
        }
        _ => return,
    };
    let found: Vec<&MapEntry> = inner.iter().filter(|it| sources.contains(&it.key.as_str())).collect();
    let elsewhere = external || inner.iter().any(|it| it.key == "driver");
    match found.as_slice() {
        [] if !elsewhere => {
            let message = format!("`{kind}.{}` does not say what is in it", entry.key);
            findings.refuse(entry.place, message, format!("write one of {}", sources.join(", ")));
        }
        [_, second, ..] => {
            let message = format!("`{kind}.{}` says twice what is in it", entry.key);
            findings.refuse(second.place, message, format!("keep one of {}", sources.join(", ")));
        }
        _ => {}
    }
}
