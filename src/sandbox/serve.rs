//! The sandbox on one loopback address, for programs that are to be started, watched and killed.
//!
//! Requests for the APIs and the sites come in as they are, told apart by host; what a client can see but
//! HTTP cannot say (lost, refused, no such name) goes back as status 599. Names, time and the gate are under
//! `/sandbox/`. A client that knows nothing of the sandbox may call an API at this address itself, told apart by its
//! path; for it, time goes by as it does. Speaks only to this machine; asks for no password.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::ask::Ask;
use super::command::WorldCommand;
use super::gate::{Aim, Gate};
use super::ports::Side;
use super::truncated::Truncated;
use super::{CLOUDFLARE, COOLIFY, Sandbox, remote_hook, schedule, site};
use crate::net::Question;

/// Bytes a request may have; Coolify takes far more than Fabrik sends.
const BODY_LIMIT: usize = 64 * 1024 * 1024;

/// A server that is bound and not yet answering.
pub struct SandboxServer {
    listener: TcpListener,
    router: Router,
}

#[derive(Clone)]
struct Handler {
    sandbox: Sandbox,
    gate: Arc<Gate>,
    /// When a client that knows nothing of the sandbox's clock last called.
    called: Arc<Mutex<Instant>>,
}

/// Binds `sandbox` to `address`; port 0 takes a free one.
///
/// # Errors
/// What the operating system says against the address.
pub async fn bind(sandbox: Sandbox, address: SocketAddr) -> std::io::Result<SandboxServer> {
    let listener = TcpListener::bind(address).await?;
    let called = Arc::new(Mutex::new(Instant::now()));
    let handler = Handler { sandbox, gate: Arc::default(), called };
    Ok(SandboxServer { listener, router: Router::new().fallback(answer).with_state(handler) })
}

impl SandboxServer {
    /// Where it listens.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers until the future is dropped.
    ///
    /// # Errors
    /// What ends the listening.
    pub async fn run(self) -> std::io::Result<()> {
        axum::serve(self.listener, self.router).await
    }
}

async fn answer(State(handler): State<Handler>, request: axum::extract::Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    if let Some(what) = parts.uri.path().strip_prefix("/sandbox/") {
        return handler.own(&parts.method, what, parts.uri.query().unwrap_or(""), &body).await;
    }
    let ask = handler.meant(remote_hook::received(&parts, &body));
    handler.ports(&ask).await
}

impl Handler {
    /// A request to this address itself, with the host that its path means.
    fn meant(&self, ask: Ask) -> Ask {
        let is_own = ask.host == "localhost" || ask.host.parse::<IpAddr>().is_ok();
        let host = match () {
            () if is_own && ask.path.starts_with("/client/v4") => CLOUDFLARE,
            () if is_own && ask.path.starts_with("/api/") => COOLIFY,
            () => return ask,
        };
        let mut called = self.called.lock().unwrap_or_else(PoisonError::into_inner);
        self.sandbox.pass(called.elapsed());
        *called = Instant::now();
        Ask { host: host.to_owned(), ..ask }
    }

    /// A request for the simulated Coolify and Cloudflare, with the gate on both sides of its effect and within the answer.
    async fn ports(&self, ask: &Ask) -> Response {
        self.gate.pass(&named(Side::Before, ask)).await;
        let sent = self.sandbox.exchange(ask);
        self.gate.pass(&named(Side::After, ask)).await;
        let reply = remote_hook::timed(remote_hook::sent(sent), &self.sandbox);
        match self.gate.arrive(&named(Side::MidReply, ask)) {
            Some(waiting) if !reply.body().is_empty() => {
                return reply.map(|body| Body::new(Truncated::new(body.into(), waiting)));
            }
            // There are no halves of nothing.
            Some(waiting) => waiting.through().await,
            None => {}
        }
        reply.map(Body::from)
    }

    /// A request about the sandbox itself.
    async fn own(&self, method: &Method, what: &str, query: &str, body: &Bytes) -> Response {
        match (method.as_str(), what) {
            ("POST", "dns") => read(body)
                .map_or_else(bad, |question: Question| Json(self.sandbox.resolve(&question)).into_response()),
            ("GET", "certificate") => {
                let host = query.strip_prefix("host=").unwrap_or("").to_ascii_lowercase();
                Json(self.sandbox.look(|world| site::shown(world, &host))).into_response()
            }
            ("GET", "clock") => self.clock(),
            ("POST", "sleep") => read(body).map_or_else(bad, |nap: Nap| {
                self.sandbox.pass(std::time::Duration::from_millis(nap.ms));
                self.clock()
            }),
            ("POST", "command") => read(body).map_or_else(bad, |command: WorldCommand| self.obey(&command)),
            ("GET", "show") => self.sandbox.show().into_response(),
            ("GET", "world") => Json(json!({"id": self.sandbox.world_id()})).into_response(),
            _ => self.gated(method, what, body).await,
        }
    }

    async fn gated(&self, method: &Method, what: &str, body: &Bytes) -> Response {
        match (method.as_str(), what) {
            ("POST", "gate") => {
                let Ok(told) = read::<Told>(body) else { return bad(()) };
                self.gate.pass(&format!("{} {}", told.side.word(), told.what)).await;
            }
            ("POST", "hold") => {
                let Ok(aim) = read::<Aim>(body) else { return bad(()) };
                self.gate.hold(aim);
            }
            ("POST", "let-go") => self.gate.let_go(),
            ("GET", "held") => return self.gate.held().await.into_response(),
            ("GET", "gone") => self.gate.gone().await,
            ("POST", "points/reset") => self.gate.restart(),
            ("GET", "points/names") => return Json(self.gate.names()).into_response(),
            ("GET", "points") => {}
            _ => return StatusCode::NOT_FOUND.into_response(),
        }
        Json(json!({"points": self.gate.passed()})).into_response()
    }

    fn obey(&self, command: &WorldCommand) -> Response {
        match command.carry_out(&self.sandbox) {
            Ok(()) => Json(Value::Null).into_response(),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, Json(error.to_string())).into_response(),
        }
    }

    fn clock(&self) -> Response {
        let time = self.sandbox.look(|world| world.time);
        Json(time).into_response()
    }
}

/// How long to sleep, in milliseconds.
#[derive(Deserialize)]
struct Nap {
    ms: u64,
}

/// A point the program tells of itself.
#[derive(Deserialize)]
struct Told {
    side: Side,
    what: String,
}

/// "after PATCH /api/v1/services/:id".
fn named(side: Side, ask: &Ask) -> String {
    format!("{} {} {}", side.word(), ask.method, schedule::shape(&ask.path))
}

fn read<T: for<'a> Deserialize<'a>>(body: &Bytes) -> Result<T, ()> {
    serde_json::from_slice(body).map_err(drop)
}

fn bad((): ()) -> Response {
    (StatusCode::BAD_REQUEST, Json(Value::from("the body is not what this call wants"))).into_response()
}
