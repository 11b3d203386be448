//! Fabrik: from a spec to a proven deployment on Coolify behind Cloudflare, resumable and undoable.
pub mod sandbox;
pub mod wire;
