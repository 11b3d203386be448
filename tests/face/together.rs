//! Several processes: one at work, another beside it; one interrupted, another going on.

use std::io::{BufRead, BufReader, Read};

use super::house::{House, Said};
use super::served::Served;

#[test]
fn a_second_apply_of_an_app_at_work_touches_nothing_and_names_the_first() {
    let house = House::with_app();
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
fn an_interrupted_run_parks_and_goes_on() {
    let house = House::with_app();
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
