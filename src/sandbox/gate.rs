//! Stopping a program exactly at one point, so that it can be killed there.
//!
//! Every side of every request, and whatever the program reports itself, is numbered in one sequence. Holding
//! a point blocks that request alone, without any lock on the world.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use tokio::sync::Notify;

/// After a held point is let go, the time a hang-up has to be noticed: a request whose client died while it
/// was held must not take effect.
const HANG_UP: Duration = Duration::from_millis(25);

/// Which point to hold.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Aim {
    /// By its number.
    Point {
        /// From 1, counted since the last [`Gate::restart`].
        point: u64,
    },
    /// By what it is called: some requests are sent side by side, in an order of their own.
    Named {
        /// What it is called.
        name: String,
        /// Which of those that are called so, from 1, counted from now.
        nth: u64,
    },
}

/// The points of one server.
#[derive(Default)]
pub(crate) struct Gate {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    passed: u64,
    /// What was passed, once somebody has begun to count: a server may live for weeks.
    names: Option<Vec<String>>,
    armed: Option<Aim>,
    held: Option<String>,
    hung_up: bool,
}

impl Aim {
    /// Whether it is at the point number `passed`, called `what`; one that is called so is counted.
    fn is_at(&mut self, what: &str, passed: u64) -> bool {
        match self {
            Self::Point { point } => *point == passed,
            Self::Named { name, nth } if name == what => {
                *nth = nth.saturating_sub(1);
                *nth == 0
            }
            Self::Named { .. } => false,
        }
    }
}

/// A request waiting at the gate; dropped before it is through when its client hangs up.
pub(crate) struct Waiting {
    gate: Arc<Gate>,
    is_through: bool,
}

impl Waiting {
    /// Waits until the point is let go.
    pub(crate) async fn through(mut self) {
        self.gate.until(|state| state.held.is_none().then_some(())).await;
        tokio::time::sleep(HANG_UP).await;
        self.is_through = true;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if !self.is_through {
            self.gate.lock().hung_up = true;
            self.gate.changed.notify_waiters();
        }
    }
}

impl Gate {
    /// Passes the next point, called `what`; waits there if it is to be held.
    pub(crate) async fn pass(self: &Arc<Self>, what: &str) {
        if let Some(waiting) = self.arrive(what) {
            waiting.through().await;
        }
    }

    /// Counts the next point, called `what`; gives what to wait for if it is to be held.
    pub(crate) fn arrive(self: &Arc<Self>, what: &str) -> Option<Waiting> {
        let mut state = self.lock();
        state.passed += 1;
        state.names.iter_mut().for_each(|names| names.push(what.to_owned()));
        let passed = state.passed;
        let is_held = state.armed.as_mut().is_some_and(|aim| aim.is_at(what, passed));
        if is_held {
            state.armed = None;
            state.held = Some(what.to_owned());
            state.hung_up = false;
        }
        drop(state);
        self.changed.notify_waiters();
        is_held.then(|| Waiting { gate: Arc::clone(self), is_through: false })
    }

    /// Holds the point that is aimed at.
    pub(crate) fn hold(&self, aim: Aim) {
        self.lock().armed = Some(aim);
    }

    /// Lets the held point go, and holds none.
    pub(crate) fn let_go(&self) {
        let mut state = self.lock();
        (state.armed, state.held) = (None, None);
        drop(state);
        self.changed.notify_waiters();
    }

    /// Waits until a point is held and says which.
    pub(crate) async fn held(&self) -> String {
        self.until(|state| state.held.clone()).await
    }

    /// Waits until the client of the held point has hung up.
    pub(crate) async fn gone(&self) {
        self.until(|state| state.hung_up.then_some(())).await;
    }

    /// How many points were passed or reached.
    pub(crate) fn passed(&self) -> u64 {
        self.lock().passed
    }

    /// What was passed or reached since the last [`Gate::restart`]; nothing before the first.
    pub(crate) fn names(&self) -> Vec<String> {
        self.lock().names.clone().unwrap_or_default()
    }

    /// Counts from the beginning again, and keeps the names from now on.
    pub(crate) fn restart(&self) {
        let mut state = self.lock();
        (state.passed, state.names) = (0, Some(Vec::new()));
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
