//! What `cargo test` runs of the simulation.

use super::life::{Tally, lived};
use super::rules::{Noticed, RULES};
use super::script::Script;
use crate::sample::sampled;

/// Seeds that once failed, for ever first.
const REMEMBERED: [u64; 18] = [
    16_376, 5, 79, 83, 295, 643, 998, 2704, 4310, 4529, 6448, 7925, 7968, 13_922, 13_957, 18_173, 18_675,
    19_367,
];

/// How many seeds are lived, in lanes that run side by side.
const SEEDS: u64 = 20_000;

async fn lane(first: u64, lanes: u64) {
    let mut total = Tally::default();
    let mut sample = sampled(8, "stories of the simulation");
    let mut all = 0;
    for seed in (first..SEEDS).step_by(usize::try_from(lanes).expect("a few")).filter(|_| sample.takes()) {
        total.add(&lived(seed).await);
        all += 1;
    }
    println!("{all} of {SEEDS} seeds: {total}");
}

#[tokio::test]
async fn seeds_that_once_failed_hold() {
    for seed in REMEMBERED {
        lived(seed).await;
    }
}

#[tokio::test]
async fn no_story_with_an_even_seed_breaks_a_promise() {
    lane(0, 2).await;
}

#[tokio::test]
async fn no_story_with_an_odd_seed_breaks_a_promise() {
    lane(1, 2).await;
}

#[tokio::test]
async fn one_seed_is_lived_where_it_is_asked_for() {
    let Ok(seed) = std::env::var("FABRIK_SEED") else { return };
    let seed = seed.parse().expect("FABRIK_SEED is a number");
    println!("{:#?}", Script::of(seed));
    println!("{:?}", lived(seed).await);
}

#[test]
fn every_rule_can_still_be_taken_out_and_stands_in_the_table_of_who_notices() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    let table = read("tests/crash_safety/ablation.md");
    for rule in &RULES {
        for cut in rule.cuts {
            let times = read(cut.file).matches(cut.text).count();
            assert_eq!(times, 1, "{}: the text of {} to cut out", rule.name, cut.file);
            assert_ne!(cut.text, cut.instead, "{}: nothing is cut out", rule.name);
        }
        assert!(table.contains(&format!("| {} |", rule.name)), "{} is not in the table", rule.name);
        if let Noticed::Test(name) = rule.noticed_by {
            assert!(table.contains(name), "{name} is not in the table");
        }
    }
}
