//! `fabrik history`: all runs, newest first.

use serde_json::{Value, json};

use super::args::Global;
use super::face::Face;
use super::{Came, status};
use crate::report::exit::DONE;
use crate::report::tables::{self, table};
use crate::report::words;
use crate::store::RunRow;

/// Lists the runs, of one app if one is named.
pub async fn run(app: Option<&str>, global: &Global, face: &Face) -> Came {
    let (_, rows) = status::runs(app, global).await?;
    let cells = |row: &RunRow| {
        let began = words::date(words::moment(row.began_ms));
        [row.run.short().to_owned(), row.app.name.clone(), tables::phase_word(row).to_owned(), began]
    };
    let listed: Vec<[String; 4]> = rows.iter().rev().map(cells).collect();
    face.show(&table(["RUN", "APP", "PHASE", "BEGAN"], &listed), || {
        let runs: Vec<Value> = rows.iter().rev().map(tables::run_fields).collect();
        json!({"runs": runs})
    });
    Ok(DONE)
}
