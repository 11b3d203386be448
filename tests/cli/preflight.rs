//! What keeps every run from working is told before anything is written: by `doctor`, `plan`, `apply` and `drift` alike,
//! within five seconds, with exit 2 and the setting to look at.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::time::{Duration, Instant};

use fabrik::sandbox::world::{Door, SimAbility, SimToken};
use fabrik::sandbox::{CLOUDFLARE, COOLIFY, Fault, SimFront, World};

use super::fixture::{CliFixture, Said};
use super::served::Served;
use crate::sample::sampled;

/// What is wrong outside.
struct State {
    name: String,
    makes: Box<dyn Fn(&mut World)>,
    /// The setting that every command must name.
    setting: &'static str,
    /// Whether a token that may only read suffices for a command that only reads.
    reads_suffice: bool,
}

fn state(name: &str, setting: &'static str, makes: impl Fn(&mut World) + 'static) -> State {
    State { name: name.to_owned(), makes: Box::new(makes), setting, reads_suffice: false }
}

fn fronts() -> impl Iterator<Item = State> {
    let fronts = [
        SimFront::NoName,
        SimFront::Closed,
        SimFront::Untrusted,
        SimFront::Plain,
        SimFront::OnlyTls,
        SimFront::Moved("https://elsewhere.example.com".to_owned()),
        SimFront::LoginRedirect,
        SimFront::Page,
        SimFront::NoRoute,
        SimFront::Password,
        SimFront::Forbidden,
        SimFront::BadGateway,
        SimFront::OtherJson,
    ];
    let hosts = [(COOLIFY, "COOLIFY_API_URL"), (CLOUDFLARE, "CLOUDFLARE_API_URL")];
    hosts.into_iter().flat_map(move |(host, setting)| {
        fronts.clone().into_iter().map(move |front| {
            state(&format!("{front:?} at {host}"), setting, move |world| {
                world.fronts.insert(host.to_owned(), front.clone());
            })
        })
    })
}

fn tokens() -> Vec<State> {
    let limited = |name: &str, abilities: &'static [SimAbility], reads_suffice| State {
        reads_suffice,
        ..state(name, "COOLIFY_API_TOKEN", |world| {
            world.coolify.token = SimToken::Limited(abilities.to_vec());
        })
    };
    vec![
        state("an unknown token", "COOLIFY_API_TOKEN", |world| world.coolify.token = SimToken::Unknown),
        state("a member's token", "COOLIFY_API_TOKEN", |world| world.coolify.token = SimToken::OfMember),
        limited("a token without read", &[SimAbility::Write, SimAbility::Deploy], false),
        limited("a token without write", &[SimAbility::Read, SimAbility::Deploy], true),
        limited("a token without deploy", &[SimAbility::Read, SimAbility::Write], true),
        state("another team's token", "COOLIFY_API_TOKEN", |world| world.arm(Fault::TeamSwap, None)),
        state("an API that is off", "COOLIFY_API_URL", |world| world.coolify.door = Door::Shut),
        state("an address that is not allowed", "COOLIFY_API_URL", |world| world.coolify.door = Door::Listed),
        state("a token that sees no zone", "CLOUDFLARE_API_TOKEN", |world| {
            world.cloudflare.scope = Some(Vec::new());
        }),
        state("a token without permissions", "CLOUDFLARE_API_TOKEN", |world| {
            world.cloudflare.refusals = u32::MAX;
        }),
    ]
}

fn commands() -> [(&'static str, Vec<&'static str>); 5] {
    [
        ("doctor", vec!["doctor", "--sandbox"]),
        ("plan", vec!["plan", "my-api.yaml", "--sandbox"]),
        ("apply", vec!["apply", "my-api.yaml", "--sandbox"]),
        ("refresh", vec!["apply", "my-api.yaml", "--sandbox", "--refresh"]),
        ("drift", vec!["drift", "my-api", "--sandbox"]),
    ]
}

fn holds(house: &CliFixture, state: &State, command: &str, words: &[&str]) {
    let context = format!("{} × {command}", state.name);
    let before = house.sandboxed().world();
    let Said { exit, out, err } = house.run(words);
    let said = format!("{out}{err}");
    let after = house.sandboxed().world();
    let suffices = state.reads_suffice && command == "drift";
    assert_eq!(exit, if suffices { 0 } else { 2 }, "{context}:\n{said}");
    assert!(suffices || said.contains(state.setting), "{context} does not name {}:\n{said}", state.setting);
    assert_eq!(after.log.writes, before.log.writes, "{context} wrote");
    let took_ms = after.time.boot_ms - before.time.boot_ms;
    assert!(took_ms <= 10_000, "{context} took {took_ms} ms:\n{said}");
}

