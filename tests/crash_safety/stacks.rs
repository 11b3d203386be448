//! People's own compose texts: several services, databases, volumes, and what a change of the text leaves behind.

use std::time::Duration;

use fabrik::engine::RunOutcome;
use fabrik::engine::commands::CommandOutcome;
use fabrik::sandbox::{Fault, HookVerdict, RequestFault, SimService};
use serde_json::{Value, json};

use super::crash::CrashPoint;
use super::invariants::{always, at_rest};
use super::scenario::Scenario;
use crate::sample::sampled;

const SPEC: &str = "name: blog
compose: ./compose.yaml
service: web
domain: blog.example.com
health: {path: /health, timeout: 3m, fingerprint: {header: X-Fabrik-Release}}
secrets: {required: [API_KEY]}
";

/// A stack with every trap: what Coolify would turn into something else if it were sent as it stands here.
const STACK: &str = "x-base: &base {restart: unless-stopped}
services:
  web:
    <<: *base
    image: ghcr.io/acme/web:1.10
    command: []
    expose: [8000]
    environment:
      DAY: 2024-01-01
      VERSION: 1.10
      LARGE: 1e3
      LONG: 1_000
      HEX: 0x1F
      OCTAL: 0o644
      ANSWER: yes
      COUNT: 3
      KEY: ${API_KEY}
    depends_on:
      db: {condition: service_started}
      migrate: {condition: service_completed_successfully}
  db:
    <<: *base
    image: postgres:16
    volumes: ['data:/var/lib/postgresql/data']
  migrate:
    image: ghcr.io/acme/web:1.10
    restart: 'no'
volumes:
  data: {}
";

/// The same with another name for the database.
fn renamed() -> String {
    STACK.replace("  db:", "  store:")
}

async fn complete(scenario: &Scenario) -> Vec<String> {
    let (outcome, warnings) = scenario.heard().await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::Complete { .. })), "{outcome:?}");
    warnings
}

fn service(scenario: &Scenario) -> SimService {
    let world = scenario.sandbox.world();
    world.services.into_iter().find(|service| service.description.is_some()).expect("the app")
}

fn silent(service: &SimService) -> Vec<&str> {
    service.parts.iter().filter(|part| part.excluded).map(|part| part.name.as_str()).collect()
}

#[tokio::test]
async fn a_stack_of_several_services_is_what_its_text_says_after_coolify_dumped_it() {
    let scenario = Scenario::of(SPEC, STACK);
    assert_eq!(complete(&scenario).await, Vec::<String>::new());
    let there: Value = serde_json::from_str(&service(&scenario).compose).unwrap();
    let web = &there["services"]["web"];
    let written = json!({"DAY": "2024-01-01", "VERSION": "1.10", "LARGE": "1e3", "LONG": "1_000", "HEX": "0x1F",
        "OCTAL": "0o644", "ANSWER": "yes", "COUNT": 3, "KEY": "${API_KEY}"});
    assert_eq!(web["environment"], written);
    assert_eq!((&web["restart"], &web["command"]), (&json!("unless-stopped"), &json!("")));
    assert_eq!(there["services"]["migrate"]["restart"], "no");
    let volumes: Vec<String> =
        scenario.sandbox.world().volumes.into_iter().map(|volume| volume.name).collect();
    assert_eq!(volumes, [format!("{}_data", service(&scenario).uuid)]);
    assert!(
        service(&scenario).env("PORT").is_none(),
        "a port is one container's, a variable is all of theirs"
    );
    at_rest(&scenario, "a stack").await;
}

#[tokio::test]
async fn a_failed_update_of_a_stack_goes_back_to_its_last_text_and_keeps_its_data() {
    let scenario = Scenario::of(SPEC, STACK);
    complete(&scenario).await;
    let before = service(&scenario);
    scenario.write("compose.yaml", &STACK.replace("web:1.10", "web:1.11"));
    scenario.sandbox.with_world(|world| world.arm(Fault::Health, Some(1))).unwrap();
    let (outcome, _) = scenario.heard().await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::RolledBack { .. })), "{outcome:?}");
    let now = service(&scenario);
    assert_eq!((now.uuid, now.compose), (before.uuid, before.compose));
    assert_eq!(scenario.sandbox.world().volumes.len(), 1);
    at_rest(&scenario, "a stack after a failed update").await;
}

#[tokio::test]
async fn a_service_that_the_text_no_longer_has_is_silenced_and_listed() {
    let scenario = Scenario::of(SPEC, STACK);
    complete(&scenario).await;
    scenario.write("compose.yaml", &renamed());
    let warnings = complete(&scenario).await;
    assert!(warnings.iter().any(|warning| warning.contains("`db` is no longer in the text")), "{warnings:?}");
    assert_eq!(silent(&service(&scenario)).sorted(), ["db", "migrate"]);
    // Coolify looks at the containers a while after the start.
    scenario.sandbox.ports().clock.sleep(Duration::from_secs(60)).await;
    assert_eq!(service(&scenario).status(), "running:unknown");
    at_rest(&scenario, "a renamed service").await;
}

