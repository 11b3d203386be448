//! Three tellings of what is legal, the types, the chart and the table, are one.

use std::collections::{BTreeMap, BTreeSet};

use machine::entry::JournalEntry;
use machine::phase::{DestroyFailed, PhaseKind, VolumePolicy};
use machine::replay::AnyDeployment;
use machine::statechart::{ExternalEvent, Transition, allowed_events, transition};
use machine::step::Step;
use machine::uncommitted::Uncommitted;

use crate::world::{
    Tape, at, cause, destroy_retried, destroying, found_in, intended, lines, made, move_to, now, plan,
    ready_at, turned_back, verification, way_to,
};
use machine::deployment::Deployment;
use machine::effect::RequestSemantics;

const TABLE: &str = include_str!("../src/statechart.md");

/// The golden table, cell by cell.
fn table() -> BTreeMap<(String, String), String> {
    let mut rows = TABLE.lines().map(|row| row.trim_matches('|').split('|').map(str::trim));
    let events: Vec<&str> = rows.next().expect("the table has a head").skip(1).collect();
    let mut cells = BTreeMap::new();
    for mut row in rows.skip(1) {
        let phase = row.next().expect("a row begins with its phase");
        for (event, cell) in events.iter().zip(row) {
            cells.insert((phase.to_owned(), (*event).to_owned()), cell.to_owned());
        }
    }
    cells
}

fn cell(outcome: Transition) -> String {
    match outcome {
        Transition::To(phase) => phase.to_string(),
        Transition::Park => "park".to_owned(),
        Transition::Note => "note".to_owned(),
        Transition::Refused => "–".to_owned(),
    }
}

fn to<P>(unwritten: Uncommitted<P>) -> Transition
where
    AnyDeployment: From<Deployment<P>>,
{
    let Ok(next) = now(unwritten.commit(&mut Tape::default()));
    Transition::To(AnyDeployment::from(next).name())
}

/// A run that stops is one whose journal takes the note and leads to the same deployment.
fn park(phase: PhaseKind) -> Transition {
    let parked = [way_to(phase), vec![JournalEntry::Parked { reason: "asked to".to_owned() }]].concat();
    assert_eq!(AnyDeployment::replay(&lines(&parked)), Ok(at(phase)));
    Transition::Park
}

/// A run that goes on is one whose journal takes the note of who does it and leads to the same phase.
fn go_on(phase: PhaseKind) -> Transition {
    let resumed = [way_to(phase), vec![JournalEntry::Resumed { holder: "ann".to_owned() }]].concat();
    assert_eq!(AnyDeployment::replay(&lines(&resumed)), Ok(at(phase)));
    Transition::Note
}

fn abandon_destroying(mut d: Deployment<DestroyFailed>) -> Transition {
    now(d.abandon(&mut Tape::default(), Step::Dns(0), "gone".to_owned())).expect("the record stands");
    assert!(d.ledger().standing().is_empty());
    Transition::Note
}

/// Gives up on what stands, in a run that left something standing.
fn abandon() -> Transition {
    let left = [
        way_to(PhaseKind::Provisioning),
        vec![
            JournalEntry::Effect(intended(Step::Dns(0), RequestSemantics::NonIdempotent)),
            JournalEntry::Effect(made(Step::Dns(0), "r1")),
        ],
        vec![move_to(PhaseKind::Failed)],
    ];
    let AnyDeployment::Failed(mut d) = AnyDeployment::replay(&lines(&left.concat())).expect("it is legal")
    else {
        panic!("the run failed")
    };
    now(d.abandon(&mut Tape::default(), Step::Dns(0), "gone".to_owned())).expect("the record stands");
    assert!(d.ledger().standing().is_empty());
    Transition::Note
}

