//! What an answer says about the limits of the API it came from.
//!
//! Coolify speaks of them in `X-RateLimit-Limit`, `-Remaining` and `-Reset` (epoch seconds; on 429 only), Cloudflare in
//! `Ratelimit` and `Ratelimit-Policy`, both in `Retry-After`. What makes no sense counts as not said.

use std::time::Duration;

use http::header::{HeaderMap, RETRY_AFTER};
use http::{Response, StatusCode};
use jiff::Timestamp;

use super::LONGEST;

/// What one answer says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RateLimitHeaders {
    /// How many requests it takes within a window.
    pub limit: Option<usize>,
    /// How long a window is.
    pub window: Option<Duration>,
    /// How many it still takes in this one.
    pub left: Option<u64>,
    /// When the next one begins, from now.
    pub reset: Option<Duration>,
    /// How long it asks us to stay away.
    pub retry_after: Option<Duration>,
    /// Whether it turned the request away for its limit.
    pub turns_away: bool,
}

impl RateLimitHeaders {
    /// What `answer` says, `now` on the wall clock.
    pub(crate) fn of<B>(answer: &Response<B>, now: Timestamp) -> Self {
        let headers = answer.headers();
        let state = items(headers, "ratelimit").min_by_key(|item| number(item, "r").unwrap_or(u64::MAX));
        let policy = items(headers, "ratelimit-policy").max_by_key(|item| number(item, "w"));
        let stated = |name: &str| state.and_then(|item| number(item, name));
        let policed = |name: &str| policy.and_then(|item| number(item, name));
        let left = header(headers, "x-ratelimit-remaining").or_else(|| stated("r"));
        let reset = || Some(Duration::from_secs(stated("t")?));
        let limit = header(headers, "x-ratelimit-limit").or_else(|| policed("q"));
        let window = policed("w").map(Duration::from_secs);
        // Coolify answers 429 also where a server's queue of deployments is full, and says then that there is room.
        let is_full = left.is_none_or(|left| left == 0);
        Self {
            limit: limit.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0),
            window: window.filter(|window| !window.is_zero() && *window <= LONGEST),
            left,
            reset: header(headers, "x-ratelimit-reset").and_then(|at| until(at, now)).or_else(reset),
            retry_after: retry_after(headers, now),
            turns_away: answer.status() == StatusCode::TOO_MANY_REQUESTS && is_full,
        }
    }
}

/// How long a server asks us to wait, in seconds or until a date.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Duration::try_from(date.duration_since(now)).ok()
}

/// The time until `epoch`, in seconds since 1970; nothing where that is past.
fn until(epoch: u64, now: Timestamp) -> Option<Duration> {
    let at = Timestamp::from_second(i64::try_from(epoch).ok()?).ok()?;
    Duration::try_from(at.duration_since(now)).ok()
}

fn header(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// The members of a list such as `"default";r=1199;t=300, "burst";r=9;t=1`.
fn items<'h>(headers: &'h HeaderMap, name: &str) -> impl Iterator<Item = &'h str> {
    let text = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

fn number(item: &str, name: &str) -> Option<u64> {
    let parameters = item.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    parameters.map(|(key, value)| (key.trim(), value.trim())).find(|(key, _)| *key == name)?.1.parse().ok()
}
