//! The way back: lines lead to the very deployment that wrote them, and lines that were tampered with do not.

use std::collections::BTreeSet;

use machine::effect::Effect;
use machine::entry::{FORMAT, JournalEntry, RunHeader, StoredEntry};
use machine::id::RunId;
use machine::phase::{PhaseKind, VolumePolicy};
use machine::replay::{AnyDeployment, ReplayError};
use machine::step::Step;

use crate::world::{Tape, begin_as, journeys, lines, move_to, now, turned_back, way_to};

/// Walks the moves that `entries` record, one after the other, on a tape of its own.
pub fn walk(entries: &[JournalEntry]) -> (AnyDeployment, Tape) {
    let mut tape = Tape::default();
    let mut any = begin_as(&entries[0], &mut tape);
    for entry in &entries[1..] {
        any = step(any, entry, &mut tape);
    }
    (any, tape)
}

fn step(any: AnyDeployment, entry: &JournalEntry, tape: &mut Tape) -> AnyDeployment {
    macro_rules! written {
        ($unwritten:expr) => {{
            let Ok(next) = now($unwritten.commit(tape));
            next.into()
        }};
    }
    match (any, entry.clone()) {
        (AnyDeployment::Pending(d), JournalEntry::Validating) => written!(d.validate()),
        (AnyDeployment::Validating(d), JournalEntry::Provisioning { plan }) => written!(d.provision(plan)),
        (AnyDeployment::Surveying(d), JournalEntry::Destroying { plan, resources, cause, .. }) => {
            written!(d.destroy(plan, resources, cause))
        }
        (AnyDeployment::Surveying(d), JournalEntry::RolledBack { cause }) => written!(d.refuse(cause)),
        (AnyDeployment::Destroying(d), JournalEntry::Destroyed { .. }) => {
            written!(d.close().expect("nothing stands"))
        }
        (AnyDeployment::Destroying(d), JournalEntry::DestroyFailed { .. }) => written!(d.give_up()),
        (AnyDeployment::DestroyFailed(d), JournalEntry::DestroyRetried { cause }) => written!(d.retry(cause)),
        (AnyDeployment::Validating(d), JournalEntry::RolledBack { cause }) => written!(d.refuse(cause)),
        (AnyDeployment::Provisioning(d), JournalEntry::Deploying) => {
            written!(d.deploy().expect("the record is there"))
        }
        (AnyDeployment::Deploying(d), JournalEntry::Verifying) => {
            written!(d.verify().expect("the app is there"))
        }
        (AnyDeployment::Deploying(d), JournalEntry::RollingBack { cause, .. }) => {
            written!(d.roll_back(cause))
        }
        (AnyDeployment::Verifying(d), JournalEntry::RollingBack { cause, .. }) => {
            written!(d.roll_back(cause))
        }
        (AnyDeployment::Verifying(d), JournalEntry::Complete { verification }) => {
            written!(d.complete(verification).expect("the proxy is on"))
        }
        (AnyDeployment::Complete(d), JournalEntry::RollingBack { cause, .. }) => written!(d.roll_back(cause)),
        (AnyDeployment::RollingBack(d), JournalEntry::RolledBack { .. }) => {
            written!(d.close().expect("nothing stands"))
        }
        (AnyDeployment::RollingBack(d), JournalEntry::Failed { .. }) => written!(d.give_up()),
        (AnyDeployment::Failed(d), JournalEntry::RollingBack { cause, .. }) => written!(d.roll_back(cause)),
        (AnyDeployment::Failed(mut d), JournalEntry::Effect(Effect::Abandoned { resource, reason })) => {
            now(d.abandon(tape, resource, reason)).expect("the journey is legal");
            d.into()
        }
        (any, JournalEntry::Effect(effect)) => record(any, effect, tape),
        (any, note @ (JournalEntry::Parked { .. } | JournalEntry::Resumed { .. })) => {
            let Ok(()) = now(machine::uncommitted::Journal::append(tape, &note));
            any
        }
        (any, entry) => panic!("no journey has {} in {}", entry.name(), any.name()),
    }
}

fn record(any: AnyDeployment, effect: Effect, tape: &mut Tape) -> AnyDeployment {
    macro_rules! recorded {
        ($d:ident) => {{
            let mut d = $d;
            now(d.record(tape, effect)).expect("the journey is legal");
            d.into()
        }};
    }
    match any {
        AnyDeployment::Provisioning(d) => recorded!(d),
        AnyDeployment::Deploying(d) => recorded!(d),
        AnyDeployment::Verifying(d) => recorded!(d),
        AnyDeployment::RollingBack(d) => recorded!(d),
        AnyDeployment::Destroying(d) => recorded!(d),
        other => panic!("no journey has an effect in {}", other.name()),
    }
}

