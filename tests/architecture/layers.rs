//! Imports point only downwards, and each of some crates has one home.

use super::{Source, hold};

/// The layers from the bottom up. On the lowest line imports may also point to the left.
const LAYERS: [&[&str]; 6] = [
    &["error", "spec", "secrets", "net"],
    &["providers", "journal", "verify"],
    &["plan"],
    &["engine"],
    &["report", "sandbox"],
    &["cli"],
];

/// Crates with one home, and where that is.
const HOMES: [(&str, &str); 4] = [
    ("reqwest", "src/net/live/transport.rs"),
    ("rusqlite", "src/journal/"),
    ("serde_yaml", "src/spec/"),
    ("clap", "src/cli/"),
];

/// Where a module stands: its line from the bottom, and its place on it.
fn place(module: &str) -> Option<(usize, usize)> {
    LAYERS.iter().enumerate().find_map(|(line, modules)| {
        modules.iter().position(|other| *other == module).map(|place| (line, place))
    })
}

fn may_import(from: &str, to: &str) -> bool {
    let (Some((from_line, from_place)), Some((to_line, to_place))) = (place(from), place(to)) else {
        return true;
    };
    from == to || to_line < from_line || (to_line == 0 && from_line == 0 && to_place < from_place)
}

/// The module path of a file below `src`: `src/plan/planner.rs` is `plan`, `draw`.
fn module_path(path: &str) -> Option<Vec<&str>> {
    let below = path.strip_prefix("src/")?.strip_suffix(".rs")?;
    let mut parts: Vec<&str> = below.split('/').collect();
    if matches!(parts.last(), Some(&"mod")) {
        parts.pop();
    }
    Some(parts).filter(|parts| !matches!(parts[..], ["lib" | "main"]))
}

/// The top modules that a file names, by `crate::` or by enough `super::`, with the line's number.
fn imports(source: &Source, depth: usize) -> Vec<(usize, String)> {
    let to_the_top = "super::".repeat(depth);
    let mut found = Vec::new();
    for (at, line) in joined(source) {
        for root in ["crate::", to_the_top.as_str()] {
            let named = line.split(root).skip(1).flat_map(heads);
            found.extend(named.map(|head| (at, head)));
        }
    }
    found
}

/// The code with each `use` on one line, so that a list in braces is seen whole.
fn joined(source: &Source) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for (at, line) in source.code() {
        match lines.last_mut() {
            Some((_, open)) if open.trim_start().starts_with("use ") && !open.contains(';') => {
                open.push_str(line);
            }
            _ => lines.push((at, line.to_owned())),
        }
    }
    lines
}

