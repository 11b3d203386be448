//! Onlookers: what people and programs see of a run.
//!
//! Two listeners to the same events, [`text`] and [`json`]; what is said when it is over, in [`summary`]; lists in
//! [`tables`]. Every text passes the [`Redactor`](crate::secrets::Redactor) on its way out. Nothing here changes a run.

pub mod changes;
pub mod exit;
pub mod format;
pub mod json;
pub mod run_history;
pub mod screen;
pub mod summary;
pub mod tables;
pub mod text;

pub use json::JsonReporter;
pub use run_history::RunHistory;
pub use screen::Screen;
pub use summary::Summary;
pub use text::TextReporter;
