//! What is peculiar to applications at Coolify: answers that lie, deployments that fail, hang, vanish, or belong to
//! somebody else.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fabrik::engine::RunOutcome;
use fabrik::engine::commands::CommandOutcome;
use fabrik::engine::phase_error::Interruption;
use fabrik::sandbox::applications::{Application, Said};
use fabrik::sandbox::{Fault, HookVerdict, Point, RequestFault, Sandbox, Side, World};
use machine::cause::Cause;
use machine::receipt::Receipt;
use machine::replay::AnyDeployment;
use machine::step::Step;

use super::crash::CrashPoint;
use super::invariants::{always, at_rest};
use super::operation::complete;
use super::scenario::{Made, Scenario, options};

const TRIGGER: &str = "/deploy?";

async fn deployed(made: Made) -> Scenario {
    let scenario = Scenario::with(made, 1);
    let outcome = scenario.apply(&CrashPoint::default()).await;
    assert!(complete(&outcome), "{outcome:?}");
    at_rest(&scenario, "deployed").await;
    scenario
}

/// One with another version of its app to apply.
async fn revised(made: Made) -> Scenario {
    let scenario = deployed(made).await;
    scenario.revise();
    scenario
}

/// Applies the spec while somebody looks at each request ahead of it and may change the world.
async fn meddled(
    scenario: &Scenario,
    meddle: impl Fn(&Point, &Sandbox) + Send + Sync + 'static,
) -> CommandOutcome {
    let sandbox = scenario.sandbox.clone();
    let ports = scenario.sandbox.outside_with_hook(Arc::new(move |point: &Point| {
        if point.side == Side::Before {
            meddle(point, &sandbox);
        }
        HookVerdict::Go
    }));
    let mut process = scenario.process(&CrashPoint::default());
    process.clients = process.clients.clone().through(&ports);
    process.ports = ports;
    process.apply(scenario.spec(), &options()).await
}

/// Whether this is the first call of the kind; each call of it is counted.
fn nth(counter: &AtomicU32, point: &Point, path: &str) -> Option<u32> {
    let is_it = point.method == "POST" && point.path.contains(path);
    is_it.then(|| counter.fetch_add(1, Ordering::SeqCst))
}

fn ours(world: &World) -> &Application {
    world.applications.iter().find(|application| application.description.is_some()).expect("our application")
}

#[track_caller]
fn undone(outcome: CommandOutcome) -> Cause {
    match outcome {
        CommandOutcome::Ended(RunOutcome::RolledBack { cause, .. }) => cause,
        other => panic!("{other:?}"),
    }
}

async fn start_of_the_newest_run(scenario: &Scenario) -> Receipt {
    let run = scenario.finished().await.pop().expect("a finished run");
    let lines = scenario.journal().load(&run).await.unwrap().lines;
    let any = AnyDeployment::replay(&lines).unwrap();
    any.ledger().receipt(Step::Deploy).expect("a start").clone()
}

#[tokio::test]
async fn already_queued_with_a_uuid_that_leads_nowhere_is_the_deployment_that_is_queued() {
    let scenario = revised(Made::Image).await;
    let triggers = AtomicU32::new(0);
    let outcome = meddled(&scenario, move |point, sandbox| match nth(&triggers, point, TRIGGER) {
        // The first one seems lost, and takes effect just ahead of the second.
        Some(0) => sandbox.with_world(|world| world.at_write = Some((1, RequestFault::LostBefore))).unwrap(),
        Some(1) => {
            let uuid = ours(&sandbox.world()).uuid.clone();
            sandbox.stranger_deploys(&uuid).unwrap();
            sandbox
                .with_world(|world| world.deployments.iter_mut().for_each(|it| it.by_hand = false))
                .unwrap();
        }
        _ => {}
    })
    .await;
    assert!(complete(&outcome), "{outcome:?}");
    at_rest(&scenario, "already queued").await;
    let world = scenario.sandbox.world();
    assert_eq!(world.deployments.len(), 2, "{:?}", world.deployments);
    let start = start_of_the_newest_run(&scenario).await;
    assert_eq!(start.attributes["deployment"], world.deployments[1].uuid);
}

