//! `fabrik doctor`: one line each, and not a trace left behind.

use std::io::{Seek, SeekFrom, Write};

use fabrik::journal::JournalStore;
use fabrik::journal::sqlite::SqliteStore;
use fabrik::sandbox::world::{Door, SimAbility, SimToken};
use fabrik::sandbox::{Quirk, World};
use serde_json::Value;

use super::fixture::{CliFixture, Said};

/// What is changed outside, what the doctor says to it, and how it ends.
type Case = (fn(&mut World), &'static [&'static str], i32);

fn doctor(house: &CliFixture) -> Said {
    house.run(&["doctor", "--sandbox"])
}

fn deployed() -> CliFixture {
    let house = CliFixture::with_app();
    house.apply().ends(0);
    house
}

/// The world without what every request leaves in it, and at one time: the doctor may take a breath.
fn lasting(mut world: World) -> World {
    let other = World::new(0, String::new(), jiff::Timestamp::UNIX_EPOCH);
    (world.log, world.time) = (other.log, other.time);
    world.kinds.clear();
    (world.coolify.rate_window, world.cloudflare.rate_window) = ((0, 0), (0, 0));
    world
}

#[test]
fn a_healthy_house_is_told_line_by_line_and_nothing_is_touched() {
    let house = deployed();
    let (files, world) = (house.listing(), house.sandboxed().world());
    let said = doctor(&house).ends(0);
    for line in [
        "✓ world        the sandbox in",
        "fabrik.db, with its key",
        "✓ coolify      4.3.11 at https://",
        "✓ team         Root Team (id 0)",
        "✓ server       localhost is usable",
        "✓ read         the Coolify token has it",
        "✓ write        the Coolify token has it",
        "✓ deploy       the Coolify token has it",
        "✓ clock        0 s from Coolify's",
        "✓ cloudflare   the token is active",
        "✓ zones        example.com",
        "✓ zone         example.com, which `my-api` is in, is visible",
    ] {
        assert!(said.out.contains(line), "`{line}` is not in:\n{}", said.out);
    }
    assert!(!said.out.contains("hint"), "{}", said.out);
    assert!(lasting(house.sandboxed().world()) == lasting(world), "a probe left a trace");
    let changed: Vec<_> =
        house.listing().into_iter().filter(|(path, it)| files.get(path) != Some(it)).collect();
    assert_eq!(
        changed.iter().map(|(path, _)| path).collect::<Vec<_>>(),
        [&house.sandbox().join("world.json")]
    );
}

#[test]
fn where_nothing_was_deployed_yet_no_journal_is_made() {
    let house = CliFixture::with_app();
    doctor(&house).ends(0).says("not there yet: the first run makes it").says("✓ zones        example.com");
    assert!(!house.sandbox().join("fabrik.db").exists());
}

#[test]
fn each_thing_that_is_wrong_outside_is_told_by_its_name() {
    let cases: [Case; 15] = [
        (
            |world| world.coolify.token = SimToken::Limited(vec![SimAbility::Write, SimAbility::Deploy]),
            &["✗ read", "Missing required permissions: read", "✓ write", "✓ deploy"],
            2,
        ),
        (
            |world| world.coolify.token = SimToken::Limited(vec![SimAbility::Read, SimAbility::Deploy]),
            &["✓ read", "✗ write", "✓ deploy", "make a token with read, write and deploy"],
            2,
        ),
        (
            |world| world.coolify.token = SimToken::Limited(vec![SimAbility::Read, SimAbility::Write]),
            &["✓ read", "✓ write", "✗ deploy"],
            2,
        ),
        (|world| world.coolify.token = SimToken::Unknown, &["✗ coolify", "401", "it has expired"], 2),
        (
            |world| world.coolify.token = SimToken::OfMember,
            &["✗ coolify", "must be an admin or the owner"],
            2,
        ),
        (|world| world.coolify.door = Door::Shut, &["✗ coolify", "API is disabled", "switch the API on"], 2),
        (|world| world.coolify.door = Door::Listed, &["✗ coolify", "add this machine's address"], 2),
        (|world| world.server.usable = false, &["✗ server       localhost is not usable", "validate it"], 2),
        (|world| world.coolify.ahead_s = 120, &["! clock        120 s behind Coolify's", "NTP"], 0),
        (|world| world.coolify.ahead_s = -31, &["! clock        31 s ahead of Coolify's"], 0),
        (
            |world| "4.1.2".clone_into(&mut world.coolify.version),
            &["! coolify      4.1.2", "service logs"],
            0,
        ),
        (|world| "3.12.36".clone_into(&mut world.coolify.version), &["✗ coolify", "Coolify 3.12.36"], 2),
        (
            |world| world.cloudflare.quirks.extend([Quirk::AccountToken]),
            &["✓ cloudflare   an account's token", "✓ zones"],
            0,
        ),
        (
            |world| world.cloudflare.scope = Some(vec!["example.com".to_owned()]),
            &["! zones        the token may not list them", "✓ zone         example.com"],
            0,
        ),
        (
            |world| world.cloudflare.scope = Some(Vec::new()),
            &[
                "✗ zones        the token sees none",
                "✗ zone         example.com, which `my-api` is in, is not visible",
            ],
            2,
        ),
    ];
    for (change, says, exit) in cases {
        let house = deployed();
        house.third_party(change);
        let world = house.sandboxed().world();
        let mut said = doctor(&house).ends(exit);
        for text in says {
            said = said.says(text);
        }
        assert!(lasting(house.sandboxed().world()) == lasting(world), "{says:?} left a trace");
    }
}

