//! What effects add up to, and which of them cannot follow.

use machine::deployment::RecordError;
use machine::effect::{Effect, EffectOutcome, RequestSemantics, ResolvedBy};
use machine::entry::JournalEntry;
use machine::ledger::{Ledger, Outstanding, UndoStatus};
use machine::phase::PhaseKind;
use machine::receipt::{Attributes, Origin, ResourceState};
use machine::replay::{AnyDeployment, ReplayError};
use machine::step::Step;

use crate::world::{
    Tape, abandoned, at, blocked, changed, fields, found, intended, kept, lines, made, move_to, now, settled,
    state, surplus, undo, undone, way_to,
};

/// The run after `effects` in Provisioning, or the reason why one of them cannot follow.
fn after(effects: &[Effect]) -> Result<AnyDeployment, ReplayError> {
    let effects = effects.iter().cloned().map(JournalEntry::Effect);
    AnyDeployment::replay(&lines(
        &way_to(PhaseKind::Provisioning).into_iter().chain(effects).collect::<Vec<_>>(),
    ))
}

fn ledger(effects: &[Effect]) -> Ledger {
    after(effects).expect("the effects can follow each other").ledger().clone()
}

/// Why the last of `effects` cannot follow the others.
fn objection(effects: &[Effect]) -> String {
    let (_, before) = effects.split_last().expect("there is something to object to");
    after(before).expect("all but the last can follow");
    let Err(ReplayError::Effect { illegal, .. }) = after(effects) else { panic!("it was let through") };
    illegal.to_string()
}

fn want(step: Step) -> Effect {
    intended(step, RequestSemantics::NonIdempotent)
}

fn send(step: Step) -> Effect {
    intended(step, RequestSemantics::Idempotent)
}

fn got(step: Step, id: &str, how: Origin) -> Effect {
    settled(step, ResolvedBy::Response, EffectOutcome::Applied(state(step, id, how)))
}

fn resources(standing: &[Outstanding]) -> Vec<(Step, &str)> {
    standing.iter().map(|s| (s.receipt.step, s.receipt.id.as_str())).collect()
}

#[test]
fn what_stands_is_listed_newest_first() {
    let ledger = ledger(&[
        want(Step::Dns(0)),
        made(Step::Dns(0), "r1"),
        want(Step::Project),
        made(Step::Project, "p1"),
        want(Step::App),
        made(Step::App, "a1"),
    ]);
    assert_eq!(
        resources(&ledger.standing()),
        [(Step::App, "a1"), (Step::Project, "p1"), (Step::Dns(0), "r1")]
    );
}

#[test]
fn what_an_earlier_run_left_behind_stands_until_it_is_gone_and_is_never_the_steps_own() {
    let late = Effect::Duplicate { state: state(Step::App, "late", Origin::Orphaned) };
    let ledger = ledger(&[late.clone(), want(Step::App), made(Step::App, "a1")]);
    assert_eq!(resources(&ledger.standing()), [(Step::App, "a1"), (Step::App, "late")]);
    assert_eq!(ledger.receipt(Step::App).map(|receipt| receipt.id.as_str()), Some("a1"));
    let gone = after(&[late, undone(Step::App, "late")]).expect("it may be deleted");
    assert!(gone.ledger().standing().is_empty());
    assert_eq!(gone.ledger().receipt(Step::App), None);
}

#[test]
fn an_app_that_was_made_is_one_thing_with_its_variables_and_its_start() {
    let ledger = ledger(&[
        want(Step::App),
        made(Step::App, "a1"),
        send(Step::Envs),
        got(Step::Envs, "a1", changed("80")),
        intended(Step::Deploy, RequestSemantics::Trigger),
        made(Step::Deploy, "a1"),
    ]);
    let standing = ledger.standing();
    assert_eq!(resources(&standing), [(Step::App, "a1")]);
    assert_eq!(standing[0].receipt.origin, Origin::Created);
}

#[test]
fn a_found_app_with_a_new_variable_stands_as_changed() {
    let ledger = ledger(&[found(Step::App, "a1"), send(Step::Envs), got(Step::Envs, "a1", changed("80"))]);
    let standing = ledger.standing();
    assert_eq!(resources(&standing), [(Step::App, "a1")]);
    assert_eq!(standing[0].receipt.origin, changed("80"));
}

#[test]
fn nothing_done_to_a_found_app_makes_it_ours_to_delete() {
    for step in [Step::Envs, Step::Deploy] {
        let ledger = ledger(&[found(Step::App, "a1"), send(step), made(step, "a1")]);
        let standing = ledger.standing();
        assert_eq!(resources(&standing), [(Step::App, "a1")]);
        assert_eq!(standing[0].receipt.origin, Origin::Updated { before: Attributes::new() }, "{step}");
    }
}

