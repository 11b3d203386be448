//! Apps that follow a branch: what a head that does not build, or is never well, leaves behind.

use fabrik::engine::RunOutcome;
use fabrik::engine::commands::CommandOutcome;
use fabrik::sandbox::applications::Application;
use fabrik::sandbox::repository::Builds;
use fabrik::sandbox::{Fault, World};

use super::crash::CrashPoint;
use super::invariants::at_rest;
use super::operation::rolled_back;
use super::scenario::Scenario;

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
async fn pushed(builds: Builds) -> Scenario {
    let scenario = Scenario::new(1);
    scenario.write("blog.yaml", SPEC);
    push(&scenario, FIRST, Builds::Yes);
    let outcome = scenario.apply(&CrashPoint::default()).await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::Complete { .. })), "{outcome:?}");
    push(&scenario, SECOND, builds);
    scenario
}

fn push(scenario: &Scenario, commit: &str, builds: Builds) {
    scenario.sandbox.with_world(|world| world.access.repositories.push("main", commit, builds)).unwrap();
}

fn app(world: &World) -> &Application {
    world.applications.iter().find(|it| it.description.is_some()).expect("the app")
}

/// The commit that runs, the commit that is asked for, and how often it was deployed.
fn state(scenario: &Scenario) -> (Option<String>, String, usize) {
    let world = scenario.sandbox.world();
    let app = app(&world);
    let runs = app.container.as_ref().and_then(|container| container.commit.clone());
    (runs, app.text("git_commit_sha").to_owned(), world.deployments.len())
}

#[tokio::test]
async fn a_head_that_does_not_build_leaves_the_release_before_running_and_nothing_is_deployed_again() {
    let scenario = pushed(Builds::No).await;
    let outcome = scenario.apply(&CrashPoint::default()).await;
    let CommandOutcome::Ended(RunOutcome::RolledBack { cause, .. }) = &outcome else { panic!("{outcome:?}") };
    assert!(cause.message.contains("failed"), "{cause:?}");
    assert_eq!(state(&scenario), (Some(FIRST.to_owned()), "HEAD".to_owned(), 2));
    at_rest(&scenario, "a head that does not build").await;
    push(&scenario, "3333333333333333333333333333333333333333", Builds::Yes);
    let outcome = scenario.apply(&CrashPoint::default()).await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::Complete { .. })), "{outcome:?}");
    at_rest(&scenario, "the head after it").await;
}

#[tokio::test]
async fn a_head_that_builds_and_is_never_well_is_replaced_by_the_commit_of_the_release_before() {
    let scenario = pushed(Builds::Yes).await;
    scenario.arm(Fault::Health);
    let outcome = scenario.apply(&CrashPoint::default()).await;
    assert!(rolled_back(&outcome), "{outcome:?}");
    assert_eq!(state(&scenario), (Some(FIRST.to_owned()), "HEAD".to_owned(), 3));
    at_rest(&scenario, "a head that is never well").await;
}

#[tokio::test]
async fn a_finished_update_is_rolled_back_to_the_commit_of_the_release_before() {
    let scenario = pushed(Builds::Yes).await;
    let outcome = scenario.apply(&CrashPoint::default()).await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::Complete { .. })), "{outcome:?}");
    push(&scenario, "3333333333333333333333333333333333333333", Builds::No);
    let outcome = scenario.roll_back(&CrashPoint::default()).await;
    assert!(rolled_back(&outcome), "{outcome:?}");
    assert_eq!(state(&scenario), (Some(FIRST.to_owned()), "HEAD".to_owned(), 3));
    at_rest(&scenario, "an update that was rolled back").await;
}

#[tokio::test]
async fn a_crash_at_any_point_of_an_update_to_a_head_that_does_not_build_ends_at_the_release_before() {
    for undo in [false, true] {
        for point in 0.. {
            let (scenario, crash) = (pushed(Builds::No).await, CrashPoint::at(point));
            scenario.apply(&crash).await;
            let context = format!("a broken head crashed at {point} ({}), undo: {undo}", crash.fell());
            let calm = CrashPoint::default();
            let outcome = if undo { scenario.undo_open(&calm).await } else { scenario.resume(&calm).await };
            assert!(outcome.as_ref().is_none_or(rolled_back), "{context}: {outcome:?}");
            let (runs, wanted, _) = state(&scenario);
            assert_eq!((runs.as_deref(), wanted.as_str()), (Some(FIRST), "HEAD"), "{context}");
            at_rest(&scenario, &context).await;
            if crash.fell().is_empty() {
                break;
            }
        }
    }
}

#[tokio::test]
async fn an_image_that_cannot_be_pulled_is_rolled_back_without_another_deployment() {
    let scenario = Scenario::with(super::scenario::Made::Image, 1);
    scenario.apply(&CrashPoint::default()).await;
    scenario.revise();
    scenario.arm(Fault::Build);
    let outcome = scenario.apply(&CrashPoint::default()).await;
    assert!(rolled_back(&outcome), "{outcome:?}");
    assert_eq!(scenario.sandbox.world().deployments.len(), 2);
    at_rest(&scenario, "an image that cannot be pulled").await;
}

#[tokio::test]
async fn a_folder_that_does_not_build_is_rolled_back_without_another_start() {
    let scenario = Scenario::new(1);
    scenario.apply(&CrashPoint::default()).await;
    scenario.revise();
    scenario.arm(Fault::Build);
    let starts = |scenario: &Scenario| {
        let writes = scenario.sandbox.world().log.writes;
        writes.iter().filter(|write| write.path.contains("/deploy")).count()
    };
    let before = starts(&scenario);
    let outcome = scenario.apply(&CrashPoint::default()).await;
    assert!(rolled_back(&outcome), "{outcome:?}");
    assert_eq!(starts(&scenario), before + 1);
    at_rest(&scenario, "a folder that does not build").await;
}
