//! Several processes at one app at once: an apply, a resume, a rollback and an unlock, all let loose together.
//!
//! One of them holds the app at a time. What it loses to a forced unlock it stops writing, and the next apply settles.

use super::stage::Stage;
use crate::crash_safety::operation::Operation;
use crate::sample::is_every_point;

/// Races run, and all of them with `FABRIK_EVERY_POINT=1`.
fn rounds() -> usize {
    if is_every_point() { 200 } else { 10 }
}

/// Whether a process ended as the contract says it may: undisturbed, undone, refused, parked, standing or held.
fn is_told(exit: i32) -> bool {
    matches!(exit, 0..=4 | 6)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn apply_resume_rollback_and_unlock_at_once_have_one_writer() {
    let (stage, mut exits) = (Stage::set(Operation::Update).await, Vec::new());
    for round in 0..rounds() {
        stage.scenario.edit(&format!("version {round}"));
        let newest = stage.newest(|_| true).await.expect("a run");
        let unlock: &[&str] =
            if round % 2 == 0 { &["unlock", "blog"] } else { &["unlock", "blog", "--force"] };
        let (rollback, resume) = (["rollback", newest.as_str()], ["resume", newest.as_str()]);
        let (apply, resume, rollback, unlock) = tokio::join!(
            stage.says(&["apply", "blog.yaml"]),
            stage.says(&resume),
            stage.says(&rollback),
            stage.says(unlock),
        );
        for (name, (exit, said)) in
            [("apply", apply), ("resume", resume), ("rollback", rollback), ("unlock", unlock)]
        {
            assert!(is_told(exit) && !said.contains("panicked"), "round {round}: {name} → {exit}\n{said}");
            exits.push((name, exit));
        }
        stage.half_way(&format!("round {round}")).await;
    }
    stage.scenario.edit("the last version");
    assert_eq!(stage.fabrik(&["apply", "blog.yaml"]).await, 0);
    stage.resting("after the races").await;
    exits.sort_unstable();
    for same in exits.chunk_by(|a, b| a == b) {
        println!("{} → {}: {} times", same[0].0, same[0].1, same.len());
    }
}
