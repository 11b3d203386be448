//! A clock whose waiting is seen, and ends when somebody asks to stop.
//!
//! The ports know nothing of onlookers; a read that waits for an API does so by the clock it was given, which is this
//! one. Sleeping is left as it is: who sleeps here looks up by itself ([`RunContext::pause`](super::context::RunContext::pause)).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::context::Cancel;
use super::event::{Event, EventSink};
use crate::net::{Clock, Ports};

/// A shorter wait is over before anybody has read of it.
const WORTH_SAYING: Duration = Duration::from_secs(2);

/// A clock with somebody beside it.
pub struct InterruptibleClock {
    clock: Arc<dyn Clock>,
    listener: Arc<dyn EventSink>,
    cancel: Cancel,
}

impl InterruptibleClock {
    /// The same outside, with `listener` told of its waiting and `cancel` ending it.
    #[must_use]
    pub fn over(ports: Ports, listener: Arc<dyn EventSink>, cancel: Cancel) -> Ports {
        let clock = ports.clock;
        Ports { clock: Arc::new(Self { clock, listener, cancel }), ..ports }
    }
}

#[async_trait]
impl Clock for InterruptibleClock {
    fn wall(&self) -> Timestamp {
        self.clock.wall()
    }

    fn boot(&self) -> Duration {
        self.clock.boot()
    }

    async fn sleep(&self, duration: Duration) {
        self.clock.sleep(duration).await;
    }

    async fn wait(&self, what: &str, duration: Duration) -> bool {
        if duration >= WORTH_SAYING {
            self.listener.emit(&Event::Waiting { step: "api", what: what.to_owned() });
        }
        self.cancel.spares(self.clock.sleep(duration)).await
    }

    fn boot_id(&self) -> String {
        self.clock.boot_id()
    }
}
