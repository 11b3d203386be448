//! What stands in the way, whose it is, and the way on that is named: followed to the letter, it leads there.

use std::sync::Arc;

use fabrik::engine::RunOutcome;
use fabrik::engine::commands::{CommandOutcome, Engine, Options};
use fabrik::journal::memory::MemoryStore;
use fabrik::sandbox::{Fault, World};
use fabrik::spec::Spec;
use machine::app::AppKey;
use machine::cause::Cause;
use machine::id::{JournalId, RunId};
use machine::phase::VolumePolicy;
use machine::step::Step;

use super::crash::CrashPoint;
use super::operation::complete;
use super::scenario::{Scenario, options};

const NAME: &str = "blog.example.com";

/// What the blog's apply is refused with, when it is.
async fn refused(scenario: &Scenario) -> Cause {
    let before = scenario.sandbox.show();
    let outcome = scenario.apply(&CrashPoint::default()).await;
    let CommandOutcome::Ended(RunOutcome::Refused { cause, .. }) = outcome else { panic!("{outcome:?}") };
    assert_eq!(scenario.sandbox.show(), before, "{cause:?}");
    let words = format!("{} {}", cause.message, cause.hint);
    assert!(!words.contains("by hand") && !words.contains("remove it"), "{words}");
    cause
}

async fn leads_there(scenario: &Scenario, cause: &Cause) {
    let outcome = scenario.apply(&CrashPoint::default()).await;
    assert!(complete(&outcome), "after following {cause:?}: {outcome:?}");
}

/// Another spec of this journal, whose app wants the blog's domain.
fn shop(scenario: &Scenario, more: &str) -> Spec {
    let text = std::fs::read_to_string(scenario.spec_path()).unwrap();
    let text = text.replace("name: blog\n", &format!("name: shop\n{more}"));
    scenario.write("shop.yaml", &text);
    Spec::read(&scenario.folder.path().join("shop.yaml")).unwrap()
}

async fn apply(scenario: &Scenario, spec: Spec) -> CommandOutcome {
    scenario.process(&CrashPoint::default()).apply(spec, &options()).await
}

async fn destroy(scenario: &Scenario, name: &str) {
    let rows = scenario.journal().list(None).await.unwrap();
    let app: AppKey = rows.iter().map(|row| row.app.clone()).find(|app| app.name == name).unwrap();
    let outcome =
        scenario.process(&CrashPoint::default()).destroy(&app, VolumePolicy::Retain, &options()).await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::Destroyed { .. })), "{outcome:?}");
}

fn has_all(cause: &Cause, words: &[&str]) {
    let said = format!("{} | {}", cause.message, cause.hint);
    for word in words {
        assert!(said.contains(word), "`{word}` is not in: {said}");
    }
}

#[tokio::test]
async fn a_domain_of_a_live_app_of_this_journal_names_the_app_and_its_spec() {
    for way in ["destroy", "take it out"] {
        let scenario = Scenario::new(1);
        assert!(complete(&apply(&scenario, shop(&scenario, "")).await));
        let cause = refused(&scenario).await;
        let spec = scenario.folder.path().join("shop.yaml");
        has_all(&cause, &["app `shop`", "is deployed", "fabrik destroy shop", &spec.to_string_lossy()]);
        if way == "destroy" {
            destroy(&scenario, "shop").await;
        } else {
            let text = std::fs::read_to_string(&spec).unwrap();
            std::fs::write(&spec, text.replace(NAME, "shop2.example.com")).unwrap();
            assert!(complete(&apply(&scenario, Spec::read(&spec).unwrap()).await));
        }
        leads_there(&scenario, &cause).await;
    }
}

#[tokio::test]
async fn what_an_unfinished_run_made_names_the_run_and_how_to_undo_it() {
    let leave = Options { no_rollback: true, ..options() };
    for (more, options) in [("rollback: {coolify: manual}\n", options()), ("", leave)] {
        let scenario = Scenario::new(1);
        scenario.arm(Fault::Health);
        let outcome = scenario.process(&CrashPoint::default()).apply(shop(&scenario, more), &options).await;
        let run: RunId = match outcome {
            CommandOutcome::Ended(RunOutcome::Parked { run, .. } | RunOutcome::Failed { run, .. }) => run,
            other => panic!("{other:?}"),
        };
        let cause = refused(&scenario).await;
        has_all(&cause, &["app `shop`", &format!("`fabrik rollback {}`", run.short())]);
        let undone =
            scenario.process(&CrashPoint::default()).roll_back(&run, &super::scenario::options()).await;
        assert!(matches!(undone, CommandOutcome::Ended(RunOutcome::RolledBack { .. })), "{undone:?}");
        leads_there(&scenario, &cause).await;
    }
}

