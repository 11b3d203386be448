//! The house rules, as far as a program can keep them.
//!
//! Each rule is a function from a file to complaints; each has a test that shows what it would notice. Reads
//! text, not syntax: a rule may be fooled by somebody who wants to, which is not whom it is for.

mod docs;
mod layers;
mod manners;
mod names;
mod rules;

use std::fs;
use std::path::{Path, PathBuf};

/// One Rust file, by its path from the top of the repository.
struct Source {
    path: String,
    text: String,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// Whether the whole file is test code.
    fn is_test(&self) -> bool {
        self.path.split('/').any(|part| matches!(part, "tests" | "tests.rs" | "conformance.rs"))
    }

    /// The lines of code, numbered from 1, without whole-line comments.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let numbered = self.text.lines().enumerate().map(|(at, line)| (at + 1, line));
        numbered.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// The lines before the file's own tests.
    fn shipped(&self) -> impl Iterator<Item = (usize, &str)> {
        let tests = if self.is_test() { Some(1) } else { self.start_of_tests() };
        let first_test = tests.unwrap_or(usize::MAX);
        self.code().take_while(move |(at, _)| *at < first_test)
    }

    fn start_of_tests(&self) -> Option<usize> {
        let lines: Vec<&str> = self.text.lines().collect();
        let opens = |pair: &[&str]| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ");
        lines.windows(2).position(opens).map(|at| at + 1)
    }
}

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file that is ours.
fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    for folder in ["src", "machine", "tests", "fuzz/inputs", "fuzz/fuzz_targets"] {
        collect(&top().join(folder), &mut found);
    }
    assert!(found.len() > 50, "only {} files found", found.len());
    found
}

fn collect(folder: &Path, found: &mut Vec<Source>) {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.expect("the folder can be read").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let below = path.strip_prefix(top()).expect("it was found below the top");
            let text = fs::read_to_string(&path).expect("a source file is text");
            found.push(Source::new(&below.to_string_lossy(), &text));
        }
    }
}

/// Holds `rule` against every file.
fn hold(rule: impl Fn(&Source) -> Vec<String>) {
    let complaints: Vec<String> = sources().iter().flat_map(rule).collect();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}
