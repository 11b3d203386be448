//! `fabrik unlock`: releases the lock that a dead run of an app left behind.
//!
//! Whether it is dead is told by the store alone: the operating system's lock is free, or the lease has run out. A
//! process id proves nothing, for it may be of another namespace or of another process by now. A living run is left
//! alone unless that is asked for; its tenure is given back then, so that the journal takes no entry of it any more.

use std::path::Path;
use std::sync::Arc;

use machine::app::AppKey;

use super::args::{Global, Unlock};
use super::consent::ConsentPrompt;
use super::settings::Settings;
use super::ui::Ui;
use super::{CommandResult, apps, wiring};
use crate::journal::sqlite::SqliteStore;
use crate::journal::{Acquisition, Holder, JournalStore, LeaseHolder, RunRow};
use crate::net::live::LiveClock;
use crate::plan::Blocker;
use crate::plan::release::open_run;
use crate::report::Summary;
use crate::report::screen::{GOOD, ODD, in_style};
use crate::report::summary::holder_lines;
use crate::report::tables::destroys;

/// Releases an app's lock.
pub(crate) async fn run(unlock: &Unlock, global: &Global, face: &Ui) -> CommandResult {
    let ending = carry_out(unlock, global, face).await.map_err(|blocker| vec![blocker])?;
    Ok(face.end(&ending))
}

async fn carry_out(unlock: &Unlock, global: &Global, face: &Ui) -> Result<Summary, Blocker> {
    let place = Settings::of(global, Path::new(".")).locate(global)?;
    let reader = wiring::must_look(&place)?;
    let rows = reader.list(None).await?;
    let app = apps::find(&rows, &unlock.app)?;
    let store = SqliteStore::open(&place.journal, Arc::new(LiveClock))?;
    let me = wiring::holder(format!("unlock {}", unlock.app));
    match store.acquire(&app.to_string(), &me).await? {
        Acquisition::Acquired { lease, over } => {
            store.release(lease).await?;
            Ok(free(&app, over.as_ref(), &me, &rows))
        }
        // Nobody is in the book whose tenure could be ended.
        Acquisition::Busy(holder) if holder.by.pid == 0 => {
            Ok(Summary::held(&holder.by, holder.since, "try again in a moment"))
        }
        Acquisition::Busy(holder) if !unlock.force => Ok(alive(&holder, &me)),
        Acquisition::Busy(holder) => {
            agree(&app, &holder, &ConsentPrompt::new(global, face))?;
            take(&store, &app, &holder, &me, &rows).await
        }
    }
}

/// A dead run's lock is free again, or it was all along.
fn free(app: &AppKey, over: Option<&LeaseHolder>, me: &Holder, rows: &[RunRow]) -> Summary {
    let Some(holder) = over else {
        let line = format!("{} nobody holds {}: there is nothing to release", in_style(GOOD, "✓"), app.name);
        return Summary::unlocked(vec![line], None);
    };
    let mut lines = vec![format!("{} the lock of {} is released", in_style(GOOD, "✓"), app.name)];
    lines.extend(holder_lines(&holder.by, holder.since));
    lines.push(format!("  dead:   {}", proof(&holder.by, me)));
    lines.extend(next(rows, app));
    Summary::unlocked(lines, Some(holder))
}

fn proof(by: &Holder, me: &Holder) -> &'static str {
    if by.boot == me.boot {
        "its process has ended, and the operating system freed its lock"
    } else if by.shares_host_with(me) {
        "this machine was restarted since then"
    } else {
        "its lease ran out on another host"
    }
}

fn alive(holder: &LeaseHolder, me: &Holder) -> Summary {
    let hint = if holder.by.shares_host_with(me) {
        "its process lives on this host: wait until it has ended, or stop it; `--force` takes the lock from it"
    } else {
        "it is on another host, so whether it lives cannot be seen from here: a dead run's lock runs out within 3 \
         minutes; `--force` takes it at once"
    };
    Summary::held(&holder.by, holder.since, hint)
}

fn agree(app: &AppKey, holder: &LeaseHolder, consent: &ConsentPrompt) -> Result<(), Blocker> {
    let question = format!("take the lock of {} from {}?", app.name, holder.by);
    if consent.agreed(&question) {
        return Ok(());
    }
    Err(Blocker::new(format!("{question} Cancelled"), "pass `--yes` to go on without being asked"))
}

/// Ends the tenure that was agreed to, and no later one.
async fn take(
    store: &SqliteStore,
    app: &AppKey,
    holder: &LeaseHolder,
    me: &Holder,
    rows: &[RunRow],
) -> Result<Summary, Blocker> {
    let key = app.to_string();
    store.evict(&key, holder.token).await?;
    let mut lines = vec![format!("{} the lock of {} was taken", in_style(GOOD, "✓"), app.name)];
    lines.extend(holder_lines(&holder.by, holder.since));
    match store.acquire(&key, me).await? {
        Acquisition::Acquired { lease, .. } => {
            store.release(lease).await?;
            lines.extend(next(rows, app));
        }
        Acquisition::Busy(_) => lines.push(in_style(
            ODD,
            "  ! its process still lives: it stops before it writes again, and only then can another run begin",
        )),
    }
    Ok(Summary::unlocked(lines, Some(holder)))
}

fn next(rows: &[RunRow], app: &AppKey) -> Option<String> {
    let row = open_run(rows, app)?;
    let run = row.run.short();
    if destroys(row) {
        return Some(format!("  next: `fabrik resume {run}` goes on"));
    }
    Some(format!("  next: `fabrik resume {run}` goes on, `fabrik rollback {run}` undoes it"))
}
