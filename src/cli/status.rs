//! `fabrik status`: what is, and what may come next.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use machine::app::AppKey;
use serde_json::{Value, json};

use super::args::Global;
use super::face::Face;
use super::settings::Settings;
use super::{Came, join};
use crate::plan::Obstacle;
use crate::plan::release::Release;
use crate::report::exit::DONE;
use crate::report::tables::{self, table};
use crate::report::words;
use crate::store::{RunRow, Store};

/// Shows the newest run of each app, or of one.
pub async fn run(app: Option<&str>, global: &Global, face: &Face) -> Came {
    let (store, rows) = runs(app, global).await?;
    let mut apps: BTreeMap<&AppKey, Vec<&RunRow>> = BTreeMap::new();
    for row in &rows {
        apps.entry(&row.app).or_default().push(row);
    }
    let (mut lines, mut documents) = (Vec::new(), Vec::new());
    for runs in apps.values() {
        let Some(newest) = runs.last() else { continue };
        let release = release(store.as_ref(), runs).await;
        lines.extend(told(newest, release.as_ref()));
        documents.push(document(newest, release.as_ref()));
    }
    if lines.is_empty() {
        lines.push("nothing was deployed yet".to_owned());
    }
    face.show(&lines, || json!({"apps": documents}));
    Ok(DONE)
}

/// The journal and its runs, of one app if one is named; nothing where there is no journal yet.
///
/// # Errors
/// [`Obstacle`] for a journal that cannot be read, or without that app.
pub async fn runs(
    app: Option<&str>,
    global: &Global,
) -> Result<(Option<std::sync::Arc<dyn Store>>, Vec<RunRow>), Vec<Obstacle>> {
    let read = async {
        let place = Settings::of(global, Path::new(".")).locate(global)?;
        let Some(store) = join::look(&place.journal)? else { return Ok((None, Vec::new())) };
        let rows = store.list(None).await.map_err(|error| Obstacle::new(error.to_string(), ""))?;
        Ok((Some(store), rows))
    };
    let (store, mut rows) = read.await.map_err(|obstacle: Obstacle| vec![obstacle])?;
    if let Some(app) = app {
        rows.retain(|row| row.app.name == app);
        if rows.is_empty() {
            let hint = "`fabrik history` lists all runs; `--state` or `--sandbox` chooses another journal";
            return Err(vec![Obstacle::new(format!("there is no run of `{app}` in this journal"), hint)]);
        }
    }
    Ok((store, rows))
}

async fn release(store: Option<&std::sync::Arc<dyn Store>>, runs: &[&RunRow]) -> Option<Release> {
    let runs: Vec<RunRow> = runs.iter().map(|row| (*row).clone()).collect();
    Release::newest(store?, &runs, None).await.ok().flatten()
}

fn told(row: &RunRow, release: Option<&Release>) -> Vec<String> {
    let last = words::ago(words::moment(row.last_ms), Timestamp::now());
    let mut lines = table(
        ["APP", "PHASE", "RUN", "WHEN"],
        &[[row.app.name.clone(), tables::phase_word(row).to_owned(), row.run.short().to_owned(), last]],
    );
    if let Some(release) = release {
        lines.push(format!("  release  {}", release.run().short()));
        lines.push(format!("  URL      {}", words::places(&release.plan().endpoints)));
    }
    let next = row.phase.map(|phase| tables::next(row.run.short(), phase)).unwrap_or_default();
    lines.extend(next.into_iter().map(|command| format!("  next     {command}")));
    lines
}

fn document(row: &RunRow, release: Option<&Release>) -> Value {
    let mut document = tables::run_fields(row);
    document["release"] = json!(release.map(|release| release.run().to_string()));
    document["endpoints"] = json!(release.map(|release| release.plan().endpoints.clone()));
    document["next"] = json!(row.phase.map(|phase| tables::next(row.run.as_str(), phase)));
    document["may"] = json!(row.phase.map(tables::moves));
    document
}
