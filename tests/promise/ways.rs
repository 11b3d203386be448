//! What stands in the way, whose it is, and the way on that is named: followed to the letter, it leads there.

use std::sync::Arc;

use fabrik::runner::Ended;
use fabrik::runner::desk::{Desk, Options, Outcome};
use fabrik::sandbox::{Fault, World};
use fabrik::spec::Spec;
use fabrik::store::memory::MemoryStore;
use machine::app::AppKey;
use machine::cause::Cause;
use machine::id::{JournalId, RunId};
use machine::phase::VolumePolicy;
use machine::step::Step;

use super::crash::Fuse;
use super::deed::complete;
use super::scene::{Scene, options};

const NAME: &str = "blog.example.com";

/// What the blog's apply is refused with, when it is.
async fn refused(scene: &Scene) -> Cause {
    let before = scene.sandbox.show();
    let outcome = scene.apply(&Fuse::default()).await;
    let Outcome::Ended(Ended::Refused { cause, .. }) = outcome else { panic!("{outcome:?}") };
    assert_eq!(scene.sandbox.show(), before, "{cause:?}");
    let words = format!("{} {}", cause.message, cause.hint);
    assert!(!words.contains("by hand") && !words.contains("remove it"), "{words}");
    cause
}

async fn leads_there(scene: &Scene, cause: &Cause) {
    let outcome = scene.apply(&Fuse::default()).await;
    assert!(complete(&outcome), "after following {cause:?}: {outcome:?}");
}

/// Another spec of this journal, whose app wants the blog's domain.
fn shop(scene: &Scene, more: &str) -> Spec {
    let text = std::fs::read_to_string(scene.spec_path()).unwrap();
    let text = text.replace("name: blog\n", &format!("name: shop\n{more}"));
    scene.write("shop.yaml", &text);
    Spec::read(&scene.folder.path().join("shop.yaml")).unwrap()
}

async fn apply(scene: &Scene, spec: Spec) -> Outcome {
    scene.process(&Fuse::default()).apply(spec, &options()).await
}

async fn destroy(scene: &Scene, name: &str) {
    let rows = scene.journal().list(None).await.unwrap();
    let app: AppKey = rows.iter().map(|row| row.app.clone()).find(|app| app.name == name).unwrap();
    let outcome = scene.process(&Fuse::default()).destroy(&app, VolumePolicy::Retain, &options()).await;
    assert!(matches!(outcome, Outcome::Ended(Ended::RolledBack { .. })), "{outcome:?}");
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
        let scene = Scene::new(1);
        assert!(complete(&apply(&scene, shop(&scene, "")).await));
        let cause = refused(&scene).await;
        let spec = scene.folder.path().join("shop.yaml");
        has_all(&cause, &["app `shop`", "is deployed", "fabrik destroy shop", &spec.to_string_lossy()]);
        if way == "destroy" {
            destroy(&scene, "shop").await;
        } else {
            let text = std::fs::read_to_string(&spec).unwrap();
            std::fs::write(&spec, text.replace(NAME, "shop2.example.com")).unwrap();
            assert!(complete(&apply(&scene, Spec::read(&spec).unwrap()).await));
        }
        leads_there(&scene, &cause).await;
    }
}

#[tokio::test]
async fn what_an_unfinished_run_made_names_the_run_and_how_to_undo_it() {
    let leave = Options { no_rollback: true, ..options() };
    for (more, options) in [("rollback: {coolify: manual}\n", options()), ("", leave)] {
        let scene = Scene::new(1);
        scene.arm(Fault::Health);
        let outcome = scene.process(&Fuse::default()).apply(shop(&scene, more), &options).await;
        let run: RunId = match outcome {
            Outcome::Ended(Ended::Parked { run, .. } | Ended::Failed { run, .. }) => run,
            other => panic!("{other:?}"),
        };
        let cause = refused(&scene).await;
        has_all(&cause, &["app `shop`", &format!("`fabrik rollback {}`", run.short())]);
        let undone = scene.process(&Fuse::default()).roll_back(&run, &super::scene::options()).await;
        assert!(matches!(undone, Outcome::Ended(Ended::RolledBack { .. })), "{undone:?}");
        leads_there(&scene, &cause).await;
    }
}

