//! Time: what o'clock it is, how long the machine has been up, and waiting.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

/// Tells and spends time.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The wall clock; may jump both ways, so it is for showing and for ownership tags of time only.
    fn wall(&self) -> Timestamp;

    /// Time since some fixed point; never runs backwards and counts suspend. Deadlines use this.
    fn boot(&self) -> Duration;

    /// Lets `duration` pass.
    async fn sleep(&self, duration: Duration);

    /// Lets `duration` pass for a request that waits for `what`; `false` calls the request off.
    async fn wait(&self, _what: &str, duration: Duration) -> bool {
        self.sleep(duration).await;
        true
    }

    /// Names the boot that [`boot`](Self::boot) counts from.
    fn boot_id(&self) -> String {
        "simulated".to_owned()
    }
}
