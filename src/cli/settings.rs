//! Settings: from the environment first, then from `.env`; and where journal and sandbox lie.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::Global;
use crate::engine::commands::EnvLookup;
use crate::error::Problem;
use crate::plan::Blocker;
use crate::secrets::{Secret, Sources};

/// Where a setting may come from.
pub(crate) struct Settings {
    lookup: EnvLookup,
    env_file: PathBuf,
}

/// What the world outside is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Backend {
    /// The APIs.
    Live,
    /// The sandbox kept in this folder.
    LocalSandbox(PathBuf),
    /// The sandbox served at this URL.
    RemoteSandbox(String),
}

/// The world, and the journal that goes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Location {
    /// The world.
    pub backend: Backend,
    /// The journal's file.
    pub journal: PathBuf,
    /// Who chose that file.
    pub chosen: Chosen,
}

/// Who chose the path of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chosen {
    /// The user, by a flag or a setting: it is a mistake if nothing is there to be read.
    Named,
    /// Nobody: it is where such files are.
    Default,
}

impl Settings {
    /// Those of this process, with the `.env` in `folder` unless another one is named.
    pub(crate) fn of(global: &Global, folder: &Path) -> Self {
        let env_file = global.env_file.clone().unwrap_or_else(|| folder.join(".env"));
        Self { lookup: environment(), env_file }
    }

    /// The value of `name`, if there is one.
    ///
    /// # Errors
    /// [`Blocker`] for a `.env` that cannot be read.
    pub(crate) fn find(&self, name: &str) -> Result<Option<Secret>, Blocker> {
        let sources = Sources::read(self.lookup.as_ref(), &self.env_file);
        Ok(sources?.find(name)?.map(|(value, _)| value))
    }

    fn plain(&self, name: &str) -> Result<Option<String>, Blocker> {
        Ok(self.find(name)?.map(|value| value.expose().to_owned()))
    }

    /// The world and its journal, as flags and settings have it.
    ///
    /// # Errors
    /// [`Blocker`] for a journal that this version cannot use.
    pub(crate) fn locate(&self, global: &Global) -> Result<Location, Blocker> {
        let world = match (&global.sandbox, self.plain("FABRIK_SANDBOX")?) {
            (Some(given), _) => sandbox(given)?,
            (None, Some(set)) => sandbox(&set)?,
            (None, None) => Backend::Live,
        };
        let (journal, chosen) = match (&global.state, &world) {
            (Some(state), _) => (local(state)?, Chosen::Named),
            (None, Backend::LocalSandbox(folder)) => (folder.join("fabrik.db"), Chosen::Default),
            (None, Backend::RemoteSandbox(_)) => (sandbox_home()?.join("fabrik.db"), Chosen::Default),
            (None, Backend::Live) => match self.plain("FABRIK_STATE")? {
                Some(state) => (local(&state)?, Chosen::Named),
                None => (home()?.join("fabrik.db"), Chosen::Default),
            },
        };
        Ok(Location { backend: world, journal, chosen })
    }
}

/// Makes sure that an `--env-file` that is named is there: a missing one would count as one that gives nothing.
///
/// # Errors
/// [`Blocker`] naming it.
pub(crate) fn named_env_file(global: &Global) -> Result<(), Blocker> {
    let Some(path) = &global.env_file else { return Ok(()) };
    let why = match std::fs::metadata(path) {
        Ok(it) if it.is_dir() => "is a folder".to_owned(),
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => "is not there".to_owned(),
        Err(error) => format!("cannot be read: {}", crate::error::reason(&error)),
    };
    let message = format!("the file that `--env-file` names {why}");
    Err(Problem::of_file(path, message)
        .hint("write where it is, or leave `--env-file` out to read `.env` beside the spec")
        .into())
}

/// This process's environment.
pub(crate) fn environment() -> EnvLookup {
    Arc::new(|name: &str| std::env::var(name).ok())
}

fn sandbox(text: &str) -> Result<Backend, Blocker> {
    Ok(match text {
        "" | "1" | "true" => Backend::LocalSandbox(sandbox_home()?),
        url if url.starts_with("http://") || url.starts_with("https://") => {
            Backend::RemoteSandbox(url.to_owned())
        }
        folder => Backend::LocalSandbox(PathBuf::from(folder)),
    })
}

fn local(state: &str) -> Result<PathBuf, Blocker> {
    if state.starts_with("postgres://") || state.starts_with("postgresql://") {
        return Err(Blocker::new(
            "a journal at `postgres://…` is not in this version",
            "give a path, or leave it out",
        ));
    }
    Ok(PathBuf::from(state))
}

/// Where the sandbox is kept unless another folder is named.
///
/// # Errors
/// [`Blocker`] where there is no home folder.
pub(crate) fn sandbox_home() -> Result<PathBuf, Blocker> {
    Ok(home()?.join("sandbox"))
}

/// `$XDG_STATE_HOME/fabrik`; a relative path there is to be ignored (XDG base directories).
fn home() -> Result<PathBuf, Blocker> {
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let own = || std::env::home_dir().filter(|home| home.is_absolute()).map(|home| home.join(".local/state"));
    state.or_else(own).map(|state| state.join("fabrik")).ok_or_else(|| {
        Blocker::new("there is no home folder to keep the journal in", "give a path with `--state`")
    })
}
