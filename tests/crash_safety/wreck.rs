//! What a process leaves that dies: the outside and the journal as they are at that instant.
//!
//! A run that is watched shows all the wrecks that a crash in it can leave, without dying once.

use std::sync::{Arc, Mutex};

use fabrik::journal::memory::MemoryStore;
use fabrik::sandbox::{Sandbox, World};

use super::crash::CrashPoint;
use super::scenario::{Home, Scenario};

/// An outside and a journal, at the instant at which nobody is alive.
pub struct Wreck {
    /// Where it happened.
    pub fell: String,
    world: World,
    journal: MemoryStore,
}

impl Wreck {
    /// Whether nobody can tell it from another one.
    pub fn is_like(&self, other: &Self) -> bool {
        same(&self.world, &other.world) && self.journal.holds_the_same(&other.journal)
    }
}

impl Scenario {
    /// The journal in memory.
    fn memory(&self) -> &MemoryStore {
        match &self.store {
            Home::Memory(store) => store,
            Home::File(_) => panic!("only a journal in memory can be left behind"),
        }
    }

    /// Runs what is to be run, and gives what it comes to and the wrecks that it could have left, each once.
    pub async fn watched<T>(&self, run: impl AsyncFnOnce(&CrashPoint) -> T) -> (T, Vec<Wreck>) {
        let wrecks = Arc::new(Mutex::new(Vec::new()));
        let (sandbox, journal, seen) = (self.sandbox.clone(), self.memory().handle(), wrecks.clone());
        let crash = CrashPoint::witnessed(Arc::new(move |fell: &str| {
            let world = sandbox.world();
            let mut seen: std::sync::MutexGuard<'_, Vec<Wreck>> = seen.lock().unwrap();
            let is_new = |last: &Wreck| fell.starts_with("after append") || !same(&last.world, &world);
            if seen.last().is_none_or(is_new) {
                let journal = journal.left_behind(sandbox.ports().clock);
                seen.push(Wreck { fell: fell.to_owned(), world, journal });
            }
        }));
        let outcome = run(&crash).await;
        let wrecks = std::mem::take(&mut *wrecks.lock().unwrap());
        (outcome, wrecks)
    }

    /// The scene of a wreck: the same app, and an outside and a journal of its own.
    pub fn salvaged(&self, wreck: &Wreck) -> Self {
        let sandbox = Sandbox::in_memory(0);
        sandbox.with_world(|world| world.clone_from(&wreck.world)).unwrap();
        let store = Home::Memory(wreck.journal.left_behind(sandbox.ports().clock));
        let (folder, environment) = (self.folder.clone(), self.environment.clone());
        Self { made: self.made, sandbox, store, folder, environment }
    }
}

// Two worlds that nobody can tell apart who comes later: how often they were asked tells nothing.
fn same(one: &World, other: &World) -> bool {
    let asked = |world: &World| {
        let mut world = world.clone();
        world.log.requests = 0;
        world.log.by_host.clear();
        world.kinds.clear();
        world.coolify.rate_window = (0, 0);
        world.cloudflare.rate_window = (0, 0);
        world
    };
    asked(one) == asked(other)
}
