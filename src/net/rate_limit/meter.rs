//! A transport that never sends an API more than it takes.
//!
//! Where there is no room it says so at once and sends nothing: a read waits for room in [`ask`](crate::wire::ask),
//! seen and free to be called off; a write comes back as not done and is prepared again, because a write that waited
//! here would have been recorded with a time at which it was not sent. Reads leave room for some writes, so that a
//! step that has looked can also do.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use http::{Method, Uri};

use super::{Allowance, Budget, RateLimitHeaders};
use crate::net::{Clock, Ports, Request, Response, SendError, Transport};

/// How much room reads leave for writes.
const FOR_WRITES: usize = 10;

/// The budgets of a process, one for each API. Clones share them.
#[derive(Clone, Default)]
pub struct Budgets {
    by_api: Arc<Mutex<HashMap<(String, String), Shared>>>,
}

/// A budget that several transports draw on.
type Shared = Arc<Mutex<Budget>>;

impl Budgets {
    /// The same outside, its requests to `apis` (each by any of its URLs) kept within what they take. Worlds of
    /// different names are counted apart: they have clocks of their own.
    #[must_use]
    pub fn metered(&self, ports: Ports, world: &str, apis: &[(&str, Allowance)]) -> Ports {
        let budget = |(url, allowance): &(&str, Allowance)| {
            let host = host(&url.parse().ok()?)?;
            let mut known = lock(&self.by_api);
            let budget = known.entry((world.to_owned(), host.clone()));
            let budget = budget.or_insert_with(|| Arc::new(Mutex::new(Budget::new(*allowance))));
            Some((host, Arc::clone(budget)))
        };
        let budgets = apis.iter().filter_map(budget).collect();
        let (inner, clock) = (ports.transport, ports.clock.clone());
        Ports { transport: Arc::new(Metered { inner, clock, budgets }), ..ports }
    }
}

struct Metered {
    inner: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    /// By host, with the port where one is named.
    budgets: HashMap<String, Shared>,
}

#[async_trait]
impl Transport for Metered {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        let Some((api, budget)) = host(request.http.uri()).and_then(|host| self.budgets.get_key_value(&host))
        else {
            return self.inner.send(request).await;
        };
        let reads = [Method::GET, Method::HEAD].contains(request.http.method());
        let spare = if reads { FOR_WRITES } else { 0 };
        let room = lock(budget).take(self.clock.boot(), spare);
        let token = room.map_err(|pause| SendError::NoRoom { api: api.clone(), pause })?;
        let came = self.inner.send(request).await;
        if let Ok(answer) = &came {
            lock(budget).learn(
                token,
                &RateLimitHeaders::of(&answer.http, self.clock.wall()),
                self.clock.boot(),
            );
        }
        came
    }
}

fn host(uri: &Uri) -> Option<String> {
    uri.authority().map(|authority| authority.as_str().to_ascii_lowercase())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
