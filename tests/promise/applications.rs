//! The promise for apps from an image or from git: the same sweeps as for an app from a folder.
//!
//! An image takes every sweep. What git adds is how it is made and what its build may do, so it takes fewer.

use fabrik::sandbox::Mishap;

use super::crash::Fuse;
use super::deed::{Deed, Story};
use super::scene::Made;
use super::sweeps::{crash_everywhere_then_resume, crash_everywhere_then_roll_back, mishap_at_every_write};

const DEEDS: [Deed; 5] = [Deed::Apply, Deed::Update, Deed::Undo, Deed::FailedUpdate, Deed::Destroy];

fn image(deed: Deed) -> Story {
    Story { made: Made::Image, deed }
}

fn git(deed: Deed) -> Story {
    Story { made: Made::Git, deed }
}

fn private_git(deed: Deed) -> Story {
    Story { made: Made::PrivateGit, deed }
}

#[tokio::test]
async fn a_crash_at_any_point_of_an_images_apply_is_resumed() {
    crash_everywhere_then_resume(image(Deed::Apply)).await;
}

#[tokio::test]
async fn a_crash_at_any_point_of_an_images_apply_is_rolled_back() {
    crash_everywhere_then_roll_back(image(Deed::Apply)).await;
}

#[tokio::test]
async fn a_crash_at_any_point_of_an_images_update_is_resumed() {
    crash_everywhere_then_resume(image(Deed::Update)).await;
}

#[tokio::test]
async fn a_crash_at_any_point_of_an_images_update_is_rolled_back() {
    crash_everywhere_then_roll_back(image(Deed::Update)).await;
}

#[tokio::test]
async fn a_crash_at_any_point_of_an_images_failed_update_is_resumed() {
    crash_everywhere_then_resume(image(Deed::FailedUpdate)).await;
}

#[tokio::test]
async fn a_crash_at_any_point_of_an_images_rollback_is_resumed() {
    crash_everywhere_then_resume(image(Deed::Undo)).await;
}

#[tokio::test]
async fn a_crash_at_any_point_of_an_images_rollback_is_rolled_back() {
    crash_everywhere_then_roll_back(image(Deed::Undo)).await;
}

#[tokio::test]
async fn a_crash_at_any_point_of_an_images_move_to_other_domains_is_resumed() {
    crash_everywhere_then_resume(image(Deed::Move)).await;
}

#[tokio::test]
async fn a_crash_at_any_point_of_an_images_destroy_is_resumed() {
    crash_everywhere_then_resume(image(Deed::Destroy)).await;
}

#[tokio::test]
async fn a_crash_at_any_point_of_an_images_destroy_is_rolled_back_to_the_same_end() {
    crash_everywhere_then_roll_back(image(Deed::Destroy)).await;
}

#[tokio::test]
async fn no_mishap_at_any_write_for_an_image_does_harm() {
    for deed in DEEDS {
        for mishap in [
            Mishap::LostAfter,
            Mishap::LostBefore,
            Mishap::ErrorAfter,
            Mishap::Late { after_ms: 25_000 },
            Mishap::TooMany { retry_after: Some(30) },
        ] {
            mishap_at_every_write(image(deed), mishap).await;
        }
    }
}

#[tokio::test]
async fn a_crash_at_any_point_of_an_apply_from_git_is_rolled_back() {
    crash_everywhere_then_roll_back(git(Deed::Apply)).await;
}

#[tokio::test]
async fn a_crash_at_any_point_of_a_failed_update_from_git_is_resumed() {
    crash_everywhere_then_resume(git(Deed::FailedUpdate)).await;
}

#[tokio::test]
async fn a_crash_at_any_point_of_an_apply_from_private_git_is_resumed() {
    crash_everywhere_then_resume(private_git(Deed::Apply)).await;
}

#[tokio::test]
async fn no_mishap_at_any_write_for_private_git_does_harm() {
    for mishap in [Mishap::LostAfter, Mishap::Late { after_ms: 25_000 }] {
        mishap_at_every_write(private_git(Deed::Apply), mishap).await;
        mishap_at_every_write(private_git(Deed::Update), mishap).await;
    }
}

#[tokio::test]
async fn a_build_from_git_sees_env_and_neither_secrets_nor_the_release_on_every_way() {
    for deed in DEEDS.into_iter().filter(|deed| !matches!(deed, Deed::Undo | Deed::Destroy)) {
        let story = git(deed);
        let scene = story.scene().await;
        story.run(&scene, &Fuse::default()).await;
        let world = scene.sandbox.world();
        let ours = world.applications.iter().find(|it| it.description.is_some()).expect("ours");
        for row in &ours.envs {
            let kept = ["API_KEY", "FABRIK_RELEASE"].contains(&row.key.as_str());
            assert!(row.is_preview || row.is_buildtime != kept, "{deed:?}: {} {}", row.key, row.is_buildtime);
        }
    }
}
