//! What a service mounts: named volumes, folders of the server, and files that Coolify writes.
//!
//! Coolify 4.3.11 takes a path that begins with `./` or `~` for one within the service's own folder on the server. It makes
//! a folder there, or with its key `content` a file, and deletes it with the service. It makes a bind mount of what Docker
//! takes for a volume without a name.

use std::path::Path;

use super::checks::{ComposeService, text};
use super::findings::Findings;
use super::grammar::sections;
use crate::spec::tree::{MapEntry, SourcePlace, SpecNode, Value};

struct Mount<'a> {
    place: SourcePlace,
    /// Empty for a volume without a name.
    source: &'a str,
    target: &'a str,
    /// What the long form says it is.
    kind: Option<&'a str>,
    made: Made,
    /// All that the long form says.
    keys: &'a [MapEntry],
}

/// What Coolify is told to make of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Made {
    File,
    Folder,
    /// It is not told, and makes a folder.
    Unsaid,
}

impl Mount<'_> {
    /// Whether Coolify looks for it in the service's folder.
    fn is_relative(&self) -> bool {
        let may_be = matches!(self.kind, None | Some("bind"));
        may_be
            && (self.source == "."
                || self.source.starts_with("./")
                || self.source.starts_with(['~'])
                || self.leads_up())
    }

    fn leads_up(&self) -> bool {
        self.source.starts_with("..") || self.source.contains("/../")
    }

    fn is_named(&self) -> bool {
        let plain = self.source.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        plain && !self.source.is_empty() && matches!(self.kind, None | Some("volume")) && !self.is_relative()
    }

    /// Whether its target is a file, as far as its name tells.
    fn is_for_a_file(&self) -> bool {
        let name = self.target.rsplit('/').next().unwrap_or_default();
        let ends = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, ends)| ends);
        ends.is_some_and(|ends| {
            ends != "d" && !ends.is_empty() && ends.chars().any(|c| c.is_ascii_alphabetic())
        })
    }
}

/// Complains about what does not reach the server, and says what becomes something else there. `file` is the compose file.
pub(crate) fn check(findings: &mut Findings<'_>, service: &ComposeService<'_>, file: &Path) {
    for mount in mounts(service) {
        dropped(findings, &mount);
        if mount.kind == Some("bind") && mount.source.is_empty() {
            findings.refuse(
                mount.place,
                "a bind mount has no `source`",
                "like `source: ./data`, or a path of the server",
            );
        } else if mount.is_relative() {
            relative(findings, &mount, file);
        } else if mount.kind == Some("bind") && !mount.source.starts_with(['/', '$', '\\']) {
            let message = format!("Coolify does not take `{}` for a path", mount.source);
            findings.refuse(mount.place, message, format!("write `./{}`", mount.source));
        } else if mount.source.is_empty() && matches!(mount.kind, None | Some("volume")) {
            let (what, hint) = (mount.target, format!("give it a name: `NAME:{}`", mount.target));
            let becomes = match mount.kind {
                None => format!("the folder `{what}` of the server itself"),
                Some(_) => "one that all volumes without a name share".to_owned(),
            };
            let message = format!("Coolify makes of the volume without a name at `{what}` {becomes}");
            findings.warn(mount.place, message, hint);
        }
    }
}

/// Says what Coolify drops of the long form of a bind mount, which it writes in the short form.
fn dropped(findings: &mut Findings<'_>, mount: &Mount<'_>) {
    let find = |key: &str| mount.keys.iter().find(|entry| entry.key == key);
    if mount.kind != Some("bind") {
        if let Some(mode) = find("mode") {
            findings.refuse(
                mode.place,
                "unknown key `mode` of a mount",
                "docker compose knows it only under `tmpfs`",
            );
        }
        return;
    }
    let writable = |entry: &MapEntry| text(&entry.node) == Some("false");
    if let Some(entry) = find("read_only").filter(|entry| !writable(entry)) {
        let message =
            format!("Coolify drops `read_only` of the bind mount at `{}`: it will be writable", mount.target);
        let hint = match mount.made {
            Made::File => "write it as `configs` with `content`, which is read-only".to_owned(),
            Made::Folder | Made::Unsaid => format!("write it short: `{}:{}:ro`", mount.source, mount.target),
        };
        findings.warn(entry.place, message, hint);
    }
}

fn relative(findings: &mut Findings<'_>, mount: &Mount<'_>, file: &Path) {
    let source = mount.source;
    let hint = "give it `type: bind` and `content:` with the text, write small files as `configs` with `content`, use a named \
                volume, or build an image with them (`folder:` or `git:`)";
    if mount.leads_up() || source == "." {
        let message = format!("`{source}` is beside the compose file, and no file travels with the text");
        findings.refuse(mount.place, message, hint);
    } else if mount.made == Made::File {
        let message = format!(
            "Coolify writes `{source}` at the first deployment: a later change of `content` does not reach it"
        );
        findings.warn(mount.place, message, "write it as `configs` with `content` if it is to change");
    } else if mount.made == Made::Unsaid && is_there(file, source) {
        let message = format!("`{source}` is beside the compose file, and no file travels with the text");
        findings.refuse(mount.place, message, hint);
    } else if mount.made == Made::Unsaid && mount.is_for_a_file() {
        let message = format!("Coolify makes a folder of `{source}`, and `{}` is a file", mount.target);
        findings.refuse(mount.place, message, hint);
    } else {
        let message =
            format!("`{source}` is an empty folder of the service on the server, and is deleted with it");
        findings.warn(mount.place, message, "use a named volume for data that is to last");
    }
}

/// Whether there is something beside the compose file that the author means.
fn is_there(file: &Path, source: &str) -> bool {
    let path = file.parent().unwrap_or(Path::new(".")).join(source);
    match std::fs::read_dir(&path) {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) => path.is_file(),
    }
}

/// The volumes that services name, each once.
pub(crate) fn named(services: &[ComposeService<'_>]) -> Vec<String> {
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

fn mounts<'a>(service: &ComposeService<'a>) -> Vec<Mount<'a>> {
    let Some(Value::List(items)) = service.find("volumes").map(|entry| &entry.node.value) else {
        return Vec::new();
    };
    items.iter().filter_map(mount).collect()
}

fn mount(item: &SpecNode) -> Option<Mount<'_>> {
    let place = item.place;
    match &item.value {
        Value::Text(text) => {
            let sections = sections(text);
            let (source, target) = match sections.as_slice() {
                [target] => ("", *target),
                [source, target, ..] => (*source, *target),
                [] => return None,
            };
            Some(Mount { place, source, target, kind: None, made: Made::Unsaid, keys: &[] })
        }
        Value::Map(entries) => {
            let find = |key: &str| entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node);
            let written = |key: &str| find(key).and_then(text);
            let folder = ["is_directory", "isDirectory"]
                .iter()
                .any(|key| written(key).is_some_and(|it| it != "false"));
            let made = match find("content") {
                Some(_) => Made::File,
                None if folder => Made::Folder,
                None => Made::Unsaid,
            };
            let (source, target) =
                (written("source").unwrap_or_default(), written("target").unwrap_or_default());
            Some(Mount { place, source, target, kind: written("type"), made, keys: entries })
        }
        _ => None,
    }
}
