//! What people do: strangers, third parties, second thoughts, two at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fabrik::engine::RunOutcome;
use fabrik::engine::commands::{CommandOutcome, Engine, Options};
use fabrik::engine::phase_error::Interruption;
use fabrik::journal::decorator::StoreDecorator;
use fabrik::journal::{Acquisition, JournalStore, Lease, StoreError};
use fabrik::report::summary::Direction;
use fabrik::report::{RunHistory, Summary};
use fabrik::sandbox::{Fault, HookVerdict, World};
use fabrik::spec::Spec;
use machine::entry::{JournalEntry, Purpose, StoredEntry};
use machine::phase::PhaseKind;
use machine::step::Step;

use super::crash::CrashPoint;
use super::invariants::{always, at_rest};
use super::scenario::{Scenario, options};

async fn deployed() -> Scenario {
    let scenario = Scenario::new(1);
    let outcome = scenario.apply(&CrashPoint::default()).await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::Complete { .. })), "{outcome:?}");
    scenario
}

fn parked(outcome: &CommandOutcome) -> Option<&str> {
    match outcome {
        CommandOutcome::Ended(RunOutcome::Parked { stop: Interruption::Parked { reason, .. }, .. }) => {
            Some(reason)
        }
        _ => None,
    }
}

#[tokio::test]
async fn a_strangers_record_at_the_name_is_refused_and_not_touched() {
    let scenario = Scenario::new(1);
    scenario.sandbox.stranger_record("blog.example.com").unwrap();
    let before = scenario.sandbox.show();
    let outcome = scenario.apply(&CrashPoint::default()).await;
    let CommandOutcome::Ended(RunOutcome::Refused { cause, .. }) = outcome else { panic!("{outcome:?}") };
    assert!(cause.message.contains("blog.example.com"), "{}", cause.message);
    assert_eq!(scenario.sandbox.show(), before);
    assert!(scenario.sandbox.world().log.writes.is_empty());
}

#[tokio::test]
async fn a_strangers_app_of_the_same_name_elsewhere_is_left_alone() {
    // The scene has a service `blog` in the project `strangers` from the start.
    let scenario = deployed().await;
    at_rest(&scenario, "beside a stranger of the same name").await;
}

#[tokio::test]
async fn a_token_of_another_team_in_the_middle_of_an_undo_parks_and_calls_nothing_gone() {
    for calls in 0..40 {
        let scenario = Scenario::new(1);
        scenario.sandbox.with_world(|world| world.arm(Fault::Health, None)).unwrap();
        let sandbox = scenario.sandbox.clone();
        let deletes = std::sync::atomic::AtomicU32::new(0);
        let undoing = std::sync::atomic::AtomicBool::new(false);
        let ports = scenario.sandbox.outside_with_hook(Arc::new(move |point| {
            let order = std::sync::atomic::Ordering::SeqCst;
            let stops = point.path.contains("/stop");
            undoing.fetch_or(stops, order);
            if undoing.load(order) && deletes.fetch_add(1, order) == calls {
                sandbox.with_world(|world| world.arm(Fault::TeamSwap, None)).unwrap();
            }
            HookVerdict::Go
        }));
        let mut process = scenario.process(&CrashPoint::default());
        process.clients = process.clients.clone().through(&ports);
        process.ports = ports;
        let outcome = process.apply(scenario.spec(), &options()).await;
        drop(process);
        let context = format!("team swapped {calls} calls into the undo: {outcome:?}");
        always(&scenario, &context).await;
        if matches!(outcome, CommandOutcome::Ended(RunOutcome::RolledBack { .. })) {
            assert!(calls > 5, "{context}");
            return;
        }
        assert!(parked(&outcome).is_some(), "{context}");
        scenario.sandbox.with_world(|world| world.arm(Fault::TeamSwap, None)).unwrap();
        let resumed = scenario.resume(&CrashPoint::default()).await.expect("an open run");
        assert!(
            matches!(resumed, CommandOutcome::Ended(RunOutcome::RolledBack { .. })),
            "{context}, then {resumed:?}"
        );
        at_rest(&scenario, &context).await;
    }
}

