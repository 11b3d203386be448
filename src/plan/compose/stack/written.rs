//! The tree as JSON that survives Coolify's parsing and dumping.
//!
//! Coolify 4.3.11 dumps `1.10` as `1.1`, `1e3` as `1000.0`, `0x1F` as `31`, a date as a number, and an empty list as an
//! empty mapping. So a number stays one only if it would come back as it is; all others are text, which is what people
//! meant by them and what Docker Compose turns into numbers where it wants some.

use serde_json::{Map, Number, Value as Json};

use super::findings::Findings;
use crate::spec::tree::{MapEntry, SpecNode, Value};

/// What a service does without its image's own command: Docker Compose takes the empty text for the empty list.
const COMMANDS: [&str; 2] = ["command", "entrypoint"];

/// Writes a whole tree; complains about what has no form that survives.
pub(crate) fn json(findings: &mut Findings<'_>, node: &SpecNode) -> Json {
    match &node.value {
        Value::Nothing => Json::Null,
        Value::Switch(word) => Json::Bool(word.eq_ignore_ascii_case("true")),
        Value::Number(text) => number(text),
        Value::Text(text) => Json::String(text.clone()),
        Value::List(items) => Json::Array(items.iter().map(|item| listed(findings, item)).collect()),
        Value::Map(entries) => map(findings, node, entries),
    }
}

fn listed(findings: &mut Findings<'_>, item: &SpecNode) -> Json {
    if matches!(&item.value, Value::List(items) if items.is_empty()) {
        findings.refuse(
            item.place,
            "an empty list within a list becomes a mapping on Coolify",
            "leave it out",
        );
    }
    json(findings, item)
}

fn map(findings: &mut Findings<'_>, node: &SpecNode, entries: &[MapEntry]) -> Json {
    // PHP does not tell a mapping with the keys 0, 1, 2 … from a list.
    let counted = |(index, entry): (usize, &MapEntry)| entry.key == index.to_string();
    if !entries.is_empty() && entries.iter().enumerate().all(counted) {
        findings.refuse(
            node.place,
            "a mapping with the keys 0, 1, … becomes a list on Coolify",
            "name them otherwise",
        );
    }
    let written = entries.iter().filter_map(|entry| Some((entry.key.clone(), value(findings, entry)?)));
    Json::Object(written.collect::<Map<String, Json>>())
}

/// The value of a key; none where it means the same to leave the key out.
fn value(findings: &mut Findings<'_>, entry: &MapEntry) -> Option<Json> {
    match &entry.node.value {
        Value::List(items) if items.is_empty() => {
            COMMANDS.contains(&entry.key.as_str()).then(|| Json::String(String::new()))
        }
        Value::Number(text) | Value::Text(text) if entry.key == "mode" => Some(mode(text)),
        _ => Some(json(findings, &entry.node)),
    }
}

/// A number if it comes back as it is: plain digits, without anything that could be cut off.
pub(crate) fn number(text: &str) -> Json {
    let plain = |number: &Number| number.to_string() == text;
    let whole = text.parse::<i64>().ok().map(Number::from);
    let broken = || text.parse::<f64>().ok().and_then(Number::from_f64).filter(|_| text.len() <= 15);
    let survives = whole.filter(plain).or_else(|| broken().filter(plain).filter(|_| !text.ends_with(".0")));
    survives.map_or_else(|| Json::String(text.to_owned()), Json::Number)
}

/// The permissions of a file, which people write in octal and Docker Compose wants as a number.
fn mode(text: &str) -> Json {
    let octal =
        text.strip_prefix("0o").or_else(|| text.strip_prefix('0')).filter(|digits| !digits.is_empty());
    let bits = octal.and_then(|digits| u32::from_str_radix(digits, 8).ok());
    bits.map_or_else(|| number_or_text(text), |bits| Json::Number(bits.into()))
}

fn number_or_text(text: &str) -> Json {
    if text.parse::<f64>().is_ok() { number(text) } else { Json::String(text.to_owned()) }
}