#[tokio::test]
async fn what_an_ended_run_left_is_said_to_be_needed_by_nobody() {
    let scene = Scene::new(1);
    assert!(complete(&scene.apply(&Fuse::default()).await));
    let edit = |world: &mut World| {
        let record = world.records.iter_mut().find(|record| record.name == NAME).unwrap();
        record.content = "198.51.100.99".to_owned();
    };
    scene.sandbox.with_world(edit).unwrap();
    let Outcome::Ended(Ended::Failed { run, .. }) = scene.roll_back_newest().await else { panic!() };
    let process = scene.process(&Fuse::default());
    process.abandon(&run, Step::Dns(0), "it is theirs now", &options()).await;
    let cause = refused(&scene).await;
    has_all(&cause, &[run.short(), "has ended", "delete it at Cloudflare"]);
    scene.sandbox.with_world(|world| world.records.retain(|record| record.name != NAME)).unwrap();
    leads_there(&scene, &cause).await;
}

#[tokio::test]
async fn what_another_journal_made_is_destroyed_from_there() {
    let scene = Scene::new(1);
    let store = MemoryStore::new(JournalId::from_bits(9), scene.sandbox.outside().clock);
    let there = || Desk { store: Arc::new(store.handle()), ..scene.process(&Fuse::default()) };
    assert!(complete(&there().apply(shop(&scene, ""), &options()).await));
    let cause = refused(&scene).await;
    has_all(&cause, &["another journal", "`--state`"]);
    let app = there().store.list(None).await.unwrap()[0].app.clone();
    there().destroy(&app, VolumePolicy::Retain, &options()).await;
    leads_there(&scene, &cause).await;
}

#[tokio::test]
async fn a_strangers_record_can_be_adopted_as_is_said() {
    let scene = Scene::new(1);
    scene.sandbox.stranger_record(NAME).unwrap();
    let cause = refused(&scene).await;
    has_all(&cause, &["did not make it", "`adopt: [dns]`"]);
    scene.respec("name: blog\n", "name: blog\nadopt: [dns]\n");
    leads_there(&scene, &cause).await;
}

#[tokio::test]
async fn a_record_that_somebody_made_theirs_can_be_adopted_as_is_said() {
    let scene = Scene::new(1);
    assert!(complete(&scene.apply(&Fuse::default()).await));
    let unmark = |world: &mut World| {
        world
            .records
            .iter_mut()
            .filter(|it| it.name == NAME)
            .for_each(|it| it.comment = Some("mine".to_owned()));
    };
    scene.sandbox.with_world(unmark).unwrap();
    scene.edit("second");
    let cause = refused(&scene).await;
    has_all(&cause, &["no longer carries", "`adopt: [dns]`"]);
    scene.respec("name: blog\n", "name: blog\nadopt: [dns]\n");
    leads_there(&scene, &cause).await;
    assert_eq!(scene.sandbox.world().records.iter().filter(|it| it.name == NAME).count(), 1);
}

/// A record of somebody's at the domain that leads to the server by another name.
fn with_cname() -> Scene {
    let scene = Scene::new(1);
    for name in [NAME, "origin.example.com"] {
        scene.sandbox.stranger_record(name).unwrap();
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
    scene.sandbox.with_world(lead).unwrap();
    scene
}

#[tokio::test]
async fn a_strangers_record_of_another_type_is_kept_or_deleted_and_never_said_to_follow_the_spec() {
    for adopts in [false, true] {
        for way in ["delete", "keep"] {
            let scene = with_cname();
            if adopts {
                scene.respec("name: blog\n", "name: blog\nadopt: [dns]\n");
            }
            let cause = refused(&scene).await;
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
                scene.sandbox.with_world(delete).unwrap();
            } else {
                if !adopts {
                    scene.respec("name: blog\n", "name: blog\nadopt: [dns]\n");
                }
                scene.respec("port: 8000", "port: 8000\ndns: {target: origin.example.com}");
            }
            leads_there(&scene, &cause).await;
        }
    }
}

