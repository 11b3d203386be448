//! Fabrik: from a spec to a proven deployment on Coolify behind Cloudflare, resumable and undoable.
//!
//! The map, top to bottom; imports point only downwards (or further left on the lowest line):
//!
//! | layer | modules | what they are for |
//! |---|---|---|
//! | 6 | [`cli`] | the only place where parts are chosen and joined |
//! | 5 | [`report`], [`sandbox`] | onlookers; the pretend outside |
//! | 4 | [`runner`] | the loop: carries a deployment from phase to phase, and back |
//! | 3 | [`plan`] | wants, and how they differ from what is |
//! | 2 | [`providers`], [`store`], [`verify`] | who can do it; where it is written; is it well |
//! | 1 | [`error`], [`spec`], [`secrets`], [`wire`] | the ask, the hidden, the one way out |
//! | 0 | the crate [`machine`] | words, phases, moves, the journal's vocabulary |
//!
//! Start reading at [`runner`], or at [`machine`] for what a deployment is.

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
