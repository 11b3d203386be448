//! Ctrl-C, SIGTERM and a terminal that is closed: the first stops at the next safe point, the second at once.
//!
//! Who stops at once is told where the run is by then, and that is read from the journal: the run may have come to its
//! end in between, or not have begun.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use machine::id::RunId;
use machine::statechart::ExternalEvent;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::ui::Ui;
use crate::engine::context::Cancel;
use crate::engine::event::{Event, EventSink};
use crate::journal::{JournalStore, StoreError};
use crate::plan::release::ReleaseError;
use crate::report::summary::Direction;
use crate::report::{RunHistory, Summary};
use crate::secrets::Secret;

/// One for the whole process: who stops one run does not want the next one either.
static CANCEL: OnceLock<Cancel> = OnceLock::new();
/// How far the process is.
static STAND: Mutex<Stand> = Mutex::new(Stand::Before);

/// What a process that reads its journal, or tells of its end, may take until it is stopped all the same.
const PATIENCE: Duration = Duration::from_secs(1);

/// How far this process is.
#[derive(Clone)]
enum Stand {
    /// No run has begun.
    Before,
    /// A run is under way.
    Run { run: RunId, way: Direction, store: Arc<dyn JournalStore> },
    /// It is over, and this is the exit code.
    Over(u8),
}

/// Watches for signals from now on.
pub(crate) fn watch(face: &Ui) -> Cancel {
    let watched = || {
        let cancel = Cancel::default();
        let listening = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
        if let [Ok(interrupt), Ok(terminate), Ok(hangup)] = listening {
            tokio::spawn(stop([interrupt, terminate, hangup], cancel.clone(), face.clone()));
        }
        cancel
    };
    CANCEL.get_or_init(watched).clone()
}

/// Whether somebody asked to stop.
pub(crate) fn is_asked() -> bool {
    CANCEL.get().is_some_and(Cancel::is_asked)
}

/// Takes note that the run is over and that the process will end with `exit`.
pub(crate) fn over(exit: u8) {
    *stand() = Stand::Over(exit);
}

/// Takes note of the run that begins, and lets another listener hear all.
pub(crate) struct Noting {
    /// The other one.
    pub inner: Arc<dyn EventSink>,
    /// The way its command goes.
    pub way: Direction,
    /// Where the run is written.
    pub store: Arc<dyn JournalStore>,
}

impl EventSink for Noting {
    fn emit(&self, event: &Event) {
        if let Event::Began { run, .. } = event {
            *stand() = Stand::Run { run: run.clone(), way: self.way, store: self.store.clone() };
        }
        self.inner.emit(event);
    }

    fn hide(&self, secret: &Secret) {
        self.inner.hide(secret);
    }
}

fn stand() -> MutexGuard<'static, Stand> {
    STAND.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn stop([mut interrupt, mut terminate, mut hangup]: [Signal; 3], cancel: Cancel, face: Ui) {
    let mut told = async || {
        tokio::select! {
            _ = interrupt.recv() => ExternalEvent::Cancel,
            _ = terminate.recv() => ExternalEvent::Shutdown,
            _ = hangup.recv() => ExternalEvent::Shutdown,
        }
    };
    match told().await {
        ExternalEvent::Shutdown => cancel.shut_down(),
        _ => cancel.ask(),
    }
    face.screen.complain("stopping at the next safe point; once more to stop at once");
    told().await;
    // Nothing is left to write: the journal already says where the run is.
    std::process::exit(i32::from(at_once(&face).await));
}

/// Tells where the run is; gives the exit code.
async fn at_once(face: &Ui) -> u8 {
    let stand = stand().clone();
    match stand {
        Stand::Before => face.end(&Summary::at_once(None, Direction::Forward, None)),
        Stand::Run { run, way, store } => match read(store, run.clone()).await {
            Some(Err(ReleaseError::Store(StoreError::NoSuchRun(_)))) => {
                face.end(&Summary::at_once(None, way, None))
            }
            told => face.end(&Summary::at_once(Some(&run), way, told.and_then(Result::ok).as_ref())),
        },
        // Its end is being told just now.
        Stand::Over(exit) => {
            tokio::time::sleep(PATIENCE).await;
            exit
        }
    }
}

/// What the journal says, unless the disk hangs.
async fn read(store: Arc<dyn JournalStore>, run: RunId) -> Option<Result<RunHistory, ReleaseError>> {
    let read = tokio::spawn(async move { RunHistory::read(store.as_ref(), &run).await });
    tokio::time::timeout(PATIENCE, read).await.ok()?.ok()
}