#[tokio::test]
async fn two_specs_of_one_name_in_different_projects_do_not_touch_each_other() {
    let scenario = deployed().await;
    let first = scenario.sandbox.show();
    let text = std::fs::read_to_string(scenario.spec_path()).unwrap();
    let text =
        text.replace("name: blog\n", "name: blog\nproject: other\n").replace("example.com", "example.org");
    let other = scenario.folder.path().join("other.yaml");
    std::fs::write(&other, text).unwrap();
    let outcome =
        scenario.process(&CrashPoint::default()).apply(Spec::read(&other).unwrap(), &options()).await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::Complete { .. })), "{outcome:?}");
    let outcome = scenario.roll_back_newest().await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::RolledBack { .. })), "{outcome:?}");
    let without_volumes = |show: &str| show.split("volumes:").next().unwrap_or_default().to_owned();
    assert_eq!(without_volumes(&scenario.sandbox.show()), without_volumes(&first));
}

#[tokio::test]
async fn an_app_is_not_renamed_in_place() {
    let scenario = deployed().await;
    let before = scenario.sandbox.show();
    for (from, to) in
        [("name: blog\n", "name: journal\n"), ("name: journal\n", "name: blog\nproject: other\n")]
    {
        scenario.respec(from, to);
        let outcome = scenario.apply(&CrashPoint::default()).await;
        let CommandOutcome::Blockers(blockers) = outcome else { panic!("{outcome:?}") };
        assert!(blockers[0].message.contains("deployed as `blog` in project `blog`"), "{blockers:?}");
        assert!(blockers[0].hint.contains("fabrik destroy blog"), "{blockers:?}");
    }
    assert_eq!(scenario.sandbox.show(), before);
}

#[tokio::test]
async fn while_one_process_holds_the_app_another_is_told_who() {
    let scenario = Scenario::new(1);
    let first = scenario.process(&CrashPoint::default());
    let app = first.app(&scenario.spec(), &first.learn_outside().await.unwrap());
    let claim = first.store.acquire(&app.to_string(), &first.holder).await.unwrap();
    assert!(matches!(claim, Acquisition::Acquired { .. }));
    let outcome = scenario.apply(&CrashPoint::default()).await;
    let CommandOutcome::Held { by, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(by, first.holder);
    assert!(scenario.sandbox.world().log.writes.is_empty());
}

#[tokio::test]
async fn waiting_for_the_lock_ends_when_told_to_stop() {
    let scenario = Scenario::new(1);
    let first = scenario.process(&CrashPoint::default());
    let app = first.app(&scenario.spec(), &first.learn_outside().await.unwrap());
    first.store.acquire(&app.to_string(), &first.holder).await.unwrap();
    let second = scenario.process(&CrashPoint::default());
    second.cancel.ask();
    let began = second.local_clock.boot();
    let patient = Options { wait_lock: Duration::from_secs(3600), ..options() };
    let outcome = second.apply(scenario.spec(), &patient).await;
    assert!(matches!(outcome, CommandOutcome::Held { .. }), "{outcome:?}");
    assert!(second.local_clock.boot().saturating_sub(began) < Duration::from_secs(60), "it went on waiting");
}

#[tokio::test]
async fn waiting_for_the_lock_ends_when_the_other_process_dies() {
    let scenario = Scenario::new(1);
    let first = scenario.process(&CrashPoint::default());
    let app = first.app(&scenario.spec(), &first.learn_outside().await.unwrap());
    first.store.acquire(&app.to_string(), &first.holder).await.unwrap();
    drop(first);
    let outcome = scenario.apply(&CrashPoint::default()).await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::Complete { .. })), "{outcome:?}");
}

#[tokio::test]
async fn manual_rollback_parks_instead_of_undoing() {
    let scenario = Scenario::new(1);
    scenario.respec("name: blog\n", "name: blog\nrollback: {coolify: manual}\n");
    scenario.sandbox.with_world(|world| world.arm(Fault::Health, None)).unwrap();
    let outcome = scenario.apply(&CrashPoint::default()).await;
    assert!(parked(&outcome).is_some(), "{outcome:?}");
    assert_eq!(scenario.sandbox.world().services.len(), 2);
    let outcome = scenario.roll_back_newest().await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::RolledBack { .. })), "{outcome:?}");
    at_rest(&scenario, "after a manual rollback").await;
}

