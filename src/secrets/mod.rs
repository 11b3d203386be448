//! The hidden: secret values, where they come from, and how they are kept off every screen.
//!
//! A value cannot be printed by accident: the type will not do it. Nothing here sends a secret anywhere, and nothing
//! here decides which secrets an app wants.

mod dotenv;
mod fingerprint;
mod keep;
mod matcher;
mod redactor;
mod secret;
mod sources;

pub use dotenv::EnvFile;
pub use fingerprint::{FingerprintKey, KeyError, hex};
pub use keep::{KeepError, keep};
pub use matcher::is_short;
pub use redactor::Redactor;
pub use secret::{Secret, generate};
pub use sources::{Environment, SecretOrigin, Sources};

#[cfg(test)]
mod tests;
