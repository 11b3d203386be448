//! The list of traps beside this file: every one that the evidence names has a test, and every test it names is there.
//!
//! The list is part of the project, so this holds whether or not the evidence is there.

use std::path::Path;

const LIST: &str = include_str!("traps.md");
/// The last table, whose rows have a reason instead of a test.
const LAST: &str = "Out of scope";

/// A row: the section it is in, the trap, where it is named, and what holds it.
struct Row<'a> {
    section: &'a str,
    cells: Vec<&'a str>,
}

impl Row<'_> {
    /// The test functions that the last cell names.
    fn tests(&self) -> Vec<&str> {
        let last = self.cells.last().expect("a row has cells");
        last.split('`').skip(1).step_by(2).collect()
    }
}

fn rows(list: &str) -> Vec<Row<'_>> {
    let mut section = "";
    let mut found = Vec::new();
    for line in list.lines() {
        section = line.strip_prefix("## ").unwrap_or(section);
        let Some(row) = line.strip_prefix("| ").and_then(|row| row.strip_suffix(" |")) else { continue };
        let is_head = row.starts_with("trap |") || row.starts_with("call |");
        if !is_head {
            found.push(Row { section, cells: row.split(" | ").collect() });
        }
    }
    found
}

/// What is wrong with the rows of a list, given all code.
fn complaints(list: &str, code: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for row in rows(list) {
        let trap = row.cells[0];
        if row.cells.len() != 3 || row.cells.iter().any(|cell| cell.trim().is_empty()) {
            wrong.push(format!("{trap}: three cells are wanted"));
            continue;
        }
        let tests = row.tests();
        if tests.is_empty() && row.section != LAST {
            wrong.push(format!("{trap}: no test"));
        }
        let missing = tests.into_iter().filter(|test| !code.contains(&format!("fn {test}(")));
        wrong.extend(missing.map(|test| format!("{trap}: there is no test `{test}`")));
    }
    wrong
}

/// All Rust code below a folder.
fn code(folder: &Path, all: &mut String) {
    for entry in std::fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            code(&path, all);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            all.push_str(&std::fs::read_to_string(&path).expect("a source file is text"));
        }
    }
}

#[test]
fn every_trap_of_the_list_has_a_test_and_every_test_it_names_is_there() {
    let mut all = String::new();
    for folder in ["tests", "src", "machine"] {
        code(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut all);
    }
    let wrong = complaints(LIST, &all);
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
    for (section, least) in [("Coolify, observed", 50), ("Coolify, facts", 40), ("Cloudflare, facts", 40)] {
        let count = rows(LIST).iter().filter(|row| row.section == section).count();
        assert!(count >= least, "{section}: only {count} rows");
    }
}

#[test]
fn a_row_without_a_test_and_a_test_that_is_not_there_are_noticed() {
    let list = "## Coolify, observed\n| trap | where | tests |\n|---|---|---|\n| a | 1 | `is_there` |\n\
                | b | 1 | none |\n| c | 1 | `is_there`, `is_not` |\n| d | 1 |\n\
                ## Out of scope\n| call | where | why |\n| e | 1 | never called |\n";
    let wrong = complaints(list, "fn is_there() {}");
    assert_eq!(wrong, ["b: no test", "c: there is no test `is_not`", "d: three cells are wanted"]);
}
