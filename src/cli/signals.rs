//! Ctrl-C, SIGTERM and a terminal that is closed: the first stops at the next safe point, the second at once.

use std::sync::{Arc, OnceLock};

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::report::Screen;
use crate::report::exit::PARKED;
use crate::runner::work::Cancel;

/// One for the whole process: who stops one run does not want the next one either.
static CANCEL: OnceLock<Cancel> = OnceLock::new();

/// Watches for signals from now on.
pub fn watch(screen: Arc<Screen>) -> Cancel {
    let watched = || {
        let cancel = Cancel::default();
        let listening = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
        if let [Ok(interrupt), Ok(terminate), Ok(hangup)] = listening {
            tokio::spawn(stop([interrupt, terminate, hangup], cancel.clone(), screen));
        }
        cancel
    };
    CANCEL.get_or_init(watched).clone()
}

/// Whether somebody asked to stop.
pub fn is_asked() -> bool {
    CANCEL.get().is_some_and(Cancel::is_asked)
}

async fn stop([mut interrupt, mut terminate, mut hangup]: [Signal; 3], cancel: Cancel, screen: Arc<Screen>) {
    let mut told = async || {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    };
    told().await;
    cancel.ask();
    screen.complain("stopping at the next safe point; once more to stop at once");
    told().await;
    screen.rest();
    screen.complain("! Parked at once: `fabrik resume` goes on");
    // Nothing is left to write: the journal already says where the run is.
    std::process::exit(i32::from(PARKED));
}
