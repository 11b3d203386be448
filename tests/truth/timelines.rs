//! The recorded status timelines, played to the code that waits: a service's status comes late, dips to `exited`
//! after a good start and stays what it was while something goes on, and none of that may decide anything.
//!
//! The statuses are the recording's; whether the containers are well, and so how the run must end, is written
//! down by hand.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use fabrik::runner::desk::Desk;
use fabrik::sandbox::Fault;
use fabrik::wire::{Clock, Outside, Request, Response, SendError, Transport};
use machine::phase::Name;
use serde_json::{Value, json};

use super::recorded::{evidence, say};
use crate::promise::crash::Fuse;
use crate::promise::scene::{Scene, options};

/// What the polling of a timeline followed upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Upon {
    /// A start, whose containers came up well.
    Start,
    /// A start whose containers came to nothing, for this reason.
    Failure(Fault),
    /// A stop.
    Stop,
    /// A deletion.
    Deletion,
    /// A stop that no worker ever took.
    DeadStop,
}

use Upon::{DeadStop, Deletion, Failure, Start, Stop};

/// Every recorded timeline of a service.
const TIMELINES: &[(&str, &str, Upon)] = &[
    ("service-live", "get after start", Start),
    ("service-live", "get after deploy", Start),
    ("service-live", "get after restart", Start),
    ("service-live", "get after stop", Stop),
    ("service-failures", "svc missing-image", Failure(Fault::Build)),
    // Docker's own check fails and the app answers all the same: what answers counts.
    ("service-failures", "svc unhealthy", Start),
    ("service-failures", "svc crashloop", Failure(Fault::Health)),
    ("service-failures", "svc oneshot", Start),
    ("service-failures", "svc oneshot-excluded", Start),
    ("service-failures", "svc slow-start", Start),
    ("service-failures", "svc dup-port", Failure(Fault::Build)),
    ("delete", "svc oneshot after delete", Deletion),
    ("delete", "svc crashloop after delete", Deletion),
    ("queue-workers-dead", "svc", DeadStop),
    ("server-unreachable", "svc", Stop),
    ("after-recovery", "svc after validate", Start),
];

/// A status from so many seconds on; `None` is a 404.
type Step = (Duration, Option<String>);

/// The sandbox's ports, with the statuses of a timeline once what it followed upon was asked for.
struct Played {
    inner: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    steps: Vec<Step>,
    upon: Upon,
    began: Mutex<Option<Duration>>,
    is_over: AtomicBool,
}

impl Played {
    fn over(outside: &Outside, upon: Upon, steps: Vec<Step>) -> Arc<Self> {
        let (inner, clock) = (outside.transport.clone(), outside.clock.clone());
        Arc::new(Self { inner, clock, steps, upon, began: Mutex::default(), is_over: AtomicBool::new(false) })
    }

    /// Begins the timeline with what it followed upon, and ends it with what it did not.
    fn note(&self, method: &str, path: &str) {
        let deployed = method == "POST" && path.ends_with("/deploy");
        let stopped = method == "POST" && path.ends_with("/stop");
        let deleted = method == "DELETE" && path.starts_with("/api/v1/services/");
        let (begins, ends) = match self.upon {
            Start | Failure(_) => (deployed, stopped || deleted),
            Stop => (stopped, deleted),
            DeadStop => (stopped, false),
            Deletion => (deleted, false),
        };
        if begins {
            self.began.lock().unwrap().get_or_insert(self.clock.boot());
        }
        self.is_over.fetch_or(ends, Ordering::SeqCst);
    }

    /// What the timeline shows now.
    fn shown(&self) -> Option<&Option<String>> {
        let began = (*self.began.lock().unwrap()).filter(|_| !self.is_over.load(Ordering::SeqCst))?;
        let passed = self.clock.boot().saturating_sub(began);
        self.steps.iter().rfind(|(at, _)| *at <= passed).or(self.steps.first()).map(|(_, status)| status)
    }
}

