//! A run as a program sees it: NDJSON, one event a line.
//!
//! A key is never renamed or retyped within `v`.

use std::io::Write;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use machine::cause::Cause;
use serde::Serialize;
use serde_json::{Value, json};

use crate::engine::event::{Change, Event, EventSink};
use crate::secrets::Redactor;
use crate::secrets::Secret;

/// The version of the event format.
const VERSION: u32 = 1;

/// Tells a run on the standard output, one document a line.
pub struct JsonReporter {
    redactor: Redactor,
    run: Mutex<Option<String>>,
}

impl JsonReporter {
    /// Tells, with secrets hidden by `redactor`.
    pub fn new(redactor: Redactor) -> Self {
        Self { redactor, run: Mutex::default() }
    }

    /// Tells one event with its fields; `run` is the one that was begun last.
    pub fn tell(&self, event: &str, fields: Value) {
        let run = self.run.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.tell_of(run, event, fields);
    }

    /// Tells how it ended; what comes next is about another run.
    pub fn ended(&self, run: Option<String>, fields: Value) {
        self.tell_of(run, "run.ended", fields);
        *self.run.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn tell_of(&self, run: Option<String>, event: &str, fields: Value) {
        let told = Envelope {
            v: VERSION,
            at: Timestamp::now(),
            run,
            event,
            fields: self.redactor.redact_json(fields),
        };
        let line = serde_json::to_string(&told).expect("keys are texts and numbers are finite");
        // A closed pipe is the reader's choice; the run goes on and the journal has it all.
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    }
}

/// One line.
#[derive(Serialize)]
struct Envelope<'a> {
    v: u32,
    at: Timestamp,
    run: Option<String>,
    event: &'a str,
    #[serde(flatten)]
    fields: Value,
}

impl EventSink for JsonReporter {
    fn hide(&self, secret: &Secret) {
        self.redactor.learn(secret);
    }

    fn emit(&self, event: &Event) {
        if let Event::Began { run, .. } = event {
            *self.run.lock().unwrap_or_else(PoisonError::into_inner) = Some(run.to_string());
        }
        let (name, fields) = told(event);
        self.tell(name, fields);
    }
}

fn told(event: &Event) -> (&'static str, Value) {
    match event {
        Event::Began { app, endpoints, run: _, resumed } => {
            ("run.began", json!({"app": app, "endpoints": endpoints, "resumed": resumed}))
        }
        Event::Entered(phase) => ("phase.entered", json!({"phase": phase.as_str()})),
        Event::Done { step, what, change: came, took } => {
            ("step.done", json!({"step": step, "what": what, "came": came_word(*came), "took_ms": ms(*took)}))
        }
        Event::Waiting { step, what } => ("step.waiting", json!({"step": step, "for": what})),
        Event::Doubted { step, saw } => ("step.doubted", json!({"step": step, "saw": saw})),
        Event::Sighted { check, ok, saw, attempt } => {
            ("check.seen", json!({"check": check, "ok": ok, "saw": saw, "attempt": attempt}))
        }
        Event::TurnedBack(cause) => ("run.turned-back", json!({"cause": cause_fields(cause)})),
        Event::Blocked { what, reason } => ("undo.blocked", json!({"what": what, "reason": reason})),
        Event::Warned(text) => ("warning", json!({"text": text})),
        Event::Proven { checks, proof, took } => {
            let checks: Vec<Value> =
                checks.iter().map(|(check, saw)| json!({"check": check, "saw": saw})).collect();
            ("run.proven", json!({"checks": checks, "proof": proof.as_str(), "took_ms": ms(*took)}))
        }
    }
}

/// A cause, for programs.
pub(crate) fn cause_fields(cause: &Cause) -> Value {
    json!({"kind": cause.kind, "message": cause.message, "hint": cause.hint, "evidence": cause.evidence})
}

fn ms(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn came_word(came: Change) -> &'static str {
    match came {
        Change::Created => "created",
        Change::Updated => "updated",
        Change::Found => "found",
        Change::Checked => "checked",
        Change::Removed => "removed",
        Change::Restored => "restored",
        Change::Kept => "kept",
    }
}
