//! The app's Dockerfile, made to carry the app's files.
//!
//! Coolify has no folder to build from, so a first stage unpacks the files and every instruction that reads the build
//! folder reads that stage instead. Everything else stays as the app's author wrote it. No `# syntax=` line is added: the
//! heredoc needs none since Docker 23, and fetching one could fail unseen. A Dockerfile's own one is kept.

use super::copy;
use super::lines::{Piece, pieces};

/// The stage that holds the app's files.
pub const STAGE: &str = "fabrik-context";

/// Where that stage has them.
pub const ROOT: &str = "/context";

/// Why a Dockerfile cannot be built from here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Dockerfile line {line}: {message}\n  hint: {hint}")]
pub struct DockerfileError {
    /// The line, from 1.
    pub line: usize,
    /// What cannot be kept.
    pub message: &'static str,
    /// What to write instead.
    pub hint: &'static str,
}

/// Puts the files, compressed and in base64, into a Dockerfile.
pub fn inline(dockerfile: &str, files: &str) -> Result<String, DockerfileError> {
    let dockerfile = dockerfile.trim_start_matches('\u{feff}');
    let pieces = pieces(dockerfile);
    let Some(first) = pieces.iter().position(|piece| piece.keyword == "FROM") else {
        return Err(DockerfileError {
            line: 1,
            message: "there is no FROM",
            hint: "start from an image: FROM image:tag",
        });
    };
    let mut text = String::with_capacity(dockerfile.len() + files.len() * 2);
    for (index, piece) in pieces.iter().enumerate() {
        // After the directives and the ARGs that the first FROM may use, which keep their places.
        if index == first {
            text.push_str(&stage(files));
        }
        text.push_str(&rewritten(piece)?);
    }
    Ok(text)
}

/// The stage that unpacks the files. 76 letters a line: the builder repeats longer ones until its message overflows.
fn stage(files: &str) -> String {
    let mut stage = format!("FROM busybox:1.37 AS {STAGE}\nCOPY <<FABRIK /files\n");
    for line in files.as_bytes().chunks(76) {
        stage.extend(line.iter().map(|byte| char::from(*byte)));
        stage.push('\n');
    }
    stage + &format!("FABRIK\nRUN mkdir {ROOT} && base64 -d /files | tar xzf - -C {ROOT}\n\n")
}

fn rewritten(piece: &Piece<'_>) -> Result<String, DockerfileError> {
    let because = |(message, hint)| DockerfileError { line: piece.line, message, hint };
    let changed = match piece.keyword.as_str() {
        "COPY" => copy::copy(&piece.rest, piece.heredoc).map_err(because)?,
        "ADD" => copy::add(&piece.rest, piece.heredoc).map_err(because)?,
        "RUN" => return Ok(copy::run(piece.raw, &piece.rest)),
        "ONBUILD" if copy::reads_folder(&piece.rest) => {
            return Err(because((
                "ONBUILD cannot read the app's files",
                "write the COPY in the image that uses it",
            )));
        }
        "FROM" if names_our_stage(&piece.rest) => {
            return Err(because(("a stage is called fabrik-context", "give the stage another name")));
        }
        _ => None,
    };
    Ok(changed.map_or_else(|| ended(piece.raw), |line| line + "\n"))
}

fn names_our_stage(rest: &str) -> bool {
    rest.split_whitespace().last().is_some_and(|name| name.eq_ignore_ascii_case(STAGE))
}

/// The text with a line end, which the last line of a file may lack.
fn ended(raw: &str) -> String {
    if raw.ends_with('\n') { raw.to_owned() } else { format!("{raw}\n") }
}
