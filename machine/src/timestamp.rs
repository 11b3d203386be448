//! A moment that survives the process: read on two clocks, so that a jump of the wall clock or a reboot
//! does not shorten a wait.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// When something happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DualTimestamp {
    /// Milliseconds since 1970, by the wall clock.
    pub wall_ms: u64,
    /// Milliseconds since the machine came up, suspend included.
    #[serde(rename = "boot_ms")]
    pub monotonic_ms: u64,
    pub boot: String,
}

impl DualTimestamp {
    /// Time from `self` to `now`: by the steady clock within one boot, else by the wall clock and never less
    /// than nothing.
    #[must_use]
    pub fn until(&self, now: &Self) -> Duration {
        let passed_ms = if self.boot == now.boot {
            now.monotonic_ms.saturating_sub(self.monotonic_ms)
        } else {
            now.wall_ms.saturating_sub(self.wall_ms)
        };
        Duration::from_millis(passed_ms)
    }
}