#[tokio::test]
async fn what_an_ended_run_left_is_said_to_be_needed_by_nobody() {
    let scenario = Scenario::new(1);
    assert!(complete(&scenario.apply(&CrashPoint::default()).await));
    let edit = |world: &mut World| {
        let record = world.records.iter_mut().find(|record| record.name == NAME).unwrap();
        record.content = "198.51.100.99".to_owned();
    };
    scenario.sandbox.with_world(edit).unwrap();
    let CommandOutcome::Ended(RunOutcome::Failed { run, .. }) = scenario.roll_back_newest().await else {
        panic!()
    };
    let process = scenario.process(&CrashPoint::default());
    process.abandon(&run, Step::Dns(0), "it is theirs now", &options()).await;
    let cause = refused(&scenario).await;
    has_all(&cause, &[run.short(), "has ended", "delete it at Cloudflare"]);
    scenario.sandbox.with_world(|world| world.records.retain(|record| record.name != NAME)).unwrap();
    leads_there(&scenario, &cause).await;
}

#[tokio::test]
async fn what_another_journal_made_is_destroyed_from_there() {
    let scenario = Scenario::new(1);
    let store = MemoryStore::new(JournalId::from_bits(9), scenario.sandbox.ports().clock);
    let there = || Engine { store: Arc::new(store.handle()), ..scenario.process(&CrashPoint::default()) };
    assert!(complete(&there().apply(shop(&scenario, ""), &options()).await));
    let cause = refused(&scenario).await;
    has_all(&cause, &["another journal", "`--state`"]);
    let app = there().store.list(None).await.unwrap()[0].app.clone();
    there().destroy(&app, VolumePolicy::Retain, &options()).await;
    leads_there(&scenario, &cause).await;
}

#[tokio::test]
async fn a_strangers_record_can_be_adopted_as_is_said() {
    let scenario = Scenario::new(1);
    scenario.sandbox.stranger_record(NAME).unwrap();
    let cause = refused(&scenario).await;
    has_all(&cause, &["not managed by Fabrik", "`adopt: [dns]`"]);
    scenario.respec("name: blog\n", "name: blog\nadopt: [dns]\n");
    leads_there(&scenario, &cause).await;
}

#[tokio::test]
async fn a_record_that_somebody_made_theirs_can_be_adopted_as_is_said() {
    let scenario = Scenario::new(1);
    assert!(complete(&scenario.apply(&CrashPoint::default()).await));
    let unmark = |world: &mut World| {
        world
            .records
            .iter_mut()
            .filter(|it| it.name == NAME)
            .for_each(|it| it.comment = Some("mine".to_owned()));
    };
    scenario.sandbox.with_world(unmark).unwrap();
    scenario.edit("second");
    let cause = refused(&scenario).await;
    has_all(&cause, &["was changed or removed", "`adopt: [dns]`"]);
    scenario.respec("name: blog\n", "name: blog\nadopt: [dns]\n");
    leads_there(&scenario, &cause).await;
    assert_eq!(scenario.sandbox.world().records.iter().filter(|it| it.name == NAME).count(), 1);
}

/// A record of somebody's at the domain that leads to the server by another name.
fn with_cname() -> Scenario {
    let scenario = Scenario::new(1);
    for name in [NAME, "origin.example.com"] {
        scenario.sandbox.stranger_record(name).unwrap();
    }
    let lead = |world: &mut World| {
        let ip = world.server.ip.clone();
        for record in world.records.iter_mut().chain(&mut world.published) {
            if record.name == NAME {
                "CNAME".clone_into(&mut record.kind);
                "origin.example.com".clone_into(&mut record.content);
            } else if record.name == "origin.example.com" {
                record.content.clone_from(&ip);
            }
        }
    };
    scenario.sandbox.with_world(lead).unwrap();
    scenario
}

#[tokio::test]
async fn a_strangers_record_of_another_type_is_kept_or_deleted_and_never_said_to_follow_the_spec() {
    for adopts in [false, true] {
        for way in ["delete", "keep"] {
            let scenario = with_cname();
            if adopts {
                scenario.respec("name: blog\n", "name: blog\nadopt: [dns]\n");
            }
            let cause = refused(&scenario).await;
            has_all(
                &cause,
                &["delete it at Cloudflare", "`adopt: [dns]`", "`dns: {target: origin.example.com}`"],
            );
            assert!(!cause.hint.contains("take the domain out of the spec"), "{cause:?}");
            if way == "delete" {
                let delete = |world: &mut World| {
                    world.records.retain(|record| record.name != NAME);
                    world.published.retain(|record| record.name != NAME);
                };
                scenario.sandbox.with_world(delete).unwrap();
            } else {
                if !adopts {
                    scenario.respec("name: blog\n", "name: blog\nadopt: [dns]\n");
                }
                scenario.respec("port: 8000", "port: 8000\ndns: {target: origin.example.com}");
            }
            leads_there(&scenario, &cause).await;
        }
    }
}

