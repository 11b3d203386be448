//! What else the vendors do that nobody would expect, lived through by whole runs.

use fabrik::engine::RunOutcome;
use fabrik::engine::commands::CommandOutcome;
use fabrik::sandbox::World;

use super::crash::CrashPoint;
use super::invariants::at_rest;
use super::operation::{complete, rolled_back};
use super::scenario::{Made, Scenario};

async fn deployed(made: Made) -> Scenario {
    let scenario = Scenario::with(made, 1);
    let outcome = scenario.apply(&CrashPoint::default()).await;
    assert!(complete(&outcome), "{outcome:?}");
    scenario
}

#[tokio::test]
async fn a_token_that_sees_no_value_no_text_and_no_log_deploys_updates_and_undoes_all_the_same() {
    for made in [Made::Folder, Made::Image] {
        let scenario = Scenario::with(made, 1);
        scenario.sandbox.with_world(|world| world.coolify.sensitive = false).unwrap();
        for revise in [false, true] {
            if revise {
                scenario.revise();
            }
            let outcome = scenario.apply(&CrashPoint::default()).await;
            assert!(complete(&outcome), "{made:?}: {outcome:?}");
            at_rest(&scenario, "seen through a veil").await;
        }
        for _ in 0..2 {
            let outcome = scenario.roll_back_newest().await;
            assert!(rolled_back(&outcome), "{made:?}: {outcome:?}");
        }
        at_rest(&scenario, "undone through a veil").await;
        let world = scenario.sandbox.world();
        assert!(world.records.iter().all(|record| record.name != "blog.example.com"), "{made:?}");
    }
}

#[tokio::test]
async fn an_application_that_only_seems_to_have_exited_is_not_deleted_while_its_server_cannot_be_reached() {
    let scenario = deployed(Made::Image).await;
    let unreachable = |world: &mut World| {
        world.server.usable = false;
        for it in world.applications.iter_mut().filter(|it| it.description.is_some()) {
            "exited:unhealthy".clone_into(&mut it.status);
        }
    };
    scenario.sandbox.with_world(unreachable).unwrap();
    let CommandOutcome::Ended(RunOutcome::Failed { standing, .. }) = scenario.roll_back_newest().await else {
        panic!("it was destroyed")
    };
    assert!(format!("{standing:?}").contains("its server cannot be used now"), "{standing:?}");
    let world = scenario.sandbox.world();
    let ours = world.applications.iter().find(|it| it.description.is_some()).expect("it is still there");
    assert!(ours.container.is_some() && world.stray_containers.is_empty(), "{ours:?}");
    scenario.sandbox.with_world(|world| world.server.usable = true).unwrap();
    let outcome = scenario.roll_back_newest().await;
    assert!(rolled_back(&outcome), "{outcome:?}");
    at_rest(&scenario, "with its server back").await;
}

#[tokio::test]
async fn a_name_that_a_deleted_alias_still_holds_for_a_moment_only_costs_time() {
    let scenario = Scenario::new(1);
    let hold = |world: &mut World| {
        let until = world.time.boot_ms + 40_000;
        world.cloudflare.blocked.push(("blog.example.com".to_owned(), "CNAME".to_owned(), until));
    };
    scenario.sandbox.with_world(hold).unwrap();
    let outcome = scenario.apply(&CrashPoint::default()).await;
    assert!(complete(&outcome), "{outcome:?}");
    at_rest(&scenario, "after a name that was held").await;
}

#[tokio::test]
async fn a_variable_that_leaves_the_spec_is_deleted_because_a_bulk_deletes_nothing() {
    for made in [Made::Folder, Made::Image] {
        let scenario = deployed(made).await;
        scenario.revise();
        if made == Made::Folder {
            scenario.respec("COLOUR: blue", "SHAPE: round");
        }
        let outcome = scenario.apply(&CrashPoint::default()).await;
        assert!(complete(&outcome), "{outcome:?}");
        let world = scenario.sandbox.world();
        let services = world.services.iter().filter(|it| it.description.is_some()).flat_map(|it| &it.envs);
        let applications = world.applications.iter().filter(|it| it.description.is_some());
        let rows = services.chain(applications.flat_map(|it| &it.envs));
        let keys: Vec<&str> = rows.map(|row| row.key.as_str()).collect();
        assert!(keys.contains(&"SHAPE") && !keys.contains(&"COLOUR"), "{made:?}: {keys:?}");
    }
}
