//! What cannot be made sense of on the command line, and what the contract names and this version does not do: refused by
//! name, never silently ignored.

use std::ffi::OsStr;
use std::io::Write;

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::args::Args;
use crate::plan::Blocker;
use crate::report::exit::{DONE, REFUSED};
use crate::report::{JsonReporter, Summary};
use crate::secrets::Redactor;
use crate::spec::nearest;

/// Commands of a later version.
const COMMANDS: [&str; 7] = ["state", "logs", "explain", "schema", "completions", "man", "phases"];
/// Flags of a later version.
const FLAGS: [&str; 4] = ["--out", "--max-parallel", "--no-save-secrets", "--to"];

/// What to say about a command that is not there.
pub(crate) fn unknown(word: &str) -> Blocker {
    if COMMANDS.contains(&word) {
        let message = format!("`fabrik {word}` is not in this version");
        return Blocker::new(message, "`fabrik --help` lists what is");
    }
    let args = Args::command();
    let names: Vec<&str> = args.get_subcommands().map(clap::Command::get_name).collect();
    let hint = nearest(word, &names).map_or_else(
        || "`fabrik --help` lists the commands".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    Blocker::new(format!("there is no command `{word}`"), hint)
}

/// Shows what is wrong with the command line, or the help that was asked for, and gives the exit code.
pub(crate) fn usage(error: &clap::Error) -> u8 {
    let flag = later_flag(error);
    // Nobody is left to read it if this fails.
    match &flag {
        Some(flag) => {
            let hint = "`--help` after the command lists its flags";
            let text = format!("error: `{flag}` is not in this version\n  hint: {hint}");
            drop(writeln!(anstream::stderr(), "{text}"));
        }
        None => drop(error.print()),
    }
    if !error.use_stderr() {
        return DONE;
    }
    // The flags were not understood, but a program waits for its last line all the same.
    if std::env::args_os().any(|word| word == OsStr::new("--json")) {
        let message = flag.map_or_else(|| words(error), |flag| format!("`{flag}` is not in this version"));
        JsonReporter::new(Redactor::default())
            .ended(None, Summary::refused(&[Blocker::new(message, "")]).fields());
    }
    REFUSED
}

/// What clap says is wrong, in one line.
fn words(error: &clap::Error) -> String {
    let text = error.to_string();
    let said = text.split("\n\n").next().unwrap_or_default();
    let said = said.strip_prefix("error: ").unwrap_or(said);
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn later_flag(error: &clap::Error) -> Option<String> {
    if error.kind() != ErrorKind::UnknownArgument {
        return None;
    }
    let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) else { return None };
    let name = flag.split('=').next().unwrap_or(flag);
    FLAGS.contains(&name).then(|| name.to_owned())
}