#[test]
fn what_was_found_does_not_stand() {
    let ledger = ledger(&[found(Step::Dns(0), "r1"), found(Step::Project, "p1")]);
    assert_eq!(ledger.standing(), []);
    assert_eq!(ledger.receipts().len(), 2);
}

#[test]
fn what_was_there_before_the_first_change_is_what_counts() {
    let ledger = ledger(&[
        send(Step::Dns(0)),
        got(Step::Dns(0), "r1", changed("80")),
        send(Step::Dns(0)),
        got(Step::Dns(0), "r1", changed("8080")),
    ]);
    assert_eq!(ledger.standing()[0].receipt.origin, changed("80"));
    assert_eq!(ledger.receipts().len(), 1);
}

#[test]
fn a_record_and_its_proxy_are_one_thing_with_the_fields_of_both() {
    let (content, plain) = (fields(&[("content", "192.0.2.7")]), fields(&[("proxied", "false")]));
    let proxied = |how| ResourceState {
        attributes: fields(&[("proxied", "true")]),
        ..state(Step::Proxy(0), "r1", how)
    };
    let all = fields(&[("name", "blog"), ("proxied", "true")]);
    let proxy = settled(
        Step::Proxy(0),
        ResolvedBy::Response,
        EffectOutcome::Applied(proxied(Origin::Updated { before: plain })),
    );
    let changed = got(Step::Dns(0), "r1", Origin::Updated { before: content });
    for (first, how) in [
        (made(Step::Dns(0), "r1"), Origin::Created),
        (changed, Origin::Updated { before: fields(&[("content", "192.0.2.7"), ("proxied", "false")]) }),
    ] {
        let kind = if how == Origin::Created { want(Step::Dns(0)) } else { send(Step::Dns(0)) };
        let standing = ledger(&[kind, first, send(Step::Proxy(0)), proxy.clone()]).standing();
        assert_eq!(resources(&standing), [(Step::Dns(0), "r1")]);
        assert_eq!((&standing[0].receipt.origin, &standing[0].receipt.attributes), (&how, &all));
    }
}

#[test]
fn things_with_one_name_or_one_id_have_each_their_own_fields_and_hindrance() {
    let with =
        |state: ResourceState, port: &str| ResourceState { attributes: fields(&[("port", port)]), ..state };
    let have =
        |state: ResourceState| settled(state.step, ResolvedBy::Response, EffectOutcome::Applied(state));
    let app = with(state(Step::App, "1", Origin::Created), "30");
    let standing = ledger(&[
        want(Step::Dns(0)),
        have(with(state(Step::Dns(0), "1", Origin::Created), "10")),
        Effect::Duplicate { state: with(state(Step::Dns(0), "2", Origin::Created), "20") },
        want(Step::App),
        have(app),
        blocked(Step::Dns(0), "2"),
    ])
    .standing();
    let told: Vec<_> =
        standing.iter().map(|s| (s.receipt.step, s.receipt.attributes["port"].as_str(), &s.undo)).collect();
    let hindered = UndoStatus::Blocked("drifted".to_owned());
    let free = UndoStatus::Open;
    assert_eq!(
        told,
        [(Step::App, "30", &free), (Step::Dns(0), "20", &hindered), (Step::Dns(0), "10", &free)]
    );
}

#[test]
fn what_is_set_on_an_app_beside_its_fields_is_none_of_them_now_or_before() {
    for step in [Step::Parts, Step::Volumes, Step::Envs, Step::Deploy] {
        let beside =
            ResourceState { attributes: fields(&[("KEY", "new")]), ..state(step, "a1", changed("8080")) };
        let before = fields(&[("image", "old")]);
        let standing = ledger(&[
            send(Step::App),
            got(Step::App, "a1", Origin::Updated { before: before.clone() }),
            send(step),
            settled(step, ResolvedBy::Response, EffectOutcome::Applied(beside)),
        ])
        .standing();
        assert_eq!(standing[0].receipt.attributes, fields(&[("name", "blog")]), "{step}");
        assert_eq!(standing[0].receipt.origin, Origin::Updated { before }, "{step}");
    }
}

#[test]
fn what_was_found_and_then_changed_is_changed() {
    let ledger =
        ledger(&[found(Step::Dns(0), "r1"), send(Step::Dns(0)), got(Step::Dns(0), "r1", changed("80"))]);
    assert_eq!(ledger.standing()[0].receipt.origin, changed("80"));
}

