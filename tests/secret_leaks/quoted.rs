//! An outside that quotes the secrets it was given, wherever it says no: neither the journal nor a listener hears them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fabrik::engine::commands::{CommandOutcome, Engine};
use fabrik::engine::event::{Event, EventSink};
use fabrik::net::{Ports, Request, Response, SendError, Transport};
use fabrik::secrets::Redactor;
use fabrik::secrets::Secret;
use machine::phase::{PhaseKind, VolumePolicy};
use serde_json::json;

use super::canaries::Ears;
use crate::crash_safety::crash::CrashPoint;
use crate::crash_safety::scenario::{Scenario, options};

/// Without what `{:?}` would escape once more.
const SECRET: &str = "canary-'quoted'-back ünd/forth+0123";

/// Answers one request, or all from that one on, with words that quote the secret.
struct Parrot {
    inner: Arc<dyn Transport>,
    asked: AtomicUsize,
    at: usize,
    mood: Mood,
}

#[derive(Clone, Copy, Debug)]
struct Mood {
    status: u16,
    stubborn: bool,
}

const MOODS: [Mood; 5] = [
    Mood { status: 422, stubborn: false },
    Mood { status: 500, stubborn: false },
    Mood { status: 422, stubborn: true },
    Mood { status: 403, stubborn: true },
    Mood { status: 500, stubborn: true },
];

#[async_trait]
impl Transport for Parrot {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        let at = self.asked.fetch_add(1, Ordering::SeqCst);
        if at != self.at && !(self.mood.stubborn && at > self.at) {
            return self.inner.send(request).await;
        }
        let words = format!("no `{SECRET}` here, nor {}", STANDARD.encode(SECRET));
        let body = json!({
            "success": false,
            "message": words,
            "error": words,
            "errors": {"env": [words]},
            "conflicts": [{"message": words}],
        });
        let http = http::Response::builder().status(self.mood.status).body(body.to_string().into_bytes());
        Ok(Response { http: http.unwrap(), certificate: None })
    }
}

/// Keeps all that is told, and hides what it is told to, as a face does.
#[derive(Default)]
struct All {
    told: Mutex<Vec<String>>,
    redactor: Redactor,
}

impl EventSink for All {
    fn emit(&self, event: &Event) {
        self.told.lock().unwrap().push(self.redactor.redact_own(&format!("{event:?}")));
    }

    fn hide(&self, secret: &Secret) {
        self.redactor.learn(secret);
    }
}

#[derive(Clone, Copy, Debug)]
enum Command {
    Apply,
    Update,
    RollBack,
    Destroy,
}

impl Command {
    async fn set(self) -> Scenario {
        let mut scenario = Scenario::new(1);
        scenario.environment.insert("API_KEY".to_owned(), SECRET.to_owned());
        if !matches!(self, Self::Apply) {
            scenario.apply(&CrashPoint::default()).await;
            assert_eq!(scenario.phase().await, Some(PhaseKind::Complete));
        }
        if matches!(self, Self::Update) {
            scenario.edit("second");
        }
        scenario
    }

    async fn done(self, scenario: &Scenario, engine: &Engine) -> CommandOutcome {
        match self {
            Self::Apply | Self::Update => engine.apply(scenario.spec(), &options()).await,
            Self::RollBack => {
                let run = scenario.finished().await.pop().unwrap();
                engine.roll_back(&run, &options()).await
            }
            Self::Destroy => {
                let app = scenario.journal().list(None).await.unwrap().last().unwrap().app.clone();
                engine.destroy(&app, VolumePolicy::Retain, &options()).await
            }
        }
    }
}

/// Does the command with a parrot at `at`; gives all that is told and written, or `None` where it was never asked so often.
async fn told(command: Command, at: usize, mood: Mood) -> Option<String> {
    let scenario = command.set().await;
    let (heard, ports) = (Arc::new(All::default()), scenario.sandbox.ports());
    let asked = AtomicUsize::new(0);
    let parrot = Arc::new(Parrot { inner: ports.transport.clone(), asked, at, mood });
    let ports = Ports { transport: parrot.clone(), ..ports };
    let engine = scenario.process(&CrashPoint::default());
    let clients = engine.clients.clone().through(&ports);
    let engine = Engine { listener: heard.clone(), ports, clients, ..engine };
    let outcome = command.done(&scenario, &engine).await;
    drop(engine);
    if parrot.asked.load(Ordering::SeqCst) <= at {
        return None;
    }
    let mut all = vec![heard.redactor.redact_own(&format!("{outcome:?}"))];
    all.append(&mut heard.told.lock().unwrap());
    for row in scenario.journal().list(None).await.unwrap() {
        let lines = scenario.journal().load(&row.run).await.unwrap().lines;
        all.extend(lines.iter().map(|line| format!("journal {}", serde_json::to_string(line).unwrap())));
    }
    Some(all.join("\n"))
}

async fn never_repeated(command: Command) {
    let ears = Ears::of([("API_KEY", SECRET)]);
    let mut hidden = 0;
    for mood in MOODS {
        for at in 0.. {
            let Some(told) = told(command, at, mood).await else {
                assert!(at > 5, "{command:?} asks only {at} times");
                break;
            };
            for line in told.lines() {
                let heard = ears.hear(line.as_bytes());
                assert_eq!(heard, Vec::<String>::new(), "{command:?}, request {at}, {mood:?}: {line}");
            }
            hidden += usize::from(told.contains("***"));
        }
    }
    assert!(hidden > 5, "{command:?}: the outside's words came through {hidden} times");
}

#[tokio::test]
async fn what_the_outside_quotes_at_any_request_of_an_apply_is_not_repeated() {
    never_repeated(Command::Apply).await;
}

#[tokio::test]
async fn what_the_outside_quotes_at_any_request_of_an_update_is_not_repeated() {
    never_repeated(Command::Update).await;
}

#[tokio::test]
async fn what_the_outside_quotes_at_any_request_of_a_rollback_is_not_repeated() {
    never_repeated(Command::RollBack).await;
}

#[tokio::test]
async fn what_the_outside_quotes_at_any_request_of_taking_down_is_not_repeated() {
    never_repeated(Command::Destroy).await;
}
