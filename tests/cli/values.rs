//! Where values come from, as the command line shows it: `.env` is never guessed at, and short secrets hide nothing else.

use super::fixture::{CliFixture, Said};

const SPEC: &str = "name: my-api\nimage: nginx:1.27\nport: 8080\ndomain: my-api.example.com\n";

fn house(lines: &str, env: &str) -> CliFixture {
    let house = CliFixture::new();
    house.write("my-api.yaml", format!("{SPEC}{lines}\n"));
    house.write(".env", env);
    house
}

/// What the app at Coolify is given as `key`.
fn given(house: &CliFixture, key: &str) -> Vec<String> {
    let text = std::fs::read_to_string(house.sandbox().join("world.json")).unwrap();
    let world: serde_json::Value = serde_json::from_str(&text).unwrap();
    let envs =
        world["applications"].as_array().unwrap().iter().flat_map(|app| app["envs"].as_array().unwrap());
    let values = envs.filter(|env| env["key"] == key).map(|env| env["value"].as_str().unwrap().to_owned());
    // An application has each variable twice, the other one for previews.
    values.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

#[test]
fn a_secret_that_stands_in_env_is_never_generated_over() {
    for env in ["PW=#red-fish-7", "PW='#red fish'", "PW=`b`", "PW: x", "PW=a\nPW=b", "export PW=\"x\n y\"\n"]
    {
        let house = house("secrets: [PW]", env);
        let said = house.apply().ends(0).says("PW from .env");
        assert!(!said.out.contains("generated"), "{env}");
        assert_eq!(std::fs::read_to_string(house.folder().join(".env")).unwrap(), env);
        assert!(!given(&house, "PW").is_empty());
    }
    for env in
        ["PW= #red", "PW=pa$word9", "PW red", "1PW=red", "PW", "PW=red\nPW=", "- PW=red", "PW='red\n", "red"]
    {
        let house = house("secrets: [PW]", env);
        let before = house.listing();
        for command in [&["plan", "my-api.yaml", "--sandbox"][..], &["apply", "my-api.yaml", "--sandbox"]] {
            let said = house.run(command).ends(2).says(".env:").says("PW");
            let text = format!("{}{}", said.out, said.err);
            assert!(
                !text.contains("red") && !text.contains("word9") && !text.contains("error: error:"),
                "{text}"
            );
            assert_eq!(text.matches("error:").count(), 1, "{text}");
        }
        assert_eq!(house.listing(), before);
    }
}

#[test]
fn odd_lines_about_other_things_keep_nobody_from_deploying() {
    let house = house("secrets: [PW]", "source ./other.env\nX=pa$word\nPW=red-fish\nif [ -e x ]\nY= # c\n");
    house.apply().ends(0);
    assert_eq!(given(&house, "PW"), ["red-fish"]);
}

#[test]
fn a_generated_secret_is_added_on_a_line_of_its_own() {
    let house = house("secrets: [PW]", "# the last line has no end");
    house.apply().ends(0).says("PW generated");
    let env = std::fs::read_to_string(house.folder().join(".env")).unwrap();
    let value = env.strip_prefix("# the last line has no end\nPW=").unwrap().trim_end();
    assert_eq!(given(&house, "PW"), [value]);
}

#[test]
fn a_reading_that_other_readers_do_not_share_is_said_once() {
    for env in ["B=x\nPW=red-$B-fish\n", "PW=`red-fish`\n", "PW:red-fish\n"] {
        let house = house("secrets: [PW]", env);
        for command in ["plan", "apply"] {
            let said = house.run(&[command, "my-api.yaml", "--sandbox"]).ends(0);
            assert_eq!(said.err.matches("as docker compose").count(), 1, "{command}: {}", said.err);
            assert!(!said.err.contains("red") && said.err.contains(".env:"), "{}", said.err);
        }
    }
}

#[test]
fn what_the_spec_asks_for_wins_over_what_port_implies() {
    for (lines, env, source) in [
        ("secrets: [PORT]", "PORT=3000\n", ".env"),
        ("secrets: {required: [PORT]}", "PORT=3000\n", ".env"),
        ("env: {PORT: \"3000\"}", "", "`env`"),
        ("env: {PORT: \"${P}\"}", "P=3000\n", "`env`"),
    ] {
        let house = house(lines, env);
        for command in ["plan", "apply"] {
            let said = house.run(&[command, "my-api.yaml", "--sandbox"]).ends(0);
            let said = said.says(&format!("PORT is another one from {source}; `port: 8080`"));
            assert_eq!(said.err.matches("where the domain leads").count(), 1, "{}", said.err);
        }
        assert_eq!(given(&house, "PORT"), ["3000"]);
    }
    let house = house("secrets: [PORT]", "PORT=8080\n");
    let said = house.apply().ends(0);
    assert!(!said.err.contains("where the domain leads"), "{}", said.err);
}

#[test]
fn a_short_secret_is_warned_of_by_name_and_hides_nothing_of_the_rest() {
    let run = |value: &str, command: &[&str]| {
        let house = house("secrets: [PW]", &format!("PW={value}\n"));
        let said = house.run(&[command, &["my-api.yaml", "--sandbox"]].concat()).ends(0);
        let status = house.run(&["status", "--sandbox", "--json"]);
        (said, status)
    };
    for value in ["3000", "web", "1", "8080", "200", "my", "app", "production", "nginx", "0", "created", "v"]
    {
        let short = value.len() < 8;
        for command in [&["apply"][..], &["plan"], &["apply", "--json"], &["plan", "--json"]] {
            let (said, status) = run(value, command);
            for text in [&said.out, &said.err, &status.out, &status.err] {
                assert!(!short || !text.contains("***"), "{value}, {command:?}: {text}");
            }
            if short {
                assert_eq!(said.err.matches("the value of `PW` is").count(), 1, "{value}: {}", said.err);
            }
            if command.contains(&"--json") {
                assert!(!said.events().is_empty());
            }
        }
    }
}

#[test]
fn an_env_file_that_is_named_and_missing_is_refused_by_every_command() {
    let house = house("", "");
    house.apply().ends(0);
    let before = house.listing();
    let commands = "apply my-api.yaml|plan my-api.yaml|status|history|show 1|drift|doctor|resume|rollback 1|\
                    destroy my-api --yes|unlock my-api|validate my-api.yaml";
    for command in commands.split('|') {
        let mut words: Vec<&str> = command.split(' ').collect();
        words.extend(["--sandbox", "--env-file", "nothing.env"]);
        house.run(&words).ends(2).says("nothing.env").says("is not there");
        assert_eq!(house.listing(), before, "{command}");
    }
    house.run(&["plan", "my-api.yaml", "--sandbox", "--env-file", "."]).ends(2).says("is a folder");
}

#[test]
fn a_journal_that_is_named_and_missing_is_said_by_every_command_that_reads_it() {
    let house = house("", "");
    let before = house.listing();
    for command in
        ["status", "history", "drift", "show 1", "resume", "rollback 1", "destroy my-api", "unlock my-api"]
    {
        let words: Vec<&str> = command.split(' ').chain(["--state", "none.db"]).collect();
        house.run(&words).ends(2).says("there is no journal at none.db");
        let mut set = house.command(&words[..words.len() - 2]);
        Said::of(set.env("FABRIK_STATE", "none.db").output().unwrap())
            .ends(2)
            .says("there is no journal at none.db");
    }
    house.run(&["status"]).ends(0).says("nothing was deployed yet");
    house.run(&["history"]).ends(0);
    assert_eq!(house.listing(), before);
}

#[test]
fn a_problem_in_a_file_has_its_place_for_programs_too() {
    let cases = [
        ("secrets: [PW]", "A=1\n  PW='red", ".env", 2, 6),
        ("env: {A: \"${PW}\"}", "PW red", ".env", 1, 1),
        ("domain: x", "", "my-api.yaml", 5, 1),
    ];
    for (lines, env, file, line, column) in cases {
        let house = house(lines, env);
        for command in ["apply", "plan"] {
            let said = house.run(&[command, "my-api.yaml", "--sandbox", "--json"]).ends(2);
            let last = said.events().pop().unwrap();
            assert_eq!(last["event"], "run.ended");
            let problem = &last["problems"][0];
            assert!(problem["file"].as_str().unwrap().ends_with(file), "{problem}");
            assert_eq!((&problem["line"], &problem["column"]), (&line.into(), &column.into()), "{problem}");
            assert!(!problem["message"].as_str().unwrap().contains("error"), "{problem}");
        }
    }
}
