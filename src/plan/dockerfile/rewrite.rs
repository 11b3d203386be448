//! The Dockerfile, made to carry the app's files.
//!
//! Coolify has no folder to build from, so a first stage unpacks the files and every instruction that reads the build
//! folder reads that stage instead. Everything else stays as the app's author wrote it. No `# syntax=` line is added: the
//! heredoc needs none since Docker 23, and fetching one could fail unseen. A Dockerfile's own one is kept.

use super::lines::{Cut, Piece};
use super::{Fault, copy};

/// The stage that holds the app's files.
pub(crate) const STAGE: &str = "fabrik-context";

/// Where that stage has them.
pub(crate) const ROOT: &str = "/context";

/// A Dockerfile that reads the app's files from a stage of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewritten {
    /// The directives, and the ARGs that the first FROM may use, which keep their places.
    before: String,
    after: String,
}

impl Rewritten {
    /// The text with the files, which come compressed and in base64.
    pub fn with_files(&self, files: &str) -> String {
        [&self.before, &stage(files), &self.after].map(String::as_str).concat()
    }
}

/// Points what reads the build folder at the stage that has its files; adds what cannot be kept to `faults`.
pub(crate) fn rewritten(cut: &Cut<'_>, faults: &mut Vec<Fault>) -> Rewritten {
    let first = cut.pieces.iter().position(|piece| piece.keyword == "FROM").unwrap_or(cut.pieces.len());
    let mut text = |pieces: &[Piece<'_>]| -> String {
        let lines = pieces.iter().map(|piece| {
            one(piece, cut.escape).unwrap_or_else(|fault| {
                faults.push(fault);
                String::new()
            })
        });
        lines.collect()
    };
    let (before, after) = cut.pieces.split_at(first);
    Rewritten { before: text(before), after: text(after) }
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

fn one(piece: &Piece<'_>, escape: char) -> Result<String, Fault> {
    let changed = match piece.keyword.as_str() {
        "COPY" => copy::copy(piece, escape)?,
        "ADD" => copy::add(piece, escape)?,
        "RUN" => Some(copy::run(piece, escape)?),
        "ONBUILD" if copy::reads_folder(piece.rest(), escape) => {
            let hint = "write the COPY in the image that uses it";
            return Err(piece.fault("ONBUILD cannot read the app's files", hint));
        }
        "FROM" if names_our_stage(piece.rest()) => {
            return Err(piece.fault("a stage is called fabrik-context", "give the stage another name"));
        }
        _ => None,
    };
    Ok(ended(changed.as_deref().unwrap_or(piece.raw)))
}

fn names_our_stage(rest: &str) -> bool {
    rest.split_whitespace().last().is_some_and(|name| name.eq_ignore_ascii_case(STAGE))
}

/// The text with a line end, which the last line of a file may lack.
fn ended(raw: &str) -> String {
    if raw.ends_with('\n') { raw.to_owned() } else { format!("{raw}\n") }
}
