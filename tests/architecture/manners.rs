//! How a file reads: what it opens with, how long it is, what it does not do.

use super::{Source, hold};

/// Lines of shipped code a file may have.
const LONGEST: usize = 400;

/// Files that may be longer, each with the reason.
const LONGER: [(&str, &str); 0] = [];

fn opens_with_its_purpose(source: &Source) -> Vec<String> {
    if source.text.starts_with("//! ") {
        return Vec::new();
    }
    vec![format!("{}: does not open with `//!`", source.path)]
}

fn fits(source: &Source) -> Vec<String> {
    let lines =
        if source.is_test() { 0 } else { source.start_of_tests().unwrap_or(source.text.lines().count()) };
    if lines <= LONGEST || LONGER.iter().any(|(path, _)| *path == source.path) {
        return Vec::new();
    }
    vec![format!("{}: {lines} lines, more than {LONGEST}", source.path)]
}

fn does_not_unwrap(source: &Source) -> Vec<String> {
    let unwrapping = source.shipped().filter(|(_, line)| line.contains(".unwrap()"));
    unwrapping.map(|(at, _)| format!("{}:{at}: unwraps", source.path)).collect()
}

#[test]
fn every_file_says_what_it_is_for() {
    hold(opens_with_its_purpose);
}

#[test]
fn a_file_without_its_purpose_is_noticed() {
    for text in ["", "use std::fmt;", "// Words.", "//!", "\n//! Late."] {
        assert_eq!(opens_with_its_purpose(&Source::new("src/plan/mod.rs", text)).len(), 1, "{text:?}");
    }
}

#[test]
fn no_file_is_too_long() {
    hold(fits);
}

#[test]
fn a_file_that_is_too_long_is_noticed_and_its_tests_do_not_count() {
    let long = "let x = 1;\n".repeat(LONGEST + 1);
    assert_eq!(fits(&Source::new("src/plan/mod.rs", &long)).len(), 1);
    assert_eq!(fits(&Source::new("src/plan/tests.rs", &long)).len(), 0);
    let tested = format!("//! Short.\n#[cfg(test)]\nmod tests {{\n{long}}}\n");
    assert_eq!(fits(&Source::new("src/plan/mod.rs", &tested)).len(), 0);
}

#[test]
fn nothing_shipped_unwraps() {
    hold(does_not_unwrap);
}

#[test]
fn an_unwrap_is_noticed_outside_tests() {
    let unwrap = "fn f() {\n    x.unwrap()\n}\n";
    assert_eq!(does_not_unwrap(&Source::new("src/plan/mod.rs", unwrap)), ["src/plan/mod.rs:2: unwraps"]);
    assert_eq!(does_not_unwrap(&Source::new("tests/architecture/mod.rs", unwrap)).len(), 0);
    let tested = format!("#[cfg(test)]\nmod tests {{\n{unwrap}}}\n");
    assert_eq!(does_not_unwrap(&Source::new("src/plan/mod.rs", &tested)).len(), 0);
}