#[tokio::test]
async fn a_deployment_that_somebody_else_triggers_in_between_is_not_taken_for_ours() {
    let scenario = revised(Made::Image).await;
    let triggers = AtomicU32::new(0);
    let outcome = meddled(&scenario, move |point, sandbox| {
        if nth(&triggers, point, TRIGGER) == Some(0) {
            let uuid = ours(&sandbox.world()).uuid.clone();
            sandbox.stranger_deploys(&uuid).unwrap();
        }
    })
    .await;
    assert!(complete(&outcome), "{outcome:?}");
    at_rest(&scenario, "beside somebody else's deployment").await;
    let world = scenario.sandbox.world();
    let by_hand: Vec<bool> = world.deployments.iter().map(|deployment| deployment.by_hand).collect();
    assert_eq!(by_hand, [false, true, false]);
    let start = start_of_the_newest_run(&scenario).await;
    assert_eq!(start.attributes["deployment"], world.deployments[2].uuid);
}

#[tokio::test]
async fn a_full_queue_only_costs_time() {
    let scenario = revised(Made::Image).await;
    scenario.sandbox.with_world(|world| world.arm(Fault::QueueFull, Some(3))).unwrap();
    let began = scenario.sandbox.world().time.boot_ms;
    let outcome = scenario.apply(&CrashPoint::default()).await;
    assert!(complete(&outcome), "{outcome:?}");
    at_rest(&scenario, "after a full queue").await;
    let world = scenario.sandbox.world();
    assert_eq!(world.deployments.len(), 2);
    assert!(world.time.boot_ms >= began + 180_000, "Retry-After was not waited for");
}

#[tokio::test]
async fn a_deployment_that_vanishes_is_undone_with_a_word_about_what_to_do() {
    for scenario in [Scenario::with(Made::Image, 1), revised(Made::Image).await] {
        let before = scenario.sandbox.show();
        scenario.sandbox.with_world(|world| world.arm(Fault::DeploymentVanishes, None)).unwrap();
        let cause = undone(scenario.apply(&CrashPoint::default()).await);
        assert!(cause.message.contains("is gone from Coolify"), "{cause:?}");
        assert!(cause.hint.contains("then apply again"), "{cause:?}");
        assert_eq!(scenario.sandbox.show(), before);
        at_rest(&scenario, "after a deployment that vanished").await;
    }
}

#[tokio::test]
async fn a_deployment_that_never_ends_is_given_up_after_65_minutes_and_undone() {
    for scenario in [Scenario::with(Made::Git, 1), revised(Made::Git).await] {
        let before = scenario.sandbox.show();
        let began = scenario.sandbox.world().time.boot_ms;
        scenario.sandbox.with_world(|world| world.arm(Fault::DeploymentHangs, None)).unwrap();
        let cause = undone(scenario.apply(&CrashPoint::default()).await);
        assert!(cause.message.contains("did not end in 65 minutes"), "{cause:?}");
        let took = Duration::from_millis(scenario.sandbox.world().time.boot_ms - began);
        assert!(took > Duration::from_mins(65) && took < Duration::from_mins(75), "{took:?}");
        assert_eq!(scenario.sandbox.show(), before);
        at_rest(&scenario, "after a deployment that never ended").await;
    }
}

#[tokio::test]
async fn a_failed_build_shows_its_log_without_secrets_and_the_release_before_answers_again() {
    let scenario = revised(Made::Git).await;
    let before = scenario.sandbox.show();
    scenario.sandbox.with_world(|world| world.arm(Fault::Build, None)).unwrap();
    let outcome = meddled(&scenario, |_, sandbox| {
        let babble = |world: &mut World| {
            let at = world.time.wall;
            for failed in world.deployments.iter_mut().filter(|it| it.status == "failed") {
                let text = "ARG API_KEY=canary-value-of-the-key".to_owned();
                failed.log.push(Said { at, text, hidden: false, is_error: false });
            }
        };
        sandbox.with_world(babble).unwrap();
    })
    .await;
    let cause = undone(outcome);
    let log = cause.evidence.join("\n");
    assert!(log.contains("its build log ends") && log.contains("failed to solve"), "{log}");
    assert!(log.contains("API_KEY=***") && !log.contains("canary"), "{log}");
    let rows = scenario.journal().list(None).await.unwrap();
    let lines = scenario.journal().load(&rows.last().unwrap().run).await.unwrap().lines;
    assert!(!format!("{lines:?}").contains("canary"), "the journal has it");
    assert_eq!(scenario.sandbox.show(), before);
    at_rest(&scenario, "after a failed build").await;
}

