//! The HTTP statuses that count as healthy: one, a list, a range, or a list of both.

use std::fmt;
use std::ops::RangeInclusive;

use serde::{Serialize, Serializer};

use super::reader::{Complaint, Reader};
use super::tree::{SpecNode, Value};

/// The statuses that an answer may have. Informational ones (1xx) are no answers yet.
const BOUNDS: RangeInclusive<u16> = 200..=599;

/// A set of HTTP statuses; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusSet {
    /// Sorted, with a gap between any two.
    ranges: Vec<RangeInclusive<u16>>,
}

impl StatusSet {
    pub fn only(status: u16) -> Self {
        Self { ranges: vec![status..=status] }
    }

    /// Whether `status` is in it.
    pub fn contains(&self, status: u16) -> bool {
        self.ranges.iter().any(|range| range.contains(&status))
    }

    // Two spellings of one set are the same set, so that an app does not count as changed by them.
    fn union(mut ranges: Vec<RangeInclusive<u16>>) -> Option<Self> {
        ranges.sort_by_key(|range| (*range.start(), *range.end()));
        let mut merged: Vec<RangeInclusive<u16>> = Vec::new();
        for range in ranges {
            match merged.last_mut() {
                Some(last) if *range.start() <= last.end().saturating_add(1) => {
                    *last = *last.start()..=*range.end().max(last.end());
                }
                Some(_) | None => merged.push(range),
            }
        }
        (!merged.is_empty()).then_some(Self { ranges: merged })
    }

    fn words(&self) -> Vec<String> {
        let word = |range: &RangeInclusive<u16>| match (range.start(), range.end()) {
            (first, last) if first == last => first.to_string(),
            (first, last) => format!("{first}-{last}"),
        };
        self.ranges.iter().map(word).collect()
    }
}

impl fmt::Display for StatusSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().join(" or "))
    }
}

/// One status is a number, as in specs from before there were sets: their hash stays what it was.
impl Serialize for StatusSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.ranges.as_slice() {
            [only] if only.start() == only.end() => only.start().serialize(serializer),
            _ => self.words().serialize(serializer),
        }
    }
}

/// Reads `health.status`; `None` after a complaint.
pub(crate) fn status_set(reader: &mut Reader<'_>, node: SpecNode) -> Option<StatusSet> {
    let Value::List(items) = node.value else {
        return range(reader, &node).and_then(|range| StatusSet::union(vec![range]));
    };
    if items.is_empty() {
        let complaint = Complaint::new("`health.status` is an empty list, so no answer would do");
        reader.complain(node.place, complaint.hint(FORMS));
        return None;
    }
    let read: Vec<Option<_>> = items.iter().map(|item| range(reader, item)).collect();
    StatusSet::union(read.into_iter().collect::<Option<Vec<_>>>()?)
}

const FORMS: &str = "a number, a range or a list of them: `200`, `200-399`, `[200, 204]`";

fn range(reader: &mut Reader<'_>, node: &SpecNode) -> Option<RangeInclusive<u16>> {
    match &node.value {
        Value::Number(_) => reader.number(node, "health.status", BOUNDS).map(|status| status..=status),
        Value::Text(_) => reader.checked(node, "health.status", written),
        _ => {
            reader.wrong_kind(node, "health.status", "a number, a range or a list of them");
            None
        }
    }
}

fn written(text: &str) -> Result<RangeInclusive<u16>, Complaint> {
    let wrong = |why: &str| Complaint::new(format!("`health.status`: `{text}` {why}"));
    let Some((first, last)) = text.split_once('-') else {
        return Err(wrong("is neither a status nor a range of them").hint(FORMS));
    };
    let status = |text: &str| text.trim().parse().ok().filter(|status| BOUNDS.contains(status));
    let (Some(first), Some(last)) = (status(first), status(last)) else {
        let bounds = format!("is not a range within {} to {}", BOUNDS.start(), BOUNDS.end());
        return Err(wrong(&bounds).hint("like `200-399`"));
    };
    if first > last {
        return Err(wrong("ends before it begins").hint(format!("write `{last}-{first}`")));
    }
    Ok(first..=last)
}
