//! Time, from the operating system.

use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};

use crate::net::Clock;

/// `CLOCK_MONOTONIC` stands still during suspend on Linux; on macOS it goes on, and there is no `CLOCK_BOOTTIME`.
#[cfg(target_os = "linux")]
const SINCE_BOOT: ClockId = ClockId::Boottime;
#[cfg(not(target_os = "linux"))]
const SINCE_BOOT: ClockId = ClockId::Monotonic;

/// The operating system's clocks.
#[derive(Debug, Default, Clone, Copy)]
pub struct LiveClock;

#[async_trait]
impl Clock for LiveClock {
    fn wall(&self) -> Timestamp {
        Timestamp::now()
    }

    fn boot(&self) -> Duration {
        Duration::try_from(clock_gettime(SINCE_BOOT)).expect("the time since boot is not negative")
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn boot_id(&self) -> String {
        static BOOT: OnceLock<String> = OnceLock::new();
        BOOT.get_or_init(|| this_boot().unwrap_or_else(a_boot_of_its_own)).clone()
    }
}

#[cfg(target_os = "linux")]
fn this_boot() -> Option<String> {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(id.trim().to_owned()).filter(|id| !id.is_empty())
}

#[cfg(not(target_os = "linux"))]
fn this_boot() -> Option<String> {
    let told =
        std::process::Command::new("/usr/sbin/sysctl").args(["-n", "kern.bootsessionuuid"]).output().ok()?;
    let id = String::from_utf8(told.stdout).ok()?;
    Some(id.trim().to_owned()).filter(|id| !id.is_empty())
}

/// Where the boot has no name: equal to no other, so that nobody is taken for dead or for a neighbour by it.
fn a_boot_of_its_own() -> String {
    format!("unknown-{}", uuid::Uuid::now_v7().simple())
}
