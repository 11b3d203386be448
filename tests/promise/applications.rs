//! What is particular to apps from an image or from git.

use super::crash::Fuse;
use super::deed::{Deed, Story};
use super::scene::Made;

#[tokio::test]
async fn a_build_from_git_sees_env_and_neither_secrets_nor_the_release_on_every_way() {
    let leaves_an_app =
        |story: &Story| !story.undoes() && !matches!(story.deed, Deed::FailedApply | Deed::SickApply);
    for story in Story::all(Made::Git).filter(leaves_an_app) {
        let scene = story.scene().await;
        story.run(&scene, &Fuse::default()).await;
        let world = scene.sandbox.world();
        let ours = world.applications.iter().find(|it| it.description.is_some()).expect("ours");
        for row in &ours.envs {
            let kept = ["API_KEY", "FABRIK_RELEASE"].contains(&row.key.as_str());
            assert!(
                row.is_preview || row.is_buildtime != kept,
                "{story:?}: {} {}",
                row.key,
                row.is_buildtime
            );
        }
    }
}
