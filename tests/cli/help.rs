//! `fabrik help`, and what is said of commands that are not there.

use super::fixture::CliFixture;

#[test]
fn every_command_and_each_of_its_own_has_help() {
    let house = CliFixture::new();
    let whole = house.run(&["help"]).ends(0);
    assert_eq!(whole.out, house.run(&["--help"]).ends(0).out);
    let listed = |text: &str| -> Vec<String> {
        let lines = text.lines().skip_while(|line| *line != "Commands:").skip(1);
        let lines = lines.take_while(|line| line.starts_with("  "));
        lines.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
    };
    let mut left: Vec<Vec<String>> = listed(&whole.out).into_iter().map(|name| vec![name]).collect();
    assert!(left.len() > 12, "{}", whole.out);
    while let Some(path) = left.pop() {
        let mut words = vec!["help"];
        words.extend(path.iter().map(String::as_str));
        let said = house.run(&words).ends(0).says(&format!("Usage: fabrik {}", path.join(" ")));
        left.extend(listed(&said.out).into_iter().map(|name| [path.clone(), vec![name]].concat()));
    }
}

#[test]
fn the_nearest_command_is_named_where_one_is_not_there() {
    let house = CliFixture::new();
    house.run(&["help", "aply"]).ends(2).says("no command `aply`").says("did you mean `apply`?");
    house.run(&["aply"]).ends(2).says("no command `aply`").says("did you mean `apply`?");
    house.run(&["help", "zzzzzz"]).ends(2).says("no command `zzzzzz`").says("`fabrik --help`");
    house
        .run(&["help", "sandbox", "shwo"])
        .ends(2)
        .says("`fabrik sandbox` has no command `shwo`")
        .says("sandbox show");
    house.run(&["help", "apply", "x"]).ends(2).says("`fabrik apply` has no command `x`");
    house.run(&["help", "logs"]).ends(2).says("`fabrik logs` is not in this version");
}

#[test]
fn a_command_line_that_makes_no_sense_ends_for_programs_as_all_else_does() {
    let house = CliFixture::new();
    for words in [
        &["aply", "--json"][..],
        &["apply", "--json"],
        &["plan", "--json", "--out", "x"],
        &["help", "aply", "--json"],
    ] {
        let last = house.run(words).ends(2).events().pop().unwrap();
        assert_eq!((&last["event"], &last["exit"]), (&"run.ended".into(), &2.into()), "{words:?}");
        let message = last["problems"][0]["message"].as_str().unwrap();
        assert!(!message.is_empty() && !message.contains("error:") && !message.contains('\n'), "{message}");
    }
}