#[tokio::test]
async fn no_rollback_leaves_standing_what_a_rollback_then_takes_down() {
    let scenario = Scenario::new(1);
    scenario.sandbox.with_world(|world| world.arm(Fault::Health, None)).unwrap();
    let leave = Options { no_rollback: true, ..options() };
    let outcome = scenario.process(&CrashPoint::default()).apply(scenario.spec(), &leave).await;
    let CommandOutcome::Ended(RunOutcome::Failed { standing, .. }) = &outcome else { panic!("{outcome:?}") };
    let resources: Vec<Step> = standing.iter().map(|standing| standing.receipt.step).collect();
    assert_eq!(resources, [Step::App, Step::Project, Step::Dns(0)]);
    let outcome = scenario.roll_back_newest().await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::RolledBack { .. })), "{outcome:?}");
    at_rest(&scenario, "after --no-rollback and rollback").await;
}

#[tokio::test]
async fn a_record_edited_by_somebody_else_is_kept_and_named_and_can_be_given_up() {
    let scenario = deployed().await;
    let edit = |world: &mut fabrik::sandbox::World| {
        let record = world.records.iter_mut().find(|record| record.name == "blog.example.com").unwrap();
        record.content = "198.51.100.99".to_owned();
        record.id.clone()
    };
    let id = scenario.sandbox.with_world(edit).unwrap();
    let outcome = scenario.roll_back_newest().await;
    let CommandOutcome::Ended(RunOutcome::Failed { run, standing, .. }) = &outcome else {
        panic!("{outcome:?}")
    };
    assert!(matches!(standing.as_slice(), [one] if one.receipt.id == id), "{standing:?}");
    assert!(scenario.sandbox.world().records.iter().any(|record| record.id == id));
    let process = scenario.process(&CrashPoint::default());
    let outcome = process.abandon(run, Step::Dns(0), "it is theirs now", &options()).await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::RolledBack { .. })), "{outcome:?}");
    assert!(scenario.sandbox.world().records.iter().any(|record| record.id == id), "given up, not deleted");
}

#[tokio::test]
async fn a_record_that_lost_our_mark_is_never_deleted() {
    let scenario = deployed().await;
    let unmark = |world: &mut fabrik::sandbox::World| {
        let record = world.records.iter_mut().find(|record| record.name == "blog.example.com").unwrap();
        record.comment = Some("mine".to_owned());
    };
    scenario.sandbox.with_world(unmark).unwrap();
    let outcome = scenario.roll_back_newest().await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::Failed { .. })), "{outcome:?}");
    assert!(scenario.sandbox.world().records.iter().any(|record| record.name == "blog.example.com"));
}

#[tokio::test]
async fn a_project_of_ours_that_others_moved_into_is_kept() {
    let scenario = deployed().await;
    scenario.sandbox.stranger_service("guest").unwrap();
    let move_in = |world: &mut fabrik::sandbox::World| {
        let project = world.projects.iter().find(|project| project.name == "blog").unwrap().id;
        let home = world.environments.iter().find(|e| e.project == project).unwrap().id;
        world.services.iter_mut().find(|service| service.name == "guest").unwrap().environment = home;
    };
    scenario.sandbox.with_world(move_in).unwrap();
    let outcome = scenario.roll_back_newest().await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::RolledBack { .. })), "{outcome:?}");
    assert!(scenario.sandbox.world().services.iter().any(|service| service.name == "guest"));
    assert!(scenario.sandbox.world().projects.iter().any(|project| project.name == "blog"));
}

#[tokio::test]
async fn apply_over_an_open_run_with_another_plan_undoes_it_first() {
    let scenario = Scenario::new(1);
    scenario.apply(&CrashPoint::at(40)).await;
    let open = scenario.open_run().await.expect("a run cut off half-way");
    scenario.edit("another");
    let outcome = scenario.apply(&CrashPoint::default()).await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::Complete { .. })), "{outcome:?}");
    let rows = scenario.journal().list(None).await.unwrap();
    let first = rows.iter().find(|row| row.run == open).unwrap();
    assert_eq!(first.phase, Some(PhaseKind::RolledBack));
    at_rest(&scenario, "after apply over an open run").await;
}

/// A journal that takes no new run.
struct Full(Box<dyn JournalStore>);

