//! One story from its beginning to its end, with every invariant looked at on the way.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use fabrik::engine::RunOutcome;
use fabrik::engine::commands::{CommandOutcome, Engine, Options};
use fabrik::journal::Holder;
use fabrik::net::{Request, Response, SendError, Transport};
use fabrik::sandbox::{Hook, Sandbox, Schedule, Side};
use machine::phase::VolumePolicy;
use tokio::sync::Notify;

use super::script::{Act, Script, Third, Trouble};
use super::third::{SLEEP, Wound, heal, strike};
use crate::crash_safety::crash::CrashPoint;
use crate::crash_safety::invariants::{always, at_rest};
use crate::crash_safety::operation::complete;
use crate::crash_safety::scenario::{Made, Scenario, options};

/// What a life came to, for counting.
#[derive(Debug, Default)]
pub struct Tally {
    pub requests: u64,
    pub crashes: u64,
    pub strikes: u64,
    pub sleeps: u64,
}

impl Tally {
    pub fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.crashes += other.crashes;
        self.strikes += other.strikes;
        self.sleeps += other.sleeps;
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { requests, crashes, strikes, sleeps } = self;
        write!(
            f,
            "{requests} requests, {crashes} crashes, {strikes} acts of others, {sleeps} sleeps past a lease"
        )
    }
}

/// A process's way out, on which it may fall asleep before its nth request.
struct Sleepy {
    inner: Arc<dyn Transport>,
    left: AtomicU64,
    gate: Arc<Gate>,
}

#[derive(Default)]
struct Gate {
    reached: Notify,
    open: Notify,
    slept: AtomicBool,
}

#[async_trait]
impl Transport for Sleepy {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        if self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.gate.slept.store(true, Ordering::SeqCst);
            self.gate.reached.notify_one();
            self.gate.open.notified().await;
        }
        self.inner.send(request).await
    }
}

/// A story under way.
pub struct Life {
    pub scenario: Scenario,
    seed: u64,
    version: u64,
    moved: bool,
    wounds: Vec<Wound>,
    /// Whether others deleted something that was ours.
    deleted: bool,
    tally: Tally,
}

impl Life {
    /// A scene for `script`.
    pub fn new(seed: u64, script: &Script) -> Self {
        let scenario = Scenario::with(script.made, seed);
        let set = |world: &mut fabrik::sandbox::World| world.coolify.ahead_s = script.ahead_s;
        scenario.sandbox.with_world(set).expect("it is in memory");
        Self {
            scenario,
            seed,
            version: 0,
            moved: false,
            wounds: Vec::new(),
            deleted: false,
            tally: Tally::default(),
        }
    }

    /// Lives it to the end.
    ///
    /// # Panics
    /// Where an invariant does not hold, with the seed and what was being done.
    pub async fn live(mut self, script: &Script) -> Tally {
        let schedule = Schedule { seed: self.seed, rates: script.weather };
        self.scenario.sandbox.with_world(|world| world.schedule = Some(schedule)).expect("it is in memory");
        for (nth, (act, trouble, fault)) in script.acts.iter().enumerate() {
            if let Some(fault) = fault {
                self.scenario.sandbox.with_world(|world| world.arm(*fault, None)).expect("it is in memory");
            }
            self.step(*act, *trouble).await;
            // What a process that slept sent late is in no intent of its own run's end: looked at when at rest.
            if !matches!(trouble, Trouble::Sleep(..)) {
                always(&self.scenario, &format!("seed {}, act {nth} {act:?} {trouble:?}", self.seed)).await;
            }
        }
        self.come_to_rest(script).await
    }

    async fn step(&mut self, act: Act, trouble: Trouble) {
        self.prepare(act);
        match trouble {
            Trouble::None => {
                drop(self.act(act, self.scenario.process(&CrashPoint::default())).await);
            }
            Trouble::Crash(point) => {
                let crash = CrashPoint::at(point);
                drop(self.act(act, self.scenario.process(&crash)).await);
                self.tally.crashes += u64::from(!crash.fell().is_empty());
            }
            Trouble::Third(third, request) => self.struck(act, third, request).await,
            Trouble::Sleep(request, other) => self.asleep(act, request, other).await,
        }
    }

