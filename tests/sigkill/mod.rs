//! Real SIGKILL on the real binary at every point of [`points`]: on each side of every request, within its answer, and
//! on each side of every journal entry.
//!
//! The sandbox is served by the test; the binary reaches it over loopback and asks before and after each journal
//! entry, so that every point is one held request. A plain `cargo test` kills at some of the points, from an offset that is
//! printed (see `sample`); `FABRIK_EVERY_POINT=1` at every one.

mod disk;
mod faults;
mod points;
mod races;
mod signals;
mod sleepers;
mod stage;

use std::collections::{BTreeMap, BTreeSet};

use crate::crash_safety::operation::{Operation, Story};
use crate::crash_safety::scenario::Made;
use crate::sample::{self, is_every_point, seed};
use stage::{Spot, Stage};

/// How a killed run is continued.
#[derive(Clone, Copy, Debug)]
enum Then {
    Resume,
    RollBack,
}

/// One kill, and what comes then.
#[derive(Clone)]
struct Kill {
    spot: Spot,
    then: Then,
}

impl Then {
    /// One way after the other, in an order in which each comes after each side.
    fn nth(nth: usize) -> Self {
        if [0, 3].contains(&(nth % 4)) { Self::Resume } else { Self::RollBack }
    }

    /// How that is asked for; nothing where no run is open.
    async fn words(self, stage: &Stage) -> Option<Vec<String>> {
        let run = stage.open_run().await?;
        Some(match self {
            Self::Resume => vec!["resume".to_owned()],
            // What destroys the app is not undone.
            Self::RollBack if stage.story.operation == Operation::Destroy => vec!["resume".to_owned()],
            Self::RollBack => vec!["rollback".to_owned(), run],
        })
    }

    /// Takes up what a dead process left, and gives the names of the points that this passes.
    async fn taken(self, stage: &Stage, context: &str) -> Vec<String> {
        let context = format!("{context}, then {self:?}");
        stage.half_way(&context).await;
        let mut passed = Vec::new();
        if let Some(words) = self.words(stage).await {
            let exit;
            (exit, passed) = stage.passing(&words).await;
            assert!(matches!(exit, 0..=2), "{context}: ended with {exit}");
        }
        stage.resting(&context).await;
        passed
    }
}

/// A plain run takes one of so many points: each costs several processes.
const SHARE: usize = 12;

/// Of many, every how many-th is taken, and from which on.
fn pace() -> (usize, usize) {
    sample::pace(SHARE)
}

/// Where a deed that passes points of these names is killed.
fn kills(story: Story, names: &[String]) -> Vec<Kill> {
    let mut times: BTreeMap<&String, u64> = BTreeMap::new();
    let spots = names.iter().map(|name| {
        let nth = times.entry(name).or_default();
        *nth += 1;
        (name, *nth)
    });
    let (every, offset) = pace();
    let taken = spots.collect::<Vec<_>>().into_iter().skip(offset).step_by(every);
    let is_both = is_every_point() && story.made == Made::Folder;
    let kills = |(at, (name, nth)): (usize, (&String, u64))| {
        let thens = if is_both { vec![Then::Resume, Then::RollBack] } else { vec![Then::nth(at)] };
        let spot = Spot::Named(name.clone(), nth);
        thens.into_iter().map(move |then| Kill { spot: spot.clone(), then })
    };
    taken.enumerate().flat_map(kills).collect()
}

/// Kills the deed at each of its points, and each taking up at the points that only it passes.
async fn killed_everywhere(story: impl Into<Story>) {
    let stage = Stage::set(story).await;
    let names = stage.passed().await;
    let (mut met, mut killed) = (points::Met::of(&names), BTreeSet::new());
    let mut twice: BTreeMap<String, Kill> = BTreeMap::new();
    let kills = kills(stage.story, &names);
    for kill in &kills {
        let (fell, context) = dead_at(&stage, kill).await;
        killed.insert(fell);
        for name in kill.then.taken(&stage, &context).await {
            if !met.passed.contains(&name) {
                twice.entry(name).or_insert(kill.clone());
            }
        }
    }
    for (name, kill) in &twice {
        let (_, context) = dead_at(&stage, kill).await;
        let words = kill.then.words(&stage).await.expect("it was taken up before");
        let fell = stage.killed_at(&words, &Spot::Named(name.clone(), 1)).await;
        let fell = fell.expect("it was passed before");
        kill.then.taken(&stage, &format!("{context}, and {words:?} killed {fell}")).await;
        killed.insert(fell);
    }
    met.again = twice.keys().cloned().collect();
    println!(
        "{:?}: {} points of {} names, and {} names of points of its taking up; killed {} times (FABRIK_POINT_SEED={})",
        stage.story,
        names.len(),
        met.passed.len(),
        met.again.len(),
        kills.len() + twice.len(),
        seed()
    );
    points::hold(stage.story, &met, &killed);
}

/// Does the deed anew until it is killed; gives the name of the point, and words for all of it.
async fn dead_at(stage: &Stage, kill: &Kill) -> (String, String) {
    stage.reset();
    let (story, spot) = (stage.story, &kill.spot);
    let fell = stage.killed_at(&stage.operation().await, spot).await;
    let fell = fell.unwrap_or_else(|| panic!("{story:?} ended before {spot:?}"));
    (fell, format!("{story:?} killed at {spot:?}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_an_apply_at_any_point_loses_nothing() {
    killed_everywhere(Operation::Apply).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_an_update_at_any_point_loses_nothing() {
    killed_everywhere(Operation::Update).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_a_rollback_at_any_point_loses_nothing() {
    killed_everywhere(Operation::Undo).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_an_update_that_fails_and_is_undone_at_any_point_loses_nothing() {
    killed_everywhere(Operation::FailedUpdate).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_a_destroy_at_any_point_loses_nothing() {
    killed_everywhere(Operation::Destroy).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_what_is_done_to_an_image_at_any_point_loses_nothing() {
    for operation in [Operation::Apply, Operation::Undo] {
        killed_everywhere(Story { made: Made::Image, operation }).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_changes_of_an_image_at_any_point_loses_nothing() {
    for operation in [Operation::Update, Operation::FailedUpdate, Operation::Destroy] {
        killed_everywhere(Story { made: Made::Image, operation }).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_an_apply_of_a_private_repository_at_any_point_loses_nothing() {
    killed_everywhere(Story { made: Made::PrivateGit, operation: Operation::Apply }).await;
}
