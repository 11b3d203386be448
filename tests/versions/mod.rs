//! Older Coolifys: those that Fabrik works with do all it needs, those before 4.0.0 are refused by name.

mod simulated;

use std::sync::{Arc, Mutex};

use fabrik::engine::RunOutcome;
use fabrik::engine::commands::CommandOutcome;
use fabrik::providers::coolify::Resource;
use fabrik::providers::coolify::lifecycle::ContainerState;
use fabrik::sandbox::{Fault, HookVerdict, Sandbox};

use crate::cli::fixture::CliFixture;
use crate::crash_safety::crash::CrashPoint;
use crate::crash_safety::invariants::at_rest;
use crate::crash_safety::scenario::{Scenario, options};

/// The first and the newest of each line that differs in what Fabrik asks.
const WORKED_WITH: [&str; 5] = ["4.0.0", "4.1.0", "4.1.2", "4.2.0", "4.3.11"];
const TOO_OLD: [&str; 3] = ["3.12.36", "4.0.0-beta.463", "4.0.0-beta.474"];

/// Makes the simulated Coolify one of this version.
fn be(sandbox: &Sandbox, version: &str) {
    sandbox.with_world(|world| version.clone_into(&mut world.coolify.version)).unwrap();
}

fn scene_with(version: &str) -> Scenario {
    let scenario = Scenario::new(1);
    be(&scenario.sandbox, version);
    scenario
}

fn break_the_next_build(scenario: &Scenario) {
    scenario.sandbox.with_world(|world| world.arm(Fault::Build, Some(1))).unwrap();
}

async fn applies(scenario: &Scenario, context: &str) {
    let outcome = scenario.apply(&CrashPoint::default()).await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::Complete { .. })), "{context}: {outcome:?}");
    at_rest(scenario, context).await;
}

#[tokio::test]
async fn each_version_deploys_updates_undoes_a_failed_update_and_rolls_back() {
    for version in WORKED_WITH {
        let scenario = scene_with(version);
        applies(&scenario, version).await;
        let first = scenario.sandbox.show();
        scenario.edit("second");
        applies(&scenario, version).await;

        let second = scenario.sandbox.show();
        scenario.edit("one that does not build");
        break_the_next_build(&scenario);
        let outcome = scenario.apply(&CrashPoint::default()).await;
        assert!(
            matches!(outcome, CommandOutcome::Ended(RunOutcome::RolledBack { .. })),
            "{version}: {outcome:?}"
        );
        assert_eq!(scenario.sandbox.show(), second, "{version}");

        let outcome = scenario.roll_back(&CrashPoint::default()).await;
        assert!(
            matches!(outcome, CommandOutcome::Ended(RunOutcome::RolledBack { .. })),
            "{version}: {outcome:?}"
        );
        assert_eq!(scenario.sandbox.show(), first, "{version}");
        at_rest(&scenario, version).await;
    }
}

#[tokio::test]
async fn a_first_deployment_that_fails_leaves_only_the_strangers_at_each_version() {
    for version in WORKED_WITH {
        let scenario = scene_with(version);
        let before = scenario.sandbox.show();
        break_the_next_build(&scenario);
        let outcome = scenario.apply(&CrashPoint::default()).await;
        let CommandOutcome::Ended(RunOutcome::RolledBack { cause, .. }) = outcome else {
            panic!("{version}: {outcome:?}")
        };
        assert_eq!(scenario.sandbox.show(), before, "{version}");
        let told = format!("{} {}", cause.message, cause.evidence.join(" "));
        let is_seen = version.starts_with("4.2") || version.starts_with("4.3");
        assert_eq!(told.contains("there is no container"), is_seen, "{version}: {told}");
        assert_eq!(told.contains("does not give service logs"), !is_seen, "{version}: {told}");
    }
}

#[tokio::test]
async fn a_version_without_service_logs_is_never_asked_for_one() {
    for (version, asks) in [("4.1.2", false), ("4.2.0", true)] {
        let scenario = scene_with(version);
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = asked.clone();
        let ports = scenario.sandbox.outside_with_hook(Arc::new(move |point| {
            seen.lock().unwrap().push(point.path.clone());
            HookVerdict::Go
        }));
        let mut process = scenario.process(&CrashPoint::default());
        process.clients = process.clients.clone().through(&ports);
        process.ports = ports;
        let outcome = process.apply(scenario.spec(), &options()).await;
        assert!(
            matches!(outcome, CommandOutcome::Ended(RunOutcome::Complete { .. })),
            "{version}: {outcome:?}"
        );
        let asked = asked.lock().unwrap();
        assert_eq!(asked.iter().any(|path| path.contains("/logs")), asks, "{version}: {asked:?}");
    }
}

#[tokio::test]
async fn a_container_that_cannot_be_asked_for_is_not_taken_for_none() {
    let scenario = scene_with("4.1.2");
    applies(&scenario, "4.1.2").await;
    let coolify = scenario.process(&CrashPoint::default()).clients.coolify.clone();
    let world = scenario.sandbox.world();
    let app = world.services.iter().find(|service| service.description.is_some()).unwrap();
    let container = coolify.container(Resource::Service(&app.uuid), "app", 1).await.unwrap();
    assert_eq!(container, ContainerState::Unknown("Coolify 4.1 does not give service logs".to_owned()));
}

#[tokio::test]
async fn what_is_too_old_is_refused_by_name_before_anything_is_written() {
    for version in TOO_OLD {
        let scenario = scene_with(version);
        let outcome = scenario.apply(&CrashPoint::default()).await;
        let told = match outcome {
            CommandOutcome::Ended(RunOutcome::Refused { cause, .. }) => cause.message,
            CommandOutcome::Blockers(blockers) => blockers[0].message.clone(),
            other => panic!("{version}: {other:?}"),
        };
        assert_eq!(told, format!("Coolify {version}: this version of Fabrik needs Coolify 4.0.0 or newer"));
        assert!(scenario.sandbox.world().log.writes.is_empty(), "{version}");
    }
}

#[test]
fn what_is_too_old_ends_with_two() {
    for version in TOO_OLD {
        let house = CliFixture::with_app();
        be(&Sandbox::open(&house.sandbox()).unwrap(), version);
        house.apply().ends(2).says(&format!("Coolify {version}")).says("needs Coolify 4.0.0 or newer");
    }
}
