//! Apps that follow a branch: what a head that does not build, or is never well, leaves behind.

use fabrik::runner::Ended;
use fabrik::runner::desk::Outcome;
use fabrik::sandbox::applications::Application;
use fabrik::sandbox::repository::Builds;
use fabrik::sandbox::{Fault, World};

use super::crash::Fuse;
use super::deed::rolled_back;
use super::invariants::at_rest;
use super::scene::Scene;

const SPEC: &str = "name: blog
git: {repository: https://github.com/acme/blog, branch: main}
domain: blog.example.com
port: 8000
health: {path: /health, timeout: 3m}
env: {COLOUR: blue}
secrets: {required: [API_KEY]}
";

const FIRST: &str = "1111111111111111111111111111111111111111";
const SECOND: &str = "2222222222222222222222222222222222222222";

/// A finished release of the first commit, after which somebody pushed a second one.
async fn pushed(builds: Builds) -> Scene {
    let scene = Scene::new(1);
    scene.write("blog.yaml", SPEC);
    push(&scene, FIRST, Builds::Yes);
    let outcome = scene.apply(&Fuse::default()).await;
    assert!(matches!(outcome, Outcome::Ended(Ended::Complete { .. })), "{outcome:?}");
    push(&scene, SECOND, builds);
    scene
}

fn push(scene: &Scene, commit: &str, builds: Builds) {
    scene.sandbox.with_world(|world| world.access.repositories.push("main", commit, builds)).unwrap();
}

fn app(world: &World) -> &Application {
    world.applications.iter().find(|it| it.description.is_some()).expect("the app")
}

/// The commit that runs, the commit that is asked for, and how often it was deployed.
fn state(scene: &Scene) -> (Option<String>, String, usize) {
    let world = scene.sandbox.world();
    let app = app(&world);
    let runs = app.container.as_ref().and_then(|container| container.commit.clone());
    (runs, app.text("git_commit_sha").to_owned(), world.deployments.len())
}

#[tokio::test]
async fn a_head_that_does_not_build_leaves_the_release_before_running_and_nothing_is_deployed_again() {
    let scene = pushed(Builds::No).await;
    let outcome = scene.apply(&Fuse::default()).await;
    let Outcome::Ended(Ended::RolledBack { cause, .. }) = &outcome else { panic!("{outcome:?}") };
    assert!(cause.message.contains("failed"), "{cause:?}");
    assert_eq!(state(&scene), (Some(FIRST.to_owned()), "HEAD".to_owned(), 2));
    at_rest(&scene, "a head that does not build").await;
    push(&scene, "3333333333333333333333333333333333333333", Builds::Yes);
    let outcome = scene.apply(&Fuse::default()).await;
    assert!(matches!(outcome, Outcome::Ended(Ended::Complete { .. })), "{outcome:?}");
    at_rest(&scene, "the head after it").await;
}

#[tokio::test]
async fn a_head_that_builds_and_is_never_well_is_replaced_by_the_commit_of_the_release_before() {
    let scene = pushed(Builds::Yes).await;
    scene.arm(Fault::Health);
    let outcome = scene.apply(&Fuse::default()).await;
    assert!(rolled_back(&outcome), "{outcome:?}");
    assert_eq!(state(&scene), (Some(FIRST.to_owned()), "HEAD".to_owned(), 3));
    at_rest(&scene, "a head that is never well").await;
}

#[tokio::test]
async fn a_finished_update_is_rolled_back_to_the_commit_of_the_release_before() {
    let scene = pushed(Builds::Yes).await;
    let outcome = scene.apply(&Fuse::default()).await;
    assert!(matches!(outcome, Outcome::Ended(Ended::Complete { .. })), "{outcome:?}");
    push(&scene, "3333333333333333333333333333333333333333", Builds::No);
    let outcome = scene.roll_back(&Fuse::default()).await;
    assert!(rolled_back(&outcome), "{outcome:?}");
    assert_eq!(state(&scene), (Some(FIRST.to_owned()), "HEAD".to_owned(), 3));
    at_rest(&scene, "an update that was rolled back").await;
}

#[tokio::test]
async fn a_crash_at_any_point_of_an_update_to_a_head_that_does_not_build_ends_at_the_release_before() {
    for undo in [false, true] {
        for point in 0.. {
            let (scene, fuse) = (pushed(Builds::No).await, Fuse::at(point));
            scene.apply(&fuse).await;
            let context = format!("a broken head crashed at {point} ({}), undo: {undo}", fuse.fell());
            let calm = Fuse::default();
            let outcome = if undo { scene.undo_open(&calm).await } else { scene.resume(&calm).await };
            assert!(outcome.as_ref().is_none_or(rolled_back), "{context}: {outcome:?}");
            let (runs, wanted, _) = state(&scene);
            assert_eq!((runs.as_deref(), wanted.as_str()), (Some(FIRST), "HEAD"), "{context}");
            at_rest(&scene, &context).await;
            if fuse.fell().is_empty() {
                break;
            }
        }
    }
}

#[tokio::test]
async fn an_image_that_cannot_be_pulled_is_rolled_back_without_another_deployment() {
    let scene = Scene::with(super::scene::Made::Image, 1);
    scene.apply(&Fuse::default()).await;
    scene.revise();
    scene.arm(Fault::Build);
    let outcome = scene.apply(&Fuse::default()).await;
    assert!(rolled_back(&outcome), "{outcome:?}");
    assert_eq!(scene.sandbox.world().deployments.len(), 2);
    at_rest(&scene, "an image that cannot be pulled").await;
}

#[tokio::test]
async fn a_folder_that_does_not_build_is_rolled_back_without_another_start() {
    let scene = Scene::new(1);
    scene.apply(&Fuse::default()).await;
    scene.revise();
    scene.arm(Fault::Build);
    let starts = |scene: &Scene| {
        let writes = scene.sandbox.world().log.writes;
        writes.iter().filter(|write| write.path.contains("/deploy")).count()
    };
    let before = starts(&scene);
    let outcome = scene.apply(&Fuse::default()).await;
    assert!(rolled_back(&outcome), "{outcome:?}");
    assert_eq!(starts(&scene), before + 1);
    at_rest(&scene, "a folder that does not build").await;
}
