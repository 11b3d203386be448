//! The ledger: what a run's effects add up to. What is in doubt, what is had, what still stands.

use crate::effect::{Attempt, By, Effect, Intended, Kind, Redacted, Verdict};
use crate::receipt::{Fields, How, Receipt};
use crate::step::Step;

/// Why an effect cannot follow what is already written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{effect}` of step `{step}` cannot follow: {reason}")]
pub struct Illegal {
    /// What was to be written.
    pub effect: &'static str,
    /// About which step.
    pub step: Step,
    /// Why not.
    pub reason: &'static str,
}

/// What became of a thing's undoing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undo {
    /// It stands.
    Standing,
    /// It stands, and undoing it did not work.
    Blocked(String),
}

/// A thing that this run made or changed, and that still stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What it is, and how it came about.
    pub receipt: Receipt,
    /// What became of its undoing so far.
    pub undo: Undo,
}

/// An attempt that got no clear answer of its own, and so may take effect until its settle window is over.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Unanswered {
    step: Step,
    attempt: Attempt,
}

/// What the effects written so far add up to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ledger {
    doubts: Vec<Intended>,
    receipts: Vec<Receipt>,
    attempts: Vec<Intended>,
    unanswered: Vec<Unanswered>,
    undoing: Option<Unanswered>,
    undo_requests: Vec<Redacted>,
    blocked: Vec<(Step, String, String)>,
    gone: Vec<(Step, String)>,
    abandoned: Vec<(Step, String)>,
}

impl Ledger {
    /// Attempts whose effect is not known.
    pub fn doubts(&self) -> &[Intended] {
        &self.doubts
    }

    /// All receipts, oldest first, surplus objects included.
    pub fn receipts(&self) -> &[Receipt] {
        &self.receipts
    }

    /// The receipt that counts for `step`: the first one taken. What an earlier run left behind counts for none.
    pub fn receipt(&self, step: Step) -> Option<&Receipt> {
        self.receipts.iter().find(|receipt| receipt.step == step && receipt.how != How::Late)
    }

    /// The newest attempt at `step`, whatever came of it.
    pub fn newest_attempt(&self, step: Step) -> Option<&Intended> {
        self.attempts.iter().rev().find(|attempt| attempt.step == step)
    }

    /// The first attempt at `step`.
    pub fn first_attempt(&self, step: Step) -> Option<&Intended> {
        self.attempts.iter().find(|attempt| attempt.step == step)
    }

    /// The attempts, forward and back, that got no clear answer: each may take effect until its settle window is over.
    pub fn unanswered(&self) -> impl Iterator<Item = &Attempt> {
        self.unclear().map(|unclear| &unclear.attempt)
    }

    /// Those of them at `thing` itself, its parts, its volumes, its variables, its start or its proxy.
    pub fn unanswered_on(&self, thing: Step) -> impl Iterator<Item = &Attempt> {
        self.unclear().filter(move |unclear| unclear.step.thing() == thing).map(|unclear| &unclear.attempt)
    }

    /// Those of them at `step` alone.
    pub fn unanswered_at(&self, step: Step) -> impl Iterator<Item = &Attempt> {
        self.unclear().filter(move |unclear| unclear.step == step).map(|unclear| &unclear.attempt)
    }

    fn unclear(&self) -> impl Iterator<Item = &Unanswered> {
        self.unanswered.iter().chain(&self.undoing)
    }

    /// Whether `request` was ever about to be sent to undo something.
    pub fn has_undone_by(&self, request: &Redacted) -> bool {
        self.undo_requests.contains(request)
    }

    /// Whether a person gave up on `thing`.
    pub fn is_abandoned(&self, thing: Step) -> bool {
        self.abandoned.iter().any(|(step, _)| *step == thing)
    }

    /// What this run made or changed and has not undone, newest first; one entry a thing and id.
    ///
    /// An app that was made is one thing with its variables and its start. An app that was found or changed
    /// stands as *changed* as soon as any of the three was changed.
    pub fn standing(&self) -> Vec<Standing> {
        let mut standing: Vec<Standing> = Vec::new();
        for receipt in self.receipts.iter().filter(|receipt| receipt.is_ours_to_undo()) {
            let (thing, id) = (receipt.step.thing(), &receipt.id);
            let known = standing.iter().any(|s| s.receipt.step == thing && s.receipt.id == *id);
            if known || self.is_gone(thing, id) || self.is_abandoned(thing) {
                continue;
            }
            let how = self.whole(thing, id, as_the_thing_goes(receipt));
            let fields = self.fields_of(thing, id);
            let receipt = Receipt { step: thing, how, fields, ..receipt.clone() };
            standing.push(Standing { undo: self.undo_of(thing, id), receipt });
        }
        standing.reverse();
        standing
    }

