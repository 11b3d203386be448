//! A run as a person sees it: a line a step.

use std::sync::{Arc, Mutex, PoisonError};

use machine::cause::{Cause, CauseKind};
use machine::phase::PhaseKind;

use super::screen::{BAD, BOLD, DIM, GOOD, ODD, Watched, in_style};
use super::{Screen, format};
use crate::engine::event::{Change, Event, EventSink};
use crate::secrets::Secret;

/// Where the columns stand: after the step's name, after what is there, after how it came about.
const STEP: usize = 13;
const WHAT: usize = 46;
const CAME: usize = 9;
const HEADER: usize = 70;

/// Tells a run line by line.
pub struct TextReporter {
    screen: Arc<Screen>,
    redactor: crate::secrets::Redactor,
    told: Mutex<Told>,
}

/// What was told, and what is still to be.
#[derive(Default)]
struct Told {
    /// Lines to be put below the header: step and text.
    preface: Vec<(&'static str, String)>,
    /// What was last seen or waited for, so as not to say it twice.
    last: String,
}

impl TextReporter {
    /// Tells on `screen`; secrets that turn up are taught to `redactor`.
    pub fn new(screen: Arc<Screen>, redactor: crate::secrets::Redactor) -> Self {
        Self { screen, redactor, told: Mutex::default() }
    }

    /// Steps that were taken before a run begins, to be told below its header.
    pub fn preface(&self, steps: Vec<(&'static str, String)>) {
        self.told().preface = steps;
    }

    fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn began(&self, head: &str, run: &str, resumed: bool) {
        let again = if resumed { "resumed " } else { "" };
        let tail = in_style(DIM, &format!("{again}run {run}"));
        self.screen.line(&format!("{} {tail}", padded(&in_style(BOLD, head), head, HEADER)));
        for (step, text) in std::mem::take(&mut self.told().preface) {
            self.screen.line(&good(step, &text));
        }
    }

    // On a terminal the moving line tells; elsewhere a plain one does, once.
    fn waits(&self, step: &str, what: &str) {
        self.screen.wait(&format!("{step:<STEP$} {what}"));
        let mut told = self.told();
        if self.screen.watched() == Watched::Plain && told.last != what {
            what.clone_into(&mut told.last);
            self.screen.line(&in_style(DIM, &format!("  … {step:<STEP$} {what}")));
        }
    }

    fn turned_back(&self, cause: &Cause) {
        // What a person asked for is no failure.
        if cause.kind == CauseKind::Asked {
            return self.screen.line("  undoing, newest first:");
        }
        for line in cause_lines(cause) {
            self.screen.line(&line);
        }
        self.screen.line("  undoing what this run made:");
    }
}

impl EventSink for TextReporter {
    fn hide(&self, secret: &Secret) {
        self.redactor.learn(secret);
    }

