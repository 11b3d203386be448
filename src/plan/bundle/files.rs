//! Files of the app's folder, read without waiting for what never ends.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::unreadable;
use crate::error::{Problem, Problems};

/// The largest text that is read whole, in bytes.
const TEXT_LIMIT: u64 = 1 << 20;

/// Reads a file, and no pipe or device that took its place.
///
/// # Errors
/// As the file system says.
pub(crate) fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let mut content = Vec::new();
    file.take(limit).read_to_end(&mut content)?;
    Ok(content)
}

/// The path and the text of the folder's Dockerfile, which docker also takes as `dockerfile`.
///
/// # Errors
/// When there is none, or it says nothing.
pub(crate) fn dockerfile(folder: &Path) -> Result<(PathBuf, String), Problem> {
    let found =
        ["Dockerfile", "dockerfile"].map(|name| folder.join(name)).into_iter().find(|path| exists(path));
    let path = found.ok_or_else(|| no_dockerfile(folder))?;
    let bytes = read(&path, TEXT_LIMIT).map_err(|error| unreadable(&path, &error))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = before.split(|byte| *byte == b'\n').count();
        let problem = Problem::at(&path, "", line, 1, "the Dockerfile is not UTF-8 text");
        problem.hint("save it as UTF-8")
    })?;
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        let problem = Problem::of_file(&path, "the Dockerfile is empty");
        return Err(problem.hint("it needs at least FROM and what starts the app"));
    }
    Ok((path, text))
}

fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

fn no_dockerfile(folder: &Path) -> Problem {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let problem = Problem::of_file(folder, "the app's folder is not there");
            return problem.hint("`folder:` is a path from the spec's own folder");
        }
        Err(error) => return unreadable(folder, &error),
    };
    let mut names: Vec<OsString> = entries.filter_map(|entry| Some(entry.ok()?.file_name())).collect();
    names.sort();
    let like = names.iter().map(|name| name.to_string_lossy()).find(|name| {
        let name = name.to_ascii_lowercase();
        !name.ends_with(".dockerignore") && (name.starts_with("dockerfile") || name == "containerfile")
    });
    let problem = Problem::of_file(&folder.join("Dockerfile"), "the app's folder has no Dockerfile");
    problem.hint(match like {
        Some(name) => format!("rename `{name}` to `Dockerfile`, or write one that builds the app"),
        None => "write one that builds the app; `fabrik new` writes an example, and an app without one can be deployed \
                 by `image:`, `compose:` or `git:`"
            .to_owned(),
    })
}

/// The name and the content of the ignore file: the Dockerfile's own one is preferred, as docker does.
///
/// # Errors
/// When one is there and cannot be read.
pub(crate) fn ignore_file(folder: &Path) -> Result<(PathBuf, Vec<u8>), Problems> {
    let names = ["Dockerfile.dockerignore", ".dockerignore"].map(|name| folder.join(name));
    let Some(path) = names.into_iter().find(|path| exists(path)) else {
        return Ok((folder.join(".dockerignore"), Vec::new()));
    };
    let content = read(&path, TEXT_LIMIT).map_err(|error| unreadable(&path, &error))?;
    Ok((path, content))
}
