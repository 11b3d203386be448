//! Reading DNS records: the list with its filters, and how a record is shown.

use serde_json::{Value, json};

use super::normal::VALIDATION;
use super::quirks::Quirk;
use super::{Answer, paged, refused, zones};
use crate::sandbox::ask::Ask;
use crate::sandbox::records::{Record, SimZone};
use crate::sandbox::world::World;

/// Lists the records that pass the filters.
///
/// # Errors
/// The refusal to send for filters that make no sense.
pub(crate) fn list(world: &World, zone: &SimZone, ask: &Ask) -> Answer {
    if ask.query("shadowed_by_name").is_some() && ask.query("include_shadow_metadata").is_none() {
        return Err(refused(400, VALIDATION, "shadowed_by_name needs include_shadow_metadata"));
    }
    if ask.query("shadowing_name").is_some_and(|name| zones::ascii(&name) == zone.name) {
        return Err(refused(400, VALIDATION, "shadowing_name must be below the apex"));
    }
    let any = ask.query("match").as_deref() == Some("any");
    let of_zone = world.records.iter().filter(|record| record.zone == zone.id);
    let shadows = |record: &&Record| {
        ask.query("shadowing_name").is_none_or(|name| shadows(record, &zones::ascii(&name), zone))
    };
    let mut found: Vec<&Record> = of_zone.filter(shadows).filter(|record| passes(record, ask, any)).collect();
    found.sort_by(|a, b| (&a.name, &a.kind, &a.content).cmp(&(&b.name, &b.kind, &b.content)));
    let shown: Vec<Value> = found.into_iter().map(|record| shown(world, record)).collect();
    Ok(paged(ask, &shown, 100))
}

/// Whether a record delegates `name`: an NS record at it or above it, below the apex.
pub(crate) fn shadows(record: &Record, name: &str, zone: &SimZone) -> bool {
    let holds = name == record.name || name.ends_with(&format!(".{}", record.name));
    record.kind == "NS" && record.name != zone.name && holds
}

fn passes(record: &Record, ask: &Ask, any: bool) -> bool {
    let verdicts: Vec<bool> = ask.pairs().filter_map(|(key, value)| outcome(record, &key, &value)).collect();
    verdicts.is_empty() || if any { verdicts.contains(&true) } else { !verdicts.contains(&false) }
}

/// What one query parameter says of a record; `None` if it is no filter.
fn outcome(record: &Record, key: &str, value: &str) -> Option<bool> {
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
pub(crate) fn shown(world: &World, record: &Record) -> Value {
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
    if record.read_only {
        shown["meta"]["read_only"] = json!(true);
    }
    if world.cloudflare.has(Quirk::OddRecords) {
        shown["tags"] = Value::Null;
        shown["tomorrow"] = json!({"unheard": ["of"]});
        shown.as_object_mut().map(|members| members.remove("settings"));
    }
    shown
}
