//! `fabrik destroy`: destroys what Fabrik made for an app.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use machine::app::AppKey;
use machine::phase::{PhaseKind, VolumePolicy};
use machine::receipt::{Origin, ResourceState};
use machine::step::Step;

use super::args::{Destroy, Global};
use super::consent::ConsentPrompt;
use super::settings::Settings;
use super::ui::Ui;
use super::wiring::{self, Backends, DnsAccess};
use super::{CommandResult, apply, apps};
use crate::engine::commands::Options;
use crate::journal::RunRow;
use crate::plan::release::open_run;
use crate::plan::{Blocker, Inventory};
use crate::report::format;
use crate::report::summary::Direction;

/// Takes an app down.
pub(crate) async fn run(destroy: &Destroy, global: &Global, face: &Ui) -> CommandResult {
    carry_out(destroy, global, face).await.map_err(|blocker| vec![blocker])
}

async fn carry_out(destroy: &Destroy, global: &Global, face: &Ui) -> Result<u8, Blocker> {
    let place = Settings::of(global, Path::new(".")).locate(global)?;
    let store = wiring::must_look(&place)?;
    let rows = store.list(None).await.map_err(unreadable)?;
    let app = apps::find(&rows, &destroy.app)?;
    let runs: Vec<RunRow> = rows.into_iter().filter(|row| row.app == app).collect();
    let inventory = Inventory::read(&store, &runs).await.map_err(unreadable)?;
    is_there_anything(&runs, &app, inventory.as_ref())?;
    agree(&app, destroy.volumes, inventory.as_ref(), &ConsentPrompt::new(global, face))?;
    let settings = Settings::of(global, beside(&runs).as_deref().unwrap_or(Path::new(".")));
    let dns = match &inventory {
        Some(inventory) => DnsAccess::for_plan(&inventory.plan),
        None => DnsAccess::Unneeded,
    };
    let reach = Backends::of(&place, dns, &settings, global, face).await?;
    apply::tell_world(&place, face);
    let command = format!("destroy {}", destroy.app);
    let engine = reach.engine(&place.journal, (command, Direction::Back), global, face)?;
    let data = if destroy.volumes { VolumePolicy::Delete } else { VolumePolicy::Retain };
    let outcome = engine.destroy(&app, data, &options(destroy)).await;
    Ok(apply::end(&engine, &outcome, Direction::Back, face).await)
}

/// Says so where nothing of the app stands and nobody is half-way.
fn is_there_anything(runs: &[RunRow], app: &AppKey, inventory: Option<&Inventory>) -> Result<(), Blocker> {
    if inventory.is_some() || open_run(runs, app).is_some() {
        return Ok(());
    }
    if let Some(row) = runs.iter().rev().find(|row| row.phase == Some(PhaseKind::Destroyed)) {
        let ago = format::ago(format::moment(row.last_ms), Timestamp::now());
        let message = format!("`{}` was destroyed already: run {}, {ago}", app.name, row.run.short());
        return Err(Blocker::new(message, recreate_hint(row)));
    }
    let message = format!("nothing of `{}` stands that Fabrik made", app.name);
    Err(Blocker::new(message, "`fabrik history` lists its runs"))
}

fn recreate_hint(row: &RunRow) -> String {
    let spec = row.begun.as_ref().map_or("SPEC", |begun| begun.spec.as_str());
    format!("`fabrik apply {spec}` recreates it")
}

fn unreadable(error: impl std::fmt::Display) -> Blocker {
    Blocker::new(error.to_string(), "nothing was touched")
}

fn agree(
    app: &AppKey,
    volumes: bool,
    inventory: Option<&Inventory>,
    consent: &ConsentPrompt,
) -> Result<(), Blocker> {
    let name = &app.name;
    let resources: Vec<String> = inventory.into_iter().flat_map(named).collect();
    let what = if resources.is_empty() { "what is left of it".to_owned() } else { resources.join(", ") };
    let data = if volumes { "its volumes are DELETED" } else { "its volumes stay" };
    let there_before: Vec<String> = inventory.into_iter().flat_map(taken_over).collect();
    let stays = if there_before.is_empty() {
        String::new()
    } else {
        format!("; {} stays, it was there before", there_before.join(", "))
    };
    let question = format!("destroy {name}: {what}; {data}{stays}?");
    let agreed = if volumes { consent.typed(&question, name) } else { consent.agreed(&question) };
    if agreed {
        return Ok(());
    }
    Err(Blocker::new(format!("{question} Cancelled"), "pass `--yes` to go on without being asked"))
}

fn named(inventory: &Inventory) -> Vec<String> {
    inventory.resources.iter().filter(|receipt| receipt.origin == Origin::Created).map(called).collect()
}

// What the app shares with others is none of this.
fn taken_over(inventory: &Inventory) -> Vec<String> {
    let own = |receipt: &&ResourceState| matches!(receipt.step, Step::App | Step::Dns(_));
    let found = inventory.resources.iter().filter(|receipt| receipt.origin == Origin::Existing);
    found.filter(own).map(called).collect()
}

fn called(receipt: &ResourceState) -> String {
    let name = receipt.attributes.get("name").unwrap_or(&receipt.id);
    format!("{} {name}", receipt.step.as_str())
}

fn beside(runs: &[RunRow]) -> Option<PathBuf> {
    let spec = runs.iter().rev().find_map(|row| row.begun.as_ref())?;
    Path::new(&spec.spec).parent().map(Path::to_owned)
}

fn options(destroy: &Destroy) -> Options {
    // Agreed to already, and to all of it.
    let plain = Options::plain(Arc::new(|_| true));
    Options { wait_lock: destroy.wait_lock.unwrap_or(Duration::ZERO), ..plain }
}
