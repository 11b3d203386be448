//! Reads a tree key by key and collects what is wrong instead of stopping.
//!
//! Every reading gives `None` where it complained, so that one problem is told once and the rest is still read. Knows
//! nothing of what the keys mean (see `sections`).

use std::ops::RangeInclusive;
use std::path::Path;
use std::str::FromStr;

use super::expand;
use super::keys;
use super::tree::{MapEntry, SourcePlace, SpecNode, Value};
use crate::error::{Problem, Problems};

/// What is wrong with one value: a sentence and, where it helps, what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Complaint {
    pub message: String,
    pub hint: Option<String>,
}

impl Complaint {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Whether what a spec names on this machine is frozen elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Frozen {
    /// Folders and files must be there: they are about to be read.
    No,
    /// They may be gone.
    Yes,
}

/// One file under reading, with what was found wrong so far.
pub(crate) struct Reader<'a> {
    pub path: &'a Path,
    pub frozen: Frozen,
    /// Whether the spec is in an older spelling, in which a key without a value was as good as none.
    pub is_older: bool,
    text: &'a str,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

/// The keys of one mapping that nobody has asked for yet.
pub(crate) struct Fields {
    /// What the mapping is called in messages: empty at the top, else like `health.`.
    prefix: &'static str,
    pub place: SourcePlace,
    entries: Vec<MapEntry>,
}

impl Fields {
    /// Hands out the value of a key, once.
    pub(crate) fn take(&mut self, key: &str) -> Option<SpecNode> {
        self.take_entry(key).map(|entry| entry.node)
    }

    /// Hands out a key with its value, once.
    pub(crate) fn take_entry(&mut self, key: &str) -> Option<MapEntry> {
        let at = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(at))
    }

    /// Says where a key stands, without taking it.
    pub(crate) fn find(&self, key: &str) -> Option<SourcePlace> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| entry.place)
    }

    /// Adds a key that is not there.
    pub(crate) fn put(&mut self, entry: MapEntry) {
        self.entries.push(entry);
    }

    /// Drops the keys without a value.
    pub(crate) fn drop_empty(&mut self) {
        self.entries.retain(|entry| !matches!(entry.node.value, Value::Nothing));
    }

    /// Hands out all that is left, for mappings whose keys are the user's own.
    pub(crate) fn into_entries(self) -> Vec<MapEntry> {
        self.entries
    }
}

impl<'a> Reader<'a> {
    pub(crate) fn new(path: &'a Path, text: &'a str, frozen: Frozen) -> Self {
        Self { path, text, frozen, is_older: false, problems: Vec::new(), warnings: Vec::new() }
    }

    /// Notes what is wrong at a place.
    pub(crate) fn complain(&mut self, place: SourcePlace, complaint: Complaint) {
        let problem = self.problem(place, complaint);
        self.problems.push(problem);
    }

    /// Notes what is allowed but looks wrong; the line itself is not kept.
    pub(crate) fn warn(&mut self, place: SourcePlace, complaint: Complaint) {
        let problem = self.problem(place, complaint).without_source();
        self.warnings.push(problem);
    }

    fn problem(&self, place: SourcePlace, complaint: Complaint) -> Problem {
        let problem = Problem::at(self.path, self.text, place.line, place.column, complaint.message);
        Problem { hint: complaint.hint, ..problem }
    }

    /// The warnings, if nothing was wrong; else all problems in the order of their lines.
    pub(crate) fn finish(mut self) -> Result<Vec<Problem>, Problems> {
        if self.problems.is_empty() {
            return Ok(self.warnings);
        }
        self.problems.sort_by_key(|problem| (problem.line, problem.column));
        Err(Problems(self.problems))
    }