#[async_trait]
impl StoreDecorator for Full {
    fn below(&self) -> &dyn JournalStore {
        self.0.as_ref()
    }

    async fn begin(
        &self,
        _: &Lease,
        _: &StoredEntry,
        _: &BTreeMap<String, Vec<u8>>,
    ) -> Result<(), StoreError> {
        Err(StoreError::Unusable { place: "the disk".to_owned(), reason: "it is full".to_owned(), hint: "" })
    }
}

#[tokio::test]
async fn an_apply_that_cannot_begin_says_what_it_undid_before() {
    let scenario = Scenario::new(1);
    scenario.apply(&CrashPoint::at(60)).await;
    let open = scenario.open_run().await.expect("an open run");
    scenario.edit("something else");
    let engine =
        Engine { store: Arc::new(Full(scenario.journal())), ..scenario.process(&CrashPoint::default()) };
    let outcome = engine.apply(scenario.spec(), &options()).await;
    let CommandOutcome::Blockers(blockers) = &outcome else { panic!("{outcome:?}") };
    assert!(blockers[0].hint.contains(&format!("run {} was undone", open.short())), "{blockers:?}");
    assert!(!blockers[0].hint.contains("nothing was touched"), "{blockers:?}");
}

#[tokio::test]
async fn apply_over_an_open_run_with_the_same_plan_resumes_it() {
    let scenario = Scenario::new(1);
    scenario.apply(&CrashPoint::at(40)).await;
    let open = scenario.open_run().await.expect("a run cut off half-way");
    let outcome = scenario.apply(&CrashPoint::default()).await;
    assert!(
        matches!(&outcome, CommandOutcome::Ended(RunOutcome::Complete { run, .. }) if *run == open),
        "{outcome:?}"
    );
    at_rest(&scenario, "after apply over an open run").await;
}

#[tokio::test]
async fn a_run_whose_secret_has_changed_parks_and_names_it() {
    let mut scenario = Scenario::new(1);
    let mut asked = 0;
    let died = loop {
        let crash = CrashPoint::at(asked);
        scenario = Scenario { ..scenario };
        scenario.apply(&crash).await;
        if scenario.phase().await == Some(PhaseKind::Deploying) {
            break crash.fell();
        }
        scenario = Scenario::new(1);
        asked += 1;
    };
    scenario.environment.insert("API_KEY".to_owned(), "another-value".to_owned());
    let outcome = scenario.resume(&CrashPoint::default()).await.expect("an open run");
    let reason = parked(&outcome).unwrap_or_else(|| panic!("died {died}: {outcome:?}"));
    assert!(reason.contains("API_KEY"), "{reason}");
    scenario.environment.insert("API_KEY".to_owned(), "canary-value-of-the-key".to_owned());
    scenario.resume(&CrashPoint::default()).await;
    at_rest(&scenario, "after the secret came back").await;
}

#[tokio::test]
async fn a_resumed_update_parks_on_a_changed_secret_that_it_need_not_send() {
    for point in [16, 30, 60, 90] {
        let mut scenario = deployed().await;
        scenario.edit("second");
        scenario.apply(&CrashPoint::at(point)).await;
        let context = format!("cut off at {point}");
        scenario.environment.insert("API_KEY".to_owned(), "another-value".to_owned());
        let outcome = scenario.resume(&CrashPoint::default()).await.expect("an open run");
        let reason = parked(&outcome).unwrap_or_else(|| panic!("{context}: {outcome:?}"));
        assert!(reason.contains("API_KEY"), "{context}: {reason}");
        scenario.environment.insert("API_KEY".to_owned(), "canary-value-of-the-key".to_owned());
        let outcome = scenario.resume(&CrashPoint::default()).await.expect("it is still open");
        assert!(
            matches!(outcome, CommandOutcome::Ended(RunOutcome::Complete { .. })),
            "{context}: {outcome:?}"
        );
        at_rest(&scenario, &context).await;
    }
}

