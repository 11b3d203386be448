//! The recorded status timelines, played to the code that waits: a service's status comes late, dips to `exited`
//! after a good start and stays what it was while something goes on; an application's tells of the old container
//! for as long; and none of that may decide anything. A deployment's does decide, once it is over.
//!
//! The statuses are the recording's; whether the containers are well, and so how the run must end, is written
//! down by hand.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use fabrik::engine::commands::Engine;
use fabrik::net::{Clock, Ports, Request, Response, SendError, Transport};
use fabrik::sandbox::Fault;
use machine::phase::PhaseKind;
use serde_json::{Value, json};

use super::cycles::IMAGE;
use super::recorded::{evidence, say};
use crate::crash_safety::crash::CrashPoint;
use crate::crash_safety::scenario::{Scenario, options};

/// What the polling of a timeline followed upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Upon {
    /// A start, whose containers came up well.
    Start,
    /// A start whose containers came to nothing, for this reason.
    Failure(Fault),
    /// A start over a version that runs, which came up well.
    Update,
    /// A start over a version that runs on, because this one came to nothing.
    FailedUpdate,
    /// A start that no worker ever took.
    DeadStart,
    /// A stop.
    Stop,
    /// A deletion.
    Deletion,
    /// A stop that no worker ever took.
    DeadStop,
}

use Upon::{DeadStart, DeadStop, Deletion, FailedUpdate, Failure, Start, Stop, Update};

/// The deployment failed, so nothing new was started.
const FAILED: Upon = Failure(Fault::Build);

/// Every recorded timeline of an app, and what each of its runs followed upon; the last holds for all further ones.
const TIMELINES: &[(&str, &str, &[Upon])] = &[
    ("service-live", "get after start", &[Start]),
    ("service-live", "get after deploy", &[Start]),
    ("service-live", "get after restart", &[Start]),
    ("service-live", "get after stop", &[Stop]),
    ("service-failures", "svc missing-image", &[FAILED]),
    // Docker's own check fails and the app answers all the same: what answers counts.
    ("service-failures", "svc unhealthy", &[Start]),
    ("service-failures", "svc crashloop", &[Failure(Fault::Health)]),
    ("service-failures", "svc oneshot", &[Start]),
    ("service-failures", "svc oneshot-excluded", &[Start]),
    ("service-failures", "svc slow-start", &[Start]),
    ("service-failures", "svc dup-port", &[FAILED]),
    ("application-live", "app ok", &[FAILED]),
    ("application-live", "app hc", &[FAILED]),
    ("application-live", "app missing", &[FAILED]),
    ("application-live", "app badhc", &[FAILED]),
    ("application-live", "dep ok", &[FAILED]),
    ("application-live", "dep hc", &[FAILED]),
    ("application-live", "dep missing", &[FAILED]),
    ("application-live", "dep badhc", &[FAILED]),
    ("application-live", "dep ok run2", &[FAILED, Start]),
    ("application-live", "app ok run2", &[FAILED, Start]),
    ("application-live", "dep hc run2", &[FAILED, Start]),
    ("application-live", "app hc run2", &[FAILED, Start]),
    ("application-live", "dep missing run2", &[FAILED]),
    ("application-live", "app missing run2", &[FAILED]),
    ("application-live", "dep badhc run2", &[FAILED]),
    ("application-live", "app badhc run2", &[FAILED]),
    // It was in progress for as long as it was looked at.
    ("application-live2", "dep hc", &[DeadStart]),
    ("application-live2", "app hc", &[Update]),
    // Cancelled while it was queued.
    ("application-live2", "dep missing", &[FAILED]),
    ("application-live2", "app hc after restart", &[Update]),
    // It still ran for as long as it was looked at.
    ("application-live2", "app ok after stop", &[DeadStop]),
    ("application-failed-redeploy", "dep", &[FailedUpdate]),
    ("application-failed-redeploy", "app", &[FailedUpdate]),
    ("delete", "svc oneshot after delete", &[Deletion]),
    ("delete", "svc crashloop after delete", &[Deletion]),
    ("delete", "app ok after delete", &[Deletion]),
    ("queue-workers-dead", "svc", &[DeadStop]),
    ("queue-workers-dead", "app", &[DeadStop]),
    ("queue-workers-dead", "dep", &[DeadStart]),
    ("server-unreachable", "svc", &[Stop]),
    // It turns `exited` although its container is up and well.
    ("server-unreachable", "app", &[Update]),
    ("server-unreachable", "dep", &[FailedUpdate]),
    ("after-recovery", "svc after validate", &[Start]),
    ("after-recovery", "app after validate", &[Update]),
];

/// Whose status a timeline tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Service,
    Application,
    /// That of the first deployment that is asked for.
    Deployment,
}

