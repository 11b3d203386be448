//! The simulated Cloudflare API, read from its published facts.
//!
//! Envelope, credentials and routes. Zones are in `zones`, records in `listing` (reading) and `change`
//! (writing). Any bearer token is good, for every zone unless the world limits it.

mod change;
mod limit;
mod listing;
mod normal;
mod quirks;
mod ranges;
mod zones;

use serde_json::{Value, json};

use super::ask::{Ask, Credentials, Reply};
use super::records::{Record, SimZone};
use super::world::World;

pub(crate) use listing::shadows;
pub(crate) use quirks::CloudflareQuirks;
pub use quirks::{Quirk, Setup};
use zones::with_id as zone;
pub(crate) use zones::{ascii, named};

/// An answer, or a refusal ready to be sent.
type Answer = Result<Reply, Reply>;

/// Answers one request to `api.cloudflare.com`.
pub(crate) fn answer(world: &mut World, ask: &Ask) -> Reply {
    let path: Vec<&str> = ask.path.split('/').filter(|part| !part.is_empty()).collect();
    let Some(path) = path.strip_prefix(&["client", "v4"]) else { return no_route() };
    if path == ["ips"] {
        return ranges::ips();
    }
    match ask.credentials {
        Credentials::Missing => return refused(400, 9106, "missing authentication headers"),
        Credentials::Malformed => return malformed_header(),
        Credentials::Bearer => {}
    }
    let reply = admitted(world).and_then(|()| route(world, ask, path));
    limit::told(world, reply.unwrap_or_else(|refusal| refusal))
}

fn admitted(world: &mut World) -> Result<(), Reply> {
    if !limit::admit(world) {
        return Err(limit::too_many(world));
    }
    if world.cloudflare.penalty_until_ms > world.time.boot_ms {
        return Err(throttled(world));
    }
    match world.cloudflare.refusals.checked_sub(1) {
        Some(left) => {
            world.cloudflare.refusals = left;
            Err(zones::unauthorized())
        }
        None => Ok(()),
    }
}

fn route(world: &mut World, ask: &Ask, path: &[&str]) -> Answer {
    match (ask.method.as_str(), path) {
        ("GET", ["user", "tokens", "verify"]) if world.cloudflare.has(Quirk::AccountToken) => {
            Err(refused(401, 1000, "Invalid API Token"))
        }
        ("GET", ["user" | "accounts", .., "tokens", "verify"]) => Ok(verified(world)),
        ("GET", ["zones"]) => zones::list(world, ask),
        ("GET", ["zones", id]) => Ok(done(&zones::shown(&zone(world, id)?))),
        ("GET", ["zones", id, "settings", "ssl"]) => zones::ssl(world, &zone(world, id)?),
        ("GET", ["zones", id, "dns_records"]) => listing::list(world, &zone(world, id)?, ask),
        ("GET", ["zones", id, "dns_records", "usage"]) => Ok(zones::usage(world, &zone(world, id)?)),
        ("POST", ["zones", id, "dns_records"]) => change::create(world, &zone(world, id)?, ask),
        ("GET", ["zones", id, "dns_records", record]) => {
            Ok(done(&listing::shown(world, find(world, &zone(world, id)?, record)?)))
        }
        ("PATCH", ["zones", id, "dns_records", record]) => {
            change::patch(world, &zone(world, id)?, record, ask)
        }
        ("PUT", ["zones", id, "dns_records", record]) => change::put(world, &zone(world, id)?, record, ask),
        ("DELETE", ["zones", id, "dns_records", record]) => change::delete(world, &zone(world, id)?, record),
        _ => Err(no_route()),
    }
}

/// A successful answer with its result.
fn done(result: &Value) -> Reply {
    Reply::json(200, &json!({"success": true, "errors": [], "messages": [], "result": result}))
}

/// A refusal with one code.
pub(crate) fn refused(status: u16, code: u32, message: &str) -> Reply {
    let errors = json!([{"code": code, "message": message}]);
    Reply::json(status, &json!({"success": false, "errors": errors, "messages": [], "result": null}))
}

/// Turns a request away, and what follows it for as long as the penalty lasts.
pub(crate) fn too_many(world: &mut World, retry_after: Option<u64>) -> Reply {
    world.cloudflare.penalty_until_ms = world.time.boot_ms + world.cloudflare.penalty_ms;
    match retry_after {
        Some(seconds) => throttled(world).with("retry-after", seconds.to_string()),
        None => throttled(world),
    }
}

fn throttled(world: &World) -> Reply {
    let words = "please wait and consider throttling your request speed";
    refused(429, world.cloudflare.throttle_code, words)
}

fn no_route() -> Reply {
    refused(404, 7003, "could not route the request; is the object identifier right?")
}

/// Header errors still nest their cause.
fn malformed_header() -> Reply {
    let chain = json!([{"code": 6111, "message": "invalid format for Authorization header"}]);
    let errors = json!([{"code": 6003, "message": "invalid request headers", "error_chain": chain}]);
    Reply::json(400, &json!({"success": false, "errors": errors, "messages": [], "result": null}))
}

/// The message bears the code that elsewhere means an authentication error.
fn verified(world: &World) -> Reply {
    let id = super::world::hex(&super::world::digest(&[b"token", &world.seed.to_be_bytes()])[..16]);
    let messages = json!([{"code": 10000, "message": "This API Token is valid and active"}]);
    let result = json!({"id": id, "status": "active"});
    Reply::json(200, &json!({"success": true, "errors": [], "messages": messages, "result": result}))
}

fn find<'a>(world: &'a World, zone: &SimZone, id: &str) -> Result<&'a Record, Reply> {
    if id.len() != 32 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(no_route());
    }
    let found = world.records.iter().find(|record| record.zone == zone.id && record.id == id);
    found.ok_or_else(|| refused(404, 81044, "record does not exist"))
}

/// One page of a list, with `result_info`.
fn paged(ask: &Ask, items: &[Value], per_page: usize) -> Reply {
    let number =
        |name: &str, default: usize| ask.query(name).and_then(|it| it.parse().ok()).unwrap_or(default).max(1);
    let (page, per_page) = (number("page", 1), number("per_page", per_page));
    let shown: Vec<&Value> = items.iter().skip((page - 1).saturating_mul(per_page)).take(per_page).collect();
    let info = json!({
        "page": page,
        "per_page": per_page,
        "count": shown.len(),
        "total_count": items.len(),
        "total_pages": items.len().div_ceil(per_page).max(1),
    });
    let body = json!({"success": true, "errors": [], "messages": [], "result": shown, "result_info": info});
    Reply::json(200, &body)
}