#[tokio::test]
async fn a_record_that_somebody_edited_after_our_change_is_not_put_back() {
    let scenario = deployed().await;
    scenario.respec("port: 8000", "port: 9000\ndns: {ttl: 300}");
    scenario.sandbox.with_world(|world| world.arm(Fault::Health, None)).unwrap();
    let leave = Options { no_rollback: true, ..options() };
    let outcome = scenario.process(&CrashPoint::default()).apply(scenario.spec(), &leave).await;
    let CommandOutcome::Ended(RunOutcome::Failed { run, .. }) = &outcome else { panic!("{outcome:?}") };
    let edit = |world: &mut World| {
        let record = world.records.iter_mut().find(|record| record.name == "blog.example.com").unwrap();
        record.content = "198.51.100.99".into();
    };
    scenario.sandbox.with_world(edit).unwrap();
    let outcome = scenario.process(&CrashPoint::default()).roll_back(run, &options()).await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::Failed { .. })), "{outcome:?}");
    let world = scenario.sandbox.world();
    let record = world.records.iter().find(|record| record.name == "blog.example.com").unwrap();
    assert_eq!((record.content.as_str(), record.ttl), ("198.51.100.99", 300), "it is theirs now");
}

#[tokio::test]
async fn a_failed_update_puts_variables_and_record_back() {
    let mut scenario = deployed().await;
    let before = scenario.sandbox.show();
    scenario.respec("COLOUR: blue", "SHAPE: round");
    scenario.respec("port: 8000", "port: 8000\ndns: {ttl: 300}");
    scenario.environment.insert("API_KEY".to_owned(), "the-new-value".to_owned());
    scenario.sandbox.with_world(|world| world.arm(Fault::Health, None)).unwrap();
    let outcome = scenario.apply(&CrashPoint::default()).await;
    // No source gives the secret's old value any more, so all but that is as before.
    let CommandOutcome::Ended(RunOutcome::Failed { standing, .. }) = &outcome else { panic!("{outcome:?}") };
    assert!(format!("{standing:?}").contains("API_KEY"), "{standing:?}");
    let differing: Vec<(String, String)> = before
        .lines()
        .zip(scenario.sandbox.show().lines())
        .filter(|(a, b)| a != b)
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .collect();
    assert!(differing.iter().all(|(a, _)| a.contains("API_KEY")), "{differing:#?}");
    scenario.environment.insert("API_KEY".to_owned(), "canary-value-of-the-key".to_owned());
    let outcome = scenario.roll_back_newest().await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::RolledBack { .. })), "{outcome:?}");
    assert_eq!(scenario.sandbox.show(), before);
}

#[tokio::test]
async fn a_vanished_app_is_made_again_when_asked_to_look() {
    let scenario = deployed().await;
    let vanish = |world: &mut fabrik::sandbox::World| world.services.retain(|s| s.description.is_none());
    scenario.sandbox.with_world(vanish).unwrap();
    let refresh = Options { refresh: true, ..options() };
    let outcome = scenario.process(&CrashPoint::default()).apply(scenario.spec(), &refresh).await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::Complete { .. })), "{outcome:?}");
    assert_eq!(scenario.sandbox.world().services.len(), 2);
}

#[tokio::test]
async fn looking_again_at_what_is_as_asked_sends_no_write() {
    let scenario = deployed().await;
    let writes = scenario.sandbox.world().log.writes.len();
    let refresh = Options { refresh: true, ..options() };
    let outcome = scenario.process(&CrashPoint::default()).apply(scenario.spec(), &refresh).await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::Complete { .. })), "{outcome:?}");
    assert_eq!(scenario.sandbox.world().log.writes.len(), writes);
    at_rest(&scenario, "after a refresh").await;
}

#[tokio::test]
async fn an_interrupted_run_parks_at_its_next_safe_point_and_is_resumed() {
    for at in 0..60 {
        let scenario = Scenario::new(1);
        let mut process = scenario.process(&CrashPoint::default());
        let (cancel, counted) = (process.cancel.clone(), std::sync::atomic::AtomicU32::new(0));
        let ports = scenario.sandbox.outside_with_hook(Arc::new(move |_| {
            if counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == at {
                cancel.ask();
            }
            HookVerdict::Go
        }));
        process.clients = process.clients.clone().through(&ports);
        process.ports = ports;
        let outcome = process.apply(scenario.spec(), &options()).await;
        let (cancelled, store) = (process.cancel.is_asked(), process.store.clone());
        drop((process, store));
        always(&scenario, &format!("interrupted at {at}")).await;
        if parked(&outcome).is_some() {
            scenario.resume(&CrashPoint::default()).await;
        } else {
            assert!(
                !cancelled || matches!(outcome, CommandOutcome::Ended(RunOutcome::Complete { .. })),
                "at {at}: {outcome:?}"
            );
        }
        at_rest(&scenario, &format!("interrupted at {at}, resumed")).await;
    }
}

