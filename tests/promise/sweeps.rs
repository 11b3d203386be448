//! Sweeps: every point once, then resumed, then rolled back; every reply lost once.

use fabrik::runner::Ended;
use fabrik::runner::desk::Outcome;
use fabrik::sandbox::services::Volume;
use fabrik::sandbox::{Fault, Mishap};
use machine::phase::Name;

use super::crash::Fuse;
use super::deed::{DEEDS, Deed, Story, complete, rolled_back};
use super::invariants::{always, at_rest};
use super::scene::{Made, Scene};

/// What a world shows, but for the ids of records, of which one that was deleted and made anew has another, for the
/// copies of variables that Coolify makes for previews by itself, and for Docker's volumes, which no undo deletes.
fn in_essence(shown: &str) -> String {
    let is_id = |word: &&str| word.len() == 32 && word.chars().all(|c| c.is_ascii_hexdigit());
    let line = |line: &str| line.split(' ').filter(|word| !is_id(word)).collect::<Vec<_>>().join(" ");
    let passing = |line: &&str| line.ends_with(" preview") || line.contains(" on localhost by ");
    let lasting = shown.lines().filter(|line| !passing(line));
    let mut lines: Vec<String> = lasting.map(line).collect();
    lines.sort();
    lines.join("\n")
}

fn kept(scene: &Scene, volumes: &[Volume]) -> bool {
    let now = scene.sandbox.world().volumes;
    volumes.iter().all(|volume| now.contains(volume))
}

async fn resumed_to_the_end(scene: &Scene, context: &str) {
    if let Some(outcome) = scene.resume(&Fuse::default()).await {
        assert!(!matches!(outcome, Outcome::Ended(Ended::Parked { .. })), "{context}: {outcome:?}");
    }
    at_rest(scene, context).await;
}

pub async fn crash_everywhere_then_resume(story: impl Into<Story>) {
    let story = story.into();
    for point in 0..story.points().await {
        let (scene, fuse) = (story.scene().await, Fuse::at(point));
        story.run(&scene, &fuse).await;
        let context = format!("{story:?} crashed at {point} ({}), resumed", fuse.fell());
        always(&scene, &context).await;
        resumed_to_the_end(&scene, &context).await;
    }
}

pub async fn crash_everywhere_then_roll_back(story: impl Into<Story>) {
    let story = story.into();
    for point in 0..story.points().await {
        let (scene, fuse) = (story.scene().await, Fuse::at(point));
        let (untouched, volumes) = (scene.sandbox.show(), scene.sandbox.world().volumes);
        story.run(&scene, &fuse).await;
        let context = format!("{story:?} crashed at {point} ({}), rolled back", fuse.fell());
        if let Some(outcome) = scene.undo_open(&Fuse::default()).await {
            assert!(rolled_back(&outcome), "{context}: {outcome:?}");
            assert!(kept(&scene, &volumes), "{context}: a volume is gone");
            if !matches!(story.deed, Deed::Undo | Deed::Destroy) {
                assert_eq!(
                    in_essence(&scene.sandbox.show()),
                    in_essence(&untouched),
                    "{context}: not as before"
                );
            }
        }
        at_rest(&scene, &context).await;
    }
}

pub async fn mishap_at_every_write(story: impl Into<Story>, mishap: Mishap) {
    let story = story.into();
    for write in 1.. {
        let scene = story.scene().await;
        scene.sandbox.with_world(|world| world.at_write = Some((write, mishap))).unwrap();
        let outcome = story.run(&scene, &Fuse::default()).await;
        let context = format!("{story:?} with {mishap:?} at write {write}");
        assert!(story.ends(&outcome), "{context}: {outcome:?}");
        at_rest(&scene, &context).await;
        if scene.sandbox.world().at_write.is_some() {
            assert!(write > 1, "{context}: no write was disturbed");
            return;
        }
    }
}

#[tokio::test]
async fn an_app_is_deployed_once_and_then_left_alone() {
    let scene = Scene::new(1);
    let first = scene.apply(&Fuse::default()).await;
    assert!(complete(&first), "{first:?}");
    at_rest(&scene, "after apply").await;
    let requests = scene.sandbox.world().log.requests;
    let again = scene.apply(&Fuse::default()).await;
    assert!(matches!(again, Outcome::Unchanged { .. }), "{again:?}");
    assert_eq!(scene.sandbox.world().log.requests, requests);
}

