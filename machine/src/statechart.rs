//! Which external event leads where: one hierarchical statechart of all phases.
//!
//! Each phase first, then its superstate (*forward*, *unwinding*, *resting*), else the event is refused. The
//! chart changes nothing: it says what may happen, `status` shows that, and the tests hold it against the
//! moves and against the table below, which is kept by hand.
//!
#![doc = include_str!("statechart.md")]

use serde::Deserialize;
use serde::de::value::MapDeserializer;
use statig::Outcome;
use statig::blocking::{self, IntoStateMachine, StateMachine};

use crate::phase::PhaseKind;

/// Something that happens to a run from outside its own work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExternalEvent {
    /// The phase's own work is done.
    Advance,
    /// The work cannot be done; what was made is to be undone.
    Fail,
    /// The work cannot be done; what was made is to be left standing.
    FailStanding,
    /// The work cannot be done; what was made waits for a person.
    FailParked,
    /// Preflight says no.
    Refuse,
    /// A person asks for the run to go on.
    Resume,
    /// A person asks for the run to be undone.
    RollBack,
    /// A person gives up on undoing one resource.
    Abandon,
    /// A person asks again for the app to be destroyed.
    Destroy,
    /// A person interrupts.
    Cancel,
    /// Another runner holds the app.
    LeaseLost,
    /// A vendor no longer accepts the token.
    TokenRefused,
    /// The process is told to end.
    Shutdown,
    /// An API, or the journal, cannot be used now.
    Unavailable,
}

impl ExternalEvent {
    /// All events.
    pub const ALL: [Self; 14] = [
        Self::Advance,
        Self::Fail,
        Self::FailStanding,
        Self::FailParked,
        Self::Refuse,
        Self::Resume,
        Self::RollBack,
        Self::Abandon,
        Self::Destroy,
        Self::Cancel,
        Self::LeaseLost,
        Self::TokenRefused,
        Self::Shutdown,
        Self::Unavailable,
    ];

    /// Its word in documents for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Advance => "advance",
            Self::Fail => "fail",
            Self::FailStanding => "fail-standing",
            Self::FailParked => "fail-parked",
            Self::Refuse => "refuse",
            Self::Resume => "resume",
            Self::RollBack => "roll-back",
            Self::Abandon => "abandon",
            Self::Destroy => "destroy",
            Self::Cancel => "cancel",
            Self::LeaseLost => "lease-lost",
            Self::TokenRefused => "token-refused",
            Self::Shutdown => "shutdown",
            Self::Unavailable => "unavailable",
        }
    }
}

/// What an event leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// The run moves to that phase.
    To(PhaseKind),
    /// The run stops where it is, and can be resumed.
    Park,
    /// The run stays where it is and takes note.
    Note,
    /// The event has no place here.
    Refused,
}

/// What `event` leads to in `phase`.
///
/// # Panics
/// Never: every phase name starts a chart.
pub fn transition(phase: PhaseKind, event: ExternalEvent) -> Transition {
    let mut chart = at(phase);
    let mut transition = Transition::Refused;
    chart.handle_with_context(&event, &mut transition);
    transition
}

/// What may happen next in `phase`.
pub fn allowed_events(phase: PhaseKind) -> Vec<ExternalEvent> {
    ExternalEvent::ALL.into_iter().filter(|event| transition(phase, *event) != Transition::Refused).collect()
}

// statig starts a machine at a stored state only through serde (0.4.1), so both halves are read from names.
fn at(phase: PhaseKind) -> StateMachine<Statechart> {
    let stored = [("shared_storage", "Rules"), ("state", phase.as_str())];
    let stored: MapDeserializer<'_, _, serde::de::value::Error> = MapDeserializer::new(stored.into_iter());
    StateMachine::deserialize(stored).expect("every phase name names a state of the chart")
}

#[derive(Debug, Clone, Deserialize)]
enum Statechart {
    Rules,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
struct State(PhaseKind);

impl IntoStateMachine for Statechart {
    type Event<'evt> = ExternalEvent;
    type Context<'ctx> = Transition;
    type Superstate<'sub> = Superstate;
    type State = State;

