//! `fabrik history`: all runs, newest first.

use machine::app::AppKey;
use serde_json::{Value, json};

use super::args::Global;
use super::ui::Ui;
use super::{CommandResult, apps, status};
use crate::report::exit::DONE;
use crate::report::format;
use crate::report::tables::{phase_word, table};

/// Lists the runs, of one app if one is named.
pub(crate) async fn run(app: Option<&str>, global: &Global, face: &Ui) -> CommandResult {
    let (_, rows) = status::runs(app, global).await?;
    let all: Vec<&AppKey> = rows.iter().map(|row| &row.app).collect();
    let (mut listed, mut documents): (Vec<[String; 4]>, Vec<Value>) = (Vec::new(), Vec::new());
    for row in rows.iter().rev() {
        let began = format::date(format::moment(row.began_ms));
        listed.push([
            row.run.short().to_owned(),
            apps::shown(&row.app, &all),
            phase_word(row).to_owned(),
            began,
        ]);
        documents.push(status::fields(row));
    }
    face.show(&table(["RUN", "APP", "PHASE", "BEGAN"], &listed), || json!({"runs": documents}));
    Ok(DONE)
}
