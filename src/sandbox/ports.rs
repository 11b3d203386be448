//! The three ports of `wire` into a world of this process, and the hook on both sides of a request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ask::Ask;
use super::{Sandbox, exchange, resolver};
use crate::net::{
    Answer, Clock, Ports, Question, Request, ResolveError, Resolver, Response, SendError, Transport,
};

/// Asked at each point; may end the world for this handle.
pub type Hook = Arc<dyn Fn(&Point) -> HookVerdict + Send + Sync>;

/// One side of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// Counts all points of this handle from 1: two a request.
    pub index: u64,
    /// Before or after the effect.
    pub side: Side,
    /// Method of the request.
    pub method: String,
    /// Path with query of the request.
    pub path: String,
}

/// A side of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// It has not happened yet.
    Before,
    /// It has happened; nobody was told.
    After,
    /// It has happened, and half of its answer is on the way. Only where it travels: see `serve`.
    MidReply,
}

impl Side {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
            Self::MidReply => "mid-reply",
        }
    }
}

/// What is to become of the process that asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookVerdict {
    /// It goes on.
    Go,
    /// It dies here.
    Crash,
}

/// One handle of ports.
struct SandboxPorts {
    sandbox: Sandbox,
    hook: Option<Hook>,
    points: AtomicU64,
    crashed: AtomicBool,
}

/// The ports into `sandbox`.
pub(crate) fn ports(sandbox: Sandbox, hook: Option<Hook>) -> Ports {
    let crashed = AtomicBool::new(false);
    let ports = Arc::new(SandboxPorts { sandbox, hook, points: AtomicU64::new(0), crashed });
    Ports { transport: ports.clone(), resolver: ports.clone(), clock: ports }
}

impl SandboxPorts {
    fn pass(&self, ask: &Ask, side: Side) -> Result<(), SendError> {
        let Some(hook) = &self.hook else { return Ok(()) };
        let index = 1 + self.points.fetch_add(1, Ordering::SeqCst);
        let point = Point { index, side, method: ask.method.clone(), path: ask.target() };
        let has_crashed = self.crashed.load(Ordering::SeqCst);
        if has_crashed || hook(&point) == HookVerdict::Crash {
            self.crashed.store(true, Ordering::SeqCst);
            return Err(ask.lost("crashed"));
        }
        Ok(())
    }
}

impl Sandbox {
    /// Carries out one request as one step.
    ///
    /// # Errors
    /// As the port's; a world that cannot be kept refuses the connection.
    pub(super) fn exchange(&self, ask: &Ask) -> Result<Response, SendError> {
        let sent = self.with_world(|world| exchange::exchange(world, ask));
        sent.unwrap_or_else(|error| Err(SendError::Refused { peer: ask.peer(), reason: error.to_string() }))
    }

    pub(super) fn resolve(&self, question: &Question) -> Result<Vec<Answer>, ResolveError> {
        self.look(|world| resolver::ask(world, question))
    }

    /// Lets `duration` pass in the simulated world.
    pub(super) fn pass(&self, duration: Duration) {
        if let Err(error) = self.with_world(|world| world.pass(duration)) {
            tracing::warn!(%error, "the sandbox clock cannot be moved");
        }
    }
}

#[async_trait]
impl Transport for SandboxPorts {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        let ask = Ask::of(&request);
        self.pass(&ask, Side::Before)?;
        let sent = self.sandbox.exchange(&ask);
        self.pass(&ask, Side::After)?;
        sent
    }
}

#[async_trait]
impl Resolver for SandboxPorts {
    async fn ask(&self, question: &Question) -> Result<Vec<Answer>, ResolveError> {
        self.sandbox.resolve(question)
    }
}

#[async_trait]
impl Clock for SandboxPorts {
    fn wall(&self) -> Timestamp {
        self.sandbox.look(|world| world.time.wall)
    }

    fn boot(&self) -> Duration {
        Duration::from_millis(self.sandbox.look(|world| world.time.boot_ms))
    }

    async fn sleep(&self, duration: Duration) {
        self.sandbox.pass(duration);
        tokio::task::yield_now().await;
    }
}
