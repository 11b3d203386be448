//! A clock that only moves when told to, and a resolver that knows no name, for the tests of this crate's lower layers.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Answer, Clock, Question, ResolveError, Resolver};

/// Stands still until it is moved; sleeping moves it.
#[derive(Debug, Default)]
pub(crate) struct SimulatedClock {
    passed: Mutex<Duration>,
}

impl SimulatedClock {
    /// Lets `duration` pass.
    pub(crate) fn advance(&self, duration: Duration) {
        *self.passed.lock().unwrap_or_else(PoisonError::into_inner) += duration;
    }
}

#[async_trait]
impl Clock for SimulatedClock {
    fn wall(&self) -> Timestamp {
        let noon = Timestamp::from_second(1_800_000_000).expect("2027 is in range");
        noon + jiff::SignedDuration::try_from(self.boot()).expect("tests last hours at most")
    }

    fn boot(&self) -> Duration {
        *self.passed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn sleep(&self, duration: Duration) {
        self.advance(duration);
    }
}

/// Knows no name.
pub(crate) struct NoNames;

#[async_trait]
impl Resolver for NoNames {
    async fn ask(&self, _: &Question) -> Result<Vec<Answer>, ResolveError> {
        Err(ResolveError::Nothing)
    }
}
