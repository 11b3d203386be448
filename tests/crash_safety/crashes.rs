//! Every crash in every story, and every second crash in what takes it up again.
//!
//! From each wreck that a story can leave a new process goes on, or undoes; and from each wreck that this can leave,
//! another one does. With every point nothing is drawn and nothing left out: what is not tried then is a third crash.
//! Where both ways leave one and the same wreck, as they do once a run is being undone, it is tried once.

use fabrik::engine::RunOutcome;
use fabrik::engine::commands::CommandOutcome;
use fabrik::sandbox::services::SimVolume;

use super::crash::CrashPoint;
use super::invariants::{always, at_rest};
use super::operation::{Operation, Story, complete, destroyed, rolled_back};
use super::scenario::{Made, Scenario};
use super::wreck::Wreck;
use crate::sample::{Sample, sampled};

/// How a crashed run is continued.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Then {
    Resume,
    Undo,
}

impl Then {
    async fn take_up(self, scenario: &Scenario, crash: &CrashPoint) -> Option<CommandOutcome> {
        match self {
            Self::Resume => scenario.resume(crash).await,
            Self::Undo => scenario.undo_open(crash).await,
        }
    }

    // One that resumes may find a run that is being undone, and go on with that.
    fn may_end_in(self, outcome: Option<&CommandOutcome>) -> bool {
        let parked = matches!(outcome, Some(CommandOutcome::Ended(RunOutcome::Parked { .. })));
        let is_over = |outcome| rolled_back(outcome) || destroyed(outcome);
        !parked && (self == Self::Resume || outcome.is_none_or(is_over))
    }
}

/// A story, and what there was before it.
struct Tale {
    story: Story,
    shown: String,
    volumes: Vec<SimVolume>,
}

/// How many crashes were lived through.
#[derive(Default)]
struct Count {
    crashes: usize,
    pairs: usize,
}

async fn every_crash_of(made: Made) {
    let mut total = Count::default();
    let (mut first, mut second) = (sampled(8, "crashes"), sampled(6, "second crashes"));
    for story in Story::all(made) {
        let Count { crashes, pairs } = every_crash_in(story, (&mut first, &mut second)).await;
        total = Count { crashes: total.crashes + crashes, pairs: total.pairs + pairs };
    }
    let Count { crashes, pairs } = total;
    println!("{made:?}: {crashes} crashes and {pairs} second ones in {} stories", Story::all(made).count());
}

async fn every_crash_in(story: Story, (first, second): (&mut Sample, &mut Sample)) -> Count {
    let scenario = story.scenario().await;
    let (shown, volumes) = (in_essence(&scenario.sandbox.show()), scenario.sandbox.world().volumes);
    let history = Tale { story, shown, volumes };
    let (outcome, wrecks) = scenario.watched(async |crash| story.run(&scenario, crash).await).await;
    assert!(story.ends(&outcome), "{story:?}: {outcome:?}");
    at_rest(&scenario, &format!("{story:?} undisturbed")).await;
    let mut count = Count::default();
    for wreck in &wrecks {
        let mut left = Vec::new();
        for then in [Then::Resume, Then::Undo] {
            if first.takes() {
                count.crashes += 1;
                count.pairs +=
                    history.crashes(&scenario.salvaged(wreck), &wreck.fell, then, (&mut left, second)).await;
            }
        }
    }
    count
}

