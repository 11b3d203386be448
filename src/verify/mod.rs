//! Is it well? Proof, asked for from outside, that the new version answers.
//!
//! Four checks, each in a file of its own, made one after the other under one deadline. Uses the three ports and
//! nothing else: it does not know who deployed the app or keeps the record, changes nothing, and asks nobody's
//! API. Whether going on makes sense is the caller's to say (see [`GiveUpPolicy`]).

mod dns;
mod edge;
mod external;
mod health;
mod http;
mod resolve;
mod route;
mod site;
mod tls;

use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use machine::entry::Proof;

use crate::net::Ports;
use crate::spec::StatusSet;
use site::Site;

pub use route::Route;

/// What is to be proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The name the app answers at.
    pub host: String,
    /// How the name leads there.
    pub way: Route,
    /// The zone's own name servers; where none is known, the system's resolver is believed instead.
    pub name_servers: Vec<String>,
    /// Path and query of the health question, with its leading slash.
    pub health_path: String,
    /// The statuses that count as healthy.
    pub status: StatusSet,
    /// The pause after a failure.
    pub interval: Duration,
    /// How long the whole proof may take.
    pub timeout: Duration,
    /// How many times in a row the app must be well, one second apart.
    pub successes: u32,
    /// Where the app says which release it is.
    pub fingerprint: Option<Fingerprint>,
    /// The release that must answer.
    pub release: String,
    /// Where to connect instead of to port 443 at the address that the name servers give.
    pub connect_to: Option<SocketAddr>,
}

/// Where an app says which release it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fingerprint {
    /// In a header of that name.
    Header(String),
    /// Under that top-level key of a JSON body.
    Json(String),
    /// In a header of that name if it comes: it is believed, and not missed where it does not come.
    IfShown(String),
}

/// What one look brought.
enum CheckResult {
    /// The check is passed.
    Pass(String),
    /// Well so far; to be seen again in a second.
    Progress(String),
    /// Not well, or not yet.
    Retry(String),
    /// A proxy answers that it does not reach the app.
    Unreached(String),
    /// Not well, and it is known what to do if that stays so.
    Advised {
        /// What was seen.
        saw: String,
        /// What to do.
        hint: String,
    },
    /// Another release than the wanted one is well.
    Stale(String),
}

macro_rules! checks {
    ($($(#[$doc:meta])* $check:ident, $module:ident;)*) => {
        /// The checks, in the order made.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Check {
            $($(#[$doc])* $check),*
        }

        impl Check {
            /// All checks, in the order made.
            pub const ALL: &[Self] = &[$(Self::$check),*];

            /// The name used on screens and in events.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$check => stringify!($module)),*
                }
            }

            async fn look(self, site: &Site<'_>) -> CheckResult {
                match self {
                    $(Self::$check => $module::look(site).await),*
                }
            }
        }
    };
}

// A new check is a file with a `look`, its `mod`, and its line here.
checks! {
    /// The zone's name servers give what was set.
    Dns, dns;
    /// The certificate is good: its chain, its name, its time.
    Tls, tls;
    /// The front page is not broken.
    Http, http;
    /// The new version says that it is well.
    Health, health;
}

impl std::fmt::Display for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What one attempt at one check comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    Well,
    /// Not well, or not yet.
    Unwell,
    /// A proxy answers that it does not reach the app.
    Unreached,
    /// Another release than the wanted one is well.
    Outdated,
}

/// What one attempt at one check saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    pub check: Check,
    /// What it comes to.
    pub seen: Seen,
    /// What was seen, in words.
    pub saw: String,
    /// Which attempt at this check it was, from 1.
    pub attempt: u32,
}

/// Why the caller wants no more attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GiveUp {
    /// It will not get well by waiting, for this reason.
    Hopeless(String),
    /// Somebody asked to stop.
    Cancelled,
}

/// Whether waiting on makes sense.
#[async_trait]
pub trait GiveUpPolicy: Send {
    /// Asked before each pause, with what was seen just now; `Some` ends the verification.
    async fn lost(&mut self, after: &Sighting) -> Option<GiveUp>;
}

/// Waits until the deadline, whatever is seen.
#[derive(Debug, Clone, Copy)]
pub struct Endless;

#[async_trait]
impl GiveUpPolicy for Endless {
    async fn lost(&mut self, _: &Sighting) -> Option<GiveUp> {
        None
    }
}

/// All checks passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Each check and what it saw last, in the order made.
    pub checks: Vec<(String, String)>,
    /// What shows that it is this release that answers.
    pub proof: Proof,
}