#[test]
fn a_surplus_object_stands_beside_the_first_and_is_undone_alone() {
    let both = [want(Step::Dns(0)), made(Step::Dns(0), "r1"), surplus(Step::Dns(0), "r2")];
    assert_eq!(resources(&ledger(&both).standing()), [(Step::Dns(0), "r2"), (Step::Dns(0), "r1")]);
    assert_eq!(ledger(&both).receipt(Step::Dns(0)).map(|r| r.id.as_str()), Some("r1"));
    let one = [both.as_slice(), &[undo(Step::Dns(0), "r2"), undone(Step::Dns(0), "r2")]].concat();
    assert_eq!(resources(&ledger(&one).standing()), [(Step::Dns(0), "r1")]);
}

#[test]
fn what_is_undone_or_kept_no_longer_stands() {
    for end in [undone(Step::Dns(0), "r1"), kept(Step::Dns(0), "r1")] {
        let ledger = ledger(&[want(Step::Dns(0)), made(Step::Dns(0), "r1"), undo(Step::Dns(0), "r1"), end]);
        assert_eq!(ledger.standing(), []);
    }
}

#[test]
fn what_is_blocked_stands_with_its_reason_and_can_be_undone_later() {
    let stuck = [want(Step::Dns(0)), made(Step::Dns(0), "r1"), blocked(Step::Dns(0), "r1")];
    assert_eq!(ledger(&stuck).standing()[0].undo, UndoStatus::Blocked("drifted".to_owned()));
    let freed = [stuck.as_slice(), &[undo(Step::Dns(0), "r1"), undone(Step::Dns(0), "r1")]].concat();
    assert_eq!(ledger(&freed).standing(), []);
}

#[test]
fn what_a_person_gave_up_on_no_longer_stands() {
    let made = [want(Step::Dns(0)), made(Step::Dns(0), "r1")].map(JournalEntry::Effect).to_vec();
    let entries = [way_to(PhaseKind::Provisioning), made, vec![move_to(PhaseKind::Failed)]];
    let entries = [entries.concat(), vec![JournalEntry::Effect(abandoned(Step::Dns(0)))]].concat();
    let failed = AnyDeployment::replay(&lines(&entries)).expect("it stands, so it can be given up");
    assert!(failed.ledger().is_abandoned(Step::Dns(0)));
    assert_eq!(failed.ledger().standing(), []);
}

#[test]
fn a_settled_attempt_is_no_longer_in_doubt_but_remembered() {
    for outcome in [
        EffectOutcome::NotApplied,
        EffectOutcome::Rejected { reason: "no".to_owned() },
        EffectOutcome::Applied(state(Step::Dns(0), "r1", Origin::Created)),
    ] {
        let doubtful = [want(Step::Dns(0))];
        assert_eq!(ledger(&doubtful).doubts().len(), 1);
        let settled = ledger(&[want(Step::Dns(0)), settled(Step::Dns(0), ResolvedBy::Response, outcome)]);
        assert_eq!(settled.doubts(), []);
        assert_eq!(settled.newest_attempt(Step::Dns(0)), settled.first_attempt(Step::Dns(0)));
    }
}

#[test]
fn an_answer_that_nothing_came_of_it_leaves_the_attempts_before_in_doubt() {
    let send = intended(Step::App, RequestSemantics::Idempotent);
    let absent = settled(Step::App, ResolvedBy::Response, EffectOutcome::NotApplied);
    let twice = ledger(&[send.clone(), send.clone(), absent.clone()]);
    assert_eq!(twice.doubts().len(), 1);
    assert_eq!(ledger(&[send.clone(), absent.clone()]).doubts(), []);
    let seen = settled(Step::App, ResolvedBy::Reconciliation, EffectOutcome::NotApplied);
    assert_eq!(ledger(&[send.clone(), send, seen]).doubts(), []);
}

