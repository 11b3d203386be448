//! `fabrik destroy`: takes down what Fabrik made for an app.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use machine::app::AppKey;
use machine::phase::Data;
use machine::receipt::How;

use super::args::{Destroy, Global};
use super::consent::Consent;
use super::face::Face;
use super::join::{self, Reach};
use super::settings::Settings;
use super::{Came, apply};
use crate::plan::{Estate, Obstacle};
use crate::report::ending::Way;
use crate::runner::desk::Options;
use crate::store::RunRow;

/// Takes an app down.
pub async fn run(destroy: &Destroy, global: &Global, face: &Face) -> Came {
    carry_out(destroy, global, face).await.map_err(|obstacle| vec![obstacle])
}

async fn carry_out(destroy: &Destroy, global: &Global, face: &Face) -> Result<u8, Obstacle> {
    let place = Settings::of(global, Path::new(".")).locate(global)?;
    let Some(store) = join::look(&place.journal)? else {
        let message = format!("there is no journal at {}", place.journal.display());
        return Err(Obstacle::new(message, "`--state` or `--sandbox` says where it is"));
    };
    let unreadable = |error: String| Obstacle::new(error, "nothing was touched");
    let rows = store.list(None).await.map_err(|error| unreadable(error.to_string()))?;
    let app = one_app(&rows, &destroy.app)?;
    let runs: Vec<RunRow> = rows.iter().filter(|row| row.app == app).cloned().collect();
    let estate = Estate::read(&store, &runs).await.map_err(|error| unreadable(error.to_string()))?;
    agree(destroy, estate.as_ref(), &Consent::new(global, face))?;
    let settings = Settings::of(global, beside(&runs).as_deref().unwrap_or(Path::new(".")));
    let reach = Reach::of(&place, &settings, global, face).await?;
    apply::tell_world(&place, face);
    let desk = reach.desk(&place.journal, format!("destroy {}", destroy.app), global, face)?;
    let data = if destroy.volumes { Data::Goes } else { Data::Stays };
    let outcome = desk.destroy(&app, data, &options(destroy)).await;
    Ok(apply::end(&desk, &outcome, Way::Back, face).await)
}

fn one_app(rows: &[RunRow], name: &str) -> Result<AppKey, Obstacle> {
    let named: BTreeSet<&AppKey> = rows.iter().map(|row| &row.app).filter(|app| app.name == name).collect();
    match named.iter().collect::<Vec<_>>().as_slice() {
        [app] => Ok((**app).clone()),
        [] => Err(Obstacle::new(
            format!("there is no run of `{name}` in this journal"),
            "`fabrik history` lists all runs; `--state` or `--sandbox` chooses another journal",
        )),
        several => {
            let places: Vec<String> = several.iter().map(ToString::to_string).collect();
            Err(Obstacle::new(
                format!("several apps are called `{name}`: {}", places.join("; ")),
                "roll back their newest runs one by one instead: `fabrik status` lists them",
            ))
        }
    }
}

fn agree(destroy: &Destroy, estate: Option<&Estate>, consent: &Consent) -> Result<(), Obstacle> {
    let name = &destroy.app;
    let things: Vec<String> = estate.into_iter().flat_map(named).collect();
    let what = if things.is_empty() { "what is left of it".to_owned() } else { things.join(", ") };
    let data = if destroy.volumes { "its volumes are DELETED" } else { "its volumes stay" };
    let question = format!("take down {name}: {what}; {data}?");
    let agreed = if destroy.volumes { consent.typed(&question, name) } else { consent.agreed(&question) };
    if agreed {
        return Ok(());
    }
    Err(Obstacle::new(format!("{question} Not agreed"), "say `--yes` to go on without being asked"))
}

fn named(estate: &Estate) -> Vec<String> {
    let made = estate.things.iter().filter(|receipt| receipt.how == How::Made);
    made.map(|receipt| match receipt.fields.get("name") {
        Some(name) => format!("{} {name}", receipt.step.as_str()),
        None => format!("{} {}", receipt.step.as_str(), receipt.id),
    })
    .collect()
}

fn beside(runs: &[RunRow]) -> Option<PathBuf> {
    let spec = runs.iter().rev().find_map(|row| row.begun.as_ref())?;
    Path::new(&spec.spec).parent().map(Path::to_owned)
}

fn options(destroy: &Destroy) -> Options {
    Options {
        no_rollback: false,
        refresh: false,
        force: false,
        require_proof: false,
        moved: false,
        timeout: None,
        wait_lock: destroy.wait_lock.unwrap_or(Duration::ZERO),
        // Agreed to already, and to all of it.
        consent: std::sync::Arc::new(|_| true),
    }
}
