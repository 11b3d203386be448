//! What the flags of `apply` change.

use std::time::Duration;

use fabrik::runner::Ended;
use fabrik::runner::desk::{Options, Outcome};
use fabrik::sandbox::{Fault, ProxyKind};
use machine::entry::{JournalEntry, Proof};

use super::crash::Fuse;
use super::invariants::at_rest;
use super::scene::{Scene, options};

async fn apply(scene: &Scene, options: &Options) -> Outcome {
    scene.process(&Fuse::default()).apply(scene.spec(), options).await
}

fn complete(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Ended(Ended::Complete { .. }))
}

/// A scene with a release whose app says nothing of itself, behind a proxy that does not say it either.
async fn silent() -> Scene {
    let scene = Scene::new(1);
    scene.respec(", fingerprint: {header: X-Fabrik-Release}", "");
    scene.sandbox.with_world(|world| world.server.proxy = ProxyKind::Caddy).unwrap();
    let outcome = apply_silenced(&scene, &options()).await;
    assert!(complete(&outcome), "{outcome:?}");
    assert_eq!(proof(&scene).await, Proof::First);
    scene
}

/// Applies the spec while no container ever writes a line.
async fn apply_silenced(scene: &Scene, options: &Options) -> Outcome {
    let outside = scene.silenced();
    let mut process = scene.process(&Fuse::default());
    process.vendors = process.vendors.clone().through(&outside);
    process.outside = outside;
    process.apply(scene.spec(), options).await
}

async fn proof(scene: &Scene) -> Proof {
    let run = scene.finished().await.pop().unwrap();
    let lines = scene.journal().load(&run).await.unwrap().lines;
    let Some(JournalEntry::Complete { evidence }) = lines.last().map(|line| &line.entry) else {
        panic!("{lines:?}")
    };
    evidence.proof
}

#[tokio::test]
async fn without_a_fingerprint_a_release_is_complete_but_not_proven() {
    let scene = silent().await;
    scene.edit("second");
    let outcome = apply_silenced(&scene, &options()).await;
    assert!(complete(&outcome), "{outcome:?}");
    assert_eq!(proof(&scene).await, Proof::None);
}

#[tokio::test]
async fn where_proof_is_required_an_answer_alone_is_undone() {
    for by_the_spec in [false, true] {
        let scene = silent().await;
        let before = scene.sandbox.show();
        scene.edit("second");
        if by_the_spec {
            scene.respec("timeout: 3m", "timeout: 3m, proof: required");
        }
        let required = Options { require_proof: !by_the_spec, ..options() };
        let outcome = apply_silenced(&scene, &required).await;
        assert!(matches!(outcome, Outcome::Ended(Ended::RolledBack { .. })), "{outcome:?}");
        assert_eq!(scene.sandbox.show(), before);
    }
}

#[tokio::test]
async fn a_release_without_proof_is_never_unchanged_where_proof_is_required() {
    let scene = silent().await;
    scene.edit("second");
    apply_silenced(&scene, &options()).await;
    let outcome = apply_silenced(&scene, &options()).await;
    assert!(matches!(outcome, Outcome::Unchanged { proof: Proof::None, .. }), "{outcome:?}");
    let required = Options { require_proof: true, ..options() };
    let outcome = apply_silenced(&scene, &required).await;
    assert!(matches!(outcome, Outcome::Ended(Ended::RolledBack { .. })), "it is deployed again: {outcome:?}");
    // By now it writes something, which shows that it was started.
    let outcome = apply(&scene, &options()).await;
    assert!(matches!(outcome, Outcome::Unchanged { proof: Proof::None, .. }), "{outcome:?}");
    scene.sandbox.with_world(|world| world.server.proxy = ProxyKind::Traefik).unwrap();
    let outcome = apply(&scene, &required).await;
    assert!(complete(&outcome), "{outcome:?}");
    assert_eq!(proof(&scene).await, Proof::Fingerprint);
    let outcome = apply(&scene, &required).await;
    assert!(matches!(outcome, Outcome::Unchanged { .. }), "{outcome:?}");
}

#[tokio::test]
async fn force_starts_an_unchanged_app_anew() {
    let scene = Scene::new(1);
    apply(&scene, &options()).await;
    let release = |scene: &Scene| {
        let world = scene.sandbox.world();
        world.services.iter().find_map(|service| service.env("FABRIK_RELEASE")?.value.clone())
    };
    let first = release(&scene);
    let outcome = apply(&scene, &Options { force: true, ..options() }).await;
    assert!(complete(&outcome), "{outcome:?}");
    assert_ne!(release(&scene), first);
    at_rest(&scene, "after --force").await;
}

#[tokio::test]
async fn an_app_from_another_path_is_refused_unless_its_spec_was_moved() {
    let scene = Scene::new(1);
    apply(&scene, &options()).await;
    let elsewhere = scene.folder.path().join("moved.yaml");
    std::fs::rename(scene.spec_path(), &elsewhere).unwrap();
    let spec = || fabrik::spec::Spec::read(&elsewhere).unwrap();
    let outcome = scene.process(&Fuse::default()).apply(spec(), &options()).await;
    let Outcome::Obstacles(obstacles) = &outcome else { panic!("{outcome:?}") };
    assert!(obstacles[0].hint.contains("--moved"), "{obstacles:?}");
    let writes = scene.sandbox.world().log.writes.len();
    let moved = Options { moved: true, ..options() };
    let outcome = scene.process(&Fuse::default()).apply(spec(), &moved).await;
    assert!(complete(&outcome), "{outcome:?}");
    assert_eq!(scene.sandbox.world().log.writes.len(), writes, "moving a spec changes nothing outside");
    let outcome = scene.process(&Fuse::default()).apply(spec(), &options()).await;
    assert!(matches!(outcome, Outcome::Unchanged { .. }), "{outcome:?}");
    at_rest(&scene, "after --moved").await;
}

#[tokio::test]
async fn the_given_timeout_bounds_how_long_a_sick_app_is_waited_for() {
    let scene = Scene::new(1);
    scene.sandbox.with_world(|world| world.arm(Fault::Health, None)).unwrap();
    let clock = scene.sandbox.outside().clock;
    let began = clock.boot();
    let leave = Options { timeout: Some(Duration::from_secs(30)), no_rollback: true, ..options() };
    let outcome = apply(&scene, &leave).await;
    assert!(matches!(outcome, Outcome::Ended(Ended::Failed { .. })), "{outcome:?}");
    // The start itself takes 20 seconds; the spec alone would have waited three minutes more.
    assert!(clock.boot().saturating_sub(began) < Duration::from_secs(60));
}