#[test]
fn what_keeps_a_run_from_working_is_told_by_every_command_before_anything_is_written() {
    let house = CliFixture::with_app();
    house.apply().ends(0);
    house.edit("so that there is something to do");
    let good = house.sandboxed().world();
    let mut sample = sampled(5, "what is wrong outside × commands");
    for state in fronts().chain(tokens()) {
        for (command, words) in commands() {
            if !sample.takes() {
                continue;
            }
            house.third_party(|world| {
                *world = good.clone();
                (state.makes)(world);
            });
            holds(&house, &state, command, &words);
        }
    }
    house.third_party(|world| *world = good);
    house.apply().ends(0);
}

#[test]
fn a_first_apply_that_does_not_pass_makes_no_journal_of_a_wrong_address() {
    for front in
        [SimFront::Page, SimFront::Moved("https://elsewhere.example.com".to_owned()), SimFront::NoName]
    {
        let house = CliFixture::with_app();
        house.third_party(|world| {
            world.fronts.insert(COOLIFY.to_owned(), front.clone());
        });
        house.apply().ends(2).says("COOLIFY_API_URL");
        assert!(!house.sandbox().join("fabrik.db").exists(), "{front:?}");
    }
}

#[test]
fn another_teams_token_is_told_by_the_name_of_its_team() {
    let house = CliFixture::with_app();
    house.third_party(|world| world.arm(Fault::TeamSwap, None));
    for words in [&["doctor"][..], &["plan", "my-api.yaml"], &["apply", "my-api.yaml"]] {
        let said = house.run(&[words, &["--sandbox"]].concat()).ends(2);
        said.says("COOLIFY_API_TOKEN belongs to team Other Team (id 77), which has no server");
    }
}

/// A server on a real port that gives every caller the same answer, or none.
fn answering(answer: Option<&'static str>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut silent = Vec::new();
        for mut stream in listener.incoming().flatten() {
            let Some(answer) = answer else {
                silent.push(stream);
                continue;
            };
            std::thread::spawn(move || {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request);
                let _ = stream.write_all(answer.as_bytes());
            });
        }
    });
    address
}

fn with_urls(house: &CliFixture, words: &[&str], coolify: &str, cloudflare: &str) -> Command {
    let mut command = house.command(words);
    command.env("COOLIFY_API_URL", coolify).env("COOLIFY_API_TOKEN", "1|token-of-nobody");
    command.env("CLOUDFLARE_API_URL", cloudflare).env("CLOUDFLARE_API_TOKEN", "token-of-nobody");
    command
}

#[test]
fn a_wrong_address_in_the_real_world_is_told_within_seconds() {
    const PAGE: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 21\r\nconnection: close\r\n\r\n<html>Sign in</html>\n";
    const MOVED: &str = "HTTP/1.1 301 Moved\r\nlocation: https://coolify.example.com/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    const NO_ROUTE: &str = "HTTP/1.1 404 Not Found\r\ncontent-type: text/plain\r\ncontent-length: 19\r\nconnection: close\r\n\r\n404 page not found\n";
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let cases = [
        (format!("http://{}", answering(Some(PAGE))), "a web page"),
        (
            format!("http://{}/api/v1", answering(Some(MOVED))),
            "set COOLIFY_API_URL=https://coolify.example.com",
        ),
        (format!("http://{}", answering(Some(NO_ROUTE))), "404"),
        (format!("http://{}/project/x", answering(Some(PAGE))), "without the path"),
        (format!("https://{}", answering(Some(NO_ROUTE))), "write http:// there"),
        (format!("http://{closed}"), "cannot connect"),
        ("http://no-such-host.invalid".to_owned(), "check the host name in COOLIFY_API_URL"),
        (format!("http://{}", answering(None)), "does a firewall let this machine through"),
    ];
    let house = CliFixture::with_app();
    // Side by side: two of them take their five seconds.
    let begun = cases.iter().flat_map(|(url, says)| {
        let begin = |verb| {
            let mut command =
                with_urls(&house, &[verb, "my-api.yaml"], url, "https://api.cloudflare.com/client/v4");
            (verb, url, says, Instant::now(), command.spawn().unwrap())
        };
        ["plan", "apply"].map(begin)
    });
    for (verb, url, says, began, child) in begun.collect::<Vec<_>>() {
        let said = Said::of(child.wait_with_output().unwrap()).ends(2).says("COOLIFY_API_URL").says(says);
        assert!(began.elapsed() < Duration::from_secs(30), "{verb} of {url}: {said:?}");
    }
}

#[test]
fn the_address_may_be_given_with_the_path_of_the_api_and_a_slash() {
    let house = CliFixture::with_app();
    let served = Served::of(&house);
    let cloudflare = format!("{}/client/v4/", served.url);
    for path in ["", "/", "/api", "/api/v1", "/api/v1/"] {
        let coolify = format!("{}{path}", served.url);
        let said = Said::of(with_urls(&house, &["doctor"], &coolify, &cloudflare).output().unwrap());
        said.ends(0).says(&format!("4.3.11 at {}\n", served.url));
    }
}
