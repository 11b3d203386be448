//! Things that go wrong: by hand (`fabrik sandbox fault`), exactly at one request, or by a schedule.
//!
//! Decides what befalls a request. What that means for it is in `exchange`.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::ask::Ask;
use super::schedule;
use super::world::World;

/// A fault a person can arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// The next start's image does not build.
    Build,
    /// The next start's image does not exist.
    MissingImage,
    /// The next start's containers end soon after each start.
    CrashLoop,
    /// The next start takes the old containers away, and its own never start.
    NeverStarts,
    /// The next start's containers listen on another port than the proxy asks at.
    WrongPort,
    /// The next start's containers are never well.
    Health,
    /// The next write is carried out and not answered.
    LostReply,
    /// The next write is carried out and answered with 500.
    #[serde(rename = "500-after-write")]
    ErrorAfterWrite,
    /// The next request is turned away.
    #[serde(rename = "429")]
    TooMany,
    /// The Coolify token belongs to another team.
    TeamSwap,
    /// The next deployment of an application never ends.
    DeploymentHangs,
    /// The record of the next deployment of an application disappears.
    DeploymentVanishes,
    /// The next trigger of an application finds the queue full.
    QueueFull,
    /// The next request through a tunnel finds no cloudflared connected to it.
    TunnelDown,
}

impl Fault {
    /// All of them, in the order they are listed.
    pub const ALL: [Self; 14] = [
        Self::Build,
        Self::MissingImage,
        Self::CrashLoop,
        Self::NeverStarts,
        Self::WrongPort,
        Self::Health,
        Self::LostReply,
        Self::ErrorAfterWrite,
        Self::TooMany,
        Self::TeamSwap,
        Self::DeploymentHangs,
        Self::DeploymentVanishes,
        Self::QueueFull,
        Self::TunnelDown,
    ];

    /// What it is called on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::MissingImage => "missing-image",
            Self::CrashLoop => "crash-loop",
            Self::NeverStarts => "never-starts",
            Self::WrongPort => "wrong-port",
            Self::Health => "health",
            Self::LostReply => "lost-reply",
            Self::ErrorAfterWrite => "500-after-write",
            Self::TooMany => "429",
            Self::TeamSwap => "team-swap",
            Self::DeploymentHangs => "deployment-hangs",
            Self::DeploymentVanishes => "deployment-vanishes",
            Self::QueueFull => "queue-full",
            Self::TunnelDown => "tunnel-down",
        }
    }

    /// What it does, in one sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Build => {
                "The next start's image does not build and the old release answers on; of a service nobody says so."
            }
            Self::MissingImage => {
                "The next start's image does not exist and the old release answers on; of a service nobody says so."
            }
            Self::CrashLoop => {
                "The next start's containers end soon after each start and are restarted for ever."
            }
            Self::NeverStarts => {
                "The next start takes the old containers away and starts none; of a service nobody says so."
            }
            Self::WrongPort => {
                "The next start's containers listen on another port, so that the proxy answers 502."
            }
            Self::Health => "The next start comes up, but its health path answers 503.",
            Self::LostReply => "The next write is carried out, but its answer never arrives.",
            Self::ErrorAfterWrite => "The next write is carried out, but answered with 500.",
            Self::TooMany => "The next request is turned away with 429 and Retry-After.",
            Self::TeamSwap => {
                "The Coolify token belongs to another team, N requests long or until armed again."
            }
            Self::DeploymentHangs => "The next deployment of an application is in progress for ever.",
            Self::DeploymentVanishes => {
                "The next deployment of an application is gone after a while, and nothing came of it."
            }
            Self::TunnelDown => {
                "The next request through a tunnel is answered with 530, error 1033: no cloudflared is connected."
            }
            Self::QueueFull => "The next trigger of an application is answered with 429: the queue is full.",
        }
    }
}

/// No such fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no fault called `{0}`")]
pub struct UnknownFault(pub String);

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        Self::ALL.into_iter().find(|fault| fault.name() == text).ok_or_else(|| UnknownFault(text.to_owned()))
    }
}

