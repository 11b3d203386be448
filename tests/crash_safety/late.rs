//! Requests that land long after their run has ended, as those of a process do that slept on the wire: the next apply
//! deletes what they made, and only that.

use fabrik::sandbox::{Fault, RequestFault, World};
use machine::id::{JournalId, RunId};
use machine::step::Step;
use machine::tag::OwnershipTag;

use super::crash::CrashPoint;
use super::invariants::at_rest;
use super::operation::{Operation, Story, complete, rolled_back};
use super::scenario::{Made, Scenario};

/// Past every settle window, and past the ten minutes a step tries for.
const FAR_TOO_LATE: RequestFault = RequestFault::Late { after_ms: 1_500_000 };

async fn late_everywhere(story: Story, fails: bool) {
    for write in 1.. {
        let scenario = story.scenario().await;
        scenario.sandbox.with_world(|world| world.at_write = Some((write, FAR_TOO_LATE))).unwrap();
        if fails {
            scenario.sandbox.with_world(|world| world.arm(Fault::Build, None)).unwrap();
        }
        let outcome = story.run(&scenario, &CrashPoint::default()).await;
        let context = format!("{story:?}, write {write} far too late, fails: {fails}");
        assert!(complete(&outcome) || rolled_back(&outcome), "{context}: {outcome:?}");
        for _ in 0..6 {
            scenario.outlast_late_effects().await;
        }
        scenario.edit("the next version");
        if story.made != Made::Folder {
            scenario.respec("memory: 256M", "memory: 1024M");
        }
        let outcome = scenario.apply(&CrashPoint::default()).await;
        assert!(complete(&outcome), "{context}, applied again: {outcome:?}");
        at_rest(&scenario, &context).await;
        if scenario.sandbox.world().at_write.is_some() {
            assert!(write > 1, "{context}: no write was disturbed");
            return;
        }
    }
}

#[tokio::test]
async fn what_lands_after_an_apply_has_ended_is_taken_down_by_the_next_one() {
    for made in [Made::Folder, Made::Image] {
        for fails in [false, true] {
            late_everywhere(Story { made, operation: Operation::Apply }, fails).await;
        }
    }
}

#[tokio::test]
async fn what_another_journal_made_is_no_late_thing_of_ours() {
    for (run, journal) in
        [(RunId::from_bits(5), JournalId::from_bits(8)), (RunId::from_bits(5), JournalId::from_bits(7))]
    {
        let scenario = Scenario::new(1);
        assert!(complete(&scenario.apply(&CrashPoint::default()).await));
        let tag = OwnershipTag { run: run.clone(), step: Step::App, journal };
        let double = |world: &mut World| {
            let mut theirs = world.services.iter().find(|it| it.description.is_some()).expect("ours").clone();
            (theirs.uuid, theirs.description) = ("theirs".to_owned(), Some(tag.to_string()));
            world.services.push(theirs);
        };
        scenario.sandbox.with_world(double).unwrap();
        scenario.edit("second");
        let before = scenario.sandbox.show();
        let outcome = scenario.apply(&CrashPoint::default()).await;
        assert!(rolled_back(&outcome), "{outcome:?}");
        assert_eq!(scenario.sandbox.show(), before);
    }
}
