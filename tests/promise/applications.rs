//! What is particular to apps from an image or from git.

use super::crash::Fuse;
use super::deed::Story;
use super::scene::Made;

#[tokio::test]
async fn a_build_from_git_sees_env_and_neither_secrets_nor_the_release_on_every_way() {
    for story in Story::all(Made::Git).filter(|story| !story.undoes()) {
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
