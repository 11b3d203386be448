//! The props of the tests that the campaign is played with.

#[path = "../../tests/promise/arrival.rs"]
pub mod arrival;
#[path = "../../tests/promise/crash.rs"]
pub mod crash;
#[path = "../../tests/promise/invariants.rs"]
pub mod invariants;
#[path = "../../tests/promise/operation.rs"]
pub mod operation;
#[path = "../../tests/promise/scenario.rs"]
pub mod scenario;