#[tokio::test]
async fn a_token_that_may_not_see_the_build_log_is_told_so() {
    let scenario = Scenario::with(Made::Git, 1);
    scenario.sandbox.with_world(|world| world.coolify.sensitive = false).unwrap();
    scenario.sandbox.with_world(|world| world.arm(Fault::Build, None)).unwrap();
    let cause = undone(scenario.apply(&CrashPoint::default()).await);
    assert!(cause.message.ends_with("failed"), "{cause:?}");
    assert!(cause.evidence.join("\n").contains("give it read:sensitive"), "{cause:?}");
    at_rest(&scenario, "after a build nobody saw").await;
}

#[tokio::test]
async fn a_deployment_that_finished_and_then_crashes_is_caught_by_the_probe() {
    let scenario = Scenario::with(Made::Image, 1);
    let before = scenario.sandbox.show();
    let outcome = meddled(&scenario, |_, sandbox| {
        let crash = |world: &mut World| {
            for it in world.applications.iter_mut().filter(|it| it.description.is_some()) {
                it.container = None;
            }
        };
        sandbox.with_world(crash).unwrap();
    })
    .await;
    let cause = undone(outcome);
    assert!(cause.message.contains("its container does not stay up"), "{cause:?}");
    assert_eq!(scenario.sandbox.show(), before);
    at_rest(&scenario, "after a crash").await;
}

#[tokio::test]
async fn a_deployment_under_way_is_cancelled_before_its_application_is_deleted() {
    for point in 0.. {
        let (scenario, crash) = (Scenario::with(Made::Git, 1), CrashPoint::at(point));
        scenario.sandbox.with_world(|world| world.arm(Fault::DeploymentHangs, None)).unwrap();
        scenario.apply(&crash).await;
        assert!(!crash.fell().is_empty(), "no apply triggers a deployment");
        if !(crash.fell().starts_with("after POST") && crash.fell().contains(TRIGGER)) {
            continue;
        }
        scenario.undo_open(&CrashPoint::default()).await.expect("an open run");
        at_rest(&scenario, "cancelled").await;
        let world = scenario.sandbox.world();
        let position = |words: &str| world.log.writes.iter().position(|write| write.path.contains(words));
        let (cancelled, deleted) = (position("/cancel"), position("delete_volumes"));
        assert!(cancelled.is_some() && cancelled < deleted, "{:?}", world.log.writes);
        return;
    }
}

#[tokio::test]
async fn a_github_apps_create_in_doubt_is_settled_by_its_mark_after_its_longer_window() {
    let scenario = Scenario::with(Made::PrivateGit, 1);
    scenario.respec("git@git.example.com:acme/blog.git", "https://github.com/acme/blog");
    scenario.respec("deploy_key: deploy-key", "github_app: github-app");
    let creates = AtomicU32::new(0);
    let outcome = meddled(&scenario, move |point, sandbox| {
        if nth(&creates, point, "/private-github-app") == Some(0) {
            let late = RequestFault::Late { after_ms: 170_000 };
            sandbox.with_world(|world| world.at_write = Some((1, late))).unwrap();
        }
    })
    .await;
    assert!(complete(&outcome), "{outcome:?}");
    at_rest(&scenario, "after a create in doubt").await;
    let writes = scenario.sandbox.world().log.writes;
    let creates = writes.iter().filter(|write| write.path.ends_with("/private-github-app"));
    assert_eq!(creates.count(), 1, "it was made by the first one, late");
}

