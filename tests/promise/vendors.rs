//! What else the vendors do that nobody would expect, lived through by whole runs.

use fabrik::runner::Ended;
use fabrik::runner::desk::Outcome;
use fabrik::sandbox::World;

use super::crash::Fuse;
use super::deed::{complete, rolled_back};
use super::invariants::at_rest;
use super::scene::{Made, Scene};

async fn deployed(made: Made) -> Scene {
    let scene = Scene::with(made, 1);
    let outcome = scene.apply(&Fuse::default()).await;
    assert!(complete(&outcome), "{outcome:?}");
    scene
}

#[tokio::test]
async fn a_token_that_sees_no_value_no_text_and_no_log_deploys_updates_and_undoes_all_the_same() {
    for made in [Made::Folder, Made::Image] {
        let scene = Scene::with(made, 1);
        scene.sandbox.with_world(|world| world.coolify.sensitive = false).unwrap();
        for revise in [false, true] {
            if revise {
                scene.revise();
            }
            let outcome = scene.apply(&Fuse::default()).await;
            assert!(complete(&outcome), "{made:?}: {outcome:?}");
            at_rest(&scene, "seen through a veil").await;
        }
        for _ in 0..2 {
            let outcome = scene.roll_back_newest().await;
            assert!(rolled_back(&outcome), "{made:?}: {outcome:?}");
        }
        at_rest(&scene, "undone through a veil").await;
        let world = scene.sandbox.world();
        assert!(world.records.iter().all(|record| record.name != "blog.example.com"), "{made:?}");
    }
}

#[tokio::test]
async fn an_application_that_only_seems_to_have_exited_is_not_deleted_while_its_server_cannot_be_reached() {
    let scene = deployed(Made::Image).await;
    let unreachable = |world: &mut World| {
        world.server.usable = false;
        for it in world.applications.iter_mut().filter(|it| it.description.is_some()) {
            "exited:unhealthy".clone_into(&mut it.status);
        }
    };
    scene.sandbox.with_world(unreachable).unwrap();
    let Outcome::Ended(Ended::Failed { standing, .. }) = scene.roll_back_newest().await else {
        panic!("it was taken down")
    };
    assert!(format!("{standing:?}").contains("its server cannot be used now"), "{standing:?}");
    let world = scene.sandbox.world();
    let ours = world.applications.iter().find(|it| it.description.is_some()).expect("it is still there");
    assert!(ours.container.is_some() && world.stray_containers.is_empty(), "{ours:?}");
    scene.sandbox.with_world(|world| world.server.usable = true).unwrap();
    let outcome = scene.roll_back_newest().await;
    assert!(rolled_back(&outcome), "{outcome:?}");
    at_rest(&scene, "with its server back").await;
}

#[tokio::test]
async fn a_name_that_a_deleted_alias_still_holds_for_a_moment_only_costs_time() {
    let scene = Scene::new(1);
    let hold = |world: &mut World| {
        let until = world.time.boot_ms + 40_000;
        world.cloudflare.blocked.push(("blog.example.com".to_owned(), "CNAME".to_owned(), until));
    };
    scene.sandbox.with_world(hold).unwrap();
    let outcome = scene.apply(&Fuse::default()).await;
    assert!(complete(&outcome), "{outcome:?}");
    at_rest(&scene, "after a name that was held").await;
}

#[tokio::test]
async fn a_variable_that_leaves_the_spec_is_deleted_because_a_bulk_deletes_nothing() {
    for made in [Made::Folder, Made::Image] {
        let scene = deployed(made).await;
        scene.revise();
        if made == Made::Folder {
            scene.respec("COLOUR: blue", "SHAPE: round");
        }
        let outcome = scene.apply(&Fuse::default()).await;
        assert!(complete(&outcome), "{outcome:?}");
        let world = scene.sandbox.world();
        let services = world.services.iter().filter(|it| it.description.is_some()).flat_map(|it| &it.envs);
        let applications = world.applications.iter().filter(|it| it.description.is_some());
        let rows = services.chain(applications.flat_map(|it| &it.envs));
        let keys: Vec<&str> = rows.map(|row| row.key.as_str()).collect();
        assert!(keys.contains(&"SHAPE") && !keys.contains(&"COLOUR"), "{made:?}: {keys:?}");
    }
}