#[tokio::test]
async fn every_attempt_at_an_unclear_request_is_in_the_journal_in_order() {
    let scenario = Scenario::new(1);
    let lost = fabrik::sandbox::RequestFault::LostAfter;
    scenario.sandbox.with_world(|world| world.at_write = Some((1, lost))).unwrap();
    scenario.apply(&CrashPoint::default()).await;
    let run = scenario.finished().await.pop().unwrap();
    let lines = scenario.journal().load(&run).await.unwrap().lines;
    let names: Vec<&str> = lines.iter().map(|line| line.entry.name()).take(5).collect();
    assert_eq!(names, ["begun", "validating", "provisioning", "intended", "settled"]);
    let JournalEntry::Effect(machine::effect::Effect::Resolved { by, .. }) = &lines[4].entry else {
        panic!()
    };
    assert_eq!(*by, machine::effect::ResolvedBy::Reconciliation);
    let waited = lines[3].at.until(&lines[4].at);
    assert!(
        waited >= Duration::from_secs(31),
        "settled after {waited:?}, before a late effect was out of the question"
    );
}

#[tokio::test]
async fn a_secret_that_the_app_logs_is_not_in_the_journal() {
    let mut scenario = Scenario::new(1);
    let nasty = ["qu\"o'te-and-more", "dollar$$sign-and-more", "line\nbreak-and-more", "ümläut-and-möre"];
    scenario.respec("[API_KEY, PHRASE]", "[API_KEY, PHRASE, A, B, C, D]");
    for (name, value) in ["A", "B", "C", "D"].into_iter().zip(nasty) {
        scenario.environment.insert(name.to_owned(), value.to_owned());
    }
    let shouting = |world: &mut fabrik::sandbox::World| world.arm(Fault::Health, None);
    scenario.sandbox.with_world(shouting).unwrap();
    let (sandbox, values) = (scenario.sandbox.clone(), scenario.environment.clone());
    let ports = scenario.sandbox.outside_with_hook(Arc::new(move |_| {
        let shout = |world: &mut fabrik::sandbox::World| {
            for container in world.services.iter_mut().flat_map(|service| &mut service.containers) {
                for (line, value) in container.log.iter_mut().zip([&values]) {
                    line.text = value.values().cloned().collect::<Vec<_>>().join(" and ");
                }
            }
        };
        sandbox.with_world(shout).unwrap();
        HookVerdict::Go
    }));
    let mut process = scenario.process(&CrashPoint::default());
    process.clients = process.clients.clone().through(&ports);
    process.ports = ports;
    let outcome = process.apply(scenario.spec(), &options()).await;
    drop(process);
    let CommandOutcome::Ended(RunOutcome::RolledBack { cause, .. }) = &outcome else { panic!("{outcome:?}") };
    assert!(cause.evidence.iter().any(|seen| seen.contains("***")), "the log was not shown: {cause:?}");
    let mut written = format!("{outcome:?}");
    for row in scenario.journal().list(None).await.unwrap() {
        let loaded = scenario.journal().load(&row.run).await.unwrap();
        written += &serde_json::to_string(&loaded.lines).unwrap();
        written += &loaded.blobs.values().map(|blob| String::from_utf8_lossy(blob)).collect::<String>();
    }
    for value in scenario.environment.values() {
        let escaped = serde_json::to_string(value).unwrap();
        for form in [value.as_str(), escaped.trim_matches('"')] {
            assert!(!written.contains(form), "{form:?} is written down");
        }
    }
}

#[tokio::test]
async fn a_release_whose_folder_is_gone_can_still_be_rolled_back() {
    let scenario = deployed().await;
    std::fs::remove_dir_all(scenario.folder.path().join("app")).unwrap();
    std::fs::remove_file(scenario.spec_path()).unwrap();
    let outcome = scenario.roll_back_newest().await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::RolledBack { .. })), "{outcome:?}");
    at_rest(&scenario, "after the folder was deleted").await;
}

