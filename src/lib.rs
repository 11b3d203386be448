//! Fabrik: from a spec to a proven deployment on Coolify behind Cloudflare, resumable and undoable.
pub mod error;
pub mod plan;
pub mod secrets;
pub mod spec;
pub mod wire;
