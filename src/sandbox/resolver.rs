//! Name servers of the simulated Coolify and Cloudflare.
//!
//! They answer what Cloudflare's API was told about a second ago. Anything that is not a zone's name
//! server or the system's resolver does not answer.

use std::net::IpAddr;

use super::cloudflare::shadows;
use super::events::{PUBLISH_MS, SimEvent};
use super::exchange::{CLOUDFLARE, COOLIFY};
use super::records::{Record, SimZone, zone_name};
use super::world::World;
use crate::net::{Answer, QueryType, Question, ResolveError};

/// The name servers of every zone, with their addresses.
pub(crate) const NAME_SERVERS: [(&str, &str); 2] =
    [("ns1.sandbox.fabrik", "198.51.100.53"), ("ns2.sandbox.fabrik", "198.51.100.54")];
/// What a proxied name resolves to: addresses in Cloudflare's ranges.
pub(crate) const EDGE: [&str; 2] = ["104.21.7.7", "172.67.7.7"];
/// The same for IPv6.
pub(crate) const EDGE_V6: &str = "2606:4700:3030::6815:707";
/// What the names of tunnels end with. They have no public address: only the edge knows the way.
const TUNNELS: &str = ".cfargotunnel.com";
/// What automatic TTL amounts to, in seconds.
const AUTOMATIC_TTL: u32 = 300;

/// Answers one question.
///
/// # Errors
/// As the port's.
pub(crate) fn ask(world: &World, question: &Question) -> Result<Vec<Answer>, ResolveError> {
    if let Some(server) = &question.server
        && !is_name_server(server)
    {
        return Err(ResolveError::Unanswered(format!("{server}: timed out")));
    }
    let name = super::cloudflare::ascii(&question.name);
    let answers = look_up(world, &name, question.record_type, 8);
    if answers.is_empty() { Err(ResolveError::Nothing) } else { Ok(answers) }
}

fn is_name_server(server: &str) -> bool {
    let host = server.strip_suffix(":53").unwrap_or(server).trim_end_matches('.');
    NAME_SERVERS.iter().any(|(name, address)| host == *name || host == *address)
}

fn look_up(world: &World, name: &str, kind: QueryType, depth: u8) -> Vec<Answer> {
    if kind == QueryType::A
        && let Some(address) = fixed(world, name)
    {
        return vec![answer(address, AUTOMATIC_TTL)];
    }
    if let Some(servers) = delegated(world, name) {
        let told = servers.iter().filter(|server| kind == QueryType::Ns && server.name == name);
        return told.map(|server| answer(&server.content, ttl(server))).collect();
    }
    let apex = zone(world, name).map_or_else(|| zone_name(name), |zone| Some(zone.name.as_str()));
    let is_apex = apex == Some(name);
    if kind == QueryType::Ns && is_apex {
        return NAME_SERVERS.iter().map(|(name, _)| answer(name, 86_400)).collect();
    }
    let records = at(world, name);
    if is_behind_edge(world, name, &records) {
        return edge_answers(kind);
    }
    let alias = records.iter().find(|record| record.kind == "CNAME");
    // At the apex an alias is always flattened.
    let wanted = records.iter().filter(|it| it.kind == word(kind) && !(is_apex && it.kind == "CNAME"));
    let answers: Vec<Answer> = wanted.map(|record| answer(&record.content, ttl(record))).collect();
    match alias {
        Some(alias) if answers.is_empty() && depth > 0 && asks_for_address(kind) => {
            look_up(world, &alias.content, kind, depth - 1)
        }
        _ => answers,
    }
}

fn asks_for_address(kind: QueryType) -> bool {
    matches!(kind, QueryType::A | QueryType::Aaaa)
}

/// The NS records that take a name away from its zone: records there are kept and not answered.
fn delegated<'a>(world: &'a World, name: &str) -> Option<Vec<&'a Record>> {
    let zone = zone(world, name)?;
    let servers = world.published.iter().filter(|record| shadows(record, name, zone));
    let servers: Vec<&Record> = servers.collect();
    (!servers.is_empty()).then_some(servers)
}

