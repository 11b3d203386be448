//! A served world, a folder with an app, and the binary between them.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output};
use std::sync::Arc;
use std::time::Duration;

use fabrik::sandbox::{Sandbox, World, serve};
use fabrik::store::Store;
use fabrik::store::sqlite::SqliteStore;
use fabrik::wire::live::{LiveClock, LiveTransport};
use fabrik::wire::{Request, Transport};
use machine::phase::Name;
use rustix::process::{Pid, Signal};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::promise::invariants;
use crate::promise::scene::SPEC;

/// What is killed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Act {
    Apply,
    Update,
    Undo,
}

pub struct Stage {
    act: Act,
    sandbox: Sandbox,
    address: SocketAddr,
    folder: tempfile::TempDir,
    /// The world and the journal as they are before the act.
    before: World,
}

/// Far longer than anything here takes: a hang is a failure, not a wait.
const PATIENCE: Duration = Duration::from_secs(60);

impl Stage {
    /// Sets the stage so that the act is next.
    pub async fn set(act: Act) -> Self {
        let sandbox = Sandbox::in_memory(1);
        sandbox.stranger_record("shop.example.com").unwrap();
        sandbox.stranger_service("blog").unwrap();
        sandbox.stranger_application("blog").unwrap();
        let server = serve::bind(sandbox.clone(), SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
        let address = server.address().unwrap();
        tokio::spawn(server.run());
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("app")).unwrap();
        std::fs::write(folder.path().join("app/Dockerfile"), "FROM busybox:1.37\nCOPY index.html /\n")
            .unwrap();
        std::fs::write(folder.path().join("app/index.html"), "first").unwrap();
        std::fs::write(folder.path().join("blog.yaml"), SPEC).unwrap();
        std::fs::create_dir(folder.path().join("state")).unwrap();
        let before = sandbox.world();
        let mut stage = Self { act, sandbox, address, folder, before };
        if act != Act::Apply {
            assert_eq!(stage.fabrik(&["apply", "blog.yaml"]).await, 0);
        }
        if act == Act::Update {
            std::fs::write(stage.folder.path().join("app/index.html"), "second").unwrap();
        }
        stage.before = stage.sandbox.world();
        copy(&stage.state(), &stage.folder.path().join("before"));
        stage
    }

    /// Puts world and journal back to where the act is next.
    pub fn reset(&self) {
        self.sandbox.with_world(|world| world.clone_from(&self.before)).unwrap();
        std::fs::remove_dir_all(self.state()).unwrap();
        copy(&self.folder.path().join("before"), &self.state());
    }

    /// Changes the app's files.
    pub fn edit(&self, text: &str) {
        std::fs::write(self.folder.path().join("app/index.html"), text).unwrap();
    }

    /// How many points the act passes when nothing disturbs it.
    pub async fn points(&self) -> u64 {
        self.reset();
        self.control("POST", "/sandbox/points/reset", "").await;
        let exit = self.act().await.wait().await.unwrap();
        assert!(exit.success(), "{:?} undisturbed: {exit}", self.act);
        let points = self.control("GET", "/sandbox/points", "").await;
        let points: serde_json::Value = serde_json::from_str(&points).unwrap();
        points.as_u64().or_else(|| points["points"].as_u64()).expect("a number of points")
    }

    /// Runs the act until it is held at `point`, and says where that is.
    async fn held_at(&self, point: u64) -> (Child, String) {
        self.control("POST", "/sandbox/points/reset", "").await;
        self.control("POST", "/sandbox/hold", &format!("{{\"point\": {point}}}")).await;
        let mut child = self.act().await;
        let held = tokio::select! {
            held = self.control("GET", "/sandbox/held", "") => held,
            exit = child.wait() => panic!("{:?} ended ({exit:?}) before point {point}", self.act),
        };
        (child, held)
    }

