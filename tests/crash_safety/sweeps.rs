//! Sweeps: every mishap at every write of every story, and reads that lag behind.

use fabrik::engine::commands::CommandOutcome;
use fabrik::sandbox::{Fault, RequestFault};
use machine::phase::PhaseKind;

use super::crash::CrashPoint;
use super::invariants::at_rest;
use super::operation::{Operation, Story, complete, rolled_back};
use super::scenario::{Made, Scenario};
use crate::sample::{is_every_point, sampled};

/// What may befall a write, and what it may be answered.
const MISHAPS: [RequestFault; 18] = [
    RequestFault::Refused,
    RequestFault::LostBefore,
    RequestFault::LostAfter,
    RequestFault::Late { after_ms: 1 },
    RequestFault::Late { after_ms: 25_000 },
    RequestFault::ErrorBefore,
    RequestFault::ErrorAfter,
    RequestFault::Garbled,
    RequestFault::Empty,
    RequestFault::Gateway,
    RequestFault::GatewayAfter,
    RequestFault::TooMany { retry_after: Some(30) },
    RequestFault::TooMany { retry_after: Some(86_400 * 365) },
    RequestFault::TooMany { retry_after: None },
    RequestFault::Slow,
    RequestFault::Mistyped,
    RequestFault::Unsuccessful,
    RequestFault::Elsewhere,
];

async fn every_mishap_at_every_write(made: Made) {
    let mut sample = sampled(8, "mishaps at writes");
    let mut struck = 0;
    for story in Story::all(made) {
        let (writes, _) = undisturbed(story).await;
        assert!(writes > 0, "{story:?} writes nothing");
        for fault in MISHAPS {
            for write in 1.. {
                // A mishap may lead to more writes; those are tried where everything is.
                if write > writes && !is_every_point() {
                    break;
                }
                if sample.takes() {
                    let has_struck = mishap_at_write(story, fault, write).await;
                    assert!(has_struck || write > writes, "{story:?}: {fault:?} struck no write {write}");
                    if !has_struck {
                        break;
                    }
                    struck += 1;
                }
            }
        }
    }
    assert!(struck > 50, "only {struck} writes went wrong");
    println!("{made:?}: {struck} writes went wrong");
}

/// How many writes and requests a story sends when nothing goes wrong.
async fn undisturbed(story: Story) -> (u64, u64) {
    let scenario = story.scenario().await;
    let before = scenario.sandbox.world().log;
    story.run(&scenario, &CrashPoint::default()).await;
    let after = scenario.sandbox.world().log;
    ((after.writes.len() - before.writes.len()) as u64, after.requests - before.requests)
}

/// `false` when there is no such write.
async fn mishap_at_write(story: Story, fault: RequestFault, write: u64) -> bool {
    let scenario = story.scenario().await;
    scenario.sandbox.with_world(|world| world.at_write = Some((write, fault))).unwrap();
    let outcome = story.run(&scenario, &CrashPoint::default()).await;
    let context = format!("{story:?} with {fault:?} at write {write}");
    assert!(story.ends(&outcome), "{context}: {outcome:?}");
    at_rest(&scenario, &context).await;
    scenario.sandbox.world().at_write.is_none()
}

#[tokio::test]
async fn no_mishap_at_any_write_for_an_app_from_a_folder_does_harm() {
    every_mishap_at_every_write(Made::Folder).await;
}

#[tokio::test]
async fn no_mishap_at_any_write_for_an_app_from_an_image_does_harm() {
    every_mishap_at_every_write(Made::Image).await;
}

#[tokio::test]
async fn no_mishap_at_any_write_for_an_app_from_git_does_harm() {
    every_mishap_at_every_write(Made::Git).await;
}

#[tokio::test]
async fn no_mishap_at_any_write_for_an_app_from_private_git_does_harm() {
    every_mishap_at_every_write(Made::PrivateGit).await;
}

