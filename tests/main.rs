//! The one integration-test binary.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod applications;
mod face;
mod kill;
mod promise;
mod tidy;