    /// The keys of a mapping; each key that is there twice is complained about and kept once, and one that is `null`
    /// counts as absent: that was meant. A key whose value was perhaps forgotten stays.
    pub(crate) fn fields(&mut self, node: SpecNode, prefix: &'static str) -> Option<Fields> {
        let Value::Map(found) = node.value else {
            self.wrong_kind(&node, prefix.trim_end_matches('.'), "a mapping of keys");
            return None;
        };
        let mut entries: Vec<MapEntry> = Vec::new();
        for entry in found {
            if let Some(first) = entries.iter().find(|other| other.key == entry.key) {
                let message = format!("`{prefix}{}` is there twice", entry.key);
                let hint = format!("it is already on line {}; keep one of them", first.place.line);
                self.complain(entry.place, Complaint::new(message).hint(hint));
            } else {
                entries.push(entry);
            }
        }
        // A variable that is `null` is neither absent nor empty.
        if prefix != "env." {
            entries.retain(|entry| !self.is_absent(&entry.node));
        }
        Some(Fields { prefix, place: node.place, entries })
    }

    fn is_absent(&self, node: &SpecNode) -> bool {
        let Value::Nothing = node.value else { return false };
        let line = self.text.lines().nth(node.place.line.saturating_sub(1)).unwrap_or_default();
        let written: String = line.chars().skip(node.place.column.saturating_sub(1)).collect();
        let word = written.split(|c: char| c.is_whitespace() || ",}]#".contains(c)).next();
        self.is_older || matches!(word, Some("null" | "Null" | "NULL" | "~"))
    }

    /// Complains about every key that nobody asked for.
    pub(crate) fn refuse_the_rest(&mut self, fields: Fields, known: &[&str]) {
        for entry in fields.entries {
            self.complain(entry.place, keys::refusal(fields.prefix, &entry.key, known));
        }
    }

    /// Text that stands in plans and requests in the clear, so that no variable may hide in it; `$$` is a dollar sign.
    pub(crate) fn text(&mut self, node: &SpecNode, key: &str) -> Option<String> {
        let Value::Text(text) = &node.value else {
            self.wrong_kind(node, key, "text");
            return None;
        };
        match expand::expand(text, &|_| None) {
            Ok(plain) if !plain.from_variables => Some(plain.value),
            _ => {
                let complaint =
                    Complaint::new(format!("`{key}` holds a variable, whose value would be secret"));
                let hint = "it stands in plans and requests in the clear: write it out; only values under `env` are kept secret";
                self.complain(node.place, complaint.hint(hint));
                None
            }
        }
    }

    /// Text that must pass a check.
    pub(crate) fn checked<T>(
        &mut self,
        node: &SpecNode,
        key: &str,
        check: impl FnOnce(&str) -> Result<T, Complaint>,
    ) -> Option<T> {
        let text = self.text(node, key)?;
        check(&text).map_err(|complaint| self.complain(node.place, complaint)).ok()
    }

    /// A whole number within a range.
    pub(crate) fn number<T>(&mut self, node: &SpecNode, key: &str, range: RangeInclusive<T>) -> Option<T>
    where
        T: FromStr + PartialOrd + std::fmt::Display,
    {
        if let Value::Number(text) = &node.value {
            if let Some(number) = text.parse().ok().filter(|number| range.contains(number)) {
                return Some(number);
            }
            let message = format!("`{key}` must be a whole number from {} to {}", range.start(), range.end());
            self.complain(node.place, Complaint::new(message));
        } else {
            self.wrong_kind(node, key, "a number");
        }
        None
    }

    /// The items of a list.
    pub(crate) fn list(&mut self, node: SpecNode, key: &str) -> Option<Vec<SpecNode>> {
        let Value::List(items) = node.value else {
            self.wrong_kind(&node, key, "a list");
            return None;
        };
        Some(items)
    }

    /// Complains that a value is of another kind than its key wants.
    pub(crate) fn wrong_kind(&mut self, node: &SpecNode, key: &str, wanted: &str) {
        let subject = if key.is_empty() { "a spec".to_owned() } else { format!("`{key}`") };
        let complaint = match &node.value {
            Value::Nothing => Complaint::new(format!("{subject} has no value")),
            value => Complaint::new(format!("{subject} must be {wanted}, not {}", value.kind())),
        };
        let quotable = wanted == "text" && matches!(node.value, Value::Number(_) | Value::Switch(_));
        let complaint = if quotable { complaint.hint("put it in quotes") } else { complaint };
        self.complain(node.place, complaint);
    }
}
