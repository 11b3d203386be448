//! The promise, swept: nothing lost, nothing foreign touched, exactly one, undone as it was.
//!
//! In-process, on the simulated clock: the real runner against the sandbox and a journal in memory, stopped at
//! every request and every entry.

#![doc = include_str!("ablation.md")]

mod applications;
pub mod arrival;
mod branches;
mod clients;
mod costs;
pub mod crash;
#[cfg(test)]
mod crashes;
mod damage;
mod drifted;
mod flags;
mod in_place;
pub mod invariants;
mod late;
mod no_false_success;
pub mod operation;
mod people;
mod races;
mod reach;
pub mod scenario;
mod served;
mod settings;
mod stacks;
mod strangers;
mod sweeps;
mod teams;
mod trace;
mod traps;
mod values;
mod ways;
mod workers;
pub mod wreck;
