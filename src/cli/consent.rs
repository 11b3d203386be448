//! Asking a person.

use std::io::{BufRead, IsTerminal, Write};
use std::sync::Arc;

use super::args::Global;
use super::ui::Ui;
use crate::report::Screen;

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

/// Asks; what cannot be asked counts as a no.
pub(crate) struct ConsentPrompt {
    voice: Voice,
    screen: Arc<Screen>,
}

impl ConsentPrompt {
    /// Asks on `face`, as far as the flags allow.
    pub(crate) fn new(global: &Global, face: &Ui) -> Self {
        let terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        let voice = match (global.yes, terminal && !global.no_input && !global.json) {
            (true, _) => Voice::Yes,
            (false, true) => Voice::Person,
            (false, false) => Voice::Nobody,
        };
        Self { voice, screen: face.screen.clone() }
    }

    /// Whether `question` is answered with yes.
    pub(crate) fn agreed(&self, question: &str) -> bool {
        self.answered(&format!("{question} [y/N] "), |answer| {
            matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes")
        })
    }

    /// Whether `question` is answered with `word`, for what cannot be brought back.
    pub(crate) fn typed(&self, question: &str, word: &str) -> bool {
        self.answered(&format!("{question} Type `{word}` to go on: "), |answer| answer == word)
    }

    fn answered(&self, prompt: &str, is_yes: impl Fn(&str) -> bool) -> bool {
        match self.voice {
            Voice::Yes => true,
            Voice::Nobody => false,
            Voice::Person => {
                self.screen.rest();
                ask(prompt).is_some_and(|answer| is_yes(answer.trim()))
            }
        }
    }
}

/// The question as a run asks it.
pub(crate) fn consent(global: &Global, face: &Ui) -> Arc<dyn Fn(&str) -> bool + Send + Sync> {
    let consent = ConsentPrompt::new(global, face);
    Arc::new(move |question: &str| consent.agreed(question))
}

fn ask(prompt: &str) -> Option<String> {
    let mut answer = String::new();
    write!(anstream::stderr(), "{prompt}").and_then(|()| std::io::stderr().flush()).ok()?;
    std::io::stdin().lock().read_line(&mut answer).ok()?;
    Some(answer)
}