#[tokio::test]
async fn a_service_that_comes_back_is_woken_and_one_that_somebody_silenced_is_not() {
    let scenario = Scenario::of(SPEC, STACK);
    complete(&scenario).await;
    let quiet = |world: &mut fabrik::sandbox::World| {
        let parts = world.services.iter_mut().flat_map(|service| &mut service.parts);
        parts.filter(|part| part.name == "web").for_each(|part| part.excluded = true);
    };
    scenario.sandbox.with_world(quiet).unwrap();
    scenario.write("compose.yaml", &renamed());
    complete(&scenario).await;
    scenario.write("compose.yaml", STACK);
    complete(&scenario).await;
    assert_eq!(silent(&service(&scenario)).sorted(), ["migrate", "store", "web"]);
    at_rest(&scenario, "a service that came back").await;
}

/// In the order of their names, whatever order Coolify has them in.
trait Sorted {
    fn sorted(self) -> Self;
}

impl Sorted for Vec<&str> {
    fn sorted(mut self) -> Self {
        self.sort_unstable();
        self
    }
}

#[tokio::test]
async fn what_a_failed_update_added_is_silenced_and_what_it_dropped_counts_again() {
    let scenario = Scenario::of(SPEC, STACK);
    complete(&scenario).await;
    scenario.write("compose.yaml", &renamed());
    scenario.sandbox.with_world(|world| world.arm(Fault::Health, Some(1))).unwrap();
    let (outcome, warnings) = scenario.heard().await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::RolledBack { .. })), "{outcome:?}");
    assert!(warnings.iter().any(|it| it.contains("`store` is no longer in the text")), "{warnings:?}");
    assert_eq!(silent(&service(&scenario)).sorted(), ["migrate", "store"]);
    at_rest(&scenario, "a restored stack").await;
}

#[tokio::test]
async fn the_domain_can_be_led_to_another_service_of_the_stack() {
    let both =
        STACK.replace("\n  migrate:\n", "\n  front: {image: 'nginx:1.27', expose: [8000]}\n  migrate:\n");
    let scenario = Scenario::of(SPEC, &both);
    complete(&scenario).await;
    scenario.respec("service: web", "service: front");
    complete(&scenario).await;
    let service = service(&scenario);
    let urls: Vec<(&str, &str)> =
        service.parts.iter().filter_map(|it| Some((it.name.as_str(), it.fqdn.as_deref()?))).collect();
    assert_eq!(urls, [("front", "https://blog.example.com:8000")]);
    at_rest(&scenario, "another main service").await;
}

/// Applies while the container of `db` ends as soon as it is started.
async fn with_db_down(scenario: &Scenario) -> (CommandOutcome, Vec<String>) {
    let sandbox = scenario.sandbox.clone();
    let ports = scenario.sandbox.outside_with_hook(std::sync::Arc::new(move |_| {
        let end = |world: &mut fabrik::sandbox::World| {
            world.services.iter_mut().for_each(|it| it.containers.retain(|container| container.part != "db"));
        };
        sandbox.with_world(end).unwrap();
        HookVerdict::Go
    }));
    scenario.heard_through(ports).await
}

#[tokio::test]
async fn a_first_release_fails_when_another_service_of_its_stack_never_comes_up() {
    let scenario = Scenario::of(SPEC, STACK);
    let (outcome, _) = with_db_down(&scenario).await;
    let CommandOutcome::Ended(RunOutcome::RolledBack { cause, .. }) = &outcome else { panic!("{outcome:?}") };
    assert!(cause.message.contains("`db`") && !cause.message.contains("migrate"), "{cause:?}");
    at_rest(&scenario, "a stack that was never whole").await;
}

#[tokio::test]
async fn an_update_that_leaves_another_service_down_is_complete_and_says_so() {
    let scenario = Scenario::of(SPEC, STACK);
    complete(&scenario).await;
    scenario.write("compose.yaml", &STACK.replace("web:1.10", "web:1.11"));
    let (outcome, warnings) = with_db_down(&scenario).await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::Complete { .. })), "{outcome:?}");
    assert!(warnings.iter().any(|warning| warning.contains("`db`")), "{warnings:?}");
}

#[tokio::test]
async fn a_stack_is_taken_down_and_its_volume_kept() {
    let scenario = Scenario::of(SPEC, STACK);
    complete(&scenario).await;
    let outcome = scenario.destroy(&CrashPoint::default()).await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::Destroyed { .. })), "{outcome:?}");
    assert_eq!(scenario.sandbox.world().volumes.len(), 1);
    at_rest(&scenario, "a stack taken down").await;
}

#[tokio::test]
async fn below_4_2_what_is_left_behind_is_only_said() {
    let scenario = Scenario::of(SPEC, STACK);
    complete(&scenario).await;
    scenario.sandbox.with_world(|world| "4.1.2".clone_into(&mut world.coolify.version)).unwrap();
    scenario.write("compose.yaml", &renamed());
    let warnings = complete(&scenario).await;
    assert!(warnings.iter().any(|it| it.contains("`db`") && it.contains("4.2.0")), "{warnings:?}");
    assert_eq!(silent(&service(&scenario)), ["migrate"]);
}

