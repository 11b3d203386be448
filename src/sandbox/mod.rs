//! The simulated outside: Cloudflare, Coolify, name servers and the deployed sites, behind the ports of `wire`.
//!
//! A second reading of the vendors' APIs, made apart from `providers` so that one mistake does not confirm
//! itself. Everything happens in a [`World`]: `exchange` says what one request does to it, [`events`] what
//! time does, `disk` keeps it between processes, [`serve`] puts it on a loopback address and [`through`]
//! reaches it there. Decides nothing about deployments.

#![allow(clippy::result_large_err, reason = "the port's own error carries the peer's certificate")]

pub mod applications;
pub(crate) mod ask;
pub(crate) mod clock;
mod cloudflare;
pub(crate) mod command;
mod compose;
mod coolify;
mod databases;
pub(crate) mod deploy;
pub mod dotenv;
pub(crate) mod environment;
pub mod events;
mod exchange;
mod false_answers;
pub(crate) mod faults;
pub(crate) mod front;
mod gate;
mod interpolation;
pub(crate) mod log;
mod middleware;
mod ports;
pub mod records;
mod remote_hook;
pub mod repository;
mod resolver;
pub(crate) mod schedule;
pub mod serve;
mod server;
pub mod services;
mod show;
mod site;
pub(crate) mod start;
mod strangers;
pub mod through;
mod truncated;
pub mod world;
mod world_file;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

pub use cloudflare::{Quirk, Setup};
pub use command::WorldCommand;
pub use exchange::{CLOUDFLARE, COOLIFY};
pub use faults::{Fault, RequestFault, UnknownFault};
pub use front::SimFront;
pub use middleware::ProxyKind;
pub use ports::{Hook, HookVerdict, Point, Side};
pub use schedule::{Rates, Schedule};
pub use services::SimService;
pub use through::Through;
pub use world::World;

use self::world_file::WorldFile;
use crate::net::Ports;

/// The wall clock of a world in memory when it begins: 2026-01-01.
const BEGINNING_S: i64 = 1_767_225_600;

/// A handle on a simulated Coolify and Cloudflare. Clones share the world.
#[derive(Clone)]
pub struct Sandbox {
    inner: Arc<Inner>,
}

struct Inner {
    /// Where the world is kept; `None` keeps it in memory.
    shelf: Option<WorldFile>,
    world: Mutex<World>,
}

/// Why a world could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The directory or a file in it could not be read or written.
    #[error("cannot use the sandbox at `{}`: {source}", path.display())]
    Unusable {
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The world's file is not one.
    #[error("the sandbox world in `{}` cannot be read: {source}\n  hint: `fabrik sandbox reset` starts a new one", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl Sandbox {
    /// The world kept in `dir`, made if it is not there. The directory is for the owner alone.
    ///
    /// # Errors
    /// [`SandboxError`] when the directory cannot be used or holds something else.
    pub fn open(dir: &Path) -> Result<Self, SandboxError> {
        let shelf = WorldFile::at(dir)?;
        let world = shelf.first(|| fresh_world(random_u64(), Timestamp::now()))?;
        Ok(Self { inner: Arc::new(Inner { shelf: Some(shelf), world: Mutex::new(world) }) })
    }

    /// A new world in `dir`, whatever was there before.
    ///
    /// # Errors
    /// [`SandboxError`] when the directory cannot be used.
    pub fn recreate(dir: &Path) -> Result<Self, SandboxError> {
        let shelf = WorldFile::at(dir)?;
        let world = fresh_world(random_u64(), Timestamp::now());
        shelf.replace(&world)?;
        Ok(Self { inner: Arc::new(Inner { shelf: Some(shelf), world: Mutex::new(world) }) })
    }

    /// A world of its own in memory, the same for the same seed.
    pub fn in_memory(seed: u64) -> Self {
        let beginning = Timestamp::from_second(BEGINNING_S).expect("2026 is within range");
        let world = Mutex::new(fresh_world(seed, beginning));
        Self { inner: Arc::new(Inner { shelf: None, world }) }
    }

    /// The three ports into this world.
    pub fn ports(&self) -> Ports {
        ports::ports(self.clone(), None)
    }

    /// The three ports, with `hook` asked on both sides of each request. Once it says
    /// [`HookVerdict::Crash`], no request through these ports has an effect any more.
    pub fn outside_with_hook(&self, hook: Hook) -> Ports {
        ports::ports(self.clone(), Some(hook))
    }

    /// A copy of the world as it is now; where it cannot be read, as it was last seen.
    pub fn world(&self) -> World {
        self.look(World::clone)
    }

    /// Changes the world in one step.
    ///
    /// # Errors
    /// [`SandboxError`] when it cannot be read or kept; then nothing was changed.
    pub fn with_world<T>(&self, change: impl FnOnce(&mut World) -> T) -> Result<T, SandboxError> {
        let mut world = self.lock();
        match &self.inner.shelf {
            Some(kept) => kept.change(&mut world, change),
            None => Ok(change(&mut world)),
        }
    }

    /// Reads the world without keeping anything.
    fn look<T>(&self, read: impl FnOnce(&World) -> T) -> T {
        let mut world = self.lock();
        if let Some(shelf) = &self.inner.shelf {
            // What was seen last is better than nothing: a clock has no way to say that it failed.
            if let Err(error) = shelf.refresh(&mut world) {
                tracing::warn!(%error, "the sandbox world cannot be read");
            }
        }
        read(&world)
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.inner.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The world's id: 32 hex digits, new on each creation and reset.
    pub fn world_id(&self) -> String {
        self.look(|world| world.id.clone())
    }

    /// Empties the world; it gets a new id, and its clock goes on.
    ///
    /// # Errors
    /// [`SandboxError`] when it cannot be kept.
    pub fn reset(&self) -> Result<(), SandboxError> {
        let seed = if self.inner.shelf.is_some() { Some(random_u64()) } else { None };
        self.with_world(|world| {
            let time = world.time;
            *world = fresh_world(seed.unwrap_or(world.seed.wrapping_add(1)), time.wall);
            world.time = time;
        })
    }
}

fn fresh_world(seed: u64, wall: Timestamp) -> World {
    let id = world::hex(&world::digest(&[b"world", &seed.to_be_bytes()])[..16]);
    World::new(seed, id, wall)
}

fn random_u64() -> u64 {
    getrandom::u64().unwrap_or_else(|_| u64::from(Timestamp::now().subsec_nanosecond().unsigned_abs()))
}
