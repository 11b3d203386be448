//! What `strace` saw, as far as it concerns the journal and the sockets.
//!
//! Reads the output of `-f -y -xx`: file names and contents in hexadecimal digits. A call that another thread's
//! call interrupts is shown in two lines, and counts as begun at the first and as done at the second.

use std::collections::HashMap;

/// One call of the operating system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The line in which it begins.
    pub begun: usize,
    /// The line in which it is done; `None` where the trace ends before.
    pub done: Option<usize>,
    pub name: String,
    /// What its first argument is open on.
    pub file: String,
    /// All the bytes it was given.
    pub bytes: Vec<u8>,
    /// Whether it came to what was asked.
    pub well: bool,
}

/// The calls of a trace, in the order begun.
pub fn calls(trace: &str) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let mut open: HashMap<&str, usize> = HashMap::new();
    for (at, line) in trace.lines().enumerate() {
        let Some((thread, said)) = line.split_once(' ') else { continue };
        let said = said.trim_start();
        let well = said.rsplit_once(" = ").is_some_and(|(_, result)| !result.starts_with(['-', '?']));
        if said.starts_with("<... ") {
            if let Some(call) = open.remove(thread).and_then(|index| calls.get_mut(index)) {
                (call.done, call.well) = (Some(at), well);
            }
            continue;
        }
        let Some((name, arguments)) = said.split_once('(') else { continue };
        let unfinished = said.ends_with("<unfinished ...>");
        if unfinished {
            open.insert(thread, calls.len());
        }
        calls.push(Call {
            begun: at,
            done: (!unfinished).then_some(at),
            name: name.to_owned(),
            file: opened(arguments),
            bytes: quoted(arguments),
            well: well && !unfinished,
        });
    }
    calls
}

/// What stands between the angle brackets after the first argument.
fn opened(arguments: &str) -> String {
    let number = arguments.trim_start_matches(|c: char| c.is_ascii_digit());
    let shown = number.strip_prefix('<').and_then(|rest| rest.split_once('>'));
    shown.map_or_else(String::new, |(shown, _)| {
        let bytes = if shown.starts_with("\\x") { unescaped(shown) } else { shown.into() };
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// The bytes of all strings, one after the other.
fn quoted(arguments: &str) -> Vec<u8> {
    arguments.split('"').skip(1).step_by(2).flat_map(unescaped).collect()
}

fn unescaped(text: &str) -> Vec<u8> {
    text.split("\\x").skip(1).filter_map(|digits| u8::from_str_radix(digits.get(..2)?, 16).ok()).collect()
}
