//! Onlookers: what people and programs see of a run.
//!
//! Two listeners to the same events, [`human`] and [`json`]; what is said when it is over, in [`ending`]; lists in
//! [`tables`]. Every text passes the [`veil`] on its way out. Nothing here changes a run.

pub mod changes;
pub mod ending;
pub mod exit;
pub mod human;
pub mod json;
pub mod screen;
pub mod tables;
pub mod tale;
pub mod veil;
pub mod words;

pub use ending::Summary;
pub use human::TextReporter;
pub use json::Json;
pub use screen::Screen;
pub use tale::Tale;
pub use veil::Veil;
