//! Rules that back each other up, seen one by one on the requests themselves.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fabrik::engine::commands::CommandOutcome;
use fabrik::sandbox::{HookVerdict, RequestFault, Side};

use super::crash::CrashPoint;
use super::scenario::{Scenario, options};

/// A request, and when it arrived.
#[derive(Clone, Debug)]
struct Seen {
    request: String,
    at: Duration,
}

/// Does `operation` in a process of its own and gives the requests it sent.
async fn traced(
    scenario: &Scenario,
    operation: impl AsyncFnOnce(fabrik::engine::commands::Engine) -> CommandOutcome,
) -> Vec<Seen> {
    let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
    let (trace, clock) = (seen.clone(), scenario.sandbox.ports().clock);
    let ports = scenario.sandbox.outside_with_hook(Arc::new(move |point| {
        if point.side == Side::Before {
            let request = format!("{} {}", point.method, point.path);
            trace.lock().unwrap().push(Seen { request, at: clock.boot() });
        }
        HookVerdict::Go
    }));
    let mut process = scenario.process(&CrashPoint::default());
    process.clients = process.clients.clone().through(&ports);
    process.ports = ports;
    operation(process).await;
    seen.lock().unwrap().drain(..).collect()
}

fn matching<'a>(seen: &'a [Seen], words: &'a [&str]) -> impl Iterator<Item = &'a Seen> {
    seen.iter().filter(move |seen| words.iter().all(|word| seen.request.contains(word)))
}

#[tokio::test]
async fn absence_is_believed_only_after_two_reads_a_staleness_window_apart() {
    let scenario = Scenario::new(1);
    scenario.sandbox.with_world(|world| world.at_write = Some((1, RequestFault::LostBefore))).unwrap();
    let seen = traced(&scenario, async |engine| engine.apply(scenario.spec(), &options()).await).await;
    let creates: Vec<Duration> = matching(&seen, &["POST", "dns_records"]).map(|seen| seen.at).collect();
    let reads: Vec<Duration> =
        matching(&seen, &["GET", "dns_records", "comment"]).map(|seen| seen.at).collect();
    assert_eq!(creates.len(), 2, "{seen:#?}");
    let between: Vec<_> = reads.iter().filter(|at| **at > creates[0] && **at <= creates[1]).collect();
    assert!(between.len() >= 2, "one read was enough: {seen:#?}");
    assert!(*between[between.len() - 1] >= *between[0] + Duration::from_secs(5));
    assert!(*between[0] >= creates[0] + Duration::from_secs(31), "asked inside the settle window");
}

#[tokio::test]
async fn absence_is_believed_only_beside_a_control_read() {
    let scenario = Scenario::new(1);
    scenario.sandbox.with_world(|world| world.at_write = Some((1, RequestFault::LostBefore))).unwrap();
    let seen = traced(&scenario, async |engine| engine.apply(scenario.spec(), &options()).await).await;
    let first_read = seen.iter().position(|seen| seen.request.contains("comment")).unwrap();
    assert_eq!(seen[first_read].request, seen[first_read + 1].request);
    let control = &seen[first_read + 2].request;
    assert!(
        control.starts_with("GET") && control.contains("/zones/") && !control.contains("dns"),
        "{control}"
    );
}

#[tokio::test]
async fn gone_is_what_is_not_there_twice_a_staleness_window_apart() {
    let scenario = Scenario::new(1);
    scenario.apply(&CrashPoint::default()).await;
    let run = scenario.finished().await.pop().unwrap();
    let seen = traced(&scenario, async |engine| engine.roll_back(&run, &options()).await).await;
    for path in ["dns_records/", "/projects/", "/services/"] {
        let deleted =
            seen.iter().rposition(|seen| seen.request.starts_with("DELETE") && seen.request.contains(path));
        let after: Vec<Duration> = matching(&seen[deleted.unwrap() + 1..], &["GET", path])
            .filter(|seen| !seen.request.contains('?'))
            .map(|seen| seen.at)
            .collect();
        let first_to_last = after.last().unwrap().saturating_sub(after[0]);
        assert!(after.len() >= 2 && first_to_last >= Duration::from_secs(5), "{path}: {after:?}");
    }
}

#[tokio::test]
async fn a_run_that_was_taken_up_again_lists_its_marks_once_more_before_it_is_complete() {
    let scenario = Scenario::new(1);
    let crash = CrashPoint::at(60);
    scenario.apply(&crash).await;
    let run = scenario.open_run().await.expect("a run cut off half-way");
    let seen = traced(&scenario, async |engine| engine.resume(&run, &options()).await).await;
    let proof = seen.iter().rposition(|seen| seen.request.ends_with("/health")).expect("a proof");
    let swept = matching(&seen[proof..], &["GET"]).map(|seen| seen.request.as_str()).collect::<Vec<_>>();
    assert!(swept.iter().any(|request| request.contains("comment")), "{swept:?}");
    assert!(swept.iter().any(|request| request.ends_with("/services")), "{swept:?}");
}

#[tokio::test]
async fn before_a_thing_in_doubt_is_undone_its_settle_window_is_waited_out() {
    let scenario = cut_off_after("PATCH", "dns_records").await;
    let open = scenario.open_run().await.expect("a run cut off half-way");
    let lines = scenario.journal().load(&open).await.unwrap().lines;
    let sent = Duration::from_millis(lines.last().unwrap().at.monotonic_ms);
    let run = scenario.open_run().await.expect("a run cut off half-way");
    let seen = traced(&scenario, async |engine| engine.roll_back(&run, &options()).await).await;
    let back = matching(&seen, &["PATCH", "dns_records"]).next().expect("the record is put back").at;
    assert!(
        back >= sent + Duration::from_secs(31),
        "put back {:?} after the change in doubt",
        back.saturating_sub(sent)
    );
}

/// A scene in which the process of an update has died while the answer to that request was on its way.
async fn cut_off_after(method: &str, path: &str) -> Scenario {
    for point in 0.. {
        let scenario = Scenario::new(1);
        scenario.apply(&CrashPoint::default()).await;
        scenario.edit("second");
        scenario.respec("port: 8000", "port: 8000\ndns: {ttl: 300}");
        let crash = CrashPoint::at(point);
        scenario.apply(&crash).await;
        if crash.fell().starts_with(&format!("after {method}")) && crash.fell().contains(path) {
            return scenario;
        }
        assert!(!crash.fell().is_empty(), "no update sends {method} {path}");
    }
    unreachable!("the loop above has no end of its own")
}
