//! Hostile worlds: seeded faults of every kind, with crashes among them. One line reproduces a failure: the seed
//! is in every message.

use fabrik::runner::Ended;
use fabrik::runner::desk::Outcome;
use fabrik::sandbox::{Rates, Schedule};

use super::crash::Fuse;
use super::invariants::{always, at_rest};
use super::scene::{Made, Scene};

/// Seeds that once failed, for ever first.
const REMEMBERED: [u64; 0] = [];
const SEEDS: u64 = 300;

/// Seeds for an app from an image.
const IMAGE_SEEDS: u64 = 200;

async fn survives(made: Made, seed: u64) {
    let scene = Scene::with(made, seed);
    let hostile = Schedule { seed, rates: Rates::HOSTILE };
    scene.sandbox.with_world(|world| world.schedule = Some(hostile)).unwrap();
    for round in 0..3 {
        match made {
            Made::Folder => scene.edit(&format!("{seed} {round}")),
            _ => scene.respec(&format!("blog:1.{round}"), &format!("blog:1.{}", round + 1)),
        }
        let fuse =
            if seed.is_multiple_of(3) { Fuse::default() } else { Fuse::at((seed * 7 + round * 31) % 160) };
        scene.apply(&fuse).await;
        always(&scene, &format!("seed {seed}, round {round}, {}", fuse.fell())).await;
    }
    // Once the faults stop, everything comes to rest.
    scene.sandbox.with_world(|world| world.schedule = None).unwrap();
    for _ in 0..3 {
        let outcome = match seed % 2 {
            0 => scene.resume(&Fuse::default()).await,
            _ => scene.undo_open(&Fuse::default()).await,
        };
        let parked = matches!(outcome, Some(Outcome::Ended(Ended::Parked { .. })));
        assert!(!parked, "seed {seed} does not converge: {outcome:?}");
    }
    at_rest(&scene, &format!("seed {seed}, at rest")).await;
}

#[tokio::test]
async fn hostile_worlds_lose_nothing_and_converge_once_the_faults_stop() {
    for seed in REMEMBERED.into_iter().chain(0..SEEDS) {
        survives(Made::Folder, seed).await;
    }
}

#[tokio::test]
async fn hostile_worlds_lose_nothing_of_an_image() {
    for seed in 0..IMAGE_SEEDS {
        survives(Made::Image, seed).await;
    }
}
