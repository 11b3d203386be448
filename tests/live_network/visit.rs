//! One verification over the real transport and the real resolver. Its waiting is simulateded; what waits for a peer
//! is bounded by the time-outs it is given.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use fabrik::net::live::{LiveResolver, LiveTransport, Roots};
use fabrik::net::{Answer, Clock, Ports, Question, ResolveError, Resolver};
use fabrik::spec::StatusSet;
use fabrik::verify::{Check, Endless, Fingerprint, Route, Sighting, Target, Verified, VerifyError, verify};
use jiff::Timestamp;

pub const NEW: &str = "0197000000007000800000000000000b";
pub const HOST: &str = "blog.example.com";
pub const PLACE: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 7);

/// Time for whatever answers.
pub const AMPLE: Duration = Duration::from_secs(20);
/// Time for whatever does not.
pub const SHORT: Duration = Duration::from_millis(300);

/// A clock that moves when somebody sleeps.
#[derive(Default)]
struct Idle(Mutex<Duration>);

#[async_trait]
impl Clock for Idle {
    fn wall(&self) -> Timestamp {
        Timestamp::now()
    }

    fn boot(&self) -> Duration {
        *self.0.lock().unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        *self.0.lock().unwrap() += duration;
    }
}

/// The real resolver for the name servers named; this machine's own, which no test may lean on, knows nothing.
struct Named(LiveResolver);

#[async_trait]
impl Resolver for Named {
    async fn ask(&self, question: &Question) -> Result<Vec<Answer>, ResolveError> {
        if question.server.is_some() { self.0.ask(question).await } else { Err(ResolveError::Nothing) }
    }
}

/// What a verification came to, and every attempt.
pub struct Seen {
    pub outcome: Result<Verified, VerifyError>,
    pub shown: Vec<Sighting>,
}

impl Seen {
    /// The check it ended at.
    pub fn ended_at(&self) -> Option<Check> {
        match self.outcome {
            Err(VerifyError::TimedOut { check, .. }) => Some(check),
            _ => None,
        }
    }

    /// What the attempts at one check saw.
    pub fn of(&self, check: Check) -> Vec<&str> {
        self.shown.iter().filter(|it| it.check == check).map(|it| it.saw.as_str()).collect()
    }
}

/// The ways out, trusting the roots in `pem`; a name server gets `patience`.
pub fn ports(pem: &str, patience: Duration) -> Ports {
    let roots = if pem.is_empty() { Roots::default() } else { Roots::of_pem(pem.as_bytes()).unwrap() };
    Ports {
        transport: Arc::new(LiveTransport::trusting(roots)),
        resolver: Arc::new(Named(LiveResolver::within(patience))),
        clock: Arc::new(Idle::default()),
    }
}

/// The release of a new version at `site`, its record at `name_server`. One failure is enough.
pub fn target(site: SocketAddr, name_server: &str) -> Target {
    Target {
        host: HOST.to_owned(),
        way: Route::Straight(vec![PLACE.into()]),
        name_servers: vec![name_server.to_owned()],
        health_path: "/health".to_owned(),
        status: StatusSet::only(200),
        interval: AMPLE,
        timeout: AMPLE,
        successes: 3,
        fingerprint: Some(Fingerprint::Header("X-Fabrik-Release".to_owned())),
        release: NEW.to_owned(),
        connect_to: Some(site),
    }
}

/// Verifies.
pub async fn visit(ports: &Ports, target: &Target) -> Seen {
    let mut shown = Vec::new();
    let outcome = verify(ports, target, &mut |it| shown.push(it.clone()), &mut Endless).await;
    Seen { outcome, shown }
}
