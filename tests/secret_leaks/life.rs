//! A whole life of an app with eight secrets, in each way of saying.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};

use fabrik::sandbox::World;
use fabrik::sandbox::events::SimEvent;
use fabrik::sandbox::services::SimContainer;
use fabrik::secrets::{Secret, keep};

use super::canaries::{self, Ears};
use crate::cli::fixture::{CliFixture, Said};
use crate::cli::served::Served;

/// A house whose app has all the secrets.
pub struct Life {
    pub house: CliFixture,
    way: &'static [&'static str],
    secrets: BTreeMap<&'static str, String>,
    ears: Ears,
    /// `--sandbox`, or where it is served.
    sandbox: String,
}

impl Life {
    pub fn new(way: &'static [&'static str], long: usize) -> Self {
        let house = CliFixture::with_app();
        let secrets = canaries::all(long);
        let names: Vec<&str> = secrets.keys().copied().collect();
        let spec = std::fs::read_to_string(house.folder().join("my-api.yaml")).unwrap();
        house.write("my-api.yaml", format!("{spec}secrets: {{required: [{}]}}\n", names.join(", ")));
        let ears = Ears::of(secrets.iter().map(|(name, value)| (*name, value.as_str())));
        let values: Vec<Secret> = secrets.values().map(Secret::new).collect();
        let values: Vec<(&str, &Secret)> = names.into_iter().zip(&values).collect();
        keep(&house.folder().join(".env"), &values).unwrap();
        Self { house, way, secrets, ears, sandbox: "--sandbox".to_owned() }
    }

    fn command(&self, words: &[&str]) -> std::process::Command {
        let mut all = words.to_vec();
        if words[0] != "validate" {
            all.push(&self.sandbox);
        }
        all.extend(self.way);
        let mut command = self.house.command(&all);
        command.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
        command
    }

    /// Runs a command and listens.
    pub fn run(&self, words: &[&str]) -> Said {
        let said = Said::of(self.command(words).output().unwrap());
        self.listen(&words.join(" "), &said);
        said
    }

    #[track_caller]
    fn listen(&self, what: &str, said: &Said) {
        for (name, text) in [("output", &said.out), ("errors", &said.err)] {
            assert_eq!(self.ears.hear(text.as_bytes()), Vec::<String>::new(), "{name} of `{what}`");
        }
        self.listen_to_files(what);
    }

    #[track_caller]
    fn listen_to_files(&self, what: &str) {
        let (env, world) = (self.house.folder().join(".env"), self.house.sandbox().join("world.json"));
        for (path, bytes) in self.house.listing().into_iter().filter(|(path, _)| *path != env) {
            let bytes = if path == world { without_variables(&bytes) } else { bytes };
            let heard = self.ears.hear(&bytes);
            assert_eq!(heard, Vec::<String>::new(), "{} after `{what}`", path.display());
        }
    }

    /// Lets what runs write the secrets into its log, in the forms that are hidden.
    fn sing(&self) {
        self.house.third_party(|world| {
            let at = world.time.wall;
            let texts: Vec<String> = self.secrets.values().flat_map(|value| sung(value)).collect();
            for container in world.services.iter_mut().flat_map(|service| &mut service.containers) {
                let lines =
                    texts.iter().map(|text| fabrik::sandbox::services::Line { at, text: text.clone() });
                container.log.extend(lines);
            }
        });
    }

    fn newest(&self) -> String {
        let sandbox = &self.sandbox;
        let history = self.house.run(&["history", "--json", sandbox]).ends(0);
        history.events()[0]["runs"][0]["run"].as_str().unwrap().to_owned()
    }

    fn look_around(&self) {
        for words in [
            &["validate", "my-api.yaml"][..],
            &["plan", "my-api.yaml"],
            &["doctor"],
            &["status"],
            &["history"],
            &["show", &self.newest()],
            &["drift"],
        ] {
            self.run(words).ends(0);
        }
    }

    /// Parks a run in the middle, and goes on with it.
    fn park(&mut self) {
        let served = Served::of(&self.house);
        self.sandbox = format!("--sandbox={}", served.url);
        served.call("POST", "hold", r#"{"point": 30}"#);
        let mut first = self.command(&["apply", "my-api.yaml"]).spawn().unwrap();
        served.call("GET", "held", "");
        // While it is at work the newest entries are in the log only.
        assert!(self.house.sandbox().join("fabrik.db-wal").exists());
        self.listen_to_files("a run at work");
        let pid = rustix::process::Pid::from_child(&first);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        let mut err = BufReader::new(first.stderr.take().unwrap());
        let (mut told, mut line) = (String::new(), String::new());
        while !line.contains("stopping at the next safe point") {
            line.clear();
            assert!(err.read_line(&mut line).unwrap() > 0, "it did not hear the signal: {told}");
            told.push_str(&line);
        }
        served.call("POST", "let-go", "");
        err.read_to_string(&mut told).unwrap();
        let mut out = String::new();
        first.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        let exit = first.wait().unwrap().code().unwrap_or(-1);
        let said = Said { exit, out, err: told };
        self.listen("apply, told to stop", &said);
        said.ends(3);
        self.run(&["status"]).ends(0);
        self.run(&["resume"]).ends(0);
        "--sandbox".clone_into(&mut self.sandbox);
    }
}