    // What the spec and the files say for `act`.
    fn prepare(&mut self, act: Act) {
        match act {
            Act::Update => {
                let version = self.version;
                self.version += 1;
                match self.scenario.made {
                    Made::Folder => self.scenario.edit(&format!("{} {version}", self.seed)),
                    Made::Image => {
                        self.scenario
                            .respec(&format!("blog:1.{version}"), &format!("blog:1.{}", version + 1));
                    }
                    Made::Git | Made::PrivateGit => {
                        let commit = |version: u64| format!("{version}").repeat(40);
                        self.scenario.respec(&commit(version + 1), &commit(version + 2));
                    }
                }
                if version == 1 && self.scenario.made != Made::Folder {
                    self.scenario.respec("COLOUR: blue", "SHAPE: round");
                    self.scenario.respec("{name: cache, path: /cache}", "{name: spool, path: /cache}");
                }
            }
            Act::Move => {
                let (one, two) = ("domain: blog.example.com", "domain: [www.example.com, news.example.com]");
                let (from, to) = if self.moved { (two, one) } else { (one, two) };
                self.scenario.respec(from, to);
                self.moved = !self.moved;
            }
            Act::Refresh | Act::RollBack | Act::Resume | Act::Undo | Act::Destroy => {}
        }
    }

    async fn act(&self, act: Act, process: Engine) -> Option<CommandOutcome> {
        let options = Options { refresh: act == Act::Refresh, ..options() };
        match act {
            Act::Update | Act::Move | Act::Refresh => {
                Some(process.apply(self.scenario.spec(), &options).await)
            }
            Act::RollBack => {
                let run = self.scenario.finished().await.pop()?;
                Some(process.roll_back(&run, &options).await)
            }
            Act::Resume => {
                let run = self.scenario.open_run().await?;
                Some(process.resume(&run, &options).await)
            }
            Act::Undo => {
                let run = self.scenario.open_run().await?;
                let outcome = process.roll_back(&run, &options).await;
                // One that destroys the app is not undone, it only goes on.
                let refused =
                    matches!(outcome, CommandOutcome::Blockers(_)) && self.scenario.destroys(&run).await;
                Some(if refused { process.resume(&run, &options).await } else { outcome })
            }
            Act::Destroy => {
                let app = self.scenario.journal().list(None).await.ok()?.last()?.app.clone();
                Some(process.destroy(&app, VolumePolicy::Retain, &options).await)
            }
        }
    }

    async fn struck(&mut self, act: Act, third: Third, request: u64) {
        let (passed, wounds) = (AtomicU64::new(0), Arc::new(Mutex::new(Vec::new())));
        let (sandbox, hurt, seed) = (self.scenario.sandbox.clone(), wounds.clone(), self.seed);
        let struck = Arc::new(AtomicBool::new(false));
        let flag = struck.clone();
        // Before a read: what is done between our last look and our write nobody can see (README, what is promised).
        let hook: Hook = Arc::new(move |point| {
            let due = passed.fetch_add(1, Ordering::SeqCst) >= request;
            let due = due && point.method == "GET" && point.side == Side::Before;
            if due && !flag.swap(true, Ordering::SeqCst) {
                hurt.lock().expect("nobody panics here").extend(strike(&sandbox, third, seed));
            }
            fabrik::sandbox::HookVerdict::Go
        });
        drop(self.act(act, self.through(&self.scenario.sandbox, hook)).await);
        self.tally.strikes += u64::from(struck.load(Ordering::SeqCst));
        self.deleted |= matches!(third, Third::DeleteRecord | Third::UnmarkRecord | Third::DeleteApp)
            && struck.load(Ordering::SeqCst);
        self.wounds.append(&mut wounds.lock().expect("nobody panics here"));
    }

    fn through(&self, sandbox: &Sandbox, hook: Hook) -> Engine {
        let ports = sandbox.outside_with_hook(hook);
        let engine = self.scenario.process(&CrashPoint::default());
        let clients = engine.clients.clone().through(&ports);
        Engine { ports, clients, ..engine }
    }

