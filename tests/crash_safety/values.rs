//! Any value, of any bytes: it arrives in the container as it was given, or is refused before anything is sent.

use std::collections::{BTreeMap, BTreeSet};

use fabrik::engine::RunOutcome;
use fabrik::engine::commands::CommandOutcome;
use fabrik::plan::Release;
use fabrik::plan::drift::drift;
use fabrik::sandbox::services::SimContainer;
use fabrik::sandbox::{Fault, World};

use super::crash::CrashPoint;
use super::invariants::at_rest;
use super::scenario::Scenario;
use crate::simulation::dice::Dice;

/// What an app is made of, as far as values go.
const SOURCES: [&str; 3] =
    ["folder: ./app", "compose: ./compose.yaml\nservice: web", "image: ghcr.io/acme/blog:1.0"];

const KEYS: [&str; 4] = ["A", "B", "C", "D"];

const REST: &str = "domain: blog.example.com
health: {path: /health, timeout: 3m, fingerprint: {header: X-Fabrik-Release}}
secrets: {required: [A, B, C, D]}
";

/// A text that refers to the variables in every way that there is, in both forms of an environment.
const COMPOSE: &str = "services:
  web:
    image: ghcr.io/acme/web:1
    expose: [8000]
    environment:
      A: ${A}
      OTHER: ${A}
      MORE: $B
      MIXED: x${B}y
      DEFAULT: ${C:-none}
      INSTEAD: ${D:+is there}
  side:
    image: ghcr.io/acme/side:1
    environment: ['B=${B:?must be given}', D, 'FROM=${C}', 'BOTH=${D}${A}']
  plain:
    image: ghcr.io/acme/plain:1
";

/// What values are put together from: whatever somebody on the way might take for something else.
const PIECES: [&str; 40] = [
    "a",
    "word",
    "it's",
    "'",
    "''",
    "\"",
    "\\",
    "\\\\",
    "\\n",
    "$",
    "$$",
    "$A",
    "${B}",
    "${",
    "${NOPE:?must}",
    "$(id)",
    "`id`",
    "#",
    " #",
    " # c",
    " ",
    "  ",
    "\n",
    "\r\n",
    "\t",
    "\r",
    "=",
    ":",
    ": ",
    "{",
    "}",
    "[",
    "]",
    ",",
    "{\"a\":\"b\"}",
    "{\"p\":\"pa$$w$A #x\"}",
    "{\n  \"a\": [1, 2]\n}",
    "-----BEGIN K-----\nab+/=\n-----END K-----\n",
    "é😀",
    "%s",
];

/// What is in no value that people mean.
const ODD: [&str; 6] = ["\0", "\u{1b}[0m", "\u{a0}", "\u{feff}", "\u{200b}", "\u{7f}"];

fn value(dice: &mut Dice) -> String {
    let count = 1 + dice.below(6);
    let piece = |dice: &mut Dice| {
        if dice.falls(3) { dice.one_of(&ODD).to_owned() } else { dice.one_of(&PIECES).to_owned() }
    };
    let value: String = (0..count).map(|_| piece(dice)).collect();
    match dice.below(60) {
        0 => value.repeat(200),
        1 => "x".repeat(66_000),
        2 => "y'".repeat(15_000),
        3 => "z".repeat(30_000),
        _ => value,
    }
}

fn scenario(source: &str, values: &BTreeMap<String, String>) -> Scenario {
    let mut scenario = Scenario::of(&format!("name: blog\n{source}\n{REST}"), COMPOSE);
    scenario.environment = values.clone();
    scenario
}

fn containers(world: &World) -> Vec<&SimContainer> {
    let services = world.services.iter().filter(|it| it.description.is_some()).flat_map(|it| &it.containers);
    let applications = world.applications.iter().filter(|it| it.description.is_some());
    services.chain(applications.flat_map(|it| &it.container)).collect()
}

