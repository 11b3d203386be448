//! Merge keys followed, and keys that are there twice found.

use super::findings::Findings;
use crate::spec::tree::{MapEntry, SpecNode, Value};

/// The tree without its merge keys: what stands in a mapping itself wins, then what was named first.
pub(crate) fn flat(findings: &mut Findings<'_>, node: SpecNode) -> SpecNode {
    let value = match node.value {
        Value::List(items) => Value::List(items.into_iter().map(|item| flat(findings, item)).collect()),
        Value::Map(entries) => match only_list(&entries) {
            Some(items) => Value::List(items.to_vec()),
            None => Value::Map(merged(findings, entries)),
        },
        scalar => scalar,
    };
    SpecNode { value, ..node }
}

fn merged(findings: &mut Findings<'_>, entries: Vec<MapEntry>) -> Vec<MapEntry> {
    let (merges, own): (Vec<MapEntry>, Vec<MapEntry>) =
        entries.into_iter().partition(|entry| entry.key == "<<");
    let mut kept: Vec<MapEntry> = Vec::new();
    for entry in own {
        if let Some(first) = kept.iter().find(|other| other.key == entry.key) {
            let hint = format!("it is already on line {}; keep one of them", first.place.line);
            findings.refuse(entry.place, format!("`{}` is there twice", entry.key), hint);
        } else {
            kept.push(MapEntry { node: flat(findings, entry.node), ..entry });
        }
    }
    for merge in merges {
        let place = merge.place;
        if let Some(items) = items(&merge) {
            let pairs = items.iter().filter_map(pair);
            let fresh: Vec<MapEntry> =
                pairs.filter(|pair| kept.iter().all(|other| other.key != pair.key)).collect();
            kept.extend(fresh);
            continue;
        }
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

/// The items of a list of text that `<<: *name` names, which Coolify merges by their numbers. Written out in place, or
/// within another list, such a list is no YAML to it.
fn items(merge: &MapEntry) -> Option<&[SpecNode]> {
    let Value::List(items) = &merge.node.value else { return None };
    // All that an alias stands for is where the alias is.
    let named = |item: &SpecNode| matches!(item.value, Value::Text(_)) && item.place == merge.node.place;
    (!items.is_empty() && items.iter().all(named)).then_some(items)
}

/// The list that a mapping is which consists of nothing else.
fn only_list(entries: &[MapEntry]) -> Option<&[SpecNode]> {
    match entries {
        [only] if only.key == "<<" => items(only),
        _ => None,
    }
}

/// `NAME=value` as an entry.
fn pair(item: &SpecNode) -> Option<MapEntry> {
    let Value::Text(text) = &item.value else { return None };
    let (key, value) = text
        .split_once('=')
        .map_or((text.as_str(), Value::Nothing), |(key, value)| (key, Value::Text(value.to_owned())));
    Some(MapEntry { key: key.to_owned(), place: item.place, node: SpecNode { place: item.place, value } })
}

/// The mappings that a merge key names.
fn sources(node: SpecNode) -> Option<Vec<Vec<MapEntry>>> {
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
