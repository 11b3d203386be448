//! A move takes its evidence from the record, and says what is missing there.

use machine::effect::RequestSemantics;
use machine::entry::JournalEntry;
use machine::phase::PhaseKind;
use machine::replay::AnyDeployment;
use machine::step::Step;

use crate::world::{found_in, intended, lines, move_to, verification, way_to};

/// The phases whose move onwards asks for receipts, each with the entry of that move.
fn moves() -> [(PhaseKind, JournalEntry); 3] {
    [
        (PhaseKind::Provisioning, move_to(PhaseKind::Deploying)),
        (PhaseKind::Deploying, move_to(PhaseKind::Verifying)),
        (PhaseKind::Verifying, move_to(PhaseKind::Complete)),
    ]
}

fn step_of(entry: &JournalEntry) -> Step {
    let JournalEntry::Effect(effect) = entry else { panic!("{} is no effect", entry.name()) };
    effect.step()
}

/// What the move onwards lacks in a run with these `effects`.
fn lacks(phase: PhaseKind, effects: &[JournalEntry]) -> (Vec<Step>, Vec<Step>) {
    let any = AnyDeployment::replay(&lines(&[&way_to(phase), effects].concat())).expect("it is legal");
    match any {
        AnyDeployment::Provisioning(d) => {
            d.deploy().map_or_else(|it| (it.missing, it.in_doubt), |_| (vec![], vec![]))
        }
        AnyDeployment::Deploying(d) => {
            d.verify().map_or_else(|it| (it.missing, it.in_doubt), |_| (vec![], vec![]))
        }
        AnyDeployment::Verifying(d) => {
            d.complete(verification()).map_or_else(|it| (it.missing, it.in_doubt), |_| (vec![], vec![]))
        }
        other => panic!("nothing is asked for in {}", other.name()),
    }
}

#[test]
fn a_move_without_one_of_its_receipts_is_refused_and_names_it() {
    for (phase, entry) in moves() {
        let all = found_in(phase);
        assert_eq!(lacks(phase, &all), (vec![], vec![]), "{phase}");
        for lost in 0..all.len() {
            let mut effects = all.clone();
            let step = step_of(&effects.remove(lost));
            assert_eq!(lacks(phase, &effects), (vec![step], vec![]), "{phase}");
            let replayed =
                AnyDeployment::replay(&lines(&[way_to(phase), effects, vec![entry.clone()]].concat()));
            let message = replayed.expect_err("a receipt is missing").to_string();
            assert!(message.ends_with(&format!("step `{step}` has no receipt")), "{message}");
        }
    }
}

#[test]
fn a_run_is_not_complete_while_any_step_is_in_doubt() {
    for step in Step::KINDS {
        let mut effects = found_in(PhaseKind::Verifying);
        effects.push(JournalEntry::Effect(intended(step, RequestSemantics::Idempotent)));
        assert_eq!(lacks(PhaseKind::Verifying, &effects), (vec![], vec![step]));
    }
}

#[test]
fn what_a_move_refuses_is_handed_back_as_it_was() {
    let before = || AnyDeployment::replay(&lines(&way_to(PhaseKind::Deploying))).expect("it is legal");
    let AnyDeployment::Deploying(d) = before() else { panic!("the way leads there") };
    let handed_back = d.verify().expect_err("nothing is on record").deployment;
    assert_eq!(AnyDeployment::from(handed_back), before());
}

#[test]
fn the_evidence_of_a_phase_is_what_the_record_says() {
    let AnyDeployment::Complete(d) = crate::world::at(PhaseKind::Complete) else {
        panic!("the way leads there")
    };
    assert_eq!(Some(&d.phase().app), d.ledger().receipt(Step::App));
    assert_eq!(*d.phase().evidence, verification());
}
