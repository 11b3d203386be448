//! The journal's format: what is written today is read in five years.
//!
//! `format_2.jsonl` has one line of each kind. It only grows: a renamed field or a retyped one breaks this test,
//! and is a new format. `format_1/` has runs as the versions before wrote them, and one line of each kind.

use machine::entry::{JournalEntry, Proof, StoredEntry, Verification};
use machine::replay::AnyDeployment;

use crate::world::{journeys, lines};

const JOURNAL: &str = include_str!("format_2.jsonl");

/// All lines of all journeys, one of each kind and shape.
fn every_kind() -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for (_, entries) in journeys() {
        let written = lines(&entries).into_iter().map(|line| serde_json::to_string(&line));
        for text in written.map(|text| text.expect("lines are JSON")) {
            let (_, entry) = text.split_once(r#""entry":"#).expect("a line has its entry");
            if !kept.iter().any(|old| old.contains(entry)) {
                kept.push(text);
            }
        }
    }
    kept
}

#[test]
fn the_format_is_what_it_was() {
    let written = every_kind();
    for (old, new) in JOURNAL.lines().zip(&written) {
        assert_eq!(old, new);
    }
    assert_eq!(JOURNAL.lines().count(), written.len(), "now:\n{}", written.join("\n"));
}

#[test]
fn every_entry_reads_back_as_what_was_written() {
    for (journey, entries) in journeys() {
        for line in lines(&entries) {
            let text = serde_json::to_string(&line).expect("lines are JSON");
            assert_eq!(serde_json::from_str::<StoredEntry>(&text).ok(), Some(line), "{journey}: {text}");
        }
    }
}

#[test]
fn a_journey_read_back_from_text_replays_to_the_same() {
    for (_, entries) in journeys() {
        let written = lines(&entries);
        let text = serde_json::to_string(&written).expect("lines are JSON");
        let read: Vec<StoredEntry> = serde_json::from_str(&text).expect("what was written can be read");
        assert_eq!(AnyDeployment::replay(&read), AnyDeployment::replay(&written));
    }
}

#[test]
fn an_entry_of_an_unknown_kind_is_not_read() {
    assert!(serde_json::from_str::<JournalEntry>(r#"{"entry":"dreaming"}"#).is_err());
    assert!(serde_json::from_str::<JournalEntry>(r#"{"entry":"effect","effect":"wished"}"#).is_err());
}

#[test]
fn evidence_of_before_the_label_reads_as_unseen_and_each_proof_is_written_as_it_is_called() {
    let old = r#"{"checks":[["health","GET /health 200"]],"proof":"fingerprint"}"#;
    let read: Verification = serde_json::from_str(old).expect("it is read");
    assert!(!read.label_seen);
    assert_eq!(serde_json::to_string(&read).expect("it is JSON"), old, "and is written as it was");
    for proof in [Proof::Fingerprint, Proof::Deployment, Proof::First, Proof::Log, Proof::None] {
        let word = serde_json::to_value(proof).expect("it is JSON");
        assert_eq!(word, proof.as_str());
    }
}
