//! Onlookers: what people and programs see of a run.
//!
//! Two listeners to the same events, `text` and `json`; what is said when it is over, in [`summary`]; lists in
//! `tables`. Every text passes the [`Redactor`](crate::secrets::Redactor) on its way out. Nothing here changes a run.

pub mod changes;
pub(crate) mod exit;
pub(crate) mod format;
pub(crate) mod json;
pub(crate) mod run_history;
pub(crate) mod screen;
pub mod summary;
pub(crate) mod tables;
pub(crate) mod text;

pub use json::JsonReporter;
pub use run_history::RunHistory;
pub use screen::Screen;
pub use summary::Summary;
pub use text::TextReporter;
