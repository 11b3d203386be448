//! The deployed sites: what somebody sees who asks for a host from outside.
//!
//! Name, connection, certificate, proxy, container, in the order a real request meets them.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::ask::{Ask, Reply};
use super::middleware::ProxyKind;
use super::resolver;
use super::services::{Condition, SimContainer};
use super::world::{Tunnel, World};
use crate::net::{Certificate, Response, SendError};

/// What the proxy shows where it has nothing better.
const DEFAULT_CERTIFICATE: &str = "TRAEFIK DEFAULT CERT";
/// For how long a certificate is good.
const GOOD_FOR: SignedDuration = SignedDuration::from_hours(90 * 24);
/// A certificate is renewed at this age.
const RENEWED_AFTER_S: i64 = 60 * 86_400;

/// How a request gets to the server.
enum Way {
    /// Straight.
    Direct,
    /// Through Cloudflare's edge.
    Edge,
}

/// Answers a request for a site.
///
/// # Errors
/// No such name, nobody at that address, or no certificate for the name.
pub(crate) fn answer(world: &World, ask: &Ask) -> Result<Response, SendError> {
    match way(world, ask)? {
        Way::Direct => direct(world, ask),
        Way::Edge => through_edge(world, ask),
    }
}

fn way(world: &World, ask: &Ask) -> Result<Way, SendError> {
    let addresses = match ask.connect_to {
        Some(address) => vec![address.ip().to_string()],
        None => resolver::addresses(world, &ask.host),
    };
    if addresses.is_empty() {
        return Err(SendError::Name { host: ask.host.clone(), reason: "no such host".into() });
    }
    let is_server = |it: &String| resolver::is_server(world, it);
    if world.lacks_ipv6 && addresses.iter().all(|it| it.contains(':')) {
        let reason = "this machine has no way to IPv6 addresses: network is unreachable".into();
        return Err(SendError::Refused { peer: ask.peer(), reason });
    }
    match () {
        () if addresses.iter().any(is_edge) => Ok(Way::Edge),
        () if addresses.iter().any(is_server) => Ok(Way::Direct),
        () => Err(SendError::Refused { peer: ask.peer(), reason: "connection refused".into() }),
    }
}

fn is_edge(address: &String) -> bool {
    resolver::EDGE.contains(&address.as_str()) || address == resolver::EDGE_V6
}

fn direct(world: &World, ask: &Ask) -> Result<Response, SendError> {
    if !ask.https {
        return Ok(proxied(world, ask).sent(None));
    }
    match certificate(world, &ask.host) {
        Some(certificate) => Ok(proxied(world, ask).sent(Some(certificate))),
        None => Err(SendError::Tls {
            peer: ask.peer(),
            reason: "certificate is not valid for this name".into(),
            certificate: Some(default_certificate(world)),
        }),
    }
}

/// The edge has a certificate for one label below the zone, and stands for whatever is behind it.
fn through_edge(world: &World, ask: &Ask) -> Result<Response, SendError> {
    let certificate = edge_certificate(world, &ask.host);
    if ask.https && !certificate.covers(&ask.host) {
        let reason = "no certificate at the edge for this name".to_owned();
        return Err(SendError::Tls { peer: ask.peer(), reason, certificate: None });
    }
    // Browser Integrity Check, which is on by default.
    let is_anonymous = ask.agent.trim().is_empty();
    let reply = if is_anonymous { edge_error(403, "error code: 1010") } else { behind_edge(world, ask) };
    let reply = reply.with("server", "cloudflare").with("cf-ray", "8c0ffee00c0ffee0-SBX");
    Ok(reply.sent(ask.https.then_some(certificate)))
}

/// What the edge gets from the server, asked as the zone's encryption mode says.
fn behind_edge(world: &World, ask: &Ask) -> Reply {
    let mode = resolver::zone(world, &ask.host).map_or("full", |zone| zone.setup.ssl.as_str());
    let over_http = Ask { https: false, ..ask.clone() };
    if let Some(id) = resolver::tunnel(world, &ask.host) {
        return match world.tunnels.get(&id).unwrap_or(&Tunnel::Up) {
            Tunnel::Up if mode == "off" && ask.https => sent_to_http(ask),
            Tunnel::Up => proxied(world, &over_http),
            Tunnel::Down => edge_error(530, "error code: 1033"),
            Tunnel::Unknown => edge_error(530, "error code: 1016"),
            Tunnel::Astray => edge_error(502, "Unable to reach the origin service"),
        };
    }
    match (resolver::origin(world, &ask.host), mode, ask.https) {
        (None, _, _) => edge_error(530, "error code: 1016"),
        (Some(origin), _, _) if !resolver::is_server(world, &origin) => edge_error(522, "error code: 522"),
        (Some(_), "off", true) => sent_to_http(ask),
        (Some(_), "off" | "flexible", _) => proxied(world, &over_http),
        (Some(_), "strict" | "origin_pull", true) if certificate(world, &ask.host).is_none() => {
            edge_error(526, "error code: 526")
        }
        (Some(_), _, _) => proxied(world, ask),
    }
}

