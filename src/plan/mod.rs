//! What is wanted, and how it differs from what is.
//!
//! Reads files, secrets and both APIs; writes nothing anywhere.

pub mod again;
mod app;
pub mod ask;
pub mod bundle;
pub mod compose;
pub mod dockerfile;
pub mod draw;
pub mod drift;
pub mod estate;
mod in_the_way;
mod late;
mod later;
pub mod matter;
pub mod observed;
pub mod obstacle;
pub mod pin;
pub mod preflight;
mod records;
pub mod release;
pub mod survey;
pub mod takeover;
pub mod values;
mod volumes;

pub use ask::{Ask, EnvValue};
pub use estate::Estate;
pub use matter::Matter;
pub use obstacle::Obstacle;
pub use pin::Pin;
pub use preflight::Preflight;
pub use release::Release;
pub use takeover::Takeover;
