//! Why nothing was attempted, and what to do about it.

use crate::providers::Trouble;
use crate::store::StoreError;

/// Something in the way of a run that has not begun to change anything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Obstacle {
    /// What is in the way.
    pub message: String,
    /// What to do; empty where the message says it all.
    pub hint: String,
}

impl Obstacle {
    /// An obstacle with a way around it.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }
}

impl From<StoreError> for Obstacle {
    fn from(error: StoreError) -> Self {
        let hint = error.hint();
        Self::new(error.to_string(), hint)
    }
}

impl From<Trouble> for Obstacle {
    fn from(trouble: Trouble) -> Self {
        let hint = match &trouble {
            Trouble::NoToken { .. } => "set it in the environment or in `.env`".to_owned(),
            Trouble::TokenRefused { api, .. } => format!("give a {api} token that may do this"),
            Trouble::Unreachable { .. } => "try again when it answers".to_owned(),
            Trouble::Refused { .. } | Trouble::Unintelligible { .. } | Trouble::Elsewhere { .. } => {
                String::new()
            }
        };
        Self::new(trouble.to_string(), hint)
    }
}
