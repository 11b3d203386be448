//! What is particular to apps from an image or from git.

use super::crash::CrashPoint;
use super::operation::{Operation, Story};
use super::scenario::Made;

#[tokio::test]
async fn a_build_from_git_sees_env_and_neither_secrets_nor_the_release_on_every_way() {
    let leaves_an_app = |story: &Story| {
        !story.undoes() && !matches!(story.operation, Operation::FailedApply | Operation::SickApply)
    };
    for story in Story::all(Made::Git).filter(leaves_an_app) {
        let scenario = story.scenario().await;
        story.run(&scenario, &CrashPoint::default()).await;
        let world = scenario.sandbox.world();
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