fn sent_to_http(ask: &Ask) -> Reply {
    let place = format!("http://{}{}", ask.host, ask.target());
    Reply::typed(301, "text/plain", "Moved").with("location", place)
}

/// Whether a request for this host is to come out of a tunnel.
pub(crate) fn is_through_tunnel(world: &World, ask: &Ask) -> bool {
    resolver::tunnel(world, &ask.host).is_some()
}

/// Answers as if no cloudflared were connected to the tunnel just now.
pub(crate) fn cut_off(world: &mut World, ask: &Ask) -> Result<Response, SendError> {
    let Some(id) = resolver::tunnel(world, &ask.host) else { return answer(world, ask) };
    let before = world.tunnels.insert(id.clone(), Tunnel::Down);
    let told = answer(world, ask);
    world.tunnels.remove(&id);
    world.tunnels.extend(before.map(|state| (id, state)));
    told
}

fn edge_error(status: u16, words: &str) -> Reply {
    Reply::typed(status, "text/html", format!("<html><body>{words}</body></html>"))
}

/// Universal SSL: the zone and one label below it.
fn edge_certificate(world: &World, host: &str) -> Certificate {
    let known = resolver::zone(world, host).map(|zone| zone.name.as_str());
    let zone = known.or_else(|| super::records::zone_name(host)).unwrap_or(host);
    let names = vec![zone.to_owned(), format!("*.{zone}")];
    Certificate { names, issuer: "Fabrik Sandbox Edge CA".into(), ..certificate_of(world, host) }
}

/// What the server's proxy answers.
fn proxied(world: &World, ask: &Ask) -> Reply {
    match routed(world, ask) {
        None => Reply::typed(404, "text/plain; charset=utf-8", "404 page not found\n"),
        Some((_, wants_https)) if wants_https && !ask.https => Reply::typed(302, "text/plain", "Found")
            .with("location", format!("https://{}{}", ask.host, ask.target())),
        Some((container, _)) => labelled(world, container, answered(container, ask)),
    }
}

/// The container behind a host, and whether it is to be reached by HTTPS only.
fn routed<'a>(world: &'a World, ask: &Ask) -> Option<(&'a SimContainer, bool)> {
    let up = world.containers().filter(|container| container.is_up());
    let routes = up.flat_map(|container| container.routes.iter().map(move |route| (container, route)));
    let mut matching =
        routes.filter(|(_, route)| route.host == ask.host).filter(|(_, it)| it.https || !ask.https);
    matching.next().map(|(container, route)| (container, route.https))
}

fn answered(container: &SimContainer, ask: &Ask) -> Reply {
    let status = match (ask.path.as_str(), container.condition) {
        (_, Condition::Unreachable) => return Reply::typed(502, "text/plain; charset=utf-8", "Bad Gateway"),
        (path, Condition::Sick) if path == container.health_path => 503,
        (path, _) if path == container.health_path || path == "/" => 200,
        _ => 404,
    };
    let release = container.release.as_ref().filter(|_| container.tells);
    let reply = Reply::json(status, &json!({"release": release}));
    match release {
        Some(release) => reply.with("x-fabrik-release", release),
        None => reply,
    }
}

/// Traefik sets the headers of the middlewares that the container's own labels name: Coolify adds those to its routers
/// (4.3.11, observed). Caddy does not.
fn labelled(world: &World, container: &SimContainer, reply: Reply) -> Reply {
    match world.server.proxy {
        ProxyKind::Traefik => {
            let headers = container.headers.iter();
            headers.fold(reply, |reply, (name, value)| reply.with_only(name, value))
        }
        ProxyKind::Caddy | ProxyKind::None => reply,
    }
}

/// The real certificate of a host, if one was issued.
pub(crate) fn certificate(world: &World, host: &str) -> Option<Certificate> {
    let issued = *world.certificates.get(host)?;
    let age = world.time.wall.as_second() - issued.as_second();
    let renewals = age.max(0) / RENEWED_AFTER_S;
    Some(good_since(host, issued + SignedDuration::from_secs(renewals * RENEWED_AFTER_S)))
}

/// What is shown on port 443 for a host: the edge's certificate, the host's, or the proxy's own.
pub(crate) fn shown(world: &World, host: &str) -> Certificate {
    if resolver::addresses(world, host).iter().any(is_edge) {
        return edge_certificate(world, host);
    }
    certificate(world, host).unwrap_or_else(|| default_certificate(world))
}

/// The certificate of a host that always has one.
pub(crate) fn certificate_of(world: &World, host: &str) -> Certificate {
    good_since(host, world.time.wall - SignedDuration::from_hours(24))
}

fn good_since(host: &str, not_before: Timestamp) -> Certificate {
    let not_after = not_before + GOOD_FOR;
    Certificate { names: vec![host.to_owned()], issuer: "Fabrik Sandbox CA".into(), not_before, not_after }
}

fn default_certificate(world: &World) -> Certificate {
    let not_before = world.time.wall - SignedDuration::from_hours(24);
    Certificate {
        names: vec![DEFAULT_CERTIFICATE.into()],
        issuer: DEFAULT_CERTIFICATE.into(),
        not_before,
        not_after: not_before + SignedDuration::from_hours(365 * 24),
    }
}
