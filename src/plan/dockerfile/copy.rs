//! Instructions that read the build folder, pointed at the stage that has its files.
//!
//! COPY, ADD of local files, and RUN with a bind mount. Flags, the JSON form, globs and variables are kept. What reads
//! another stage keeps doing so, by number too: our stage comes first and moves the numbers up by one.

use super::Fault;
use super::heredocs::heredoc;
use super::lines::Piece;
use super::readings::is_remote;
use super::rewrite::{ROOT, STAGE};
use super::words::{Arguments, Word};

/// Rewrites a COPY; `None` if it stays as it is.
///
/// # Errors
/// What cannot be kept without a build folder.
pub(crate) fn copy(piece: &Piece<'_>, escape: char) -> Result<Option<String>, Fault> {
    let arguments = Arguments::of(piece.rest(), escape);
    if let Some(from) = arguments.flag("--from") {
        let rest = piece.rest();
        let moved = moved(&from.text["--from=".len()..]);
        let (before, after) = (&rest[..from.span.start], &rest[from.span.end..]);
        return Ok(moved.map(|moved| format!("COPY {before}--from={moved}{after}")));
    }
    from_stage(piece, &arguments, |_| true)
}

/// Rewrites an ADD; `None` if it stays as it is.
///
/// # Errors
/// What cannot be kept without a build folder.
pub(crate) fn add(piece: &Piece<'_>, escape: char) -> Result<Option<String>, Fault> {
    let arguments = Arguments::of(piece.rest(), escape);
    let sources = arguments.sources();
    let remote = sources.iter().filter(|source| is_remote(&source.text)).count();
    if remote == sources.len() && !piece.heredoc {
        return Ok(None);
    }
    if let Some(first) = sources.iter().find(|source| is_remote(&source.text)) {
        let hint = "write an ADD for the remote and a COPY for the local ones";
        return Err(piece.fault_at(first.span.start, "ADD mixes local files with remote ones", hint));
    }
    // These are for what comes over the net, or say whether to unpack, and COPY has none of them.
    let other = ["--unpack", "--checksum", "--keep-git-dir"];
    from_stage(piece, &arguments, |flag| !other.contains(&flag.split('=').next().unwrap_or(flag)))
}

fn from_stage(
    piece: &Piece<'_>,
    arguments: &Arguments,
    keeps: impl Fn(&str) -> bool,
) -> Result<Option<String>, Fault> {
    // It would keep our stage's folder in front of the path.
    if arguments.is_set("--parents") {
        return Err(piece.fault("COPY --parents is not supported", "copy each folder to where it belongs"));
    }
    let sources = arguments.sources();
    if piece.heredoc {
        let Some(file) = sources.iter().find(|source| heredoc(&source.text).is_none()) else {
            return Ok(None);
        };
        let hint = "write one COPY for each";
        return Err(piece.fault_at(file.span.start, "one instruction mixes a heredoc with files", hint));
    }
    let operands = if arguments.is_json {
        let mut words: Vec<String> = arguments.operands.iter().map(|word| word.text.clone()).collect();
        words[..sources.len()].iter_mut().for_each(|word| *word = inside(word));
        serde_json::Value::from(words).to_string()
    } else {
        shell_form(&arguments.operands, sources.len())
    };
    let flags = arguments.flags.iter().filter(|flag| keeps(&flag.text));
    let flags: Vec<&str> = flags.map(|flag| &piece.rest()[flag.span.clone()]).collect();
    let from = format!("--from={STAGE}");
    let words: Vec<&str> = ["COPY", &from].into_iter().chain(flags).chain([operands.as_str()]).collect();
    Ok(Some(words.join(" ")))
}

/// Rewrites a RUN whose bind mounts read the build folder; else gives back its own text.
///
/// # Errors
/// A flag that is broken over lines, with a heredoc below it.
pub(crate) fn run(piece: &Piece<'_>, escape: char) -> Result<String, Fault> {
    let mut text = piece.raw.to_owned();
    for flag in Arguments::of(piece.rest(), escape).flags {
        let Some(mount) = flag.text.strip_prefix("--mount=").and_then(bind) else { continue };
        let written = &piece.rest()[flag.span.clone()];
        if !text.contains(written) && piece.heredoc {
            let message = "a mount is written over several lines";
            return Err(piece.fault_at(flag.span.start, message, "write it on one"));
        }
        if !text.contains(written) {
            text = format!("RUN {}\n", piece.rest());
        }
        text = text.replacen(written, &format!("--mount={mount}"), 1);
    }
    Ok(text)
}

/// Says whether an instruction for later builds reads the build folder.
pub(crate) fn reads_folder(instruction: &str, escape: char) -> bool {
    let (keyword, rest) = instruction.split_once(char::is_whitespace).unwrap_or((instruction, ""));
    let arguments = Arguments::of(rest, escape);
    let is_local = |word: &Word| !is_remote(&word.text) && heredoc(&word.text).is_none();
    match keyword.to_ascii_uppercase().as_str() {
        "COPY" | "ADD" => arguments.flag("--from").is_none() && arguments.sources().iter().any(is_local),
        "RUN" => arguments.flags.iter().any(|flag| {
            let mount = flag.text.strip_prefix("--mount=").filter(|mount| !mount.contains("from="));
            mount.and_then(bind).is_some()
        }),
        _ => false,
    }
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

fn shell_form(operands: &[Word], sources: usize) -> String {
    let mut words: Vec<String> = operands.iter().map(|word| word.text.clone()).collect();
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

/// The path within our stage; like docker, `..` never leaves the build folder.
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
