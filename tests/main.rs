//! The one integration-test binary.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod applications;
mod campaign;
mod canaries;
mod cloud;
mod doors;
mod face;
mod kill;
mod outside;
mod promise;
mod sample;
mod tidy;
mod truth;
mod versions;
mod wire;
