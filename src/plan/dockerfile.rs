//! The app's Dockerfile, read as docker reads it.
//!
//! Cuts it into instructions, says what each reads of the app's folder, and rewrites it to carry the app's files. Refuses
//! what no builder takes and what cannot be kept, each with its place. Looks into no folder (`bundle` does).

mod copy;
mod heredocs;
mod lines;
mod readings;
mod rewrite;
#[cfg(test)]
mod tests;
mod variables;
mod words;

use std::path::Path;

use self::lines::{Cut, cut};
pub(crate) use self::readings::Reading;
pub(crate) use self::rewrite::Rewritten;
use self::words::Arguments;
use crate::error::{Problem, Problems};

const INSTRUCTIONS: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// A Dockerfile that can be built without a build folder.
#[derive(Debug)]
pub(crate) struct Dockerfile {
    /// What it reads of the folder.
    pub readings: Vec<Reading>,
    /// Its text, which reads the files from a stage of its own.
    pub rewritten: Rewritten,
}

/// What is wrong at one place of a Dockerfile.
#[derive(Debug)]
struct Fault {
    /// The line, from 1.
    line: usize,
    /// The column, from 1.
    column: usize,
    message: String,
    hint: String,
}

impl Dockerfile {
    /// Reads the text of `file`.
    ///
    /// # Errors
    /// Everything that no builder takes or that cannot be kept, in the order of lines.
    pub(crate) fn parse(file: &Path, text: &str) -> Result<Self, Problems> {
        let text = text.trim_start_matches('\u{feff}');
        let mut faults = Vec::new();
        let cut = cut(text, &mut faults);
        check(&cut, &mut faults);
        let readings = readings::readings(&cut, &mut faults);
        let rewritten = rewrite::rewritten(&cut, &mut faults);
        if faults.is_empty() {
            return Ok(Self { readings, rewritten });
        }
        faults.sort_by_key(|fault| (fault.line, fault.column));
        let problem =
            |fault: Fault| Problem::at(file, text, fault.line, fault.column, fault.message).hint(fault.hint);
        Err(Problems(faults.into_iter().map(problem).collect()))
    }
}

/// Finds instructions that there are not, and such that stand where they cannot.
fn check(cut: &Cut<'_>, faults: &mut Vec<Fault>) {
    let mut has_stage = false;
    for piece in cut.pieces.iter().filter(|piece| !piece.keyword.is_empty()) {
        let keyword = piece.keyword.as_str();
        let operands = || Arguments::of(piece.rest(), cut.escape).operands.len();
        match keyword {
            // A newer builder may well know it.
            _ if !INSTRUCTIONS.contains(&keyword) && !cut.has_syntax => {
                let like = INSTRUCTIONS.iter().find(|known| is_like(keyword, known));
                let hint = like
                    .map_or("a line that goes on needs a backslash at the end".to_owned(), |known| {
                        format!("did you mean {known}?")
                    });
                faults.push(piece.fault(format!("there is no instruction `{keyword}`"), hint));
            }
            "FROM" if ![1, 3].contains(&operands()) => {
                faults
                    .push(piece.fault("FROM takes an image, or an image AS a name", "write FROM image:tag"));
                has_stage = true;
            }
            "FROM" => has_stage = true,
            "ARG" => {}
            _ if !has_stage => {
                faults.push(piece.fault(
                    format!("{keyword} stands before the first FROM"),
                    "start from an image: FROM image:tag",
                ));
                has_stage = true;
            }
            _ => {}
        }
    }
    if !has_stage && faults.is_empty() {
        let (message, hint) =
            ("there is no FROM".to_owned(), "start from an image: FROM image:tag".to_owned());
        faults.push(Fault { line: 1, column: 1, message, hint });
    }
}

/// Whether two words differ by one letter, or two swapped ones.
fn is_like(word: &str, known: &str) -> bool {
    let same_start = word.bytes().zip(known.bytes()).take_while(|(one, other)| one == other).count();
    let (word, known) = (&word.as_bytes()[same_start..], &known.as_bytes()[same_start..]);
    let after = |text: &[u8]| text.get(1..).unwrap_or_default().to_vec();
    after(word) == known
        || word == after(known)
        || after(word) == after(known)
        || (word.len() >= 2
            && known.len() >= 2
            && word[..2] == [known[1], known[0]]
            && word[2..] == known[2..])
}
