//! How a command ends, as a number: one table for the way forward, one for the way back.

use crate::engine::RunOutcome;
use crate::engine::commands::CommandOutcome;

/// The world is as asked.
pub(crate) const DONE: u8 = 0;
/// It failed, and everything the run made was undone.
pub(crate) const UNDONE: u8 = 1;
/// Nothing was attempted.
pub(crate) const REFUSED: u8 = 2;
/// Half-way and safe.
pub(crate) const PARKED: u8 = 3;
/// Something still stands.
pub(crate) const STANDING: u8 = 4;
/// Changes are pending, and it was asked whether there are any.
pub(crate) const PENDING: u8 = 5;
/// Another run holds the app.
pub(crate) const HELD: u8 = 6;

/// The exit code of `apply` and `resume`.
pub(crate) fn forward(outcome: &CommandOutcome) -> u8 {
    match outcome {
        CommandOutcome::Unchanged { .. }
        | CommandOutcome::Ended(RunOutcome::Complete { .. } | RunOutcome::Destroyed { .. }) => DONE,
        CommandOutcome::Ended(RunOutcome::RolledBack { .. }) => UNDONE,
        CommandOutcome::Blockers(_) | CommandOutcome::Ended(RunOutcome::Refused { .. }) => REFUSED,
        CommandOutcome::Ended(RunOutcome::Parked { .. }) => PARKED,
        CommandOutcome::Ended(RunOutcome::Failed { .. }) => STANDING,
        CommandOutcome::Held { .. } => HELD,
    }
}

/// The exit code of `rollback`, `abandon` and `destroy`.
pub(crate) fn back(outcome: &CommandOutcome) -> u8 {
    match outcome {
        CommandOutcome::Ended(RunOutcome::RolledBack { .. }) => DONE,
        other => forward(other),
    }
}

/// The exit code of several specs together: the gravest. What stands is graver than what was undone, and that
/// graver than what was never begun.
pub(crate) fn worst(codes: impl IntoIterator<Item = u8>) -> u8 {
    const GRAVITY: [u8; 7] = [DONE, PENDING, REFUSED, HELD, UNDONE, PARKED, STANDING];
    let gravity = |code: &u8| GRAVITY.iter().position(|known| known == code);
    codes.into_iter().max_by_key(gravity).unwrap_or(DONE)
}