#[async_trait]
impl Transport for Played {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        let (method, path) = (request.http.method().to_string(), request.http.uri().path().to_owned());
        self.note(&method, &path);
        let mut response = self.inner.send(request).await?;
        let is_status =
            method == "GET" && path.starts_with("/api/v1/services/") && path.matches('/').count() == 4;
        if let Some(shown) = self.shown().filter(|_| is_status) {
            show(&mut response, shown.as_deref());
        }
        Ok(response)
    }
}

fn show(response: &mut Response, status: Option<&str>) {
    let mut body: Value = serde_json::from_slice(response.http.body()).unwrap_or_default();
    match status {
        Some(status) if response.http.status() == 200 => body["status"] = json!(status),
        Some(_) => return,
        None => {
            *response.http.status_mut() = http::StatusCode::NOT_FOUND;
            body = json!({"message": "Service not found."});
        }
    }
    *response.http.body_mut() = body.to_string().into_bytes();
}

#[tokio::test]
async fn no_recorded_status_timeline_misleads_the_code_that_waits() {
    let Some(recorded) = evidence("coolify-recorded.json") else { return };
    let timelines = recorded["status_timelines"].as_object().expect("timelines by group");
    let (mut played, mut left) = (0, Vec::new());
    for (group, labels) in timelines {
        for (label, polls) in labels.as_object().expect("polls by label") {
            let name = format!("{group}: {label}");
            match TIMELINES.iter().find(|(known, also, _)| known == group && also == label) {
                Some((_, _, upon)) => {
                    for steps in runs(polls) {
                        played += 1;
                        play(&name, *upon, steps).await;
                    }
                }
                None if label.starts_with("app") || label.starts_with("dep") => left.push(name),
                // Whether a server can be used is asked when it matters, and never waited for.
                None => assert!(label.starts_with("server"), "nobody said what {name} followed upon"),
            }
        }
    }
    say(&format!("timelines: {played} of services played, {} of applications not yet", left.len()));
    assert!(played >= TIMELINES.len(), "some of the timelines are not recorded");
}

/// The runs of one label: where seconds start again, a further run begins.
fn runs(polls: &Value) -> Vec<Vec<Step>> {
    let mut runs: Vec<Vec<Step>> = Vec::new();
    let mut last = u64::MAX;
    for poll in polls.as_array().expect("polls") {
        let (at, code) = (poll[0].as_u64().expect("seconds"), &poll[1]);
        let status = poll[2][0].as_str().filter(|_| code == 200).map(str::to_owned);
        if at <= last {
            runs.push(Vec::new());
        }
        last = at;
        runs.last_mut().expect("there is one").push((Duration::from_secs(at), status));
    }
    runs
}

async fn play(name: &str, upon: Upon, steps: Vec<Step>) {
    let scene = Scene::new(1);
    let played = Played::over(&scene.sandbox.outside(), upon, steps);
    if let Failure(fault) = upon {
        scene.sandbox.with_world(|world| world.arm(fault, Some(1))).unwrap();
    }
    match upon {
        Start | Failure(_) => drop(process(&scene, &played).apply(scene.spec(), &options()).await),
        Stop | Deletion | DeadStop => {
            scene.apply(&Fuse::default()).await;
            let run = scene.finished().await.pop().expect("a finished run");
            process(&scene, &played).roll_back(&run, &options()).await;
        }
    }
    assert!(played.began.lock().unwrap().is_some(), "{name}: it was never played");
    let ends = match upon {
        Start => Name::Complete,
        Failure(_) | Stop | Deletion => Name::RolledBack,
        DeadStop => Name::Failed,
    };
    assert_eq!(scene.phase().await, Some(ends), "{name}");
    // The sandbox takes its own time to delete. One of the services is a stranger's.
    scene.sandbox.outside().clock.sleep(Duration::from_secs(60)).await;
    let stands = scene.sandbox.world().services.len() > 1;
    assert_eq!(stands, [Name::Complete, Name::Failed].contains(&ends), "{name}: what it says is not what is");
}

/// A process that sees the timeline.
fn process(scene: &Scene, played: &Arc<Played>) -> Desk {
    let outside = Outside { transport: played.clone(), ..scene.sandbox.outside() };
    let mut process = scene.process(&Fuse::default());
    process.vendors = process.vendors.clone().through(&outside);
    process.outside = outside;
    process
}
