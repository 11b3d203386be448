//! Every kind of fault at every write, and a SIGKILL soon after it: a process dies that has just learnt, or is just
//! finding out, that something went wrong.
//!
//! A plain `cargo test` takes one of many combinations, from an offset that is printed; `FABRIK_EVERY_FAULT=1` takes
//! all of them, `FABRIK_EVERY_POINT=1` one of five.

use std::collections::BTreeSet;

use fabrik::sandbox::RequestFault;

use super::stage::{Spot, Stage};
use super::{Then, is_every_point, seed};
use crate::crash_safety::operation::{Operation, Story};
use crate::crash_safety::scenario::Made;

const MISHAPS: [RequestFault; 17] = [
    RequestFault::Refused,
    RequestFault::LostBefore,
    RequestFault::LostAfter,
    RequestFault::Late { after_ms: 25_000 },
    RequestFault::ErrorBefore,
    RequestFault::ErrorAfter,
    RequestFault::Garbled,
    RequestFault::Empty,
    RequestFault::Gateway,
    RequestFault::TooMany { retry_after: Some(30) },
    RequestFault::TooMany { retry_after: None },
    RequestFault::Stale,
    RequestFault::Slow,
    RequestFault::GatewayAfter,
    RequestFault::Mistyped,
    RequestFault::Unsuccessful,
    RequestFault::Elsewhere,
];
const OPERATIONS: [Operation; 5] =
    [Operation::Apply, Operation::Update, Operation::Undo, Operation::FailedUpdate, Operation::Destroy];
/// How many points after half of the answer that went wrong the process is killed: right there, at the next point, which
/// is an entry or another question, and further on.
const LATER: [u64; 4] = [0, 1, 3, 6];

/// One combination.
#[derive(Clone, Copy, Debug)]
struct Strike {
    /// Which write of the deed, from 0.
    write: usize,
    fault: RequestFault,
    later: u64,
}

/// A request of a deed.
struct Asked {
    /// The point before its effect, from 1.
    point: u64,
    /// Whether it is a write to an API.
    writes: bool,
}

// Before its first entry a process only asks, also what the token may do, and in no order of its own.
fn asked(points: &[String]) -> Vec<Asked> {
    let first_entry =
        (1..).zip(points).find(|(_, name)| name.contains(" append ")).map_or(0, |(point, _)| point);
    let ask = |(point, name): (u64, &String)| {
        let (method, path) = name.strip_prefix("before ")?.split_once(' ')?;
        let is_api = path.starts_with("/api/") || path.starts_with("/client/");
        path.starts_with('/')
            .then_some(Asked { point, writes: method != "GET" && is_api && point > first_entry })
    };
    (1..).zip(points).filter_map(ask).collect()
}

/// All combinations for a deed of so many writes.
fn strikes(writes: usize) -> impl Iterator<Item = Strike> {
    let of =
        |write| LATER.into_iter().flat_map(move |later| MISHAPS.map(|fault| Strike { write, fault, later }));
    (0..writes).flat_map(of)
}

/// Arms the mishap, and gives the point at which the process is killed.
fn arm(stage: &Stage, asked: &[Asked], Strike { write, fault, later }: Strike) -> u64 {
    let mut writes = asked.iter().enumerate().filter(|(_, it)| it.writes);
    let (at, _) = writes.nth(write).expect("so many writes are sent");
    // Only a read can be stale: the one that follows.
    let at = if fault == RequestFault::Stale { (at + 1).min(asked.len() - 1) } else { at };
    let request = Some((at as u64 + 1, fault));
    stage.scenario.sandbox.with_world(|world| world.at_request = request).unwrap();
    // After its effect comes half of its answer.
    asked[at].point + 2 + later
}

/// Of the combinations, every how many-th is taken: a number that meets each fault at each distance.
fn pace() -> usize {
    match () {
        () if std::env::var_os("FABRIK_EVERY_FAULT").is_some() => 1,
        () if is_every_point() => 5,
        () => 61,
    }
}

async fn killed_after_every_fault(made: Made) {
    let (every, mut left) = (pace(), seed() % pace());
    let (mut all, mut tried, mut killed, mut kinds) = (0, 0, 0, BTreeSet::new());
    for operation in OPERATIONS {
        let stage = Stage::set(Story { made, operation }).await;
        let asked = asked(&stage.passed().await);
        let writes = asked.iter().filter(|it| it.writes).count();
        for strike in strikes(writes) {
            all += 1;
            if left > 0 {
                left -= 1;
                continue;
            }
            left = every - 1;
            stage.reset();
            let point = arm(&stage, &asked, strike);
            let fell = stage.killed_at(&stage.operation().await, &Spot::Point(point)).await;
            let context = format!("{:?}, {strike:?}, killed at {point} ({fell:?})", stage.story);
            assert!(stage.scenario.sandbox.world().at_request.is_none(), "{context}: nothing went wrong");
            Then::nth(tried).taken(&stage, &context).await;
            tried += 1;
            killed += usize::from(fell.is_some());
            kinds.insert(MISHAPS.iter().position(|fault| *fault == strike.fault));
        }
    }
    println!(
        "{made:?}: killed {killed} times soon after one of {} kinds of faults; {all} combinations, every {every} \
         (FABRIK_POINT_SEED={})",
        kinds.len(),
        seed()
    );
    assert_eq!(kinds.len(), MISHAPS.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_what_is_done_to_a_folder_soon_after_any_fault_loses_nothing() {
    killed_after_every_fault(Made::Folder).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_what_is_done_to_an_image_soon_after_any_fault_loses_nothing() {
    killed_after_every_fault(Made::Image).await;
}
