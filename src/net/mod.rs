//! The one way out: three ports between Fabrik and everything that is not Fabrik.
//!
//! A [`Transport`] carries HTTP, a [`Resolver`] asks DNS, a [`Clock`] tells and spends time. The real
//! ones live in [`live`]; the sandbox has its own. Knows nothing of Cloudflare or Coolify, decides
//! nothing, and never sends a request twice on its own account (see `retry` for the reads that may).

pub(crate) mod certificate;
pub(crate) mod clock;
pub(crate) mod host_override;
pub mod live;
pub(crate) mod patience;
pub(crate) mod rate_limit;
pub(crate) mod resolver;
pub(crate) mod retry;
#[cfg(test)]
pub(crate) mod simulated;
pub(crate) mod transport;

pub use certificate::Certificate;
pub use clock::Clock;
pub use host_override::{HostOverride, Pinned};
pub use patience::Patience;
pub use rate_limit::{Allowance, Budgets};
pub use resolver::{Answer, QueryType, Question, ResolveError, Resolver};
pub use transport::{BodyPrefix, Request, Response, SendError, Transport};

use std::sync::Arc;

/// The three ports together: what a run has of the world.
#[derive(Clone)]
pub struct Ports {
    /// Carries HTTP requests.
    pub transport: Arc<dyn Transport>,
    /// Asks name servers.
    pub resolver: Arc<dyn Resolver>,
    /// Tells and spends time.
    pub clock: Arc<dyn Clock>,
}
