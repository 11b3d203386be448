//! Apps without a domain: proved by what their container writes.

use fabrik::runner::Ended;
use fabrik::runner::desk::{Options, Outcome};
use fabrik::sandbox::Fault;
use machine::entry::Proof;
use machine::replay::AnyDeployment;

use super::crash::Fuse;
use super::invariants::at_rest;
use super::scene::{Scene, options};

const TEMPLATE: &str = "name: blog\ntemplate: worker\nhealth: {timeout: 3m}\n";
const FOLDER: &str = "name: blog\nfolder: ./blog\n";
const COMPOSE: &str = "name: blog\ncompose: ./compose.yaml\n";
const TEXT: &str = "services:\n  worker: {image: 'ghcr.io/acme/worker:1'}\n";

/// One worker of each kind, and how its next version is made.
fn workers() -> Vec<(&'static str, Scene)> {
    [TEMPLATE, FOLDER, COMPOSE]
        .into_iter()
        .map(|spec| {
            let scene = Scene::of(spec, TEXT);
            std::fs::create_dir(scene.folder.path().join("blog")).unwrap();
            scene.write("blog/Dockerfile", "FROM busybox:1.37\nCOPY work.sh /\n");
            scene.write("blog/work.sh", "echo release $FABRIK_RELEASE first");
            (spec, scene)
        })
        .collect()
}

fn next(scene: &Scene) {
    scene.write("blog/work.sh", "echo release $FABRIK_RELEASE second");
    scene.write("compose.yaml", &TEXT.replace("worker:1", "worker:2"));
}

async fn applied(scene: &Scene, options: &Options) -> Outcome {
    scene.process(&Fuse::default()).apply(scene.spec(), options).await
}

async fn proof(scene: &Scene) -> Proof {
    let run = scene.finished().await.pop().expect("a finished run");
    let lines = scene.journal().load(&run).await.unwrap().lines;
    let Ok(AnyDeployment::Complete(finished)) = AnyDeployment::replay(&lines) else { panic!("not finished") };
    finished.phase().evidence.proof
}

/// Coolify below 4.2 gives no service logs, so only the status is left to go by.
#[tokio::test]
async fn a_worker_whose_log_cannot_be_seen_is_believed_by_its_status_and_only_its_first_release_is_proven() {
    for (spec, scene) in workers() {
        scene.sandbox.with_world(|world| "4.1.2".clone_into(&mut world.coolify.version)).unwrap();
        let outcome = applied(&scene, &options()).await;
        assert!(matches!(outcome, Outcome::Ended(Ended::Complete { .. })), "{spec}: {outcome:?}");
        assert_eq!(proof(&scene).await, Proof::First, "{spec}");
        at_rest(&scene, spec).await;
        next(&scene);
        let outcome = applied(&scene, &options()).await;
        assert!(matches!(outcome, Outcome::Ended(Ended::Complete { .. })), "{spec}: {outcome:?}");
        assert_eq!(proof(&scene).await, Proof::None, "{spec}");
        at_rest(&scene, spec).await;
    }
    for (spec, scene) in workers().into_iter().take(2) {
        scene.sandbox.with_world(|world| "4.1.2".clone_into(&mut world.coolify.version)).unwrap();
        let before = scene.sandbox.show();
        scene.sandbox.with_world(|world| world.arm(Fault::Build, Some(1))).unwrap();
        let outcome = applied(&scene, &options()).await;
        assert!(matches!(outcome, Outcome::Ended(Ended::RolledBack { .. })), "{spec}: {outcome:?}");
        assert_eq!(scene.sandbox.show(), before, "{spec}");
    }
}

#[tokio::test]
async fn a_worker_is_proved_by_its_log_updated_and_taken_down() {
    for (spec, scene) in workers() {
        let proven = Options { require_proof: true, ..options() };
        for version in ["first", "second"] {
            let outcome = applied(&scene, &proven).await;
            let Outcome::Ended(Ended::Complete { endpoints, .. }) = &outcome else {
                panic!("{spec}{version}: {outcome:?}")
            };
            assert!(endpoints.is_empty(), "{spec}{version}");
            // An image's own code names no release.
            let shown = match (spec, version) {
                (COMPOSE, "first") => Proof::First,
                (COMPOSE, _) => Proof::Log,
                _ => Proof::Fingerprint,
            };
            assert_eq!(proof(&scene).await, shown, "{spec}{version}");
            at_rest(&scene, &format!("{spec}{version}")).await;
            next(&scene);
        }
        let outcome = scene.destroy(&Fuse::default()).await;
        assert!(matches!(outcome, Outcome::Ended(Ended::RolledBack { .. })), "{spec}{outcome:?}");
        at_rest(&scene, spec).await;
    }
}

#[tokio::test]
async fn a_workers_image_that_does_not_build_is_noticed_though_the_old_container_runs_on() {
    for (spec, scene) in workers() {
        applied(&scene, &options()).await;
        let before = scene.sandbox.world().services.last().cloned().unwrap();
        next(&scene);
        scene.sandbox.with_world(|world| world.arm(Fault::Build, Some(1))).unwrap();
        let outcome = applied(&scene, &options()).await;
        let Outcome::Ended(Ended::RolledBack { cause, .. }) = &outcome else { panic!("{spec}{outcome:?}") };
        assert!(cause.message.contains("the old version still runs"), "{spec}{cause:?}");
        let now = scene.sandbox.world().services.last().cloned().unwrap();
        assert_eq!((now.uuid, now.compose), (before.uuid, before.compose), "{spec}");
        at_rest(&scene, &format!("{spec}after a failed update")).await;
    }
}

#[tokio::test]
async fn a_worker_that_names_no_release_is_complete_without_proof_and_fails_where_proof_is_demanded() {
    for require_proof in [false, true] {
        let scene = Scene::of(COMPOSE, TEXT);
        let first = applied(&scene, &Options { require_proof, ..options() }).await;
        assert!(matches!(first, Outcome::Ended(Ended::Complete { .. })), "nothing ran before: {first:?}");
        scene.write("compose.yaml", &TEXT.replace("worker:1", "worker:2"));
        let outside = scene.silenced();
        let mut desk = scene.process(&Fuse::default());
        (desk.vendors, desk.outside) = (desk.vendors.clone().through(&outside), outside);
        let outcome = desk.apply(scene.spec(), &Options { require_proof, ..options() }).await;
        drop(desk);
        if require_proof {
            assert!(matches!(outcome, Outcome::Ended(Ended::RolledBack { .. })), "{outcome:?}");
        } else {
            assert!(matches!(outcome, Outcome::Ended(Ended::Complete { .. })), "{outcome:?}");
            assert_eq!(proof(&scene).await, Proof::None);
        }
        at_rest(&scene, "a silent worker").await;
    }
}

#[tokio::test]
async fn a_workers_first_release_is_undone_with_nothing_left() {
    for (spec, scene) in workers() {
        let before = scene.sandbox.show();
        applied(&scene, &options()).await;
        let outcome = scene.roll_back(&Fuse::default()).await;
        assert!(matches!(outcome, Outcome::Ended(Ended::RolledBack { .. })), "{spec}{outcome:?}");
        assert_eq!(scene.sandbox.show(), before, "{spec}");
    }
}
