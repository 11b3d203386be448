//! What may stand where in a compose text, and what stands there instead.
//!
//! A shape is a fact about Docker Compose; the facts themselves are in `keys`. The walk reports everything that does not
//! fit, each at its place, and never shows a value that may be secret.

use super::findings::Findings;
use crate::spec::keys::nearest;
use crate::spec::tree::{MapEntry, SourcePlace, SpecNode, Value};

/// What may stand at one place.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    /// Anything: nobody reads it.
    Any,
    /// No value.
    Nothing,
    /// One value.
    One(&'static Rule),
    /// One of these words.
    Word(&'static [&'static str]),
    /// Items of one shape.
    List(&'static Shape),
    /// Items of one shape, none of them twice.
    Distinct(&'static Shape),
    /// Names with values, as a mapping or as a list of `NAME=value`; the values may be secret.
    Pairs,
    /// These keys, and keys that begin with `x-`.
    Keys(&'static [Key]),
    /// Names that the author chose, each with this shape.
    Names(&'static Shape),
    /// The first of these that takes a node of that kind.
    Either(&'static [Shape]),
}

/// A single value: which kinds of scalar it may be, and how it is spelled.
pub(crate) struct Rule {
    /// What it is, to complete "must be …".
    pub expected: &'static str,
    /// An example, to complete "like …"; empty where there is none to give.
    pub example: &'static str,
    /// The kinds of scalar it may be.
    pub takes: &'static [ShapeKind],
    /// Whether text without variables, or a number, is spelled right.
    pub fits: fn(ShapeKind, &str) -> bool,
}

/// The kinds of scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShapeKind {
    Text,
    Number,
    /// `true` or `false`.
    Switch,
}

/// One key of a mapping.
pub(crate) struct Key {
    pub name: &'static str,
    /// What stands under it.
    pub shape: Shape,
    /// Whether it must be there.
    pub required: bool,
    /// Whether Docker Compose 2.26 does not know it yet.
    pub newer: bool,
}

/// A key that may be left out.
pub(crate) const fn key(name: &'static str, shape: Shape) -> Key {
    Key { name, shape, required: false, newer: false }
}

pub(crate) const fn must(name: &'static str, shape: Shape) -> Key {
    Key { name, shape, required: true, newer: false }
}

/// A key that came after Docker Compose 2.26.
pub(crate) const fn newer(name: &'static str, shape: Shape) -> Key {
    Key { name, shape, required: false, newer: true }
}

/// Reports what does not fit in `node`, which stands at `path`.
pub(crate) fn check(findings: &mut Findings<'_>, shape: &Shape, node: &SpecNode, path: &str) {
    match (shape, &node.value) {
        (Shape::Any, _) | (Shape::Nothing, Value::Nothing) => {}
        (Shape::One(rule), _) => one(findings, rule, node, path),
        (Shape::Word(words), Value::Text(text)) => word(findings, words, text, node, path),
        (Shape::List(item), Value::List(items)) => list(findings, item, items, path),
        (Shape::Distinct(item), Value::List(items)) => {
            list(findings, item, items, path);
            distinct(findings, items, path);
        }
        (Shape::Pairs, Value::List(_) | Value::Map(_)) => pairs(findings, node, path),
        (Shape::Keys(keys), Value::Map(entries)) => mapping(findings, keys, node.place, entries, path),
        (Shape::Names(shape), Value::Map(entries)) => {
            for entry in entries {
                check(findings, shape, &entry.node, &format!("{path}.{}", entry.key));
            }
        }
        (Shape::Either(shapes), value) => match shapes.iter().find(|shape| shape.takes(value)) {
            Some(shape) => check(findings, shape, node, path),
            None => misfit(findings, shape, node, path),
        },
        _ => misfit(findings, shape, node, path),
    }
}

impl Shape {
    /// Whether it is about nodes of this kind at all.
    fn takes(&self, value: &Value) -> bool {
        match self {
            Self::Any => true,
            Self::Nothing => matches!(value, Value::Nothing),
            Self::One(rule) => scalar(value).is_some_and(|(kind, _)| rule.takes.contains(&kind)),
            Self::Word(_) => matches!(value, Value::Text(_)),
            Self::List(_) | Self::Distinct(_) => matches!(value, Value::List(_)),
            Self::Pairs => matches!(value, Value::List(_) | Value::Map(_)),
            Self::Keys(_) | Self::Names(_) => matches!(value, Value::Map(_)),
            Self::Either(shapes) => shapes.iter().any(|shape| shape.takes(value)),
        }
    }

    /// What it is, to complete "must be …".
    fn expected(&self) -> String {
        match self {
            Self::Any => "anything".to_owned(),
            Self::Nothing => "empty".to_owned(),
            Self::One(rule) => rule.expected.to_owned(),
            Self::Word(words) => format!("one of {}", quoted(words)),
            Self::List(_) | Self::Distinct(_) => "a list".to_owned(),
            Self::Pairs => "a mapping, or a list of `NAME=value`".to_owned(),
            Self::Keys(_) | Self::Names(_) => "a mapping".to_owned(),
            Self::Either(shapes) => {
                let shown = shapes.iter().filter(|shape| !matches!(shape, Self::Nothing));
                shown.map(Self::expected).collect::<Vec<_>>().join(" or ")
            }
        }
    }

    fn example(&self) -> String {
        match self {
            Self::One(rule) if !rule.example.is_empty() => format!("like {}", rule.example),
            Self::List(_) | Self::Distinct(_) => "write `- ` before each item".to_owned(),
            Self::Pairs => "like `{NAME: value}` or `[NAME=value]`".to_owned(),
            Self::Keys(keys) => known(keys),
            Self::Either([Self::Nothing, shape, ..] | [shape, ..]) => shape.example(),
            _ => "docker compose refuses it as it is".to_owned(),
        }
    }
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn misfit(findings: &mut Findings<'_>, shape: &Shape, node: &SpecNode, path: &str) {
    let message = format!("`{path}` must be {}, not {}", shape.expected(), node.value.kind());
    findings.refuse_unseen(node.place, message, shape.example());
}

fn scalar(value: &Value) -> Option<(ShapeKind, &str)> {
    match value {
        Value::Text(text) => Some((ShapeKind::Text, text)),
        Value::Number(text) => Some((ShapeKind::Number, text)),
        Value::Switch(text) => Some((ShapeKind::Switch, text)),
        Value::Nothing | Value::List(_) | Value::Map(_) => None,
    }
}

fn one(findings: &mut Findings<'_>, rule: &'static Rule, node: &SpecNode, path: &str) {
    let shape = Shape::One(rule);
    let Some((kind, text)) = scalar(&node.value).filter(|(kind, _)| rule.takes.contains(kind)) else {
        return misfit(findings, &shape, node, path);
    };
    // What a variable stands for is only known on the server.
    let known = kind != ShapeKind::Text || !text.contains('$');
    if known && !(rule.fits)(kind, text) {
        findings.refuse(node.place, format!("`{path}` must be {}", rule.expected), shape.example());
    }
}

fn word(findings: &mut Findings<'_>, words: &[&str], text: &str, node: &SpecNode, path: &str) {
    if !text.contains('$') && !words.contains(&text) {
        let hint = nearest(text, words).map_or_else(
            || "docker compose knows no other".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        findings.refuse(node.place, format!("`{path}` must be one of {}", quoted(words)), hint);
    }
}

fn list(findings: &mut Findings<'_>, shape: &Shape, items: &[SpecNode], path: &str) {
    for (index, item) in items.iter().enumerate() {
        check(findings, shape, item, &format!("{path}[{index}]"));
    }
}

fn distinct(findings: &mut Findings<'_>, items: &[SpecNode], path: &str) {
    for (index, item) in items.iter().enumerate() {
        let Some(found) = scalar(&item.value) else { continue };
        if items[..index].iter().any(|other| scalar(&other.value) == Some(found)) {
            let message = format!("`{path}` has the same item twice");
            findings.refuse(item.place, message, "keep one of them: docker compose refuses the second");
        }
    }
}

fn pairs(findings: &mut Findings<'_>, node: &SpecNode, path: &str) {
    match &node.value {
        Value::Map(entries) => {
            for entry in entries {
                let path = format!("{path}.{}", entry.key);
                if entry.key.is_empty() {
                    findings.refuse_unseen(entry.place, format!("`{path}` has no name"), "give it one");
                }
                if matches!(entry.node.value, Value::List(_) | Value::Map(_)) {
                    let message = format!("`{path}` must be one value, not {}", entry.node.value.kind());
                    findings.refuse_unseen(entry.node.place, message, "put it in quotes if it is text");
                }
            }
        }
        Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                if matches!(item.value, Value::Text(_)) {
                    continue;
                }
                let message = format!("`{path}[{index}]` must be `NAME=value`, not {}", item.value.kind());
                let hint = "an item with `: ` in it is a mapping: write `NAME=value`, or leave out the `- `";
                findings.refuse_unseen(item.place, message, hint);
            }
        }
        _ => {}
    }
}

/// Reports what does not fit in the mapping at `place`, of these keys.
pub(crate) fn mapping(
    findings: &mut Findings<'_>,
    keys: &[Key],
    place: SourcePlace,
    entries: &[MapEntry],
    path: &str,
) {
    for entry in entries.iter().filter(|entry| !entry.key.starts_with("x-")) {
        let full = if path.is_empty() { entry.key.clone() } else { format!("{path}.{}", entry.key) };
        let Some(key) = keys.iter().find(|key| key.name == entry.key) else {
            unknown(findings, keys, entry, &full);
            continue;
        };
        if key.newer {
            let message = format!("Docker Compose 2.26 does not know `{full}` yet");
            findings.warn(entry.place, message, "the server needs a newer one");
        }
        check(findings, &key.shape, &entry.node, &full);
    }
    for key in keys.iter().filter(|key| key.required) {
        if !entries.iter().any(|entry| entry.key == key.name) {
            let message = format!("`{path}` has no `{}`", key.name);
            findings.refuse(place, message, format!("docker compose wants it; {}", known(keys)));
        }
    }
}

fn unknown(findings: &mut Findings<'_>, keys: &[Key], entry: &MapEntry, full: &str) {
    let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
    let hint = match nearest(&entry.key, &names) {
        Some(near) => format!("did you mean `{near}`?"),
        None => known(keys),
    };
    findings.refuse(entry.place, format!("unknown key `{full}`"), hint);
}

/// The keys there are, where they are few enough to be read.
fn known(keys: &[Key]) -> String {
    let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
    if names.len() > 16 {
        return "docker compose has no such key here; one of your own begins with `x-`".to_owned();
    }
    format!("known keys here: {}", names.join(", "))
}
