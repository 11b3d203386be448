//! The simulation: whole stories drawn from seeds, each with every invariant looked at on the way and at the end.
//!
//! The real runner, machine, providers and store on the simulated clock. `FABRIK_SEED=N cargo test --test main
//! one_seed -- --nocapture` lives the story of one seed; `cargo run --release --example simulation -- --seeds N` lives as
//! many as asked for.

pub mod dice;
pub mod life;
#[cfg(test)]
mod rules;
pub mod script;
#[cfg(test)]
mod tests;
pub mod third;
