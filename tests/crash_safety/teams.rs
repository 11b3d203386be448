//! A token that is another team's for a while: no plan is made of what two teams were shown, and what was begun for the
//! other one stands in nobody's way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use fabrik::engine::RunOutcome;
use fabrik::engine::commands::{CommandOutcome, Engine};
use fabrik::sandbox::{Fault, HookVerdict, Point, Side};

use super::crash::CrashPoint;
use super::invariants::{always, at_rest};
use super::operation::complete;
use super::scenario::{Made, Scenario, options};
use crate::sample::sampled;

/// For how many requests the token is another team's.
const LENGTHS: [u32; 4] = [1, 2, 3, 5];

/// A process whose app is filed under its Coolify and team, as outside a sandbox.
fn process(scenario: &Scenario) -> Engine {
    Engine { world: None, ..scenario.process(&CrashPoint::default()) }
}

/// Applies the spec while the token is another team's for `length` requests, from the `first`th read on; gives whether
/// it ever was, too.
async fn swapped(scenario: &Scenario, first: usize, length: u32) -> (CommandOutcome, bool) {
    let (passed, was, sandbox) =
        (AtomicUsize::new(0), Arc::new(AtomicBool::new(false)), scenario.sandbox.clone());
    let flag = was.clone();
    let ports = scenario.sandbox.outside_with_hook(Arc::new(move |point: &Point| {
        let is_read = point.side == Side::Before && point.method == "GET" && point.path.contains("/api/v1/");
        if is_read && passed.fetch_add(1, Ordering::SeqCst) == first {
            flag.store(true, Ordering::SeqCst);
            sandbox.with_world(|world| world.arm(Fault::TeamSwap, Some(length))).unwrap();
        }
        HookVerdict::Go
    }));
    let engine = process(scenario);
    let clients = engine.clients.clone().through(&ports);
    let outcome = Engine { ports, clients, ..engine }.apply(scenario.spec(), &options()).await;
    (outcome, was.load(Ordering::SeqCst))
}

/// One whose app is at rest, with another version to apply.
async fn revised(made: Made) -> Scenario {
    let scenario = Scenario::with(made, 1);
    let outcome = process(&scenario).apply(scenario.spec(), &options()).await;
    assert!(complete(&outcome), "{outcome:?}");
    scenario.revise();
    scenario
}

async fn converges(scenario: &Scenario, first: usize, length: u32, what: &str) -> bool {
    let (outcome, was) = swapped(scenario, first, length).await;
    let context =
        format!("{what}, another team's token from read {first} on, {length} requests: {outcome:?}");
    always(scenario, &context).await;
    scenario.sandbox.with_world(|world| world.faults.clear()).unwrap();
    scenario.outlast_late_effects().await;
    let outcome = match scenario.open_run().await {
        Some(run) => process(scenario).resume(&run, &options()).await,
        None => outcome,
    };
    if !complete(&outcome) {
        let again = process(scenario).apply(scenario.spec(), &options()).await;
        assert!(complete(&again), "{context}; then {outcome:?}; and again {again:?}");
    }
    at_rest(scenario, &context).await;
    was
}

#[tokio::test]
async fn a_token_that_is_another_teams_for_a_while_leaves_no_run_that_cannot_go_on() {
    let mut sample = sampled(4, "reads from which on the token is another team's");
    for length in LENGTHS {
        for what in ["first apply", "update", "update of an image"] {
            for first in 0.. {
                if !sample.takes() {
                    continue;
                }
                let scenario = match what {
                    "first apply" => Scenario::new(1),
                    "update" => revised(Made::Folder).await,
                    _ => revised(Made::Image).await,
                };
                if !converges(&scenario, first, length, what).await {
                    break;
                }
            }
        }
    }
}

#[tokio::test]
async fn a_run_that_was_refused_for_another_team_keeps_no_open_run_from_going_on() {
    let scenario = revised(Made::Folder).await;
    // The first two reads are preflight's version and team; the servers are seen by the app's own team again.
    let (refused, _) = swapped(&scenario, 1, 1).await;
    assert!(!complete(&refused), "{refused:?}");
    let newest = scenario.journal().list(None).await.unwrap().pop().expect("a run");
    assert!(newest.app.target.ends_with("team 77"), "{}", newest.app.target);
    let run = scenario.finished().await.pop().expect("a finished run");
    let outcome = process(&scenario).roll_back(&run, &options()).await;
    let CommandOutcome::Ended(RunOutcome::RolledBack { .. }) = outcome else { panic!("{outcome:?}") };
    at_rest(&scenario, "rolled back under its own team").await;
}
