//! How many requests the simulated Cloudflare takes: 1200 in five minutes, then none for five more.

use super::refused;
use crate::sandbox::ask::Reply;
use crate::sandbox::world::World;

/// The window, and the penalty.
const WINDOW_MS: u64 = 300_000;

/// Counts the request; `false` turns it away, and begins the penalty at the first that is one too many.
pub(crate) fn admit(world: &mut World) -> bool {
    let (now, habits) = (world.time.boot_ms, &mut world.cloudflare);
    if now >= habits.rate_window.0 + WINDOW_MS {
        habits.rate_window = (now, 0);
    }
    if habits.rate_window.1 == habits.rate_limit {
        habits.rate_window.0 = now;
    }
    habits.rate_window.1 += 1;
    habits.rate_window.1 <= habits.rate_limit
}

/// The refusal, with its time.
pub(crate) fn too_many(world: &World) -> Reply {
    refused(429, 971, "please wait and consider throttling your request speed")
        .with("retry-after", seconds_left(world).to_string())
}

/// The answer with the two headers that Cloudflare puts on every one.
pub(crate) fn told(world: &World, reply: Reply) -> Reply {
    let habits = &world.cloudflare;
    let left = habits.rate_limit.saturating_sub(habits.rate_window.1);
    reply
        .with("ratelimit", format!("\"default\";r={left};t={}", seconds_left(world)))
        .with("ratelimit-policy", format!("\"default\";q={};w={}", habits.rate_limit, WINDOW_MS / 1000))
}

fn seconds_left(world: &World) -> u64 {
    (world.cloudflare.rate_window.0 + WINDOW_MS).saturating_sub(world.time.boot_ms).div_ceil(1000)
}
