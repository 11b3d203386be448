//! One request from arrival to answer, with what befalls it on the way.
//!
//! A function of the world and the request alone: no locks, no real time. Who answers is decided by the host.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::json;

use super::ask::{Ask, Reply};
use super::faults::{self, Fault, RequestFault};
use super::log::Write;
use super::world::World;
use super::{cloudflare, coolify, false_answers, site};
use crate::net::{Response, SendError};

/// The host of the simulated Cloudflare API.
pub const CLOUDFLARE: &str = "api.cloudflare.com";
/// The host of the simulated Coolify.
pub const COOLIFY: &str = "coolify.sandbox.fabrik";
/// How young what a stale read overlooks may be.
const STALE_MS: u64 = 5_000;

/// Whether the request is for one of the two APIs, and not for a deployed site.
pub(crate) fn is_api(ask: &Ask) -> bool {
    ask.host == CLOUDFLARE || ask.host == COOLIFY
}

/// Carries out one request.
///
/// # Errors
/// What the client sees when no answer comes; a lost one has cost its time-out in simulated time.
pub(crate) fn exchange(world: &mut World, ask: &Ask) -> Result<Response, SendError> {
    let at = world.time.wall;
    world.log.requests += 1;
    *world.log.by_host.entry(ask.host.clone()).or_default() += 1;
    let sent = match faults::next(world, ask) {
        None => effect(world, ask),
        Some(fault) => inject(world, ask, fault),
    };
    if ask.writes() && is_api(ask) {
        let status = sent.as_ref().ok().map(|response| response.http.status().as_u16());
        world.log.writes.push(Write {
            method: ask.method.clone(),
            host: ask.host.clone(),
            path: ask.target(),
            tag: ask.tag(),
            at,
            status,
        });
    }
    sent
}

/// What the request does and is answered when nothing goes wrong.
///
/// # Errors
/// Only for sites: no such name, nobody there, no certificate.
pub(crate) fn effect(world: &mut World, ask: &Ask) -> Result<Response, SendError> {
    if let Some(front) = world.fronts.get(&ask.host).cloned() {
        return front.answer(world, ask).map(|reply| framed(world, ask, reply));
    }
    let reply = match ask.host.as_str() {
        CLOUDFLARE => cloudflare::answer(world, ask),
        COOLIFY => coolify::answer(world, ask),
        _ if site::is_through_tunnel(world, ask) && world.take_fault(Fault::TunnelDown) => {
            return site::cut_off(world, ask);
        }
        _ => return site::answer(world, ask),
    };
    Ok(framed(world, ask, reply))
}

