//! The machine, held against its chart, its table and its own journal.

mod crashes;
mod golden;
mod ledger;
mod plan;
mod replay;
mod statechart;
mod times;
mod world;