    fn initial() -> State {
        State(PhaseKind::Pending)
    }
}

// statig's `handle` returns nothing, so the transition travels in the context.
fn goes(transition: &mut Transition, phase: PhaseKind) -> Outcome<State> {
    *transition = Transition::To(phase);
    Outcome::Transition(State(phase))
}

fn stays(transition: &mut Transition, result: Transition) -> Outcome<State> {
    *transition = result;
    Outcome::Handled
}

impl blocking::State<Statechart> for State {
    fn call_handler(
        &mut self,
        _: &mut Statechart,
        event: &ExternalEvent,
        transition: &mut Transition,
    ) -> Outcome<State> {
        match (self.0, event) {
            (PhaseKind::Pending, ExternalEvent::Advance) => goes(transition, PhaseKind::Validating),
            (PhaseKind::Validating, ExternalEvent::Advance) => goes(transition, PhaseKind::Provisioning),
            (PhaseKind::Provisioning, ExternalEvent::Advance) => goes(transition, PhaseKind::Deploying),
            (PhaseKind::Deploying, ExternalEvent::Advance) => goes(transition, PhaseKind::Verifying),
            (PhaseKind::Verifying, ExternalEvent::Advance) => goes(transition, PhaseKind::Complete),
            (PhaseKind::Surveying, ExternalEvent::Advance)
            | (PhaseKind::DestroyFailed, ExternalEvent::Destroy) => goes(transition, PhaseKind::Destroying),
            (PhaseKind::Destroying, ExternalEvent::Advance) => goes(transition, PhaseKind::Destroyed),
            (PhaseKind::Destroying, ExternalEvent::Fail) => goes(transition, PhaseKind::DestroyFailed),
            (
                PhaseKind::Pending | PhaseKind::Validating | PhaseKind::Surveying,
                ExternalEvent::Refuse
                | ExternalEvent::Fail
                | ExternalEvent::FailStanding
                | ExternalEvent::FailParked
                | ExternalEvent::RollBack,
            )
            | (PhaseKind::RollingBack, ExternalEvent::Advance) => goes(transition, PhaseKind::RolledBack),
            (PhaseKind::RollingBack, ExternalEvent::Fail) => goes(transition, PhaseKind::Failed),
            (PhaseKind::Complete | PhaseKind::Failed, ExternalEvent::RollBack) => {
                goes(transition, PhaseKind::RollingBack)
            }
            (PhaseKind::RollingBack, ExternalEvent::RollBack)
            | (PhaseKind::Surveying | PhaseKind::Destroying, ExternalEvent::Destroy)
            | (PhaseKind::Failed | PhaseKind::DestroyFailed, ExternalEvent::Abandon) => {
                stays(transition, Transition::Note)
            }
            _ => Outcome::Super,
        }
    }

    fn superstate(&mut self) -> Option<Superstate> {
        Some(match self.0 {
            PhaseKind::Pending
            | PhaseKind::Validating
            | PhaseKind::Provisioning
            | PhaseKind::Deploying
            | PhaseKind::Verifying => Superstate::Forward,
            PhaseKind::RollingBack | PhaseKind::Surveying | PhaseKind::Destroying => Superstate::Unwinding,
            PhaseKind::Complete
            | PhaseKind::RolledBack
            | PhaseKind::Failed
            | PhaseKind::Destroyed
            | PhaseKind::DestroyFailed => Superstate::Resting,
        })
    }
}

enum Superstate {
    Forward,
    Unwinding,
    Resting,
}

impl blocking::Superstate<Statechart> for Superstate {
    fn call_handler(
        &mut self,
        _: &mut Statechart,
        event: &ExternalEvent,
        transition: &mut Transition,
    ) -> Outcome<State> {
        match (self, event) {
            (Self::Forward, ExternalEvent::Fail | ExternalEvent::RollBack) => {
                goes(transition, PhaseKind::RollingBack)
            }
            (Self::Forward | Self::Unwinding, ExternalEvent::Resume) => stays(transition, Transition::Note),
            (Self::Forward, ExternalEvent::FailStanding) => goes(transition, PhaseKind::Failed),
            (
                Self::Forward | Self::Unwinding,
                ExternalEvent::Cancel
                | ExternalEvent::LeaseLost
                | ExternalEvent::TokenRefused
                | ExternalEvent::Shutdown
                | ExternalEvent::Unavailable,
            )
            | (Self::Forward, ExternalEvent::FailParked) => stays(transition, Transition::Park),
            (Self::Resting | Self::Unwinding | Self::Forward, _) => Outcome::Super,
        }
    }
}
