//! What a TLS peer showed of itself, as far as a person at a terminal needs it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The leaf certificate of a TLS peer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// DNS names it is good for (subject alternative names), wildcards as written.
    pub names: Vec<String>,
    /// The issuer's common name, or its whole name where it has none.
    pub issuer: String,
    /// Start of validity.
    pub not_before: Timestamp,
    /// End of validity.
    pub not_after: Timestamp,
}

impl Certificate {
    /// Whole days from `now` to the end of validity; negative once expired.
    #[must_use]
    pub fn days_left(&self, now: Timestamp) -> i64 {
        (self.not_after.as_second() - now.as_second()).div_euclid(86_400)
    }

    /// Whether `host` is among the names, a wildcard standing for exactly one label.
    #[must_use]
    pub fn covers(&self, host: &str) -> bool {
        self.names.iter().any(|name| match name.strip_prefix("*.") {
            Some(parent) => host.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(parent)),
            None => name.eq_ignore_ascii_case(host),
        })
    }
}
