//! What stands at the top, and what the machine is made of.

use std::fs;

use super::top;

/// What may stand at the top, beside names that begin with a dot.
const TOP_LEVEL: [&str; 14] = [
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "SECURITY.md",
    "deny.toml",
    "docs",
    "examples",
    "fuzz",
    "machine",
    "src",
    "tests",
];

/// What the machine is made of.
const PARTS: [&str; 3] = ["serde", "statig", "thiserror"];

fn strays(names: &[&str]) -> Vec<String> {
    let known = |name: &str| name.starts_with('.') || name == "target" || TOP_LEVEL.contains(&name);
    names
        .iter()
        .filter(|name| !known(name))
        .map(|name| format!("`{name}` does not belong at the top"))
        .collect()
}

/// The dependencies that a manifest names, those for tests left out.
fn dependencies(manifest: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut section = "";
    for line in manifest.lines() {
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_end_matches(']');
            names.extend(section.strip_prefix("dependencies."));
        } else if section.ends_with("dependencies") && section != "dev-dependencies" {
            names.extend(line.split_once('=').map(|(name, _)| name.trim()));
        }
    }
    names.sort_unstable();
    names
}

#[test]
fn nothing_stands_at_the_top_that_does_not_belong_there() {
    let entries = fs::read_dir(top()).expect("the top can be read");
    let names: Vec<String> = entries
        .map(|entry| entry.expect("it can be read").file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(strays(&names.iter().map(String::as_str).collect::<Vec<_>>()), Vec::<String>::new());
}

#[test]
fn a_stray_at_the_top_is_noticed() {
    assert_eq!(strays(&["src", ".github", "NOTES.md"]), ["`NOTES.md` does not belong at the top"]);
}

#[test]
fn the_machine_is_made_of_three_parts() {
    let manifest = fs::read_to_string(top().join("machine/Cargo.toml")).expect("the machine has a manifest");
    assert_eq!(dependencies(&manifest), PARTS);
}

#[test]
fn a_fourth_part_is_noticed_wherever_it_is_named() {
    let manifest =
        "[dependencies]\nserde = \"1\"\ntokio = { version = \"1\" }\n[dev-dependencies]\nproptest = \"1\"";
    assert_eq!(dependencies(manifest), ["serde", "tokio"]);
    let table = "[dependencies.tokio]\nversion = \"1\"\n[build-dependencies]\ncc = \"1\"";
    assert_eq!(dependencies(table), ["cc", "tokio"]);
}
