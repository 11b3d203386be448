//! Keeps secrets out of every text on its way to a screen, a journal or a log.

use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;

use super::Secret;
use super::matcher::Matcher;

/// Replaces every secret that it knows by `***`. Clones share what they know.
#[derive(Clone, Default)]
pub struct Redactor {
    known: Arc<RwLock<Known>>,
}

#[derive(Default)]
struct Known {
    values: Vec<Secret>,
    /// `None` until something is redacted after something was learnt: secrets are learnt in a row, and a matcher is
    /// expensive.
    matcher: Option<Matcher>,
}

impl Redactor {
    /// Values shorter than this, in bytes, are hidden only where they stand alone.
    pub const SHORT: usize = Matcher::SHORT;

    /// One that knows `secrets` from the start.
    pub fn knowing<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let redactor = Self::default();
        secrets.into_iter().for_each(|secret| redactor.learn(secret));
        redactor
    }

    /// Hides `secret` from now on.
    pub fn learn(&self, secret: &Secret) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if !secret.expose().is_empty() && !known.values.contains(secret) {
            known.values.push(secret.clone());
            known.matcher = None;
        }
    }

    /// A text that comes from elsewhere, without secrets.
    pub fn redact(&self, text: &str) -> String {
        self.with_matcher(|matcher| matcher.redact(text))
    }

    /// A text of this program's own, without secrets; what it quotes was redacted before.
    pub fn redact_own(&self, text: &str) -> String {
        self.with_matcher(|matcher| matcher.redact_own(text))
    }

    /// A document of this program's own, without secrets in any of its texts.
    pub fn redact_json(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.redact_own(&text)),
            Value::Array(items) => items.into_iter().map(|item| self.redact_json(item)).collect(),
            Value::Object(fields) => {
                fields.into_iter().map(|(key, value)| (key, self.redact_json(value))).collect()
            }
            other => other,
        }
    }

    fn with_matcher<T>(&self, use_it: impl FnOnce(&Matcher) -> T) -> T {
        if let Some(matcher) = &self.known.read().unwrap_or_else(PoisonError::into_inner).matcher {
            return use_it(matcher);
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let Known { values, matcher } = &mut *known;
        use_it(matcher.get_or_insert_with(|| Matcher::new(values.iter().map(Secret::expose))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_learnt_later_is_hidden_by_every_clone() {
        let redactor = Redactor::default();
        let clone = redactor.clone();
        assert_eq!(clone.redact_own("a-long-secret"), "a-long-secret");
        redactor.learn(&Secret::new("a-long-secret"));
        assert_eq!(clone.redact_own("see a-long-secret here"), "see *** here");
    }

    #[test]
    fn a_secret_is_hidden_inside_a_document() {
        let redactor = Redactor::default();
        redactor.learn(&Secret::new("quote\"and-more"));
        let hidden = redactor.redact_json(serde_json::json!({"log": ["x quote\"and-more"], "n": 1}));
        assert_eq!(hidden, serde_json::json!({"log": ["x ***"], "n": 1}));
    }
}
