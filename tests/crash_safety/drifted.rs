//! Undoing a run that found the app changed outside Fabrik: it is put back as it was found, not as it ought to be.

use fabrik::engine::RunOutcome;
use fabrik::engine::commands::CommandOutcome;
use fabrik::sandbox::World;

use super::crash::CrashPoint;
use super::operation::complete;
use super::scenario::{Made, Scenario};

const ELSEWHERE: &str = "198.51.100.99";

/// What somebody does to the app's record.
type Meddling = (&'static str, fn(&mut World));

const MEDDLINGS: [Meddling; 4] = [
    ("pointed elsewhere", |world| of_the_app(world, |it| ELSEWHERE.clone_into(&mut it.content))),
    ("switched behind the proxy", |world| of_the_app(world, |it| it.proxied = true)),
    ("given another time to live", |world| of_the_app(world, |it| it.ttl = 300)),
    ("deleted", |world| world.records.retain(|record| record.name != "blog.example.com")),
];

fn of_the_app(world: &mut World, change: fn(&mut fabrik::sandbox::records::Record)) {
    world.records.iter_mut().filter(|record| record.name == "blog.example.com").for_each(change);
}

fn record(scenario: &Scenario) -> Option<(String, bool, u32)> {
    let world = scenario.sandbox.world();
    let record = world.records.into_iter().find(|record| record.name == "blog.example.com")?;
    Some((record.content, record.proxied, record.ttl))
}

#[tokio::test]
async fn a_record_that_was_changed_outside_is_put_back_so_and_the_release_before_runs_again() {
    for made in [Made::Folder, Made::Image] {
        for (what, meddle) in MEDDLINGS {
            let context = format!("{made:?}: {what}");
            let scenario = Scenario::with(made, 1);
            assert!(complete(&scenario.apply(&CrashPoint::default()).await), "{context}");
            let before = scenario.finished().await;
            scenario.sandbox.with_world(meddle).unwrap();
            let found = record(&scenario);
            scenario.respec("COLOUR: blue", "COLOUR: red");
            let outcome = scenario.fix(&CrashPoint::default()).await;
            assert!(complete(&outcome), "{context}: {outcome:?}");
            assert_ne!(record(&scenario), found, "{context}: it was not fixed");

            let outcome = scenario.roll_back(&CrashPoint::default()).await;
            assert!(
                matches!(outcome, CommandOutcome::Ended(RunOutcome::RolledBack { .. })),
                "{context}: {outcome:?}"
            );
            assert_eq!(record(&scenario), found, "{context}");
            assert_eq!(running(&scenario), Some(before[0].as_str().to_owned()), "{context}");
        }
    }
}

fn running(scenario: &Scenario) -> Option<String> {
    let world = scenario.sandbox.world();
    let ours = |text: &Option<String>| text.as_ref().is_some_and(|text| text.starts_with("fabrik "));
    let mut services = world.services.into_iter().filter(|it| ours(&it.description));
    let mut applications = world.applications.into_iter().filter(|it| ours(&it.description));
    match services.next() {
        Some(service) => service.containers.into_iter().next()?.release,
        None => applications.next()?.container?.release,
    }
}
