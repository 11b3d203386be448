//! Keeps generated secrets in `.env`, so that the next run uses the same values.
//!
//! Only ever adds at the end: no existing byte is rewritten. Refuses a file that git would track.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use zeroize::Zeroizing;

use super::Secret;

/// Why secrets were not kept; nothing was written, unless writing itself failed.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The next commit would carry the secrets away.
    #[error("git would track `{}`", .0.display())]
    Tracked(PathBuf),
    /// The file system refused.
    #[error("`{}` cannot be written: {}", .path.display(), crate::error::reason(.source))]
    Unwritable {
        /// The file.
        path: PathBuf,
        source: io::Error,
    },
}

impl KeepError {
    /// What to do about it; empty where the error says it all.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Tracked(_) => "add `.env` to .gitignore, and `git rm --cached` it if it is committed",
            Self::Unwritable { .. } => "",
        }
    }
}

/// Adds secrets at the end of a `.env` file and syncs it; a file it makes can be read by its owner only.
///
/// # Errors
/// When git would track the file, or it cannot be written.
pub fn keep(env_file: &Path, secrets: &[(&str, &Secret)]) -> Result<(), KeepError> {
    if secrets.is_empty() {
        return Ok(());
    }
    if tracked(env_file) {
        return Err(KeepError::Tracked(env_file.to_owned()));
    }
    append(env_file, secrets).map_err(|source| KeepError::Unwritable { path: env_file.to_owned(), source })
}

fn append(env_file: &Path, secrets: &[(&str, &Secret)]) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(env_file)?;
    let mut lines = Zeroizing::new(String::new());
    if !ends_with_newline(&mut file)? {
        lines.push('\n');
    }
    for (name, secret) in secrets {
        lines.push_str(name);
        lines.push('=');
        quote(secret.expose(), &mut lines);
        lines.push('\n');
    }
    file.write_all(lines.as_bytes())?;
    file.sync_all()?;
    // A file that is new is only there after a crash if its folder is synced too.
    fs::File::open(parent(env_file))?.sync_all()
}

fn ends_with_newline(file: &mut fs::File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    let mut last = [0_u8];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// Writes a value so that every common reader gives it back, where that can be done; plain where nothing in it needs
/// quotes.
fn quote(value: &str, line: &mut String) {
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        line.push_str(value);
        return;
    }
    if !value.contains(['\'', '\\', '\n', '\r']) {
        line.extend(["'", value, "'"]);
        return;
    }
    line.push('"');
    for letter in value.chars() {
        match letter {
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '"' | '\\' | '$' => line.extend(['\\', letter]),
            other => line.push(other),
        }
    }
    line.push('"');
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Says whether git would take the file along: it lies in a work tree, and is committed already or not ignored.
fn tracked(env_file: &Path) -> bool {
    // A link is judged by where it leads, for that is the file that is written.
    let file = fs::canonicalize(env_file).unwrap_or_else(|_| {
        let folder = fs::canonicalize(parent(env_file)).unwrap_or_else(|_| parent(env_file).to_owned());
        folder.join(env_file.file_name().unwrap_or_default())
    });
    let Some(root) = file.ancestors().skip(1).find(|folder| folder.join(".git").exists()) else {
        return false;
    };
    if let Some(listed) = git(root, &["ls-files", "--error-unmatch"], &file)
        && let Some(ignored) = git(root, &["check-ignore", "--quiet"], &file)
    {
        return listed || !ignored;
    }
    !ignored_by_hand(root, &file)
}

/// Asks git a question that it answers by its exit code: 0 yes, 1 no, anything else no answer.
fn git(root: &Path, question: &[&str], file: &Path) -> Option<bool> {
    let mut command = Command::new("git");
    command.arg("-C").arg(root).args(question).arg("--").arg(file);
    // Inside a hook git is told of another repository than the one the file is in.
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        command.env_remove(variable);
    }
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().ok()?;
    match status.code()? {
        0 => Some(true),
        1 => Some(false),
        _ => None,
    }
}

/// Without git: ignored if a `.gitignore` on the way up names the file outright, and none takes it back.
fn ignored_by_hand(root: &Path, file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let folders = file.ancestors().skip(1).take_while(|folder| folder.starts_with(root));
    let texts: Vec<String> =
        folders.filter_map(|folder| fs::read_to_string(folder.join(".gitignore")).ok()).collect();
    let lines = || texts.iter().flat_map(|text| text.lines()).map(str::trim);
    let named =
        lines().any(|line| line == name || (line == ".env*" && name.starts_with(".env")) || line == "*.env");
    named && !lines().any(|line| line.starts_with('!') && line.contains(".env"))
}