impl Tale {
    /// Takes the scene of a crash up, and then that of every crash on the way, but for those that the other way `left`
    /// already; these it leaves there in turn.
    async fn crashes(
        &self,
        scenario: &Scenario,
        fell: &str,
        then: Then,
        (left, second): (&mut Vec<Wreck>, &mut Sample),
    ) -> usize {
        let context = format!("{:?} crashed {fell}, then {then:?}", self.story);
        always(scenario, &context).await;
        let (outcome, again) = scenario.watched(async |crash| then.take_up(scenario, crash).await).await;
        if then == Then::Undo && outcome.is_some() && !self.story.undoes() {
            assert_eq!(in_essence(&scenario.sandbox.show()), self.shown, "{context}: not as before");
        }
        self.rests(scenario, then, outcome.as_ref(), &context).await;
        // The second time it is taken up in one of the two ways, by turns.
        let mut pairs = 0;
        for (nth, wreck) in again.iter().enumerate() {
            let then = [Then::Resume, Then::Undo][nth % 2];
            if left.get(nth).is_some_and(|known| known.is_like(wreck)) || !second.takes() {
                continue;
            }
            pairs += 1;
            let context = format!("{context}, crashed {}, then {then:?}", wreck.fell);
            let scenario = scenario.salvaged(wreck);
            always(&scenario, &context).await;
            let outcome = then.take_up(&scenario, &CrashPoint::default()).await;
            self.rests(&scenario, then, outcome.as_ref(), &context).await;
        }
        *left = again;
        pairs
    }

    async fn rests(&self, scenario: &Scenario, then: Then, outcome: Option<&CommandOutcome>, context: &str) {
        assert!(then.may_end_in(outcome), "{context}: {outcome:?}");
        if self.story.operation == Operation::Fix {
            // What somebody spoiled stays so until somebody fixes it.
            let outcome = scenario.fix(&CrashPoint::default()).await;
            assert!(complete(&outcome), "{context}, fixed: {outcome:?}");
        }
        at_rest(scenario, context).await;
        let volumes = scenario.sandbox.world().volumes;
        let kept = self.volumes.iter().all(|volume| volumes.contains(volume));
        assert!(kept, "{context}: a volume is gone");
    }
}

/// What a world shows, but for the ids of records, of which one that was deleted and recreated has another, for the
/// copies of variables that Coolify makes for previews by itself, and for Docker's volumes, which no undo deletes.
fn in_essence(shown: &str) -> String {
    let is_id = |word: &&str| word.len() == 32 && word.chars().all(|c| c.is_ascii_hexdigit());
    let line = |line: &str| line.split(' ').filter(|word| !is_id(word)).collect::<Vec<_>>().join(" ");
    let passing = |line: &&str| line.ends_with(" preview") || line.contains(" on localhost by ");
    let mut lines: Vec<String> = shown.lines().filter(|line| !passing(line)).map(line).collect();
    lines.sort();
    lines.join("\n")
}

#[tokio::test]
async fn no_crash_and_no_second_one_breaks_a_promise_to_an_app_from_a_folder() {
    every_crash_of(Made::Folder).await;
}

#[tokio::test]
async fn no_crash_and_no_second_one_breaks_a_promise_to_an_app_from_an_image() {
    every_crash_of(Made::Image).await;
}

#[tokio::test]
async fn no_crash_and_no_second_one_breaks_a_promise_to_an_app_from_git() {
    every_crash_of(Made::Git).await;
}

#[tokio::test]
async fn no_crash_and_no_second_one_breaks_a_promise_to_an_app_from_private_git() {
    every_crash_of(Made::PrivateGit).await;
}

/// The same without a look into the future: one that dies, on a file, and one that goes on.
#[tokio::test]
async fn a_crash_at_any_point_of_an_apply_on_an_sqlite_file_is_resumed() {
    let crash = CrashPoint::default();
    Scenario::on_file(1).apply(&crash).await;
    let mut sample = sampled(6, "crashes on a file");
    for point in (0..crash.passed()).filter(|_| sample.takes()) {
        let (scenario, crash) = (Scenario::on_file(1), CrashPoint::at(point));
        scenario.apply(&crash).await;
        let context = format!("on SQLite crashed at {point} ({})", crash.fell());
        always(&scenario, &context).await;
        let outcome = scenario.resume(&CrashPoint::default()).await;
        assert!(Then::Resume.may_end_in(outcome.as_ref()), "{context}: {outcome:?}");
        at_rest(&scenario, &context).await;
    }
}
