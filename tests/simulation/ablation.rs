//! Takes the safety rules of the protocol out of the source, one at a time, and sees which test notices.
//!
//! `cargo test --test main ablation -- --ignored --nocapture` builds each mutilated copy under `target/ablation`, lives up
//! to 10,000 stories of the simulation on it, or runs the test that backs the rule up, and prints a line a rule.
//! `FABRIK_RULE=NAME` takes out only the rules whose name contains it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::rules::{Noticed, RULES, Rule};

#[test]
#[ignore = "builds the program once for each rule: a quarter of an hour"]
fn each_rule_of_the_protocol_is_missed_when_it_is_taken_out() {
    let wanted = std::env::var("FABRIK_RULE").unwrap_or_default();
    let copy = SourceCopy::prepare();
    let mut unnoticed = Vec::new();
    for rule in RULES.iter().filter(|rule| rule.name.contains(&wanted)) {
        let noticed = copy.without(rule);
        println!("{:<60} {}", rule.name, noticed.as_deref().unwrap_or("UNNOTICED"));
        if noticed.is_none() {
            unnoticed.push(rule.name);
        }
    }
    assert!(unnoticed.is_empty(), "taken out unnoticed: {unnoticed:?}");
}

/// A copy of the source, and where it is built.
struct SourceCopy {
    root: PathBuf,
    tree: PathBuf,
    target: PathBuf,
}

impl SourceCopy {
    fn prepare() -> Self {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let ablation = root.join("target/ablation");
        let copy = Self { tree: ablation.join("tree"), target: ablation.join("target"), root };
        // What an earlier source had and this one has not would be built, too.
        _ = fs::remove_dir_all(&copy.tree);
        for folder in ["src", "machine", "tests", "examples", "fuzz", ".github"] {
            copy_folder(&copy.root.join(folder), &copy.tree.join(folder));
        }
        for file in ["Cargo.toml", "Cargo.lock", "README.md"] {
            fs::copy(copy.root.join(file), copy.tree.join(file)).unwrap();
        }
        copy
    }

    /// What notices that `rule` is gone; `None` if nothing does.
    fn without(&self, rule: &Rule) -> Option<String> {
        for cut in rule.cuts {
            let text = fs::read_to_string(self.tree.join(cut.file)).unwrap();
            assert_eq!(text.matches(cut.text).count(), 1, "{}: the text to cut out", cut.file);
            fs::write(self.tree.join(cut.file), text.replacen(cut.text, cut.instead, 1)).unwrap();
        }
        let noticed = match rule.noticed_by {
            Noticed::Simulation => self.simulation(),
            Noticed::Test(name) => self.test(name),
        };
        for cut in rule.cuts {
            fs::copy(self.root.join(cut.file), self.tree.join(cut.file)).unwrap();
        }
        noticed
    }

    fn simulation(&self) -> Option<String> {
        let words = ["test", "--test", "main", "simulation::campaign", "--", "--ignored", "--nocapture"];
        let lived = self.cargo(&words);
        let printed = String::from_utf8_lossy(&lived.stdout);
        let first = printed.lines().find_map(|line| Some(line.split_once("BROKEN ")?.1));
        first.map(|words| words.chars().take(110).collect())
    }

    fn test(&self, name: &str) -> Option<String> {
        let tested = self.cargo(&["test", name]);
        let failed = String::from_utf8_lossy(&tested.stdout).contains("test result: FAILED");
        failed.then(|| format!("test {name}"))
    }

    fn cargo(&self, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO"));
        command.args(words).current_dir(&self.tree).env("CARGO_TARGET_DIR", &self.target);
        // Each copy is built from the start and run once, so a fast build saves more than a fast program.
        command.env("CARGO_PROFILE_TEST_OPT_LEVEL", "0").env("CARGO_PROFILE_DEV_DEBUG", "false");
        command.env("FABRIK_SEEDS", "10000").env("FABRIK_FIRST", "1");
        let output = command.output().unwrap();
        let is_built = String::from_utf8_lossy(&output.stdout).contains("test result: ");
        assert!(is_built, "{}", String::from_utf8_lossy(&output.stderr));
        output
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (from, to) = {
            let entry = entry.unwrap();
            (entry.path(), to.join(entry.file_name()))
        };
        let skipped = from.file_name().is_some_and(|name| name == "target" || name == "artifacts");
        if from.is_dir() && !skipped {
            copy_folder(&from, &to);
        } else if from.is_file() {
            fs::copy(&from, &to).unwrap();
        }
    }
}
