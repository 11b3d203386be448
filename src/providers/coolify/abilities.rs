//! What a token may do, found out without doing anything.
//!
//! Each probe is a call that cannot succeed: the token's abilities are looked at before the request is (Coolify 4.3.11,
//! observed: 403 without the ability, 400 with it).

use http::Method;
use serde_json::Value;

use super::{API, COOLIFY, Coolify, outcome};
use crate::net::patience::BEFORE_FIRST_ANSWER;
use crate::providers::ReadError;

/// Whether a token has an ability.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ability {
    Has,
    /// It has not; in Coolify's words.
    Lacks(String),
    /// The answer says neither.
    Unclear(String),
}

impl Coolify {
    /// Whether the token may make, change and delete resources.
    ///
    /// # Errors
    /// [`ReadError::TokenRefused`] for a token that is not let in at all, [`ReadError::Unreachable`].
    pub async fn may_write(&self) -> Result<Ability, ReadError> {
        self.probe(Method::PATCH, "/projects/none").await
    }

    /// Whether the token may start and stop apps.
    ///
    /// # Errors
    /// As [`may_write`](Self::may_write).
    pub async fn may_deploy(&self) -> Result<Ability, ReadError> {
        self.probe(Method::POST, "/deploy").await
    }

    /// How far this machine's clock is from Coolify's, in seconds; positive where this one is ahead. Needs no token.
    ///
    /// # Errors
    /// [`ReadError`] when Coolify does not answer, or without a date.
    pub async fn skew(&self) -> Result<i64, ReadError> {
        let response = self.get_raw("/health").await?;
        let date = response.headers().get(http::header::DATE).and_then(|date| date.to_str().ok());
        let theirs = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
        let theirs = theirs.ok_or_else(|| super::unreadable("the date of an answer"))?.timestamp();
        Ok(self.ports.clock.wall().as_second() - theirs.as_second())
    }

    async fn probe(&self, method: Method, path: &str) -> Result<Ability, ReadError> {
        let mut request = self.write(method, path, &Value::Null, COOLIFY).request;
        request.timeout = BEFORE_FIRST_ANSWER;
        let sent = self.ports.transport.send(request).await;
        let response = sent.map_err(|error| ReadError::unreachable(API, &error))?.http;
        let status = response.status().as_u16();
        let body = serde_json::from_slice(response.body()).unwrap_or_default();
        let words = outcome::words(status, &body);
        match status {
            403 if is_about_an_ability(&words) => Ok(Ability::Lacks(words)),
            401 | 403 => Err(ReadError::TokenRefused { api: API, reason: words }),
            _ if outcome::is_no_such_call(status, &body) => Ok(Ability::Unclear(words)),
            200..=299 | 400 | 404 | 422 => Ok(Ability::Has),
            _ => Ok(Ability::Unclear(words)),
        }
    }
}

/// Whether Coolify's words about a 403 say that the token lacks an ability. The other 403s stand before all calls: the
/// API is off, the caller's address is not listed, the user is no admin.
pub(crate) fn is_about_an_ability(words: &str) -> bool {
    words.starts_with("403 Missing required permissions")
}

/// What to do about a token that is not let in, from Coolify's words.
pub(crate) fn advice(words: &str) -> &'static str {
    const ADVICE: [(&str, &str); 4] = [
        ("API is disabled", "switch the API on in the Coolify at COOLIFY_API_URL (Settings, Advanced)"),
        (
            "not allowed to access",
            "add this machine's address to the allowed ones in the Coolify at COOLIFY_API_URL (Settings, Advanced)",
        ),
        ("team role", "the user of COOLIFY_API_TOKEN must be an admin or the owner of its team"),
        (
            "401",
            "COOLIFY_API_TOKEN is not a token of the instance at COOLIFY_API_URL, or it has expired: make a new \
             one (Keys & Tokens)",
        ),
    ];
    let meant = ADVICE.iter().find(|(said, _)| words.contains(said));
    meant.map_or(
        "make a token with read, write and deploy for COOLIFY_API_TOKEN (Keys & Tokens)",
        |(_, advice)| advice,
    )
}