impl Whose {
    fn of(group: &str, label: &str) -> Self {
        match label.split(' ').next() {
            Some("dep") => Self::Deployment,
            Some("app") => Self::Application,
            Some("get" | "svc") => Self::Service,
            other => panic!("nobody said whose status {group}: {other:?} is"),
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Service => "/api/v1/services/",
            Self::Application => "/api/v1/applications/",
            Self::Deployment => "/api/v1/deployments/",
        }
    }

    fn scenario(self) -> Scenario {
        match self {
            Self::Service => Scenario::new(1),
            Self::Application | Self::Deployment => IMAGE.scenario(),
        }
    }
}

/// A status from so many seconds on; `None` is a 404.
type Step = (Duration, Option<String>);

/// The sandbox's ports, with the statuses of a timeline once what it followed upon was asked for.
struct Played {
    inner: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    steps: Vec<Step>,
    whose: Whose,
    upon: Upon,
    began: Mutex<Option<Duration>>,
    /// The deployment that is told of.
    deployment: Mutex<Option<String>>,
    is_over: AtomicBool,
}

impl Played {
    fn over(ports: &Ports, whose: Whose, upon: Upon, steps: Vec<Step>) -> Arc<Self> {
        let (inner, clock) = (ports.transport.clone(), ports.clock.clone());
        let (began, deployment, is_over) = (Mutex::default(), Mutex::default(), AtomicBool::new(false));
        Arc::new(Self { inner, clock, steps, whose, upon, began, deployment, is_over })
    }

    /// Begins the timeline with what it followed upon, and ends it with what it did not.
    fn note(&self, method: &str, path: &str) {
        let deployed = method == "POST" && path.ends_with("/deploy");
        let stopped = method == "POST" && path.ends_with("/stop");
        let cancelled = method == "POST" && path.ends_with("/cancel");
        let is_app = ["/api/v1/services/", "/api/v1/applications/"].iter().any(|it| path.starts_with(it));
        let deleted = method == "DELETE" && is_app && path.matches('/').count() == 4;
        let (begins, ends) = match self.upon {
            Start | Failure(_) | Update | FailedUpdate => (deployed, stopped || deleted),
            DeadStart => (deployed, cancelled),
            Stop => (stopped, deleted),
            DeadStop => (stopped, false),
            Deletion => (deleted, false),
        };
        if begins {
            self.began.lock().unwrap().get_or_insert(self.clock.boot());
        }
        self.is_over.fetch_or(ends, Ordering::SeqCst);
    }

    /// What the timeline shows now: nothing while it is not played, and a 404 where it shows nothing.
    #[expect(clippy::option_option, reason = "not played and not there are two things")]
    fn shown(&self) -> Option<Option<&str>> {
        let began = (*self.began.lock().unwrap()).filter(|_| !self.is_over.load(Ordering::SeqCst))?;
        let passed = self.clock.boot().saturating_sub(began);
        let step = self.steps.iter().rfind(|(at, _)| *at <= passed);
        // A deployment that was over at the first look had been under way before it.
        if step.is_none() && self.whose == Whose::Deployment {
            return Some(Some("in_progress"));
        }
        step.or(self.steps.first()).map(|(_, status)| status.as_deref())
    }
}

#[async_trait]
impl Transport for Played {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        let (method, path) = (request.http.method().to_string(), request.http.uri().path().to_owned());
        self.note(&method, &path);
        let mut response = self.inner.send(request).await?;
        let mut body: Value = serde_json::from_slice(response.http.body()).unwrap_or_default();
        if method == "POST"
            && let Some(uuid) = body["deployments"][0]["deployment_uuid"].as_str()
        {
            self.deployment.lock().unwrap().get_or_insert(uuid.to_owned());
        }
        let Some(shown) = self.shown().filter(|_| method == "GET" && path.starts_with(self.whose.path()))
        else {
            return Ok(response);
        };
        let code = self.write(&mut body, response.http.status(), shown);
        *response.http.status_mut() = code;
        *response.http.body_mut() = body.to_string().into_bytes();
        Ok(response)
    }
}

impl Played {
    /// Writes what the timeline shows into an answer to a read.
    fn write(&self, body: &mut Value, code: http::StatusCode, status: Option<&str>) -> http::StatusCode {
        let is_whole = body["uuid"].is_string() && body["status"].is_string();
        let uuid = self.deployment.lock().unwrap().clone();
        let is_it = |item: &Value| uuid.is_some() && item["deployment_uuid"].as_str() == uuid.as_deref();
        match (self.whose, status) {
            (Whose::Deployment, status) => {
                let listed = body["deployments"].as_array_mut().map(Vec::as_mut_slice).unwrap_or_default();
                listed.iter_mut().filter(|item| is_it(item)).for_each(|item| item["status"] = json!(status));
                if is_it(body) {
                    body["status"] = json!(status);
                }
            }
            (_, Some(status)) if is_whole => body["status"] = json!(status),
            (_, None) if is_whole || code == http::StatusCode::NOT_FOUND => {
                *body = json!({"message": "It is not found."});
                return http::StatusCode::NOT_FOUND;
            }
            (_, Some(_) | None) => {}
        }
        code
    }
}