    /// Runs the act, tells it to stop by `signals` while it is held at `point`, and gives its end. After one signal
    /// it is let go, but only once it has heard; after two it must not need that.
    pub async fn told_to_stop_at(&self, point: u64, signals: &[Signal]) -> (ExitStatus, String) {
        let (mut child, _) = self.held_at(point).await;
        let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed())).expect("it runs");
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
            self.control("POST", "/sandbox/let-go", "").await;
        }
        let rest = async { errors.read_to_string(&mut said).await.unwrap() };
        let ended =
            tokio::time::timeout(PATIENCE, async { tokio::join!(child.wait_with_output(), rest) }).await;
        self.control("POST", "/sandbox/let-go", "").await;
        let output = ended.expect("it stops").0.unwrap();
        (output.status, String::from_utf8_lossy(&output.stdout).into_owned() + &said)
    }

    /// Runs the act with `flags` and nobody to read what it says: both pipes are closed before its first word. Told to
    /// stop while it is held, if a point is given.
    pub async fn unheard(&self, flags: &[&str], stop: Option<(u64, Signal)>) -> i32 {
        self.control("POST", "/sandbox/points/reset", "").await;
        if let Some((point, _)) = stop {
            self.control("POST", "/sandbox/hold", &format!("{{\"point\": {point}}}")).await;
        }
        let mut child = self.act_with(flags).await;
        drop((child.stdout.take(), child.stderr.take()));
        if let Some((_, signal)) = stop {
            self.control("GET", "/sandbox/held", "").await;
            let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed())).expect("it runs");
            rustix::process::kill_process(pid, signal).unwrap();
            self.control("POST", "/sandbox/let-go", "").await;
        }
        let ended = tokio::time::timeout(PATIENCE, child.wait()).await.expect("it ends").unwrap();
        ended.code().unwrap_or(-1)
    }

    /// Runs the act, does something to its process or its journal while it is held at `point`, and gives its end.
    pub async fn disturbed_at(&self, point: u64, disturb: impl FnOnce(Pid)) -> (Output, String) {
        let (child, fell) = self.held_at(point).await;
        disturb(child.id().and_then(|id| Pid::from_raw(id.cast_signed())).expect("it runs"));
        self.control("POST", "/sandbox/let-go", "").await;
        let ended = tokio::time::timeout(PATIENCE, child.wait_with_output()).await;
        (ended.expect("it ends").unwrap(), fell)
    }

    /// Runs the act, kills it at `point`, and says where that was.
    pub async fn killed_at(&self, point: u64) -> String {
        let (mut child, fell) = self.held_at(point).await;
        child.kill().await.unwrap();
        self.control("GET", "/sandbox/gone", "").await;
        self.control("POST", "/sandbox/let-go", "").await;
        fell.trim().trim_matches('"').to_owned()
    }

    async fn act(&self) -> Child {
        self.act_with(&[]).await
    }

    async fn act_with(&self, flags: &[&str]) -> Child {
        let run = self.newest(|phase| phase == Name::Complete).await;
        let deed = match self.act {
            Act::Apply | Act::Update => ["apply", "blog.yaml"],
            Act::Undo => ["rollback", run.as_deref().expect("a finished run")],
        };
        self.command(&[&deed, flags].concat()).spawn().unwrap()
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

    /// Undoes the open run, if there is one.
    pub async fn undo(&self) -> i32 {
        match self.newest(|phase| !phase.is_closed()).await {
            Some(run) => self.fabrik(&["rollback", &run]).await,
            None => 0,
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        // A file that may not grow further is an error for who ignores the signal, and death for who does not.
        let mut command = Command::new("sh");
        command
            .args(["-c", "trap '' XFSZ; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_fabrik")])
            .args(arguments)
            .args(["--yes", "--no-input", &format!("--sandbox=http://{}", self.address)])
            .arg("--state")
            .arg(self.state().join("fabrik.db"))
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("API_KEY", "canary-value-of-the-key")
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .kill_on_drop(true);
        command
    }

    pub async fn newest(&self, wanted: impl Fn(Name) -> bool) -> Option<String> {
        let rows = self.journal()?.list(None).await.unwrap();
        let row = rows.iter().rev().find(|row| row.phase.is_some_and(&wanted))?;
        Some(row.run.to_string())
    }

    pub fn journal(&self) -> Option<SqliteStore> {
        let path = self.state().join("fabrik.db");
        path.exists().then(|| SqliteStore::open(&path, Arc::new(LiveClock)).unwrap())
    }

    /// Whether no run has begun or moved since the stage was set.
    pub async fn untouched(&self) -> bool {
        let phases = |store: Option<SqliteStore>| async move {
            let rows = match &store {
                Some(store) => store.list(None).await.unwrap(),
                None => Vec::new(),
            };
            rows.into_iter().map(|row| (row.run, row.phase)).collect::<Vec<_>>()
        };
        let before = SqliteStore::open_read_only(&self.folder.path().join("before/fabrik.db")).unwrap();
        phases(self.journal()).await == phases(before).await
    }

    pub async fn half_way(&self, context: &str) {
        if let Some(journal) = self.journal() {
            invariants::half_way(&self.sandbox.world(), &journal, context).await;
        }
    }

    pub async fn resting(&self, context: &str) {
        if let Some(journal) = self.journal() {
            invariants::resting(&self.sandbox.world(), &journal, context).await;
        }
        let kept = self.before.volumes.iter().all(|volume| self.sandbox.world().volumes.contains(volume));
        assert!(kept, "{context}: a volume of a finished release is gone");
    }

    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
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
