//! Zones as the simulated Cloudflare shows them, their settings, and how full they are.
//!
//! Any name of two labels that is asked for is a zone; others are zones once they were put into the world.

use serde_json::{Value, json};

use super::quirks::Quirk;
use super::{Answer, done, no_route, paged, refused};
use crate::sandbox::ask::{Ask, Reply};
use crate::sandbox::records::SimZone;
use crate::sandbox::resolver::NAME_SERVERS;
use crate::sandbox::world::{World, digest, hex};

impl World {
    /// The zone of this name, to be set up; made if it is not there and its name has two labels.
    pub fn zone(&mut self, name: &str) -> Option<&mut SimZone> {
        named(self, name)?;
        self.zones.iter_mut().find(|zone| zone.name == name)
    }
}

/// Lists the zones of a name; without one, those of the account.
pub(crate) fn list(world: &mut World, ask: &Ask) -> Answer {
    let Some(name) = ask.query("name") else { return list_all(world, ask) };
    let name = name.strip_prefix("equal:").unwrap_or(&name);
    let punycode = ascii(name);
    if world.cloudflare.has(Quirk::UnicodeNames) && name.contains("xn--") {
        return Ok(paged(ask, &[], 20));
    }
    named(world, &punycode);
    let visible = |zone: &&SimZone| zone.name == punycode && world.cloudflare.sees(&zone.name);
    Ok(paged(ask, &world.zones.iter().filter(visible).map(shown).collect::<Vec<_>>(), 20))
}

/// Those that were asked for before, and the one that examples are in. A token that sees some zones and not others
/// may not list; one that sees none is shown none.
fn list_all(world: &World, ask: &Ask) -> Answer {
    let example =
        SimZone::named("example.com").filter(|it| world.zones.iter().all(|zone| zone.name != it.name));
    match world.cloudflare.scope.as_deref() {
        None => {
            let all: Vec<Value> = world.zones.iter().chain(&example).map(shown).collect();
            Ok(paged(ask, &all, 20))
        }
        Some([]) => Ok(paged(ask, &[], 20)),
        Some(_) => {
            let permission = "requires permission \"com.cloudflare.api.account.zone.list\"";
            Err(refused(403, 0, permission))
        }
    }
}

/// The first zone of this name, remembered so that it can be found by id.
pub(crate) fn named(world: &mut World, name: &str) -> Option<SimZone> {
    let name = ascii(name);
    if let Some(zone) = world.zones.iter().find(|zone| zone.name == name) {
        return Some(zone.clone());
    }
    let zone = SimZone::named(&name)?;
    world.zones.push(zone.clone());
    Some(zone)
}

/// The zone with this id.
///
/// # Errors
/// The refusal to send: there is none, or the token does not see it.
pub(crate) fn with_id(world: &World, id: &str) -> Result<SimZone, Reply> {
    let zone = world.zones.iter().find(|zone| zone.id == id).ok_or_else(no_route)?;
    if world.cloudflare.sees(&zone.name) { Ok(zone.clone()) } else { Err(unauthorized()) }
}

/// What a token hears that lacks a permission.
pub(crate) fn unauthorized() -> Reply {
    refused(403, 10000, "Authentication error")
}

/// How many records a zone holds and may hold.
pub(crate) fn usage(world: &World, zone: &SimZone) -> Reply {
    let used = world.records.iter().filter(|record| record.zone == zone.id).count();
    let quota = (!world.cloudflare.has(Quirk::QuotaHidden)).then_some(world.cloudflare.quota);
    done(&json!({"record_quota": quota, "record_usage": used}))
}

/// The encryption mode.
///
/// # Errors
/// The refusal to send where the token may not read settings.
pub(crate) fn ssl(world: &World, zone: &SimZone) -> Answer {
    if world.cloudflare.has(Quirk::SettingsHidden) {
        return Err(unauthorized());
    }
    Ok(done(&json!({"id": "ssl", "value": zone.setup.ssl, "editable": true, "modified_on": null})))
}

/// A zone is shown with its Unicode name.
pub(crate) fn shown(zone: &SimZone) -> Value {
    let account = hex(&digest(&[b"account", zone.setup.account.as_bytes()])[..16]);
    let mut shown = json!({
        "id": zone.id,
        "name": idna::domain_to_unicode(&zone.name).0,
        "status": zone.setup.status,
        "paused": zone.setup.paused,
        "type": zone.setup.kind,
        "original_name_servers": null,
        "account": {"id": account, "name": zone.setup.account},
        "plan": {"legacy_id": "free", "is_subscribed": false, "name": "Free Website"},
        "permissions": ["#dns_records:edit", "#dns_records:read", "#zone:read"],
    });
    if !zone.setup.hides_servers {
        shown["name_servers"] = json!(NAME_SERVERS.map(|(name, _)| name));
    }
    shown
}

/// A name in lower-case Punycode without its final dot.
pub(crate) fn ascii(name: &str) -> String {
    let name = name.trim_end_matches('.');
    idna::domain_to_ascii(name).unwrap_or_else(|_| name.to_ascii_lowercase())
}