#[tokio::test]
async fn a_failed_first_apply_leaves_the_world_as_it_was() {
    for fault in [Fault::Build, Fault::Health] {
        let scene = Scene::new(1);
        let before = scene.sandbox.show();
        scene.sandbox.with_world(|world| world.arm(fault, None)).unwrap();
        let outcome = scene.apply(&Fuse::default()).await;
        assert!(rolled_back(&outcome), "{fault:?}: {outcome:?}");
        at_rest(&scene, "after a failed apply").await;
        assert_eq!(scene.sandbox.show(), before, "{fault:?}");
    }
}

#[tokio::test]
async fn a_failed_update_restores_the_release_before() {
    for fault in [Fault::Build, Fault::Health] {
        let scene = Story::from(Deed::Update).scene().await;
        let before = scene.sandbox.show();
        scene.sandbox.with_world(|world| world.arm(fault, None)).unwrap();
        let outcome = scene.apply(&Fuse::default()).await;
        assert!(rolled_back(&outcome), "{fault:?}: {outcome:?}");
        at_rest(&scene, "after a failed update").await;
        assert_eq!(scene.sandbox.show(), before, "{fault:?}");
    }
}

#[tokio::test]
async fn undoing_a_finished_release_keeps_its_volumes() {
    let scene = Story::from(Deed::Undo).scene().await;
    let volumes = scene.sandbox.world().volumes;
    assert!(!volumes.is_empty());
    let outcome = scene.roll_back(&Fuse::default()).await;
    assert!(rolled_back(&outcome), "{outcome:?}");
    assert_eq!(scene.sandbox.world().volumes, volumes);
    at_rest(&scene, "after rollback").await;
    assert_eq!(scene.phase().await, Some(Name::RolledBack));
}

async fn crash_at_every_pair(deed: Deed, rolls_back: bool) {
    let story = Story::from(deed);
    let mut pairs = 0;
    for first in 0..story.points().await {
        for second in 0.. {
            let (scene, fuse, again) = (story.scene().await, Fuse::at(first), Fuse::at(second));
            story.run(&scene, &fuse).await;
            if rolls_back {
                scene.undo_open(&again).await
            } else {
                scene.resume(&again).await
            };
            let context = format!(
                "{story:?} crashed at {first} ({}), then at {second} ({})",
                fuse.fell(),
                again.fell()
            );
            always(&scene, &context).await;
            resumed_to_the_end(&scene, &context).await;
            if again.fell().is_empty() {
                break;
            }
            pairs += 1;
        }
    }
    println!("{story:?} crashed at {pairs} pairs of points");
}

#[tokio::test]
async fn a_crash_at_any_point_of_an_apply_on_an_sqlite_file_is_resumed() {
    for point in 0..Story::from(Deed::Apply).points().await {
        let (scene, fuse) = (Scene::on_file(1), Fuse::at(point));
        scene.apply(&fuse).await;
        let context = format!("on SQLite crashed at {point} ({})", fuse.fell());
        always(&scene, &context).await;
        resumed_to_the_end(&scene, &context).await;
    }
}

#[tokio::test]
async fn a_crash_at_any_point_and_any_point_of_its_resume_is_resumed() {
    crash_at_every_pair(Deed::Apply, false).await;
}

#[tokio::test]
async fn a_crash_at_any_point_and_any_point_of_its_rollback_is_resumed() {
    crash_at_every_pair(Deed::Apply, true).await;
}

#[tokio::test]
async fn a_crash_at_any_point_of_an_apply_is_resumed() {
    crash_everywhere_then_resume(Deed::Apply).await;
}

#[tokio::test]
async fn a_crash_at_any_point_of_an_update_is_resumed() {
    crash_everywhere_then_resume(Deed::Update).await;
}

#[tokio::test]
async fn a_crash_at_any_point_of_a_rollback_is_resumed() {
    crash_everywhere_then_resume(Deed::Undo).await;
}

#[tokio::test]
async fn a_crash_at_any_point_of_a_failed_update_is_resumed() {
    crash_everywhere_then_resume(Deed::FailedUpdate).await;
}

