//! Waits that outlive the process, and which attempt counts for them.

use std::time::Duration;

use machine::effect::{Attempt, Effect, RequestSemantics};
use machine::entry::JournalEntry;
use machine::ledger::Ledger;
use machine::phase::PhaseKind;
use machine::receipt::Origin;
use machine::replay::AnyDeployment;
use machine::step::Step;
use machine::timestamp::DualTimestamp;

use crate::world::{attempt, changed, intended, lines, moment, settled, state, undo, way_to};
use machine::effect::{EffectOutcome, ResolvedBy};

fn at(wall_ms: u64, boot_ms: u64, boot: &str) -> DualTimestamp {
    DualTimestamp { wall_ms, monotonic_ms: boot_ms, boot: boot.to_owned() }
}

#[test]
fn time_passes_by_the_steady_clock_within_a_boot_by_the_wall_across_and_never_backwards() {
    let then = at(1_000, 500, "b1");
    for (now, passed_ms) in [
        (at(9_000_000, 507, "b1"), 7),
        (at(0, 507, "b1"), 7),
        (at(9_000_000, 400, "b1"), 0),
        (at(1_009, 507, "b2"), 9),
        (at(1_009, 0, "b2"), 9),
        (at(900, 9_000_000, "b2"), 0),
    ] {
        assert_eq!(then.until(&now), Duration::from_millis(passed_ms), "{now:?}");
    }
}

#[test]
fn an_attempt_is_unsettled_until_its_window_has_passed_and_no_longer() {
    let attempt = Attempt { sent: moment(100), timeout_ms: 30, settle_ms: 60 };
    for (now, left) in [(100, 60), (101, 59), (159, 1), (160, 0), (1_000, 0)] {
        assert_eq!(attempt.unsettled_for(&moment(now)), Duration::from_millis(left), "at {now}");
    }
}

/// `effect`, sent `ms` after the start.
fn sent(effect: Effect, ms: u64) -> Effect {
    match effect {
        Effect::Intended(wanted) => {
            Effect::Intended(machine::effect::Intended { attempt: attempt(ms), ..wanted })
        }
        Effect::UndoIntended { resource, id, request, .. } => {
            Effect::UndoIntended { resource, id, request, attempt: attempt(ms) }
        }
        other => panic!("{} is not sent", other.name()),
    }
}

/// A record and its proxy, an app and its variables, all but one of them tried twice; then the way back.
fn tried() -> Ledger {
    let got = |step: Step, id: &str| {
        settled(step, ResolvedBy::Response, EffectOutcome::Applied(state(step, id, changed("80"))))
    };
    let converge = |step, ms| sent(intended(step, RequestSemantics::Idempotent), ms);
    let effects = [
        converge(Step::Dns(0), 1),
        converge(Step::App, 2),
        converge(Step::Dns(0), 3),
        got(Step::Dns(0), "r1"),
        converge(Step::App, 4),
        got(Step::App, "a1"),
        converge(Step::Envs, 5),
        got(Step::Envs, "a1"),
        converge(Step::Proxy(0), 6),
        got(Step::Proxy(0), "r1"),
        converge(Step::Dns(1), 7),
        settled(
            Step::Dns(1),
            ResolvedBy::Reconciliation,
            EffectOutcome::Applied(state(Step::Dns(1), "r2", Origin::Created)),
        ),
        sent(undo(Step::App, "a1"), 8),
        Effect::UndoDoubted { resource: Step::App, id: "a1".to_owned() },
        sent(undo(Step::Dns(0), "r1"), 9),
        sent(undo(Step::App, "a1"), 10),
    ];
    let entries = way_to(PhaseKind::Provisioning).into_iter().chain(effects.map(JournalEntry::Effect));
    let replayed = AnyDeployment::replay(&lines(&entries.collect::<Vec<_>>()));
    replayed.expect("the effects can follow each other").ledger().clone()
}

#[test]
fn the_first_and_the_newest_attempt_are_told_for_each_step() {
    let ledger = tried();
    let ms = |attempt: Option<&Attempt>| attempt.map(|attempt| attempt.sent.monotonic_ms);
    for (step, first, newest) in [
        (Step::Dns(0), Some(1), Some(3)),
        (Step::App, Some(2), Some(4)),
        (Step::Envs, Some(5), Some(5)),
        (Step::Proxy(0), Some(6), Some(6)),
        (Step::Dns(1), Some(7), Some(7)),
        (Step::Project, None, None),
    ] {
        assert_eq!(ms(ledger.first_attempt(step).map(|wanted| &wanted.attempt)), first, "{step}");
        assert_eq!(ms(ledger.newest_attempt(step).map(|wanted| &wanted.attempt)), newest, "{step}");
    }
}