/// What each container is to have besides the variables themselves.
fn referring(part: &str, values: &BTreeMap<String, String>) -> Vec<(&'static str, String)> {
    let [a, b, c, d] = KEYS.map(|key| values[key].clone());
    let or = |value: &String, other: &str| if value.is_empty() { other.to_owned() } else { value.clone() };
    match part {
        "web" => vec![
            ("OTHER", a),
            ("MORE", b.clone()),
            ("MIXED", format!("x{b}y")),
            ("DEFAULT", or(&c, "none")),
            ("INSTEAD", if d.is_empty() { d } else { "is there".to_owned() }),
        ],
        "side" => vec![("FROM", c), ("BOTH", format!("{d}{a}"))],
        _ => Vec::new(),
    }
}

fn all_arrived(scenario: &Scenario, values: &BTreeMap<String, String>, context: &str) {
    let world = scenario.sandbox.world();
    let found = containers(&world);
    assert!(!found.is_empty(), "{context}: nothing runs");
    for container in found {
        let extra = referring(&container.part, values);
        let named = values.iter().map(|(key, value)| (key.as_str(), value.clone()));
        for (key, value) in named.chain(extra) {
            assert_eq!(container.env.get(key), Some(&value), "{context}: `{key}` in {}", container.part);
        }
    }
}

/// Whether they arrived; what was refused was refused before anything was sent, by name.
async fn arrive(source: &str, values: &BTreeMap<String, String>, context: &str) -> bool {
    let scenario = scenario(source, values);
    let before = scenario.sandbox.show();
    match scenario.apply(&CrashPoint::default()).await {
        CommandOutcome::Ended(RunOutcome::Complete { .. }) => {
            all_arrived(&scenario, values, context);
            at_rest(&scenario, context).await;
            true
        }
        CommandOutcome::Blockers(blockers) => {
            let named = |key: &str| blockers.iter().any(|it| it.message.contains(&format!("`{key}`")));
            assert!(KEYS.into_iter().any(named), "{context}: {blockers:?}");
            assert_eq!(scenario.sandbox.show(), before, "{context}");
            assert_eq!(scenario.sandbox.world().log.writes.len(), 0, "{context}");
            false
        }
        other => panic!("{context}: {other:?}"),
    }
}

#[tokio::test]
async fn any_values_together_arrive_byte_for_byte_or_are_refused_before_anything_is_sent() {
    for source in SOURCES {
        let mut arrived = 0;
        for seed in 0..60 {
            let dice = &mut Dice::of(seed);
            let values: BTreeMap<String, String> = KEYS.map(|key| (key.to_owned(), value(dice))).into();
            arrived +=
                u32::from(arrive(source, &values, &format!("{source}, seed {seed}: {values:.400?}")).await);
        }
        let is_service = !source.starts_with("image");
        assert!(if is_service { arrived > 20 } else { arrived > 0 }, "{source}: only {arrived} arrived");
    }
}

#[tokio::test]
async fn a_service_carries_every_value_that_people_mean() {
    let others = |value: &str| {
        KEYS.map(|key| (key.to_owned(), if key == "B" { "plain" } else { value }.to_owned())).into()
    };
    for source in &SOURCES[..2] {
        for value in PIECES.into_iter().chain([
            " it's \\",
            "$2y$10$abcDEF/ghi",
            "postgres://u:p$s#w@h/d",
            "\\'",
            "{}",
            "[]",
        ]) {
            assert!(
                arrive(source, &others(value), &format!("{source}: {value:?}")).await,
                "{value:?} was refused"
            );
        }
    }
}

#[tokio::test]
async fn an_application_refuses_what_no_row_carries_and_names_what_to_do() {
    for (value, what, hint) in [
        ("it's", "an apostrophe", "base64"),
        ("path\\", "ends with a backslash", "base64"),
        (" a", "white space", "base64"),
        ("{\"p\":\"$A\"}", "is JSON with `$`", "\\u0024"),
        ("{\"p\":\"a #b\"}", "is JSON with ` #`", "\\u0023"),
        ("{\n}", "JSON over several lines", "one line"),
        ("a\0", "NUL", "base64"),
    ] {
        let values: BTreeMap<String, String> = KEYS.map(|key| (key.to_owned(), "plain".to_owned())).into();
        let scenario = scenario(
            SOURCES[2],
            &[values, BTreeMap::from([("C".to_owned(), value.to_owned())])].into_iter().flatten().collect(),
        );
        let CommandOutcome::Blockers(blockers) = scenario.apply(&CrashPoint::default()).await else {
            panic!("{value:?} was sent")
        };
        assert!(blockers[0].message.contains("`C`") && blockers[0].message.contains(what), "{blockers:?}");
        assert!(blockers[0].hint.contains(hint), "{blockers:?}");
    }
}

