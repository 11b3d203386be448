//! The program's manners: what it says to programs, what it refuses, what it does not write.

use super::fixture::CliFixture;

#[test]
fn applying_twice_is_unchanged_and_sends_no_request() {
    let house = CliFixture::with_app();
    house.apply().ends(0);
    let world = std::fs::read(house.sandbox().join("world.json")).unwrap();
    house.apply().ends(0).says("unchanged since run").says("just now");
    // Each request is counted there.
    assert_eq!(std::fs::read(house.sandbox().join("world.json")).unwrap(), world);
}

#[test]
fn the_last_line_for_programs_is_how_it_ended() {
    let house = CliFixture::with_app();
    let json = ["apply", "my-api.yaml", "--sandbox", "--json"];
    for outcome in ["complete", "unchanged"] {
        let events = house.run(&json).ends(0).events();
        let last = events.last().unwrap();
        assert_eq!((&last["event"], &last["outcome"]), (&"run.ended".into(), &outcome.into()));
        assert_eq!((&last["v"], &last["exit"]), (&1.into(), &0.into()));
        assert_eq!(last["run"].as_str().unwrap().len(), 32);
        assert!(events.iter().all(|event| event["v"] == 1 && event["at"].is_string()));
    }
    house.run(&["sandbox", "fault", "health"]).ends(0);
    house.edit("sick");
    let events = house.run(&json).ends(1).events();
    assert_eq!(events.last().unwrap()["outcome"], "rolled-back");
    house.write("my-api.yaml", "name: [");
    let events = house.run(&json).ends(2).events();
    assert_eq!(events.last().unwrap()["outcome"], "refused");
    assert!(events.last().unwrap()["run"].is_null());
}

#[test]
fn what_a_later_version_does_is_refused_by_name() {
    let house = CliFixture::with_app();
    let commands = "state logs explain schema completions man phases";
    for command in commands.split(' ') {
        house.run(&[command, "my-api"]).ends(2).says(&format!("`fabrik {command}` is not in this version"));
    }
    let flags: [&[&str]; 5] = [
        &["rollback", "my-api", "--to", "1"],
        &["plan", "my-api.yaml", "--out", "file"],
        &["plan", "my-api.yaml", "--out=file"],
        &["apply", "my-api.yaml", "--no-save-secrets"],
        &["apply", "my-api.yaml", "--max-parallel", "4"],
    ];
    for words in flags {
        house.run(words).ends(2).says(words[2].split('=').next().unwrap()).says("is not in this version");
    }
    house.run(&["status", "--state", "postgres://x/y"]).ends(2).says("not in this version");
    house.run(&["aply", "my-api.yaml"]).ends(2).says("no command `aply`");
}

#[test]
fn without_credentials_both_ways_on_are_named_and_nothing_is_written() {
    let house = CliFixture::with_app();
    let before = house.listing();
    house.run(&["apply", "my-api.yaml"]).ends(2).says("COOLIFY_API_TOKEN").says("--sandbox");
    let mut command = house.command(&["apply", "my-api.yaml"]);
    command.env("COOLIFY_API_URL", "coolify").env("COOLIFY_API_TOKEN", "t").env("CLOUDFLARE_API_TOKEN", "t");
    super::fixture::Said::of(command.output().unwrap()).ends(2).says("COOLIFY_API_URL is not a base URL");
    assert_eq!(house.listing(), before);
}

#[test]
fn a_plan_shows_old_and_new_and_writes_nothing_anywhere() {
    let house = CliFixture::with_app();
    let before = house.listing();
    house
        .run(&["plan", "my-api.yaml", "--sandbox", "--exit-code"])
        .ends(5)
        .says("(create)")
        .says("203.0.113.10");
    assert_eq!(house.listing(), before);
    house.apply().ends(0);
    house.run(&["plan", "my-api.yaml", "--sandbox", "--exit-code"]).ends(0).says("nothing to change");
    house.edit("another version");
    house.run(&["plan", "my-api.yaml", "--sandbox", "--exit-code"]).ends(5).says("(change)").says(" → ");
    let spec = std::fs::read_to_string(house.folder().join("my-api.yaml")).unwrap();
    house.write("my-api.yaml", spec + "dns: {target: 198.51.100.9}\n");
    house.run(&["plan", "my-api.yaml", "--sandbox"]).ends(0).says("203.0.113.10 → 198.51.100.9");
}

#[test]
fn a_generated_secret_is_in_env_and_nowhere_else() {
    let house = CliFixture::with_app();
    let spec = std::fs::read_to_string(house.folder().join("my-api.yaml")).unwrap();
    house.write("my-api.yaml", spec + "secrets: [API_KEY]\n");
    let said = house.run(&["apply", "my-api.yaml", "--sandbox", "-vv"]).ends(0);
    let said = said.says("API_KEY generated, kept in .env");
    let file = std::fs::read_to_string(house.folder().join(".env")).unwrap();
    let value = file.trim().strip_prefix("API_KEY=").unwrap().to_owned();
    assert_eq!(value.len(), 32);
    assert!(!said.out.contains(&value) && !said.err.contains(&value));
    let holds = |bytes: &[u8]| bytes.windows(value.len()).any(|window| window == value.as_bytes());
    let keepers: Vec<_> =
        house.listing().into_iter().filter(|(_, bytes)| holds(bytes)).map(|(path, _)| path).collect();
    // The sandbox's world is the outside: Coolify has the value.
    assert_eq!(keepers, [house.sandbox().join("world.json"), house.folder().join(".env")]);
    house.apply().ends(0).says("unchanged");
}

#[test]
fn a_secret_that_the_outside_quotes_is_not_in_the_journal() {
    // What the sandbox's certificates say of their issuer, which verification notes as evidence.
    const QUOTED: &str = "Fabrik Sandbox CA";
    let house = CliFixture::with_app();
    let spec = std::fs::read_to_string(house.folder().join("my-api.yaml")).unwrap();
    house.write("my-api.yaml", spec + "secrets: {required: [API_KEY]}\n");
    let apply = || {
        let mut command = house.command(&["apply", "my-api.yaml", "--sandbox", "-v"]);
        super::fixture::Said::of(command.env("API_KEY", QUOTED).output().unwrap())
    };
    let first = apply().ends(0);
    house.run(&["sandbox", "fault", "build"]).ends(0);
    house.edit("one that does not build");
    let second = apply().ends(1).says("issued by ***");
    for said in [first, second] {
        assert!(!said.out.contains(QUOTED) && !said.err.contains(QUOTED), "{}{}", said.out, said.err);
    }
    let holds = |bytes: &[u8]| bytes.windows(QUOTED.len()).any(|window| window == QUOTED.as_bytes());
    let keepers: Vec<_> =
        house.listing().into_iter().filter(|(_, bytes)| holds(bytes)).map(|(path, _)| path).collect();
    assert_eq!(keepers, [house.sandbox().join("world.json")]);
}

#[test]
fn templates_and_the_sandbox_show_themselves() {
    let house = CliFixture::new();
    house.run(&["templates"]).ends(0).says("python-api").says("static-site").says("node-api").says("worker");
    house.run(&["templates", "show", "python-api"]).ends(0).says("# app.py");
    house.run(&["templates", "show", "cobol"]).ends(2).says("python-api");
    house.run(&["sandbox", "fault", "--list"]).ends(0).says("lost-reply");
    house.run(&["sandbox", "fault", "flood"]).ends(2).says("no fault called `flood`");
    house.run(&["sandbox", "reset"]).ends(2).says("--yes");
    house.run(&["sandbox", "reset", "--yes"]).ends(0);
}