#[tokio::test]
async fn undoing_a_release_does_not_need_the_variables_that_making_it_needed() {
    let mut scenario = Scenario::new(1);
    scenario.respec("COLOUR: blue", "COLOUR: \"${COLOUR}\"");
    scenario.environment.insert("COLOUR".to_owned(), "green".to_owned());
    scenario.apply(&CrashPoint::default()).await;
    scenario.environment.clear();
    let outcome = scenario.roll_back_newest().await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::RolledBack { .. })), "{outcome:?}");
    at_rest(&scenario, "undone without its variables").await;
}

/// Coolify on one machine with its apps, which it calls `host.docker.internal`.
fn on_coolifys_own_machine() -> Scenario {
    let scenario = Scenario::new(1);
    let hide = |world: &mut fabrik::sandbox::World| {
        world.server.is_coolify_host = true;
        "host.docker.internal".clone_into(&mut world.server.shown_ip);
    };
    scenario.sandbox.with_world(hide).unwrap();
    scenario
}

#[tokio::test]
async fn a_first_deploy_on_coolifys_own_machine_finds_its_address_by_coolifys_name() {
    let scenario = on_coolifys_own_machine();
    let outcome = scenario.apply(&CrashPoint::default()).await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::Complete { .. })), "{outcome:?}");
    let world = scenario.sandbox.world();
    let record = world.records.iter().find(|record| record.name == "blog.example.com").unwrap();
    assert_eq!(record.content, world.server.ip);
}

#[tokio::test]
async fn an_address_of_cloudflares_own_is_never_taken_for_the_servers() {
    let scenario = on_coolifys_own_machine();
    let mut process = scenario.process(&CrashPoint::default());
    process.ports.resolver = Arc::new(OneName("104.16.132.229".to_owned()));
    process.clients = process.clients.clone().through(&process.ports);
    let outcome = process.apply(scenario.spec(), &options()).await;
    let CommandOutcome::Ended(RunOutcome::Refused { cause, .. }) = &outcome else { panic!("{outcome:?}") };
    assert!(cause.message.contains("proxy") && cause.hint.contains("dns: {target"), "{cause:?}");
}

/// A resolver that knows one address, whatever it is asked.
struct OneName(String);

#[async_trait::async_trait]
impl fabrik::net::Resolver for OneName {
    async fn ask(
        &self,
        _: &fabrik::net::Question,
    ) -> Result<Vec<fabrik::net::Answer>, fabrik::net::ResolveError> {
        Ok(vec![fabrik::net::Answer { value: self.0.clone(), ttl: 60 }])
    }
}

#[tokio::test]
async fn a_destroy_that_was_killed_at_any_point_and_taken_up_again_is_done_and_cannot_be_undone() {
    for point in 0.. {
        let (scenario, crash) = (deployed().await, CrashPoint::at(point));
        scenario.destroy(&crash).await;
        let context = format!("destroyed, killed at {point} ({})", crash.fell());
        if let Some(resumed) = scenario.resume(&CrashPoint::default()).await {
            let rows = scenario.journal().list(None).await.unwrap();
            let history =
                RunHistory::read(scenario.journal().as_ref(), &rows.last().unwrap().run).await.unwrap();
            let ending = Summary::of(&resumed, Direction::Forward, Some(&history));
            assert_eq!((ending.exit, ending.outcome), (0, "destroyed"), "{context}: {resumed:?}");
        }
        if let Some(run) = scenario.open_run().await {
            panic!("{context}: {run} is open");
        }
        let rows = scenario.journal().list(None).await.unwrap();
        let took = matches!(rows.last().unwrap().begun.as_ref().unwrap().purpose, Purpose::Destroy(_));
        if took && scenario.sandbox.world().services.len() == 1 {
            let run = rows.last().unwrap().run.clone();
            let outcome = scenario.process(&CrashPoint::default()).roll_back(&run, &options()).await;
            let CommandOutcome::Blockers(blockers) = &outcome else { panic!("{context}: {outcome:?}") };
            assert!(blockers[0].message.contains("cannot be undone"), "{context}: {blockers:?}");
            assert!(blockers[0].hint.contains("fabrik apply"), "{context}: {blockers:?}");
        }
        at_rest(&scenario, &context).await;
        if crash.fell().is_empty() {
            return;
        }
    }
}
