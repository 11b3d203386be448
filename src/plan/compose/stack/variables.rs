//! The variables that a compose text needs and the spec does not give.
//!
//! `${VAR}` in a compose text is Docker Compose's own: it is filled in on the server, out of what Coolify keeps for the
//! service. So it is left alone here; only its name is looked at, and whether Docker Compose can read it.

use super::findings::Findings;
use super::magic::Magic;
use crate::spec::RELEASE;
use crate::spec::env_value::PART_PREFIX;
use crate::spec::references::{Reference, Segment, closing, name_length, segments};
use crate::spec::tree::{MapEntry, SourcePlace, SpecNode, Value};

/// What happens to a variable that nobody gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Without {
    /// A default stands in, here and wherever else it is used: Coolify keeps it as the variable's value.
    Default,
    /// Something else stands in.
    Fine,
    /// It is taken for empty.
    Empty,
    /// Docker Compose refuses to start.
    Refused,
}

/// One reference to a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Used {
    pub name: String,
    /// What happens if nobody gives it.
    pub without: Without,
}

/// Warns about variables that nobody gives, and refuses those that must be given.
pub(crate) fn given(findings: &mut Findings<'_>, root: &SpecNode, env_keys: &[String], magic: &Magic) {
    let mut needed = Vec::new();
    walk(findings, root, &mut needed);
    let defaults: Vec<String> = needed
        .iter()
        .filter(|(used, _)| used.without == Without::Default)
        .map(|(used, _)| used.name.clone())
        .collect();
    let mut told: Vec<&str> = Vec::new();
    for (Used { name, without }, place) in &needed {
        let is_ours = name == RELEASE || name.starts_with(PART_PREFIX);
        let made = is_ours || name.starts_with("COOLIFY_") || magic.gives(name);
        let stands_in = *without <= Without::Fine || defaults.contains(name);
        if made || stands_in || env_keys.contains(name) || told.contains(&name.as_str()) {
            continue;
        }
        told.push(name);
        let hint = format!("write `secrets: [{name}]`, or a value under `env`, in the spec");
        if *without == Without::Refused {
            let why = if magic.takes_message(name) {
                ": Coolify would take the message behind `?` for its value"
            } else {
                ""
            };
            let message = format!("the compose text requires `{name}`, and the spec does not give it{why}");
            findings.refuse_unseen(*place, message, hint);
        } else {
            let message =
                format!("the compose text uses `{name}`, and the spec does not give it: it will be empty");
            findings.warn(*place, message, hint);
        }
    }
}

fn walk(findings: &mut Findings<'_>, node: &SpecNode, needed: &mut Vec<(Used, SourcePlace)>) {
    match &node.value {
        Value::Text(text) => {
            if let Some(wrong) = unreadable(text) {
                let message = format!("docker compose cannot read the variable that begins with `{wrong}`");
                let hint = "write `${NAME}` or `${NAME:-default}`, and `$$` for a dollar sign";
                findings.refuse_unseen(node.place, message, hint);
            }
            needed.extend(variables(text).into_iter().map(|used| (used, node.place)));
        }
        Value::List(items) => items.iter().for_each(|item| walk(findings, item, needed)),
        Value::Map(entries) => {
            let mount = is_mount(entries);
            // Coolify writes the file itself, and Docker Compose never reads it.
            let read = entries.iter().filter(|entry| !(mount && entry.key == "content"));
            read.for_each(|entry| walk(findings, &entry.node, needed));
        }
        Value::Nothing | Value::Switch(_) | Value::Number(_) => {}
    }
}

fn is_mount(entries: &[MapEntry]) -> bool {
    ["type", "target"].iter().all(|key| entries.iter().any(|entry| entry.key == *key))
}

/// The beginning of a reference that Docker Compose does not understand, without anything that may be secret.
fn unreadable(text: &str) -> Option<String> {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('$') {
        rest = after.strip_prefix('$').unwrap_or(after);
        if rest.len() != after.len() {
            continue;
        }
        let Some(inner) = rest.strip_prefix('{') else { continue };
        let length = name_length(inner);
        let (name, tail) = inner.split_at(length);
        let operators = [":-", "-", ":?", "?", ":+", "+"];
        let known = tail.starts_with('}') || operators.iter().any(|it| tail.starts_with(it));
        if name.is_empty() || !known || closing(inner).is_none() {
            return Some(format!("${{{name}"));
        }
        rest = &inner[length..];
    }
    None
}

/// The variables that a text refers to, those within a default or a message of another one too.
pub(crate) fn variables(text: &str) -> Vec<Used> {
    let mut found = Vec::new();
    for segment in segments(text) {
        if let Segment::Reference(Reference { name, tail, .. }) = segment {
            found.push(Used { name: name.to_owned(), without: without(tail) });
            found.extend(variables(tail));
        }
    }
    found
}

/// A text as far as it is known before the server fills it in: defaults stand for their variables; `None` where one has
/// no default.
pub(crate) fn by_default(text: &str) -> Option<String> {
    let Some((before, after)) = text.split_once('$') else { return Some(text.to_owned()) };
    if let Some(rest) = after.strip_prefix('$') {
        return Some(format!("{before}${}", by_default(rest)?));
    }
    let Some(inner) = after.strip_prefix('{') else {
        let rest = if name_length(after) == 0 { by_default(after)? } else { return None };
        return Some(format!("{before}${rest}"));
    };
    let (reference, rest) = inner.split_at(closing(inner)?);
    let rest = &rest[1..];
    let tail = &reference[name_length(reference)..];
    let default = by_default(tail.strip_prefix(":-").or_else(|| tail.strip_prefix('-'))?)?;
    Some(format!("{before}{default}{}", by_default(rest)?))
}

fn without(tail: &str) -> Without {
    let tail = tail.strip_prefix(':').unwrap_or(tail);
    match tail.chars().next() {
        Some('-') => Without::Default,
        Some('+') => Without::Fine,
        Some('?') => Without::Refused,
        Some(_) | None => Without::Empty,
    }
}
