//! Asking a person.

use std::io::{BufRead, IsTerminal, Write};
use std::sync::Arc;

use super::args::Global;
use super::face::Face;

/// Who answers questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Voice {
    /// Everything is agreed to.
    Yes,
    /// Nobody can be asked.
    Nobody,
    /// A person at the terminal.
    Person,
}

/// Asks; what cannot be asked is not agreed to.
pub fn consent(global: &Global, face: &Face) -> Arc<dyn Fn(&str) -> bool + Send + Sync> {
    let terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    let voice = match (global.yes, terminal && !global.no_input && !global.json) {
        (true, _) => Voice::Yes,
        (false, true) => Voice::Person,
        (false, false) => Voice::Nobody,
    };
    let screen = face.screen.clone();
    Arc::new(move |question: &str| match voice {
        Voice::Yes => true,
        Voice::Nobody => false,
        Voice::Person => {
            screen.rest();
            ask(question)
        }
    })
}

fn ask(question: &str) -> bool {
    let mut answer = String::new();
    let asked = write!(anstream::stderr(), "{question} [y/N] ").and_then(|()| std::io::stderr().flush());
    let read = asked.and_then(|()| std::io::stdin().lock().read_line(&mut answer));
    read.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}
