//! The one integration-test binary.

#![allow(unreachable_pub, reason = "a test binary has no outside")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod applications;
mod architecture;
mod cli;
mod cloudflare_client;
mod crash_safety;
mod fuzz_regressions;
mod live_network;
mod net;
mod sample;
mod secret_leaks;
mod sigkill;
mod simulation;
mod vendor_contract;
mod versions;
