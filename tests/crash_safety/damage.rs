//! A journal in which a byte fell over that the database does not look at.

use fabrik::engine::RunOutcome;
use fabrik::engine::commands::CommandOutcome;

use super::crash::CrashPoint;
use super::invariants::{always, at_rest};
use super::scenario::{Home, Scenario};

/// Writes `to` wherever the journal's file has `from`.
fn overwrite(scenario: &Scenario, from: &str, to: &str) {
    let Home::File(path) = &scenario.store else { panic!("the journal is in memory") };
    let mut bytes = std::fs::read(path).unwrap();
    let places: Vec<usize> =
        (0..bytes.len() - from.len()).filter(|at| bytes[*at..].starts_with(from.as_bytes())).collect();
    assert!(!places.is_empty(), "{from} is nowhere in the file");
    for place in places {
        bytes[place..place + to.len()].copy_from_slice(to.as_bytes());
    }
    std::fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn a_run_whose_frozen_spec_is_damaged_is_not_carried_on_with() {
    let scenario = Scenario::on_file(1);
    let whole = CrashPoint::default();
    scenario.apply(&whole).await;
    scenario.edit("second");
    scenario.apply(&CrashPoint::at(whole.passed() / 2)).await;
    assert!(scenario.open_run().await.is_some(), "it died on its way");
    let before = scenario.sandbox.world().log.writes.len();

    overwrite(&scenario, "env: {COLOUR: blue,", "env: {COLOUR: glue,");
    for outcome in
        [scenario.resume(&CrashPoint::default()).await, scenario.undo_open(&CrashPoint::default()).await]
    {
        let Some(CommandOutcome::Blockers(blockers)) = outcome else { panic!("{outcome:?}") };
        assert!(blockers[0].message.contains("the spec frozen with it is damaged"), "{blockers:?}");
        assert!(blockers[0].hint.contains("put a backup"), "{blockers:?}");
    }
    assert_eq!(scenario.sandbox.world().log.writes.len(), before);
    always(&scenario, "while it is damaged").await;

    overwrite(&scenario, "env: {COLOUR: glue,", "env: {COLOUR: blue,");
    let outcome = scenario.resume(&CrashPoint::default()).await;
    assert!(matches!(outcome, Some(CommandOutcome::Ended(RunOutcome::Complete { .. }))), "{outcome:?}");
    at_rest(&scenario, "after it was fixed").await;
}
