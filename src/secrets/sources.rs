//! Where values come from: the environment first, then `.env`.
//!
//! Reads `.env` once. Makes nothing up, and keeps no copy of the environment.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::{EnvFile, Secret};
use crate::error::{Problem, reason};

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretOrigin {
    /// The process's environment.
    Environment,
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
    file: EnvFile,
}

impl<'a> Sources<'a> {
    /// Reads the `.env` file, which need not be there.
    ///
    /// # Errors
    /// Why the file as a whole cannot be read, without its content.
    pub fn read(environment: &'a Environment, env_file: &Path) -> Result<Self, Problem> {
        let file = match fs::read(env_file) {
            Ok(bytes) => EnvFile::read(environment, env_file, &zeroize::Zeroizing::new(bytes))?,
            Err(error) if error.kind() == ErrorKind::NotFound => EnvFile::absent(env_file),
            Err(error) => {
                return Err(Problem::of_file(env_file, format!("cannot be read: {}", reason(&error))));
            }
        };
        Ok(Self { environment, file })
    }

    /// Finds a value; an empty one counts as missing.
    ///
    /// # Errors
    /// Where `.env` seems to give it in a way that cannot be read for sure.
    pub fn find(&self, name: &str) -> Result<Option<(Secret, SecretOrigin)>, Problem> {
        if let Some(value) = self.in_environment(name) {
            return Ok(Some((value, SecretOrigin::Environment)));
        }
        Ok(self.file.find(name)?.map(|value| (value.clone(), SecretOrigin::EnvFile)))
    }

    /// What is found by any of these names; what cannot be read for sure is left out.
    pub fn given<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Vec<Secret> {
        let found = names.into_iter().filter_map(|name| self.find(name).ok().flatten());
        found.map(|(value, _)| value).collect()
    }

    /// What is to be said about how `.env` was read for any of these names.
    pub fn remarks<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Vec<Problem> {
        let from_file = names.into_iter().filter(|name| self.in_environment(name).is_none());
        from_file.filter_map(|name| self.file.remark(name)).collect()
    }

    /// Makes sure that a generated `name` would neither stand beside one that is meant to be given, nor be read as
    /// something else.
    ///
    /// # Errors
    /// The first line of `.env` that cannot be read.
    pub fn may_generate(&self, name: &str) -> Result<(), Problem> {
        self.file.takes(name)
    }

    fn in_environment(&self, name: &str) -> Option<Secret> {
        (self.environment)(name).filter(|value| !value.is_empty()).map(Secret::new)
    }
}
