//! The simulated clock: stands still until somebody sleeps.
//!
//! Moves time and hands each event its moment. What the events do is in `events`.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::events::{self, Job, SimEvent};
use super::world::World;

/// What o'clock it is in a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Time {
    /// The wall clock; a test may set it to jump.
    pub wall: Timestamp,
    /// Milliseconds since some fixed point; events are due on this one.
    pub boot_ms: u64,
}

impl Time {
    /// An hour after a simulated boot, at `wall`.
    pub fn starting(wall: Timestamp) -> Self {
        Self { wall, boot_ms: 3_600_000 }
    }

    fn move_to(&mut self, boot_ms: u64) {
        let step = boot_ms.saturating_sub(self.boot_ms);
        self.boot_ms += step;
        let step = SignedDuration::from_millis(i64::try_from(step).unwrap_or(i64::MAX));
        self.wall = self.wall.saturating_add(step).unwrap_or(Timestamp::MAX);
    }
}

impl World {
    /// Lets `duration` pass; what falls due on the way happens in order, at its time.
    pub fn pass(&mut self, duration: Duration) {
        let until = self.time.boot_ms.saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX));
        while let Some(job) = self.take_due(until) {
            self.time.move_to(job.due_ms);
            events::happen(self, job.event);
        }
        self.time.move_to(until);
    }

    /// Makes `event` happen `ms` milliseconds from now.
    pub(super) fn later(&mut self, ms: u64, event: SimEvent) {
        let number = self.number();
        self.jobs.push(Job { due_ms: self.time.boot_ms + ms, number, event });
    }

    fn take_due(&mut self, until: u64) -> Option<Job> {
        let (at, job) = self.jobs.iter().enumerate().min_by_key(|(_, job)| (job.due_ms, job.number))?;
        (job.due_ms <= until).then_some(at).map(|at| self.jobs.swap_remove(at))
    }
}