    // A thing may be changed in several steps (a record, then its proxy): it is now as the last left it, and was
    // before as the first found it.
    fn fields_of(&self, thing: Step, id: &str) -> Fields {
        self.on(thing, id).flat_map(|receipt| receipt.fields.clone()).collect()
    }

    fn whole(&self, thing: Step, id: &str, how: How) -> How {
        let How::Changed { before } = how else { return how };
        let mut whole = Fields::new();
        for receipt in self.on(thing, id) {
            let How::Changed { before } = &receipt.how else { continue };
            for (name, was) in before {
                whole.entry(name.clone()).or_insert_with(|| was.clone());
            }
        }
        How::Changed { before: if whole.is_empty() { before } else { whole } }
    }

    fn on<'a>(&'a self, thing: Step, id: &'a str) -> impl Iterator<Item = &'a Receipt> {
        let about = move |receipt: &&Receipt| receipt.step.thing() == thing && receipt.id == id;
        self.receipts.iter().filter(about).filter(|receipt| receipt.step.sets_fields())
    }

    fn is_gone(&self, thing: Step, id: &str) -> bool {
        self.gone.iter().any(|(step, gone)| *step == thing && gone == id)
    }

    fn undo_of(&self, thing: Step, id: &str) -> Undo {
        let blocked = self.blocked.iter().rev().find(|(step, of, _)| *step == thing && of == id);
        blocked.map_or(Undo::Standing, |(.., reason)| Undo::Blocked(reason.clone()))
    }

    /// Whether `effect` may follow what is written.
    ///
    /// # Errors
    /// [`Illegal`] when it would settle what was never intended, want twice at once, or undo what does not stand.
    pub fn check(&self, effect: &Effect) -> Result<(), Illegal> {
        let no = |reason| Err(Illegal { effect: effect.name(), step: effect.step(), reason });
        match effect {
            Effect::Intended(wanted) if self.in_doubt(wanted.step) && wanted.kind == Kind::Create => {
                no("an earlier attempt is still in doubt")
            }
            Effect::Intended(wanted) if self.receipt(wanted.step).is_some_and(|r| r.how == How::Made) => {
                no("it is made already")
            }
            Effect::Settled { step, by, .. } if *by != By::Look && !self.in_doubt(*step) => {
                no("nothing was intended")
            }
            Effect::Settled { step, by: By::Look, .. } if self.in_doubt(*step) => {
                no("an attempt is in doubt, so a look does not settle it")
            }
            Effect::Settled { step, by: By::Look, verdict: Verdict::Have(receipt) }
                if receipt.is_ours_to_undo() =>
            {
                no("what was only looked at was neither made nor changed")
            }
            Effect::Settled { step, verdict: Verdict::Have(receipt), .. } if receipt.step != *step => {
                no("the receipt is for another step")
            }
            Effect::Surplus { receipt }
                if receipt.how != How::Late && self.newest_attempt(receipt.step).is_none() =>
            {
                no("nothing was ever intended")
            }
            Effect::UndoIntended { thing, id, .. }
            | Effect::UndoDoubted { thing, id }
            | Effect::Undone { thing, id }
            | Effect::UndoBlocked { thing, id, .. }
            | Effect::Kept { thing, id, .. }
                if !self.stands(*thing, id) =>
            {
                no("nothing of ours stands there")
            }
            Effect::Abandoned { thing, .. } if self.standing().iter().all(|s| s.receipt.step != *thing) => {
                no("nothing of ours stands there")
            }
            Effect::Intended(_)
            | Effect::Settled { .. }
            | Effect::Surplus { .. }
            | Effect::UndoIntended { .. }
            | Effect::UndoDoubted { .. }
            | Effect::Undone { .. }
            | Effect::UndoBlocked { .. }
            | Effect::Kept { .. }
            | Effect::Abandoned { .. } => Ok(()),
        }
    }

    fn in_doubt(&self, step: Step) -> bool {
        self.doubts.iter().any(|doubt| doubt.step == step)
    }

    fn stands(&self, thing: Step, id: &str) -> bool {
        self.standing().iter().any(|s| s.receipt.step == thing && s.receipt.id == id)
    }

