//! The client, answered with what a real Coolify answered: it must read it, and come to the right conclusion.
//!
//! What is right is written down by hand in `writes` and read off the raw body in `reads`, never asked of the
//! client itself.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use fabrik::net::{Answer, Clock, Ports, Question, ResolveError, Resolver};
use fabrik::net::{Request, Response, SendError, Transport};
use fabrik::providers::coolify::{AppSlot, Applications, Environments, Projects, Services};
use fabrik::providers::{Coolify, ReadError};
use fabrik::secrets::Secret;
use jiff::Timestamp;

use super::endpoints::Spoken;
use super::recorded::{Exchange, exchanges, say};
use super::{reads, writes};

/// What a replay found: nothing, or what is wrong.
pub type Found = Result<(), String>;

/// An outside that answers every path with what was recorded, and lets time pass when asked to wait.
#[derive(Default)]
pub struct Canned {
    answers: Vec<(String, Response)>,
    heard: Mutex<Vec<String>>,
    passed: Mutex<Duration>,
}

impl Canned {
    pub fn of(exchanges: &[&Exchange]) -> Arc<Self> {
        let answers = exchanges
            .iter()
            .map(|it| (format!("/api/v1{}", it.path.trim_end_matches('/')), it.response()))
            .collect();
        Arc::new(Self { answers, ..Self::default() })
    }

    /// The client that talks to it.
    pub fn coolify(self: &Arc<Self>) -> Coolify {
        let ports = Ports { transport: self.clone(), resolver: self.clone(), clock: self.clone() };
        Coolify::new(ports, "https://coolify.example.com", Secret::new("1|token"))
    }

    /// The requests it heard, as "GET /path".
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

#[async_trait]
impl Transport for Canned {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        let path = request.http.uri().path().to_owned();
        self.heard.lock().unwrap().push(format!("{} {path}", request.http.method()));
        let answer = self.answers.iter().find(|(known, _)| *known == path);
        let refused =
            || SendError::Refused { peer: path.clone(), reason: "nothing was recorded of it".into() };
        answer.map(|(_, response)| response.clone()).ok_or_else(refused)
    }
}

#[async_trait]
impl Resolver for Canned {
    async fn ask(&self, _: &Question) -> Result<Vec<Answer>, ResolveError> {
        Err(ResolveError::Nothing)
    }
}

#[async_trait]
impl Clock for Canned {
    fn wall(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn boot(&self) -> Duration {
        *self.passed.lock().unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        *self.passed.lock().unwrap() += duration;
    }
}

/// Projects called `name`.
pub fn projects(coolify: Coolify, name: &str) -> Projects {
    Projects { coolify, team: "0".into(), server: "server".into(), name: name.into() }
}

/// Environments called `name` in `project`.
pub fn environments(coolify: Coolify, project: &str, name: &str) -> Environments {
    let (project, name) = (project.into(), name.into());
    Environments { coolify, team: "0".into(), server: "server".into(), project, name }
}

/// Services called `name` in an environment of `project`.
pub fn services(coolify: Coolify, project: &str, environment: &str, name: &str) -> Services {
    let slot = slot(coolify, project, environment, name);
    Services { slot, compose: "{\"services\":{}}".into(), main: "app".into() }
}

/// Applications called `name` in an environment of `project`.
pub fn applications(coolify: Coolify, project: &str, environment: &str, name: &str) -> Applications {
    Applications { slot: slot(coolify, project, environment, name) }
}

fn slot(coolify: Coolify, project: &str, environment: &str, name: &str) -> AppSlot {
    AppSlot {
        coolify,
        team: "0".into(),
        server: "server".into(),
        project: project.into(),
        environment: environment.into(),
        name: name.into(),
    }
}

/// Compares, naming what was compared.
pub fn same<T: PartialEq + std::fmt::Debug>(what: &str, is: &T, should: &T) -> Found {
    if is == should {
        Ok(())
    } else {
        Err(format!("{what}: the client says {is:?}, it should say {should:?}"))
    }
}

/// Whether a read that failed failed for the recorded reason.
pub fn same_trouble(exchange: &Exchange, trouble: &ReadError) -> Found {
    let fits = match exchange.status {
        401 | 403 => matches!(trouble, ReadError::TokenRefused { .. }),
        429 | 500.. => matches!(trouble, ReadError::Unreachable { .. }),
        _ => matches!(trouble, ReadError::Refused { .. }),
    };
    let words = exchange.body["message"].as_str().filter(|_| exchange.status < 429).unwrap_or_default();
    let says = trouble.to_string().contains(words);
    if fits && says { Ok(()) } else { Err(format!("the client makes {trouble:?} of it")) }
}

#[tokio::test]
async fn the_client_reads_every_recorded_answer_and_concludes_what_it_means() {
    let Some(exchanges) = exchanges() else { return };
    let used: Vec<&Exchange> =
        exchanges.iter().filter(|exchange| exchange.endpoint().spoken == Spoken::Both).collect();
    let mut wrong = Vec::new();
    for exchange in &used {
        let found = match exchange.method.as_str() {
            "GET" => reads::conclude(exchange).await,
            _ => writes::conclude(exchange),
        };
        wrong.extend(found.err().map(|what| format!("{}\n    {what}", exchange.name())));
    }
    say(&format!("client: {} recorded answers read, {} unexplained", used.len(), wrong.len()));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
