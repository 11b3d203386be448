//! Stopping a program exactly at one point, so that it can be killed there.
//!
//! Every side of every request, and whatever the program reports itself, is numbered in one sequence. Holding
//! a point blocks that request alone, without any lock on the world.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

/// After a held point is let go, the time a hang-up has to be noticed: a request whose client died while it
/// was held must not take effect.
const HANG_UP: Duration = Duration::from_millis(25);

/// The points of one server.
#[derive(Default)]
pub struct Gate {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    passed: u64,
    armed: Option<u64>,
    held: Option<String>,
    hung_up: bool,
}

/// A request waiting at the gate; dropped before it is through when its client hangs up.
struct Waiting<'a> {
    gate: &'a Gate,
    is_through: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.is_through {
            self.gate.lock().hung_up = true;
            self.gate.changed.notify_waiters();
        }
    }
}

impl Gate {
    /// Passes the next point, called `what`; waits there if it is to be held.
    pub async fn pass(&self, what: &str) {
        if !self.arrive(what) {
            return;
        }
        let mut waiting = Waiting { gate: self, is_through: false };
        self.until(|state| state.held.is_none().then_some(())).await;
        tokio::time::sleep(HANG_UP).await;
        waiting.is_through = true;
    }

    /// Counts the point; true if it is the one to hold.
    fn arrive(&self, what: &str) -> bool {
        let mut state = self.lock();
        state.passed += 1;
        let is_held = state.armed == Some(state.passed);
        if is_held {
            state.armed = None;
            state.held = Some(what.to_owned());
            state.hung_up = false;
        }
        drop(state);
        self.changed.notify_waiters();
        is_held
    }

    /// Holds the `point`-th point, counted from 1 since the last [`Gate::restart`].
    pub fn hold(&self, point: u64) {
        self.lock().armed = Some(point);
    }

    /// Lets the held point go, and holds none.
    pub fn let_go(&self) {
        let mut state = self.lock();
        (state.armed, state.held) = (None, None);
        drop(state);
        self.changed.notify_waiters();
    }

    /// Waits until a point is held and says which.
    pub async fn held(&self) -> String {
        self.until(|state| state.held.clone()).await
    }

    /// Waits until the client of the held point has hung up.
    pub async fn gone(&self) {
        self.until(|state| state.hung_up.then_some(())).await;
    }

    /// How many points were passed or reached.
    pub fn passed(&self) -> u64 {
        self.lock().passed
    }

    /// Counts from the beginning again.
    pub fn restart(&self) {
        self.lock().passed = 0;
    }

    async fn until<T>(&self, wanted: impl Fn(&State) -> Option<T>) -> T {
        loop {
            // Registered before looking, so that no change between the two is missed.
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            if let Some(found) = wanted(&self.lock()) {
                return found;
            }
            changed.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