fn sent_at<'a>(attempts: impl Iterator<Item = &'a Attempt>) -> Vec<u64> {
    attempts.map(|attempt| attempt.sent.monotonic_ms).collect()
}

#[test]
fn only_an_attempt_without_a_clear_answer_of_its_own_may_still_take_effect() {
    let ledger = tried();
    // The first of two at a record and at an app, one that was settled by asking, one undoing in doubt and the last one.
    assert_eq!(sent_at(ledger.unanswered()), [1, 2, 7, 8, 10]);
    assert_eq!(sent_at(ledger.unanswered_on(Step::App)), [2, 8, 10]);
    assert_eq!(sent_at(ledger.unanswered_on(Step::Dns(0))), [1]);
    assert_eq!(sent_at(ledger.unanswered_at(Step::Envs)), [] as [u64; 0]);
}

/// What may still take effect of an undoing write, by what was written after it.
fn after_an_undoing_write(then: &[JournalEntry]) -> AnyDeployment {
    let made = [
        intended(Step::Dns(0), RequestSemantics::Idempotent),
        settled(
            Step::Dns(0),
            ResolvedBy::Response,
            EffectOutcome::Applied(state(Step::Dns(0), "r1", changed("80"))),
        ),
        sent(undo(Step::Dns(0), "r1"), 9),
    ];
    let entries = way_to(PhaseKind::Provisioning).into_iter().chain(made.map(JournalEntry::Effect));
    let entries: Vec<JournalEntry> = entries.chain(then.iter().cloned()).collect();
    AnyDeployment::replay(&lines(&entries)).expect("the entries can follow each other")
}

#[test]
fn an_undoing_write_was_answered_if_its_process_went_on_or_parked_and_not_if_another_did() {
    let parked = JournalEntry::Parked { reason: "interrupted".to_owned() };
    let resumed = JournalEntry::Resumed { holder: "another".to_owned() };
    let undone = JournalEntry::Effect(Effect::Undone { resource: Step::Dns(0), id: "r1".to_owned() });
    let doubted = JournalEntry::Effect(Effect::UndoDoubted { resource: Step::Dns(0), id: "r1".to_owned() });
    for (then, left) in [
        (vec![], 1),
        (vec![undone.clone()], 0),
        (vec![parked.clone()], 0),
        (vec![parked.clone(), resumed.clone(), undone.clone()], 0),
        (vec![resumed.clone(), undone.clone()], 1),
        (vec![resumed, parked.clone()], 1),
        (vec![doubted, parked, undone], 1),
    ] {
        let any = after_an_undoing_write(&then);
        assert_eq!(any.ledger().unanswered().count(), left, "{then:?}");
    }
    let taken_up = after_an_undoing_write(&[]).resumed();
    assert_eq!(taken_up.ledger().unanswered().count(), 1);
}

#[test]
fn no_late_request_finds_what_was_made_and_is_gone() {
    let change = intended(Step::Envs, RequestSemantics::Idempotent);
    let effects = [
        intended(Step::App, RequestSemantics::NonIdempotent),
        settled(
            Step::App,
            ResolvedBy::Response,
            EffectOutcome::Applied(state(Step::App, "a1", Origin::Created)),
        ),
        change.clone(),
        change,
        settled(
            Step::Envs,
            ResolvedBy::Response,
            EffectOutcome::Applied(state(Step::Envs, "a1", changed("80"))),
        ),
        undo(Step::App, "a1"),
    ];
    let gone = Effect::Undone { resource: Step::App, id: "a1".to_owned() };
    let left = |effects: Vec<Effect>| {
        let entries =
            way_to(PhaseKind::Provisioning).into_iter().chain(effects.into_iter().map(JournalEntry::Effect));
        let any =
            AnyDeployment::replay(&lines(&entries.collect::<Vec<_>>())).expect("they follow each other");
        any.ledger().unanswered().count()
    };
    assert_eq!(left(effects.to_vec()), 2);
    assert_eq!(left(effects.into_iter().chain([gone]).collect()), 0);
}
