//! `fabrik status`: what is, and what may come next.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use machine::app::AppKey;
use machine::phase::PhaseKind;
use serde_json::{Value, json};

use super::args::Global;
use super::settings::{Chosen, Settings};
use super::ui::Ui;
use super::{CommandResult, apps, wiring};
use crate::journal::{JournalStore, RunRow};
use crate::plan::Blocker;
use crate::plan::release::Release;
use crate::report::exit::DONE;
use crate::report::format;
use crate::report::tables::{self, phase_word, table};

/// Shows the newest run of each app, or of one.
pub(crate) async fn run(app: Option<&str>, global: &Global, face: &Ui) -> CommandResult {
    let (store, rows) = runs(app, global).await?;
    let mut apps: BTreeMap<&AppKey, Vec<&RunRow>> = BTreeMap::new();
    for row in &rows {
        apps.entry(&row.app).or_default().push(row);
    }
    let all: Vec<&AppKey> = apps.keys().copied().collect();
    let (mut lines, mut documents) = (Vec::new(), Vec::new());
    for (app, runs) in &apps {
        let (Some(newest), Some(store)) = (runs.last(), &store) else { continue };
        let release = release(store, runs).await;
        lines.extend(told(&apps::shown(app, &all), newest, release.as_ref()));
        documents.push(document(newest, release.as_ref()));
    }
    if lines.is_empty() {
        lines.push("nothing was deployed yet".to_owned());
    }
    face.show(&lines, || json!({"apps": documents}));
    Ok(DONE)
}

/// The journal and its runs, of one app if one is named; nothing where there is no journal yet and none was named.
///
/// # Errors
/// [`Blocker`] for a journal that cannot be read, or without that app.
pub(crate) async fn runs(
    app: Option<&str>,
    global: &Global,
) -> Result<(Option<Arc<dyn JournalStore>>, Vec<RunRow>), Vec<Blocker>> {
    let read = async {
        let place = Settings::of(global, Path::new(".")).locate(global)?;
        let store = match place.chosen {
            Chosen::Named => wiring::must_look(&place)?,
            Chosen::Default => match wiring::look(&place.journal)? {
                Some(store) => store,
                None => return Ok((None, Vec::new())),
            },
        };
        let rows = store.list(None).await.map_err(|error| Blocker::new(error.to_string(), ""))?;
        Ok((Some(store), rows))
    };
    let (store, mut rows) = read.await.map_err(|blocker: Blocker| vec![blocker])?;
    if let Some(app) = app {
        rows.retain(|row| apps::is_meant(&row.app, app));
        if rows.is_empty() {
            return Err(vec![apps::unknown(app)]);
        }
    }
    Ok((store, rows))
}

/// A run, for programs.
pub(crate) fn fields(row: &RunRow) -> Value {
    let mut fields = tables::run_fields(row);
    fields["destroyed"] = json!(row.phase == Some(PhaseKind::Destroyed));
    fields
}

async fn release(store: &Arc<dyn JournalStore>, runs: &[&RunRow]) -> Option<Release> {
    let runs: Vec<RunRow> = runs.iter().map(|row| (*row).clone()).collect();
    Release::newest(store, &runs, None).await.ok().flatten()
}

fn told(app: &str, row: &RunRow, release: Option<&Release>) -> Vec<String> {
    let last = format::ago(format::moment(row.last_ms), Timestamp::now());
    let mut lines = table(
        ["APP", "PHASE", "RUN", "WHEN"],
        &[[app.to_owned(), phase_word(row).to_owned(), row.run.short().to_owned(), last]],
    );
    if let Some(release) = release {
        let doubt =
            if release.is_unproven() { " (not proven: nothing shows that it is what runs)" } else { "" };
        lines.push(format!("  release  {}{doubt}", release.run().short()));
        lines.push(format!("  URL      {}", format::places(&release.plan().endpoints)));
    }
    let next = tables::next(row, row.run.short());
    lines.extend(next.into_iter().map(|command| format!("  next     {command}")));
    lines
}

fn document(row: &RunRow, release: Option<&Release>) -> Value {
    let mut document = fields(row);
    document["release"] = json!(release.map(|release| release.run().to_string()));
    document["proof"] = json!(release.map(|release| release.proof().as_str()));
    document["endpoints"] = json!(release.map(|release| release.plan().endpoints.clone()));
    document["next"] = json!(tables::next(row, row.run.as_str()));
    document["may"] = json!(row.phase.map(tables::moves));
    document
}
