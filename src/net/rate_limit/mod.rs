//! How many requests an API still takes: a bucket of tokens, each back one whole window after it was taken.
//!
//! A bucket that fills up steadily would let almost twice its size through within one window of the API's, whose
//! beginning we do not know. Tokens that stay away for a window never do, wherever it begins. What the API says of
//! itself counts beside them, for others may draw on the same limit. Pure: does not send, wait or read a clock.

mod headers;
mod meter;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

pub(crate) use headers::RateLimitHeaders;
pub(super) use headers::retry_after;
pub use meter::Budgets;

/// The longest that an API can keep us away at a time, whatever it says.
const LONGEST: Duration = Duration::from_secs(300);
/// The longest that we stay away from an API that does not say for how long.
const UNSAID: Duration = Duration::from_secs(60);

/// What an API takes from one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// So many requests …
    pub requests: usize,
    /// … within so long.
    pub window: Duration,
}

/// Room for one request, taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ApiToken(u64);

/// What one API still takes. Times are readings of [`Clock::boot`](super::Clock::boot).
#[derive(Debug)]
pub(crate) struct Budget {
    allowance: Allowance,
    /// When the tokens that are not back yet were taken, oldest first.
    away: VecDeque<Duration>,
    /// How many were taken, ever.
    taken: u64,
    told: Option<Told>,
    closed_until: Duration,
}

/// What the API last said it still takes.
#[derive(Debug)]
struct Told {
    left: u64,
    /// The number of the request it said so to; later ones may not be counted in it.
    after: u64,
    until: Duration,
}

impl Budget {
    /// A full one.
    pub(crate) fn new(allowance: Allowance) -> Self {
        Self { allowance, away: VecDeque::new(), taken: 0, told: None, closed_until: Duration::ZERO }
    }

    /// Takes room for one request, if `spare` more would be left.
    ///
    /// # Errors
    /// For how long there is none.
    pub(crate) fn take(&mut self, now: Duration, spare: usize) -> Result<ApiToken, Duration> {
        let pause = self.full_until(now, spare).saturating_sub(now);
        if !pause.is_zero() {
            return Err(pause);
        }
        self.away.push_back(now);
        self.taken += 1;
        Ok(ApiToken(self.taken))
    }

    fn full_until(&mut self, now: Duration, spare: usize) -> Duration {
        let Allowance { requests, window } = self.allowance;
        while self.away.front().is_some_and(|taken| *taken + window <= now) {
            self.away.pop_front();
        }
        // Of a small limit, half must do.
        let wanted = 1 + spare.min(requests / 2);
        let missing = (self.away.len() + wanted).saturating_sub(requests);
        let back =
            missing.checked_sub(1).and_then(|newest| self.away.get(newest)).map(|taken| *taken + window);
        let told = self.told.as_ref().filter(|told| told.left < self.taken - told.after + wanted as u64);
        let told = told.map(|told| told.until);
        self.closed_until.max(back.unwrap_or_default()).max(told.unwrap_or_default())
    }

    /// Learns from the answer to the request that `token` was taken for.
    pub(crate) fn learn(&mut self, token: ApiToken, word: &RateLimitHeaders, now: Duration) {
        self.allowance.requests = word.limit.unwrap_or(self.allowance.requests);
        self.allowance.window = word.window.unwrap_or(self.allowance.window);
        let is_newest = self.told.as_ref().is_none_or(|told| told.after <= token.0);
        if let Some(left) = word.left.filter(|_| is_newest) {
            let until = now + word.reset.unwrap_or(self.allowance.window).min(LONGEST);
            self.told = Some(Told { left, after: token.0, until });
        }
        if word.turns_away {
            let asked = word.retry_after.or(word.reset).filter(|pause| !pause.is_zero());
            let pause =
                asked.map_or_else(|| self.rest_of_window(now).min(UNSAID), |asked| asked.min(LONGEST));
            self.closed_until = self.closed_until.max(now + pause);
        }
    }

    // The API's window ends no later than ours if nobody else draws on it, so this is long enough or nearly so.
    fn rest_of_window(&self, now: Duration) -> Duration {
        let began = self.away.front().copied().unwrap_or(now);
        (began + self.allowance.window).saturating_sub(now)
    }
}
