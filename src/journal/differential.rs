//! Two stores, one random story: they must answer alike at every turn.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::fixtures::{
    InFile, InMemory, Journal, app, blobs, complete, copy, first, from_the_future, holder, parked, refused,
    rolling_back, run,
};
use super::{Acquisition, JournalStore, LEASE, Lease, StoreError};

const APPS: [&str; 2] = ["blog", "shop"];
const PROCESSES: usize = 2;

#[derive(Debug, Clone)]
enum Verb {
    Claim { process: usize, app: usize, host: usize },
    Renew { process: usize, lease: usize },
    Release { process: usize, lease: usize },
    Evict { process: usize, lease: usize },
    Begin { process: usize, lease: usize, run: u128, app: usize, freezes: bool, gives: bool },
    Append { process: usize, run: u128, seq: u64, lease: usize, line: usize },
    Load { run: u128 },
    Forget { process: usize, run: u128 },
    Die { process: usize },
    Wait { seconds: u64 },
}

fn verb() -> impl Strategy<Value = Verb> {
    let (process, app, lease, run) = (0..PROCESSES, 0..APPS.len(), 0..4usize, 1..4u128);
    prop_oneof![
        3 => (process.clone(), app.clone(), 0..2usize)
            .prop_map(|(process, app, host)| Verb::Claim { process, app, host }),
        1 => (process.clone(), lease.clone()).prop_map(|(process, lease)| Verb::Renew { process, lease }),
        1 => (process.clone(), lease.clone()).prop_map(|(process, lease)| Verb::Release { process, lease }),
        1 => (process.clone(), lease.clone()).prop_map(|(process, lease)| Verb::Evict { process, lease }),
        4 => (process.clone(), lease.clone(), run.clone(), app, any::<bool>(), any::<bool>()).prop_map(
            |(process, lease, run, app, freezes, gives)| Verb::Begin { process, lease, run, app, freezes, gives }
        ),
        8 => (process.clone(), run.clone(), 0..5u64, lease, 0..5usize)
            .prop_map(|(process, run, seq, lease, line)| Verb::Append { process, run, seq, lease, line }),
        1 => run.clone().prop_map(|run| Verb::Load { run }),
        2 => (process.clone(), run).prop_map(|(process, run)| Verb::Forget { process, run }),
        1 => process.prop_map(|process| Verb::Die { process }),
        1 => (1..LEASE.as_secs() + 60).prop_map(|seconds| Verb::Wait { seconds }),
    ]
}

/// One store's side of the story.
struct Side {
    journal: Box<dyn Journal>,
    processes: Vec<Arc<dyn JournalStore>>,
    leases: Vec<Lease>,
}

impl Side {
    fn new(journal: Box<dyn Journal>) -> Self {
        let processes = (0..PROCESSES).map(|_| journal.process()).collect();
        Self { journal, processes, leases: Vec::new() }
    }

    /// A lease given earlier, the newest first; one never given where there is none.
    fn lease(&self, back: usize) -> Lease {
        let never = Lease { key: app(APPS[0]).to_string(), token: 9, until: Duration::ZERO };
        self.leases.iter().rev().nth(back).map_or(never, copy)
    }

    /// Does `verb` and says what came of it and what is there now.
    async fn tell(&mut self, verb: &Verb) -> String {
        let answer = self.act(verb).await;
        format!("{answer}\n{:#?}", self.processes[0].list(None).await)
    }

    async fn act(&mut self, verb: &Verb) -> String {
        match *verb {
            Verb::Claim { process, app: name, host } => {
                let host = holder(["here", "there"][host]);
                let claim = self.processes[process].acquire(&app(APPS[name]).to_string(), &host).await;
                if let Ok(Acquisition::Acquired { lease, .. }) = &claim {
                    self.leases.push(copy(lease));
                }
                said(claim)
            }
            Verb::Renew { process, lease } => {
                let mut lease = self.lease(lease);
                let renewed = self.processes[process].renew(&mut lease).await;
                format!("{} {lease:?}", said(renewed))
            }
            Verb::Release { process, lease } => {
                said(self.processes[process].release(self.lease(lease)).await)
            }
            Verb::Evict { process, lease } => {
                let lease = self.lease(lease);
                said(self.processes[process].evict(&lease.key, lease.token).await)
            }
            Verb::Begin { process, lease, run: bits, app, freezes, gives } => {
                let frozen: &[&str] = if freezes { &["spec"] } else { &[] };
                let given = if gives { blobs(&["spec"]) } else { BTreeMap::new() };
                let line = first(&run(bits), APPS[app], frozen);
                said(self.processes[process].begin(&self.lease(lease), &line, &given).await)
            }
            Verb::Append { process, run: bits, seq, lease, line } => {
                let line = [parked, refused, rolling_back, complete, from_the_future][line]();
                said(self.processes[process].append(&run(bits), seq, self.lease(lease).token, &line).await)
            }
            Verb::Load { run: bits } => said(self.processes[1].load(&run(bits)).await),
            Verb::Forget { process, run: bits } => said(self.processes[process].purge(&run(bits)).await),
            Verb::Die { process } => {
                drop(self.processes.remove(process));
                self.processes.insert(process, self.journal.process());
                String::new()
            }
            Verb::Wait { seconds } => {
                self.journal.clock().advance(Duration::from_secs(seconds));
                String::new()
            }
        }
    }
}

/// An answer without what may differ: the place.
fn said<T: Debug>(answer: Result<T, StoreError>) -> String {
    match answer {
        Err(StoreError::Unusable { reason, .. }) => format!("unusable: {reason}"),
        answer => format!("{answer:#?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_stores_answer_alike(story in prop::collection::vec(verb(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime without drivers");
        let mut memory = Side::new(Box::new(InMemory::new()));
        let mut file = Side::new(Box::new(InFile::new()));
        for (turn, verb) in story.iter().enumerate() {
            let (memory, file) = runtime.block_on(async { (memory.tell(verb).await, file.tell(verb).await) });
            prop_assert_eq!(memory, file, "turn {}: {:?}", turn, verb);
        }
    }
}
