//! Older spellings that still have a meaning, turned into today's keys before anything is read.
//!
//! Each value keeps its place in the file. Those without a meaning are refused (see `keys`).

use super::keys::{OLDER, refusal};
use super::reader::{Complaint, Fields, Reader};
use super::tree::{MapEntry, SourcePlace, SpecNode, Value};

/// What `kind` said about an app; today its `domain` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LegacyKind {
    /// It answers on a domain.
    Service,
    /// It does not.
    Worker,
}

/// Turns older keys into today's; gives back what `kind` said, and where.
pub(crate) fn translate(reader: &mut Reader<'_>, fields: &mut Fields) -> Option<(SourcePlace, LegacyKind)> {
    reader.is_older = ["id", "kind", "source", "healthcheck", "coolify"]
        .into_iter()
        .chain(OLDER.iter().map(|(key, _)| *key))
        .any(|key| fields.find(key).is_some());
    if reader.is_older {
        fields.drop_empty();
    }
    expose(reader, fields);
    for (older, today) in [("id", "name"), ("healthcheck", "health")] {
        if let Some(entry) = fields.take_entry(older) {
            give(reader, fields, older, today, entry);
        }
    }
    coolify(reader, fields);
    source(reader, fields);
    let node = fields.take("kind")?;
    let words = [("service", LegacyKind::Service), ("worker", LegacyKind::Worker)];
    let kind = reader.checked(&node, "kind", |text| super::check::word("kind", text, &words))?;
    Some((node.place, kind))
}

/// Complains where `kind` and the domains do not agree.
pub(crate) fn agree(reader: &mut Reader<'_>, (place, kind): (SourcePlace, LegacyKind), domains: &[String]) {
    let message = match (kind, domains.is_empty()) {
        (LegacyKind::Service, true) => "`kind` is service, and there is no `domain`",
        (LegacyKind::Worker, false) => "`kind` is worker, and there is a `domain`",
        (LegacyKind::Service, false) | (LegacyKind::Worker, true) => return,
    };
    let hint = "leave `kind` out: an app with a `domain` is a service, one without a worker";
    reader.complain(place, Complaint::new(message).hint(hint));
}

/// Puts a value under today's key, unless that is there too.
fn give(reader: &mut Reader<'_>, fields: &mut Fields, older: &str, today: &str, entry: MapEntry) {
    if fields.find(today).is_some() {
        let complaint = Complaint::new(format!("`{older}` and `{today}` are the same key"));
        reader.complain(
            entry.place,
            complaint.hint(format!("keep `{today}`: the other is its older spelling")),
        );
    } else {
        fields.put(MapEntry { key: today.to_owned(), ..entry });
    }
}

/// `expose: {…}`, of which each key has another way on.
fn expose(reader: &mut Reader<'_>, fields: &mut Fields) {
    let Some(entry) = fields.take_entry("expose") else { return };
    match entry.node.value {
        Value::Map(ref entries) if !entries.is_empty() => {
            if let Some(older) = reader.fields(entry.node, "expose.") {
                reader.refuse_the_rest(older, &[]);
            }
        }
        _ => reader.complain(entry.place, refusal("", "expose", &[])),
    }
}

fn coolify(reader: &mut Reader<'_>, fields: &mut Fields) {
    let Some(mut older) = fields.take("coolify").and_then(|node| reader.fields(node, "coolify.")) else {
        return;
    };
    for (key, today) in [("project", "project"), ("server", "server"), ("compose_path", "compose")] {
        if let Some(entry) = older.take_entry(key) {
            give(reader, fields, &format!("coolify.{key}"), today, entry);
        }
    }
    reader.refuse_the_rest(older, &["project", "server", "compose_path"]);
}

/// `source: {type, repository, branch, image}`, each type with the keys that belong to it.
fn source(reader: &mut Reader<'_>, fields: &mut Fields) {
    let Some(mut older) = fields.take("source").and_then(|node| reader.fields(node, "source.")) else {
        return;
    };
    let place = older.place;
    let Some(node) = older.take("type") else {
        let complaint = Complaint::new("`source` is an older spelling, and says no `type`");
        reader.complain(place, complaint.hint("write `template`, `folder`, `image` or `git` instead"));
        return;
    };
    let words = [("template", "template"), ("git", "git"), ("docker", "image")];
    let Some(today) =
        reader.checked(&node, "source.type", |text| super::check::word("source.type", text, &words))
    else {
        return;
    };
    match today {
        "git" => {
            let entries =
                ["repository", "branch"].into_iter().filter_map(|key| older.take_entry(key)).collect();
            let node = SpecNode { place, value: Value::Map(entries) };
            give(reader, fields, "source", "git", MapEntry { key: String::new(), place, node });
        }
        "image" => match older.take_entry("image") {
            Some(entry) => give(reader, fields, "source.image", "image", entry),
            None => reader
                .complain(place, Complaint::new("`source.image` is missing").hint("write `image: NAME`")),
        },
        _ if fields.find("template").is_none() => {
            let complaint = Complaint::new("`source` does not say which template");
            reader.complain(place, complaint.hint("write `template: NAME` instead"));
        }
        _ => {}
    }
    for entry in older.into_entries() {
        let message = format!("`source.{}` has no meaning for this `source.type`", entry.key);
        reader.complain(entry.place, Complaint::new(message).hint("leave it out"));
    }
}
