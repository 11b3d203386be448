//! Why nothing was attempted, and what to do about it.

use std::fmt;

use crate::error::{Problem, Problems};
use crate::journal::StoreError;
use crate::providers::ReadError;

/// Something in the way of a run that has not begun to change anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocker {
    /// What is in the way.
    pub message: String,
    /// What to do; empty where the message says it all.
    pub hint: String,
    /// Where in a file it stands, if it stands in one; the words of this problem are those above.
    place: Option<Box<Problem>>,
}

impl Blocker {
    /// An obstacle with a way around it.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into(), place: None }
    }

    /// The problem in a file that it is, with today's words; none where it is about no file.
    pub fn problem(&self) -> Option<Problem> {
        let place = self.place.as_deref()?.clone();
        let hint = Some(self.hint.clone()).filter(|hint| !hint.is_empty());
        Some(Problem { message: self.message.clone(), hint, ..place })
    }
}

/// One line, with the place where there is one.
impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{}", place.place())?;
            f.write_str(": ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Blocker {}

impl From<Problem> for Blocker {
    fn from(problem: Problem) -> Self {
        Self {
            message: problem.message.clone(),
            hint: problem.hint.clone().unwrap_or_default(),
            place: Some(Box::new(problem)),
        }
    }
}

/// Each problem is an obstacle of its own.
impl From<Problems> for Vec<Blocker> {
    fn from(Problems(problems): Problems) -> Self {
        problems.into_iter().map(Blocker::from).collect()
    }
}

impl From<StoreError> for Blocker {
    fn from(error: StoreError) -> Self {
        let hint = error.hint();
        Self::new(error.to_string(), hint)
    }
}

impl From<ReadError> for Blocker {
    fn from(trouble: ReadError) -> Self {
        let hint = trouble.hint();
        Self::new(trouble.to_string(), hint)
    }
}
