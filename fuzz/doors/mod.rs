//! What is knocked on, and what must hold however it is knocked: one door a file.
//!
//! The fuzzer's targets and the ordinary tests (`tests/fuzz_regressions`) both come in here. A door takes any bytes, and panics
//! where a promise is broken.

pub mod api;
pub mod bundle;
pub mod cloudflare;
pub mod compose;
pub mod coolify;
pub mod env;
pub mod journal;
pub mod spec;