#[tokio::test]
async fn a_crash_at_any_point_of_an_apply_is_rolled_back() {
    crash_everywhere_then_roll_back(Deed::Apply).await;
}

#[tokio::test]
async fn a_crash_at_any_point_of_an_update_is_rolled_back() {
    crash_everywhere_then_roll_back(Deed::Update).await;
}

#[tokio::test]
async fn a_crash_at_any_point_of_a_rollback_is_rolled_back() {
    crash_everywhere_then_roll_back(Deed::Undo).await;
}

#[tokio::test]
async fn a_crash_at_any_point_of_a_move_to_other_domains_is_resumed() {
    crash_everywhere_then_resume(Deed::Move).await;
}

#[tokio::test]
async fn a_crash_at_any_point_of_a_move_to_other_domains_is_rolled_back() {
    crash_everywhere_then_roll_back(Deed::Move).await;
}

#[tokio::test]
async fn a_crash_at_any_point_of_a_destroy_is_resumed() {
    crash_everywhere_then_resume(Deed::Destroy).await;
}

#[tokio::test]
async fn a_crash_at_any_point_of_a_destroy_is_rolled_back_to_the_same_end() {
    crash_everywhere_then_roll_back(Deed::Destroy).await;
}

#[tokio::test]
async fn losing_any_reply_does_no_harm() {
    for deed in DEEDS {
        mishap_at_every_write(deed, Mishap::LostAfter).await;
    }
}

#[tokio::test]
async fn losing_any_request_does_no_harm() {
    for deed in DEEDS {
        mishap_at_every_write(deed, Mishap::LostBefore).await;
    }
}

#[tokio::test]
async fn a_server_error_after_any_write_does_no_harm() {
    for deed in DEEDS {
        mishap_at_every_write(deed, Mishap::ErrorAfter).await;
    }
}

#[tokio::test]
async fn a_late_effect_of_any_write_does_no_harm() {
    for deed in DEEDS {
        mishap_at_every_write(deed, Mishap::Late { after_ms: 25_000 }).await;
    }
}

/// A run that doubted sends again; what it sent first may still land, and must not land on the next run's work.
#[tokio::test]
async fn a_late_effect_of_any_write_never_lands_on_the_next_apply() {
    for story in [Deed::Update, Deed::FailedUpdate].map(Story::from) {
        for write in 1.. {
            let scene = story.scene().await;
            let late = Mishap::Late { after_ms: 59_500 };
            scene.sandbox.with_world(|world| world.at_write = Some((write, late))).unwrap();
            story.run(&scene, &Fuse::default()).await;
            let context = format!("{story:?} with a late effect at write {write}, then applied again");
            scene.edit("third");
            let outcome = scene.apply(&Fuse::default()).await;
            assert!(complete(&outcome), "{context}: {outcome:?}");
            scene.outlast_late_effects().await;
            at_rest(&scene, &context).await;
            if scene.sandbox.world().at_write.is_some() {
                break;
            }
        }
    }
}

#[tokio::test]
async fn too_many_requests_at_any_write_only_costs_time() {
    for deed in DEEDS {
        mishap_at_every_write(deed, Mishap::TooMany { retry_after: Some(30) }).await;
        mishap_at_every_write(deed, Mishap::TooMany { retry_after: None }).await;
    }
}

#[tokio::test]
async fn a_read_that_lags_behind_is_never_taken_for_the_truth() {
    for made in [Made::Folder, Made::Image, Made::Git] {
        for deed in [Deed::Apply, Deed::Update, Deed::Undo] {
            let story = Story { made, deed };
            for request in 1.. {
                let scene = story.scene().await;
                scene.sandbox.with_world(|world| world.at_request = Some((request, Mishap::Stale))).unwrap();
                let outcome = story.run(&scene, &Fuse::default()).await;
                let context = format!("{story:?} with a stale read at request {request}");
                assert!(story.ends(&outcome), "{context}: {outcome:?}");
                at_rest(&scene, &context).await;
                if scene.sandbox.world().at_request.is_some() {
                    assert!(request > 1, "{context}: no request was disturbed");
                    break;
                }
            }
        }
    }
}
