//! A holder that sleeps, by SIGSTOP, between its intent and the answer, and wakes when somebody else has the app.
//!
//! On its own host it keeps the operating system's lock for as long as it lives, however long it sleeps. Another host
//! does not see that lock and goes by the lease: a process in namespaces of its own, with another name, another boot, a
//! clock since then that tells another time, and a folder of locks that it shares with nobody. No namespace has a wall
//! clock of its own, so that what is written of the lease is moved back instead.

use std::process::{Command, Output};

use rustix::process::Signal;
use tokio::process::Child;

use super::stage::{Stage, pid, told};
use super::{pace, seed};
use crate::crash_safety::operation::{Operation, Story};
use crate::crash_safety::scenario::Made;

/// Seconds that the other host has run for longer.
const AHEAD: &str = "300";
/// What a sleeper says that was robbed.
const ROBBED: &str = "the app's lock was taken from this run";

/// A process that sleeps at a point.
struct Sleeper {
    child: Child,
    at: String,
}

impl Sleeper {
    async fn at(stage: &Stage, point: u64) -> Self {
        let (child, at) = stage.held_at(point).await;
        rustix::process::kill_process(pid(&child), Signal::STOP).unwrap();
        Self { child, at }
    }

    /// How others tell of it.
    fn name(&self) -> String {
        format!("pid {}", pid(&self.child).as_raw_pid())
    }

    /// Whether its write had its effect before it fell asleep.
    fn has_effect(&self) -> bool {
        self.at.starts_with("after ") && !self.at.contains(" append ")
    }

    /// Wakes it and lets it go where it is held; gives its end.
    async fn wakes(self, stage: &Stage) -> Output {
        rustix::process::kill_process(pid(&self.child), Signal::CONT).unwrap();
        stage.let_go().await;
        self.child.wait_with_output().await.unwrap()
    }
}

/// The points at which a write is intended, on its way, and done but not yet answered.
fn around_writes(points: &[String]) -> Vec<u64> {
    let is_around = |name: &str| {
        let is_write = ["POST /", "PATCH /", "DELETE /"].iter().any(|write| name.contains(write));
        let is_intent =
            name.starts_with("after append intended") || name.starts_with("after append undo-intended");
        is_intent || is_write && !name.starts_with("mid-reply")
    };
    // Before the first entry no run is there to be overtaken.
    let of_run = (1..).zip(points).skip_while(|(_, name)| !name.contains(" append "));
    of_run.filter(|(_, name)| is_around(name)).map(|(point, _)| point).collect()
}

/// The entries of all runs.
async fn entries(stage: &Stage) -> usize {
    let journal = stage.journal().expect("a run has begun");
    let mut count = 0;
    for row in journal.list(None).await.unwrap() {
        count += journal.load(&row.run).await.unwrap().lines.len();
    }
    count
}

/// Nothing of the sleeper is written any more, and it says why; what it had intended is still sent, for its own clock
/// tells it nothing.
async fn robbed(stage: &Stage, sleeper: Sleeper, context: &str) {
    let sent = || stage.scenario.sandbox.world().log.writes.len();
    let (written, before) = (entries(stage).await, sent());
    let is_late = !sleeper.has_effect();
    let (exit, said) = told(&sleeper.wakes(stage).await);
    assert_eq!(exit, 3, "{context}: {said}");
    assert!(said.contains(ROBBED), "{context}: {said}");
    assert_eq!(entries(stage).await, written, "{context}: it wrote all the same");
    assert_eq!(sent() - before, usize::from(is_late), "{context}: requests that came late");
}

/// Lets more time go by than a lease lasts, for all who go by the wall clock.
fn leases_run_out(stage: &Stage) {
    let journal = rusqlite::Connection::open(stage.state().join("fabrik.db")).unwrap();
    let moved = journal.execute("UPDATE leases SET expires_wall_ms = expires_wall_ms - 300000", ()).unwrap();
    assert!(moved > 0, "nobody has a lease");
}

