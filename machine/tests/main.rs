//! The machine, held against its chart, its table and its own journal.

#![allow(unreachable_pub, reason = "a test binary has no outside")]

mod crashes;
mod formats;
mod golden;
mod ledger;
mod plan;
mod readiness;
mod replay;
mod statechart;
mod times;
mod world;