#[test]
fn each_effect_that_cannot_follow_is_named_with_the_reason() {
    let have = |step, by, how| settled(step, by, EffectOutcome::Applied(state(step, "r1", how)));
    let elsewhere = settled(
        Step::Dns(0),
        ResolvedBy::Response,
        EffectOutcome::Applied(state(Step::App, "a1", Origin::Created)),
    );
    let dns = [want(Step::Dns(0)), made(Step::Dns(0), "r1")];
    let with = |more: &[Effect]| [dns.as_slice(), more].concat();
    for (effects, words) in [
        (
            vec![want(Step::Dns(0)), want(Step::Dns(0))],
            "`intended` of step `dns` cannot follow: an earlier attempt is still in doubt",
        ),
        (with(&[want(Step::Dns(0))]), "`intended` of step `dns` cannot follow: it is made already"),
        (vec![made(Step::Dns(0), "r1")], "`settled` of step `dns` cannot follow: nothing was intended"),
        (
            vec![want(Step::Dns(0)), have(Step::Dns(0), ResolvedBy::Observation, Origin::Existing)],
            "`settled` of step `dns` cannot follow: an attempt is in doubt, so a look does not settle it",
        ),
        (
            vec![have(Step::Dns(0), ResolvedBy::Observation, Origin::Created)],
            "`settled` of step `dns` cannot follow: what was only looked at was neither made nor changed",
        ),
        (
            vec![have(Step::Dns(0), ResolvedBy::Observation, changed("80"))],
            "`settled` of step `dns` cannot follow: what was only looked at was neither made nor changed",
        ),
        (
            vec![want(Step::Dns(0)), elsewhere],
            "`settled` of step `dns` cannot follow: the receipt is for another step",
        ),
        (
            vec![surplus(Step::Dns(0), "r2")],
            "`surplus` of step `dns` cannot follow: nothing was ever intended",
        ),
        (
            with(&[undone(Step::Dns(0), "r1"), undo(Step::Dns(0), "r1")]),
            "`undo-intended` of step `dns` cannot follow: nothing of ours stands there",
        ),
        (
            with(&[undone(Step::Dns(0), "r2")]),
            "`undone` of step `dns` cannot follow: nothing of ours stands there",
        ),
        (
            vec![blocked(Step::App, "a1")],
            "`undo-blocked` of step `app` cannot follow: nothing of ours stands there",
        ),
        (vec![kept(Step::App, "a1")], "`kept` of step `app` cannot follow: nothing of ours stands there"),
        (
            with(&[abandoned(Step::Dns(0))]),
            "`abandoned` of step `dns` cannot follow: it has no place in this phase",
        ),
    ] {
        assert_eq!(objection(&effects), words);
    }
}

#[test]
fn nothing_can_be_abandoned_that_does_not_stand() {
    let AnyDeployment::Failed(mut d) = at(PhaseKind::Failed) else { panic!("the way to Failed leads there") };
    let mut tape = Tape::default();
    let refused = now(d.abandon(&mut tape, Step::Dns(0), "tired".to_owned())).expect_err("nothing stands");
    let words = "`abandoned` of step `dns` cannot follow: nothing of ours stands there";
    assert_eq!(refused.to_string(), words);
    assert_eq!(tape.0, []);
}

#[test]
fn an_effect_is_read_back_only_in_a_phase_that_can_write_it() {
    for phase in PhaseKind::ALL {
        for effect in [found(Step::Dns(0), "r1"), abandoned(Step::Dns(0))] {
            let entries = [way_to(phase), vec![JournalEntry::Effect(effect.clone())]].concat();
            let out_of_place = AnyDeployment::replay(&lines(&entries))
                .is_err_and(|error| error.to_string().ends_with("it has no place in this phase"));
            assert_eq!(out_of_place, !phase.takes(&effect), "{} in {phase}", effect.name());
        }
    }
}

#[test]
fn what_cannot_follow_is_neither_written_nor_counted() {
    let AnyDeployment::Provisioning(mut d) = at(PhaseKind::Provisioning) else {
        panic!("the way leads there")
    };
    let mut tape = Tape::default();
    let before = at(PhaseKind::Provisioning);
    for effect in [made(Step::Dns(0), "r1"), abandoned(Step::Dns(0))] {
        let refused = now(d.record(&mut tape, effect));
        assert!(matches!(refused, Err(RecordError::Illegal(_))), "{refused:?}");
    }
    assert_eq!((AnyDeployment::from(d), tape.0), (before, vec![]));
}

#[test]
fn a_run_is_not_rolled_back_while_something_stands_or_is_in_doubt() {
    let undoing = |effects: &[Effect]| {
        let effects = effects.iter().cloned().map(JournalEntry::Effect).collect();
        let entries =
            [way_to(PhaseKind::Provisioning), effects, vec![move_to(PhaseKind::RollingBack)]].concat();
        match AnyDeployment::replay(&lines(&entries)) {
            Ok(AnyDeployment::RollingBack(d)) => d,
            other => panic!("{other:?}"),
        }
    };
    let made_one = [want(Step::Dns(0)), made(Step::Dns(0), "r1")];
    for open in [&made_one[..1], &made_one] {
        let handed_back = undoing(open).close().expect_err("it is open");
        assert_eq!(*handed_back, undoing(open), "it is handed back as it was");
    }
    let undone_too = [made_one.as_slice(), &[undone(Step::Dns(0), "r1")]].concat();
    assert!(undoing(&undone_too).close().is_ok());
}
