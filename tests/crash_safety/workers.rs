//! Apps without a domain: proved by what their container writes.

use fabrik::engine::RunOutcome;
use fabrik::engine::commands::{CommandOutcome, Options};
use fabrik::sandbox::Fault;
use machine::entry::Proof;
use machine::replay::AnyDeployment;

use super::crash::CrashPoint;
use super::invariants::at_rest;
use super::scenario::{Scenario, options};

const TEMPLATE: &str = "name: blog\ntemplate: worker\nhealth: {timeout: 3m}\n";
const FOLDER: &str = "name: blog\nfolder: ./blog\n";
const COMPOSE: &str = "name: blog\ncompose: ./compose.yaml\n";
const TEXT: &str = "services:\n  worker: {image: 'ghcr.io/acme/worker:1'}\n";

/// One worker of each kind, and how its next version is made.
fn workers() -> Vec<(&'static str, Scenario)> {
    [TEMPLATE, FOLDER, COMPOSE]
        .into_iter()
        .map(|spec| {
            let scenario = Scenario::of(spec, TEXT);
            std::fs::create_dir(scenario.folder.path().join("blog")).unwrap();
            scenario.write("blog/Dockerfile", "FROM busybox:1.37\nCOPY work.sh /\n");
            scenario.write("blog/work.sh", "echo release $FABRIK_RELEASE first");
            (spec, scenario)
        })
        .collect()
}

fn next(scenario: &Scenario) {
    scenario.write("blog/work.sh", "echo release $FABRIK_RELEASE second");
    scenario.write("compose.yaml", &TEXT.replace("worker:1", "worker:2"));
}

async fn applied(scenario: &Scenario, options: &Options) -> CommandOutcome {
    scenario.process(&CrashPoint::default()).apply(scenario.spec(), options).await
}

async fn proof(scenario: &Scenario) -> Proof {
    let run = scenario.finished().await.pop().expect("a finished run");
    let lines = scenario.journal().load(&run).await.unwrap().lines;
    let Ok(AnyDeployment::Complete(finished)) = AnyDeployment::replay(&lines) else { panic!("not finished") };
    finished.phase().evidence.proof
}

/// Coolify below 4.2 gives no service logs, so only the status is left to go by.
#[tokio::test]
async fn a_worker_whose_log_cannot_be_seen_is_believed_by_its_status_and_only_its_first_release_is_proven() {
    for (spec, scenario) in workers() {
        scenario.sandbox.with_world(|world| "4.1.2".clone_into(&mut world.coolify.version)).unwrap();
        let outcome = applied(&scenario, &options()).await;
        assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::Complete { .. })), "{spec}: {outcome:?}");
        assert_eq!(proof(&scenario).await, Proof::First, "{spec}");
        at_rest(&scenario, spec).await;
        next(&scenario);
        let outcome = applied(&scenario, &options()).await;
        assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::Complete { .. })), "{spec}: {outcome:?}");
        assert_eq!(proof(&scenario).await, Proof::None, "{spec}");
        at_rest(&scenario, spec).await;
    }
    for (spec, scenario) in workers().into_iter().take(2) {
        scenario.sandbox.with_world(|world| "4.1.2".clone_into(&mut world.coolify.version)).unwrap();
        let before = scenario.sandbox.show();
        scenario.sandbox.with_world(|world| world.arm(Fault::Build, Some(1))).unwrap();
        let outcome = applied(&scenario, &options()).await;
        assert!(
            matches!(outcome, CommandOutcome::Ended(RunOutcome::RolledBack { .. })),
            "{spec}: {outcome:?}"
        );
        assert_eq!(scenario.sandbox.show(), before, "{spec}");
    }
}

#[tokio::test]
async fn a_worker_is_proved_by_its_log_updated_and_taken_down() {
    for (spec, scenario) in workers() {
        let proven = Options { require_proof: true, ..options() };
        for version in ["first", "second"] {
            let outcome = applied(&scenario, &proven).await;
            let CommandOutcome::Ended(RunOutcome::Complete { endpoints, .. }) = &outcome else {
                panic!("{spec}{version}: {outcome:?}")
            };
            assert!(endpoints.is_empty(), "{spec}{version}");
            // An image's own code names no release.
            let shown = match (spec, version) {
                (COMPOSE, "first") => Proof::First,
                (COMPOSE, _) => Proof::Log,
                _ => Proof::Fingerprint,
            };
            assert_eq!(proof(&scenario).await, shown, "{spec}{version}");
            at_rest(&scenario, &format!("{spec}{version}")).await;
            next(&scenario);
        }
        let outcome = scenario.destroy(&CrashPoint::default()).await;
        assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::Destroyed { .. })), "{spec}{outcome:?}");
        at_rest(&scenario, spec).await;
    }
}

#[tokio::test]
async fn a_workers_image_that_does_not_build_is_noticed_though_the_old_container_runs_on() {
    for (spec, scenario) in workers() {
        applied(&scenario, &options()).await;
        let before = scenario.sandbox.world().services.last().cloned().unwrap();
        next(&scenario);
        scenario.sandbox.with_world(|world| world.arm(Fault::Build, Some(1))).unwrap();
        let outcome = applied(&scenario, &options()).await;
        let CommandOutcome::Ended(RunOutcome::RolledBack { cause, .. }) = &outcome else {
            panic!("{spec}{outcome:?}")
        };
        assert!(cause.message.contains("the old version still runs"), "{spec}{cause:?}");
        let now = scenario.sandbox.world().services.last().cloned().unwrap();
        assert_eq!((now.uuid, now.compose), (before.uuid, before.compose), "{spec}");
        at_rest(&scenario, &format!("{spec}after a failed update")).await;
    }
}

#[tokio::test]
async fn a_worker_that_names_no_release_is_complete_without_proof_and_fails_where_proof_is_demanded() {
    for require_proof in [false, true] {
        let scenario = Scenario::of(COMPOSE, TEXT);
        let first = applied(&scenario, &Options { require_proof, ..options() }).await;
        assert!(
            matches!(first, CommandOutcome::Ended(RunOutcome::Complete { .. })),
            "nothing ran before: {first:?}"
        );
        scenario.write("compose.yaml", &TEXT.replace("worker:1", "worker:2"));
        let ports = scenario.silenced();
        let mut engine = scenario.process(&CrashPoint::default());
        (engine.clients, engine.ports) = (engine.clients.clone().through(&ports), ports);
        let outcome = engine.apply(scenario.spec(), &Options { require_proof, ..options() }).await;
        drop(engine);
        if require_proof {
            assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::RolledBack { .. })), "{outcome:?}");
        } else {
            assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::Complete { .. })), "{outcome:?}");
            assert_eq!(proof(&scenario).await, Proof::None);
        }
        at_rest(&scenario, "a silent worker").await;
    }
}

#[tokio::test]
async fn a_workers_first_release_is_undone_with_nothing_left() {
    for (spec, scenario) in workers() {
        let before = scenario.sandbox.show();
        applied(&scenario, &options()).await;
        let outcome = scenario.roll_back(&CrashPoint::default()).await;
        assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::RolledBack { .. })), "{spec}{outcome:?}");
        assert_eq!(scenario.sandbox.show(), before, "{spec}");
    }
}
