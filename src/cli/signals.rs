//! Ctrl-C and SIGTERM: the first stops at the next safe point, the second at once.

use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::report::Screen;
use crate::report::exit::PARKED;
use crate::runner::work::Cancel;

/// Watches for signals from now on.
pub fn watch(screen: Arc<Screen>) -> Cancel {
    let cancel = Cancel::default();
    let listening = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    if let (Ok(interrupt), Ok(terminate)) = listening {
        tokio::spawn(stop(interrupt, terminate, cancel.clone(), screen));
    }
    cancel
}

async fn stop(mut interrupt: Signal, mut terminate: Signal, cancel: Cancel, screen: Arc<Screen>) {
    let mut told = async || {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
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