/// The zone a name falls into, if somebody asked for it before: the longest.
pub(crate) fn zone<'a>(world: &'a World, name: &str) -> Option<&'a SimZone> {
    let holds = |zone: &&SimZone| name == zone.name || name.ends_with(&format!(".{}", zone.name));
    world.zones.iter().filter(holds).max_by_key(|zone| zone.name.len())
}

/// Whether the edge answers for a name: never in a zone that is paused or not active. One proxied record is enough.
fn is_behind_edge(world: &World, name: &str, records: &[&Record]) -> bool {
    let proxies = zone(world, name).is_none_or(|zone| zone.setup.proxies());
    proxies && records.iter().any(|record| record.proxied)
}

/// The published records of a name. Where there is nothing at it nor below it, those of the wildcard of the
/// nearest parent that there is.
fn at<'a>(world: &'a World, name: &str) -> Vec<&'a Record> {
    let of = |name: &str| world.published.iter().filter(|it| it.name == name).collect::<Vec<_>>();
    let is_there = |name: &str| {
        let below = format!(".{name}");
        world.published.iter().any(|it| it.name == name || it.name.ends_with(&below))
    };
    let mut rest = name;
    while !is_there(rest) {
        let Some((_, parent)) = rest.split_once('.') else { return Vec::new() };
        rest = parent;
    }
    if rest == name { of(name) } else { of(&format!("*.{rest}")) }
}

fn edge_answers(kind: QueryType) -> Vec<Answer> {
    match kind {
        QueryType::A => EDGE.iter().map(|address| answer(address, AUTOMATIC_TTL)).collect(),
        QueryType::Aaaa => vec![answer(EDGE_V6, AUTOMATIC_TTL)],
        QueryType::Cname | QueryType::Ns => Vec::new(),
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

fn word(kind: QueryType) -> &'static str {
    match kind {
        QueryType::A => "A",
        QueryType::Aaaa => "AAAA",
        QueryType::Cname => "CNAME",
        QueryType::Ns => "NS",
    }
}

/// All addresses a name resolves to, of both kinds.
pub(crate) fn addresses(world: &World, name: &str) -> Vec<String> {
    let kinds = [QueryType::A, QueryType::Aaaa];
    kinds.into_iter().flat_map(|kind| look_up(world, name, kind, 8)).map(|answer| answer.value).collect()
}

/// The address behind the edge for a proxied name; none where its target does not resolve.
pub(crate) fn origin(world: &World, name: &str) -> Option<String> {
    let records = at(world, name);
    let record =
        records.iter().find(|record| record.proxied).filter(|_| is_behind_edge(world, name, &records))?;
    match record.kind.as_str() {
        "CNAME" => addresses(world, &record.content).into_iter().next(),
        _ => Some(record.content.clone()),
    }
}

/// The id of the tunnel that a proxied name leads to.
pub(crate) fn tunnel(world: &World, name: &str) -> Option<String> {
    let records = at(world, name);
    let proxied = records.iter().find(|record| record.proxied && record.kind == "CNAME");
    let record = proxied.filter(|_| is_behind_edge(world, name, &records))?;
    record.content.strip_suffix(TUNNELS).map(str::to_ascii_lowercase)
}

/// Whether a request for this host arrives at the server, directly or through the edge.
pub(crate) fn reaches_server(world: &World, host: &str) -> bool {
    addresses(world, host).iter().chain(&origin(world, host)).any(|address| is_server(world, address))
}

/// Whether it is an address of the server.
pub(crate) fn is_server(world: &World, address: &str) -> bool {
    let parsed = |text: &str| text.parse::<IpAddr>().ok();
    let own = [Some(&world.server.ip), world.server.ipv6.as_ref()];
    parsed(address).is_some_and(|address| own.into_iter().flatten().any(|it| parsed(it) == Some(address)))
}

/// Lets the name servers take over a change of this name in a moment.
pub(crate) fn publish(world: &mut World, name: &str) {
    world.later(PUBLISH_MS, SimEvent::Published(name.to_owned()));
}
