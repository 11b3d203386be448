//! Fabrik: from a spec to a proven deployment on Coolify behind Cloudflare, resumable and undoable.
//!
//! The map, top to bottom; imports point only downwards (or further left on the lowest line):
//!
//! | layer | modules | what they are for |
//! |---|---|---|
//! | 6 | [`cli`] | arguments, wiring, exit codes |
//! | 5 | [`report`], [`sandbox`] | what is shown and logged; a simulated Coolify and Cloudflare |
//! | 4 | [`engine`] | the write protocol, the phases, undo, resume |
//! | 3 | [`plan`] | desired state against observed state |
//! | 2 | [`providers`], [`journal`], [`verify`] | the two APIs; where runs are recorded; health verification |
//! | 1 | [`error`], [`spec`], [`secrets`], [`net`] | problems with a place, the spec, secret values, the three ports to the outside |
//! | 0 | the crate [`machine`] | phases, moves, the journal's vocabulary, the plan |
//!
//! A command begins in [`cli`]: [`spec`] is read, [`cli`]'s wiring makes an [`engine::commands::Engine`], and that carries
//! a `machine::deployment::Deployment` from phase to phase, asking [`plan`] what to do and [`providers`] to do it. Each
//! move and each write is in the [`journal`] before it counts.
//!
//! Start reading at [`machine`] for what a deployment is, then at [`engine`].

pub mod cli;
pub mod engine;
pub mod error;
pub mod journal;
pub mod net;
pub mod plan;
pub mod providers;
pub mod report;
pub mod sandbox;
pub mod secrets;
pub mod spec;
pub mod verify;
