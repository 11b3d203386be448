//! The judge of outside events: one hierarchical chart of the nine phases.
//!
//! Each phase first, then its superstate (*forward*, *unwinding*, *resting*), else the event is refused. The
//! chart changes nothing: it says what may happen, `status` shows that, and the tests hold it against the
//! moves and against the table below, which is kept by hand.
//!
#![doc = include_str!("chart.md")]

use serde::Deserialize;
use serde::de::value::MapDeserializer;
use statig::Outcome;
use statig::blocking::{IntoStateMachine, State, StateMachine, Superstate};

use crate::phase::Name;

/// Something that happens to a run from outside its own work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// The phase's own work is done.
    Advance,
    /// The work cannot be done; what was made is to be undone.
    Fail,
    /// The work cannot be done; what was made is to be left standing.
    FailStanding,
    /// Preflight says no.
    Refuse,
    /// A person asks for the run to be undone.
    RollBack,
    /// A person gives up on undoing one thing.
    Abandon,
    /// All that earlier runs of the app made is to be taken down.
    Destroy,
    /// A person interrupts.
    Cancel,
    /// Another runner holds the app.
    LeaseLost,
    /// A vendor no longer accepts the token.
    TokenRefused,
    /// The process is told to end.
    Shutdown,
}

impl Event {
    /// All events.
    pub const ALL: [Self; 11] = [
        Self::Advance,
        Self::Fail,
        Self::FailStanding,
        Self::Refuse,
        Self::RollBack,
        Self::Abandon,
        Self::Destroy,
        Self::Cancel,
        Self::LeaseLost,
        Self::TokenRefused,
        Self::Shutdown,
    ];
}

/// What an event leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The run moves to that phase.
    To(Name),
    /// The run stops where it is, to be taken up again.
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
pub fn judge(phase: Name, event: Event) -> Verdict {
    let mut chart = at(phase);
    let mut verdict = Verdict::Refused;
    chart.handle_with_context(&event, &mut verdict);
    verdict
}

/// What may happen next in `phase`.
pub fn may(phase: Name) -> Vec<Event> {
    Event::ALL.into_iter().filter(|event| judge(phase, *event) != Verdict::Refused).collect()
}

// statig starts a machine at a stored state only through serde (0.4.1), so both halves are read from names.
fn at(phase: Name) -> StateMachine<Chart> {
    let stored = [("shared_storage", "Rules"), ("state", phase.as_str())];
    let stored: MapDeserializer<'_, _, serde::de::value::Error> = MapDeserializer::new(stored.into_iter());
    StateMachine::deserialize(stored).expect("every phase name names a state of the chart")
}

#[derive(Debug, Clone, Deserialize)]
enum Chart {
    Rules,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
struct Leaf(Name);

impl IntoStateMachine for Chart {
    type Event<'evt> = Event;
    type Context<'ctx> = Verdict;
    type Superstate<'sub> = Group;
    type State = Leaf;

    fn initial() -> Leaf {
        Leaf(Name::Pending)
    }
}

// statig's `handle` returns nothing, so the verdict travels in the context.
fn goes(verdict: &mut Verdict, phase: Name) -> Outcome<Leaf> {
    *verdict = Verdict::To(phase);
    Outcome::Transition(Leaf(phase))
}

fn stays(verdict: &mut Verdict, how: Verdict) -> Outcome<Leaf> {
    *verdict = how;
    Outcome::Handled
}

impl State<Chart> for Leaf {
    fn call_handler(&mut self, _: &mut Chart, event: &Event, verdict: &mut Verdict) -> Outcome<Leaf> {
        match (self.0, event) {
            (Name::Pending, Event::Advance) => goes(verdict, Name::Validating),
            (Name::Validating, Event::Advance) => goes(verdict, Name::Provisioning),
            (Name::Provisioning, Event::Advance) => goes(verdict, Name::Deploying),
            (Name::Deploying, Event::Advance) => goes(verdict, Name::Verifying),
            (Name::Verifying, Event::Advance) => goes(verdict, Name::Complete),
            (
                Name::Pending | Name::Validating,
                Event::Refuse | Event::Fail | Event::FailStanding | Event::RollBack,
            )
            | (Name::RollingBack, Event::Advance) => goes(verdict, Name::RolledBack),
            (Name::RollingBack, Event::Fail) => goes(verdict, Name::Failed),
            (Name::Complete | Name::Failed, Event::RollBack) | (Name::Validating, Event::Destroy) => {
                goes(verdict, Name::RollingBack)
            }
            (Name::RollingBack, Event::RollBack) | (Name::Failed, Event::Abandon) => {
                stays(verdict, Verdict::Note)
            }
            _ => Outcome::Super,
        }
    }

    fn superstate(&mut self) -> Option<Group> {
        Some(match self.0 {
            Name::Pending | Name::Validating | Name::Provisioning | Name::Deploying | Name::Verifying => {
                Group::Forward
            }
            Name::RollingBack => Group::Unwinding,
            Name::Complete | Name::RolledBack | Name::Failed => Group::Resting,
        })
    }
}

enum Group {
    Forward,
    Unwinding,
    Resting,
}

impl Superstate<Chart> for Group {
    fn call_handler(&mut self, _: &mut Chart, event: &Event, verdict: &mut Verdict) -> Outcome<Leaf> {
        match (self, event) {
            (Self::Forward, Event::Fail | Event::RollBack) => goes(verdict, Name::RollingBack),
            (Self::Forward, Event::FailStanding) => goes(verdict, Name::Failed),
            (
                Self::Forward | Self::Unwinding,
                Event::Cancel | Event::LeaseLost | Event::TokenRefused | Event::Shutdown,
            ) => stays(verdict, Verdict::Park),
            (Self::Resting | Self::Unwinding | Self::Forward, _) => Outcome::Super,
        }
    }
}
