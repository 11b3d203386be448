//! Merge keys followed, and keys that are there twice found.

use super::findings::Findings;
use crate::spec::tree::{Entry, Node, Value};

/// The tree without its merge keys: what stands in a mapping itself wins, then what was named first.
pub fn flat(findings: &mut Findings<'_>, node: Node) -> Node {
    let value = match node.value {
        Value::List(items) => Value::List(items.into_iter().map(|item| flat(findings, item)).collect()),
        Value::Map(entries) => Value::Map(merged(findings, entries)),
        scalar => scalar,
    };
    Node { value, ..node }
}

fn merged(findings: &mut Findings<'_>, entries: Vec<Entry>) -> Vec<Entry> {
    let (merges, own): (Vec<Entry>, Vec<Entry>) = entries.into_iter().partition(|entry| entry.key == "<<");
    let mut kept: Vec<Entry> = Vec::new();
    for entry in own {
        if let Some(first) = kept.iter().find(|other| other.key == entry.key) {
            let hint = format!("it is already on line {}; keep one of them", first.place.line);
            findings.refuse(entry.place, format!("`{}` is there twice", entry.key), hint);
        } else {
            kept.push(Entry { node: flat(findings, entry.node), ..entry });
        }
    }
    for merge in merges {
        let place = merge.place;
        let Some(sources) = sources(merge.node) else {
            findings.refuse(place, "`<<` must name a mapping, or a list of them", "like `<<: *defaults`");
            continue;
        };
        for entry in sources.into_iter().flat_map(|source| merged(findings, source)) {
            if kept.iter().all(|other| other.key != entry.key) {
                kept.push(entry);
            }
        }
    }
    kept
}

/// The mappings that a merge key names.
fn sources(node: Node) -> Option<Vec<Vec<Entry>>> {
    match node.value {
        Value::Map(entries) => Some(vec![entries]),
        Value::List(items) => {
            let maps = items.into_iter().map(|item| match item.value {
                Value::Map(entries) => Some(entries),
                _ => None,
            });
            maps.collect()
        }
        _ => None,
    }
}
