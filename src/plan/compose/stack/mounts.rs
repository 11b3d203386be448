//! What a service mounts: named volumes, and folders of the server.

use super::checks::Service;
use super::findings::Findings;
use crate::spec::tree::{Node, Place, Value};

/// Where a mount comes from.
struct Mount<'a> {
    place: Place,
    source: &'a str,
    /// Whether the long form says what it is.
    kind: Option<&'a str>,
}

impl Mount<'_> {
    fn is_relative(&self) -> bool {
        let leads_on = self.source == "." || self.source == ".." || self.source.starts_with("./");
        let bound = self.kind == Some("bind") && !self.source.starts_with(['/', '~', '$']);
        leads_on || self.source.starts_with("../") || bound
    }

    fn is_named(&self) -> bool {
        let plain = self.source.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        plain && !self.source.is_empty() && matches!(self.kind, None | Some("volume")) && !self.is_relative()
    }
}

/// Complains about folders beside the compose file: nothing of them reaches the server.
pub fn check(findings: &mut Findings<'_>, service: &Service<'_>) {
    for mount in mounts(service).iter().filter(|mount| mount.is_relative()) {
        let message =
            format!("`{}` is beside the compose file, and no file travels with the text", mount.source);
        let hint = "write small files as `configs` with `content`, use a named volume, or build an image with them \
                    (`folder:` or `git:`)";
        findings.refuse(mount.place, message, hint);
    }
}

/// The volumes that services name, each once.
pub fn named(services: &[Service<'_>]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for service in services {
        for mount in mounts(service).iter().filter(|mount| mount.is_named()) {
            if !names.iter().any(|name| name == mount.source) {
                names.push(mount.source.to_owned());
            }
        }
    }
    names
}

fn mounts<'a>(service: &Service<'a>) -> Vec<Mount<'a>> {
    let Some(Value::List(items)) = service.find("volumes").map(|entry| &entry.node.value) else {
        return Vec::new();
    };
    items.iter().filter_map(mount).collect()
}

fn mount(item: &Node) -> Option<Mount<'_>> {
    let place = item.place;
    match &item.value {
        // Without a colon it is a path in the container, and the volume has no name.
        Value::Text(text) => {
            let (source, _) = text.split_once(':')?;
            Some(Mount { place, source, kind: None })
        }
        Value::Map(entries) => {
            let text = |key: &str| {
                let found = entries.iter().find(|entry| entry.key == key);
                found.and_then(|entry| match &entry.node.value {
                    Value::Text(text) => Some(text.as_str()),
                    _ => None,
                })
            };
            Some(Mount { place, source: text("source")?, kind: text("type") })
        }
        _ => None,
    }
}
