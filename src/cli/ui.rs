//! How a command talks: to a person, or to a program.

use std::sync::Arc;

use serde_json::Value;

use super::args::Global;
use crate::engine::event::{EventSink, NullSink};
use crate::plan::Blocker;
use crate::report::{JsonReporter, Screen, Summary, TextReporter};
use crate::secrets::Redactor;

/// The two onlookers, of which one is at work.
#[derive(Clone)]
pub(crate) struct Ui {
    /// What all texts pass.
    pub redactor: Redactor,
    /// The terminal.
    pub screen: Arc<Screen>,
    /// Tells people.
    pub human: Arc<TextReporter>,
    /// Tells programs, if they listen.
    pub json: Option<Arc<JsonReporter>>,
    quiet: bool,
}

impl Ui {
    /// As the flags ask.
    pub(crate) fn new(global: &Global) -> Self {
        let redactor = Redactor::default();
        let screen = Arc::new(Screen::new(redactor.clone()));
        let human = Arc::new(TextReporter::new(screen.clone(), redactor.clone()));
        let json = global.json.then(|| Arc::new(JsonReporter::new(redactor.clone())));
        Self { redactor, screen, human, json, quiet: global.quiet }
    }

    /// Who hears of a run.
    pub(crate) fn listener(&self) -> Arc<dyn EventSink> {
        match &self.json {
            Some(json) => json.clone(),
            None if self.quiet => Arc::new(Muted(self.human.clone())),
            None => self.human.clone(),
        }
    }

    /// Says something that only people want to know.
    pub(crate) fn say(&self, text: &str) {
        if self.json.is_none() && !self.quiet {
            self.screen.line(text);
        }
    }

    /// Puts lines, or a document for programs.
    pub(crate) fn show(&self, lines: &[String], document: impl FnOnce() -> Value) {
        match &self.json {
            Some(_) => self.screen.line(&document().to_string()),
            None => lines.iter().for_each(|line| self.screen.line(line)),
        }
    }

    /// Tells how a run ended; gives its exit code.
    pub(crate) fn end(&self, ending: &Summary) -> u8 {
        self.screen.rest();
        let good = ending.exit == crate::report::exit::DONE;
        match &self.json {
            Some(json) => {
                json.ended(ending.run.clone(), ending.fields());
                if !good {
                    ending.lines.iter().for_each(|line| self.screen.complain(line));
                }
            }
            None if good => ending.lines.iter().for_each(|line| self.screen.line(line)),
            None => ending.lines.iter().for_each(|line| self.screen.complain(line)),
        }
        ending.exit
    }

    /// Tells why nothing was attempted; gives the exit code.
    pub(crate) fn refuse(&self, blockers: &[Blocker]) -> u8 {
        self.end(&Summary::refused(blockers))
    }
}

/// Learns what to hide and tells nothing.
struct Muted(Arc<TextReporter>);

impl EventSink for Muted {
    fn emit(&self, event: &crate::engine::event::Event) {
        NullSink.emit(event);
    }

    fn hide(&self, secret: &crate::secrets::Secret) {
        self.0.hide(secret);
    }
}
