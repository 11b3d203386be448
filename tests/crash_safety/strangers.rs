//! `adopt`: what is somebody else's is changed in place, put back where that can be, and never deleted.

use std::sync::Arc;

use fabrik::engine::RunOutcome;
use fabrik::engine::commands::{CommandOutcome, Options};
use fabrik::sandbox::{Fault, World};
use machine::step::Step;

use super::crash::CrashPoint;
use super::operation::{complete, rolled_back};
use super::scenario::{Scenario, options};

const NAME: &str = "blog.example.com";

/// A scene with a record of somebody's at the domain, which the spec takes over.
fn with_record() -> Scenario {
    let scenario = Scenario::new(1);
    scenario.sandbox.stranger_record(NAME).unwrap();
    let remark = |world: &mut World| {
        let record = world.records.iter_mut().find(|record| record.name == NAME).unwrap();
        record.comment = Some("ask Grace before touching".to_owned());
    };
    scenario.sandbox.with_world(remark).unwrap();
    scenario.respec("name: blog\n", "name: blog\nadopt: [dns]\n");
    scenario
}

fn record(scenario: &Scenario) -> (String, String, Option<String>) {
    let world = scenario.sandbox.world();
    let record = world.records.iter().find(|record| record.name == NAME).expect("the record");
    (record.id.clone(), record.content.clone(), record.comment.clone())
}

#[tokio::test]
async fn an_adopted_record_is_changed_in_place_and_stays_when_the_app_is_taken_down() {
    let scenario = with_record();
    let (id, _, comment) = record(&scenario);
    let (outcome, warnings) = scenario.heard().await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::Complete { .. })), "{outcome:?}");
    assert!(warnings.iter().any(|it| it.contains(NAME) && it.contains("taken over")), "{warnings:?}");
    let adopted = (id, scenario.sandbox.world().server.ip, comment);
    assert_eq!(record(&scenario), adopted);
    scenario.edit("second");
    let (outcome, warnings) = scenario.heard().await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::Complete { .. })), "{outcome:?}");
    assert_eq!(warnings, Vec::<String>::new(), "it was taken over before");
    let outcome = scenario.destroy(&CrashPoint::default()).await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::Destroyed { .. })), "{outcome:?}");
    assert_eq!(record(&scenario), adopted);
}

#[tokio::test]
async fn an_adopted_record_is_put_back_when_the_run_fails() {
    let scenario = with_record();
    let before = scenario.sandbox.show();
    scenario.sandbox.with_world(|world| world.arm(Fault::Health, None)).unwrap();
    let (outcome, _) = scenario.heard().await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::RolledBack { .. })), "{outcome:?}");
    assert_eq!(scenario.sandbox.show(), before);
}

#[tokio::test]
async fn an_adopted_record_behind_the_proxy_never_shows_the_origin() {
    let scenario = with_record();
    let proxy = |world: &mut World| {
        let all = world.records.iter_mut().chain(&mut world.published);
        all.filter(|record| record.name == NAME).for_each(|record| record.proxied = true);
    };
    scenario.sandbox.with_world(proxy).unwrap();
    scenario.respec("port: 8000", "port: 8000\ndns: {proxied: true}");
    let (outcome, _) = scenario.heard().await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::Complete { .. })), "{outcome:?}");
    let changes = scenario.sandbox.world().log.writes.into_iter();
    assert_eq!(changes.filter(|write| write.path.contains("dns_records")).count(), 1, "it was switched off");
}

/// A scene with a service of somebody's at the app's place, and nothing beside it, which the spec takes over.
fn with_service() -> Scenario {
    let scenario = Scenario::new(1);
    scenario.sandbox.with_world(|world| world.applications.clear()).unwrap();
    let text = std::fs::read_to_string(scenario.spec_path()).unwrap();
    scenario.write(
        "blog.yaml",
        &text.replace("name: blog\n", "name: blog\nproject: strangers\nadopt: [coolify]\n"),
    );
    scenario
}

#[tokio::test]
async fn taking_over_an_app_wants_consent_and_without_it_nothing_is_touched() {
    let scenario = with_service();
    let before = scenario.sandbox.show();
    let refuse = Options { consent: Arc::new(|_| false), ..options() };
    let outcome = scenario.process(&CrashPoint::default()).apply(scenario.spec(), &refuse).await;
    let CommandOutcome::Ended(RunOutcome::Refused { cause, .. }) = &outcome else { panic!("{outcome:?}") };
    assert!(cause.hint.contains("--yes"), "{cause:?}");
    assert_eq!(scenario.sandbox.show(), before);
    assert!(scenario.sandbox.world().log.writes.is_empty());
}

#[tokio::test]
async fn an_adopted_app_is_changed_in_place_and_stays_when_it_is_taken_down() {
    let scenario = with_service();
    let stranger = scenario.sandbox.world().services[0].uuid.clone();
    let (outcome, warnings) = scenario.heard().await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::Complete { .. })), "{outcome:?}");
    assert!(warnings.iter().any(|warning| warning.contains("cannot be put back")), "{warnings:?}");
    let world = scenario.sandbox.world();
    let uuids: Vec<&str> = world.services.iter().map(|service| service.uuid.as_str()).collect();
    assert_eq!(uuids, [stranger.as_str()]);
    assert_eq!(world.services[0].description, None);
    let outcome = scenario.destroy(&CrashPoint::default()).await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::Destroyed { .. })), "{outcome:?}");
    assert_eq!(scenario.sandbox.world().services.len(), 1);
    assert!(scenario.sandbox.world().projects.iter().any(|project| project.name == "strangers"));
}

#[tokio::test]
async fn an_adopted_app_that_fails_is_named_as_what_could_not_be_put_back() {
    let scenario = with_service();
    scenario.sandbox.with_world(|world| world.arm(Fault::Health, None)).unwrap();
    let (outcome, _) = scenario.heard().await;
    let CommandOutcome::Ended(RunOutcome::Failed { standing, .. }) = &outcome else { panic!("{outcome:?}") };
    let resources: Vec<Step> = standing.iter().map(|standing| standing.receipt.step).collect();
    assert_eq!(resources, [Step::App]);
    assert_eq!(scenario.sandbox.world().services.len(), 1);
}

/// Wherever theirs stands in the list of what is at that name, before ours or behind it.
#[tokio::test]
async fn a_record_that_a_stranger_adds_at_our_name_stays_when_ours_is_deleted() {
    for address in ["192.0.2.1", "223.255.255.1"] {
        let scenario = Scenario::new(1);
        assert!(complete(&scenario.apply(&CrashPoint::default()).await));
        scenario.sandbox.stranger_record_to(NAME, address).unwrap();
        let at_our_name = || {
            let records = scenario.sandbox.world().records.into_iter();
            records.filter(|record| record.name == NAME).collect::<Vec<_>>()
        };
        let (ours, theirs): (Vec<_>, Vec<_>) = at_our_name().into_iter().partition(|it| it.comment.is_some());
        assert_eq!((ours.len(), theirs.len()), (1, 1), "{address}");
        let outcome = scenario.roll_back(&CrashPoint::default()).await;
        assert!(rolled_back(&outcome), "{address}: {outcome:?}");
        assert_eq!(at_our_name(), theirs, "{address}");
    }
}
