//! YAML as a tree in which every node knows its place.
//!
//! For specs and for compose texts. The only file that speaks to the YAML library. A derive would stop at its first error; a tree lets the reader report
//! them all. Scalars keep the text they were written as (`1.10` stays `1.10`). Knows no keys and no meaning.

use std::fmt;
use std::path::Path;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::budget::BudgetBreach;
use serde_yaml::{Error, Location, Spanned};

use crate::error::{Problem, Problems};

/// A place in the text, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SourcePlace {
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// One node and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct SpecNode {
    /// Where it begins.
    pub place: SourcePlace,
    /// What it holds.
    pub value: Value,
}

/// What a node holds.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// No value at all, or `null`.
    Nothing,
    /// `true` or `false`, as written.
    Switch(String),
    /// A number, as written.
    Number(String),
    /// Text; whatever YAML does not take for anything else.
    Text(String),
    List(Vec<SpecNode>),
    /// A mapping, in the order written.
    Map(Vec<MapEntry>),
}

/// One key of a mapping with its value.
#[derive(Debug, Clone)]
pub(crate) struct MapEntry {
    pub key: String,
    /// Where the key stands.
    pub place: SourcePlace,
    /// Its value.
    pub node: SpecNode,
}

impl Value {
    /// Names the kind of value, for a sentence like "must be a list, not …".
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Switch(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
        }
    }
}

/// What becomes of merge keys (`<<`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MergeKeys {
    Refused,
    /// They come out as keys, for the reader to merge.
    Kept,
}

/// Reads text as one YAML document.
///
/// # Errors
/// What is not YAML in it, or grows too large.
pub(crate) fn read(path: &Path, text: &str, merge_keys: MergeKeys) -> Result<SpecNode, Problems> {
    let raw: Raw = serde_yaml::from_str_with_options(text, options(merge_keys))
        .map_err(|error| problems(path, text, &error))?;
    Ok(Grower { text }.grow(raw))
}

/// Strict where YAML is lax, and small: specs and compose texts are a few pages, not databases.
fn options(merge_keys: MergeKeys) -> serde_yaml::Options {
    let budget = serde_yaml::budget! {
        max_events: 40_000, max_nodes: 20_000, max_depth: 32, max_aliases: 2_000, max_anchors: 1_000, max_documents: 1,
        max_total_scalar_bytes: 4 << 20,
    };
    let merge_keys = match merge_keys {
        MergeKeys::Refused => serde_yaml::MergeKeyPolicy::Error,
        MergeKeys::Kept => serde_yaml::MergeKeyPolicy::AsOrdinary,
    };
    let mut options = serde_yaml::options! {
        budget: budget, strict_booleans: true, leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true, with_snippet: false, reject_unsupported_tags: true,
        // Found again by the reader, which can then go on to the next problem.
        duplicate_keys: serde_yaml::DuplicateKeyPolicy::PassThrough,
        merge_keys: merge_keys,
        non_finite_float_policy: serde_yaml::NonFiniteFloatPolicy::AsString,
    };
    options.alias_limits.max_total_replayed_events = 40_000;
    options
}

/// Says what the YAML library found, in our words where it matters and never with a value of the file.
fn problems(path: &Path, text: &str, error: &Error) -> Problems {
    let tabs: Vec<Problem> = tabs(path, text).collect();
    if !tabs.is_empty() {
        return Problems(tabs);
    }
    let place = error.location().map_or(SourcePlace { line: 1, column: 1 }, |location| place(location, text));
    let (message, hint) = words(error);
    let problem = Problem::at(path, text, place.line, place.column, message);
    Problems(vec![match hint {
        Some(hint) => problem.hint(hint),
        None => problem,
    }])
}