    /// Takes over what earlier runs of the app made or found.
    pub(crate) fn inherit(&mut self, things: Vec<Receipt>) {
        self.receipts.extend(things);
    }

    /// Adds an effect that [`check`](Self::check) let through.
    pub(crate) fn apply(&mut self, effect: &Effect) {
        // A process writes on only once its last undoing write was answered, and says so where the answer was unclear.
        let undoing = self.undoing.take();
        match effect.clone() {
            Effect::Intended(wanted) => {
                self.unanswered.push(Unanswered { step: wanted.step, attempt: wanted.attempt.clone() });
                self.attempts.push(wanted.clone());
                self.doubts.push(wanted);
            }
            Effect::Settled { step, by, verdict } => self.settle(step, by, verdict),
            Effect::Surplus { receipt } => self.receipts.push(receipt),
            Effect::UndoIntended { thing, attempt, request, .. } => {
                if !self.has_undone_by(&request) {
                    self.undo_requests.push(request);
                }
                self.undoing = Some(Unanswered { step: thing, attempt });
            }
            Effect::UndoDoubted { .. } => self.unanswered.extend(undoing),
            Effect::Undone { thing, id } => {
                self.gone.push((thing, id));
                self.forget_what_cannot_land(thing);
            }
            Effect::Kept { thing, id, .. } => self.gone.push((thing, id)),
            Effect::UndoBlocked { thing, id, reason } => self.blocked.push((thing, id, reason)),
            Effect::Abandoned { thing, reason } => self.abandoned.push((thing, reason)),
        }
    }

    /// Notes that the process stopped of its own accord: whatever it sent last to undo something was answered.
    pub(crate) fn parked(&mut self) {
        self.undoing = None;
    }

    /// Notes that another process goes on: whether what the one before sent last was answered is not known.
    pub(crate) fn resumed(&mut self) {
        self.unanswered.extend(self.undoing.take());
    }

    // Its own answer says what came of the newest attempt at the step alone; an answer that nothing came of it leaves
    // the ones before it in doubt.
    fn settle(&mut self, step: Step, by: By, verdict: Verdict) {
        if by == By::Answer
            && let Some(newest) = self.unanswered.iter().rposition(|unclear| unclear.step == step)
        {
            self.unanswered.remove(newest);
        }
        match (by, self.doubts.iter().rposition(|doubt| doubt.step == step)) {
            (By::Answer, Some(newest)) if verdict == Verdict::Absent => drop(self.doubts.remove(newest)),
            _ => self.doubts.retain(|doubt| doubt.step != step),
        }
        if let Verdict::Have(receipt) = verdict {
            // No late request finds what is gone.
            if matches!(receipt.how, How::Dropped { .. }) {
                self.unanswered.retain(|unclear| unclear.step != step);
            }
            self.take(receipt);
        }
    }

    // What was made and is gone has an id that no later request finds.
    fn forget_what_cannot_land(&mut self, thing: Step) {
        let here = |receipt: &&Receipt| receipt.step.thing() == thing;
        let only_made = self.receipts.iter().filter(here).all(|receipt| match receipt.how {
            How::Made | How::Late => true,
            How::Changed { .. } => receipt.step.thing() != receipt.step,
            How::Found | How::Dropped { .. } => false,
        });
        let made = self.receipts.iter().filter(here).any(|receipt| receipt.how == How::Made);
        if made && only_made && self.standing().iter().all(|standing| standing.receipt.step != thing) {
            self.unanswered.retain(|unclear| unclear.step.thing() != thing);
        }
    }

    // A step may be changed more than once (a resumed run sends it again): what was there before the first
    // change is what undoing goes back to.
    fn take(&mut self, receipt: Receipt) {
        let earlier = self.receipts.iter_mut().find(|old| old.step == receipt.step && old.id == receipt.id);
        match earlier {
            Some(old) => {
                old.fields = receipt.fields;
                if old.how == How::Found {
                    old.how = receipt.how;
                }
            }
            None => self.receipts.push(receipt),
        }
    }
}

// What was done to a thing never makes it ours to delete: a new variable on an app that was found is a change of
// that app.
fn as_the_thing_goes(receipt: &Receipt) -> How {
    let works_on_another = receipt.step.thing() != receipt.step;
    match &receipt.how {
        How::Made if works_on_another => How::Changed { before: Fields::new() },
        how => how.clone(),
    }
}