/// A fault waiting for its moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Armed {
    pub fault: Fault,
    /// How many times it still strikes; `None` is for ever.
    pub left: Option<u32>,
}

/// What befalls one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RequestFault {
    /// Nobody takes the connection; nothing was sent.
    Refused,
    /// It never arrives, and the client waits out its time-out.
    LostBefore,
    /// It takes effect; its answer is lost.
    LostAfter,
    /// No answer, and it takes effect this many milliseconds after it was sent.
    Late {
        /// Milliseconds after sending.
        after_ms: u64,
    },
    /// 500 without effect.
    ErrorBefore,
    /// It takes effect, and 500 is answered.
    ErrorAfter,
    /// It takes effect; the body of its answer breaks off half-way.
    Garbled,
    /// It takes effect; its answer is an empty JSON object, so that no id is in it.
    Empty,
    /// A proxy's 502 in HTML, without effect.
    Gateway,
    /// 429 without effect, with or without `Retry-After` (seconds).
    TooMany {
        /// Seconds.
        retry_after: Option<u64>,
    },
    /// A read that does not know what was made in the last five seconds, nor which records were deleted.
    Stale,
    /// It succeeds shortly before the time-out.
    Slow,
    /// It takes effect, and a proxy's 504 in HTML is answered.
    GatewayAfter,
    /// It takes effect; every value in its answer is of another type.
    Mistyped,
    /// It takes effect; answered with 200 and `success: false`.
    Unsuccessful,
    /// A list out of order.
    Shuffled,
    /// A list with everything in it twice.
    Doubled,
    /// A list without its last half, the count beside it unchanged.
    CutShort,
    /// Another resource of the same kind is told of than was asked for.
    Another,
    /// 307 to another host, without effect.
    Elsewhere,
}

impl World {
    /// Arms `fault` for so many times; `None` means once, or for [`Fault::TeamSwap`] until armed again.
    pub fn arm(&mut self, fault: Fault, times: Option<u32>) {
        let armed = self.faults.iter().position(|armed| armed.fault == fault);
        match (fault, armed) {
            (Fault::TeamSwap, Some(at)) => drop(self.faults.remove(at)),
            (Fault::TeamSwap, None) => self.faults.push(Armed { fault, left: times }),
            _ => self.faults.push(Armed { fault, left: Some(times.unwrap_or(1)) }),
        }
    }

    /// Whether `fault` is armed; if so, one of its times is spent.
    pub(super) fn take_fault(&mut self, fault: Fault) -> bool {
        let Some(at) = self.faults.iter().position(|armed| armed.fault == fault) else { return false };
        let left = &mut self.faults[at].left;
        *left = left.map(|left| left.saturating_sub(1));
        if *left == Some(0) {
            self.faults.remove(at);
        }
        true
    }
}

/// What befalls the request that has just arrived. Counts it everywhere, whichever fault strikes.
pub(crate) fn next(world: &mut World, ask: &Ask) -> Option<RequestFault> {
    let is_write = ask.writes() && super::exchange::is_api(ask);
    let exact = countdown(&mut world.at_request);
    let exact_write = if is_write { countdown(&mut world.at_write) } else { None };
    let drawn = schedule::draw(world, ask);
    exact.or(exact_write).or_else(|| armed(world, ask, is_write)).or(drawn)
}

fn countdown(at: &mut Option<(u64, RequestFault)>) -> Option<RequestFault> {
    let (left, fault) = at.as_mut()?;
    *left = left.saturating_sub(1);
    let struck = (*left == 0).then_some(*fault);
    if struck.is_some() {
        *at = None;
    }
    struck
}

fn armed(world: &mut World, ask: &Ask, is_write: bool) -> Option<RequestFault> {
    if super::exchange::is_api(ask) && world.take_fault(Fault::TooMany) {
        return Some(RequestFault::TooMany { retry_after: Some(42) });
    }
    if is_write && world.take_fault(Fault::LostReply) {
        return Some(RequestFault::LostAfter);
    }
    (is_write && world.take_fault(Fault::ErrorAfterWrite)).then_some(RequestFault::ErrorAfter)
}
