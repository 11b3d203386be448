//! A served world, a folder with an app, and the binary between them.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output};
use std::time::Duration;

use fabrik::journal::JournalStore;
use fabrik::journal::sqlite::SqliteStore;
use fabrik::net::live::LiveTransport;
use fabrik::net::{Request, Transport};
use fabrik::sandbox::{World, serve};
use fabrik::secrets::FingerprintKey;
use machine::phase::PhaseKind;
use rustix::process::{Pid, Signal};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::crash_safety::invariants;
use crate::crash_safety::operation::{Operation, Story};
use crate::crash_safety::scenario::{Home, Scenario};

pub struct Stage {
    pub story: Story,
    pub scenario: Scenario,
    address: SocketAddr,
    /// The world as it is before the deed; its journal lies beside the other one.
    before: World,
}

/// Where a process is held.
#[derive(Clone, Debug)]
pub enum Spot {
    /// By its number, from 1.
    Point(u64),
    /// By what it is called, and which of those, from 1.
    Named(String, u64),
}

impl Spot {
    /// As the gate is told.
    fn aim(&self) -> String {
        let aim = match self {
            Self::Point(point) => serde_json::json!({"point": point}),
            Self::Named(name, nth) => serde_json::json!({"name": name, "nth": nth}),
        };
        aim.to_string()
    }
}

/// Far longer than anything here takes: a hang is a failure, not a wait.
const PATIENCE: Duration = Duration::from_secs(60);

impl Stage {
    /// Sets the stage so that the deed is next.
    pub async fn set(story: impl Into<Story>) -> Self {
        let story = story.into();
        let scenario = Scenario::with(story.made, 1);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = serve::bind(scenario.sandbox.clone(), address).await.unwrap();
        let address = server.address().unwrap();
        tokio::spawn(server.run());
        let journal = scenario.folder.path().join("state/fabrik.db");
        std::fs::create_dir(journal.parent().unwrap()).unwrap();
        let before = scenario.sandbox.world();
        let scenario = Scenario { store: Home::File(journal), ..scenario };
        let mut stage = Self { story, scenario, address, before };
        if story.operation != Operation::Apply {
            assert_eq!(stage.fabrik(&["apply", "blog.yaml"]).await, 0);
            story.is_next(&stage.scenario);
        }
        stage.before = stage.scenario.sandbox.world();
        copy(&stage.state(), &stage.kept());
        stage
    }

    /// Puts world and journal back to where the deed is next.
    pub fn reset(&self) {
        self.scenario.sandbox.with_world(|world| world.clone_from(&self.before)).unwrap();
        std::fs::remove_dir_all(self.state()).unwrap();
        copy(&self.kept(), &self.state());
    }

