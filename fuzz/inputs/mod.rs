//! The readers of text from outside, and what must hold whatever they are given: one input a file.
//!
//! The fuzzer's targets and the ordinary tests (`tests/fuzz_regressions`) both use these. An input takes any bytes, and panics
//! where a promise is broken.

pub mod api;
pub mod bundle;
pub mod cloudflare;
pub mod compose;
pub mod coolify;
pub mod env;
pub mod journal;
pub mod spec;
