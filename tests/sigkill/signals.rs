//! Told to stop: the first Ctrl-C, SIGTERM or SIGHUP parks the run at its next safe point, the second at once. Nobody
//! who listens is no reason to stop.

use machine::phase::PhaseKind;
use rustix::process::Signal;

use super::pace;
use super::stage::Stage;
use crate::crash_safety::operation::Operation;

/// What a resume ends with that finishes the deed: one that finishes an undo ends as an undo does, and an app that is
/// taken down is as asked.
fn done(operation: Operation) -> i32 {
    i32::from(operation == Operation::Undo)
}

/// Held soon after the run began, a third and two thirds of the way, told to stop, and then resumed.
async fn told_to_stop(operation: Operation, signals: &[Signal]) {
    let stage = Stage::set(operation).await;
    let points = stage.points().await;
    for point in [points / 6, points / 3, points * 2 / 3] {
        stage.reset();
        let (status, said) = stage.told_to_stop_at(point, signals).await;
        let context = format!("{operation:?} told to stop at {point} of {points} by {signals:?}");
        assert_eq!(status.code(), Some(3), "{context}: {status}\n{said}");
        assert!(said.contains("fabrik resume"), "{context}: {said}");
        stage.half_way(&context).await;
        assert_eq!(stage.fabrik(&["resume"]).await, done(operation), "{context}, then resumed");
        stage.resting(&context).await;
    }
}