#[tokio::test]
async fn a_deployment_that_another_teams_token_does_not_see_is_not_taken_for_gone() {
    let scenario = revised(Made::Image).await;
    let swapped = AtomicU32::new(0);
    let outcome = meddled(&scenario, move |point, sandbox| {
        let follows = point.method == "GET" && point.path.contains("/deployments/");
        if follows && !point.path.contains("applications") && swapped.fetch_add(1, Ordering::SeqCst) == 0 {
            sandbox.with_world(|world| world.arm(Fault::TeamSwap, None)).unwrap();
        }
    })
    .await;
    let CommandOutcome::Ended(RunOutcome::Parked { stop: Interruption::Parked { .. }, .. }) = outcome else {
        panic!("{outcome:?}")
    };
    always(&scenario, "under another team").await;
    scenario.sandbox.with_world(|world| world.arm(Fault::TeamSwap, None)).unwrap();
    let outcome = scenario.resume(&CrashPoint::default()).await.expect("an open run");
    assert!(complete(&outcome), "{outcome:?}");
    at_rest(&scenario, "under its own team again").await;
}

#[tokio::test]
async fn an_application_that_somebody_changed_since_is_not_put_back_over_their_change() {
    let scenario = revised(Made::Image).await;
    let outcome = scenario.apply(&CrashPoint::default()).await;
    assert!(complete(&outcome), "{outcome:?}");
    let edit = |world: &mut World| {
        let ours = world.applications.iter_mut().find(|it| it.description.is_some()).unwrap();
        ours.columns.insert("limits_memory".to_owned(), "1G".into());
    };
    scenario.sandbox.with_world(edit).unwrap();
    let before = scenario.sandbox.show();
    let outcome = scenario.roll_back_newest().await;
    let CommandOutcome::Ended(RunOutcome::Failed { standing, .. }) = outcome else { panic!("{outcome:?}") };
    assert!(format!("{standing:?}").contains("its memory was changed by somebody else"), "{standing:?}");
    assert_eq!(scenario.sandbox.show(), before);
}

#[tokio::test]
async fn a_restore_that_fails_to_build_is_left_standing_and_named_and_can_be_tried_again() {
    let scenario = revised(Made::Git).await;
    // What a finished release has written stays, and so do the copies that Coolify makes for previews.
    let app = |scenario: &Scenario| {
        let shown = scenario.sandbox.show();
        let lines = shown.lines().take_while(|line| !line.starts_with("volumes:"));
        lines.filter(|line| !line.ends_with(" preview")).map(str::to_owned).collect::<Vec<_>>()
    };
    let before = app(&scenario);
    let outcome = scenario.apply(&CrashPoint::default()).await;
    assert!(complete(&outcome), "{outcome:?}");
    // It is tried once more before it is given up.
    scenario.sandbox.with_world(|world| world.arm(Fault::Build, Some(2))).unwrap();
    let outcome = scenario.roll_back_newest().await;
    let CommandOutcome::Ended(RunOutcome::Failed { standing, .. }) = outcome else { panic!("{outcome:?}") };
    assert!(format!("{standing:?}").contains("restored, but its deployment"), "{standing:?}");
    undone(scenario.roll_back_newest().await);
    assert_eq!(app(&scenario), before);
    at_rest(&scenario, "restored at the second try").await;
}

#[tokio::test]
async fn an_image_without_a_domain_is_proven_by_its_log_and_undone_where_it_does_not_stay_up() {
    let scenario = Scenario::with(Made::Image, 1);
    scenario.respec("domain: blog.example.com\nport: 8000\n", "");
    scenario.respec("health: {path: /health, timeout: 3m, fingerprint: {header: X-Fabrik-Release}}\n", "");
    let outcome = scenario.apply(&CrashPoint::default()).await;
    assert!(complete(&outcome), "{outcome:?}");
    at_rest(&scenario, "a worker").await;
    let before = scenario.sandbox.show();
    scenario.respec(":1.0", ":1.1");
    let outcome = meddled(&scenario, |_, sandbox| {
        let crash = |world: &mut World| {
            for it in world.applications.iter_mut().filter(|it| it.text("docker_registry_image_tag") == "1.1")
            {
                it.container = None;
            }
        };
        sandbox.with_world(crash).unwrap();
    })
    .await;
    let cause = undone(outcome);
    assert!(cause.message.contains("does not stay up"), "{cause:?}");
    assert_eq!(scenario.sandbox.show(), before);
    at_rest(&scenario, "a worker that crashed").await;
}
