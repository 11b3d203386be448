//! The hidden: secret values, where they come from, and how they are kept off every screen.
//!
//! A value cannot be printed by accident: the type will not do it. Nothing here sends a secret anywhere.

mod secret;

pub use secret::Secret;