/// Values of every shape, each following each: more parts, fewer, none, and none at all.
#[tokio::test]
async fn a_value_of_another_shape_leaves_no_row_behind_and_an_undone_one_brings_them_back() {
    let shapes = ["plain", "it's", "it's o'clock", "'", " ", "{\"a\": \"$\"}", "a$b"];
    for source in &SOURCES[..2] {
        for first in shapes {
            for second in shapes.iter().filter(|second| **second != first) {
                let context = format!("{source}: {first:?}, then {second:?}");
                let of = |value: &str| {
                    KEYS.map(|key| (key.to_owned(), if key == "A" { value } else { "b" }.to_owned()))
                };
                let mut scenario = scenario(source, &of(first).into());
                let CommandOutcome::Ended(RunOutcome::Complete { .. }) =
                    scenario.apply(&CrashPoint::default()).await
                else {
                    panic!("{context}")
                };
                let before = scenario.sandbox.show();
                scenario.environment = of(second).into();
                let CommandOutcome::Ended(RunOutcome::Complete { .. }) =
                    scenario.apply(&CrashPoint::default()).await
                else {
                    panic!("{context}")
                };
                all_arrived(&scenario, &of(second).into(), &context);
                at_rest(&scenario, &context).await;
                let names: BTreeSet<String> = rows(&scenario);
                assert_eq!(names, rows_of_a_first(source, second).await, "{context}");
                // The value before is given again by no source: it is taken out of the environment for the undo.
                scenario.environment = of(first).into();
                let undone = scenario.roll_back(&CrashPoint::default()).await;
                assert!(
                    matches!(undone, CommandOutcome::Ended(RunOutcome::RolledBack { .. })),
                    "{context}: {undone:?}"
                );
                assert_eq!(scenario.sandbox.show(), before, "{context}");
            }
        }
    }
}

fn rows(scenario: &Scenario) -> BTreeSet<String> {
    let world = scenario.sandbox.world();
    let service = world.services.iter().find(|it| it.description.is_some()).expect("the app");
    service.envs.iter().map(|row| row.key.clone()).collect()
}

/// The rows that a first deployment with this value makes.
async fn rows_of_a_first(source: &str, value: &str) -> BTreeSet<String> {
    let values = KEYS.map(|key| (key.to_owned(), if key == "A" { value } else { "b" }.to_owned()));
    let scenario = scenario(source, &values.into());
    drop(scenario.apply(&CrashPoint::default()).await);
    rows(&scenario)
}

#[tokio::test]
async fn a_value_that_only_coolify_has_goes_on_arriving_in_its_parts() {
    for source in &SOURCES[..2] {
        let values: BTreeMap<String, String> =
            KEYS.map(|key| (key.to_owned(), format!("it's the {key} of $A\\"))).into();
        let mut scenario = scenario(source, &values);
        scenario.respec("{required: [A, B, C, D]}", "[A, B, C, D]");
        drop(scenario.apply(&CrashPoint::default()).await);
        all_arrived(&scenario, &values, source);
        scenario.environment.clear();
        scenario.respec("timeout: 3m", "timeout: 4m");
        scenario.edit("second");
        scenario.write("compose.yaml", &COMPOSE.replace("side:1", "side:2"));
        let outcome = scenario.apply(&CrashPoint::default()).await;
        assert!(
            matches!(outcome, CommandOutcome::Ended(RunOutcome::Complete { .. })),
            "{source}: {outcome:?}"
        );
        all_arrived(&scenario, &values, source);
        at_rest(&scenario, source).await;
    }
}

