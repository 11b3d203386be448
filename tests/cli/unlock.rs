//! `fabrik unlock`: whose lock it is, whether that one lives, and what is said of it.

use std::sync::Arc;
use std::time::Duration;

use fabrik::journal::sqlite::SqliteStore;
use fabrik::journal::{Acquisition, Holder, JournalStore, Lease, StoreError};
use fabrik::net::Clock;
use fabrik::net::live::LiveClock;
use jiff::Timestamp;
use machine::entry::{JournalEntry, StoredEntry};
use machine::id::RunId;
use serde_json::Value;

use super::fixture::{CliFixture, Said};

/// A process that has the app of a parked run; dropping it is its death.
struct Other {
    store: SqliteStore,
    lease: Lease,
    run: RunId,
}

/// What the clock said when a lease was granted that has run out since.
struct LongAgo;

#[async_trait::async_trait]
impl Clock for LongAgo {
    fn wall(&self) -> Timestamp {
        Timestamp::from_second(1_700_000_000).unwrap()
    }

    fn boot(&self) -> Duration {
        Duration::ZERO
    }

    async fn sleep(&self, _: Duration) {}

    fn boot_id(&self) -> String {
        "long ago".to_owned()
    }
}

/// An app with a parked run.
fn parked() -> CliFixture {
    let house = CliFixture::with_app();
    let spec = std::fs::read_to_string(house.folder().join("my-api.yaml")).unwrap();
    house.write("my-api.yaml", spec + "rollback: {coolify: manual}\n");
    house.run(&["sandbox", "fault", "health"]).ends(0);
    house.apply().ends(3);
    house
}

fn unlock(house: &CliFixture, more: &[&str]) -> Said {
    let mut words = vec!["unlock", "my-api", "--sandbox"];
    words.extend(more);
    house.run(&words)
}

/// Somebody on this host, in this boot, whose process id is of another namespace.
fn neighbour() -> Holder {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Holder {
        who: format!("ada@{host}"),
        pid: u32::MAX,
        boot: LiveClock.boot_id(),
        command: "apply her.yaml".into(),
    }
}

fn stranger() -> Holder {
    Holder { who: "ada@elsewhere".into(), pid: 7, boot: "of another host".into(), ..neighbour() }
}

async fn claimed(house: &CliFixture, holder: &Holder, clock: Arc<dyn Clock>) -> Other {
    let store = SqliteStore::open(&house.sandbox().join("fabrik.db"), clock).unwrap();
    let row = store.list(None).await.unwrap().pop().unwrap();
    match store.acquire(&row.app.to_string(), holder).await.unwrap() {
        Acquisition::Acquired { lease, .. } => Other { store, lease, run: row.run },
        Acquisition::Busy(holder) => panic!("{} has it", holder.by),
    }
}

impl Other {
    /// Writes one more entry, if it may.
    async fn writes(&self) -> Result<(), StoreError> {
        let seq = self.store.load(&self.run).await.unwrap().lines.len() as u64;
        let entry = JournalEntry::Parked { reason: "tried".into() };
        let at = fabrik::engine::journal::moment(&LiveClock);
        self.store.append(&self.run, seq, self.lease.token, &StoredEntry::new(at, entry)).await
    }
}

#[tokio::test]
async fn a_living_runs_lock_stays_and_who_where_and_since_when_is_said() {
    let house = parked();
    let other = claimed(&house, &neighbour(), Arc::new(LiveClock)).await;
    let said = unlock(&house, &[]).ends(6).says(&format!("held by {}", neighbour())).says("since   20");
    said.says("its process lives on this host").says("--force");
    other.writes().await.unwrap();
}

#[tokio::test]
async fn a_dead_runs_lock_is_released_and_resume_is_named() {
    let house = parked();
    let started_anew = Holder { boot: "the boot before".into(), ..neighbour() };
    let cases: [(Holder, Arc<dyn Clock>, &str); 3] = [
        (neighbour(), Arc::new(LiveClock), "its process has ended, and the operating system freed its lock"),
        (started_anew, Arc::new(LiveClock), "this machine was restarted"),
        (stranger(), Arc::new(LongAgo), "its lease ran out on another host"),
    ];
    for (holder, clock, why) in cases {
        drop(claimed(&house, &holder, clock).await);
        let said = unlock(&house, &[]).ends(0).says("the lock of my-api is released").says(why);
        said.says(&format!("held by {holder}"))
            .says("since   20")
            .says("fabrik resume")
            .says("fabrik rollback");
        unlock(&house, &[]).ends(0).says("nobody holds my-api");
    }
    house.run(&["rollback", &newest(&house), "--sandbox", "--yes"]).ends(0);
}

fn newest(house: &CliFixture) -> String {
    let said = house.run(&["history", "--sandbox", "--json"]).ends(0);
    said.events()[0]["runs"][0]["run"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_lock_of_another_host_is_kept_while_its_lease_lasts() {
    let house = parked();
    drop(claimed(&house, &stranger(), Arc::new(LiveClock)).await);
    let said = unlock(&house, &[]).ends(6).says("ada@elsewhere, pid 7").says("cannot be seen from here");
    said.says("within 3 minutes");
    unlock(&house, &["--force", "--yes"])
        .ends(0)
        .says("was taken")
        .says("ada@elsewhere")
        .says("fabrik resume");
    unlock(&house, &[]).ends(0).says("nobody holds my-api");
}

#[tokio::test]
async fn a_living_run_is_robbed_only_when_that_is_agreed_to_and_writes_no_more() {
    let house = parked();
    let other = claimed(&house, &neighbour(), Arc::new(LiveClock)).await;
    for more in [&["--force"][..], &["--force", "--no-input"]] {
        unlock(&house, more)
            .ends(2)
            .says("take the lock of my-api from ada@")
            .says("Cancelled")
            .says("--yes");
    }
    other.writes().await.unwrap();
    unlock(&house, &["--force", "--yes"]).ends(0).says("was taken").says("its process still lives");
    assert!(matches!(other.writes().await, Err(StoreError::Fenced { .. })));
    // It has not ended yet, and nobody else begins before it has.
    for more in [&[][..], &["--force", "--yes"]] {
        unlock(&house, more).ends(6).says("just beginning or ending").says("try again");
    }
    house.run(&["resume", "--sandbox"]).ends(6).says("just beginning or ending");
    drop(other);
    unlock(&house, &[]).ends(0).says("nobody holds my-api");
}

#[tokio::test]
async fn programs_hear_whose_lock_it_was() {
    let house = parked();
    let other = claimed(&house, &neighbour(), Arc::new(LiveClock)).await;
    let told = |exit: i32| -> Value { unlock(&house, &["--json"]).ends(exit).events().pop().unwrap() };
    let held = told(6);
    assert_eq!((&held["outcome"], &held["by"]["who"]), (&"held".into(), &neighbour().who.into()));
    drop(other);
    let released = told(0);
    assert_eq!((&released["outcome"], &released["by"]["pid"]), (&"unlocked".into(), &u32::MAX.into()));
    let free = told(0);
    assert_eq!((&free["outcome"], &free["by"]), (&"free".into(), &Value::Null));
}

#[test]
fn an_app_that_nobody_knows_has_no_lock() {
    let house = CliFixture::with_app();
    unlock(&house, &[]).ends(2).says("there is no journal");
    house.apply().ends(0);
    house.run(&["unlock", "nobody", "--sandbox"]).ends(2).says("there is no run of `nobody`");
}
