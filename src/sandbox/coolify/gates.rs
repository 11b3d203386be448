//! What stands before every handler: the rate limit, the instance's door, and what the token may do.
//!
//! In this order, after the token itself was looked at (Coolify 4.3.11, observed).

use super::{Reply, message, versions};
use crate::sandbox::world::{CoolifySetup, Door, SimAbility, SimToken, World};
use serde_json::json;

/// How often the health of the instance may be asked in a minute; that limit is its own.
pub(crate) const HEALTH_LIMIT: u64 = 1000;

/// Counts the request in the fixed window of a minute; `None` when the window is full.
pub(crate) fn admit(world: &mut World) -> Option<u64> {
    let (now, setup) = (world.time.boot_ms, &mut world.coolify);
    if now >= setup.rate_window.0 + 60_000 {
        setup.rate_window = (now, 0);
    }
    let remaining = setup.rate_limit.checked_sub(setup.rate_window.1 + 1)?;
    setup.rate_window.1 += 1;
    Some(remaining)
}

/// The 429 of a full window.
pub(crate) fn full(world: &World) -> Reply {
    too_many(world, Some(seconds_to_next_window(world)))
}

fn seconds_to_next_window(world: &World) -> u64 {
    (world.coolify.rate_window.0 + 60_000).saturating_sub(world.time.boot_ms).div_ceil(1000)
}

/// The 429 of the rate limit, with `Retry-After` in seconds where it is given.
pub(crate) fn too_many(world: &World, retry_after: Option<u64>) -> Reply {
    let reply = message(429, "Too Many Attempts.").with("x-ratelimit-remaining", "0");
    let reply = reply.with("x-ratelimit-limit", world.coolify.rate_limit.to_string());
    let Some(seconds) = retry_after else { return reply };
    let reset = u64::try_from(world.time.wall.as_second()).unwrap_or(0) + seconds;
    reply.with("retry-after", seconds.to_string()).with("x-ratelimit-reset", reset.to_string())
}

/// The reply with the headers that tell of the limit.
pub(crate) fn limited(reply: Reply, limit: u64, remaining: u64) -> Reply {
    reply.with("x-ratelimit-limit", limit.to_string()).with("x-ratelimit-remaining", remaining.to_string())
}

/// Whether this token may have this route.
///
/// # Errors
/// The 403; that of a closed door says `success: true`.
pub(crate) fn allowed(setup: &CoolifySetup, method: &str, path: &[&str]) -> Result<(), Reply> {
    let shut = |text| Err(Reply::json(403, &json!({"success": true, "message": text})));
    match setup.door {
        Door::Shut => return shut("API is disabled."),
        Door::Listed => return shut("You are not allowed to access the API."),
        Door::Open => {}
    }
    let (ability, name) = wanted(method, path);
    match &setup.token {
        // Before that it could do what its token says.
        SimToken::OfMember if versions::is_before(setup, [4, 1, 2]) => Ok(()),
        SimToken::OfMember => Err(message(403, "Missing required team role.")),
        SimToken::Limited(abilities) if !abilities.contains(&ability) => {
            Err(message(403, &format!("Missing required permissions: {name}")))
        }
        SimToken::Root | SimToken::Limited(_) | SimToken::Unknown => Ok(()),
    }
}

fn wanted(method: &str, path: &[&str]) -> (SimAbility, &'static str) {
    match (method, path.last()) {
        ("GET" | "HEAD", _) => (SimAbility::Read, "read"),
        ("POST", Some(&("deploy" | "start" | "stop" | "restart" | "cancel"))) => {
            (SimAbility::Deploy, "deploy")
        }
        _ => (SimAbility::Write, "write"),
    }
}
