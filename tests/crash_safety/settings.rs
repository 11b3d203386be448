//! Changing an application where it stands: what is planned of it, what cannot be changed, what counts as unchanged.

use std::collections::BTreeSet;

use fabrik::engine::RunOutcome;
use fabrik::engine::commands::CommandOutcome;
use fabrik::plan::SourcePinning;
use machine::plan::{Action, Plan};
use machine::replay::AnyDeployment;

use super::crash::CrashPoint;
use super::invariants::at_rest;
use super::operation::complete;
use super::scenario::{Made, Scenario};

async fn deployed(made: Made) -> Scenario {
    let scenario = Scenario::with(made, 1);
    let outcome = scenario.apply(&CrashPoint::default()).await;
    assert!(complete(&outcome), "{outcome:?}");
    scenario
}

async fn newest_plan(scenario: &Scenario) -> Plan {
    let run = scenario.finished().await.pop().expect("a finished run");
    let lines = scenario.journal().load(&run).await.unwrap().lines;
    match AnyDeployment::replay(&lines).unwrap() {
        AnyDeployment::Complete(finished) => finished.phase().plan.clone(),
        other => panic!("{}", other.name()),
    }
}

/// The fields of the app that a plan changes.
fn changed(plan: &Plan) -> BTreeSet<&str> {
    let Action::Update { before, .. } = &plan.app.action else { return BTreeSet::new() };
    let wanted = plan.app.attributes.iter();
    wanted.filter(|(name, value)| before.get(*name) != Some(value)).map(|(name, _)| name.as_str()).collect()
}

#[tokio::test]
async fn each_field_of_an_image_is_planned_and_changed_alone() {
    let scenario = deployed(Made::Image).await;
    for (from, to, fields) in [
        ("blog:1.0", "blog:1.1", vec!["image"]),
        ("memory: 256M", "memory: 512M", vec!["memory"]),
        ("resources: {memory: 512M}", "resources: {cpu: \"0.5\"}", vec!["cpu", "memory"]),
        ("path: /health", "path: /up", vec!["health_path"]),
        ("port: 8000", "port: 9000", vec!["port"]),
        ("domain: blog.example.com", "domain: www.example.com", vec!["url"]),
        ("COLOUR: blue", "COLOUR: green", vec![]),
    ] {
        scenario.respec(from, to);
        let outcome = scenario.apply(&CrashPoint::default()).await;
        assert!(complete(&outcome), "{to}: {outcome:?}");
        at_rest(&scenario, to).await;
        let plan = newest_plan(&scenario).await;
        assert_eq!(changed(&plan), BTreeSet::from_iter(fields), "{to}");
        assert!(plan.starts_app(), "{to}");
    }
}

#[tokio::test]
async fn each_field_of_git_is_planned_and_changed_alone() {
    let scenario = deployed(Made::Git).await;
    let (one, two) = ("1".repeat(40), "2".repeat(40));
    for (from, to, field) in [
        (one.as_str(), two.as_str(), "commit"),
        ("branch: main", "branch: next", "branch"),
        ("branch: next", "branch: next, dockerfile: /deploy/Dockerfile", "dockerfile"),
    ] {
        scenario.respec(from, to);
        let outcome = scenario.apply(&CrashPoint::default()).await;
        assert!(complete(&outcome), "{to}: {outcome:?}");
        at_rest(&scenario, to).await;
        assert_eq!(changed(&newest_plan(&scenario).await), BTreeSet::from([field]), "{to}");
    }
}

#[tokio::test]
async fn what_cannot_be_changed_where_it_stands_is_refused_beforehand_with_the_way() {
    for (made, from, to, what) in [
        (
            Made::Image,
            "image: ghcr.io/acme/blog:1.0",
            "git: {repository: https://github.com/a/b, branch: main}",
            "`image`",
        ),
        (Made::Image, "image: ghcr.io/acme/blog:1.0", "folder: ./app", "from an image or from git"),
        (Made::Git, "acme/blog", "acme/other", "the repository"),
        (
            Made::PrivateGit,
            "deploy_key: deploy-key",
            "deploy_key: sandboxkey0000localhost0",
            "the deploy key",
        ),
    ] {
        let scenario = deployed(made).await;
        let (before, writes) = (scenario.sandbox.show(), scenario.sandbox.world().log.writes.len());
        scenario.respec(from, to);
        let outcome = scenario.apply(&CrashPoint::default()).await;
        let CommandOutcome::Ended(RunOutcome::Refused { cause, .. }) = outcome else {
            panic!("{to}: {outcome:?}")
        };
        assert!(cause.message.contains(what), "{to}: {cause:?}");
        assert!(cause.hint.contains("`fabrik destroy blog`"), "{to}: {cause:?}");
        assert_eq!((scenario.sandbox.show(), scenario.sandbox.world().log.writes.len()), (before, writes));
        at_rest(&scenario, to).await;
    }
}

#[tokio::test]
async fn a_branch_is_deployed_at_every_apply() {
    let scenario = Scenario::with(Made::Git, 1);
    scenario.respec(&format!(", commit: '{}'", "1".repeat(40)), "");
    for applied in 1..=3 {
        let outcome = scenario.apply(&CrashPoint::default()).await;
        assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::Complete { .. })), "{outcome:?}");
        assert_eq!(scenario.sandbox.world().deployments.len(), applied);
        at_rest(&scenario, "a branch").await;
    }
}

#[tokio::test]
async fn an_unchanged_image_is_pinned_by_its_digest_and_not_by_its_tag() {
    for (image, pinned) in [
        ("blog:1.0".to_owned(), SourcePinning::Tag),
        ("blog".to_owned(), SourcePinning::Tag),
        (format!("blog@sha256:{}", "a".repeat(64)), SourcePinning::Content),
    ] {
        let scenario = Scenario::with(Made::Image, 1);
        scenario.respec("blog:1.0", &image);
        let outcome = scenario.apply(&CrashPoint::default()).await;
        assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::Complete { .. })), "{outcome:?}");
        let requests = scenario.sandbox.world().log.requests;
        let outcome = scenario.apply(&CrashPoint::default()).await;
        assert!(
            matches!(outcome, CommandOutcome::Unchanged { pin, .. } if pin == pinned),
            "{image}: {outcome:?}"
        );
        assert_eq!(scenario.sandbox.world().log.requests, requests);
    }
}