#[tokio::test]
async fn our_own_record_changes_its_type_and_one_that_others_changed_as_is_said() {
    let scene = with_cname();
    scene.sandbox.with_world(|world| world.records.retain(|record| record.name != NAME)).unwrap();
    assert!(complete(&scene.apply(&Fuse::default()).await));
    let edit = |world: &mut World| {
        world.records.iter_mut().filter(|record| record.name == NAME).for_each(|record| record.ttl = 300);
    };
    scene.sandbox.with_world(edit).unwrap();
    scene.respec("port: 8000", "port: 8000\ndns: {target: origin.example.com}");
    let cause = refused(&scene).await;
    has_all(&cause, &["`apply --refresh` with the old `dns` puts it back"]);
    scene.respec("port: 8000\ndns: {target: origin.example.com}", "port: 8000");
    let outcome = scene.mend(&Fuse::default()).await;
    assert!(complete(&outcome), "{outcome:?}");
    scene.respec("port: 8000", "port: 8000\ndns: {target: origin.example.com}");
    leads_there(&scene, &cause).await;
    let world = scene.sandbox.world();
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
    let named = |scene: &Scene| scene.respec("name: blog\n", "name: blog\nproject: strangers\n");
    let scene = Scene::new(1);
    scene.sandbox.with_world(|world| world.applications.clear()).unwrap();
    named(&scene);
    let cause = refused(&scene).await;
    has_all(&cause, &["did not make it", "`adopt: [coolify]`"]);
    scene.respec("project: strangers\n", "project: strangers\nadopt: [coolify]\n");
    leads_there(&scene, &cause).await;

    let scene = Scene::new(1);
    scene.sandbox.with_world(|world| world.services.clear()).unwrap();
    named(&scene);
    let cause = refused(&scene).await;
    has_all(&cause, &["did not make it", "rename or delete it in Coolify"]);
    assert!(!cause.hint.contains("adopt"), "{cause:?}");
    scene.sandbox.with_world(|world| world.applications[0].name = "theirs".to_owned()).unwrap();
    leads_there(&scene, &cause).await;
}

#[tokio::test]
async fn a_failed_run_is_not_undone_by_an_apply_that_nobody_agreed_to() {
    let scene = Scene::new(1);
    scene.arm(Fault::Health);
    let leave = Options { no_rollback: true, ..options() };
    let outcome = scene.process(&Fuse::default()).apply(scene.spec(), &leave).await;
    let Outcome::Ended(Ended::Failed { run, .. }) = outcome else { panic!("{outcome:?}") };
    let before = scene.sandbox.show();
    for text in [None, Some("another")] {
        if let Some(text) = text {
            scene.edit(text);
        }
        let unasked = Options { consent: Arc::new(|_| false), ..options() };
        let outcome = scene.process(&Fuse::default()).apply(scene.spec(), &unasked).await;
        let Outcome::Obstacles(obstacles) = &outcome else { panic!("{outcome:?}") };
        assert!(obstacles[0].hint.contains(&format!("`fabrik rollback {}`", run.short())), "{obstacles:?}");
        assert_eq!(scene.sandbox.show(), before);
    }
    let outcome = scene.roll_back_newest().await;
    assert!(matches!(outcome, Outcome::Ended(Ended::RolledBack { .. })), "{outcome:?}");
    assert!(complete(&scene.apply(&Fuse::default()).await));
}

#[tokio::test]
async fn a_team_that_is_remembered_and_no_longer_the_tokens_is_learnt_anew() {
    let scene = Scene::new(1);
    let on_an_instance = || Desk { world: None, ..scene.process(&Fuse::default()) };
    assert!(complete(&on_an_instance().apply(scene.spec(), &options()).await));
    scene.sandbox.with_world(|world| world.coolify.team = 5).unwrap();
    let spec = shop(&scene, "project: shop\n");
    let text = std::fs::read_to_string(&spec.path).unwrap().replace(NAME, "www.example.com");
    std::fs::write(&spec.path, text).unwrap();
    let spec = Spec::read(&spec.path).unwrap();
    for _ in 0..2 {
        let outcome = on_an_instance().apply(spec.clone(), &options()).await;
        assert!(complete(&outcome), "{outcome:?}");
    }
    let rows = scene.journal().list(None).await.unwrap();
    let teams: Vec<String> = rows.iter().map(|row| row.begun.as_ref().unwrap().target.team.clone()).collect();
    assert_eq!(teams, ["0", "5"]);
}
