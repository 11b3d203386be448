//! Runs that come near what the APIs take, on the simulated clock.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use fabrik::engine::RunOutcome;
use fabrik::engine::commands::{CommandOutcome, Engine};
use fabrik::engine::context::Cancel;
use fabrik::engine::event::{Event, EventSink};
use fabrik::engine::interruptible_clock::InterruptibleClock;
use fabrik::net::{Budgets, Ports, Request, Response, SendError, Transport};
use fabrik::providers::request::{CLOUDFLARE_TAKES, COOLIFY_TAKES};
use fabrik::sandbox::{CLOUDFLARE, COOLIFY, Rates, RequestFault, Sandbox, Schedule, World};
use machine::phase::PhaseKind;

use crate::crash_safety::crash::CrashPoint;
use crate::crash_safety::invariants::{always, at_rest};
use crate::crash_safety::scenario::{Scenario, options};

/// A way out that notes what came back.
struct Noting {
    inner: Arc<dyn Transport>,
    statuses: Mutex<Vec<u16>>,
}

#[async_trait]
impl Transport for Noting {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        let came = self.inner.send(request).await;
        let status = came.as_ref().map_or(0, |answer| answer.http.status().as_u16());
        self.statuses.lock().unwrap().push(status);
        came
    }
}

impl Noting {
    fn over(sandbox: &Sandbox) -> (Arc<Self>, Ports) {
        let ports = sandbox.ports();
        let noting = Arc::new(Self { inner: ports.transport.clone(), statuses: Mutex::default() });
        (noting.clone(), Ports { transport: noting, ..ports })
    }

    fn turned_away(&self) -> usize {
        self.statuses.lock().unwrap().iter().filter(|status| **status == 429).count()
    }
}

/// Looks on, and stops the run at the first wait for an API if it is to.
#[derive(Default)]
struct Onlooker {
    waits: Mutex<Vec<String>>,
    stops: Option<Cancel>,
}

impl EventSink for Onlooker {
    fn emit(&self, event: &Event) {
        if let Event::Waiting { step, what } = event
            && what.contains("rate limit")
        {
            self.waits.lock().unwrap().push(format!("{step}: {what}"));
            if let Some(cancel) = &self.stops {
                cancel.ask();
            }
        }
    }
}

/// A process that keeps to what the APIs take, as the program does.
fn metered(scenario: &Scenario, ports: Ports, onlooker: Arc<Onlooker>) -> Engine {
    let mut engine = scenario.process(&CrashPoint::default());
    if let Some(cancel) = &onlooker.stops {
        engine.cancel = cancel.clone();
    }
    let coolify = format!("https://{COOLIFY}");
    let cloudflare = format!("https://{CLOUDFLARE}/client/v4");
    let apis = [(coolify.as_str(), COOLIFY_TAKES), (cloudflare.as_str(), CLOUDFLARE_TAKES)];
    let ports = Budgets::default().metered(ports, "", &apis);
    engine.ports = InterruptibleClock::over(ports, onlooker.clone(), engine.cancel.clone());
    engine.clients = engine.clients.clone().through(&engine.ports);
    engine.listener = onlooker;
    engine
}

fn change(scenario: &Scenario, change: impl FnOnce(&mut World)) {
    scenario.sandbox.with_world(change).unwrap();
}

fn is_complete(outcome: &CommandOutcome) -> bool {
    matches!(outcome, CommandOutcome::Ended(RunOutcome::Complete { .. }))
}

#[tokio::test]
async fn a_run_far_from_the_limits_takes_no_longer_for_them() {
    let (plain, counted) = (Scenario::new(1), Scenario::new(1));
    assert!(is_complete(&plain.apply(&CrashPoint::default()).await));
    let engine = metered(&counted, counted.sandbox.ports(), Arc::default());
    assert!(is_complete(&engine.apply(counted.spec(), &options()).await));
    let passed = |scenario: &Scenario| scenario.sandbox.ports().clock.boot();
    assert_eq!(passed(&counted), passed(&plain));
    assert_eq!(counted.sandbox.world().log.requests, plain.sandbox.world().log.requests);
}

