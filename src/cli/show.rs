//! `fabrik show`: one run, line by line, from the journal.

use machine::entry::StoredEntry;
use serde_json::{Value, json};

use super::args::Global;
use super::ui::Ui;
use super::{CommandResult, ids, status};
use crate::plan::Blocker;
use crate::report::exit::DONE;
use crate::report::format;
use crate::report::screen::{BOLD, in_style};
use crate::report::tables::{self, table};

/// Shows every entry of a run with its time.
pub(crate) async fn run(id: &str, global: &Global, face: &Ui) -> CommandResult {
    let (store, rows) = status::runs(None, global).await?;
    let row = ids::find(&rows, id).map_err(|blocker| vec![blocker])?;
    let Some(store) = store else { return Ok(DONE) };
    let loaded = store.load(&row.run).await.map_err(|error| vec![Blocker::new(error.to_string(), "")])?;
    let title = format!("{} run {} ({})", row.app.name, row.run, tables::phase_word(row));
    let mut lines = vec![in_style(BOLD, &title)];
    let cells: Vec<[String; 3]> = loaded.lines.iter().map(cells).collect();
    lines.extend(table(["AT", "ENTRY", "WHAT"], &cells));
    face.show(&lines, || {
        let mut document = status::fields(row);
        document["lines"] = loaded.lines.iter().map(line_fields).collect();
        document
    });
    Ok(DONE)
}

fn cells(line: &StoredEntry) -> [String; 3] {
    let at = format::date(format::moment(line.at.wall_ms));
    [at, line.entry.name().to_owned(), tables::entry_words(line)]
}

fn line_fields(line: &StoredEntry) -> Value {
    json!({"at": format::moment(line.at.wall_ms), "name": line.entry.name(), "entry": line.entry})
}