#[tokio::test]
async fn a_part_that_somebody_deleted_is_missed_and_sent_again() {
    for source in &SOURCES[..2] {
        let values: BTreeMap<String, String> = KEYS.map(|key| (key.to_owned(), format!("it's {key}"))).into();
        let scenario = scenario(source, &values);
        drop(scenario.apply(&CrashPoint::default()).await);
        let delete = |world: &mut World| {
            let service = world.services.iter_mut().find(|it| it.description.is_some()).expect("the app");
            service.envs.retain(|row| row.key != "FABRIK_PART_B_2");
        };
        scenario.sandbox.with_world(delete).expect("it is in memory");
        let engine = scenario.process(&CrashPoint::default());
        let run = scenario.finished().await.pop().expect("a finished run");
        let release = Release::of(&engine.store, &run).await.unwrap().expect("it is finished");
        let drifts = drift(&engine.clients, &release, Some(&engine.key)).await.unwrap().drifts;
        assert!(format!("{drifts:?}").contains("field: \"B\""), "{source}: {drifts:?}");
        let outcome = scenario.fix(&CrashPoint::default()).await;
        assert!(
            matches!(outcome, CommandOutcome::Ended(RunOutcome::Complete { .. })),
            "{source}: {outcome:?}"
        );
        all_arrived(&scenario, &values, source);
        at_rest(&scenario, source).await;
    }
}

#[tokio::test]
async fn neither_the_text_nor_the_journal_holds_a_part_of_a_secret() {
    let canaries = ["canary-one-0123456789", "canary-two-0123456789"];
    let value = format!(" {}'{}\\", canaries[0], canaries[1]);
    let values: BTreeMap<String, String> = KEYS.map(|key| (key.to_owned(), value.clone())).into();
    for source in &SOURCES[..2] {
        let scenario = scenario(source, &values);
        scenario.arm(Fault::Health);
        drop(scenario.apply(&CrashPoint::default()).await);
        drop(scenario.apply(&CrashPoint::default()).await);
        let texts: Vec<String> =
            scenario.sandbox.world().services.iter().map(|it| it.compose.clone()).collect();
        let mut written = texts.concat();
        for row in scenario.journal().list(None).await.unwrap() {
            let loaded = scenario.journal().load(&row.run).await.unwrap();
            let lines = format!("{:?}", loaded.lines);
            written += &lines;
            written.extend(loaded.blobs.values().map(|blob| String::from_utf8_lossy(blob).into_owned()));
        }
        assert!(written.contains("FABRIK_PART_A_1"));
        assert!(canaries.iter().all(|canary| !written.contains(canary)), "{source}");
    }
}

/// An earlier version put the container's port into an application's URL, which the container was told as its own.
#[tokio::test]
async fn an_application_whose_url_has_a_port_loses_it_in_place() {
    let values: BTreeMap<String, String> = KEYS.map(|key| (key.to_owned(), "plain".to_owned())).into();
    let scenario = scenario(SOURCES[2], &values);
    drop(scenario.apply(&CrashPoint::default()).await);
    let ported = |world: &mut World| {
        let application = world.applications.iter_mut().find(|it| it.description.is_some()).expect("the app");
        application.fqdn = Some("https://blog.example.com:80".to_owned());
        application.uuid.clone()
    };
    let uuid = scenario.sandbox.with_world(ported).expect("it is in memory");
    let outcome = scenario.fix(&CrashPoint::default()).await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::Complete { .. })), "{outcome:?}");
    let world = scenario.sandbox.world();
    let application = world.applications.iter().find(|it| it.uuid == uuid).expect("the same app");
    assert_eq!(application.fqdn.as_deref(), Some("https://blog.example.com"));
    let env = &application.container.as_ref().expect("it runs").env;
    assert_eq!(
        (env["COOLIFY_URL"].as_str(), env["COOLIFY_FQDN"].as_str()),
        ("https://blog.example.com", "blog.example.com")
    );
    at_rest(&scenario, "a URL without its port").await;
}

#[tokio::test]
async fn values_that_take_too_much_room_together_are_refused() {
    for source in SOURCES {
        let mut values: BTreeMap<String, String> =
            KEYS.map(|key| (key.to_owned(), "x".repeat(19_000))).into();
        assert!(arrive(source, &values, source).await);
        values.insert("D".to_owned(), "x".repeat(25_000));
        assert!(!arrive(source, &values, source).await);
    }
}