#[test]
fn every_prefix_of_a_walk_replays_to_where_the_walk_was() {
    for (journey, entries) in journeys() {
        for end in 1..=entries.len() {
            let (walked, tape) = walk(&entries[..end]);
            assert_eq!(tape.0, lines(&entries[..end]), "{journey}: what is written is what was meant");
            assert_eq!(AnyDeployment::replay(&tape.0), Ok(walked), "{journey}, {end} lines");
        }
    }
}

#[test]
fn the_journeys_have_every_entry_and_every_effect() {
    let seen: BTreeSet<&str> =
        journeys().iter().flat_map(|(_, j)| j.iter().map(JournalEntry::name)).collect();
    // Both kinds of run begin with the same entry, and a destroy run comes to Destroying by two.
    let moves = PhaseKind::ALL.len() - 1 + 1;
    assert_eq!(seen.len(), moves + 8 + 2, "{seen:?}");
}

/// What replay makes of a tampered journey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It is no journey.
    Refused,
    /// It is another legal journey.
    Different,
    /// It goes through the same deployments.
    Same,
}

/// All deployments that a run goes through, or nothing if some line is refused.
fn history(entries: &[JournalEntry]) -> Option<Vec<AnyDeployment>> {
    let lines = lines(entries);
    let states = (1..=lines.len()).map(|end| AnyDeployment::replay(&lines[..end]).ok());
    let mut history = states.collect::<Option<Vec<_>>>()?;
    history.dedup();
    Some(history)
}

fn scope(tampered: &[JournalEntry], original: &[JournalEntry]) -> Fate {
    match history(tampered) {
        None => Fate::Refused,
        same if same == history(original) => Fate::Same,
        Some(_) => Fate::Different,
    }
}

/// The kinds of lines that can be tampered with in this way and meet this fate.
fn kinds(how: impl Fn(&mut Vec<JournalEntry>, usize) -> bool, met: Fate) -> BTreeSet<&'static str> {
    let mut kinds = BTreeSet::new();
    for (_, entries) in journeys() {
        for at in 0..entries.len() {
            let mut tampered = entries.clone();
            if how(&mut tampered, at) && scope(&tampered, &entries) == met {
                kinds.insert(entries[at].name());
            }
        }
    }
    kinds
}

fn drop_line(entries: &mut Vec<JournalEntry>, at: usize) -> bool {
    entries.remove(at);
    true
}

fn double_line(entries: &mut Vec<JournalEntry>, at: usize) -> bool {
    entries.insert(at, entries[at].clone());
    true
}

/// Swaps a line with the next one, where that makes a difference to the text.
fn swap_lines(entries: &mut [JournalEntry], at: usize) -> bool {
    if at + 1 >= entries.len() || entries[at] == entries[at + 1] {
        return false;
    }
    entries.swap(at, at + 1);
    true
}

/// Changes one word of a line, where it has one that decides something (why an API refused decides nothing).
fn alter_line(entries: &mut [JournalEntry], at: usize) -> bool {
    let text = serde_json::to_string(&entries[at]).expect("entries are JSON");
    let altered = text
        .replace("\"r1\"", "\"r9\"")
        .replace("\"a1\"", "\"a9\"")
        .replace("\"p1\"", "\"p9\"")
        .replace("\"r2\"", "\"r8\"")
        .replace("sick", "well")
        .replace("h0", "h1")
        .replace("\"sent\":{\"wall_ms\":17", "\"sent\":{\"wall_ms\":18")
        .replace("deleted by hand", "not found");
    entries[at] = serde_json::from_str(&altered).expect("the altered word is a word too");
    altered != text
}

// Lines have no number of their own: that none is missing is the store's to keep, by (run, place). What replay
// itself lets pass is listed here, so that nobody widens it unawares.

#[test]
fn only_a_dropped_note_makes_no_difference() {
    assert_eq!(kinds(drop_line, Fate::Same), BTreeSet::from(["parked", "resumed"]));
    let moves =
        ["validating", "deploying", "verifying", "complete", "rolling-back", "rolled-back", "destroyed"];
    let effects = ["undo-intended", "undone", "undo-blocked"];
    assert_eq!(kinds(drop_line, Fate::Different), moves.into_iter().chain(effects).collect());
}

#[test]
fn no_move_and_no_outcome_can_be_doubled() {
    // To look twice is to look once; and of two undoing writes in a row the first was answered, which leaves nothing.
    let same = BTreeSet::from(["parked", "resumed", "settled", "undo-intended"]);
    assert_eq!(kinds(double_line, Fate::Same), same);
    // A convergent write and an undoing may be tried again.
    let tried_again = BTreeSet::from(["intended", "surplus", "undo-blocked"]);
    assert_eq!(kinds(double_line, Fate::Different), tried_again);
}