    fn emit(&self, event: &Event) {
        match event {
            Event::Began { app, endpoints, run, resumed } => {
                self.began(&format!("{app} → {}", format::places(endpoints)), run.short(), *resumed);
            }
            Event::Entered(phase) => self.screen.wait(doing(*phase)),
            Event::Done { step, what, change: came, took } => {
                let column = WHAT.max(what.chars().count());
                let took = format::took(*took);
                let came = came_word(*came);
                self.screen.line(&good(step, &format!("{what:<column$} {came:<CAME$} {took:>6}")));
            }
            Event::Waiting { step, what } => self.waits(step, what),
            Event::Doubted { step, saw } => {
                let text = format!("  ? {step:<STEP$} no clear answer ({saw}): finding out what came of it");
                self.screen.line(&in_style(ODD, &text));
            }
            Event::Sighted { check, ok: false, saw, .. } => self.waits("verify", &format!("{check}: {saw}")),
            Event::Sighted { check, saw, .. } => {
                self.screen.wait(&format!("{:<STEP$} {check}: {saw}", "verify"));
            }
            Event::TurnedBack(cause) => self.turned_back(cause),
            Event::Blocked { what, reason } => {
                self.screen.line(&in_style(BAD, &format!("  ✗ {what}: {reason}")));
            }
            Event::Warned(text) => self.screen.line(&in_style(ODD, &format!("  ! {text}"))),
            Event::Proven { checks, took, .. } => {
                for line in rounds(checks, &format::took(*took)) {
                    self.screen.line(&good("verify", &line));
                }
            }
        }
    }
}

/// Why a run turned back, with everything that was seen.
pub(crate) fn cause_lines(cause: &Cause) -> Vec<String> {
    let mut lines = vec![in_style(BAD, &format!("✗ {}", cause.message))];
    for seen in cause.evidence.iter().flat_map(|seen| seen.lines()) {
        lines.push(in_style(DIM, &format!("    {seen}")));
    }
    if !cause.hint.is_empty() {
        lines.push(format!("  hint: {}", cause.hint));
    }
    lines
}

fn good(step: &str, text: &str) -> String {
    format!("  {} {step:<STEP$} {text}", in_style(GOOD, "✓")).trim_end().to_owned()
}

/// A styled text, padded by what is seen of it.
fn padded(styled: &str, plain: &str, width: usize) -> String {
    let missing = width.saturating_sub(plain.chars().count());
    format!("{styled}{}", " ".repeat(missing))
}

/// One line for each domain, and one more for each that was looked at behind the proxy too; the last says how long
/// all of it took.
fn rounds(checks: &[(String, String)], took: &str) -> Vec<String> {
    let mut rounds: Vec<(String, Vec<String>)> = Vec::new();
    for (check, saw) in checks {
        let (whose, check) = whose(check);
        match rounds.last_mut().filter(|(last, _)| *last == whose) {
            Some((_, told)) => told.push(proven(check, saw)),
            None => rounds.push((whose, vec![proven(check, saw)])),
        }
    }
    if let Some((_, told)) = rounds.last_mut() {
        told.push(took.to_owned());
    }
    let line = |(whose, told): (String, Vec<String>)| format!("{whose}{}", told.join("  "));
    rounds.into_iter().map(line).collect()
}

/// Whose check it is, where there are several, and the check itself.
fn whose(check: &str) -> (String, &str) {
    let (check, proxied) = check.strip_suffix(" (proxied)").map_or((check, ""), |check| (check, "proxied: "));
    match check.rsplit_once(' ') {
        Some((domain, check)) => (format!("{domain} {proxied}"), check),
        None => (proxied.to_owned(), check),
    }
}

// The name servers' own words are for the journal; here it is enough that they agree.
fn proven(check: &str, saw: &str) -> String {
    match check {
        "dns" if saw.starts_with("skipped") => format!("dns {saw}"),
        "dns" => "dns ✓".to_owned(),
        "tls" => format!("tls ✓ {}", saw.split(',').next().unwrap_or(saw)),
        _ => saw.to_owned(),
    }
}

fn came_word(came: Change) -> &'static str {
    match came {
        Change::Created => "created",
        Change::Updated => "updated",
        Change::Found => "as wanted",
        Change::Checked => "",
        Change::Removed => "removed",
        Change::Restored => "restored",
        Change::Kept => "kept",
    }
}

fn doing(phase: PhaseKind) -> &'static str {
    match phase {
        PhaseKind::Pending => "taking the app",
        PhaseKind::Validating => "looking at Cloudflare and Coolify",
        PhaseKind::Provisioning => "dns",
        PhaseKind::Deploying => "coolify",
        PhaseKind::Verifying => "verify",
        PhaseKind::RollingBack => "undoing",
        PhaseKind::Surveying => "listing what stands",
        PhaseKind::Destroying => "destroying",
        PhaseKind::Complete
        | PhaseKind::RolledBack
        | PhaseKind::Failed
        | PhaseKind::Destroyed
        | PhaseKind::DestroyFailed => "",
    }
}
