//! What is wanted, and how it differs from what is.
//!
//! Reads files, secrets and both APIs; writes nothing anywhere.

pub mod ask;
pub mod bundle;
pub mod compose;
pub mod draw;
mod later;
pub mod obstacle;
pub mod release;
pub mod survey;

pub use ask::{Ask, EnvValue};
pub use obstacle::Obstacle;
pub use release::Release;