#[tokio::test]
async fn no_recorded_status_timeline_misleads_the_code_that_waits() {
    let Some(recorded) = evidence("coolify-recorded.json") else { return };
    let timelines = recorded["status_timelines"].as_object().expect("timelines by group");
    let mut played = (0, 0);
    for (group, labels) in timelines {
        for (label, polls) in labels.as_object().expect("polls by label") {
            // Whether a server can be used is asked when it matters, and never waited for.
            if label.starts_with("server") {
                continue;
            }
            let name = format!("{group}: {label}");
            let known = TIMELINES.iter().find(|(known, also, _)| known == group && also == label);
            let (_, _, upon) = known.unwrap_or_else(|| panic!("nobody said what {name} followed upon"));
            played.0 += 1;
            for (nth, steps) in runs(polls).into_iter().enumerate() {
                played.1 += 1;
                play(&name, Whose::of(group, label), upon[nth.min(upon.len() - 1)], steps).await;
            }
        }
    }
    say(&format!("timelines: {} runs of {} played", played.1, played.0));
    assert_eq!(played.0, TIMELINES.len(), "some of the timelines are not recorded");
}

/// The runs of one label: where seconds start again, a further run begins.
fn runs(polls: &Value) -> Vec<Vec<Step>> {
    let mut runs: Vec<Vec<Step>> = Vec::new();
    let mut last = u64::MAX;
    for poll in polls.as_array().expect("polls") {
        let (at, code) = (poll[0].as_u64().expect("seconds"), &poll[1]);
        let told = if poll[2].is_array() { &poll[2][0] } else { &poll[2] };
        let status = told.as_str().filter(|_| code == 200).map(str::to_owned);
        if at <= last {
            runs.push(Vec::new());
        }
        last = at;
        runs.last_mut().expect("there is one").push((Duration::from_secs(at), status));
    }
    runs
}

async fn play(name: &str, whose: Whose, upon: Upon, steps: Vec<Step>) {
    let scenario = whose.scenario();
    let played = Played::over(&scenario.sandbox.ports(), whose, upon, steps);
    if ![Start, FAILED, Failure(Fault::Health)].contains(&upon) {
        scenario.apply(&CrashPoint::default()).await;
        scenario.respec("blue", "red");
        // What was recorded began with an app whose status had caught up with its container.
        scenario.sandbox.ports().clock.sleep(Duration::from_secs(60)).await;
    }
    match upon {
        Failure(fault) => arm(&scenario, fault),
        FailedUpdate => arm(&scenario, Fault::Build),
        Start | Update | DeadStart | Stop | Deletion | DeadStop => {}
    }
    match upon {
        Start | Failure(_) | Update | FailedUpdate | DeadStart => {
            process(&scenario, &played).apply(scenario.spec(), &options()).await;
        }
        Stop | Deletion | DeadStop => {
            let run = scenario.finished().await.pop().expect("a finished run");
            process(&scenario, &played).roll_back(&run, &options()).await;
        }
    }
    assert!(played.began.lock().unwrap().is_some(), "{name}: it was never played");
    let (ends, stands) = match upon {
        Start | Update => (PhaseKind::Complete, 1),
        Failure(_) | Stop | Deletion => (PhaseKind::RolledBack, 0),
        // A deployment that never ends is cancelled, and the old version is brought back by one of its own.
        FailedUpdate | DeadStart => (PhaseKind::RolledBack, 1),
        DeadStop => (PhaseKind::Failed, 1),
    };
    assert_eq!(scenario.phase().await, Some(ends), "{name}, {upon:?}");
    // The sandbox takes its own time to delete. One service and one application are a stranger's.
    scenario.sandbox.ports().clock.sleep(Duration::from_secs(60)).await;
    let world = scenario.sandbox.world();
    let is = world.applications.len() + world.services.len() - 2;
    assert_eq!(is, stands, "{name}, {upon:?}: what it says is not what is");
}

fn arm(scenario: &Scenario, fault: Fault) {
    scenario.sandbox.with_world(|world| world.arm(fault, Some(1))).expect("a world in memory");
}

/// A process that sees the timeline.
fn process(scenario: &Scenario, played: &Arc<Played>) -> Engine {
    let ports = Ports { transport: played.clone(), ..scenario.sandbox.ports() };
    let mut process = scenario.process(&CrashPoint::default());
    process.clients = process.clients.clone().through(&ports);
    process.ports = ports;
    process
}
