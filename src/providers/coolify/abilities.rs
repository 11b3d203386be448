//! What a token may do, found out without doing anything.
//!
//! Each probe is a write that cannot succeed: the ability is looked at before the request is (Coolify 4.3.11: 403
//! without the ability, 400 or 404 with it).

use http::Method;
use serde_json::Value;

use super::{API, COOLIFY, Coolify, answer};
use crate::providers::Trouble;

/// Whether a token has an ability.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ability {
    /// It has.
    Has,
    /// It has not; in Coolify's words.
    Lacks(String),
    /// The answer says neither.
    Unclear(String),
}

impl Coolify {
    /// Whether the token may start and stop apps.
    ///
    /// # Errors
    /// [`Trouble::Unreachable`].
    pub async fn may_deploy(&self) -> Result<Ability, Trouble> {
        self.probe(Method::POST, "/deploy").await
    }

    /// Whether the token may make, change and delete things.
    ///
    /// # Errors
    /// [`Trouble::Unreachable`].
    pub async fn may_write(&self) -> Result<Ability, Trouble> {
        self.probe(Method::PATCH, "/projects/none").await
    }

    /// How far this machine's clock is from Coolify's, in seconds; positive where this one is ahead.
    ///
    /// # Errors
    /// [`Trouble`] when Coolify does not answer, or without a date.
    pub async fn skew(&self) -> Result<i64, Trouble> {
        let response = self.get_raw("/version").await?;
        let date = response.headers().get(http::header::DATE).and_then(|date| date.to_str().ok());
        let theirs = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
        let theirs = theirs.ok_or_else(|| super::unreadable("the date of an answer"))?.timestamp();
        Ok(self.outside.clock.wall().as_second() - theirs.as_second())
    }

    async fn probe(&self, method: Method, path: &str) -> Result<Ability, Trouble> {
        let call = self.write(method, path, &Value::Null, COOLIFY);
        let sent = self.outside.transport.send(call.request).await;
        let response =
            sent.map_err(|error| Trouble::Unreachable { api: API, reason: error.to_string() })?.http;
        let status = response.status().as_u16();
        let words = answer::words(status, &serde_json::from_slice(response.body()).unwrap_or_default());
        Ok(match status {
            400 | 404 | 422 => Ability::Has,
            401 | 403 => Ability::Lacks(words),
            _ => Ability::Unclear(words),
        })
    }
}
