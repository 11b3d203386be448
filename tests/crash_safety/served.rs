//! The real HTTP client against the served sandbox comes to the same as the ports in-process.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use fabrik::engine::RunOutcome;
use fabrik::engine::commands::CommandOutcome;
use fabrik::net::Ports;
use fabrik::net::live::LiveTransport;
use fabrik::sandbox::through::Through;
use fabrik::sandbox::{Fault, serve};

use super::crash::CrashPoint;
use super::invariants::at_rest;
use super::scenario::{Scenario, options};

async fn served(scenario: &Scenario) -> Ports {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = serve::bind(scenario.sandbox.clone(), address).await.unwrap();
    let url = format!("http://{}", server.address().unwrap());
    tokio::spawn(server.run());
    let client = Arc::new(LiveTransport::default());
    Through::connect(&url, client).await.unwrap().ports()
}

/// A life: deployed, changed, broken, fixed, undone. After each, how it ended and what is there.
async fn life(scenario: &Scenario, ports: &Ports) -> Vec<String> {
    let mut chapters = Vec::new();
    for (edit, fault) in [("one", None), ("two", None), ("three", Some(Fault::Build)), ("four", None)] {
        scenario.edit(edit);
        if let Some(fault) = fault {
            scenario.sandbox.with_world(|world| world.arm(fault, None)).unwrap();
        }
        let mut process = scenario.process(&CrashPoint::default());
        process.clients = process.clients.clone().through(ports);
        process.ports = ports.clone();
        let outcome = process.apply(scenario.spec(), &options()).await;
        drop(process);
        at_rest(scenario, edit).await;
        chapters.push(format!("{}\n{}", ended(&outcome), neutral(scenario).await));
    }
    chapters
}

fn ended(outcome: &CommandOutcome) -> &'static str {
    match outcome {
        CommandOutcome::Ended(RunOutcome::Complete { .. }) => "complete",
        CommandOutcome::Ended(RunOutcome::RolledBack { .. }) => "rolled back",
        _ => "otherwise",
    }
}

/// What is there, with run ids by their place in the journal.
async fn neutral(scenario: &Scenario) -> String {
    let mut show = scenario.sandbox.show();
    for (place, row) in scenario.journal().list(None).await.unwrap().iter().enumerate() {
        show = show.replace(row.run.as_str(), &format!("run {place}"));
    }
    show.lines().filter(|line| !line.contains("FABRIK_RELEASE")).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_real_client_over_loopback_comes_to_the_same_as_in_process() {
    let (here, there) = (Scenario::new(1), Scenario::new(1));
    let in_process = life(&here, &here.sandbox.ports()).await;
    let over_loopback = life(&there, &served(&there).await).await;
    assert_eq!(in_process, over_loopback);
    assert!(in_process[2].starts_with("rolled back") && in_process[3].starts_with("complete"));
}
