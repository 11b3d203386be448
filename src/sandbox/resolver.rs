//! Name servers of the pretend outside.
//!
//! They answer what Cloudflare's API was told about a second ago. Anything that is not a zone's name
//! server or the system's resolver does not answer.

use super::events::{Event, PUBLISH_MS};
use super::exchange::{CLOUDFLARE, COOLIFY};
use super::records::{Record, zone_name};
use super::world::World;
use crate::wire::{Answer, Question, RecordType, ResolveError};

/// The name servers of every zone, with their addresses.
pub const NAME_SERVERS: [(&str, &str); 2] =
    [("ns1.sandbox.fabrik", "198.51.100.53"), ("ns2.sandbox.fabrik", "198.51.100.54")];
/// What a proxied name resolves to: addresses in Cloudflare's ranges.
pub const EDGE: [&str; 2] = ["104.21.7.7", "172.67.7.7"];
/// The same for IPv6.
pub const EDGE_V6: &str = "2606:4700:3030::6815:707";
/// What automatic TTL amounts to, in seconds.
const AUTOMATIC_TTL: u32 = 300;

/// Answers one question.
///
/// # Errors
/// As the port's.
pub fn ask(world: &World, question: &Question) -> Result<Vec<Answer>, ResolveError> {
    if let Some(server) = &question.server
        && !is_name_server(server)
    {
        return Err(ResolveError::Unanswered(format!("{server}: timed out")));
    }
    let name = question.name.trim_end_matches('.').to_ascii_lowercase();
    let answers = look_up(world, &name, question.record_type, 8);
    if answers.is_empty() { Err(ResolveError::Nothing) } else { Ok(answers) }
}

fn is_name_server(server: &str) -> bool {
    let host = server.strip_suffix(":53").unwrap_or(server).trim_end_matches('.');
    NAME_SERVERS.iter().any(|(name, address)| host == *name || host == *address)
}

fn look_up(world: &World, name: &str, kind: RecordType, depth: u8) -> Vec<Answer> {
    if kind == RecordType::A
        && let Some(address) = fixed(world, name)
    {
        return vec![answer(address, AUTOMATIC_TTL)];
    }
    if kind == RecordType::Ns && zone_name(name) == Some(name) {
        return NAME_SERVERS.iter().map(|(name, _)| answer(name, 86_400)).collect();
    }
    let records = at(world, name);
    if records.iter().any(|record| record.proxied) {
        return edge_answers(kind);
    }
    let wanted = records.iter().filter(|record| record.kind == word(kind));
    let answers: Vec<Answer> = wanted.map(|record| answer(&record.content, ttl(record))).collect();
    match records.iter().find(|record| record.kind == "CNAME") {
        Some(alias) if answers.is_empty() && depth > 0 && kind != RecordType::Ns => {
            look_up(world, &alias.content, kind, depth - 1)
        }
        _ => answers,
    }
}

/// The published records of a name; where there is none at all, those of the nearest wildcard.
fn at<'a>(world: &'a World, name: &str) -> Vec<&'a Record> {
    let of = |name: &str| world.published.iter().filter(|it| it.name == name).collect::<Vec<_>>();
    let mut found = of(name);
    let mut rest = name;
    while let (true, Some((_, parent))) = (found.is_empty(), rest.split_once('.')) {
        found = of(&format!("*.{parent}"));
        rest = parent;
    }
    found
}

fn edge_answers(kind: RecordType) -> Vec<Answer> {
    match kind {
        RecordType::A => EDGE.iter().map(|address| answer(address, AUTOMATIC_TTL)).collect(),
        RecordType::Aaaa => vec![answer(EDGE_V6, AUTOMATIC_TTL)],
        RecordType::Cname | RecordType::Ns => Vec::new(),
    }
}

/// Names outside all zones.
fn fixed<'a>(world: &'a World, name: &str) -> Option<&'a str> {
    match name {
        COOLIFY => Some(&world.server.ip),
        CLOUDFLARE => Some("104.19.193.29"),
        _ => NAME_SERVERS.iter().find(|(server, _)| *server == name).map(|(_, address)| *address),
    }
}

fn answer(value: &str, ttl: u32) -> Answer {
    Answer { value: value.to_owned(), ttl }
}

fn ttl(record: &Record) -> u32 {
    if record.ttl == 1 { AUTOMATIC_TTL } else { record.ttl }
}

fn word(kind: RecordType) -> &'static str {
    match kind {
        RecordType::A => "A",
        RecordType::Aaaa => "AAAA",
        RecordType::Cname => "CNAME",
        RecordType::Ns => "NS",
    }
}

/// All addresses a name resolves to, of both kinds.
pub fn addresses(world: &World, name: &str) -> Vec<String> {
    let kinds = [RecordType::A, RecordType::Aaaa];
    kinds.into_iter().flat_map(|kind| look_up(world, name, kind, 8)).map(|answer| answer.value).collect()
}

/// The address behind the edge for a proxied name.
pub fn origin(world: &World, name: &str) -> Option<String> {
    let record = at(world, name).into_iter().find(|record| record.proxied)?;
    match record.kind.as_str() {
        "CNAME" => addresses(world, &record.content).into_iter().next(),
        _ => Some(record.content.clone()),
    }
}

/// Whether a request for this host arrives at the server, directly or through the edge.
pub fn reaches_server(world: &World, host: &str) -> bool {
    addresses(world, host).contains(&world.server.ip)
        || origin(world, host).as_ref() == Some(&world.server.ip)
}

/// Lets the name servers take over a change of this name in a moment.
pub fn publish(world: &mut World, name: &str) {
    world.later(PUBLISH_MS, Event::Published(name.to_owned()));
}