fn framed(world: &World, ask: &Ask, reply: Reply) -> Response {
    let ahead_s = if ask.host == COOLIFY { world.coolify.ahead_s } else { 0 };
    let now = world.time.wall.checked_add(SignedDuration::from_secs(ahead_s)).unwrap_or(world.time.wall);
    let reply = reply.with("date", now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
    let reply = if ask.host == CLOUDFLARE { reply.with("cf-ray", "8c0ffee00c0ffee0-SBX") } else { reply };
    reply.sent(ask.https.then(|| site::certificate_of(world, &ask.host)))
}

fn inject(world: &mut World, ask: &Ask, fault: RequestFault) -> Result<Response, SendError> {
    match fault {
        RequestFault::Refused => {
            Err(SendError::Refused { peer: ask.peer(), reason: "connection refused".into() })
        }
        RequestFault::LostBefore => lose(world, ask),
        RequestFault::LostAfter => {
            drop(effect(world, ask));
            lose(world, ask)
        }
        RequestFault::Late { after_ms } => {
            world.later(after_ms, super::events::SimEvent::Late(Box::new(ask.clone())));
            lose(world, ask)
        }
        RequestFault::ErrorBefore => Ok(framed(world, ask, server_error(ask))),
        RequestFault::ErrorAfter => {
            drop(effect(world, ask));
            Ok(framed(world, ask, server_error(ask)))
        }
        RequestFault::Garbled => {
            effect(world, ask).map(|response| with_body(response, |body| body[..body.len() / 2].to_vec()))
        }
        RequestFault::Empty => effect(world, ask).map(|response| with_body(response, |_| b"{}".to_vec())),
        RequestFault::Gateway => Ok(framed(world, ask, gateway(502))),
        RequestFault::TooMany { retry_after } => {
            let reply = too_many(world, ask, retry_after);
            Ok(framed(world, ask, reply))
        }
        RequestFault::Stale if ask.writes() => effect(world, ask),
        RequestFault::Stale => effect(&mut world.as_seen_stale(), ask),
        RequestFault::Slow => {
            let sent = effect(world, ask);
            world.pass(Duration::from_millis(ask.timeout_ms * 9 / 10));
            sent
        }
        RequestFault::GatewayAfter => {
            drop(effect(world, ask));
            Ok(framed(world, ask, gateway(504)))
        }
        RequestFault::Mistyped => {
            effect(world, ask).map(|told| false_answers::retold(told, false_answers::mistyped))
        }
        RequestFault::Unsuccessful => {
            effect(world, ask).map(|told| false_answers::retold(told, false_answers::unsuccessful))
        }
        RequestFault::Shuffled => {
            effect(world, ask).map(|told| false_answers::retold(told, false_answers::shuffled))
        }
        RequestFault::Doubled => {
            effect(world, ask).map(|told| false_answers::retold(told, false_answers::doubled))
        }
        RequestFault::CutShort => {
            effect(world, ask).map(|told| false_answers::retold(told, false_answers::cut_short))
        }
        RequestFault::Another => {
            let other = false_answers::another(world, ask).filter(|_| !ask.writes());
            effect(world, other.as_ref().unwrap_or(ask))
        }
        RequestFault::Elsewhere => Ok(framed(world, ask, false_answers::elsewhere(ask))),
    }
}

/// Nobody answers, and the client waits out its time-out.
///
/// # Errors
/// Always.
pub(crate) fn lose<T>(world: &mut World, ask: &Ask) -> Result<T, SendError> {
    world.pass(ask.timeout());
    Err(ask.lost("timed out"))
}

fn with_body(response: Response, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Response {
    Response { http: response.http.map(change), certificate: response.certificate }
}

fn server_error(ask: &Ask) -> Reply {
    match ask.host.as_str() {
        CLOUDFLARE => cloudflare::refused(500, 10001, "internal error"),
        _ => Reply::json(500, &json!({"message": "Server Error"})),
    }
}

fn gateway(status: u16) -> Reply {
    let page = format!("<html><head><title>{status} Gateway</title></head><body></body></html>");
    Reply::typed(status, "text/html", page)
}

fn too_many(world: &mut World, ask: &Ask, retry_after: Option<u64>) -> Reply {
    if ask.host == COOLIFY {
        return coolify::too_many(world, retry_after);
    }
    cloudflare::too_many(world, retry_after)
}

impl World {
    /// This world without what was made in the last five seconds, and with the records deleted in them.
    fn as_seen_stale(&self) -> Self {
        let mut stale = self.clone();
        let old = |boot_ms: u64| boot_ms + STALE_MS <= self.time.boot_ms;
        let deleted = self.deleted.iter().filter(|(boot_ms, _)| !old(*boot_ms));
        stale.records.extend(deleted.map(|(_, record)| record.clone()));
        stale.records.retain(|it| old(it.boot_ms));
        stale.projects.retain(|it| old(it.made.boot_ms));
        stale.environments.retain(|it| old(it.made.boot_ms));
        stale.services.retain(|it| old(it.made.boot_ms));
        stale.applications.retain(|it| old(it.made.boot_ms));
        stale.deployments.retain(|it| old(it.made.boot_ms));
        stale
    }
}
