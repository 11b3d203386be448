//! What is wanted, and how it differs from what is.
//!
//! Reads files, secrets and both APIs; writes nothing anywhere.

pub mod adoption;
mod app;
pub mod artifact;
pub mod blocker;
pub mod bundle;
pub mod compose;
pub mod dockerfile;
pub mod drift;
mod env_changes;
pub mod find;
mod in_the_way;
pub mod inventory;
pub mod observed;
mod orphans;
pub mod pinning;
pub mod planner;
pub mod preflight;
mod records;
pub mod release;
pub mod resolved_spec;
pub mod survey;
mod unsupported;
pub mod values;
mod volumes;

pub use adoption::Adoption;
pub use artifact::Artifact;
pub use blocker::Blocker;
pub use inventory::Inventory;
pub use pinning::SourcePinning;
pub use preflight::Preflight;
pub use release::Release;
pub use resolved_spec::{EnvValue, ResolvedSpec};
