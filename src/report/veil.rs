//! What every text passes on its way out: a mask that learns new secrets while a run goes on.

use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;

use crate::secrets::{Mask, Secret};

/// Hides the secrets it has learnt. Clones share what they know.
#[derive(Clone)]
pub struct Veil {
    known: Arc<RwLock<Known>>,
}

struct Known {
    values: Vec<Secret>,
    mask: Mask,
}

impl Default for Veil {
    fn default() -> Self {
        let known = Known { values: Vec::new(), mask: Mask::new(Vec::<String>::new()) };
        Self { known: Arc::new(RwLock::new(known)) }
    }
}

impl Veil {
    /// Hides `secret` from now on.
    pub fn learn(&self, secret: &Secret) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if secret.expose().is_empty() || known.values.contains(secret) {
            return;
        }
        known.values.push(secret.clone());
        known.mask = Mask::new(known.values.iter().map(Secret::expose));
    }

    /// The text without secrets.
    pub fn hide(&self, text: &str) -> String {
        self.known.read().unwrap_or_else(PoisonError::into_inner).mask.mask(text)
    }

    /// The document without secrets in any of its texts.
    pub fn hide_in(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.hide(&text)),
            Value::Array(items) => items.into_iter().map(|item| self.hide_in(item)).collect(),
            Value::Object(fields) => {
                fields.into_iter().map(|(key, value)| (key, self.hide_in(value))).collect()
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_learnt_later_is_hidden_by_every_clone() {
        let veil = Veil::default();
        let clone = veil.clone();
        assert_eq!(clone.hide("a-long-secret"), "a-long-secret");
        veil.learn(&Secret::new("a-long-secret"));
        assert_eq!(clone.hide("see a-long-secret here"), "see *** here");
    }

    #[test]
    fn a_secret_is_hidden_inside_a_document() {
        let veil = Veil::default();
        veil.learn(&Secret::new("quote\"and-more"));
        let hidden = veil.hide_in(serde_json::json!({"log": ["x quote\"and-more"], "n": 1}));
        assert_eq!(hidden, serde_json::json!({"log": ["x ***"], "n": 1}));
    }
}
