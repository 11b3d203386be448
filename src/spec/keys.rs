//! The keys a spec may have, and what to say about all others.
//!
//! Three kinds are refused: those of a later version, by name; keys of older specs without a meaning, with what to do
//! instead; and unknown ones, with the nearest known one.

use super::reader::Complaint;

/// The keys at the top of a spec.
pub(crate) const TOP: &[&str] = &[
    "name",
    "template",
    "folder",
    "compose",
    "image",
    "git",
    "domain",
    "service",
    "port",
    "server",
    "project",
    "environment",
    "env",
    "secrets",
    "health",
    "dns",
    "resources",
    "volumes",
    "adopt",
    "rollback",
];

/// Keys that have a meaning, but not yet in this version.
const LATER: &[&str] = &["needs"];

/// Keys of older specs without a meaning here, with what to do instead; the others are read (see `older`).
pub(crate) const OLDER: &[(&str, &str)] = &[
    ("backup", "leave it out: volumes are backed up on the server"),
    (
        "depends",
        "leave it out, and apply the specs in the order they need each other: `fabrik apply FIRST SECOND`",
    ),
    (
        "infrastructure",
        "leave it out: `server: NAME` says where the app runs, if Coolify has several servers",
    ),
    ("wordpress", "leave it out: the site's settings go under `env`"),
    (
        "expose",
        "leave it out: `domain` and `port` say where the app answers, and without a `domain` it is internal only",
    ),
    ("expose.internal_only", "leave it out: an app without a `domain` is internal only"),
    ("expose.port", "write it as `port`"),
    ("expose.domain", "write it as `domain`"),
];

/// Says why a key is refused.
pub(crate) fn refusal(prefix: &str, key: &str, known: &[&str]) -> Complaint {
    let full = format!("{prefix}{key}");
    if LATER.contains(&full.as_str()) {
        return Complaint::new(format!("`{full}` is not supported by this version"));
    }
    if let Some((_, instead)) = OLDER.iter().find(|(older, _)| *older == full) {
        return Complaint::new(format!("`{full}` is no longer supported")).hint(*instead);
    }
    let complaint = Complaint::new(format!("unknown key `{full}`"));
    match nearest(key, known) {
        None if known.is_empty() => complaint.hint("leave it out"),
        Some(near) => complaint.hint(format!("did you mean `{prefix}{near}`?")),
        None => complaint.hint(format!("known keys here: {}", known.join(", "))),
    }
}

/// The candidate most like `word`, if one is like it at all.
pub fn nearest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let word = word.to_ascii_lowercase();
    let tolerance = 1 + word.chars().count() / 4;
    let scored = candidates.iter().map(|candidate| (distance(&word, candidate), *candidate));
    scored.filter(|(distance, _)| *distance <= tolerance).min().map(|(_, candidate)| candidate)
}

/// Letters to add, drop or change to get from one word to the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in b.iter().enumerate() {
            let change = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
