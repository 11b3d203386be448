//! What is wanted, and how it differs from what is.
//!
//! Reads files, secrets and both APIs; writes nothing anywhere.

pub mod adoption;
pub mod again;
mod app;
pub mod artifact;
pub mod ask;
pub mod blocker;
pub mod bundle;
pub mod compose;
pub mod dockerfile;
pub mod draw;
pub mod drift;
mod in_the_way;
pub mod inventory;
mod late;
mod later;
pub mod observed;
pub mod pin;
pub mod preflight;
mod records;
pub mod release;
pub mod survey;
pub mod values;
mod volumes;

pub use adoption::Adoption;
pub use artifact::Artifact;
pub use ask::{Ask, EnvValue};
pub use blocker::Blocker;
pub use inventory::Inventory;
pub use pin::Pin;
pub use preflight::Preflight;
pub use release::Release;