    async fn asleep(&mut self, act: Act, request: u64, other: Act) {
        let gate = Arc::new(Gate::default());
        let engine = self.scenario.process(&CrashPoint::default());
        let inner = engine.ports.transport.clone();
        let transport = Arc::new(Sleepy { inner, left: AtomicU64::new(request), gate: gate.clone() });
        let ports = fabrik::net::Ports { transport, ..engine.ports.clone() };
        let clients = engine.clients.clone().through(&ports);
        let sleeper = Engine { ports, clients, ..engine };
        let first = async {
            drop(self.act(act, sleeper).await);
            gate.reached.notify_one();
        };
        let second = async {
            gate.reached.notified().await;
            if gate.slept.load(Ordering::SeqCst) {
                self.scenario.sandbox.with_world(|world| world.pass(SLEEP)).expect("it is in memory");
                let elsewhere = Holder {
                    who: "grace@elsewhere".to_owned(),
                    pid: 2,
                    boot: "another".to_owned(),
                    command: "resume".to_owned(),
                };
                let process = Engine { holder: elsewhere, ..self.scenario.process(&CrashPoint::default()) };
                drop(self.act(other, process).await);
                gate.open.notify_one();
            }
        };
        tokio::join!(first, second);
        self.tally.sleeps += u64::from(gate.slept.load(Ordering::SeqCst));
    }

    // A resource of the release before that somebody deleted cannot be put back: a person says so, and it goes on.
    async fn give_up_what_others_deleted(&self, context: &str) {
        for _ in 0..4 {
            let outcome = self.act(Act::Undo, self.scenario.process(&CrashPoint::default())).await;
            let Some(CommandOutcome::Ended(RunOutcome::Failed { run, standing, .. })) = outcome else {
                return;
            };
            assert!(self.deleted, "{context}: does not come to an end: {standing:?}");
            let resource = standing.first().expect("something stands").receipt.step;
            self.scenario
                .process(&CrashPoint::default())
                .abandon(&run, resource, "deleted by others", &options())
                .await;
        }
    }

    // The faults stop, people set right what they did, and then everything must come to rest.
    async fn come_to_rest(mut self, script: &Script) -> Tally {
        let context = format!("seed {}, at rest", self.seed);
        let deleted = self.deleted;
        let calm = move |world: &mut fabrik::sandbox::World| {
            world.schedule = None;
            world.faults.clear();
            world.cloudflare.refusals = 0;
            if deleted {
                // What was starting when others deleted its app came up for nobody: theirs to remove.
                world.stray_containers.clear();
            }
        };
        self.scenario.sandbox.with_world(calm).expect("it is in memory");
        self.scenario.outlast_late_effects().await;
        for wound in self.wounds.drain(..).rev() {
            heal(&self.scenario.sandbox, &wound).unwrap_or_else(|lost| panic!("{context}: {lost}"));
        }
        for _ in 0..4 {
            let act = if self.seed.is_multiple_of(2) { Act::Resume } else { Act::Undo };
            let outcome = self.act(act, self.scenario.process(&CrashPoint::default())).await;
            let parked = matches!(outcome, Some(CommandOutcome::Ended(RunOutcome::Parked { .. })));
            // A run whose app others deleted parks until a person undoes it.
            assert!(!parked || self.deleted, "{context}: does not converge: {outcome:?}");
        }
        self.give_up_what_others_deleted(&context).await;
        self.prepare(Act::Update);
        let outcome = self.act(Act::Refresh, self.scenario.process(&CrashPoint::default())).await;
        assert!(outcome.as_ref().is_some_and(complete), "{context}: the last apply: {outcome:?}");
        at_rest(&self.scenario, &context).await;
        if script.ends_in_destroy {
            let outcome = self.act(Act::Destroy, self.scenario.process(&CrashPoint::default())).await;
            let gone = matches!(outcome, Some(CommandOutcome::Ended(RunOutcome::Destroyed { .. })));
            assert!(gone, "{context}: the last destroy: {outcome:?}");
            at_rest(&self.scenario, &format!("{context}, taken down")).await;
        }
        self.tally.requests = self.scenario.sandbox.world().log.requests;
        self.tally
    }
}

/// Lives the story of `seed`.
///
/// # Panics
/// As [`Life::live`].
pub async fn lived(seed: u64) -> Tally {
    let script = Script::of(seed);
    Life::new(seed, &script).live(&script).await
}
