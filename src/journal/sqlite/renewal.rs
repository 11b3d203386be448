//! A lease kept alive by a thread and a connection of its own, so that a slow write elsewhere does not let it lapse.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use super::connect;
use super::fault::Fault;
use super::leases;
use crate::journal::lease_record::{self, expiry};
use crate::journal::{Lease, StoreError};
use crate::net::Clock;

/// Real time between two renewals: a lease survives two that fail.
pub(super) const EVERY: Duration = Duration::from_secs(60);

/// Keeps a lease until it is dropped.
pub struct Renewal {
    state: Arc<State>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct State {
    until: Mutex<Duration>,
    lost: AtomicBool,
}

impl Renewal {
    /// When the lease runs out, on the clock of [`Clock::boot`], as of the last renewal.
    pub fn until(&self) -> Duration {
        *self.state.until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody else was given a newer lease: nothing may be written any more.
    pub fn lost(&self) -> bool {
        self.state.lost.load(Ordering::SeqCst)
    }

    /// Renews at once, and then every `every` of real time.
    pub(super) fn start(file: PathBuf, clock: Arc<dyn Clock>, lease: &Lease, every: Duration) -> Self {
        let state = Arc::new(State { until: Mutex::new(lease.until), lost: AtomicBool::new(false) });
        let (key, token, state_of) = (lease.key.clone(), lease.token, Arc::clone(&state));
        let mut keeper = Keeper { file, clock, key, token, connection: None, state: state_of };
        keeper.renew();
        let (stop, stopped) = channel();
        let thread = std::thread::spawn(move || keeper.keep(every, &stopped));
        Self { state, stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Renewal {
    fn drop(&mut self) {
        self.stop.take();
        // The thread has nothing to tell: what it knows is in the state.
        self.thread.take().map(JoinHandle::join);
    }
}

struct Keeper {
    file: PathBuf,
    clock: Arc<dyn Clock>,
    key: String,
    token: u64,
    connection: Option<Connection>,
    state: Arc<State>,
}

impl Keeper {
    fn keep(mut self, every: Duration, stopped: &Receiver<()>) {
        while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) && !self.is_lost() {
            self.renew();
        }
    }

    fn is_lost(&self) -> bool {
        self.state.lost.load(Ordering::SeqCst)
    }

    /// A file that cannot be written just now is no loss yet: `until` stays, and the next time comes.
    fn renew(&mut self) {
        match self.try_renew() {
            Ok(until) => *self.state.until.lock().unwrap_or_else(PoisonError::into_inner) = until,
            Err(Fault::Refused(StoreError::Fenced { .. })) => self.state.lost.store(true, Ordering::SeqCst),
            Err(_) => self.connection = None,
        }
    }

    fn try_renew(&mut self) -> Result<Duration, Fault> {
        let now = lease_record::now(&*self.clock);
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(&self.file)?,
        };
        let connection = self.connection.insert(connection);
        leases::renew(connection, &self.key, self.token, &expiry(&now))?;
        Ok(lease_record::until(&now))
    }
}