/// How the binary is started on what is another host to it; nothing where the kernel makes no such resource.
fn elsewhere(stage: &Stage) -> Option<Vec<String>> {
    const MOVE: &str = "hostname elsewhere && mount --bind \"$1\" /proc/sys/kernel/random/boot_id \
                        && mount -t tmpfs -o mode=700 tmpfs \"$2\" && shift 2 && exec \"$@\"";
    let boot = stage.scenario.folder.path().join("boot");
    std::fs::write(&boot, "0b5e55ed-0000-4000-8000-000000000000\n").unwrap();
    let (boot, locks) = (boot.display().to_string(), stage.state().join("locks").display().to_string());
    let ways: [&[&str]; 2] = [&["unshare"], &["unshare", "--user", "--map-root-user"]];
    let whole = |way: &[&str]| {
        let spaces =
            ["--mount", "--uts", "--time", "--boottime", AHEAD, "sh", "-c", MOVE, "sh", &boot, &locks];
        way.iter().chain(&spaces).map(|word| (*word).to_owned()).collect::<Vec<_>>()
    };
    let works = |words: &Vec<String>| {
        let tried = Command::new(&words[0]).args(&words[1..]).arg("true").output();
        tried.is_ok_and(|output| output.status.success())
    };
    ways.into_iter().map(whole).find(works)
}

async fn says_under(stage: &Stage, starter: &[String], arguments: &[&str]) -> (i32, String) {
    let starter: Vec<&str> = starter.iter().map(String::as_str).collect();
    told(&stage.command_under(&starter, arguments).output().await.unwrap())
}

/// Sleeps around every write of the deed while another host takes the app over; then wakes.
async fn overtaken(story: Story) {
    let stage = Stage::set(story).await;
    let points = around_writes(&stage.passed().await);
    let (every, offset) = pace();
    let mut slept = 0;
    for (nth, point) in points.iter().copied().enumerate().skip(offset).step_by(every) {
        stage.reset();
        let sleeper = Sleeper::at(&stage, point).await;
        let Some(elsewhere) = elsewhere(&stage) else {
            println!("SKIPPED: the kernel makes no time namespace here, so no lease runs out");
            return;
        };
        let context = format!("{:?} asleep at {point} ({})", stage.story, sleeper.at);
        let (exit, said) = says_under(&stage, &elsewhere, &["resume"]).await;
        let is_held = exit == 6 && said.contains(&sleeper.name());
        assert!(is_held, "{context}, while its lease lasts: {exit}\n{said}");
        leases_run_out(&stage);
        let run = stage.open_run().await.expect("a run sleeps");
        let undone = nth % 2 == 1 && stage.story.operation != Operation::Destroy;
        let words = if undone { vec!["rollback", &run] } else { vec!["resume"] };
        let taken = says_under(&stage, &elsewhere, &words).await;
        assert!(matches!(taken.0, 0 | 1), "{context}, taken over elsewhere: {taken:?}");
        robbed(&stage, sleeper, &context).await;
        slept += 1;
        let again = stage.says(&["apply", "blog.yaml", "--force"]).await;
        assert_eq!(again.0, 0, "{context}, applied again: {}", again.1);
        stage.resting(&context).await;
    }
    println!(
        "{:?}: overtaken {slept} times, around {} points, every {every} (FABRIK_POINT_SEED={})",
        stage.story,
        points.len(),
        seed()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sleeps_past_the_lease_is_overtaken_and_what_it_still_sends_is_taken_down() {
    for operation in [Operation::Apply, Operation::Update, Operation::Destroy] {
        overtaken(operation.into()).await;
    }
    overtaken(Story { made: Made::Image, operation: Operation::Apply }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sleeps_on_this_host_keeps_the_app_until_it_is_robbed_and_then_writes_no_more() {
    let stage = Stage::set(Operation::Apply).await;
    let points = around_writes(&stage.passed().await);
    let (every, offset) = pace();
    for point in points.into_iter().skip(offset).step_by(every) {
        stage.reset();
        let sleeper = Sleeper::at(&stage, point).await;
        let context = format!("asleep at {point} ({})", sleeper.at);
        for words in [&["resume"][..], &["apply", "blog.yaml"], &["unlock", "blog"]] {
            let (exit, said) = stage.says(words).await;
            assert!(exit == 6 && said.contains(&sleeper.name()), "{context}, {words:?}: {exit}\n{said}");
        }
        let (exit, said) = stage.says(&["unlock", "blog", "--force"]).await;
        assert!(exit == 0 && said.contains("its process still lives"), "{context}: {exit}\n{said}");
        let (exit, said) = stage.says(&["resume"]).await;
        assert_eq!(exit, 6, "{context}, robbed and still alive: {said}");
        robbed(&stage, sleeper, &context).await;
        stage.half_way(&context).await;
        assert_eq!(stage.fabrik(&["resume"]).await, 0, "{context}, then resumed");
        stage.resting(&context).await;
    }
}
