//! Runs by any unique beginning or end of their id.

use crate::journal::RunRow;
use crate::plan::Blocker;

/// The run that `text` means.
///
/// # Errors
/// [`Blocker`] when it means none or several.
pub(crate) fn find<'a>(rows: &'a [RunRow], text: &str) -> Result<&'a RunRow, Blocker> {
    let plain = text.replace('-', "").to_ascii_lowercase();
    let meant = |row: &&RunRow| row.run.as_str().starts_with(&plain) || row.run.as_str().ends_with(&plain);
    let found: Vec<&RunRow> = rows.iter().filter(meant).collect();
    match found.as_slice() {
        [row] => Ok(row),
        [] => Err(Blocker::new(
            format!("there is no run `{text}` in this journal"),
            "`fabrik history` lists the runs",
        )),
        several => Err(Blocker::new(
            format!("`{text}` could mean {} runs", several.len()),
            format!("give more digits: {}", listed(several)),
        )),
    }
}

/// Short ids with their apps, separated by commas.
pub(crate) fn listed(rows: &[&RunRow]) -> String {
    let names: Vec<String> =
        rows.iter().map(|row| format!("{} ({})", row.run.short(), row.app.name)).collect();
    names.join(", ")
}
