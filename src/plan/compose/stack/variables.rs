//! The variables that a compose text needs and the spec does not give.
//!
//! `${VAR}` in a compose text is Docker Compose's own: it is filled in on the server, out of what Coolify keeps for the
//! service. So it is left alone here; only its name is looked at.

use super::findings::Findings;
use crate::spec::RELEASE;
use crate::spec::env_value::PART_PREFIX;
use crate::spec::tree::{Node, Place, Value};

/// What happens to a variable that nobody gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Without {
    /// Something else stands in.
    Fine,
    /// It is taken for empty.
    Empty,
    /// Docker Compose refuses to start.
    Refused,
}

/// Warns about variables that nobody gives, and refuses those that must be given.
pub fn given(findings: &mut Findings<'_>, root: &Node, env_keys: &[String]) {
    let mut needed = Vec::new();
    walk(root, &mut needed);
    let mut told: Vec<&str> = Vec::new();
    for (name, without, place) in &needed {
        // Coolify makes these up itself.
        let made =
            name == RELEASE || ["SERVICE_", "COOLIFY_", PART_PREFIX].iter().any(|it| name.starts_with(it));
        if made || *without == Without::Fine || env_keys.contains(name) || told.contains(&name.as_str()) {
            continue;
        }
        told.push(name);
        let hint = format!("write `secrets: [{name}]`, or a value under `env`, in the spec");
        if *without == Without::Refused {
            findings.refuse_unseen(
                *place,
                format!("the compose text requires `{name}`, and the spec does not give it"),
                hint,
            );
        } else {
            let message =
                format!("the compose text uses `{name}`, and the spec does not give it: it will be empty");
            findings.warn(*place, message, hint);
        }
    }
}

fn walk(node: &Node, needed: &mut Vec<(String, Without, Place)>) {
    match &node.value {
        Value::Text(text) => {
            needed.extend(variables(text).into_iter().map(|(name, without)| (name, without, node.place)));
        }
        Value::List(items) => items.iter().for_each(|item| walk(item, needed)),
        Value::Map(entries) => entries.iter().for_each(|entry| walk(&entry.node, needed)),
        Value::Nothing | Value::Switch(_) | Value::Number(_) => {}
    }
}

/// The variables that a text refers to, as Docker Compose reads it: `$A`, `${A}`, and `${A:-…}` with more within.
pub fn variables(text: &str) -> Vec<(String, Without)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('$') {
        rest = after;
        if let Some(after) = rest.strip_prefix('$') {
            rest = after;
        } else if let Some(inner) = rest.strip_prefix('{') {
            let end = closing(inner);
            let (reference, after) = (&inner[..end], inner.get(end + 1..).unwrap_or(""));
            let (name, tail) = reference.split_at(name_length(reference));
            if !name.is_empty() {
                found.push((name.to_owned(), without(tail)));
                found.extend(variables(tail));
            }
            rest = after;
        } else {
            let length = name_length(rest);
            if length > 0 {
                found.push((rest[..length].to_owned(), Without::Empty));
            }
            rest = &rest[length..];
        }
    }
    found
}

fn without(tail: &str) -> Without {
    let tail = tail.strip_prefix(':').unwrap_or(tail);
    match tail.chars().next() {
        Some('-' | '+') => Without::Fine,
        Some('?') => Without::Refused,
        Some(_) | None => Without::Empty,
    }
}

/// Where the `}` is that closes what begins here; the end where there is none.
fn closing(inner: &str) -> usize {
    let mut depth = 0_usize;
    for (at, letter) in inner.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => return at,
            '}' => depth -= 1,
            _ => {}
        }
    }
    inner.len()
}

fn name_length(text: &str) -> usize {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    if starts { end } else { 0 }
}