/// A finished stack whose database has another name in the text by now.
async fn about_to_rename() -> Scenario {
    let scenario = Scenario::of(SPEC, STACK);
    complete(&scenario).await;
    scenario.write("compose.yaml", &renamed());
    scenario
}

#[tokio::test]
async fn a_crash_at_any_point_of_a_rename_is_resumed_and_the_old_name_silenced() {
    let mut sample = sampled(6, "crashes of a rename, resumed");
    for point in (0..).filter(|_| sample.takes()) {
        let (scenario, crash) = (about_to_rename().await, CrashPoint::at(point));
        scenario.apply(&crash).await;
        let context = format!("renaming crashed at {point} ({}), resumed", crash.fell());
        always(&scenario, &context).await;
        let resumed = scenario.resume(&CrashPoint::default()).await;
        let parked = matches!(resumed, Some(CommandOutcome::Ended(RunOutcome::Parked { .. })));
        assert!(!parked, "{context}: {resumed:?}");
        at_rest(&scenario, &context).await;
        if scenario.finished().await.len() == 2 {
            assert_eq!(silent(&service(&scenario)).sorted(), ["db", "migrate"], "{context}");
        }
        if crash.fell().is_empty() {
            return;
        }
    }
}

#[tokio::test]
async fn a_crash_at_any_point_of_a_rename_is_rolled_back_and_the_old_name_counts_again() {
    let mut sample = sampled(6, "crashes of a rename, rolled back");
    for point in (0..).filter(|_| sample.takes()) {
        let (scenario, crash) = (about_to_rename().await, CrashPoint::at(point));
        scenario.apply(&crash).await;
        let context = format!("renaming crashed at {point} ({}), rolled back", crash.fell());
        if let Some(undone) = scenario.undo_open(&CrashPoint::default()).await {
            let rolled_back = matches!(
                undone,
                CommandOutcome::Ended(RunOutcome::RolledBack { .. } | RunOutcome::Refused { .. })
            );
            assert!(rolled_back, "{context}: {undone:?}");
            assert!(!silent(&service(&scenario)).contains(&"db"), "{context}");
            let new = service(&scenario).parts.into_iter().find(|part| part.name == "store");
            assert!(new.is_none_or(|part| part.excluded), "{context}");
        }
        at_rest(&scenario, &context).await;
        if crash.fell().is_empty() {
            return;
        }
    }
}

#[tokio::test]
async fn a_lost_reply_to_any_write_of_a_rename_changes_nothing_about_its_end() {
    for write in 1.. {
        let scenario = about_to_rename().await;
        scenario.sandbox.with_world(|world| world.at_write = Some((write, RequestFault::LostAfter))).unwrap();
        complete(&scenario).await;
        let context = format!("renaming with the reply to write {write} lost");
        assert_eq!(silent(&service(&scenario)).sorted(), ["db", "migrate"], "{context}");
        at_rest(&scenario, &context).await;
        if scenario.sandbox.world().at_write.is_some() {
            return;
        }
    }
}

#[tokio::test]
async fn a_late_effect_of_any_write_of_a_rename_writes_nothing_back() {
    for failing in [false, true] {
        for write in 1.. {
            let scenario = about_to_rename().await;
            let late = RequestFault::Late { after_ms: 59_500 };
            scenario.sandbox.with_world(|world| world.at_write = Some((write, late))).unwrap();
            if failing {
                scenario.arm(Fault::Health);
            }
            let (outcome, _) = scenario.heard().await;
            let context =
                format!("renaming with a late effect of write {write}, failing: {failing}: {outcome:?}");
            assert!(
                matches!(
                    &outcome,
                    CommandOutcome::Ended(RunOutcome::Complete { .. } | RunOutcome::RolledBack { .. })
                ),
                "{context}"
            );
            scenario.outlast_late_effects().await;
            at_rest(&scenario, &context).await;
            if scenario.sandbox.world().at_write.is_some() {
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_dropped_service_has_no_container_and_does_not_spoil_the_status() {
    let scenario = Scenario::of(SPEC, STACK);
    complete(&scenario).await;
    let dropped = STACK.replace(
        "  db:\n    <<: *base\n    image: postgres:16\n    volumes: ['data:/var/lib/postgresql/data']\n",
        "",
    );
    let dropped =
        dropped.replace("      db: {condition: service_started}\n", "").replace("volumes:\n  data: {}\n", "");
    assert!(!dropped.contains("db"), "{dropped}");
    scenario.write("compose.yaml", &dropped);
    let warnings = complete(&scenario).await;
    scenario.sandbox.ports().clock.sleep(Duration::from_secs(60)).await;
    let service = service(&scenario);
    assert_eq!(service.status(), "running:unknown");
    assert!(service.containers.iter().all(|container| container.part != "db"), "{:?}", service.containers);
    let data = format!("{}_data", service.uuid);
    assert!(warnings.iter().any(|it| it.contains("no longer mounted") && it.contains(&data)), "{warnings:?}");
    at_rest(&scenario, "a dropped service").await;
}
