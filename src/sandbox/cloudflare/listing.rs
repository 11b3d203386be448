//! Reading DNS records: the list with its filters, and how a record is shown.

use serde_json::{Value, json};

use super::paged;
use crate::sandbox::ask::{Ask, Reply};
use crate::sandbox::records::{Record, Zone};
use crate::sandbox::world::World;

/// Lists the records that pass the filters.
pub fn list(world: &World, zone: &Zone, ask: &Ask) -> Reply {
    let any = ask.query("match").as_deref() == Some("any");
    let of_zone = world.records.iter().filter(|record| record.zone == zone.id);
    let mut found: Vec<&Record> = of_zone.filter(|record| passes(record, ask, any)).collect();
    found.sort_by(|a, b| (&a.name, &a.kind, &a.content).cmp(&(&b.name, &b.kind, &b.content)));
    let shown: Vec<Value> = found.into_iter().map(shown).collect();
    paged(ask, &shown, 100)
}

fn passes(record: &Record, ask: &Ask, any: bool) -> bool {
    let verdicts: Vec<bool> = ask.pairs().filter_map(|(key, value)| verdict(record, &key, &value)).collect();
    verdicts.is_empty() || if any { verdicts.contains(&true) } else { !verdicts.contains(&false) }
}

/// What one query parameter says of a record; `None` if it is no filter.
fn verdict(record: &Record, key: &str, value: &str) -> Option<bool> {
    let (field, operator) = key.split_once('.').unwrap_or((key, "exact"));
    let comment = record.comment.as_deref();
    match (field, operator) {
        ("comment", "present") => Some(comment.is_some()),
        ("comment", "absent") => Some(comment.is_none()),
        ("comment", _) => compared(comment.unwrap_or(""), operator, value),
        ("name", _) => compared(&record.name, operator, value),
        ("content", _) => compared(&record.content, operator, value),
        ("type", _) => Some(record.kind == value),
        ("proxied", _) => Some(record.proxied.to_string() == value),
        _ => None,
    }
}

/// All comparisons ignore case.
fn compared(text: &str, operator: &str, value: &str) -> Option<bool> {
    let (text, value) = (text.to_lowercase(), value.to_lowercase());
    match operator {
        "exact" => Some(text == value),
        "contains" => Some(text.contains(&value)),
        "startswith" => Some(text.starts_with(&value)),
        "endswith" => Some(text.ends_with(&value)),
        _ => None,
    }
}

/// A record as the API shows it. A missing comment is null, and then has no time of change.
pub fn shown(record: &Record) -> Value {
    let time = |at: jiff::Timestamp| at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string();
    let mut shown = json!({
        "id": record.id,
        "name": record.name,
        "type": record.kind,
        "content": record.content,
        "proxiable": matches!(record.kind.as_str(), "A" | "AAAA" | "CNAME"),
        "proxied": record.proxied,
        "ttl": record.ttl,
        "settings": {},
        "meta": {},
        "comment": record.comment,
        "tags": [],
        "created_on": time(record.created),
        "modified_on": time(record.modified),
    });
    if record.comment.is_some() {
        shown["comment_modified_on"] = json!(time(record.modified));
    }
    shown
}
