//! Waits that outlive the process, and which attempt counts for them.

use std::time::Duration;

use machine::effect::{Attempt, Effect, Kind};
use machine::entry::Entry;
use machine::ledger::Ledger;
use machine::moment::Moment;
use machine::phase::Name;
use machine::receipt::How;
use machine::replay::AnyDeployment;
use machine::step::Step;

use crate::world::{attempt, changed, intended, lines, moment, receipt, settled, undo, way_to};
use machine::effect::{By, Verdict};

fn at(wall_ms: u64, boot_ms: u64, boot: &str) -> Moment {
    Moment { wall_ms, boot_ms, boot: boot.to_owned() }
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
    let attempt = Attempt { sent: moment(100), give_up_ms: 30, settle_ms: 60 };
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
        Effect::UndoIntended { thing, id, request, .. } => {
            Effect::UndoIntended { thing, id, request, attempt: attempt(ms) }
        }
        other => panic!("{} is not sent", other.name()),
    }
}

/// A record and its proxy, an app and its variables, all but one of them tried twice; then the way back.
fn tried() -> Ledger {
    let got =
        |step: Step, id: &str| settled(step, By::Answer, Verdict::Have(receipt(step, id, changed("80"))));
    let converge = |step, ms| sent(intended(step, Kind::Converge), ms);
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
        settled(Step::Dns(1), By::Answer, Verdict::Have(receipt(Step::Dns(1), "r2", How::Made))),
        sent(undo(Step::App, "a1"), 8),
        sent(undo(Step::Dns(0), "r1"), 9),
        sent(undo(Step::App, "a1"), 10),
    ];
    let entries = way_to(Name::Provisioning).into_iter().chain(effects.map(Entry::Effect));
    let replayed = AnyDeployment::replay(&lines(&entries.collect::<Vec<_>>()));
    replayed.expect("the effects can follow each other").ledger().clone()
}

#[test]
fn the_first_and_the_newest_attempt_are_told_for_each_step_thing_and_undoing() {
    let ledger = tried();
    let ms = |attempt: Option<&Attempt>| attempt.map(|attempt| attempt.sent.boot_ms);
    for (step, first, newest, on_the_thing, undone) in [
        (Step::Dns(0), Some(1), Some(3), Some(6), Some(9)),
        (Step::App, Some(2), Some(4), Some(5), Some(10)),
        (Step::Envs, Some(5), Some(5), None, None),
        (Step::Proxy(0), Some(6), Some(6), None, None),
        (Step::Dns(1), Some(7), Some(7), Some(7), None),
        (Step::Project, None, None, None, None),
    ] {
        assert_eq!(ms(ledger.first_attempt(step).map(|wanted| &wanted.attempt)), first, "{step}");
        assert_eq!(ms(ledger.newest_attempt(step).map(|wanted| &wanted.attempt)), newest, "{step}");
        assert_eq!(ms(ledger.newest_attempt_on(step).map(|wanted| &wanted.attempt)), on_the_thing, "{step}");
        assert_eq!(ms(ledger.newest_undo(step)), undone, "{step}");
    }
}

#[test]
fn every_attempt_counts_forward_and_back() {
    let all: Vec<_> = tried().all_attempts().map(|attempt| attempt.sent.boot_ms).collect();
    assert_eq!(all, (1..=10).collect::<Vec<_>>());
}
