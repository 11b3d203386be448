//! Writes a new app: its spec, and the template's files beside it.
//!
//! Looks for everything in the way before it writes anything, and never writes over a file.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::check;
use super::reader::Complaint;
use super::templates::Template;

/// Why no app was written, or not all of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScaffoldError {
    /// The name or the domain would make a spec that cannot be read.
    #[error("{message}{}", hint.as_ref().map(|hint| format!("\n  hint: {hint}")).unwrap_or_default())]
    Unfit {
        /// What is wrong with it.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// A file is in the way; nothing was written.
    #[error("`{}` is already there, and nothing was written\n  hint: choose another name, or move it away", .0.display())]
    InTheWay(PathBuf),
    /// The file system refused.
    #[error("`{}` cannot be written: {}", .path.display(), crate::error::reason(.source))]
    Unwritable {
        /// The file.
        path: PathBuf,
        source: io::Error,
    },
}

/// Writes `NAME.yaml` and `NAME/` into `dir` and keeps `.env` out of git; gives back the files written. A worker has no
/// domain, every other app has one.
///
/// # Errors
/// When the name or domain is unfit, a file is in the way (nothing is written then), or writing fails.
pub(crate) fn scaffold(
    dir: &Path,
    template: &Template,
    name: &str,
    domain: Option<&str>,
) -> Result<Vec<PathBuf>, ScaffoldError> {
    check::name(name)
        .and(fitting(template, domain))
        .map_err(|complaint| ScaffoldError::Unfit { message: complaint.message, hint: complaint.hint })?;
    let spec = dir.join(format!("{name}.yaml"));
    let app = dir.join(name);
    if let Some(found) = [&spec, &app].into_iter().find(|path| path.symlink_metadata().is_ok()) {
        return Err(ScaffoldError::InTheWay(found.clone()));
    }
    let mut written = Vec::new();
    for (path, content) in template.files {
        written.push(create(app.join(path), content)?);
    }
    written.push(create(spec, text(template, name, domain).as_bytes())?);
    written.extend(ignore_secrets(dir)?);
    Ok(written)
}

fn create(path: PathBuf, content: &[u8]) -> Result<PathBuf, ScaffoldError> {
    let write = || {
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        OpenOptions::new().write(true).create_new(true).open(&path)?.write_all(content)
    };
    write().map_err(|source| ScaffoldError::Unwritable { path: path.clone(), source })?;
    Ok(path)
}

/// Adds `.env` to `.gitignore` unless a line there says so already; gives back the file if it changed.
fn ignore_secrets(dir: &Path) -> Result<Option<PathBuf>, ScaffoldError> {
    let path = dir.join(".gitignore");
    let unwritable = |source| ScaffoldError::Unwritable { path: path.clone(), source };
    let before = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(unwritable(error)),
    };
    let covered = |line: &[u8]| matches!(line.trim_ascii(), b".env" | b"/.env" | b".env*" | b"*.env");
    if before.split(|byte| *byte == b'\n').any(covered) {
        return Ok(None);
    }
    let line: &[u8] = if before.is_empty() || before.ends_with(b"\n") { b".env\n" } else { b"\n.env\n" };
    let mut file = OpenOptions::new().append(true).create(true).open(&path).map_err(unwritable)?;
    file.write_all(line).map_err(unwritable)?;
    Ok(Some(path))
}

fn fitting(template: &Template, domain: Option<&str>) -> Result<(), Complaint> {
    match (template.port, domain) {
        (Some(_), Some(domain)) => check::domain("domain", domain).map(|_| ()),
        (None, None) => Ok(()),
        (Some(_), None) => Err(Complaint::new(format!("template `{}` needs a domain", template.name))),
        (None, Some(_)) => {
            Err(Complaint::new(format!("template `{}` answers on no domain", template.name))
                .hint("leave it out"))
        }
    }
}

/// The spec as a newcomer should read it, each line with a word on it.
fn text(template: &Template, name: &str, domain: Option<&str>) -> String {
    let site = domain.zip(template.port).map(|(domain, port)| {
        [
            (
                format!("domain: {domain}"),
                "where people find it; its zone must be yours at Cloudflare".to_owned(),
            ),
            (format!("port: {port}"), "the port the container listens on".to_owned()),
        ]
    });
    let head = [
        (format!("name: {name}"), "what the app is called, here and on Coolify".to_owned()),
        (format!("template: {}", template.name), format!("{}; the files are in ./{name}/", template.summary)),
    ];
    let tail = [
        ("# env: {LOG_LEVEL: info}".to_owned(), "settings that everybody may see".to_owned()),
        ("# secrets: [API_KEY]".to_owned(), "taken from the environment or .env, else generated".to_owned()),
    ];
    let lines: Vec<(String, String)> =
        head.into_iter().chain(site.into_iter().flatten()).chain(tail).collect();
    let width = lines.iter().map(|(line, _)| line.len()).max().unwrap_or(0).min(60);
    let padded = lines.iter().map(|(line, comment)| format!("{line:<width$}  # {comment}\n"));
    padded.collect::<Vec<String>>().concat()
}
