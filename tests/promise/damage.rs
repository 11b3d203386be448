//! A journal in which a byte fell over that the database does not look at.

use fabrik::runner::Ended;
use fabrik::runner::desk::Outcome;

use super::crash::Fuse;
use super::invariants::{always, at_rest};
use super::scene::{Home, Scene};

/// Writes `to` wherever the journal's file has `from`.
fn overwrite(scene: &Scene, from: &str, to: &str) {
    let Home::File(path) = &scene.store else { panic!("the journal is in memory") };
    let mut bytes = std::fs::read(path).unwrap();
    let places: Vec<usize> =
        (0..bytes.len() - from.len()).filter(|at| bytes[*at..].starts_with(from.as_bytes())).collect();
    assert!(!places.is_empty(), "{from} is nowhere in the file");
    for place in places {
        bytes[place..place + to.len()].copy_from_slice(to.as_bytes());
    }
    std::fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn a_run_whose_frozen_spec_is_damaged_is_not_carried_on_with() {
    let scene = Scene::on_file(1);
    let whole = Fuse::default();
    scene.apply(&whole).await;
    scene.edit("second");
    scene.apply(&Fuse::at(whole.passed() / 2)).await;
    assert!(scene.open_run().await.is_some(), "it died on its way");
    let before = scene.sandbox.world().log.writes.len();

    overwrite(&scene, "env: {COLOUR: blue,", "env: {COLOUR: glue,");
    for outcome in [scene.resume(&Fuse::default()).await, scene.undo_open(&Fuse::default()).await] {
        let Some(Outcome::Obstacles(obstacles)) = outcome else { panic!("{outcome:?}") };
        assert!(obstacles[0].message.contains("the spec frozen with it is damaged"), "{obstacles:?}");
        assert!(obstacles[0].hint.contains("put a backup"), "{obstacles:?}");
    }
    assert_eq!(scene.sandbox.world().log.writes.len(), before);
    always(&scene, "while it is damaged").await;

    overwrite(&scene, "env: {COLOUR: glue,", "env: {COLOUR: blue,");
    let outcome = scene.resume(&Fuse::default()).await;
    assert!(matches!(outcome, Some(Outcome::Ended(Ended::Complete { .. }))), "{outcome:?}");
    at_rest(&scene, "after it was mended").await;
}
