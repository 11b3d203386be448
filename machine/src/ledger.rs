//! The ledger: what a run's effects add up to. What is in doubt, what is had, what still stands.

use crate::effect::{Attempt, By, Effect, Intended, Kind, Verdict};
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

/// What the effects written so far add up to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ledger {
    doubts: Vec<Intended>,
    receipts: Vec<Receipt>,
    attempts: Vec<Intended>,
    undoing: Vec<(Step, String, Attempt)>,
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

    /// The newest attempt at `thing` itself, its variables, its start or its proxy.
    pub fn newest_attempt_on(&self, thing: Step) -> Option<&Intended> {
        self.attempts.iter().rev().find(|attempt| attempt.step.thing() == thing)
    }

    /// The newest attempt at undoing `thing`.
    pub fn newest_undo(&self, thing: Step) -> Option<&Attempt> {
        self.undoing.iter().rev().find(|(step, ..)| *step == thing).map(|(.., attempt)| attempt)
    }

    /// All attempts, forward and back.
    pub fn all_attempts(&self) -> impl Iterator<Item = &Attempt> {
        let forward = self.attempts.iter().map(|intended| &intended.attempt);
        forward.chain(self.undoing.iter().map(|(.., attempt)| attempt))
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
        match effect.clone() {
            Effect::Intended(wanted) => {
                self.attempts.push(wanted.clone());
                self.doubts.push(wanted);
            }
            Effect::Settled { step, verdict, .. } => {
                self.doubts.retain(|doubt| doubt.step != step);
                if let Verdict::Have(receipt) = verdict {
                    self.take(receipt);
                }
            }
            Effect::Surplus { receipt } => self.receipts.push(receipt),
            Effect::UndoIntended { thing, id, attempt, .. } => self.undoing.push((thing, id, attempt)),
            Effect::Undone { thing, id } | Effect::Kept { thing, id, .. } => self.gone.push((thing, id)),
            Effect::UndoBlocked { thing, id, reason } => self.blocked.push((thing, id, reason)),
            Effect::Abandoned { thing, reason } => self.abandoned.push((thing, reason)),
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
