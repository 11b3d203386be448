//! The ledger: what a run's effects add up to. What is in doubt, what is had, what still stands.

use crate::effect::{
    Attempt, Effect, EffectOutcome, Intended, RedactedRequest, RequestSemantics, ResolvedBy,
};
use crate::receipt::{Attributes, Origin, Receipt, ResourceState};
use crate::step::Step;

/// Why an effect cannot follow what is already written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{effect}` of step `{step}` cannot follow: {reason}")]
pub struct IllegalEffect {
    /// What was to be written.
    pub effect: &'static str,
    /// About which step.
    pub step: Step,
    /// Why not.
    pub reason: &'static str,
}

/// What became of a resource's undoing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UndoStatus {
    /// It stands.
    Open,
    /// It stands, and undoing it did not work.
    Blocked(String),
}

/// A resource that this run made or changed, and that still stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outstanding {
    /// What it is, and how it came about.
    pub receipt: Receipt,
    /// What became of its undoing so far.
    pub undo: UndoStatus,
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
    undo_requests: Vec<RedactedRequest>,
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
        self.receipts.iter().find(|receipt| receipt.step == step && receipt.origin != Origin::Orphaned)
    }

    /// The receipt of the resource with this id.
    pub fn receipt_of(&self, step: Step, id: &str) -> Option<&Receipt> {
        self.receipts.iter().find(|receipt| receipt.step == step && receipt.id == id)
    }

    /// The newest attempt at `step`, whatever came of it.
    pub fn newest_attempt(&self, step: Step) -> Option<&Intended> {
        self.attempts.iter().rev().find(|attempt| attempt.step == step)
    }

    pub fn first_attempt(&self, step: Step) -> Option<&Intended> {
        self.attempts.iter().find(|attempt| attempt.step == step)
    }

    /// The attempts, forward and back, that got no clear answer: each may take effect until its settle window is over.
    pub fn unanswered(&self) -> impl Iterator<Item = &Attempt> {
        self.unclear().map(|unclear| &unclear.attempt)
    }

    /// Those of them at `resource` itself, its parts, its volumes, its variables, its start or its proxy.
    pub fn unanswered_on(&self, resource: Step) -> impl Iterator<Item = &Attempt> {
        self.unclear()
            .filter(move |unclear| unclear.step.resource() == resource)
            .map(|unclear| &unclear.attempt)
    }

    /// Those of them at `step` alone.
    pub fn unanswered_at(&self, step: Step) -> impl Iterator<Item = &Attempt> {
        self.unclear().filter(move |unclear| unclear.step == step).map(|unclear| &unclear.attempt)
    }

    fn unclear(&self) -> impl Iterator<Item = &Unanswered> {
        self.unanswered.iter().chain(&self.undoing)
    }

    /// Whether `request` was ever about to be sent to undo something.
    pub fn has_undone_by(&self, request: &RedactedRequest) -> bool {
        self.undo_requests.contains(request)
    }

    /// Whether a person gave up on `resource`.
    pub fn is_abandoned(&self, resource: Step) -> bool {
        self.abandoned.iter().any(|(step, _)| *step == resource)
    }

    /// What this run made or changed and has not undone, newest first; one entry a resource and id.
    ///
    /// An app that was made is one resource with its variables and its start. An app that was found or changed
    /// stands as *changed* as soon as any of the three was changed.
    pub fn standing(&self) -> Vec<Outstanding> {
        let mut standing: Vec<Outstanding> = Vec::new();
        for receipt in self.receipts.iter().filter(|receipt| receipt.is_ours_to_undo()) {
            let (resource, id) = (receipt.step.resource(), &receipt.id);
            let known = standing.iter().any(|s| s.receipt.step == resource && s.receipt.id == *id);
            if known || self.is_gone(resource, id) || self.is_abandoned(resource) {
                continue;
            }
            let origin = self.whole(resource, id, as_the_thing_goes(receipt));
            let attributes = self.attributes_of(resource, id);
            let state = ResourceState { step: resource, origin, attributes, ..receipt.to_state() };
            let receipt = Receipt::of_recorded(state);
            standing.push(Outstanding { undo: self.undo_of(resource, id), receipt });
        }
        standing.reverse();
        standing
    }

    // A resource may be changed in several steps (a record, then its proxy): it is now as the last left it, and was
    // before as the first found it.
    fn attributes_of(&self, resource: Step, id: &str) -> Attributes {
        self.on(resource, id).flat_map(|receipt| receipt.attributes.clone()).collect()
    }

    fn whole(&self, resource: Step, id: &str, origin: Origin) -> Origin {
        let Origin::Updated { before } = origin else { return origin };
        let mut whole = Attributes::new();
        for receipt in self.on(resource, id) {
            let Origin::Updated { before } = &receipt.origin else { continue };
            for (name, was) in before {
                whole.entry(name.clone()).or_insert_with(|| was.clone());
            }
        }
        Origin::Updated { before: if whole.is_empty() { before } else { whole } }
    }

    fn on<'a>(&'a self, resource: Step, id: &'a str) -> impl Iterator<Item = &'a Receipt> {
        let about = move |receipt: &&Receipt| receipt.step.resource() == resource && receipt.id == id;
        self.receipts.iter().filter(about).filter(|receipt| receipt.step.sets_fields())
    }

    fn is_gone(&self, resource: Step, id: &str) -> bool {
        self.gone.iter().any(|(step, gone)| *step == resource && gone == id)
    }

    fn undo_of(&self, resource: Step, id: &str) -> UndoStatus {
        let blocked = self.blocked.iter().rev().find(|(step, of, _)| *step == resource && of == id);
        blocked.map_or(UndoStatus::Open, |(.., reason)| UndoStatus::Blocked(reason.clone()))
    }

    /// Whether `effect` may follow what is written.
    ///
    /// # Errors
    /// [`IllegalEffect`] when it would settle what was never intended, want twice at once, or undo what does not stand.
    pub fn check(&self, effect: &Effect) -> Result<(), IllegalEffect> {
        let no = |reason| Err(IllegalEffect { effect: effect.name(), step: effect.step(), reason });
        match effect {
            Effect::Intended(wanted)
                if self.in_doubt(wanted.step) && wanted.semantics == RequestSemantics::NonIdempotent =>
            {
                no("an earlier attempt is still in doubt")
            }
            Effect::Intended(wanted)
                if self.receipt(wanted.step).is_some_and(|r| r.origin == Origin::Created) =>
            {
                no("it is made already")
            }
            Effect::Resolved { step, by, .. } if *by != ResolvedBy::Observation && !self.in_doubt(*step) => {
                no("nothing was intended")
            }
            Effect::Resolved { step, by: ResolvedBy::Observation, .. } if self.in_doubt(*step) => {
                no("an attempt is in doubt, so a look does not settle it")
            }
            Effect::Resolved {
                step,
                by: ResolvedBy::Observation,
                outcome: EffectOutcome::Applied(state),
            } if state.is_ours_to_undo() => no("what was only looked at was neither made nor changed"),
            Effect::Resolved { step, outcome: EffectOutcome::Applied(state), .. } if state.step != *step => {
                no("the receipt is for another step")
            }
            Effect::Duplicate { state }
                if state.origin != Origin::Orphaned && self.newest_attempt(state.step).is_none() =>
            {
                no("nothing was ever intended")
            }
            Effect::UndoIntended { resource, id, .. }
            | Effect::UndoDoubted { resource, id }
            | Effect::Undone { resource, id }
            | Effect::UndoBlocked { resource, id, .. }
            | Effect::Retained { resource, id, .. }
                if !self.stands(*resource, id) =>
            {
                no("nothing of ours stands there")
            }
            Effect::Abandoned { resource, .. }
                if self.standing().iter().all(|s| s.receipt.step != *resource) =>
            {
                no("nothing of ours stands there")
            }
            Effect::Intended(_)
            | Effect::Resolved { .. }
            | Effect::Duplicate { .. }
            | Effect::UndoIntended { .. }
            | Effect::UndoDoubted { .. }
            | Effect::Undone { .. }
            | Effect::UndoBlocked { .. }
            | Effect::Retained { .. }
            | Effect::Abandoned { .. } => Ok(()),
        }
    }

    fn in_doubt(&self, step: Step) -> bool {
        self.doubts.iter().any(|doubt| doubt.step == step)
    }

    fn stands(&self, resource: Step, id: &str) -> bool {
        self.standing().iter().any(|s| s.receipt.step == resource && s.receipt.id == id)
    }

    /// Takes over what earlier runs of the app made or found.
    pub(crate) fn inherit(&mut self, resources: Vec<ResourceState>) {
        self.receipts.extend(resources.into_iter().map(Receipt::of_recorded));
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
            Effect::Resolved { step, by, outcome } => self.settle(step, by, outcome),
            Effect::Duplicate { state } => self.receipts.push(Receipt::of_recorded(state)),
            Effect::UndoIntended { resource, attempt, request, .. } => {
                if !self.has_undone_by(&request) {
                    self.undo_requests.push(request);
                }
                self.undoing = Some(Unanswered { step: resource, attempt });
            }
            Effect::UndoDoubted { .. } => self.unanswered.extend(undoing),
            Effect::Undone { resource, id } => {
                self.gone.push((resource, id));
                self.forget_what_cannot_land(resource);
            }
            Effect::Retained { resource, id, .. } => self.gone.push((resource, id)),
            Effect::UndoBlocked { resource, id, reason } => self.blocked.push((resource, id, reason)),
            Effect::Abandoned { resource, reason } => self.abandoned.push((resource, reason)),
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
    fn settle(&mut self, step: Step, by: ResolvedBy, outcome: EffectOutcome) {
        if by == ResolvedBy::Response
            && let Some(newest) = self.unanswered.iter().rposition(|unclear| unclear.step == step)
        {
            self.unanswered.remove(newest);
        }
        match (by, self.doubts.iter().rposition(|doubt| doubt.step == step)) {
            (ResolvedBy::Response, Some(newest)) if outcome == EffectOutcome::NotApplied => {
                drop(self.doubts.remove(newest));
            }
            _ => self.doubts.retain(|doubt| doubt.step != step),
        }
        if let EffectOutcome::Applied(state) = outcome {
            // No late request finds what is gone.
            if matches!(state.origin, Origin::Deleted { .. }) {
                self.unanswered.retain(|unclear| unclear.step != step);
            }
            self.take(state);
        }
    }

    // What was made and is gone has an id that no later request finds.
    fn forget_what_cannot_land(&mut self, resource: Step) {
        let here = |receipt: &&Receipt| receipt.step.resource() == resource;
        let only_made = self.receipts.iter().filter(here).all(|receipt| match receipt.origin {
            Origin::Created | Origin::Orphaned => true,
            Origin::Updated { .. } => receipt.step.resource() != receipt.step,
            Origin::Existing | Origin::Deleted { .. } => false,
        });
        let made = self.receipts.iter().filter(here).any(|receipt| receipt.origin == Origin::Created);
        if made && only_made && self.standing().iter().all(|standing| standing.receipt.step != resource) {
            self.unanswered.retain(|unclear| unclear.step.resource() != resource);
        }
    }

    // A step may be changed more than once (a resumed run sends it again): what was there before the first
    // change is what undoing goes back to.
    fn take(&mut self, state: ResourceState) {
        let earlier = self.receipts.iter_mut().find(|old| old.step == state.step && old.id == state.id);
        match earlier.map(Receipt::state_mut) {
            Some(old) => {
                old.attributes = state.attributes;
                if old.origin == Origin::Existing {
                    old.origin = state.origin;
                }
            }
            None => self.receipts.push(Receipt::of_recorded(state)),
        }
    }
}

// What was done to a resource never makes it ours to delete: a new variable on an app that was found is a change of
// that app.
fn as_the_thing_goes(receipt: &Receipt) -> Origin {
    let works_on_another = receipt.step.resource() != receipt.step;
    match &receipt.origin {
        Origin::Created if works_on_another => Origin::Updated { before: Attributes::new() },
        origin => origin.clone(),
    }
}
