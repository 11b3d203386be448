//! Fifty stories on a fine day, each cut off at every point, and its resumption too.

use super::life::Life;
use super::script::Script;

const STORIES: u64 = 50;

/// One pair of points in so many is tried; all of them are some millions.
const PAIRS: u64 = 997;

/// Every seventh point, or each of them with `FABRIK_EVERY_CRASH=1`, which takes a quarter of an hour.
fn every() -> u64 {
    if std::env::var_os("FABRIK_EVERY_CRASH").is_some() { 1 } else { 7 }
}

async fn points(seed: u64, script: &Script) -> Vec<u64> {
    Life::new(seed, script).live(script).await.points
}

#[tokio::test]
async fn no_crash_at_any_point_of_fifty_stories_breaks_a_promise() {
    let mut crashes = 0;
    for seed in 0..STORIES {
        let script = Script::of(seed).undisturbed();
        for (nth, points) in points(seed, &script).await.into_iter().enumerate() {
            for point in (seed % every()..points).step_by(usize::try_from(every()).expect("a few")) {
                let script = script.crashing(nth, point, None);
                crashes += Life::new(seed, &script).live(&script).await.crashes;
            }
        }
    }
    println!("{crashes} crashes in {STORIES} stories");
    assert!(crashes > STORIES * 10, "{crashes} crashes");
}

#[tokio::test]
async fn no_second_crash_on_the_way_on_breaks_a_promise() {
    let (mut pair, mut crashes) = (0, 0);
    for seed in 0..STORIES {
        let script = Script::of(seed).undisturbed();
        for (nth, points) in points(seed, &script).await.into_iter().enumerate() {
            for (point, again) in (0..points).flat_map(|point| (0..points).map(move |again| (point, again))) {
                pair += 1;
                if pair % PAIRS == 0 {
                    let script = script.crashing(nth, point, Some(again));
                    crashes += Life::new(seed, &script).live(&script).await.crashes;
                }
            }
        }
    }
    println!("{crashes} crashes in one of {PAIRS} of {pair} pairs");
    assert!(crashes > pair / PAIRS, "{crashes} crashes in {pair} pairs");
}
