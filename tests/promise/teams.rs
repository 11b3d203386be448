//! A token that is another team's for a while: no plan is made of what two teams were shown, and what was begun for the
//! other one stands in nobody's way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use fabrik::runner::Ended;
use fabrik::runner::desk::{Desk, Outcome};
use fabrik::sandbox::{Fault, Point, Side, Verdict};

use super::crash::Fuse;
use super::deed::complete;
use super::invariants::{always, at_rest};
use super::scene::{Made, Scene, options};
use crate::sample::sampled;

/// For how many requests the token is another team's.
const LENGTHS: [u32; 4] = [1, 2, 3, 5];

/// A process whose app is filed under its Coolify and team, as outside a sandbox.
fn process(scene: &Scene) -> Desk {
    Desk { world: None, ..scene.process(&Fuse::default()) }
}

/// Applies the spec while the token is another team's for `length` requests, from the `first`th read on; gives whether
/// it ever was, too.
async fn swapped(scene: &Scene, first: usize, length: u32) -> (Outcome, bool) {
    let (passed, was, sandbox) =
        (AtomicUsize::new(0), Arc::new(AtomicBool::new(false)), scene.sandbox.clone());
    let flag = was.clone();
    let outside = scene.sandbox.outside_with_hook(Arc::new(move |point: &Point| {
        let is_read = point.side == Side::Before && point.method == "GET" && point.path.contains("/api/v1/");
        if is_read && passed.fetch_add(1, Ordering::SeqCst) == first {
            flag.store(true, Ordering::SeqCst);
            sandbox.with_world(|world| world.arm(Fault::TeamSwap, Some(length))).unwrap();
        }
        Verdict::Go
    }));
    let desk = process(scene);
    let vendors = desk.vendors.clone().through(&outside);
    let outcome = Desk { outside, vendors, ..desk }.apply(scene.spec(), &options()).await;
    (outcome, was.load(Ordering::SeqCst))
}

/// One whose app is at rest, with another version to apply.
async fn revised(made: Made) -> Scene {
    let scene = Scene::with(made, 1);
    let outcome = process(&scene).apply(scene.spec(), &options()).await;
    assert!(complete(&outcome), "{outcome:?}");
    scene.revise();
    scene
}

async fn converges(scene: &Scene, first: usize, length: u32, what: &str) -> bool {
    let (outcome, was) = swapped(scene, first, length).await;
    let context =
        format!("{what}, another team's token from read {first} on, {length} requests: {outcome:?}");
    always(scene, &context).await;
    scene.sandbox.with_world(|world| world.faults.clear()).unwrap();
    scene.outlast_late_effects().await;
    let outcome = match scene.open_run().await {
        Some(run) => process(scene).resume(&run, &options()).await,
        None => outcome,
    };
    if !complete(&outcome) {
        let again = process(scene).apply(scene.spec(), &options()).await;
        assert!(complete(&again), "{context}; then {outcome:?}; and again {again:?}");
    }
    at_rest(scene, &context).await;
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
                let scene = match what {
                    "first apply" => Scene::new(1),
                    "update" => revised(Made::Folder).await,
                    _ => revised(Made::Image).await,
                };
                if !converges(&scene, first, length, what).await {
                    break;
                }
            }
        }
    }
}

#[tokio::test]
async fn a_run_that_was_refused_for_another_team_keeps_no_open_run_from_going_on() {
    let scene = revised(Made::Folder).await;
    // The first two reads are preflight's version and team; the servers are seen by the app's own team again.
    let (refused, _) = swapped(&scene, 1, 1).await;
    assert!(!complete(&refused), "{refused:?}");
    let newest = scene.journal().list(None).await.unwrap().pop().expect("a run");
    assert!(newest.app.outside.ends_with("team 77"), "{}", newest.app.outside);
    let run = scene.finished().await.pop().expect("a finished run");
    let outcome = process(&scene).roll_back(&run, &options()).await;
    let Outcome::Ended(Ended::RolledBack { .. }) = outcome else { panic!("{outcome:?}") };
    at_rest(&scene, "rolled back under its own team").await;
}
