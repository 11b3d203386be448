//! The props of the tests that the simulation is played with.

#[path = "../../tests/crash_safety/arrival.rs"]
pub mod arrival;
#[path = "../../tests/crash_safety/crash.rs"]
pub mod crash;
#[path = "../../tests/crash_safety/invariants.rs"]
pub mod invariants;
#[path = "../../tests/crash_safety/operation.rs"]
pub mod operation;
#[path = "../../tests/crash_safety/scenario.rs"]
pub mod scenario;
