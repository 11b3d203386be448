//! The simulation: whole stories drawn from seeds, each with every invariant looked at on the way and at the end.
//!
//! The real engine, machine, providers and journal on the simulated clock. `FABRIK_SEED=N cargo test --test main one_seed
//! -- --nocapture` lives the story of one seed; [`campaign`] lives as many as asked for, and [`ablation`] sees that the
//! stories notice a missing rule.

mod ablation;
mod campaign;
pub mod dice;
pub mod life;
mod rules;
pub mod script;
mod tests;
pub mod third;