#[test]
fn swapped_moves_are_refused() {
    for (journey, entries) in journeys() {
        for at in 0..entries.len() - 1 {
            let both_move = entries[at].phase().is_some() && entries[at + 1].phase().is_some();
            let mut tampered = entries.clone();
            if both_move && swap_lines(&mut tampered, at) {
                let replayed = AnyDeployment::replay(&lines(&tampered));
                assert!(replayed.is_err(), "{journey}, lines {at} and {}", at + 1);
            }
        }
    }
}

fn steps_of(first: &JournalEntry, second: &JournalEntry) -> Option<(Step, Step)> {
    match (first, second) {
        (JournalEntry::Effect(first), JournalEntry::Effect(second)) => Some((first.step(), second.step())),
        _ => None,
    }
}

#[test]
fn what_came_of_a_want_cannot_stand_before_it() {
    let mut swapped = 0;
    for (journey, entries) in journeys() {
        for at in 0..entries.len() - 1 {
            let wanted = matches!(entries[at].name(), "intended" | "undo-intended");
            let of_one_step = steps_of(&entries[at], &entries[at + 1]).is_some_and(|(one, two)| one == two);
            let mut tampered = entries.clone();
            if wanted && of_one_step && swap_lines(&mut tampered, at) {
                assert_eq!(scope(&tampered, &entries), Fate::Refused, "{journey}, line {at}");
                swapped += 1;
            }
        }
    }
    assert!(swapped > 10, "{swapped}");
}

#[test]
fn an_altered_line_is_never_taken_for_the_original() {
    assert_eq!(kinds(|entries, at| alter_line(entries, at), Fate::Same), BTreeSet::new());
}

#[test]
fn an_end_for_another_reason_than_the_undoing_is_refused() {
    let other = JournalEntry::RolledBack { cause: crate::world::cause("something else") };
    let entries = [way_to(PhaseKind::RollingBack), vec![other]].concat();
    let error = AnyDeployment::replay(&lines(&entries)).expect_err("the cause is another one");
    assert_eq!(error.to_string(), "entry 4 (`rolled-back`) cannot follow in phase RollingBack");
}

#[test]
fn an_undone_run_remembers_that_it_had_finished_through_every_retry() {
    for (start, data) in
        [(PhaseKind::Complete, VolumePolicy::Retain), (PhaseKind::Verifying, VolumePolicy::Delete)]
    {
        let (back, failed) = (turned_back(data), move_to(PhaseKind::Failed));
        let again = vec![back.clone(), failed.clone(), back.clone(), failed, back];
        let entries = [way_to(start), again].concat();
        let replayed = AnyDeployment::replay(&lines(&entries));
        let Ok(AnyDeployment::RollingBack(d)) = replayed else { panic!("{replayed:?}") };
        assert_eq!(d.phase().volumes, data, "{start}");
    }
}

#[test]
fn data_of_a_finished_release_cannot_be_given_up_by_losing_the_line_that_finished_it() {
    let complete = way_to(PhaseKind::Complete);
    let lost = [&complete[..complete.len() - 1], &[turned_back(VolumePolicy::Retain)]].concat();
    let error = AnyDeployment::replay(&lines(&lost)).expect_err("a line is missing");
    assert_eq!(error.to_string(), "entry 12 (`rolling-back`) cannot follow in phase Verifying");
}

#[test]
fn a_newer_format_is_refused_before_anything_is_made_of_it() {
    let mut newer = lines(&way_to(PhaseKind::Validating));
    newer.push(StoredEntry { v: FORMAT + 1, ..newer[0].clone() });
    let error = AnyDeployment::replay(&newer).expect_err("it is newer");
    assert_eq!(error, ReplayError::Newer { seq: 2, format: 3 });
    assert_eq!(
        error.to_string(),
        "entry 2 is in format 3, this version reads up to 2: use the newer version to go on"
    );
}

#[test]
fn a_run_without_its_beginning_is_none() {
    assert_eq!(AnyDeployment::replay(&[]), Err(ReplayError::NoBeginning));
    let headless = &lines(&way_to(PhaseKind::Complete))[1..];
    assert_eq!(AnyDeployment::replay(headless), Err(ReplayError::NoBeginning));
}

#[test]
fn a_replayed_run_is_the_one_that_began() {
    for (_, entries) in journeys() {
        let any = AnyDeployment::replay(&lines(&entries)).expect("journeys are legal");
        assert_eq!(*any.run(), RunId::from_bits(1));
        let purpose = any.header().purpose;
        assert_eq!(any.header(), &RunHeader { purpose, ..crate::world::begun() });
    }
}