/// The world without what Coolify keeps of variables, without what containers got of them, now or once they are started,
/// and without the logs that the test itself wrote.
fn without_variables(json: &[u8]) -> Vec<u8> {
    let mut world: World = serde_json::from_slice(json).unwrap();
    for service in &mut world.services {
        service.envs.iter_mut().for_each(|row| row.value = None);
        service.containers.iter_mut().for_each(emptied);
    }
    for job in &mut world.jobs {
        if let SimEvent::StartEnds(_, start) = &mut job.event {
            start.containers.iter_mut().for_each(emptied);
        }
    }
    serde_json::to_vec(&world).unwrap()
}

fn emptied(container: &mut SimContainer) {
    container.log.clear();
    container.env.0.clear();
}

/// What an app may babble of a value: one line, not the whole of a long one.
fn sung(value: &str) -> Vec<String> {
    use base64::Engine;
    let json = serde_json::Value::from(value).to_string();
    let base64 = base64::engine::general_purpose::STANDARD.encode(value);
    // A short one is hidden only where it stands alone.
    if value.len() < 8 {
        return vec![format!("the key is {value}, really")];
    }
    vec![format!("key={value}"), format!("{{\"key\": {json}}}"), format!("Basic {base64}")]
}

fn lived(way: &'static [&'static str], long: usize) {
    let mut life = Life::new(way, long);
    life.run(&["validate", "my-api.yaml"]).ends(0);
    life.run(&["plan", "my-api.yaml"]).ends(0);
    life.run(&["apply", "my-api.yaml"]).ends(0);
    // Coolify has them all, so that there is something to be heard.
    let world = std::fs::read(life.house.sandbox().join("world.json")).unwrap();
    assert!(!life.ears.hear(&world).is_empty());
    life.run(&["apply", "my-api.yaml"]).ends(0);
    life.look_around();

    life.sing();
    for fault in ["build", "health"] {
        life.run(&["sandbox", "fault", fault]).ends(0);
        life.house.edit(fault);
        let said = life.run(&["apply", "my-api.yaml"]).ends(1);
        // What the old version wrote is not shown at all.
        assert!(!said.out.contains("key=***") && !said.err.contains("key=***"), "{fault}");
        life.run(&["show", &life.newest()]).ends(0);
    }
    life.house.edit("an update");
    life.run(&["apply", "my-api.yaml"]).ends(0);
    life.sing();
    life.look_around();

    life.house.edit("another update");
    life.park();
    life.run(&["rollback", &life.newest(), "--yes"]).ends(0);
    life.run(&["destroy", "my-api", "--yes"]).ends(0);
    for words in [&["status"][..], &["history"], &["show", &life.newest()], &["doctor"]] {
        life.run(words).ends(0);
    }
    life.run(&["sandbox", "show"]).ends(0);
}

#[test]
fn no_secret_is_told_by_default() {
    // About the longest that is known to arrive.
    lived(&[], 60_000);
}

#[test]
fn no_secret_is_told_where_requests_are_shown() {
    lived(&["-v"], 10_000);
}

#[test]
fn no_secret_is_told_where_everything_is_shown() {
    lived(&["-vv"], 10_000);
}

#[test]
fn no_secret_is_told_to_programs() {
    lived(&["--json"], 10_000);
}
