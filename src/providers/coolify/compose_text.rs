//! Compose text in the one form in which what was sent and what Coolify gives back can be compared.
//!
//! Coolify parses a text on every write and dumps it again: comments, quotes and the order of keys go, the ports become
//! text, and an empty list becomes an empty mapping (4.3.11, observed); what it has written to a file of its own, the
//! `content` of a mount, it takes out. So scalars are compared as text, mappings without their order and without those
//! keys, and what is empty is as good as not there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use crate::spec::tree::{self, MapEntry, MergeKeys, SpecNode, Value};

/// The keys of a mount that are Coolify's own.
const TAKEN_OUT: [&str; 3] = ["content", "is_directory", "isDirectory"];

/// A compose text, parsed, without what Coolify does not keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ComposeTree {
    /// A scalar, as text; also everything that is empty.
    Scalar(String),
    /// A list, in order.
    List(Vec<Self>),
    /// A mapping.
    Map(BTreeMap<String, Self>),
}

/// One place at which two compose texts differ.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// The keys that lead there, joined by dots: `services.web.image`.
    pub path: String,
    pub how: DifferenceKind,
}

/// How a place differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DifferenceKind {
    /// Only the second text has it.
    Added,
    /// Only the first text has it.
    Removed,
    /// Both have it, with other contents.
    Changed,
}

impl fmt::Display for DifferenceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        })
    }
}

impl ComposeTree {
    /// Parses `text`; `None` where it is not YAML (or more of it than a compose text holds).
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let root = tree::read(Path::new("compose"), text, MergeKeys::Kept).ok()?;
        Some(Self::of(&root))
    }

    /// Where `other` differs from this, sorted by place. Values are not named: a text edited by hand may hold a secret.
    pub(crate) fn differences(&self, other: &Self) -> Vec<Difference> {
        let mut found = Vec::new();
        compare(Some(self), Some(other), &mut Vec::new(), &mut found);
        found.sort();
        found
    }

    fn of(node: &SpecNode) -> Self {
        match &node.value {
            Value::Nothing => Self::empty(),
            Value::Switch(word) => Self::Scalar(word.to_ascii_lowercase()),
            Value::Number(text) | Value::Text(text) => Self::Scalar(text.clone()),
            Value::List(items) if items.is_empty() => Self::empty(),
            Value::List(items) => Self::List(items.iter().map(Self::of).collect()),
            Value::Map(entries) => {
                let is_mount = entries.iter().any(|entry| entry.key == "target");
                let is_kept = |entry: &&MapEntry| !(is_mount && TAKEN_OUT.contains(&entry.key.as_str()));
                let kept = entries.iter().filter(is_kept);
                Self::map(kept.map(|entry| (entry.key.clone(), Self::of(&entry.node))).collect())
            }
        }
    }

    fn empty() -> Self {
        Self::Scalar(String::new())
    }

    fn map(entries: BTreeMap<String, Self>) -> Self {
        if entries.is_empty() { Self::empty() } else { Self::Map(entries) }
    }

    fn is_empty(&self) -> bool {
        matches!(self, Self::Scalar(text) if text.is_empty())
    }
}

fn compare<'a>(
    one: Option<&'a ComposeTree>,
    other: Option<&'a ComposeTree>,
    path: &mut Vec<&'a str>,
    found: &mut Vec<Difference>,
) {
    let is_there = |tree: Option<&ComposeTree>| tree.is_some_and(|tree| !tree.is_empty());
    let how = match (one, other) {
        (Some(ComposeTree::Map(one)), Some(ComposeTree::Map(other))) => {
            let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            for key in keys {
                path.push(key);
                compare(one.get(key), other.get(key), path, found);
                path.pop();
            }
            return;
        }
        (Some(one), Some(other)) if one == other => return,
        _ => match (is_there(one), is_there(other)) {
            (false, false) => return,
            (false, true) => DifferenceKind::Added,
            (true, false) => DifferenceKind::Removed,
            (true, true) => DifferenceKind::Changed,
        },
    };
    found.push(Difference { path: path.join("."), how });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differences(one: &str, other: &str) -> Vec<String> {
        let parse = |text| ComposeTree::parse(text).expect("a compose text");
        let found = parse(one).differences(&parse(other));
        found.iter().map(|it| format!("{} {}", it.path, it.how)).collect()
    }

    #[test]
    fn what_coolifys_dump_changes_is_no_difference() {
        let sent = r#"{"services": {"web": {"image": "a:1", "ports": [80, "81:81"], "environment": {"A": "1.10", "B": null},
            "command": "", "cap_drop": [], "deploy": {"placement": {}}, "privileged": true}}}"#;
        let dumped = "services:\n  web:\n    privileged: true\n    image: 'a:1'\n    ports:\n      - '80'\n      - '81:81'\n    \
                      environment:\n      B: ''\n      A: '1.10'\n    command: ''\n    cap_drop: {  }\n    deploy:\n      placement: {  }\n";
        assert_eq!(differences(sent, dumped), Vec::<String>::new());
    }

    #[test]
    fn every_place_that_differs_is_named_without_its_value() {
        let sent = "services: {web: {image: 'a:1', labels: [x=1]}, db: {image: b}}\n";
        let edited = "services: {web: {image: 'a:2', command: sh}, cache: {image: c}}\n";
        assert_eq!(
            differences(sent, edited),
            [
                "services.cache added",
                "services.db removed",
                "services.web.command added",
                "services.web.image changed",
                "services.web.labels removed",
            ]
        );
    }
}
