//! Several processes: one at work, another beside it; one interrupted, another going on.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use super::fixture::{CliFixture, Said};
use super::served::Served;

#[test]
fn a_second_apply_of_an_app_at_work_touches_nothing_and_names_the_first() {
    let house = CliFixture::with_app();
    let served = Served::of(&house);
    // Far enough in for the first to hold the app.
    served.call("POST", "hold", r#"{"point": 30}"#);
    let first = served.apply(&house).spawn().unwrap();
    served.call("GET", "held", "");
    let second = Said::of(served.apply(&house).output().unwrap()).ends(6);
    second.says("another run holds this app").says(&format!("pid {}", first.id())).says("apply my-api.yaml");
    served.call("POST", "let-go", "");
    Said::of(first.wait_with_output().unwrap()).ends(0);
}

#[test]
fn stopping_one_of_several_applies_begins_no_other() {
    let house = CliFixture::with_app();
    house.run(&["new", "--template", "static-site", "site"]).ends(0);
    let served = Served::of(&house);
    served.call("POST", "hold", r#"{"point": 30}"#);
    let sandbox = format!("--sandbox={}", served.url);
    let mut both = house.command(&["apply", "my-api.yaml", "site.yaml", &sandbox]).spawn().unwrap();
    served.call("GET", "held", "");
    rustix::process::kill_process(rustix::process::Pid::from_child(&both), rustix::process::Signal::HUP)
        .unwrap();
    let mut told = String::new();
    let mut words = BufReader::new(both.stderr.take().unwrap());
    words.read_line(&mut told).unwrap();
    served.call("POST", "let-go", "");
    words.read_to_string(&mut told).unwrap();
    assert_eq!(both.wait().unwrap().code(), Some(3), "{told}");
    assert!(told.contains("fabrik resume") && told.contains("site.yaml was not begun"), "{told}");
    house.run(&["history", "site", &sandbox]).ends(2).says("there is no run of `site`");
    house.run(&["resume", &sandbox]).ends(0);
}

/// Applies on a terminal of its own, by util-linux's `script`; `None` where there is none. Whatever is left of it
/// holds the standard error open.
fn on_a_terminal(house: &CliFixture, served: &Served) -> Option<Child> {
    let command = house.command(&[]);
    let program = command.get_program().to_string_lossy().into_owned();
    let mut shell = Command::new("sh");
    let apply = format!("exec '{program}' apply my-api.yaml --sandbox={}", served.url);
    shell.args(["-c", "exec 3>&2; exec script -qec \"$0\" /dev/null", &apply]).current_dir(house.folder());
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let is_there = Command::new("script").arg("--version").output().is_ok();
    is_there
        .then(|| shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
}

#[test]
fn a_terminal_that_is_closed_stops_the_run_and_loses_nothing() {
    let house = CliFixture::with_app();
    let served = Served::of(&house);
    served.call("POST", "hold", r#"{"point": 30}"#);
    let Some(mut terminal) = on_a_terminal(&house, &served) else {
        println!("SKIPPED: no `script` here to make a terminal with");
        return;
    };
    served.call("GET", "held", "");
    terminal.kill().unwrap();
    terminal.wait().unwrap();
    served.call("POST", "let-go", "");
    // At its end when the run is.
    terminal.stderr.take().unwrap().read_to_string(&mut String::new()).unwrap();
    let sandbox = format!("--sandbox={}", served.url);
    let status = house.run(&["status", &sandbox]).ends(0);
    if !status.out.contains("Complete") {
        let history = house.run(&["history", &sandbox, "--json"]).ends(0).events();
        let run = history[0]["runs"][0]["run"].as_str().unwrap().to_owned();
        house.run(&["show", &run, &sandbox]).ends(0).says("interrupted");
        house.run(&["resume", &sandbox]).ends(0).says("Deployment complete");
    }
    house.run(&["drift", &sandbox, "--exit-code"]).ends(0).says("as it was deployed");
}

#[test]
fn an_interrupted_run_parks_and_goes_on() {
    let house = CliFixture::with_app();
    let served = Served::of(&house);
    served.call("POST", "hold", r#"{"point": 30}"#);
    let first = served.apply(&house).spawn().unwrap();
    served.call("GET", "held", "");
    let pid = rustix::process::Pid::from_child(&first);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let mut first = first;
    let mut told = String::new();
    let mut words = BufReader::new(first.stderr.take().unwrap());
    // Let go only when the signal has been seen.
    words.read_line(&mut told).unwrap();
    assert!(told.contains("stopping at the next safe point"), "{told}");
    served.call("POST", "let-go", "");
    words.read_to_string(&mut told).unwrap();
    assert_eq!(first.wait().unwrap().code(), Some(3), "{told}");
    assert!(told.contains("fabrik resume"), "{told}");

    let sandbox = format!("--sandbox={}", served.url);
    house.run(&["status", &sandbox]).ends(0).says("fabrik resume").says("fabrik rollback");
    house.run(&["resume", &sandbox]).ends(0).says("resumed run").says("Deployment complete");
    house.run(&["resume", &sandbox]).ends(2).says("no run was interrupted");
}
