//! What was found wrong in a compose text so far.

use std::path::Path;

use crate::error::{Problem, Problems};
use crate::spec::tree::SourcePlace;

/// One compose text under reading, with what was found so far.
pub(crate) struct Findings<'a> {
    file: &'a Path,
    text: &'a str,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

impl<'a> Findings<'a> {
    pub(crate) fn new(file: &'a Path, text: &'a str) -> Self {
        Self { file, text, problems: Vec::new(), warnings: Vec::new() }
    }

    /// Notes something that cannot be sent.
    pub(crate) fn refuse(&mut self, place: SourcePlace, message: impl Into<String>, hint: impl Into<String>) {
        let problem = self.problem(place, message).hint(hint);
        self.problems.push(problem);
    }

    /// Notes something that cannot be sent, about a line that may hold a secret.
    pub(crate) fn refuse_unseen(
        &mut self,
        place: SourcePlace,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        let problem = self.problem(place, message).hint(hint).without_source();
        self.problems.push(problem);
    }

    /// Notes something that is sent all the same; the line itself is not kept.
    pub(crate) fn warn(&mut self, place: SourcePlace, message: impl Into<String>, hint: impl Into<String>) {
        let problem = self.problem(place, message).hint(hint).without_source();
        self.warnings.push(problem);
    }

    fn problem(&self, place: SourcePlace, message: impl Into<String>) -> Problem {
        Problem::at(self.file, self.text, place.line, place.column, message)
    }

    /// The warnings, if nothing was wrong; else all problems in the order of their lines.
    pub(crate) fn finish(mut self) -> Result<Vec<Problem>, Problems> {
        let order = |problem: &Problem| (problem.line, problem.column);
        if self.problems.is_empty() {
            self.warnings.sort_by_key(order);
            return Ok(self.warnings);
        }
        self.problems.sort_by_key(order);
        // An anchor that is wrong is met again wherever an alias stands for it.
        self.problems.dedup();
        Err(Problems(self.problems))
    }
}