/// The first names after a root: one, or each of a list in braces.
fn heads(rest: &str) -> Vec<String> {
    let word = |text: &str| text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let Some(list) = rest.strip_prefix('{') else { return vec![word(rest)] };
    let (mut heads, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            ',' | '}' if depth == 0 => {
                heads.push(word(&list[start..at]));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    heads
}

fn imports_point_downwards(source: &Source) -> Vec<String> {
    let Some(module) = module_path(&source.path) else { return Vec::new() };
    let from = module[0];
    imports(source, module.len())
        .into_iter()
        .filter(|(_, to)| !may_import(from, to))
        .map(|(at, to)| format!("{}:{at}: `{from}` imports `{to}`, which is not below it", source.path))
        .collect()
}

fn every_module_has_a_layer(source: &Source) -> Vec<String> {
    let module = module_path(&source.path).and_then(|module| module.first().copied());
    let stray = module.filter(|module| place(module).is_none());
    stray.map(|module| format!("{}: `{module}` stands on no layer", source.path)).into_iter().collect()
}

fn the_sandbox_does_not_know_the_providers(source: &Source) -> Vec<String> {
    if !source.path.starts_with("src/sandbox") {
        return Vec::new();
    }
    let naming = source.code().filter(|(_, line)| line.contains("providers::"));
    naming.map(|(at, _)| format!("{}:{at}: the sandbox names `providers`", source.path)).collect()
}

fn crates_stay_at_home(source: &Source) -> Vec<String> {
    let ours = source.path.starts_with("src/") || source.path.starts_with("machine/src/");
    let away = HOMES.iter().filter(|(_, home)| ours && !source.path.starts_with(home));
    let uses = |line: &str, name: &str| {
        line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name)
            && (line.contains(&format!("{name}::")) || line.contains(&format!("use {name}")))
    };
    away.flat_map(|(name, home)| {
        let at = source.code().filter(move |(_, line)| uses(line, name));
        at.map(move |(at, _)| format!("{}:{at}: `{name}` lives in {home}", source.path))
    })
    .collect()
}

#[test]
fn no_import_points_upwards() {
    hold(imports_point_downwards);
    hold(every_module_has_a_layer);
}

#[test]
fn an_import_that_points_upwards_is_noticed() {
    for (path, text) in [
        ("src/net/ask.rs", "use crate::plan::Plan;"),
        ("src/net/mod.rs", "fn f() { crate::cli::main() }"),
        ("src/spec/mod.rs", "use crate::secrets::Secret;"),
        ("src/journal/mod.rs", "use crate::verify::Target;"),
        ("src/plan/planner.rs", "use super::super::engine::Engine;"),
        ("src/plan/mod.rs", "use super::engine::Engine;"),
        ("src/plan.rs", "pub use crate::engine;"),
        ("src/plan/mod.rs", "use crate::{\n    net::{Clock, Ports},\n    engine::Engine,\n};"),
        ("src/engine/mod.rs", "#[cfg(test)]\nmod tests {\n    use crate::sandbox::World;\n}"),
    ] {
        assert_eq!(imports_point_downwards(&Source::new(path, text)).len(), 1, "{path}: {text}");
    }
}

#[test]
fn an_import_that_points_downwards_is_fine() {
    for (path, text) in [
        ("src/net/ask.rs", "use crate::spec::Spec;"),
        ("src/net/ask.rs", "use super::Clock;"),
        ("src/plan/planner.rs", "use super::super::net::Clock;"),
        ("src/plan/planner.rs", "use super::engine::Engine;"),
        ("src/plan/mod.rs", "use crate::{plan::DesiredResource, net::{self, engine}};"),
        ("src/plan/mod.rs", "// see crate::engine::Engine"),
        ("src/main.rs", "use crate::cli::main;"),
    ] {
        assert_eq!(imports_point_downwards(&Source::new(path, text)), Vec::<String>::new(), "{path}: {text}");
    }
}

#[test]
fn a_module_without_a_layer_is_noticed() {
    assert_eq!(every_module_has_a_layer(&Source::new("src/utils/mod.rs", "")).len(), 1);
    assert_eq!(every_module_has_a_layer(&Source::new("src/cli.rs", "")).len(), 0);
}

#[test]
fn the_sandbox_reads_the_vendors_apis_for_itself() {
    hold(the_sandbox_does_not_know_the_providers);
}

#[test]
fn a_sandbox_that_knows_the_providers_is_noticed() {
    let text = "use crate::providers::cloudflare;";
    assert_eq!(the_sandbox_does_not_know_the_providers(&Source::new("src/sandbox/dns.rs", text)).len(), 1);
    assert_eq!(the_sandbox_does_not_know_the_providers(&Source::new("src/engine/mod.rs", text)).len(), 0);
}

#[test]
fn each_of_the_big_crates_lives_in_one_place() {
    hold(crates_stay_at_home);
}

#[test]
fn a_crate_away_from_home_is_noticed() {
    for (name, home) in HOMES {
        let text = format!("use {name}::Thing;");
        assert_eq!(crates_stay_at_home(&Source::new("src/report/mod.rs", &text)).len(), 1, "{name}");
        let at_home = if home.ends_with('/') { format!("{home}mod.rs") } else { home.to_owned() };
        assert_eq!(crates_stay_at_home(&Source::new(&at_home, &text)), Vec::<String>::new());
    }
}
