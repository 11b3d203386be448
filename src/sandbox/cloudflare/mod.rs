//! The pretend Cloudflare API, read from its published facts.
//!
//! Envelope, credentials and routes. Records are in `records` (reading) and `change` (writing). Any bearer
//! token is good, for every zone.

mod change;
mod limit;
mod listing;
mod normal;

use serde_json::{Value, json};

use super::ask::{Ask, Credentials, Reply};
use super::records::{Record, Zone};
use super::resolver::NAME_SERVERS;
use super::world::World;

/// An answer, or a refusal ready to be sent.
type Answer = Result<Reply, Reply>;

/// Answers one request to `api.cloudflare.com`.
pub fn answer(world: &mut World, ask: &Ask) -> Reply {
    let path: Vec<&str> = ask.path.split('/').filter(|part| !part.is_empty()).collect();
    let Some(path) = path.strip_prefix(&["client", "v4"]) else { return no_route() };
    if path == ["ips"] {
        return ips();
    }
    match ask.credentials {
        Credentials::Missing => return refused(400, 9106, "missing authentication headers"),
        Credentials::Malformed => return malformed_header(),
        Credentials::Bearer => {}
    }
    let is_admitted = limit::admit(world);
    let reply = if is_admitted { route(world, ask, path) } else { Err(limit::too_many(world)) };
    limit::told(world, reply.unwrap_or_else(|refusal| refusal))
}

fn route(world: &mut World, ask: &Ask, path: &[&str]) -> Answer {
    match (ask.method.as_str(), path) {
        ("GET", ["user", "tokens", "verify"]) => Ok(verified(world)),
        ("GET", ["zones"]) => Ok(zones(world, ask)),
        ("GET", ["zones", id]) => Ok(done(&shown_zone(&zone(world, id)?))),
        ("GET", ["zones", id, "dns_records"]) => Ok(listing::list(world, &zone(world, id)?, ask)),
        ("POST", ["zones", id, "dns_records"]) => change::create(world, &zone(world, id)?, ask),
        ("GET", ["zones", id, "dns_records", record]) => {
            Ok(done(&listing::shown(find(world, &zone(world, id)?, record)?)))
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
pub fn refused(status: u16, code: u32, message: &str) -> Reply {
    let errors = json!([{"code": code, "message": message}]);
    Reply::json(status, &json!({"success": false, "errors": errors, "messages": [], "result": null}))
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

/// Every two-label name that is asked for is a zone; without a name, those that were asked for before.
fn zones(world: &mut World, ask: &Ask) -> Reply {
    let zones: Vec<Zone> = match ask.query("name") {
        Some(name) => named(world, name.strip_prefix("equal:").unwrap_or(&name)).into_iter().collect(),
        None => world.zones.clone(),
    };
    let shown: Vec<Value> = zones.iter().map(shown_zone).collect();
    paged(ask, &shown, 20)
}

/// The zone of this name, remembered so that it can be found by id.
pub fn named(world: &mut World, name: &str) -> Option<Zone> {
    let zone = Zone::named(&name.to_ascii_lowercase())?;
    if !world.zones.contains(&zone) {
        world.zones.push(zone.clone());
    }
    Some(zone)
}

fn zone(world: &World, id: &str) -> Result<Zone, Reply> {
    world.zones.iter().find(|zone| zone.id == id).cloned().ok_or_else(no_route)
}

fn find<'a>(world: &'a World, zone: &Zone, id: &str) -> Result<&'a Record, Reply> {
    if id.len() != 32 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(no_route());
    }
    let found = world.records.iter().find(|record| record.zone == zone.id && record.id == id);
    found.ok_or_else(|| refused(404, 81044, "record does not exist"))
}

fn shown_zone(zone: &Zone) -> Value {
    json!({
        "id": zone.id,
        "name": zone.name,
        "status": "active",
        "paused": false,
        "type": "full",
        "name_servers": NAME_SERVERS.map(|(name, _)| name),
        "original_name_servers": null,
        "account": {"id": "5a2db0c5a2db0c5a2db0c5a2db0c5a2d", "name": "Sandbox"},
        "plan": {"legacy_id": "free", "is_subscribed": false, "name": "Free Website"},
        "permissions": ["#dns_records:edit", "#dns_records:read", "#zone:read"],
    })
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

/// Cloudflare's published ranges; needs no token.
fn ips() -> Reply {
    let v4 = [
        "173.245.48.0/20",
        "103.21.244.0/22",
        "103.22.200.0/22",
        "103.31.4.0/22",
        "141.101.64.0/18",
        "108.162.192.0/18",
        "190.93.240.0/20",
        "188.114.96.0/20",
        "197.234.240.0/22",
        "198.41.128.0/17",
        "162.158.0.0/15",
        "104.16.0.0/13",
        "104.24.0.0/14",
        "172.64.0.0/13",
        "131.0.72.0/22",
    ];
    let v6 = [
        "2400:cb00::/32",
        "2606:4700::/32",
        "2803:f800::/32",
        "2405:b500::/32",
        "2405:8100::/32",
        "2a06:98c0::/29",
        "2c0f:f248::/32",
    ];
    done(&json!({"ipv4_cidrs": v4, "ipv6_cidrs": v6, "etag": "38f79d050aa027e3be3865e495dcc9bc"}))
}