#[tokio::test]
async fn a_run_beyond_the_limits_is_slow_and_never_turned_away() {
    for limit in [3, 8, 20] {
        let scenario = Scenario::new(1);
        change(&scenario, |world| {
            world.coolify.rate_limit = limit;
            world.cloudflare.rate_limit = limit;
        });
        let (noting, ports) = Noting::over(&scenario.sandbox);
        let onlooker = Arc::new(Onlooker::default());
        let engine = metered(&scenario, ports, onlooker.clone());
        let outcome = engine.apply(scenario.spec(), &options()).await;
        assert!(is_complete(&outcome), "{limit}: {outcome:?}");
        assert_eq!(noting.turned_away(), 0, "{limit}");
        assert!(!onlooker.waits.lock().unwrap().is_empty(), "{limit}: it waited, and nobody saw");
        at_rest(&scenario, &format!("limit {limit}")).await;
    }
}

#[tokio::test]
async fn a_run_that_waits_for_room_stops_when_asked_and_goes_on_later() {
    let scenario = Scenario::new(1);
    change(&scenario, |world| world.coolify.rate_limit = 12);
    let onlooker = Arc::new(Onlooker { stops: Some(Cancel::default()), ..Onlooker::default() });
    let engine = metered(&scenario, scenario.sandbox.ports(), onlooker.clone());
    let outcome = engine.apply(scenario.spec(), &options()).await;
    assert_eq!(onlooker.waits.lock().unwrap().len(), 1, "it waited no more");
    assert!(matches!(&outcome, CommandOutcome::Ended(RunOutcome::Parked { .. })), "{outcome:?}");
    always(&scenario, "stopped").await;
    change(&scenario, |world| world.coolify.rate_limit = 10_000);
    scenario.resume(&CrashPoint::default()).await;
    assert!(scenario.phase().await.is_some_and(PhaseKind::is_closed));
    at_rest(&scenario, "resumed").await;
}

#[tokio::test]
async fn a_write_turned_away_is_sent_again_and_makes_one_thing() {
    for retry_after in [None, Some(0), Some(42), Some(86_400)] {
        for write in 1..=8 {
            let scenario = Scenario::new(1);
            change(&scenario, |world| world.at_write = Some((write, RequestFault::TooMany { retry_after })));
            let (noting, ports) = Noting::over(&scenario.sandbox);
            let engine = metered(&scenario, ports, Arc::default());
            let outcome = engine.apply(scenario.spec(), &options()).await;
            assert!(is_complete(&outcome), "{retry_after:?} at write {write}: {outcome:?}");
            assert!(noting.turned_away() <= 1, "{retry_after:?} at write {write}: it came again too early");
            at_rest(&scenario, &format!("{retry_after:?} at write {write}")).await;
        }
    }
}

#[tokio::test]
async fn an_api_that_turns_everything_away_for_a_day_is_not_waited_for_without_end() {
    let scenario = Scenario::new(1);
    let always_full = Rates { too_many_bare: 1000, ..Rates::default() };
    change(&scenario, |world| world.schedule = Some(Schedule { seed: 1, rates: always_full }));
    let clock = scenario.sandbox.ports().clock;
    let began = clock.boot();
    let (noting, ports) = Noting::over(&scenario.sandbox);
    let outcome = metered(&scenario, ports, Arc::default()).apply(scenario.spec(), &options()).await;
    assert!(!is_complete(&outcome), "{outcome:?}");
    assert!(clock.boot().saturating_sub(began) < Duration::from_secs(3600));
    assert!(noting.turned_away() < 30, "{}", noting.turned_away());
    at_rest(&scenario, "nothing begun").await;
}

#[tokio::test]
async fn keeping_to_the_limits_breaks_no_promise_in_a_hostile_world() {
    for seed in 0..20 {
        let scenario = Scenario::new(seed);
        change(&scenario, |world| {
            world.schedule = Some(Schedule { seed, rates: Rates::HOSTILE });
            world.coolify.rate_limit = 25;
        });
        let engine = metered(&scenario, scenario.sandbox.ports(), Arc::default());
        engine.apply(scenario.spec(), &options()).await;
        always(&scenario, &format!("seed {seed}")).await;
        change(&scenario, |world| world.schedule = None);
        for _ in 0..3 {
            let Some(run) = scenario.open_run().await else { break };
            metered(&scenario, scenario.sandbox.ports(), Arc::default()).resume(&run, &options()).await;
        }
        at_rest(&scenario, &format!("seed {seed}, at rest")).await;
    }
}
