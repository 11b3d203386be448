//! Takes the safety rules of the protocol out of the source, one at a time, and sees who notices.
//!
//! `cargo run --example ablation [-- NAME]`: builds each mutilated copy under `target/ablation`, lives up to 10,000
//! stories of the simulation on it, or runs the test that backs the rule up, and prints a line a rule. Exit code 1 if
//! one goes unnoticed.

#![allow(dead_code, reason = "the rules are shared with a test that needs less of them")]

#[path = "../../tests/simulation/rules.rs"]
mod rules;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};

use rules::{Noticed, RULES, Rule};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<ExitCode> {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let (mut unnoticed, house) = (0, House::prepare()?);
    for rule in RULES.iter().filter(|rule| rule.name.contains(&wanted)) {
        let outcome = house.without(rule)?;
        unnoticed += u32::from(outcome.is_none());
        println!("{:<60} {}", rule.name, outcome.as_deref().unwrap_or("UNNOTICED"));
    }
    Ok(if unnoticed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A copy of the source, and where it is built.
struct House {
    root: PathBuf,
    copy: PathBuf,
    target: PathBuf,
}

impl House {
    fn prepare() -> Result<Self> {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let ablation = root.join("target/ablation");
        let house = Self { copy: ablation.join("tree"), target: ablation.join("target"), root };
        for what in ["src", "machine", "tests", "examples", "fuzz", ".github"] {
            copied(&house.root.join(what), &house.copy.join(what))?;
        }
        for file in ["Cargo.toml", "Cargo.lock", "README.md"] {
            fs::copy(house.root.join(file), house.copy.join(file))?;
        }
        Ok(house)
    }

    /// Who notices that `rule` is gone, in words; `None` if nobody does.
    fn without(&self, rule: &Rule) -> Result<Option<String>> {
        for cut in rule.cuts {
            let text = fs::read_to_string(self.copy.join(cut.file))?;
            if text.matches(cut.text).count() != 1 {
                return Err(format!("{}: the text to cut out does not stand there once", cut.file).into());
            }
            fs::write(self.copy.join(cut.file), text.replacen(cut.text, cut.instead, 1))?;
        }
        let outcome = match rule.noticed_by {
            Noticed::Simulation => self.simulation(),
            Noticed::Test(name) => self.test(name),
        };
        for cut in rule.cuts {
            fs::copy(self.root.join(cut.file), self.copy.join(cut.file))?;
        }
        outcome
    }

    fn simulation(&self) -> Result<Option<String>> {
        let built = self.cargo(&["build", "--example", "simulation"])?;
        if !built.status.success() {
            return Err(String::from_utf8_lossy(&built.stderr).into());
        }
        let program = self.target.join("debug/examples/simulation");
        let lived = Command::new(program).args(["--seeds", "10000", "--first"]).output()?;
        let said = String::from_utf8_lossy(&lived.stdout);
        let first = said.lines().find_map(|line| line.strip_prefix("BROKEN "));
        Ok(first.map(|words| words.chars().take(110).collect()))
    }

    fn test(&self, name: &str) -> Result<Option<String>> {
        let tested = self.cargo(&["test", name])?;
        let failed = String::from_utf8_lossy(&tested.stdout).contains("test result: FAILED");
        Ok(failed.then(|| format!("test {name}")))
    }

    fn cargo(&self, words: &[&str]) -> Result<Output> {
        let mut command = Command::new(env!("CARGO"));
        command.args(words).current_dir(&self.copy).env("CARGO_TARGET_DIR", &self.target);
        // The simulation is built without optimisation; so are the tests, to share what was built.
        command.env("CARGO_PROFILE_TEST_OPT_LEVEL", "0");
        Ok(command.output()?)
    }
}

fn copied(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let (from, to) = {
            let entry = entry?;
            (entry.path(), to.join(entry.file_name()))
        };
        let skipped = from.file_name().is_some_and(|name| name == "target" || name == "artifacts");
        if from.is_dir() && !skipped {
            copied(&from, &to)?;
        } else if from.is_file() {
            fs::copy(&from, &to)?;
        }
    }
    Ok(())
}
