//! What a seed stands for: an app, a world, what is done to the app, and what goes wrong meanwhile.

use fabrik::sandbox::{Fault, Rates};

use super::dice::Dice;
use crate::crash_safety::scenario::Made;

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Applies a new version.
    Update,
    /// Applies what it applied before, and asks the APIs.
    Refresh,
    /// Moves the app to other domains, or back.
    Move,
    /// Undoes the newest finished run.
    RollBack,
    /// Goes on with what is open.
    Resume,
    /// Undoes what is open.
    Undo,
    /// Takes the app down.
    Destroy,
}

/// What somebody else does to what is ours, or beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Third {
    EditRecord,
    UnmarkRecord,
    DeleteRecord,
    RenameApp,
    UnmarkApp,
    DeleteApp,
    DeleteVariable,
    /// Puts a record of their own where ours is or will be.
    Squat,
    /// The token belongs to another team for some requests.
    Token,
    /// Nobody: this machine's wall clock jumps by an hour, either way.
    Clock,
    /// The token is taken back, at one of the two for a while.
    Revoke,
    /// Coolify's token may only read.
    Scope,
}

const THIRDS: [Third; 10] = [
    Third::EditRecord,
    Third::UnmarkRecord,
    Third::DeleteRecord,
    Third::RenameApp,
    Third::UnmarkApp,
    Third::DeleteApp,
    Third::DeleteVariable,
    Third::Squat,
    Third::Token,
    Third::Clock,
];

/// What happens to the process that acts, and around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    None,
    /// It dies at this point: one on each side of every request and entry.
    Crash(u64),
    /// Somebody else acts before this request.
    Third(Third, u64),
    /// It sleeps on the wire before this request for longer than its lease; another process does `Act` meanwhile.
    Sleep(u64, Act),
}

/// A whole story.
#[derive(Debug, Clone)]
pub struct Script {
    pub made: Made,
    pub weather: Rates,
    pub acts: Vec<(Act, Trouble, Option<Fault>)>,
    /// By how many seconds Coolify's clock is ahead.
    pub ahead_s: i64,
    /// Whether the app is destroyed at the end.
    pub ends_in_destroy: bool,
}

const FAULTS: [Fault; 5] =
    [Fault::Build, Fault::Health, Fault::DeploymentHangs, Fault::DeploymentVanishes, Fault::QueueFull];

impl Script {
    /// The story of `seed`.
    pub fn of(seed: u64) -> Self {
        let dice = &mut Dice::of(seed);
        let made = dice.one_of(&[Made::Folder, Made::Folder, Made::Image, Made::Git, Made::PrivateGit]);
        let weather = weather(dice);
        let acts = (0..=dice.below(4)).map(|nth| (act(dice, nth), trouble(dice), fault(dice))).collect();
        let ahead_s = if dice.falls(10) { 3600 - i64::try_from(dice.below(7200)).unwrap_or(0) } else { 0 };
        let script = Self { made, weather, acts, ahead_s, ends_in_destroy: dice.falls(30) };
        script.amended(dice)
    }

    // What was thought of later is drawn last: a story that it does not fall on stays what it was.
    fn amended(mut self, dice: &mut Dice) -> Self {
        if dice.falls(25) {
            self.weather.lies = 5 + u16::try_from(dice.below(40)).unwrap_or(0);
        }
        if dice.falls(15) {
            let third = dice.one_of(&[Third::Revoke, Third::Revoke, Third::Scope]);
            let mut troubles = self.acts.iter_mut().map(|(_, trouble, _)| trouble);
            if let Some(trouble) = troubles.find(|trouble| matches!(trouble, Trouble::Third(..))) {
                *trouble = Trouble::Third(third, 1 + dice.below(60));
            }
        }
        self
    }
}

fn weather(dice: &mut Dice) -> Rates {
    let calm = Rates::default();
    let often = 20 + u16::try_from(dice.below(180)).unwrap_or(0);
    match dice.below(16) {
        0..=3 => calm,
        4..=7 => Rates::HOSTILE,
        8 => Rates { lost_before: often, ..calm },
        9 => Rates { lost_after: often, ..calm },
        10 => Rates { late: often, ..calm },
        11 => Rates { error_before: often, error_after: often, ..calm },
        12 => Rates { garbled: often, empty: often, ..calm },
        13 => Rates { gateway: often, slow: often, ..calm },
        14 => Rates { too_many: often, too_many_bare: often, refused: often, ..calm },
        _ => Rates { stale: often * 3, ..calm },
    }
}

fn act(dice: &mut Dice, nth: u64) -> Act {
    if nth == 0 {
        return Act::Update;
    }
    dice.one_of(&[
        Act::Update,
        Act::Update,
        Act::Update,
        Act::Refresh,
        Act::Move,
        Act::RollBack,
        Act::Resume,
        Act::Undo,
        Act::Destroy,
    ])
}

fn trouble(dice: &mut Dice) -> Trouble {
    match dice.below(10) {
        0..=3 => Trouble::None,
        4..=6 => Trouble::Crash(dice.below(160)),
        7..=8 => Trouble::Third(dice.one_of(&THIRDS), 1 + dice.below(60)),
        _ => Trouble::Sleep(1 + dice.below(60), dice.one_of(&[Act::Resume, Act::Undo, Act::Update])),
    }
}

fn fault(dice: &mut Dice) -> Option<Fault> {
    dice.falls(20).then(|| dice.one_of(&FAULTS))
}
