//! Journals of every format that was ever written are read.

use std::fs;
use std::path::Path;

use machine::entry::StoredEntry;
use machine::phase::PhaseKind;
use machine::plan::Rollout;
use machine::replay::AnyDeployment;
use machine::step::Step;

/// Runs as the version before wrote them, each with the phase it had come to.
const FORMAT_1: [(&str, PhaseKind); 8] = [
    ("complete", PhaseKind::Complete),
    ("destroyed", PhaseKind::Destroyed),
    ("destroying", PhaseKind::Destroying),
    ("failed", PhaseKind::Failed),
    ("failed_then_rolled_back", PhaseKind::RolledBack),
    ("moved_to_another_domain", PhaseKind::Complete),
    ("resumed_while_deploying", PhaseKind::Complete),
    ("rolled_back", PhaseKind::RolledBack),
];

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/format_1")
}

fn stored(name: &str) -> Vec<StoredEntry> {
    let text = fs::read_to_string(folder().join(name).with_extension("jsonl")).expect("the fixture is there");
    text.lines().map(|line| serde_json::from_str(line).expect("each line is read")).collect()
}

#[test]
fn every_run_of_format_1_leads_to_the_phase_it_had_come_to() {
    for (name, phase) in FORMAT_1 {
        let stored = stored(name);
        assert!(stored.iter().all(|line| line.v == 1), "{name}");
        let replayed = AnyDeployment::replay(&stored).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(replayed.name(), phase, "{name}");
    }
    let files = fs::read_dir(folder()).expect("the fixtures are there").count();
    assert_eq!(files, FORMAT_1.len() + 1, "each fixture is read, and one line of each kind beside them");
}

#[test]
fn every_kind_of_line_of_format_1_is_read() {
    assert_eq!(stored("every_kind").len(), 44);
}

/// What format 1 repeats in its moves is what format 2 takes from the effects before them.
#[test]
fn a_run_of_format_1_that_was_cut_off_while_verifying_has_its_app_and_its_start() {
    let mut stored = stored("complete");
    while stored.pop().is_some_and(|line| line.entry.phase() != Some(PhaseKind::Complete)) {}
    let Ok(AnyDeployment::Verifying(d)) = AnyDeployment::replay(&stored) else { panic!("it was verifying") };
    assert_eq!(Some(&d.phase().app), d.ledger().receipt(Step::App));
    let started = d.ledger().newest_attempt(Step::Deploy).expect("it was started").attempt.sent.clone();
    assert_eq!(d.phase().rollout, Rollout::Triggered(started));
}
