//! Instructions that read the build folder, pointed at the stage that has its files.
//!
//! COPY, ADD of local files, and RUN with a bind mount. Flags, the JSON form, globs and variables are kept. What reads
//! another stage keeps doing so, by number too: our stage comes first and moves the numbers up by one.

use super::dockerfile::{ROOT, STAGE};

/// A message and a hint.
type Refusal = (&'static str, &'static str);

/// Rewrites what follows COPY; `None` if it stays as it is.
pub fn copy(rest: &str, heredoc: bool) -> Result<Option<String>, Refusal> {
    let (flags, operands) = flags(rest);
    if let Some(from) = flags.iter().find_map(|flag| flag.strip_prefix("--from=")) {
        let moved =
            moved(from).map(|moved| rest.replacen(&format!("--from={from}"), &format!("--from={moved}"), 1));
        return Ok(moved.map(|rest| format!("COPY {rest}")));
    }
    from_stage(&flags, operands, heredoc)
}

/// Rewrites what follows ADD; `None` if it stays as it is.
pub fn add(rest: &str, heredoc: bool) -> Result<Option<String>, Refusal> {
    let (flags, operands) = flags(rest);
    let sources = sources(operands);
    let remote = sources.iter().filter(|source| is_remote(source)).count();
    if remote == sources.len() && !heredoc {
        return Ok(None);
    }
    if remote > 0 {
        return Err((
            "ADD mixes local files with remote ones",
            "write an ADD for the remote and a COPY for the local ones",
        ));
    }
    if sources.iter().any(|source| is_archive(source)) {
        return Err((
            "ADD unpacks a local archive, which is not supported",
            "write COPY, and unpack it with RUN tar",
        ));
    }
    from_stage(&flags, operands, heredoc)
}

fn from_stage(flags: &[&str], operands: &str, heredoc: bool) -> Result<Option<String>, Refusal> {
    // It would keep our stage's folder in front of the path.
    if flags.iter().any(|flag| *flag == "--parents" || *flag == "--parents=true") {
        return Err(("COPY --parents is not supported", "copy each folder to where it belongs"));
    }
    if heredoc {
        let only = sources(operands).iter().all(|source| source.contains("<<"));
        let mixed = ("one instruction mixes a heredoc with files", "write one COPY for each");
        return if only { Ok(None) } else { Err(mixed) };
    }
    let operands = match json_form(operands) {
        Some(mut words) => {
            let sources = words.len().saturating_sub(1);
            words[..sources].iter_mut().for_each(|word| *word = inside(word));
            serde_json::Value::from(words).to_string()
        }
        None => shell_form(operands),
    };
    let from = format!("--from={STAGE}");
    let words: Vec<&str> =
        ["COPY", &from].into_iter().chain(flags.iter().copied()).chain([operands.as_str()]).collect();
    Ok(Some(words.join(" ")))
}

/// Rewrites a RUN whose bind mounts read the build folder; else gives back its own text.
pub fn run(raw: &str, rest: &str) -> String {
    let mut text = raw.to_owned();
    for flag in flags(rest).0 {
        if let Some(mount) = flag.strip_prefix("--mount=").and_then(bind) {
            text = text.replacen(flag, &format!("--mount={mount}"), 1);
        }
    }
    if text.ends_with('\n') { text } else { text + "\n" }
}

/// Says whether a nested instruction reads the build folder.
pub fn reads_folder(instruction: &str) -> bool {
    let word = instruction.split_whitespace().next().unwrap_or_default();
    ["COPY", "ADD"].iter().any(|keyword| word.eq_ignore_ascii_case(keyword))
        && !instruction.contains("--from=")
}

/// Rewrites a bind mount of the build folder, or of a stage by number; `None` for all other mounts.
fn bind(mount: &str) -> Option<String> {
    let mut parts: Vec<String> = mount.split(',').map(str::to_owned).collect();
    let find = |parts: &[String], keys: &[&str]| {
        parts.iter().position(|part| part.split_once('=').is_some_and(|(key, _)| keys.contains(&key)))
    };
    if let Some(at) = find(&parts, &["from"]) {
        parts[at] = format!("from={}", moved(&parts[at]["from=".len()..])?);
        return Some(parts.join(","));
    }
    if parts.iter().any(|part| part.starts_with("type=") && part != "type=bind") {
        return None;
    }
    let source = |path: &str| format!("source={}", inside(path));
    match find(&parts, &["source", "src"]) {
        Some(at) => parts[at] = source(parts[at].split_once('=').map_or("", |(_, path)| path)),
        None => parts.push(source("")),
    }
    parts.push(format!("from={STAGE}"));
    Some(parts.join(","))
}

/// A stage's number, one up; `None` for names.
fn moved(stage: &str) -> Option<u32> {
    stage.parse::<u32>().ok()?.checked_add(1)
}

/// The flags at the start, and what follows them.
fn flags(rest: &str) -> (Vec<&str>, &str) {
    let (mut flags, mut rest) = (Vec::new(), rest.trim());
    while rest.starts_with("--") {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        flags.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    (flags, rest)
}

fn json_form(operands: &str) -> Option<Vec<String>> {
    if operands.starts_with('[') { serde_json::from_str(operands).ok() } else { None }
}

/// Everything but the destination.
fn sources(operands: &str) -> Vec<String> {
    let shell =
        || operands.split_whitespace().map(|word| word.trim_matches(['"', '\'']).to_owned()).collect();
    let mut words = json_form(operands).unwrap_or_else(shell);
    words.pop();
    words
}

fn shell_form(operands: &str) -> String {
    let mut words: Vec<String> = operands.split_whitespace().map(str::to_owned).collect();
    let sources = words.len().saturating_sub(1);
    for word in &mut words[..sources] {
        // A quote stays around the whole path.
        let quote =
            word.chars().next().filter(|c| "\"'".contains(*c) && word.len() > 1 && word.ends_with(*c));
        *word = match quote {
            Some(quote) => format!("{quote}{}{quote}", inside(&word[1..word.len() - 1])),
            None => inside(word),
        };
    }
    words.join(" ")
}

/// The path within our stage; like Docker, `..` never leaves the build folder.
fn inside(source: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in source.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let slash = if source.ends_with('/') && !parts.is_empty() { "/" } else { "" };
    format!("{ROOT}/{}{slash}", parts.join("/"))
}

fn is_remote(source: &str) -> bool {
    ["http://", "https://", "git@", "git://", "ssh://"].iter().any(|scheme| source.starts_with(scheme))
}

fn is_archive(source: &str) -> bool {
    [".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst"]
        .iter()
        .any(|end| source.ends_with(end))
}
