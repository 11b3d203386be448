//! Where values come from: the environment first, then `.env`.
//!
//! Reads `.env` once. Makes nothing up, and keeps no copy of the environment.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::{Secret, dotenv};
use crate::error::{Problem, Problems, reason};

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The process's environment.
    Environment,
    /// The `.env` file.
    EnvFile,
    /// Made up by this run.
    Generated,
    /// A release on Coolify has it; no source gives it, and it is not sent.
    Kept,
}

/// Looks a variable up in the environment.
pub type Environment = dyn Fn(&str) -> Option<String> + Sync;

/// The environment and one `.env` file.
pub struct Sources<'a> {
    environment: &'a Environment,
    file: BTreeMap<String, Secret>,
}

impl<'a> Sources<'a> {
    /// Reads the `.env` file, which need not be there.
    ///
    /// # Errors
    /// Why the file cannot be read or understood, without its content.
    pub fn read(environment: &'a Environment, env_file: &Path) -> Result<Self, Problems> {
        let bytes = match fs::read(env_file) {
            Ok(bytes) => zeroize::Zeroizing::new(bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => zeroize::Zeroizing::default(),
            Err(error) => {
                let message = format!("cannot be read: {}", reason(&error));
                return Err(Problem::of_file(env_file, message).into());
            }
        };
        let text =
            std::str::from_utf8(&bytes).map_err(|_| Problem::of_file(env_file, "is not UTF-8 text"))?;
        let file = dotenv::parse(env_file, text)?.into_iter().collect();
        Ok(Self { environment, file })
    }

    /// Finds a value; an empty one counts as missing.
    pub fn find(&self, name: &str) -> Option<(Secret, Origin)> {
        let environment = (self.environment)(name).filter(|value| !value.is_empty());
        let file = || self.file.get(name).filter(|value| !value.expose().is_empty()).cloned();
        match environment {
            Some(value) => Some((Secret::new(value), Origin::Environment)),
            None => file().map(|value| (value, Origin::EnvFile)),
        }
    }

    /// What is found by any of these names.
    pub fn given<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Vec<Secret> {
        names.into_iter().filter_map(|name| self.find(name)).map(|(value, _)| value).collect()
    }
}
