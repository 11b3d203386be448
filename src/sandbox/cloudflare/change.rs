//! Writing DNS records: create, PATCH, PUT, DELETE, and which records may share a name.

use serde_json::{Map, Value, json};

use super::normal::{VALIDATION, WantedRecord};
use super::{Answer, done, find, listing, refused};
use crate::sandbox::ask::{Ask, Reply};
use crate::sandbox::records::{Record, SimZone};
use crate::sandbox::resolver::publish;
use crate::sandbox::world::World;

/// Creates a record. Answers 200, not 201.
pub(crate) fn create(world: &mut World, zone: &SimZone, ask: &Ask) -> Answer {
    let body = body(ask)?;
    if ["type", "name", "content"].iter().any(|key| !body.get(*key).is_some_and(Value::is_string)) {
        return Err(refused(400, VALIDATION, "type, name and content are required"));
    }
    let wanted = nothing().with(&body, zone)?;
    if world.records.iter().filter(|record| record.zone == zone.id).count() >= world.cloudflare.quota {
        return Err(refused(400, 81045, "record quota exceeded"));
    }
    coexists(world, zone, &wanted, None)?;
    let (id, now) = (world.hex_id(), world.time.wall);
    let record = Record {
        id,
        zone: zone.id.clone(),
        kind: wanted.kind,
        name: wanted.name,
        content: wanted.content,
        ttl: wanted.ttl,
        proxied: wanted.proxied,
        comment: wanted.comment,
        read_only: false,
        created: now,
        modified: now,
        boot_ms: world.time.boot_ms,
    };
    publish(world, &record.name);
    let reply = done(&listing::shown(world, &record));
    world.records.push(record);
    Ok(reply)
}

/// Changes what the body names.
pub(crate) fn patch(world: &mut World, zone: &SimZone, id: &str, ask: &Ask) -> Answer {
    let before = editable(world, zone, id)?;
    let start = WantedRecord {
        kind: before.kind.clone(),
        name: before.name.clone(),
        content: before.content.clone(),
        ttl: before.ttl,
        proxied: before.proxied,
        comment: before.comment.clone(),
    };
    change(world, zone, id, &start, ask)
}

/// Replaces it: what the body leaves out goes back to its default, the comment too.
pub(crate) fn put(world: &mut World, zone: &SimZone, id: &str, ask: &Ask) -> Answer {
    let before = editable(world, zone, id)?;
    let start = WantedRecord { kind: before.kind.clone(), name: before.name.clone(), ..nothing() };
    change(world, zone, id, &start, ask)
}

/// Deletes it. Only the id is documented in the answer.
pub(crate) fn delete(world: &mut World, zone: &SimZone, id: &str) -> Answer {
    let record = editable(world, zone, id)?.clone();
    world.records.retain(|it| it.id != record.id);
    let now = world.time.boot_ms;
    world.deleted.retain(|(boot_ms, _)| boot_ms + 60_000 > now);
    world.deleted.push((now, record.clone()));
    if world.cloudflare.slow_delete_ms > 0 {
        let until = now + world.cloudflare.slow_delete_ms;
        world.cloudflare.blocked.push((record.name.clone(), record.kind, until));
    }
    publish(world, &record.name);
    Ok(Reply::json(200, &json!({"result": {"id": id}})))
}

fn change(world: &mut World, zone: &SimZone, id: &str, start: &WantedRecord, ask: &Ask) -> Answer {
    let wanted = start.clone().with(&body(ask)?, zone)?;
    if wanted.kind != start.kind {
        return Err(refused(400, VALIDATION, "the type of a record cannot be changed"));
    }
    coexists(world, zone, &wanted, Some(id))?;
    let now = world.time.wall;
    let Some(record) = world.records.iter_mut().find(|record| record.id == id) else {
        return Err(refused(404, 81044, "record does not exist"));
    };
    let old_name = std::mem::replace(&mut record.name, wanted.name);
    record.content = wanted.content;
    record.ttl = wanted.ttl;
    record.proxied = wanted.proxied;
    record.comment = wanted.comment;
    record.modified = now;
    let record = record.clone();
    let (reply, name) = (done(&listing::shown(world, &record)), record.name);
    if old_name != name {
        publish(world, &old_name);
    }
    publish(world, &name);
    Ok(reply)
}

/// The record, unless a product of Cloudflare's own keeps it.
fn editable<'a>(world: &'a World, zone: &SimZone, id: &str) -> Result<&'a Record, Reply> {
    let record = find(world, zone, id)?;
    if record.read_only { Err(refused(400, VALIDATION, "the record is read-only")) } else { Ok(record) }
}

fn nothing() -> WantedRecord {
    WantedRecord {
        kind: String::new(),
        name: String::new(),
        content: String::new(),
        ttl: 1,
        proxied: false,
        comment: None,
    }
}

fn body(ask: &Ask) -> Result<Map<String, Value>, Reply> {
    match serde_json::from_str(&ask.body) {
        Ok(Value::Object(body)) => Ok(body),
        _ => Err(refused(400, VALIDATION, "the body is not a JSON object")),
    }
}

/// Whether a record may stand beside the others of its name.
///
/// Equal ones may not; CNAME stands alone beside A and AAAA; NS below the apex stands alone altogether.
fn coexists(world: &World, zone: &SimZone, wanted: &WantedRecord, itself: Option<&str>) -> Result<(), Reply> {
    let others = world.records.iter().filter(|it| it.zone == zone.id && Some(it.id.as_str()) != itself);
    for other in others.filter(|it| it.name == wanted.name) {
        if other.kind == wanted.kind && other.content == wanted.content && wanted.kind != "CNAME" {
            let code = world.cloudflare.duplicate_code;
            return Err(refused(400, code, "an identical record already exists"));
        }
        clash(&other.kind, wanted, zone)?;
    }
    let now = world.time.boot_ms;
    let blocked =
        world.cloudflare.blocked.iter().filter(|(name, _, until)| *name == wanted.name && *until > now);
    for (_, kind, _) in blocked {
        clash(kind, wanted, zone)?;
    }
    Ok(())
}

fn clash(other: &str, wanted: &WantedRecord, zone: &SimZone) -> Result<(), Reply> {
    let addressed = |kind: &str| matches!(kind, "A" | "AAAA" | "CNAME");
    let below_apex = wanted.name != zone.name;
    match (other, wanted.kind.as_str()) {
        ("NS", kind) if kind != "NS" && below_apex => Err(refused(400, 81056, "NS records occupy that name")),
        (other, "NS") if other != "NS" && below_apex => Err(refused(400, 81053, "the name is taken")),
        ("CNAME", "A" | "AAAA") => Err(refused(400, 81054, "a CNAME record with that host already exists")),
        (other, "CNAME") if addressed(other) => {
            Err(refused(400, 81053, "an A, AAAA or CNAME record with that host already exists"))
        }
        _ => Ok(()),
    }
}
