//! What every text passes on its way out: a mask that learns new secrets while a run goes on.

use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;

use crate::secrets::{Mask, Secret};

/// Hides the secrets it has learnt. Clones share what they know.
#[derive(Clone, Default)]
pub struct Veil {
    known: Arc<RwLock<Known>>,
}

#[derive(Default)]
struct Known {
    values: Vec<Secret>,
    /// `None` until something is hidden after something was learnt: secrets are learnt in a row, and a mask is dear.
    mask: Option<Mask>,
}

impl Veil {
    /// Hides `secret` from now on.
    pub fn learn(&self, secret: &Secret) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if !secret.expose().is_empty() && !known.values.contains(secret) {
            known.values.push(secret.clone());
            known.mask = None;
        }
    }

    /// The text without secrets.
    pub fn hide(&self, text: &str) -> String {
        if let Some(mask) = &self.known.read().unwrap_or_else(PoisonError::into_inner).mask {
            return mask.mask_own(text);
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let Known { values, mask } = &mut *known;
        mask.get_or_insert_with(|| Mask::new(values.iter().map(Secret::expose))).mask_own(text)
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