/// Told to stop at every point, by each signal in turn.
async fn told_to_stop_anywhere(operation: Operation) {
    const SIGNALS: [Signal; 3] = [Signal::INT, Signal::TERM, Signal::HUP];
    let stage = Stage::set(operation).await;
    let points = stage.points().await;
    let (every, offset) = pace();
    println!(
        "{operation:?} stopped: {points} points, every {every} from {offset} (FABRIK_POINT_SEED={offset})"
    );
    let (mut tried, mut parked) = (0, 0);
    for (nth, point) in (1..=points).skip(offset).step_by(every).enumerate() {
        stage.reset();
        let signal = SIGNALS[nth % SIGNALS.len()];
        let (status, said) = stage.told_to_stop_at(point, &[signal]).await;
        let context = format!("{operation:?} told to stop at {point} of {points} by {signal:?}");
        tried += 1;
        stage.half_way(&context).await;
        let is_open = stage.newest(|phase| !phase.is_closed()).await.is_some();
        if is_open {
            parked += 1;
            assert_eq!(status.code(), Some(3), "{context}: {status}\n{said}");
            assert!(said.contains("fabrik resume"), "{context}: {said}");
            assert_eq!(stage.fabrik(&["resume"]).await, done(operation), "{context}, then resumed");
        } else if stage.untouched().await {
            // Nothing was begun: the signal ended it, or it parked before its first move.
            let says_how = status.code() == Some(3) && said.contains("fabrik rollback");
            assert!(status.code().is_none() || says_how, "{context}: {status}\n{said}");
            assert!(!said.contains("fabrik resume"), "{context}: {said}");
        } else {
            assert_eq!(status.code(), Some(0), "{context}: it was over: {status}\n{said}");
        }
        stage.resting(&context).await;
    }
    assert!(parked * 2 > tried, "only {parked} of {tried} were parked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_ctrl_c_parks_an_apply_at_its_next_safe_point() {
    told_to_stop(Operation::Apply, &[Signal::INT]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_parks_an_update_at_once_even_while_a_request_hangs() {
    told_to_stop(Operation::Update, &[Signal::HUP, Signal::TERM]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_ctrl_c_parks_a_rollback_and_resume_finishes_it() {
    told_to_stop(Operation::Undo, &[Signal::INT]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_apply_stops_wherever_it_is_told_to_and_goes_on() {
    told_to_stop_anywhere(Operation::Apply).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_update_stops_wherever_it_is_told_to_and_goes_on() {
    told_to_stop_anywhere(Operation::Update).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_destroy_stops_wherever_it_is_told_to_and_goes_on() {
    told_to_stop_anywhere(Operation::Destroy).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_tells_where_the_run_is_by_then() {
    for (operation, over) in
        [(Operation::Apply, "Complete"), (Operation::Undo, "RolledBack"), (Operation::Destroy, "Destroyed")]
    {
        let stage = Stage::set(operation).await;
        let points = stage.passed().await;
        for (point, name) in (1..).zip(&points).filter(|(_, name)| name.contains(" append ")) {
            stage.reset();
            let (status, said) = stage.told_to_stop_at(point, &[Signal::INT, Signal::TERM]).await;
            let context = format!("{operation:?} told to stop at once at {point} ({name})");
            let open = stage.open_run().await;
            match &open {
                Some(run) => {
                    let next = format!("`fabrik resume {}` goes on", &run[run.len() - 8..]);
                    assert!(status.code() == Some(3) && said.contains(&next), "{context}: {status}\n{said}");
                }
                None if stage.untouched().await => {
                    assert!(!said.contains("fabrik resume"), "{context}: {status}\n{said}");
                }
                None => {
                    assert_eq!(status.code(), Some(0), "{context}: {said}");
                    assert!(said.contains(&format!("was over by then: {over}")), "{context}: {said}");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_too_are_told_of_an_end_at_once() {
    let stage = Stage::set(Operation::Apply).await;
    let points = stage.points().await;
    for point in [1, points / 2, points] {
        stage.reset();
        let (status, said) = stage.told_to_stop(&["--json"], point, &[Signal::INT, Signal::INT]).await;
        let last = said.lines().rfind(|line| line.starts_with('{')).unwrap_or_default();
        let Ok(last) = serde_json::from_str::<serde_json::Value>(last) else {
            // Before it listens, a signal ends it.
            assert!(status.code().is_none(), "{point}: {status}\n{said}");
            continue;
        };
        assert_eq!(last["event"], "run.ended", "{point}: {said}");
        assert_eq!(last["exit"], status.code().unwrap(), "{point}: {said}");
        let open = stage.open_run().await;
        assert_eq!(last["outcome"] == "parked", open.is_some(), "{point}: {said}");
        assert!(open.is_none_or(|run| last["run"] == run), "{point}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_stops_wherever_it_is_told_to_and_goes_on() {
    told_to_stop_anywhere(Operation::Undo).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_nobody_hears_comes_to_its_end_all_the_same() {
    for operation in [Operation::Apply, Operation::Update, Operation::Undo] {
        let stage = Stage::set(operation).await;
        for flags in [&[][..], &["--json"], &["-vv"], &["--quiet"]] {
            stage.reset();
            let context = format!("{operation:?} with {flags:?}, unheard");
            assert_eq!(stage.unheard(flags, None).await, 0, "{context}");
            assert!(!stage.untouched().await, "{context}");
            stage.resting(&context).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_nobody_hears_still_parks_when_it_is_told_to() {
    for operation in [Operation::Apply, Operation::Undo] {
        let stage = Stage::set(operation).await;
        let points = stage.points().await;
        for (point, flags) in [(points / 3, &["--json"][..]), (points / 2, &["-vv"])] {
            stage.reset();
            let context =
                format!("{operation:?} with {flags:?}, unheard, told to stop at {point} of {points}");
            let exit = stage.unheard(flags, Some((point, Signal::HUP))).await;
            stage.half_way(&context).await;
            // Whether the signal or the letting go comes first is not for us to say.
            let is_open = stage.newest(|phase| !phase.is_closed()).await.is_some();
            assert_eq!(exit, if is_open { 3 } else { 0 }, "{context}");
            if is_open {
                assert_eq!(stage.fabrik(&["resume"]).await, done(operation), "{context}, then resumed");
            }
            stage.resting(&context).await;
            let end = if operation == Operation::Undo { PhaseKind::RolledBack } else { PhaseKind::Complete };
            assert!(stage.newest(|phase| phase == end).await.is_some(), "{context}");
        }
    }
}
