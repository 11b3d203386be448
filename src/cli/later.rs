//! What the contract names and this version does not do: refused by name, never silently ignored.

use std::ffi::OsString;
use std::io::Write;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::report::exit::REFUSED;

/// Commands of a later version.
const COMMANDS: [&str; 7] = ["state", "logs", "explain", "schema", "completions", "man", "phases"];
/// Flags of a later version.
const FLAGS: [&str; 4] = ["--out", "--max-parallel", "--no-save-secrets", "--to"];

/// What to say about a command that is not there.
pub fn unknown(words: &[OsString]) -> String {
    let word = words.first().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
    if COMMANDS.contains(&word.as_str()) {
        return format!(
            "error: `fabrik {word}` is not in this version\n  hint: `fabrik --help` lists what is"
        );
    }
    format!("error: there is no command `{word}`\n  hint: `fabrik --help` lists the commands")
}

/// Shows what is wrong with the command line, or the help that was asked for, and gives the exit code.
pub fn usage(error: &clap::Error) -> u8 {
    // Nobody is left to read it if this fails.
    match later_flag(error) {
        Some(flag) => {
            let hint = "`--help` after the command lists its flags";
            let text = format!("error: `{flag}` is not in this version\n  hint: {hint}");
            drop(writeln!(anstream::stderr(), "{text}"));
        }
        None => drop(error.print()),
    }
    if error.use_stderr() { REFUSED } else { 0 }
}

fn later_flag(error: &clap::Error) -> Option<String> {
    if error.kind() != ErrorKind::UnknownArgument {
        return None;
    }
    let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) else { return None };
    let name = flag.split('=').next().unwrap_or(flag);
    FLAGS.contains(&name).then(|| name.to_owned())
}
