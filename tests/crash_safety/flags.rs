//! What the flags of `apply` change.

use std::time::Duration;

use fabrik::engine::RunOutcome;
use fabrik::engine::commands::{CommandOutcome, Options};
use fabrik::sandbox::{Fault, ProxyKind};
use machine::entry::{JournalEntry, Proof};

use super::crash::CrashPoint;
use super::invariants::at_rest;
use super::scenario::{Scenario, options};

async fn apply(scenario: &Scenario, options: &Options) -> CommandOutcome {
    scenario.process(&CrashPoint::default()).apply(scenario.spec(), options).await
}

fn complete(outcome: &CommandOutcome) -> bool {
    matches!(outcome, CommandOutcome::Ended(RunOutcome::Complete { .. }))
}

/// A scene with a release whose app says nothing of itself, behind a proxy that does not say it either.
async fn silent() -> Scenario {
    let scenario = Scenario::new(1);
    scenario.respec(", fingerprint: {header: X-Fabrik-Release}", "");
    scenario.sandbox.with_world(|world| world.server.proxy = ProxyKind::Caddy).unwrap();
    let outcome = apply_silenced(&scenario, &options()).await;
    assert!(complete(&outcome), "{outcome:?}");
    assert_eq!(proof(&scenario).await, Proof::First);
    scenario
}

/// Applies the spec while no container ever writes a line.
async fn apply_silenced(scenario: &Scenario, options: &Options) -> CommandOutcome {
    let ports = scenario.silenced();
    let mut process = scenario.process(&CrashPoint::default());
    process.clients = process.clients.clone().through(&ports);
    process.ports = ports;
    process.apply(scenario.spec(), options).await
}

async fn proof(scenario: &Scenario) -> Proof {
    let run = scenario.finished().await.pop().unwrap();
    let lines = scenario.journal().load(&run).await.unwrap().lines;
    let Some(JournalEntry::Complete { verification: evidence }) = lines.last().map(|line| &line.entry) else {
        panic!("{lines:?}")
    };
    evidence.proof
}

#[tokio::test]
async fn without_a_fingerprint_a_release_is_complete_but_not_proven() {
    let scenario = silent().await;
    scenario.edit("second");
    let outcome = apply_silenced(&scenario, &options()).await;
    assert!(complete(&outcome), "{outcome:?}");
    assert_eq!(proof(&scenario).await, Proof::None);
}

#[tokio::test]
async fn where_proof_is_required_an_answer_alone_is_undone() {
    for by_the_spec in [false, true] {
        let scenario = silent().await;
        let before = scenario.sandbox.show();
        scenario.edit("second");
        if by_the_spec {
            scenario.respec("timeout: 3m", "timeout: 3m, proof: required");
        }
        let required = Options { require_proof: !by_the_spec, ..options() };
        let outcome = apply_silenced(&scenario, &required).await;
        assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::RolledBack { .. })), "{outcome:?}");
        assert_eq!(scenario.sandbox.show(), before);
    }
}

#[tokio::test]
async fn a_release_without_proof_is_never_unchanged_where_proof_is_required() {
    let scenario = silent().await;
    scenario.edit("second");
    apply_silenced(&scenario, &options()).await;
    let outcome = apply_silenced(&scenario, &options()).await;
    assert!(matches!(outcome, CommandOutcome::Unchanged { proof: Proof::None, .. }), "{outcome:?}");
    let required = Options { require_proof: true, ..options() };
    let outcome = apply_silenced(&scenario, &required).await;
    assert!(
        matches!(outcome, CommandOutcome::Ended(RunOutcome::RolledBack { .. })),
        "it is deployed again: {outcome:?}"
    );
    // By now it writes something, which shows that it was started.
    let outcome = apply(&scenario, &options()).await;
    assert!(matches!(outcome, CommandOutcome::Unchanged { proof: Proof::None, .. }), "{outcome:?}");
    scenario.sandbox.with_world(|world| world.server.proxy = ProxyKind::Traefik).unwrap();
    let outcome = apply(&scenario, &required).await;
    assert!(complete(&outcome), "{outcome:?}");
    assert_eq!(proof(&scenario).await, Proof::Fingerprint);
    let outcome = apply(&scenario, &required).await;
    assert!(matches!(outcome, CommandOutcome::Unchanged { .. }), "{outcome:?}");
}

#[tokio::test]
async fn force_starts_an_unchanged_app_anew() {
    let scenario = Scenario::new(1);
    apply(&scenario, &options()).await;
    let release = |scenario: &Scenario| {
        let world = scenario.sandbox.world();
        world.services.iter().find_map(|service| service.env("FABRIK_RELEASE")?.value.clone())
    };
    let first = release(&scenario);
    let outcome = apply(&scenario, &Options { force: true, ..options() }).await;
    assert!(complete(&outcome), "{outcome:?}");
    assert_ne!(release(&scenario), first);
    at_rest(&scenario, "after --force").await;
}

#[tokio::test]
async fn an_app_from_another_path_is_refused_unless_its_spec_was_moved() {
    let scenario = Scenario::new(1);
    apply(&scenario, &options()).await;
    let elsewhere = scenario.folder.path().join("moved.yaml");
    std::fs::rename(scenario.spec_path(), &elsewhere).unwrap();
    let spec = || fabrik::spec::Spec::read(&elsewhere).unwrap();
    let outcome = scenario.process(&CrashPoint::default()).apply(spec(), &options()).await;
    let CommandOutcome::Blockers(blockers) = &outcome else { panic!("{outcome:?}") };
    assert!(blockers[0].hint.contains("--moved"), "{blockers:?}");
    let writes = scenario.sandbox.world().log.writes.len();
    let moved = Options { moved: true, ..options() };
    let outcome = scenario.process(&CrashPoint::default()).apply(spec(), &moved).await;
    assert!(complete(&outcome), "{outcome:?}");
    assert_eq!(scenario.sandbox.world().log.writes.len(), writes, "moving a spec changes nothing outside");
    let outcome = scenario.process(&CrashPoint::default()).apply(spec(), &options()).await;
    assert!(matches!(outcome, CommandOutcome::Unchanged { .. }), "{outcome:?}");
    at_rest(&scenario, "after --moved").await;
}

#[tokio::test]
async fn the_given_timeout_bounds_how_long_a_sick_app_is_waited_for() {
    let scenario = Scenario::new(1);
    scenario.sandbox.with_world(|world| world.arm(Fault::Health, None)).unwrap();
    let clock = scenario.sandbox.ports().clock;
    let began = clock.boot();
    let leave = Options { timeout: Some(Duration::from_secs(30)), no_rollback: true, ..options() };
    let outcome = apply(&scenario, &leave).await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::Failed { .. })), "{outcome:?}");
    // The start itself takes 20 seconds; the spec alone would have waited three minutes more.
    assert!(clock.boot().saturating_sub(began) < Duration::from_secs(60));
}
