//! What happens between two steps of one process: a stranger arrives, the lease is lost, another app is faster.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use fabrik::engine::RunOutcome;
use fabrik::engine::commands::{CommandOutcome, Engine};
use fabrik::engine::phase_error::Interruption;
use fabrik::sandbox::{Hook, HookVerdict, Side, World};
use fabrik::spec::Spec;

use super::crash::CrashPoint;
use super::invariants::at_rest;
use super::scenario::{Scenario, options};

fn process_with(scenario: &Scenario, hook: Hook) -> Engine {
    let ports = scenario.sandbox.outside_with_hook(hook);
    let mut process = scenario.process(&CrashPoint::default());
    process.clients = process.clients.clone().through(&ports);
    process.ports = ports;
    process
}

#[tokio::test]
async fn a_stranger_that_arrives_after_the_plan_is_not_joined() {
    let scenario = Scenario::new(1);
    let (sandbox, looks) = (scenario.sandbox.clone(), AtomicU32::new(0));
    let process = process_with(
        &scenario,
        Arc::new(move |point| {
            let is_look = point.side == Side::Before && point.path.contains("&name=blog.example.com");
            // The first look is the plan's, the second one is made just before the record.
            if is_look && looks.fetch_add(1, Ordering::SeqCst) == 1 {
                sandbox.stranger_record("blog.example.com").unwrap();
            }
            HookVerdict::Go
        }),
    );
    let outcome = process.apply(scenario.spec(), &options()).await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::RolledBack { .. })), "{outcome:?}");
    let world = scenario.sandbox.world();
    let at_the_name: Vec<_> = world.records.iter().filter(|r| r.name == "blog.example.com").collect();
    assert!(matches!(at_the_name.as_slice(), [one] if one.content == "198.51.100.7"), "{at_the_name:?}");
}

#[tokio::test]
async fn a_process_that_slept_past_its_lease_sends_nothing_more() {
    let scenario = Scenario::new(1);
    let crash = CrashPoint::suspended_after_an_intent(&scenario.sandbox);
    let outcome = scenario.apply(&crash).await;
    assert!(
        matches!(outcome, CommandOutcome::Ended(RunOutcome::Parked { stop: Interruption::Fenced, .. })),
        "{outcome:?}"
    );
    assert!(scenario.sandbox.world().log.writes.is_empty(), "{:?}", scenario.sandbox.world().log.writes);
    scenario.resume(&CrashPoint::default()).await;
    at_rest(&scenario, "after the sleeper was succeeded").await;
}

#[test]
fn two_apps_that_want_the_same_new_project_make_it_once() {
    let runtime = || tokio::runtime::Builder::new_current_thread().build().unwrap();
    let scenario = Scenario::new(1);
    scenario.respec("name: blog\n", "name: blog\nproject: shared\n");
    let path = scenario.folder.path().join("news.yaml");
    let text = std::fs::read_to_string(scenario.spec_path()).unwrap();
    std::fs::write(
        &path,
        text.replace("name: blog\n", "name: news\n").replace("blog.example", "news.example"),
    )
    .unwrap();
    let (other, spec) = (scenario.process(&CrashPoint::default()), Spec::read(&path).unwrap());
    let seen = AtomicU32::new(0);
    // While the first is about to make the project, the second one goes as far as it gets.
    let hook: Hook = Arc::new(move |point| {
        let makes = point.side == Side::Before && point.method == "POST" && point.path.ends_with("/projects");
        if makes && seen.fetch_add(1, Ordering::SeqCst) == 0 {
            let (other, spec) = (other.clone(), spec.clone());
            let second = std::thread::spawn(move || runtime().block_on(other.apply(spec, &options())));
            let outcome = second.join().unwrap();
            assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::Parked { .. })), "{outcome:?}");
        }
        HookVerdict::Go
    });
    let first = process_with(&scenario, hook);
    let outcome = runtime().block_on(first.apply(scenario.spec(), &options()));
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::Complete { .. })), "{outcome:?}");
    drop(first);
    let outcome = runtime().block_on(scenario.resume(&CrashPoint::default()));
    assert!(matches!(outcome, Some(CommandOutcome::Ended(RunOutcome::Complete { .. }))), "{outcome:?}");
    let world = scenario.sandbox.world();
    assert_eq!(world.projects.iter().filter(|project| project.name == "shared").count(), 1);
}

#[tokio::test]
async fn a_name_that_something_holds_which_no_list_shows_is_refused_in_minutes_and_undone() {
    let scenario = Scenario::new(1);
    let hide = |world: &mut World| {
        world.cloudflare.blocked.push(("blog.example.com".into(), "CNAME".into(), u64::MAX));
    };
    scenario.sandbox.with_world(hide).unwrap();
    let before = scenario.sandbox.show();
    let outcome = scenario.apply(&CrashPoint::default()).await;
    let CommandOutcome::Ended(RunOutcome::RolledBack { cause, .. }) = &outcome else { panic!("{outcome:?}") };
    assert!(cause.message.contains("refused three times"), "{cause:?}");
    assert!(cause.hint.contains("no list shows"), "{cause:?}");
    let creates =
        scenario.sandbox.world().log.writes.iter().filter(|it| it.path.contains("dns_records")).count();
    assert_eq!(creates, 3);
    assert_eq!(scenario.sandbox.show(), before);
    at_rest(&scenario, "after a name that is taken").await;
}