#[tokio::test]
async fn an_app_is_deployed_once_and_then_left_alone() {
    let scenario = Scenario::new(1);
    let first = scenario.apply(&CrashPoint::default()).await;
    assert!(complete(&first), "{first:?}");
    at_rest(&scenario, "after apply").await;
    let requests = scenario.sandbox.world().log.requests;
    let again = scenario.apply(&CrashPoint::default()).await;
    assert!(matches!(again, CommandOutcome::Unchanged { .. }), "{again:?}");
    assert_eq!(scenario.sandbox.world().log.requests, requests);
}

#[tokio::test]
async fn a_failed_first_apply_leaves_the_world_as_it_was() {
    for fault in [Fault::Build, Fault::Health] {
        let scenario = Scenario::new(1);
        let before = scenario.sandbox.show();
        scenario.sandbox.with_world(|world| world.arm(fault, None)).unwrap();
        let outcome = scenario.apply(&CrashPoint::default()).await;
        assert!(rolled_back(&outcome), "{fault:?}: {outcome:?}");
        at_rest(&scenario, "after a failed apply").await;
        assert_eq!(scenario.sandbox.show(), before, "{fault:?}");
    }
}

#[tokio::test]
async fn a_failed_update_restores_the_release_before() {
    for fault in [Fault::Build, Fault::Health] {
        let scenario = Story::from(Operation::Update).scenario().await;
        let before = scenario.sandbox.show();
        scenario.sandbox.with_world(|world| world.arm(fault, None)).unwrap();
        let outcome = scenario.apply(&CrashPoint::default()).await;
        assert!(rolled_back(&outcome), "{fault:?}: {outcome:?}");
        at_rest(&scenario, "after a failed update").await;
        assert_eq!(scenario.sandbox.show(), before, "{fault:?}");
    }
}

#[tokio::test]
async fn undoing_a_finished_release_keeps_its_volumes() {
    let scenario = Story::from(Operation::Undo).scenario().await;
    let volumes = scenario.sandbox.world().volumes;
    assert!(!volumes.is_empty());
    let outcome = scenario.roll_back(&CrashPoint::default()).await;
    assert!(rolled_back(&outcome), "{outcome:?}");
    assert_eq!(scenario.sandbox.world().volumes, volumes);
    at_rest(&scenario, "after rollback").await;
    assert_eq!(scenario.phase().await, Some(PhaseKind::RolledBack));
}

/// A run that doubted sends again; what it sent first may still land, and must not land on the next run's work.
#[tokio::test]
async fn a_late_effect_of_any_write_never_lands_on_the_next_apply() {
    for story in [Operation::Update, Operation::FailedUpdate].map(Story::from) {
        for write in 1.. {
            let scenario = story.scenario().await;
            let late = RequestFault::Late { after_ms: 59_500 };
            scenario.sandbox.with_world(|world| world.at_write = Some((write, late))).unwrap();
            story.run(&scenario, &CrashPoint::default()).await;
            let context = format!("{story:?} with a late effect at write {write}, then applied again");
            scenario.edit("third");
            let outcome = scenario.apply(&CrashPoint::default()).await;
            assert!(complete(&outcome), "{context}: {outcome:?}");
            scenario.outlast_late_effects().await;
            at_rest(&scenario, &context).await;
            if scenario.sandbox.world().at_write.is_some() {
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_read_that_lags_behind_is_never_taken_for_the_truth() {
    let mut sample = sampled(8, "reads that lag behind");
    for made in [Made::Folder, Made::Image, Made::Git] {
        for operation in [Operation::Apply, Operation::Update, Operation::Undo] {
            let story = Story { made, operation };
            let (_, requests) = undisturbed(story).await;
            for request in 1.. {
                if request > requests && !is_every_point() {
                    break;
                }
                if !sample.takes() {
                    continue;
                }
                let scenario = story.scenario().await;
                scenario
                    .sandbox
                    .with_world(|world| world.at_request = Some((request, RequestFault::Stale)))
                    .unwrap();
                let outcome = story.run(&scenario, &CrashPoint::default()).await;
                let context = format!("{story:?} with a stale read at request {request}");
                assert!(story.ends(&outcome), "{context}: {outcome:?}");
                at_rest(&scenario, &context).await;
                if scenario.sandbox.world().at_request.is_some() {
                    assert!(request > 1, "{context}: no request was disturbed");
                    break;
                }
            }
        }
    }
}