/// What the types have for `event`: each arm that is not `Refused` makes the real move.
fn moves(any: AnyDeployment, event: ExternalEvent) -> Transition {
    use ExternalEvent::{
        Abandon, Advance, Cancel, Destroy, Fail, FailParked, FailStanding, LeaseLost, Refuse, Resume,
        RollBack, Shutdown, TokenRefused, Unavailable,
    };
    let phase = any.name();
    let why = || cause("it is sick");
    match any {
        AnyDeployment::Pending(d) => match event {
            Advance => to(d.validate()),
            Fail | FailStanding | FailParked | Refuse | RollBack => to(d.refuse(why())),
            Resume => go_on(phase),
            Abandon | Destroy => Transition::Refused,
            Cancel | LeaseLost | TokenRefused | Shutdown | Unavailable => park(phase),
        },
        AnyDeployment::Validating(d) => match event {
            Advance => to(d.provision(plan())),
            Fail | FailStanding | FailParked | Refuse | RollBack => to(d.refuse(why())),
            Resume => go_on(phase),
            Abandon | Destroy => Transition::Refused,
            Cancel | LeaseLost | TokenRefused | Shutdown | Unavailable => park(phase),
        },
        AnyDeployment::Provisioning(d) => match event {
            Advance => to(d.deploy().expect("the record is there")),
            Fail | RollBack => to(d.roll_back(why())),
            FailStanding => to(d.leave_standing(why())),
            Resume => go_on(phase),
            Refuse | Abandon | Destroy => Transition::Refused,
            FailParked | Cancel | LeaseLost | TokenRefused | Shutdown | Unavailable => park(phase),
        },
        AnyDeployment::Deploying(d) => match event {
            Advance => to(d.verify().expect("the app is there")),
            Fail | RollBack => to(d.roll_back(why())),
            FailStanding => to(d.leave_standing(why())),
            Resume => go_on(phase),
            Refuse | Abandon | Destroy => Transition::Refused,
            FailParked | Cancel | LeaseLost | TokenRefused | Shutdown | Unavailable => park(phase),
        },
        AnyDeployment::Verifying(d) => match event {
            Advance => to(d.complete(verification()).expect("the proxy is on")),
            Fail | RollBack => to(d.roll_back(why())),
            FailStanding => to(d.leave_standing(why())),
            Resume => go_on(phase),
            Refuse | Abandon | Destroy => Transition::Refused,
            FailParked | Cancel | LeaseLost | TokenRefused | Shutdown | Unavailable => park(phase),
        },
        AnyDeployment::Complete(d) => match event {
            RollBack => to(d.roll_back(why())),
            Advance | Fail | FailStanding | FailParked | Refuse | Resume | Abandon | Destroy | Cancel
            | LeaseLost | TokenRefused | Shutdown | Unavailable => Transition::Refused,
        },
        AnyDeployment::RollingBack(d) => match event {
            Advance => to(d.close().expect("nothing stands")),
            Fail => to(d.give_up()),
            Resume | RollBack => go_on(phase),
            FailStanding | FailParked | Refuse | Abandon | Destroy => Transition::Refused,
            Cancel | LeaseLost | TokenRefused | Shutdown | Unavailable => park(phase),
        },
        AnyDeployment::RolledBack(_) | AnyDeployment::Destroyed(_) => Transition::Refused,
        AnyDeployment::Failed(d) => match event {
            RollBack => to(d.roll_back(why())),
            Abandon => abandon(),
            Advance | Fail | FailStanding | FailParked | Refuse | Resume | Destroy | Cancel | LeaseLost
            | TokenRefused | Shutdown | Unavailable => Transition::Refused,
        },
        AnyDeployment::Surveying(d) => match event {
            Advance => to(d.destroy(plan(), vec![], why())),
            Fail | FailStanding | FailParked | Refuse | RollBack => to(d.refuse(why())),
            Resume | Destroy => go_on(phase),
            Abandon => Transition::Refused,
            Cancel | LeaseLost | TokenRefused | Shutdown | Unavailable => park(phase),
        },
        AnyDeployment::Destroying(d) => match event {
            Advance => to(d.close().expect("nothing stands")),
            Fail => to(d.give_up()),
            Resume | Destroy => go_on(phase),
            FailStanding | FailParked | Refuse | RollBack | Abandon => Transition::Refused,
            Cancel | LeaseLost | TokenRefused | Shutdown | Unavailable => park(phase),
        },
        AnyDeployment::DestroyFailed(d) => match event {
            Destroy => to(d.retry(why())),
            Abandon => abandon_destroying(d),
            Advance | Fail | FailStanding | FailParked | Refuse | Resume | RollBack | Cancel | LeaseLost
            | TokenRefused | Shutdown | Unavailable => Transition::Refused,
        },
    }
}

