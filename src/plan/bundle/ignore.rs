//! What a `.dockerignore` leaves out.
//!
//! moby's rules (`ignorefile` and `patternmatcher` at 5a6d842, and the walk of `fsutil`, read): patterns start at the folder's
//! top, the last one that fits decides, `!` takes back, and a pattern that fits a folder fits all in it. Touches no file.

use std::path::Path;

use super::pattern::Pattern;
use super::units::{of_path, units};
use crate::error::{Problem, Problems};

/// The patterns of one file.
#[derive(Debug, Default)]
pub(crate) struct Ignore {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    /// Whether it takes back what earlier ones left out.
    exception: bool,
    pattern: Pattern,
    /// The line it stands on, from 1.
    line: usize,
}

/// What the rules say of one path.
#[derive(Debug, Clone, Default)]
pub(crate) struct Judged {
    /// Which rules fit it, or a folder that it is in.
    fits: Vec<bool>,
    /// The line of the rule that leaves it out; `None` if it is not left out.
    pub ignored_by: Option<usize>,
}

impl Ignore {
    /// Reads the text of `file`.
    ///
    /// # Errors
    /// Every pattern that docker refuses, with its place.
    pub(crate) fn parse(file: &Path, text: &[u8]) -> Result<Self, Problems> {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let (mut rules, mut problems) = (Vec::new(), Vec::new());
        for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
            // Only in the first column: docker takes ` # text` for a pattern.
            let pattern = trimmed(line);
            if line.starts_with(b"#") || pattern.is_empty() {
                continue;
            }
            match rule(pattern, index + 1) {
                Ok(rule) => rules.push(rule),
                Err(why) => {
                    let before = &line[..line.len() - line.trim_ascii_start().len()];
                    let text = String::from_utf8_lossy(text);
                    let shown = String::from_utf8_lossy(pattern);
                    let message = format!("`{shown}` is not a pattern: {why}");
                    let problem = Problem::at(file, &text, index + 1, before.len() + 1, message);
                    problems.push(problem.hint("docker refuses it too; correct or delete the line"));
                }
            }
        }
        if problems.is_empty() { Ok(Self { rules }) } else { Err(Problems(problems)) }
    }

    /// Says whether something within a left-out folder may be taken back.
    pub(crate) fn has_exceptions(&self) -> bool {
        self.rules.iter().any(|rule| rule.exception)
    }

    /// Judges a path, given what was said of the folder that it is in; the folder's top has none.
    pub(crate) fn judge(&self, path: &Path, above: Option<&Judged>) -> Judged {
        let path = of_path(path);
        let mut judged = Judged { fits: vec![false; self.rules.len()], ignored_by: None };
        for (at, rule) in self.rules.iter().enumerate() {
            let inherited = above.and_then(|above| above.fits.get(at)).is_some_and(|fits| *fits);
            // A rule that would change nothing is not asked, and then does not count for what is inside either.
            let asked = rule.exception == judged.ignored_by.is_some();
            if inherited || (asked && rule.pattern.fits(&path)) {
                judged.fits[at] = true;
                judged.ignored_by = if rule.exception { None } else { Some(rule.line) };
            }
        }
        judged
    }
}

fn rule(text: &[u8], line: usize) -> Result<Rule, &'static str> {
    let (exception, text) = text.strip_prefix(b"!").map_or((false, text), |rest| (true, trimmed(rest)));
    let mut cleaned = if text.is_empty() { Vec::new() } else { cleaned(text) };
    if cleaned.len() > 1 && cleaned[0] == b'/' {
        cleaned.remove(0);
    }
    if exception && [&b""[..], b"/"].contains(&cleaned.as_slice()) {
        return Err("nothing follows the `!`");
    }
    let pattern = Pattern::compile(&units(&cleaned)).map_err(|_| "check its brackets and backslashes")?;
    Ok(Rule { exception, pattern, line })
}

fn trimmed(text: &[u8]) -> &[u8] {
    std::str::from_utf8(text).map_or_else(|_| text.trim_ascii(), |text| text.trim().as_bytes())
}

/// The shortest path that means the same, as Go's `filepath.Clean` writes it.
fn cleaned(path: &[u8]) -> Vec<u8> {
    let is_rooted = path.starts_with(b"/");
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if parts.last().is_some_and(|last| *last != b"..") => drop(parts.pop()),
            b".." if is_rooted => {}
            part => parts.push(part),
        }
    }
    let inner = parts.join(&b"/"[..]);
    match (is_rooted, inner.is_empty()) {
        (true, _) => [b"/", inner.as_slice()].concat(),
        (false, true) => b".".to_vec(),
        (false, false) => inner,
    }
}