/// Why there is no proof.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The deadline came first.
    #[error("{check} check failed: {saw}")]
    TimedOut {
        /// The check that was not passed.
        check: Check,
        /// What it saw last.
        saw: String,
        /// What to do about that, where it is known.
        hint: Option<String>,
        /// What each check saw last, one a line.
        evidence: Vec<String>,
    },
    /// The caller knows that waiting does not help.
    #[error("{check} check failed: {saw}; {reason}")]
    Hopeless {
        /// The check that was not passed.
        check: Check,
        /// What it saw last.
        saw: String,
        /// The caller's reason.
        reason: String,
        /// What each check saw last, one a line.
        evidence: Vec<String>,
    },
    /// Somebody asked to stop; nothing is known.
    #[error("stopped while waiting for {check}")]
    Cancelled {
        /// The check that was not passed yet.
        check: Check,
    },
}

/// The pause between two successes.
const BEAT: Duration = Duration::from_secs(1);

/// The shortest pause after a failure, whatever the spec says.
const LEAST_PAUSE: Duration = Duration::from_millis(100);

/// Makes all checks, each until it is passed, and shows `on` every attempt as it is made.
///
/// The deadline is kept as well as the ports keep theirs: a request never gets more time than is left.
///
/// # Errors
/// [`VerifyError`] when the deadline or the caller's `patience` ends first.
pub async fn verify(
    ports: &Ports,
    target: &Target,
    on: &mut (dyn FnMut(&Sighting) + Send),
    patience: &mut dyn GiveUpPolicy,
) -> Result<Verified, VerifyError> {
    let deadline = ports.clock.boot() + target.timeout;
    let (door, shown, seen) = (OnceLock::new(), AtomicU32::new(0), Vec::new());
    let mut watch = Watch { ports, target, door, shown, on, patience, deadline, seen };
    for check in Check::ALL {
        watch.pass(*check).await?;
    }
    let is_shown = watch.shown.load(Ordering::Relaxed) >= target.successes.max(1);
    let proof = if is_shown { Proof::Fingerprint } else { Proof::None };
    Ok(Verified {
        checks: watch.seen.into_iter().map(|(check, saw)| (check.to_string(), saw)).collect(),
        proof,
    })
}

/// One verification under way.
struct Watch<'a> {
    ports: &'a Ports,
    target: &'a Target,
    door: OnceLock<IpAddr>,
    shown: AtomicU32,
    on: &'a mut (dyn FnMut(&Sighting) + Send),
    patience: &'a mut dyn GiveUpPolicy,
    deadline: Duration,
    seen: Vec<(Check, String)>,
}

impl Watch<'_> {
    async fn pass(&mut self, check: Check) -> Result<(), VerifyError> {
        self.seen.push((check, "not asked before the time was up".to_owned()));
        let (mut in_a_row, mut hint) = (1, None);
        for attempt in 1.. {
            let left = self.left();
            if left.is_zero() {
                break;
            }
            let Self { ports, target, .. } = *self;
            let look = check
                .look(&Site { ports, target, door: &self.door, shown: &self.shown, left, in_a_row })
                .await;
            let after_failure = self.target.interval.max(LEAST_PAUSE);
            let (seen, saw, advice, pause) = match look {
                CheckResult::Pass(saw) => (Seen::Well, saw, None, None),
                CheckResult::Progress(saw) => (Seen::Well, saw, None, Some(BEAT)),
                CheckResult::Retry(saw) => (Seen::Unwell, saw, None, Some(after_failure)),
                CheckResult::Advised { saw, hint } => (Seen::Unwell, saw, Some(hint), Some(after_failure)),
                CheckResult::Unreached(saw) => (Seen::Unreached, saw, None, Some(after_failure)),
                CheckResult::Stale(saw) => (Seen::Outdated, saw, None, Some(after_failure)),
            };
            hint = advice;
            let sighting = self.note(Sighting { check, seen, saw, attempt });
            let Some(pause) = pause else { return Ok(()) };
            in_a_row = if seen == Seen::Well { in_a_row + 1 } else { 1 };
            if let Some(stop) = self.patience.lost(&sighting).await {
                return Err(self.stopped(sighting, stop));
            }
            self.ports.clock.sleep(pause.min(self.left())).await;
        }
        Err(VerifyError::TimedOut { check, saw: self.last(), hint, evidence: self.evidence() })
    }

    fn left(&self) -> Duration {
        self.deadline.saturating_sub(self.ports.clock.boot())
    }

    fn note(&mut self, sighting: Sighting) -> Sighting {
        (self.on)(&sighting);
        if let Some((_, last)) = self.seen.last_mut() {
            last.clone_from(&sighting.saw);
        }
        sighting
    }

    fn stopped(&self, Sighting { check, saw, .. }: Sighting, stop: GiveUp) -> VerifyError {
        match stop {
            GiveUp::Hopeless(reason) => {
                VerifyError::Hopeless { check, saw, reason, evidence: self.evidence() }
            }
            GiveUp::Cancelled => VerifyError::Cancelled { check },
        }
    }

    fn last(&self) -> String {
        self.seen.last().map(|(_, saw)| saw.clone()).unwrap_or_default()
    }

    fn evidence(&self) -> Vec<String> {
        self.seen.iter().map(|(check, saw)| format!("{check}: {saw}")).collect()
    }
}

#[cfg(test)]
mod tests;
