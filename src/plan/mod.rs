//! What is wanted, and how it differs from what is.
//!
//! Turns a spec and the app's files into wants. Changes nothing outside.

pub mod bundle;
pub mod compose;