fn words(error: &Error) -> (String, Option<&'static str>) {
    match error {
        Error::AliasError { error, .. } => words(error),
        Error::MultipleDocuments { .. } | Error::Budget { breach: BudgetBreach::Documents { .. }, .. } => {
            ("holds more than one document".to_owned(), Some("one app, one file: split it at `---`"))
        }
        Error::Budget { .. }
        | Error::AliasReplayCounterOverflow { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => {
            ("grows too large when its aliases are followed".to_owned(), Some("write the values out"))
        }
        Error::MergeKeyNotAllowed { .. } => {
            ("merge keys (`<<`) are not supported".to_owned(), Some("write the keys out"))
        }
        Error::UnsupportedTag { .. } => {
            ("has a tag (`!…`), which is not supported".to_owned(), Some("write the value without it"))
        }
        Error::UnknownAnchor { .. } => ("refers to an anchor that is not there".to_owned(), None),
        Error::RecursiveReferencesRequireWeakTypes { .. } => ("an alias contains itself".to_owned(), None),
        _ => (
            "is not valid YAML here".to_owned(),
            Some("check quotes, brackets, colons and indentation near here"),
        ),
    }
}

/// Lines indented with tabs, which YAML does not allow and people cannot see.
fn tabs<'a>(path: &'a Path, text: &'a str) -> impl Iterator<Item = Problem> + 'a {
    text.lines().enumerate().filter_map(move |(index, line)| {
        let indent = &line[..line.len() - line.trim_start().len()];
        let column = indent.find('\t')? + 1;
        let problem = Problem::at(path, text, index + 1, column, "a tab is used for indentation");
        (!line.trim().is_empty()).then(|| problem.hint("use spaces"))
    })
}

/// A place that is within the text, whatever the library says about its end.
fn place(location: Location, text: &str) -> SourcePlace {
    let last = text.lines().count().max(1);
    let line = usize::try_from(location.line()).unwrap_or(last).clamp(1, last);
    SourcePlace { line, column: usize::try_from(location.column()).unwrap_or(1).max(1) }
}

/// What the library hands over, before numbers get their own spelling back.
struct Raw(Spanned<RawValue>);

enum RawValue {
    Nothing,
    Switch(bool),
    Number(String),
    Text(String),
    List(Vec<Raw>),
    Map(Vec<(Spanned<String>, Raw)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::<RawValue>::deserialize(deserializer).map(Raw)
    }
}

impl<'de> Deserialize<'de> for RawValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = RawValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<RawValue, E> {
        Ok(RawValue::Nothing)
    }

    fn visit_bool<E>(self, value: bool) -> Result<RawValue, E> {
        Ok(RawValue::Switch(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<RawValue, E> {
        Ok(RawValue::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<RawValue, E> {
        Ok(RawValue::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<RawValue, E> {
        Ok(RawValue::Number(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<RawValue, E> {
        Ok(RawValue::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<RawValue, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(RawValue::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<RawValue, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(RawValue::Map(map))
    }
}

/// Turns what the library read into our tree.
struct Grower<'a> {
    text: &'a str,
}

impl Grower<'_> {
    fn grow(&self, Raw(raw): Raw) -> SpecNode {
        let value = match raw.value {
            RawValue::Nothing => Value::Nothing,
            RawValue::Switch(value) => Value::Switch(self.spelling(raw.defined, value.to_string())),
            RawValue::Number(value) => Value::Number(self.spelling(raw.defined, value)),
            RawValue::Text(value) => Value::Text(value),
            RawValue::List(items) => Value::List(items.into_iter().map(|item| self.grow(item)).collect()),
            RawValue::Map(entries) => {
                Value::Map(entries.into_iter().map(|entry| self.entry(entry)).collect())
            }
        };
        SpecNode { place: place(raw.referenced, self.text), value }
    }

    fn entry(&self, (key, raw): (Spanned<String>, Raw)) -> MapEntry {
        MapEntry { place: place(key.referenced, self.text), key: key.value, node: self.grow(raw) }
    }

    /// The scalar as the file spells it; what the library made of it only where the file cannot be asked.
    fn spelling(&self, defined: Location, read: String) -> String {
        let span = defined.span();
        let written = span.byte_offset().zip(span.byte_len()).and_then(|(start, length)| {
            let start = usize::try_from(start).ok()?;
            self.text.get(start..start + usize::try_from(length).ok()?)
        });
        let plain = |text: &&str| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        };
        written.map(str::trim).filter(plain).map_or(read, str::to_owned)
    }
}
