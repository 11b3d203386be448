//! The terminal: lines that stay, and one that moves.
//!
//! Lines go to the standard output, complaints to the standard error. Where the standard error is a terminal, the
//! last line turns while something is waited for. Knows nothing of runs.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::secrets::Redactor;

/// What went well.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// What went wrong.
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
/// What to look at.
pub(crate) const ODD: Style = AnsiColor::Yellow.on_default();
/// What matters less.
pub(crate) const DIM: Style = Style::new().dimmed();
/// What matters most.
pub(crate) const BOLD: Style = Style::new().bold();

/// How often the moving line turns.
const TURN: Duration = Duration::from_millis(100);

pub(crate) fn in_style(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// Whether somebody watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watched {
    /// At a terminal: the last line moves.
    Terminal,
    /// By a file or a pipe: plain lines only.
    Plain,
}

/// Where lines go.
pub struct Screen {
    redactor: Redactor,
    moving: Option<ProgressBar>,
}

impl Screen {
    /// The process's own terminal.
    pub fn new(redactor: Redactor) -> Self {
        let both = std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
        let moving = both.then(|| ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()));
        if let Some(bar) = &moving {
            let style = ProgressStyle::with_template("  {spinner} {msg} {elapsed:.dim}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        }
        Self { redactor, moving }
    }

    /// Whether the last line moves.
    pub fn watched(&self) -> Watched {
        if self.moving.is_some() { Watched::Terminal } else { Watched::Plain }
    }

    /// Puts a line that stays.
    pub fn line(&self, text: &str) {
        // A closed pipe is the reader's choice; the run goes on and the journal has it all.
        self.still(|| drop(writeln!(anstream::stdout(), "{}", self.redactor.redact_own(text))));
    }

    /// Puts a complaint.
    pub fn complain(&self, text: &str) {
        self.still(|| drop(writeln!(anstream::stderr(), "{}", self.redactor.redact_own(text))));
    }

    /// Says what is being waited for, on a terminal.
    pub fn wait(&self, text: &str) {
        let Some(bar) = &self.moving else { return };
        let text = self.redactor.redact_own(text);
        if bar.message() != text {
            bar.reset_elapsed();
            bar.set_message(text);
        }
        bar.enable_steady_tick(TURN);
    }

    /// Takes the moving line away.
    pub fn rest(&self) {
        if let Some(bar) = &self.moving {
            bar.disable_steady_tick();
            bar.finish_and_clear();
            bar.reset();
        }
    }

    fn still(&self, print: impl FnOnce()) {
        match &self.moving {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }
}