#[test]
fn a_door_that_is_shut_is_not_told_as_a_missing_ability() {
    let house = deployed();
    house.third_party(|world| world.coolify.door = Door::Shut);
    let said = doctor(&house).ends(2);
    for about in ["read", "write", "deploy"] {
        assert!(!said.out.contains(&format!("✗ {about}")), "{}", said.out);
    }
}

#[test]
fn a_token_that_nobody_knows_and_that_sees_no_zone_is_no_accounts_token() {
    let house = deployed();
    house.third_party(|world| {
        world.cloudflare.quirks.insert(Quirk::AccountToken);
        world.cloudflare.scope = Some(Vec::new());
    });
    doctor(&house).ends(2).says("✗ cloudflare   the token is no user's, and lists no zones");
}

#[test]
fn a_journal_that_cannot_be_used_is_told_and_left_as_it_is() {
    let house = deployed();
    let journal = house.sandbox().join("fabrik.db");
    std::fs::remove_file(house.sandbox().join("fabrik.key")).unwrap();
    doctor(&house).ends(0).says("! journal").says("its key is gone").says("put `fabrik.key` back");
    assert!(!house.sandbox().join("fabrik.key").exists());

    // The shape's number in an SQLite file's header.
    let mut file = std::fs::OpenOptions::new().write(true).open(&journal).unwrap();
    file.seek(SeekFrom::Start(60)).unwrap();
    file.write_all(&99_u32.to_be_bytes()).unwrap();
    drop(file);
    let newer = std::fs::read(&journal).unwrap();
    doctor(&house).ends(2).says("✗ journal").says("use the newer version");
    for words in [&["apply", "my-api.yaml"][..], &["resume"], &["unlock", "my-api"], &["status"]] {
        house.run(&[words, &["--sandbox"]].concat()).ends(2).says("fabrik.db").says("use the newer version");
    }
    assert_eq!(std::fs::read(&journal).unwrap(), newer);

    std::fs::write(&journal, "milk, eggs\n").unwrap();
    doctor(&house).ends(2).says("✗ journal").says("is not a database").says("✓ coolify");
    assert_eq!(std::fs::read(&journal).unwrap(), b"milk, eggs\n");
}

#[test]
fn without_credentials_the_journal_is_looked_at_all_the_same() {
    let house = CliFixture::with_app();
    house.run(&["doctor"]).ends(2).says("✗ credentials").says("COOLIFY_API_TOKEN").says("not there yet");
}

#[test]
fn programs_get_one_document() {
    let house = deployed();
    house.third_party(|world| world.server.usable = false);
    let said = house.run(&["doctor", "--sandbox", "--json"]).ends(2);
    let document: Value = serde_json::from_str(&said.out).unwrap();
    let checks = document["checks"].as_array().unwrap();
    let server = checks.iter().find(|check| check["check"] == "server").unwrap();
    assert_eq!(server["health"], "bad");
    assert!(checks.iter().filter(|check| check["health"] == "good").count() > 8, "{document}");
}

#[tokio::test]
async fn what_the_journal_could_not_take_is_named_until_its_run_is_closed() {
    let house = CliFixture::with_app();
    let spec = std::fs::read_to_string(house.folder().join("my-api.yaml")).unwrap();
    house.write("my-api.yaml", spec + "rollback: {coolify: manual}\n");
    house.run(&["sandbox", "fault", "health"]).ends(0);
    house.apply().ends(3);
    let journal = house.sandbox().join("fabrik.db");
    let store = SqliteStore::open_read_only(&journal).unwrap().unwrap();
    let run = store.list(None).await.unwrap().pop().unwrap().run;
    let lines = store.load(&run).await.unwrap().lines;
    // As if the journal had refused the first of its receipts.
    let settled = lines.iter().position(|line| line.entry.name() == "settled").unwrap();
    let note = house.sandbox().join("fabrik.db.unrecorded");
    let noted = serde_json::json!({"run": run, "seq": settled, "line": lines[settled]});
    std::fs::write(&note, format!("{noted}\n{{\"run\": cut off")).unwrap();
    let id = noted["line"]["entry"]["verdict"]["have"]["id"].as_str().unwrap();
    let said = doctor(&house).ends(0).says("! unrecorded").says(id).says("mark `fabrik r=");
    said.says(&format!("fabrik resume {}", run.short()));
    house.run(&["rollback", run.as_str(), "--sandbox", "--yes"]).ends(0);
    assert!(!note.exists());
    assert!(!doctor(&house).ends(0).out.contains("unrecorded"));
}
