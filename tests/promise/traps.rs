//! What is peculiar to applications at Coolify: answers that lie, deployments that fail, hang, vanish, or belong to
//! somebody else.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fabrik::runner::Ended;
use fabrik::runner::desk::Outcome;
use fabrik::runner::halt::Stop;
use fabrik::sandbox::applications::{Application, Said};
use fabrik::sandbox::{Fault, Mishap, Point, Sandbox, Side, Verdict, World};
use machine::cause::Cause;
use machine::receipt::Receipt;
use machine::replay::AnyDeployment;
use machine::step::Step;

use super::crash::Fuse;
use super::deed::complete;
use super::invariants::{always, at_rest};
use super::scene::{Made, Scene, options};

const TRIGGER: &str = "/deploy?";

async fn deployed(made: Made) -> Scene {
    let scene = Scene::with(made, 1);
    let outcome = scene.apply(&Fuse::default()).await;
    assert!(complete(&outcome), "{outcome:?}");
    at_rest(&scene, "deployed").await;
    scene
}

/// One with another version of its app to apply.
async fn revised(made: Made) -> Scene {
    let scene = deployed(made).await;
    scene.revise();
    scene
}

/// Applies the spec while somebody looks at each request ahead of it and may change the world.
async fn meddled(scene: &Scene, meddle: impl Fn(&Point, &Sandbox) + Send + Sync + 'static) -> Outcome {
    let sandbox = scene.sandbox.clone();
    let outside = scene.sandbox.outside_with_hook(Arc::new(move |point: &Point| {
        if point.side == Side::Before {
            meddle(point, &sandbox);
        }
        Verdict::Go
    }));
    let mut process = scene.process(&Fuse::default());
    process.vendors = process.vendors.clone().through(&outside);
    process.outside = outside;
    process.apply(scene.spec(), &options()).await
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
fn undone(outcome: Outcome) -> Cause {
    match outcome {
        Outcome::Ended(Ended::RolledBack { cause, .. }) => cause,
        other => panic!("{other:?}"),
    }
}

async fn start_of_the_newest_run(scene: &Scene) -> Receipt {
    let run = scene.finished().await.pop().expect("a finished run");
    let lines = scene.journal().load(&run).await.unwrap().lines;
    let any = AnyDeployment::replay(&lines).unwrap();
    any.ledger().receipt(Step::Deploy).expect("a start").clone()
}

#[tokio::test]
async fn already_queued_with_a_uuid_that_leads_nowhere_is_the_deployment_that_is_queued() {
    let scene = revised(Made::Image).await;
    let triggers = AtomicU32::new(0);
    let outcome = meddled(&scene, move |point, sandbox| match nth(&triggers, point, TRIGGER) {
        // The first one seems lost, and takes effect just ahead of the second.
        Some(0) => sandbox.with_world(|world| world.at_write = Some((1, Mishap::LostBefore))).unwrap(),
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
    at_rest(&scene, "already queued").await;
    let world = scene.sandbox.world();
    assert_eq!(world.deployments.len(), 2, "{:?}", world.deployments);
    let start = start_of_the_newest_run(&scene).await;
    assert_eq!(start.attributes["deployment"], world.deployments[1].uuid);
}

#[tokio::test]
async fn a_deployment_that_somebody_else_triggers_in_between_is_not_taken_for_ours() {
    let scene = revised(Made::Image).await;
    let triggers = AtomicU32::new(0);
    let outcome = meddled(&scene, move |point, sandbox| {
        if nth(&triggers, point, TRIGGER) == Some(0) {
            let uuid = ours(&sandbox.world()).uuid.clone();
            sandbox.stranger_deploys(&uuid).unwrap();
        }
    })
    .await;
    assert!(complete(&outcome), "{outcome:?}");
    at_rest(&scene, "beside somebody else's deployment").await;
    let world = scene.sandbox.world();
    let by_hand: Vec<bool> = world.deployments.iter().map(|deployment| deployment.by_hand).collect();
    assert_eq!(by_hand, [false, true, false]);
    let start = start_of_the_newest_run(&scene).await;
    assert_eq!(start.attributes["deployment"], world.deployments[2].uuid);
}

#[tokio::test]
async fn a_full_queue_only_costs_time() {
    let scene = revised(Made::Image).await;
    scene.sandbox.with_world(|world| world.arm(Fault::QueueFull, Some(3))).unwrap();
    let began = scene.sandbox.world().time.boot_ms;
    let outcome = scene.apply(&Fuse::default()).await;
    assert!(complete(&outcome), "{outcome:?}");
    at_rest(&scene, "after a full queue").await;
    let world = scene.sandbox.world();
    assert_eq!(world.deployments.len(), 2);
    assert!(world.time.boot_ms >= began + 180_000, "Retry-After was not waited for");
}

#[tokio::test]
async fn a_deployment_that_vanishes_is_undone_with_a_word_about_what_to_do() {
    for scene in [Scene::with(Made::Image, 1), revised(Made::Image).await] {
        let before = scene.sandbox.show();
        scene.sandbox.with_world(|world| world.arm(Fault::DeploymentVanishes, None)).unwrap();
        let cause = undone(scene.apply(&Fuse::default()).await);
        assert!(cause.message.contains("is gone from Coolify"), "{cause:?}");
        assert!(cause.hint.contains("then apply again"), "{cause:?}");
        assert_eq!(scene.sandbox.show(), before);
        at_rest(&scene, "after a deployment that vanished").await;
    }
}

#[tokio::test]
async fn a_deployment_that_never_ends_is_given_up_after_65_minutes_and_undone() {
    for scene in [Scene::with(Made::Git, 1), revised(Made::Git).await] {
        let before = scene.sandbox.show();
        let began = scene.sandbox.world().time.boot_ms;
        scene.sandbox.with_world(|world| world.arm(Fault::DeploymentHangs, None)).unwrap();
        let cause = undone(scene.apply(&Fuse::default()).await);
        assert!(cause.message.contains("did not end in 65 minutes"), "{cause:?}");
        let took = Duration::from_millis(scene.sandbox.world().time.boot_ms - began);
        assert!(took > Duration::from_mins(65) && took < Duration::from_mins(75), "{took:?}");
        assert_eq!(scene.sandbox.show(), before);
        at_rest(&scene, "after a deployment that never ended").await;
    }
}

#[tokio::test]
async fn a_failed_build_shows_its_log_without_secrets_and_the_release_before_answers_again() {
    let scene = revised(Made::Git).await;
    let before = scene.sandbox.show();
    scene.sandbox.with_world(|world| world.arm(Fault::Build, None)).unwrap();
    let outcome = meddled(&scene, |_, sandbox| {
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
    let rows = scene.journal().list(None).await.unwrap();
    let lines = scene.journal().load(&rows.last().unwrap().run).await.unwrap().lines;
    assert!(!format!("{lines:?}").contains("canary"), "the journal has it");
    assert_eq!(scene.sandbox.show(), before);
    at_rest(&scene, "after a failed build").await;
}

#[tokio::test]
async fn a_token_that_may_not_see_the_build_log_is_told_so() {
    let scene = Scene::with(Made::Git, 1);
    scene.sandbox.with_world(|world| world.coolify.sensitive = false).unwrap();
    scene.sandbox.with_world(|world| world.arm(Fault::Build, None)).unwrap();
    let cause = undone(scene.apply(&Fuse::default()).await);
    assert!(cause.message.ends_with("failed"), "{cause:?}");
    assert!(cause.evidence.join("\n").contains("give it read:sensitive"), "{cause:?}");
    at_rest(&scene, "after a build nobody saw").await;
}

#[tokio::test]
async fn a_deployment_that_finished_and_then_crashes_is_caught_by_the_probe() {
    let scene = Scene::with(Made::Image, 1);
    let before = scene.sandbox.show();
    let outcome = meddled(&scene, |_, sandbox| {
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
    assert_eq!(scene.sandbox.show(), before);
    at_rest(&scene, "after a crash").await;
}

#[tokio::test]
async fn a_deployment_under_way_is_cancelled_before_its_application_is_deleted() {
    for point in 0.. {
        let (scene, fuse) = (Scene::with(Made::Git, 1), Fuse::at(point));
        scene.sandbox.with_world(|world| world.arm(Fault::DeploymentHangs, None)).unwrap();
        scene.apply(&fuse).await;
        assert!(!fuse.fell().is_empty(), "no apply triggers a deployment");
        if !(fuse.fell().starts_with("after POST") && fuse.fell().contains(TRIGGER)) {
            continue;
        }
        scene.undo_open(&Fuse::default()).await.expect("an open run");
        at_rest(&scene, "cancelled").await;
        let world = scene.sandbox.world();
        let position = |words: &str| world.log.writes.iter().position(|write| write.path.contains(words));
        let (cancelled, deleted) = (position("/cancel"), position("delete_volumes"));
        assert!(cancelled.is_some() && cancelled < deleted, "{:?}", world.log.writes);
        return;
    }
}

#[tokio::test]
async fn a_github_apps_create_in_doubt_is_settled_by_its_mark_after_its_longer_window() {
    let scene = Scene::with(Made::PrivateGit, 1);
    scene.respec("git@git.example.com:acme/blog.git", "https://github.com/acme/blog");
    scene.respec("deploy_key: deploy-key", "github_app: github-app");
    let creates = AtomicU32::new(0);
    let outcome = meddled(&scene, move |point, sandbox| {
        if nth(&creates, point, "/private-github-app") == Some(0) {
            let late = Mishap::Late { after_ms: 170_000 };
            sandbox.with_world(|world| world.at_write = Some((1, late))).unwrap();
        }
    })
    .await;
    assert!(complete(&outcome), "{outcome:?}");
    at_rest(&scene, "after a create in doubt").await;
    let writes = scene.sandbox.world().log.writes;
    let creates = writes.iter().filter(|write| write.path.ends_with("/private-github-app"));
    assert_eq!(creates.count(), 1, "it was made by the first one, late");
}

#[tokio::test]
async fn a_deployment_that_another_teams_token_does_not_see_is_not_taken_for_gone() {
    let scene = revised(Made::Image).await;
    let swapped = AtomicU32::new(0);
    let outcome = meddled(&scene, move |point, sandbox| {
        let follows = point.method == "GET" && point.path.contains("/deployments/");
        if follows && !point.path.contains("applications") && swapped.fetch_add(1, Ordering::SeqCst) == 0 {
            sandbox.with_world(|world| world.arm(Fault::TeamSwap, None)).unwrap();
        }
    })
    .await;
    let Outcome::Ended(Ended::Parked { stop: Stop::Parked { .. }, .. }) = outcome else {
        panic!("{outcome:?}")
    };
    always(&scene, "under another team").await;
    scene.sandbox.with_world(|world| world.arm(Fault::TeamSwap, None)).unwrap();
    let outcome = scene.resume(&Fuse::default()).await.expect("an open run");
    assert!(complete(&outcome), "{outcome:?}");
    at_rest(&scene, "under its own team again").await;
}

#[tokio::test]
async fn an_application_that_somebody_changed_since_is_not_put_back_over_their_change() {
    let scene = revised(Made::Image).await;
    let outcome = scene.apply(&Fuse::default()).await;
    assert!(complete(&outcome), "{outcome:?}");
    let edit = |world: &mut World| {
        let ours = world.applications.iter_mut().find(|it| it.description.is_some()).unwrap();
        ours.columns.insert("limits_memory".to_owned(), "1G".into());
    };
    scene.sandbox.with_world(edit).unwrap();
    let before = scene.sandbox.show();
    let outcome = scene.roll_back_newest().await;
    let Outcome::Ended(Ended::Failed { standing, .. }) = outcome else { panic!("{outcome:?}") };
    assert!(format!("{standing:?}").contains("its memory was changed by somebody else"), "{standing:?}");
    assert_eq!(scene.sandbox.show(), before);
}

#[tokio::test]
async fn a_restore_that_fails_to_build_is_left_standing_and_named_and_can_be_tried_again() {
    let scene = revised(Made::Git).await;
    // What a finished release has written stays, and so do the copies that Coolify makes for previews.
    let app = |scene: &Scene| {
        let shown = scene.sandbox.show();
        let lines = shown.lines().take_while(|line| !line.starts_with("volumes:"));
        lines.filter(|line| !line.ends_with(" preview")).map(str::to_owned).collect::<Vec<_>>()
    };
    let before = app(&scene);
    let outcome = scene.apply(&Fuse::default()).await;
    assert!(complete(&outcome), "{outcome:?}");
    // It is tried once more before it is given up.
    scene.sandbox.with_world(|world| world.arm(Fault::Build, Some(2))).unwrap();
    let outcome = scene.roll_back_newest().await;
    let Outcome::Ended(Ended::Failed { standing, .. }) = outcome else { panic!("{outcome:?}") };
    assert!(format!("{standing:?}").contains("restored, but its deployment"), "{standing:?}");
    undone(scene.roll_back_newest().await);
    assert_eq!(app(&scene), before);
    at_rest(&scene, "restored at the second try").await;
}

#[tokio::test]
async fn an_image_without_a_domain_is_proven_by_its_log_and_undone_where_it_does_not_stay_up() {
    let scene = Scene::with(Made::Image, 1);
    scene.respec("domain: blog.example.com\nport: 8000\n", "");
    scene.respec("health: {path: /health, timeout: 3m, fingerprint: {header: X-Fabrik-Release}}\n", "");
    let outcome = scene.apply(&Fuse::default()).await;
    assert!(complete(&outcome), "{outcome:?}");
    at_rest(&scene, "a worker").await;
    let before = scene.sandbox.show();
    scene.respec(":1.0", ":1.1");
    let outcome = meddled(&scene, |_, sandbox| {
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
    assert_eq!(scene.sandbox.show(), before);
    at_rest(&scene, "a worker that crashed").await;
}
