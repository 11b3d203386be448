//! Told to stop: the first Ctrl-C or SIGTERM parks the run at its next safe point, the second at once.

use rustix::process::Signal;

use super::stage::{Act, Stage};

/// Held a tenth, a third and two thirds of the way, told to stop, and then resumed.
async fn told_to_stop(act: Act, signals: &[Signal]) {
    let stage = Stage::set(act).await;
    let points = stage.points().await;
    for point in [points / 10, points / 3, points * 2 / 3] {
        stage.reset();
        let ended = stage.told_to_stop_at(point, signals).await;
        let context = format!("{act:?} told to stop at {point} of {points} by {signals:?}");
        let (out, err) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
        assert_eq!(ended.status.code(), Some(3), "{context}: {}\n{out}{err}", ended.status);
        assert!(format!("{out}{err}").contains("fabrik resume"), "{context}: {out}{err}");
        stage.half_way(&context).await;
        // A resume that finishes an undo ends as an undo does.
        let done = i32::from(act == Act::Undo);
        assert_eq!(stage.fabrik(&["resume"]).await, done, "{context}, then resumed");
        stage.resting(&context).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_ctrl_c_parks_an_apply_at_its_next_safe_point() {
    told_to_stop(Act::Apply, &[Signal::INT]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_sigterm_parks_an_update_at_its_next_safe_point() {
    told_to_stop(Act::Update, &[Signal::TERM]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_parks_an_update_at_once_even_while_a_request_hangs() {
    told_to_stop(Act::Update, &[Signal::INT, Signal::TERM]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_ctrl_c_parks_a_rollback_and_resume_finishes_it() {
    told_to_stop(Act::Undo, &[Signal::INT]).await;
}
