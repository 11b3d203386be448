//! Whose log it is: that of the container which this run started, or of the one before it.
//!
//! A service's start leaves no record, and one whose image is missing leaves the old container running; only its log
//! still begins before the start then (Coolify 4.3.11, observed). All times are of the server's own clock: what the
//! log said ahead of the start is compared with what it says afterwards, and never with a clock of ours.

use jiff::Timestamp;
use machine::deployment::Deployment;
use machine::phase::Verifying;
use machine::plan::{Action, Plan, Rollout};
use machine::receipt::Attributes;
use machine::step::Step;

use super::app::App;
use super::start::DEPLOYMENT;
use crate::providers::coolify::Resource;
use crate::providers::coolify::lifecycle::ContainerState;

/// As many lines as Coolify gives (Coolify API, service logs): a log of fewer is whole.
pub(crate) const ALL_LINES: u32 = 10_000;

/// Lines that are read ahead of a start; the last one may be hidden among those of the error output.
const NOTED_LINES: u32 = 20;

/// The field of a start's before-image that has the time of the last line of the container in place.
const LAST_LINE: &str = "last_line";
/// The one that is there if no container was.
const NOTHING_RAN: &str = "nothing_ran";

/// What is known of the container ahead of the one that should run.
#[derive(Debug, Clone, Copy)]
pub enum Before<'a> {
    /// There was none.
    Nothing,
    /// It was replaced: a deployment's record says so, or it was an earlier run that did.
    Replaced,
    /// What was noted of it ahead of the start.
    Noted(&'a Attributes),
    /// Nothing.
    Unknown,
}

/// Whose log it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// The first container's that ever ran there.
    First,
    New,
    Old,
    /// That cannot be told.
    Unknown,
}

impl<'a> Before<'a> {
    /// What the run of `deployment` knows, whose app has been started by now. All its triggers start the same, so what
    /// was noted ahead of the first one counts.
    pub fn of(deployment: &'a Deployment<Verifying>, plan: &Plan) -> Self {
        let ledger = deployment.ledger();
        let is_recorded =
            ledger.receipt(Step::Deploy).is_some_and(|it| it.attributes.contains_key(DEPLOYMENT));
        match (&plan.app.action, ledger.first_attempt(Step::Deploy)) {
            (Action::Create, _) => Self::Nothing,
            _ if is_recorded || deployment.phase().rollout == Rollout::Running => Self::Replaced,
            (_, Some(first)) => Self::Noted(&first.before),
            (_, None) => Self::Unknown,
        }
    }

    /// Whose the log `lines` is.
    pub fn whose(self, lines: &str) -> Whose {
        let noted = match self {
            Self::Nothing => return Whose::First,
            Self::Replaced => return Whose::New,
            Self::Unknown => return Whose::Unknown,
            Self::Noted(noted) if noted.contains_key(NOTHING_RAN) => return Whose::First,
            Self::Noted(noted) => noted,
        };
        let last = noted.get(LAST_LINE).and_then(|last| last.parse::<Timestamp>().ok());
        let (Some(last), Some(oldest)) = (last, times(lines).min()) else { return Whose::Unknown };
        let is_whole = u32::try_from(lines.lines().count()).is_ok_and(|count| count < ALL_LINES);
        match (oldest <= last, is_whole) {
            (true, _) => Whose::Old,
            (false, true) => Whose::New,
            (false, false) => Whose::Unknown,
        }
    }
}

/// Notes of a service's container what tells it from the next one.
pub(crate) async fn note(app: App<'_>) -> Attributes {
    if matches!(app.resource, Resource::Application(_)) {
        return Attributes::new();
    }
    let pair = |name: &str, value: String| Attributes::from([(name.to_owned(), value)]);
    match app.container(NOTED_LINES).await {
        Ok(ContainerState::Running(lines)) => {
            times(&lines).max().map(|last| pair(LAST_LINE, last.to_string())).unwrap_or_default()
        }
        Ok(ContainerState::None) => pair(NOTHING_RAN, "true".to_owned()),
        // It may be started again with what it wrote before, which is not shown now.
        Ok(ContainerState::Stopped | ContainerState::Unknown(_)) | Err(_) => Attributes::new(),
    }
}

/// When each line was written that says so.
fn times(lines: &str) -> impl Iterator<Item = Timestamp> {
    lines.lines().filter_map(|line| line.split(' ').next()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(last: &str) -> Attributes {
        Attributes::from([(LAST_LINE.to_owned(), last.to_owned())])
    }

    #[test]
    fn a_log_is_the_new_containers_only_if_the_whole_of_it_is_younger_than_the_start() {
        let before = noted("2026-11-30T15:28:50.798332987Z");
        let whose = |lines: &str| Before::Noted(&before).whose(lines);
        assert_eq!(whose("2026-11-30T15:28:50.798332987Z up\n2026-11-30T15:29:00Z more"), Whose::Old);
        assert_eq!(whose("2026-11-30T15:28:51.000000001Z up"), Whose::New);
        // The error output may stand ahead of an older line.
        assert_eq!(whose("2026-11-30T15:29:00Z later\n2026-11-30T15:28:00Z earlier"), Whose::Old);
        assert_eq!(whose(&"2026-11-30T15:29:00Z more\n".repeat(10_000)), Whose::Unknown);
        for silent in ["", "no time here"] {
            assert_eq!(whose(silent), Whose::Unknown, "{silent:?}");
        }
    }

    #[test]
    fn of_a_container_that_wrote_nothing_before_the_start_nothing_can_be_told() {
        assert_eq!(Before::Noted(&Attributes::new()).whose("2026-11-30T15:29:00Z up"), Whose::Unknown);
        assert_eq!(Before::Noted(&noted("nonsense")).whose("2026-11-30T15:29:00Z up"), Whose::Unknown);
        let none = Attributes::from([(NOTHING_RAN.to_owned(), "true".to_owned())]);
        assert_eq!(Before::Noted(&none).whose(""), Whose::First);
    }
}