fn pairs() -> impl Iterator<Item = (PhaseKind, ExternalEvent)> {
    PhaseKind::ALL
        .into_iter()
        .flat_map(|phase| ExternalEvent::ALL.into_iter().map(move |event| (phase, event)))
}

#[test]
fn types_chart_and_table_agree_on_every_pair_and_every_legal_one_is_walked() {
    let table = table();
    let (mut walked, mut legal) = (0, 0);
    for (phase, event) in pairs() {
        let written = &table[&(phase.to_string(), format!("{event:?}"))];
        let judged = transition(phase, event);
        let moved = moves(ready_at(phase), event);
        assert_eq!(moved, judged, "types and chart differ: {phase} {event:?}");
        assert_eq!(&cell(judged), written, "chart and table differ: {phase} {event:?}");
        walked += usize::from(moved != Transition::Refused);
        legal += usize::from(written != "–");
    }
    println!("transitions walked: {walked} of {legal}");
    assert_eq!(walked, legal);
}

#[test]
fn the_table_has_no_more_and_no_less_than_every_pair() {
    let all: BTreeSet<_> = pairs().map(|(phase, event)| (phase.to_string(), format!("{event:?}"))).collect();
    assert_eq!(table().into_keys().collect::<BTreeSet<_>>(), all);
}

/// The moves that replay accepts in `phase`, found by offering it each.
fn accepted(phase: PhaseKind) -> BTreeSet<PhaseKind> {
    let offered = |to: PhaseKind| match to {
        PhaseKind::RollingBack => {
            vec![turned_back(VolumePolicy::Delete), turned_back(VolumePolicy::Retain)]
        }
        PhaseKind::Destroying => vec![destroying(), destroy_retried()],
        to => vec![move_to(to)],
    };
    let takes = |to: &PhaseKind| {
        offered(*to).into_iter().any(|entry| {
            let entries = [way_to(phase), found_in(phase), vec![entry]].concat();
            AnyDeployment::replay(&lines(&entries)).is_ok_and(|any| any.name() == *to)
        })
    };
    PhaseKind::ALL.into_iter().filter(takes).collect()
}

#[test]
fn replay_accepts_a_move_exactly_where_the_chart_has_one() {
    for phase in PhaseKind::ALL {
        let judged = ExternalEvent::ALL.into_iter().filter_map(|event| match transition(phase, event) {
            Transition::To(next) => Some(next),
            Transition::Park | Transition::Note | Transition::Refused => None,
        });
        assert_eq!(accepted(phase), judged.collect(), "{phase}");
    }
}

#[test]
fn a_closed_run_can_be_undone_at_most_and_any_other_has_something_left_to_do() {
    for phase in PhaseKind::ALL {
        let at_most_undone = allowed_events(phase).iter().all(|event| *event == ExternalEvent::RollBack);
        assert_eq!(phase.is_closed(), at_most_undone, "{phase}");
    }
}

#[test]
fn what_may_happen_next_is_what_is_not_refused() {
    assert_eq!(allowed_events(PhaseKind::RolledBack), []);
    assert_eq!(allowed_events(PhaseKind::Failed), [ExternalEvent::RollBack, ExternalEvent::Abandon]);
    assert_eq!(allowed_events(PhaseKind::Complete), [ExternalEvent::RollBack]);
}