#[tokio::test]
async fn our_own_record_changes_its_type_and_one_that_others_changed_as_is_said() {
    let scenario = with_cname();
    scenario.sandbox.with_world(|world| world.records.retain(|record| record.name != NAME)).unwrap();
    assert!(complete(&scenario.apply(&CrashPoint::default()).await));
    let edit = |world: &mut World| {
        world.records.iter_mut().filter(|record| record.name == NAME).for_each(|record| record.ttl = 300);
    };
    scenario.sandbox.with_world(edit).unwrap();
    scenario.respec("port: 8000", "port: 8000\ndns: {target: origin.example.com}");
    let cause = refused(&scenario).await;
    has_all(&cause, &["`apply --refresh` with the old `dns` puts it back"]);
    scenario.respec("port: 8000\ndns: {target: origin.example.com}", "port: 8000");
    let outcome = scenario.fix(&CrashPoint::default()).await;
    assert!(complete(&outcome), "{outcome:?}");
    scenario.respec("port: 8000", "port: 8000\ndns: {target: origin.example.com}");
    leads_there(&scenario, &cause).await;
    let world = scenario.sandbox.world();
    let types: Vec<&str> = world
        .records
        .iter()
        .filter(|record| record.name == NAME)
        .map(|record| record.kind.as_str())
        .collect();
    assert_eq!(types, ["CNAME"]);
}

#[tokio::test]
async fn a_strangers_app_at_the_place_is_adopted_or_given_way_to_as_is_said() {
    let named = |scenario: &Scenario| scenario.respec("name: blog\n", "name: blog\nproject: strangers\n");
    let scenario = Scenario::new(1);
    scenario.sandbox.with_world(|world| world.applications.clear()).unwrap();
    named(&scenario);
    let cause = refused(&scenario).await;
    has_all(&cause, &["not managed by Fabrik", "`adopt: [coolify]`"]);
    scenario.respec("project: strangers\n", "project: strangers\nadopt: [coolify]\n");
    leads_there(&scenario, &cause).await;

    let scenario = Scenario::new(1);
    scenario.sandbox.with_world(|world| world.services.clear()).unwrap();
    named(&scenario);
    let cause = refused(&scenario).await;
    has_all(&cause, &["not managed by Fabrik", "rename or delete it in Coolify"]);
    assert!(!cause.hint.contains("adopt"), "{cause:?}");
    scenario.sandbox.with_world(|world| world.applications[0].name = "theirs".to_owned()).unwrap();
    leads_there(&scenario, &cause).await;
}

#[tokio::test]
async fn a_failed_run_is_not_undone_by_an_apply_that_nobody_agreed_to() {
    let scenario = Scenario::new(1);
    scenario.arm(Fault::Health);
    let leave = Options { no_rollback: true, ..options() };
    let outcome = scenario.process(&CrashPoint::default()).apply(scenario.spec(), &leave).await;
    let CommandOutcome::Ended(RunOutcome::Failed { run, .. }) = outcome else { panic!("{outcome:?}") };
    let before = scenario.sandbox.show();
    for text in [None, Some("another")] {
        if let Some(text) = text {
            scenario.edit(text);
        }
        let unasked = Options { consent: Arc::new(|_| false), ..options() };
        let outcome = scenario.process(&CrashPoint::default()).apply(scenario.spec(), &unasked).await;
        let CommandOutcome::Blockers(blockers) = &outcome else { panic!("{outcome:?}") };
        assert!(blockers[0].hint.contains(&format!("`fabrik rollback {}`", run.short())), "{blockers:?}");
        assert_eq!(scenario.sandbox.show(), before);
    }
    let outcome = scenario.roll_back_newest().await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::RolledBack { .. })), "{outcome:?}");
    assert!(complete(&scenario.apply(&CrashPoint::default()).await));
}

#[tokio::test]
async fn a_team_that_is_remembered_and_no_longer_the_tokens_is_learnt_anew() {
    let scenario = Scenario::new(1);
    let on_an_instance = || Engine { world: None, ..scenario.process(&CrashPoint::default()) };
    assert!(complete(&on_an_instance().apply(scenario.spec(), &options()).await));
    scenario.sandbox.with_world(|world| world.coolify.team = 5).unwrap();
    let spec = shop(&scenario, "project: shop\n");
    let text = std::fs::read_to_string(&spec.path).unwrap().replace(NAME, "www.example.com");
    std::fs::write(&spec.path, text).unwrap();
    let spec = Spec::read(&spec.path).unwrap();
    for _ in 0..2 {
        let outcome = on_an_instance().apply(spec.clone(), &options()).await;
        assert!(complete(&outcome), "{outcome:?}");
    }
    let rows = scenario.journal().list(None).await.unwrap();
    let teams: Vec<String> = rows.iter().map(|row| row.begun.as_ref().unwrap().target.team.clone()).collect();
    assert_eq!(teams, ["0", "5"]);
}
