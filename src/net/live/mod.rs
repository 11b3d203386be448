//! The real outside: HTTP by reqwest, DNS by hickory, time by the operating system.
//!
//! Nothing here knows what is asked, or asks anything twice.

mod certificate_capture;
mod clock;
mod leaf;
mod resolver;
mod roots;
#[cfg(test)]
mod tests;
mod transport;

pub use clock::LiveClock;
pub use resolver::LiveResolver;
pub use roots::{BadRoots, Roots};
pub use transport::LiveTransport;
