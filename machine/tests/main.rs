//! The machine, held against its chart, its table and its own journal.

mod chart;
mod crashes;
mod golden;
mod ledger;
mod plan;
mod replay;
mod times;
mod world;
