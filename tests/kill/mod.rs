//! Real SIGKILL on the real binary, on each side of every request and of every journal entry.
//!
//! The sandbox is served by the test; the binary reaches it over loopback and asks before and after each journal
//! entry, so that every point is one held request. `FABRIK_EVERY_POINT=1` takes every point, otherwise every
//! fifth, from an offset that is printed (`FABRIK_POINT_SEED` sets it).

mod disk;
mod races;
mod signals;
mod stage;

use stage::{Act, Stage};

/// How a killed run is taken up again.
#[derive(Clone, Copy, Debug)]
enum Then {
    Resume,
    RollBack,
}

async fn killed_everywhere(act: Act, then: Then) {
    let stage = Stage::set(act).await;
    let points = stage.points().await;
    let (every, offset) = pace();
    println!(
        "{act:?}, then {then:?}: {points} points, every {every} from {offset} (FABRIK_POINT_SEED={offset})"
    );
    for point in (1..=points).skip(offset).step_by(every) {
        stage.reset();
        let fell = stage.killed_at(point).await;
        let context = format!("{act:?} killed at {point} ({fell}), then {then:?}");
        println!("  killed at {point}: {fell}");
        stage.half_way(&context).await;
        let exit = match then {
            Then::Resume => stage.fabrik(&["resume"]).await,
            Then::RollBack => stage.undo().await,
        };
        assert!(matches!(exit, 0..=2), "{context}: ended with {exit}");
        stage.resting(&context).await;
    }
}

fn pace() -> (usize, usize) {
    if std::env::var_os("FABRIK_EVERY_POINT").is_some() {
        return (1, 0);
    }
    let given = std::env::var("FABRIK_POINT_SEED").ok().and_then(|text| text.parse::<usize>().ok());
    (5, given.unwrap_or_else(|| std::process::id() as usize) % 5)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_an_apply_at_any_point_loses_nothing_when_resumed() {
    killed_everywhere(Act::Apply, Then::Resume).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_an_apply_at_any_point_loses_nothing_when_rolled_back() {
    killed_everywhere(Act::Apply, Then::RollBack).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_an_update_at_any_point_loses_nothing_when_resumed() {
    killed_everywhere(Act::Update, Then::Resume).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_an_update_at_any_point_loses_nothing_when_rolled_back() {
    killed_everywhere(Act::Update, Then::RollBack).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_a_rollback_at_any_point_loses_nothing_when_resumed() {
    killed_everywhere(Act::Undo, Then::Resume).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_a_rollback_at_any_point_loses_nothing_when_rolled_back() {
    killed_everywhere(Act::Undo, Then::RollBack).await;
}
