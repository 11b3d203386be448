//! The props of the tests that the campaign is played with.

#[path = "../../tests/promise/arrival.rs"]
pub mod arrival;
#[path = "../../tests/promise/crash.rs"]
pub mod crash;
#[path = "../../tests/promise/deed.rs"]
pub mod deed;
#[path = "../../tests/promise/invariants.rs"]
pub mod invariants;
#[path = "../../tests/promise/scene.rs"]
pub mod scene;