    /// What the deed is called on the command line.
    pub async fn operation(&self) -> Vec<String> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        match self.story.operation {
            Operation::Undo | Operation::UndoUpdate | Operation::UndoMove => {
                let run = self.newest(|phase| phase == PhaseKind::Complete).await;
                words(&["rollback", &run.expect("a finished run")])
            }
            Operation::Destroy => words(&["destroy", "blog"]),
            Operation::Fix => words(&["apply", "blog.yaml", "--refresh"]),
            _ => words(&["apply", "blog.yaml"]),
        }
    }

    /// The points that the deed passes when nothing disturbs it, in order.
    pub async fn passed(&self) -> Vec<String> {
        self.reset();
        let (exit, passed) = self.passing(&self.operation().await).await;
        assert_eq!(
            exit,
            i32::from(self.story.operation == Operation::FailedUpdate),
            "{:?} undisturbed",
            self.story
        );
        passed
    }

    /// How many they are.
    pub async fn points(&self) -> u64 {
        self.passed().await.len() as u64
    }

    /// Runs the binary to its end, and gives its exit code and the points that it passed.
    pub async fn passing(&self, arguments: &[String]) -> (i32, Vec<String>) {
        self.control("POST", "/sandbox/points/reset", "").await;
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let exit = self.fabrik(&arguments).await;
        let names = self.control("GET", "/sandbox/points/names", "").await;
        (exit, serde_json::from_str(&names).unwrap())
    }

    /// Runs the binary until it is held at `spot`, and says where that is; nothing if it ends before.
    async fn reaches(&self, arguments: &[String], spot: &Spot) -> Option<(Child, String)> {
        self.control("POST", "/sandbox/points/reset", "").await;
        self.control("POST", "/sandbox/hold", &spot.aim()).await;
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut child = self.command(&arguments).spawn().unwrap();
        let held = tokio::select! {
            held = self.control("GET", "/sandbox/held", "") => Some(held),
            _ = child.wait() => None,
        };
        if held.is_none() {
            self.let_go().await;
        }
        Some((child, held?))
    }

    /// Does the deed until it is held at `point`, and says where that is.
    pub async fn held_at(&self, point: u64) -> (Child, String) {
        let held = self.reaches(&self.operation().await, &Spot::Point(point)).await;
        held.unwrap_or_else(|| panic!("{:?} ended before point {point}", self.story))
    }

    /// Lets go what is held, and holds nothing.
    pub async fn let_go(&self) {
        self.control("POST", "/sandbox/let-go", "").await;
    }

    /// Does the deed, tells it to stop by `signals` while it is held at `point`, and gives its end. After one signal
    /// it is let go, but only once it has heard; after two it must not need that.
    pub async fn told_to_stop_at(&self, point: u64, signals: &[Signal]) -> (ExitStatus, String) {
        self.told_to_stop(&[], point, signals).await
    }

    /// The same with `flags`.
    pub async fn told_to_stop(&self, flags: &[&str], point: u64, signals: &[Signal]) -> (ExitStatus, String) {
        let operation: Vec<String> =
            self.operation().await.into_iter().chain(flags.iter().map(ToString::to_string)).collect();
        let held = self.reaches(&operation, &Spot::Point(point)).await;
        let (mut child, _) = held.unwrap_or_else(|| panic!("{operation:?} ended before point {point}"));
        let pid = pid(&child);
        let mut errors = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        for (nth, signal) in signals.iter().enumerate() {
            rustix::process::kill_process(pid, *signal).unwrap();
            // Before it listens, a signal ends it.
            while nth == 0
                && !said.contains("stopping at the next safe point")
                && errors.read_line(&mut said).await.unwrap() > 0
            {}
        }
        if signals.len() < 2 {
            self.let_go().await;
        }
        let rest = async { errors.read_to_string(&mut said).await.unwrap() };
        let ended =
            tokio::time::timeout(PATIENCE, async { tokio::join!(child.wait_with_output(), rest) }).await;
        self.let_go().await;
        let output = ended.expect("it stops").0.unwrap();
        (output.status, String::from_utf8_lossy(&output.stdout).into_owned() + &said)
    }

    /// Does the deed with `flags` and nobody to read what it says: both pipes are closed before its first word. Told to
    /// stop while it is held, if a point is given.
    pub async fn unheard(&self, flags: &[&str], stop: Option<(u64, Signal)>) -> i32 {
        self.control("POST", "/sandbox/points/reset", "").await;
        if let Some((point, _)) = stop {
            self.control("POST", "/sandbox/hold", &Spot::Point(point).aim()).await;
        }
        let operation = self.operation().await;
        let operation: Vec<&str> =
            operation.iter().map(String::as_str).chain(flags.iter().copied()).collect();
        let mut child = self.command(&operation).spawn().unwrap();
        drop((child.stdout.take(), child.stderr.take()));
        if let Some((_, signal)) = stop {
            self.control("GET", "/sandbox/held", "").await;
            rustix::process::kill_process(pid(&child), signal).unwrap();
            self.let_go().await;
        }
        let ended = tokio::time::timeout(PATIENCE, child.wait()).await.expect("it ends").unwrap();
        ended.code().unwrap_or(-1)
    }

    /// Does the deed, does something to its process or its journal while it is held at `point`, and gives its end.
    pub async fn disturbed_at(&self, point: u64, disturb: impl FnOnce(Pid)) -> (Output, String) {
        let (child, fell) = self.held_at(point).await;
        disturb(pid(&child));
        self.let_go().await;
        let ended = tokio::time::timeout(PATIENCE, child.wait_with_output()).await;
        (ended.expect("it ends").unwrap(), fell)
    }

    /// Runs the binary, kills it at `spot`, and says where that was; nothing if it ends before.
    pub async fn killed_at(&self, arguments: &[String], spot: &Spot) -> Option<String> {
        let (mut child, fell) = self.reaches(arguments, spot).await?;
        child.kill().await.unwrap();
        self.control("GET", "/sandbox/gone", "").await;
        self.let_go().await;
        Some(fell)
    }

    /// Runs the binary to its end and gives its exit code.
    pub async fn fabrik(&self, arguments: &[&str]) -> i32 {
        let (code, said) = self.says(arguments).await;
        if code != 0 {
            println!("    {arguments:?} → {code}\n{said}");
        }
        code
    }

    /// Runs the binary to its end and gives its exit code and all that it said.
    pub async fn says(&self, arguments: &[&str]) -> (i32, String) {
        let output = tokio::time::timeout(PATIENCE, self.command(arguments).output()).await;
        told(&output.unwrap_or_else(|_| panic!("{arguments:?} hangs")).unwrap())
    }

    /// The open run, if there is one.
    pub async fn open_run(&self) -> Option<String> {
        self.newest(|phase| !phase.is_closed()).await
    }

    fn command(&self, arguments: &[&str]) -> Command {
        self.command_under(&[], arguments)
    }

    /// The binary, started by another program.
    pub fn command_under(&self, starter: &[&str], arguments: &[&str]) -> Command {
        // A file that may not grow further is an error for who ignores the signal, and death for who does not.
        let mut command = Command::new("sh");
        command
            .args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"])
            .args(starter)
            .arg(env!("CARGO_BIN_EXE_fabrik"))
            .args(arguments)
            .args(["--yes", "--no-input", &format!("--sandbox=http://{}", self.address)])
            .arg("--state")
            .arg(self.state().join("fabrik.db"))
            .current_dir(self.scenario.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.scenario.folder.path())
            .envs(&self.scenario.environment)
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .kill_on_drop(true);
        command
    }

    pub async fn newest(&self, wanted: impl Fn(PhaseKind) -> bool) -> Option<String> {
        let rows = self.journal()?.list(None).await.unwrap();
        let row = rows.iter().rev().find(|row| row.phase.is_some_and(&wanted))?;
        Some(row.run.to_string())
    }

    pub fn journal(&self) -> Option<Box<dyn JournalStore>> {
        self.state().join("fabrik.db").exists().then(|| self.scenario.journal())
    }

    /// Whether no run has begun or moved since the stage was set.
    pub async fn untouched(&self) -> bool {
        let phases = |store: Option<Box<dyn JournalStore>>| async move {
            let rows = match &store {
                Some(store) => store.list(None).await.unwrap(),
                None => Vec::new(),
            };
            rows.into_iter().map(|row| (row.run, row.phase)).collect::<Vec<_>>()
        };
        let before = SqliteStore::open_read_only(&self.kept().join("fabrik.db")).unwrap();
        let before = before.map(|store| Box::new(store) as Box<dyn JournalStore>);
        phases(self.journal()).await == phases(before).await
    }

    pub async fn half_way(&self, context: &str) {
        if let Some(journal) = self.journal() {
            invariants::half_way(&self.scenario.sandbox.world(), journal.as_ref(), context).await;
        }
    }

    pub async fn resting(&self, context: &str) {
        if let Some(journal) = self.journal() {
            let world = self.scenario.sandbox.world();
            let key = FingerprintKey::load(&self.state()).unwrap().expect("the program made a key");
            invariants::resting(&world, journal.as_ref(), &key, context).await;
        }
        let world = self.scenario.sandbox.world();
        let kept = self.before.volumes.iter().all(|volume| world.volumes.contains(volume));
        assert!(kept, "{context}: a volume of a finished release is gone");
    }

    pub fn state(&self) -> PathBuf {
        self.scenario.folder.path().join("state")
    }

    /// What `state` is reset to.
    fn kept(&self) -> PathBuf {
        self.scenario.folder.path().join("before")
    }

    async fn control(&self, method: &str, path: &str, body: &str) -> String {
        let http = http::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .header("content-type", "application/json")
            .body(body.as_bytes().to_vec())
            .unwrap();
        let request = Request { http, timeout: PATIENCE, connect_to: None };
        let response = LiveTransport::default().send(request).await.unwrap().http;
        assert!(response.status().is_success(), "{method} {path}: {}", response.status());
        String::from_utf8_lossy(response.body()).into_owned()
    }
}

/// The id of a process that runs.
pub fn pid(child: &Child) -> Pid {
    child.id().and_then(|id| Pid::from_raw(id.cast_signed())).expect("it runs")
}

/// A process's exit code, and all that it said.
pub fn told(output: &Output) -> (i32, String) {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout) + &text(&output.stderr))
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
