//! What is wanted, and how it differs from what is.
//!
//! Reads files, secrets and both APIs; writes nothing anywhere.

pub(crate) mod adoption;
mod app;
pub(crate) mod artifact;
pub(crate) mod blocker;
pub mod bundle;
pub mod compose;
pub(crate) mod dockerfile;
pub mod drift;
mod env_changes;
pub(crate) mod find;
mod in_the_way;
pub(crate) mod inventory;
pub(crate) mod observed;
mod orphans;
pub(crate) mod pinning;
pub mod planner;
pub(crate) mod preflight;
mod records;
pub mod release;
pub(crate) mod resolved_spec;
pub mod survey;
mod unsupported;
pub(crate) mod values;
mod volumes;

pub use adoption::Adoption;
pub use artifact::Artifact;
pub use blocker::Blocker;
pub use inventory::Inventory;
pub use pinning::SourcePinning;
pub use preflight::Preflight;
pub use release::Release;
pub use resolved_spec::{EnvValue, ResolvedSpec};
