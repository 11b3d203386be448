//! `fabrik help`: what a command does and takes.

use std::io::Write;

use clap::CommandFactory;

use super::args::Args;
use super::{CommandResult, unsupported};
use crate::plan::Blocker;
use crate::report::exit::DONE;
use crate::spec::nearest;

/// Shows the help of the command that `words` name, or of the program.
pub(crate) fn run(words: &[String]) -> CommandResult {
    let mut command = Args::command();
    // Names the program in the usage line of every command below it.
    command.build();
    for (at, word) in words.iter().enumerate() {
        let Some(found) = command.find_subcommand(word) else {
            return Err(vec![unknown(&command, &words[..at], word)]);
        };
        command = found.clone();
    }
    // A closed pipe is the reader's choice.
    drop(write!(anstream::stdout(), "{}", command.render_long_help().ansi()));
    Ok(DONE)
}

fn unknown(command: &clap::Command, above: &[String], word: &str) -> Blocker {
    if above.is_empty() {
        return unsupported::unknown(word);
    }
    let names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    let above = above.join(" ");
    let hint = match nearest(word, &names) {
        Some(near) => format!("did you mean `fabrik help {above} {near}`?"),
        None if names.is_empty() => format!("`fabrik help {above}` shows all there is"),
        None => format!("there are: {}", names.join(", ")),
    };
    Blocker::new(format!("`fabrik {above}` has no command `{word}`"), hint)
}
