//! A person's folder, with a sandbox and a journal of its own, and the program run in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use fabrik::sandbox::{Sandbox, World};
use serde_json::Value;
use tempfile::TempDir;

/// A folder to work in, and a home beside it.
pub struct CliFixture {
    root: TempDir,
}

/// What a command said, and how it ended.
#[derive(Debug)]
pub struct Said {
    pub exit: i32,
    pub out: String,
    pub err: String,
}

impl CliFixture {
    pub fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("work")).unwrap();
        Self { root }
    }

    /// A house with a new app `my-api` in it.
    pub fn with_app() -> Self {
        let house = Self::new();
        house.run(&["new", "--template", "python-api", "my-api"]).ends(0);
        house
    }

    pub fn folder(&self) -> PathBuf {
        self.root.path().join("work")
    }

    pub fn sandbox(&self) -> PathBuf {
        self.root.path().join("state/fabrik/sandbox")
    }

    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.folder().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Changes what the app does.
    pub fn edit(&self, remark: &str) {
        let path = self.folder().join("my-api/app.py");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, format!("{text}# {remark}\n")).unwrap();
    }

    /// The program, not started yet: no terminal, no environment but its own.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fabrik"));
        command.args(arguments).current_dir(self.folder()).env_clear().stdin(Stdio::null());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("XDG_STATE_HOME", self.root.path().join("state")).env("HOME", self.root.path());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Said {
        Said::of(self.command(arguments).output().unwrap())
    }

    pub fn apply(&self) -> Said {
        self.run(&["apply", "my-api.yaml", "--sandbox"])
    }

    /// The sandbox, from within this process.
    pub fn sandboxed(&self) -> Sandbox {
        Sandbox::open(&self.sandbox()).unwrap()
    }

    /// Somebody else changes something in the sandbox.
    pub fn third_party<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        self.sandboxed().with_world(change).unwrap()
    }

    /// What is in the sandbox.
    pub fn world(&self) -> String {
        self.run(&["sandbox", "show"]).ends(0).out
    }

    /// The ids in the sandbox's lines that begin with `start`: the last word before the ownership tag.
    pub fn ids(&self, start: &str) -> Vec<String> {
        let world = self.world();
        let lines = world.lines().map(str::trim).filter(|line| line.starts_with(start));
        lines.map(|line| line.split(" \"").next().unwrap_or(line).to_owned()).collect()
    }

    /// Every file below the house, with its content.
    pub fn listing(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        walk(self.root.path(), &mut found);
        found
    }
}

fn walk(folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.insert(path.clone(), Vec::new());
            walk(&path, found);
        } else {
            found.insert(path.clone(), std::fs::read(&path).unwrap_or_default());
        }
    }
}

impl Said {
    pub fn of(output: Output) -> Self {
        Self {
            exit: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    pub fn ends(self, exit: i32) -> Self {
        assert_eq!(self.exit, exit, "out:\n{}\nerr:\n{}", self.out, self.err);
        self
    }

    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        let both = format!("{}{}", self.out, self.err);
        assert!(both.contains(text), "`{text}` is not in:\n{both}");
        self
    }

    /// The events of `--json`.
    pub fn events(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }
}
