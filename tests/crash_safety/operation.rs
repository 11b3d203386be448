//! What a process does in a sweep, to which app, and how it ends undisturbed.

use fabrik::engine::RunOutcome;
use fabrik::engine::commands::CommandOutcome;
use fabrik::sandbox::world::Tunnel;
use fabrik::sandbox::{Fault, World};

use super::crash::CrashPoint;
use super::scenario::{Made, Scenario};

pub fn complete(outcome: &CommandOutcome) -> bool {
    matches!(outcome, CommandOutcome::Ended(RunOutcome::Complete { .. }) | CommandOutcome::Unchanged { .. })
}

pub fn rolled_back(outcome: &CommandOutcome) -> bool {
    matches!(outcome, CommandOutcome::Ended(RunOutcome::RolledBack { .. } | RunOutcome::Refused { .. }))
}

pub fn destroyed(outcome: &CommandOutcome) -> bool {
    matches!(outcome, CommandOutcome::Ended(RunOutcome::Destroyed { .. }))
}

/// What a process does in a sweep.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Operation {
    /// A first apply.
    Apply,
    /// A first apply whose image does not build, and so its undo.
    FailedApply,
    /// A first apply that is never well, and so its undo.
    SickApply,
    /// An apply over a finished release.
    Update,
    /// An update whose image does not build, and so its undo.
    FailedUpdate,
    /// An update that is never well, and so its undo.
    SickUpdate,
    /// An update to two other domains, behind the proxy.
    Move,
    /// A first apply at a name whose record somebody else keeps.
    External,
    /// An update after which somebody else keeps the record.
    HandOver,
    /// An update to a name that leads through a tunnel.
    Tunnel,
    /// The same while the tunnel is down, and so its undo.
    FailedTunnel,
    /// An apply of what somebody changed by hand.
    Fix,
    /// The undo of a first release.
    Undo,
    /// The undo of an update.
    UndoUpdate,
    /// The undo of a move.
    UndoMove,
    /// The undo of an update to a tunnel.
    UndoTunnel,
    /// Destroying the app.
    Destroy,
    /// An apply of an app that was destroyed.
    Reborn,
}

pub const OPERATIONS: [Operation; 18] = [
    Operation::Apply,
    Operation::FailedApply,
    Operation::SickApply,
    Operation::Update,
    Operation::FailedUpdate,
    Operation::SickUpdate,
    Operation::Move,
    Operation::External,
    Operation::HandOver,
    Operation::Tunnel,
    Operation::FailedTunnel,
    Operation::Fix,
    Operation::Undo,
    Operation::UndoUpdate,
    Operation::UndoMove,
    Operation::UndoTunnel,
    Operation::Destroy,
    Operation::Reborn,
];

/// The tunnel that the stories' apps move behind.
pub const TUNNEL: &str = "6ff42ae2-765d-4adf-8112-31c55c1551ef";

/// A deed, and what the app is made of that it is done to.
#[derive(Clone, Copy, Debug)]
pub struct Story {
    pub made: Made,
    pub operation: Operation,
}

impl From<Operation> for Story {
    fn from(operation: Operation) -> Self {
        Self { made: Made::Folder, operation }
    }
}

impl Story {
    /// Every deed to an app that is `made` so.
    pub fn all(made: Made) -> impl Iterator<Item = Self> {
        OPERATIONS.into_iter().map(move |operation| Self { made, operation })
    }

    /// A scene in which the deed is next.
    pub async fn scenario(self) -> Scenario {
        let scenario = Scenario::with(self.made, 1);
        let crash = CrashPoint::default();
        if !self.is_first() {
            self.is_done(&scenario.apply(&crash).await);
        }
        if self.operation == Operation::Reborn {
            let outcome = scenario.destroy(&crash).await;
            assert!(destroyed(&outcome), "{self:?}: {outcome:?}");
        }
        self.is_next(&scenario);
        if matches!(self.operation, Operation::UndoUpdate | Operation::UndoMove | Operation::UndoTunnel) {
            self.is_done(&scenario.apply(&crash).await);
        }
        scenario
    }

    /// Whether it needs no release before it.
    pub fn is_first(self) -> bool {
        matches!(
            self.operation,
            Operation::Apply | Operation::FailedApply | Operation::SickApply | Operation::External
        )
    }

    /// Makes the scene, in which the app is as it has to be, one in which the deed is next.
    pub fn is_next(self, scenario: &Scenario) {
        match self.operation {
            Operation::Update | Operation::FailedUpdate | Operation::SickUpdate | Operation::UndoUpdate => {
                scenario.revise();
            }
            Operation::Move | Operation::UndoMove => scenario.respec(
                "domain: blog.example.com",
                "domain: [www.example.com, news.example.com]\ndns: {proxied: true}",
            ),
            Operation::External => {
                scenario.sandbox.stranger_record_to("*.example.com", "server").unwrap();
                resolve_by(scenario, "external");
            }
            Operation::HandOver => {
                // By itself it writes nothing.
                scenario.revise();
                resolve_by(scenario, "external");
            }
            Operation::Tunnel | Operation::FailedTunnel | Operation::UndoTunnel => {
                resolve_by(scenario, &format!("{{tunnel: {TUNNEL}}}"));
            }
            Operation::Fix => scenario.sandbox.with_world(spoil).unwrap(),
            _ => {}
        }
        match self.operation {
            Operation::FailedApply | Operation::FailedUpdate => scenario.arm(Fault::Build),
            Operation::SickApply | Operation::SickUpdate => {
                gives_up_soon(scenario);
                scenario.arm(Fault::Health);
            }
            Operation::FailedTunnel => {
                gives_up_soon(scenario);
                let down = |world: &mut World| world.tunnels.insert(TUNNEL.to_owned(), Tunnel::Down);
                scenario.sandbox.with_world(down).unwrap();
            }
            _ => {}
        }
    }

    fn is_done(self, outcome: &CommandOutcome) {
        assert!(complete(outcome) || rolled_back(outcome), "{self:?}: {outcome:?}");
    }

    pub async fn run(self, scenario: &Scenario, crash: &CrashPoint) -> CommandOutcome {
        match self.operation {
            Operation::Undo | Operation::UndoUpdate | Operation::UndoMove | Operation::UndoTunnel => {
                scenario.roll_back(crash).await
            }
            Operation::Destroy => scenario.destroy(crash).await,
            Operation::Fix => scenario.fix(crash).await,
            _ => scenario.apply(crash).await,
        }
    }

    /// Whether it leads away from a release that stands, and not to one.
    pub fn undoes(self) -> bool {
        let undone = [
            Operation::Undo,
            Operation::UndoUpdate,
            Operation::UndoMove,
            Operation::UndoTunnel,
            Operation::Destroy,
        ];
        undone.contains(&self.operation)
    }

    /// How it ends when nothing disturbs it.
    pub fn ends(self, outcome: &CommandOutcome) -> bool {
        match self.operation {
            Operation::Destroy => destroyed(outcome),
            _ if self.undoes() || self.operation == Operation::FailedTunnel => rolled_back(outcome),
            // A start that is in doubt is triggered again, and the second build does not fail.
            Operation::FailedApply
            | Operation::SickApply
            | Operation::FailedUpdate
            | Operation::SickUpdate => rolled_back(outcome) || complete(outcome),
            _ => complete(outcome),
        }
    }
}

// Each look of a wait is a crash of its own, and one is like the next.
fn gives_up_soon(scenario: &Scenario) {
    scenario.respec("timeout: 3m", "timeout: 90s");
}

fn resolve_by(scenario: &Scenario, dns: &str) {
    scenario.respec("domain: blog.example.com", &format!("domain: blog.example.com\ndns: {dns}"));
}

// Somebody points the record elsewhere, throws a variable away and restarts the app.
fn spoil(world: &mut World) {
    let ours = |text: &Option<String>| text.as_ref().is_some_and(|text| text.starts_with("fabrik "));
    for record in world.records.iter_mut().filter(|it| ours(&it.comment)) {
        record.content = "198.51.100.99".into();
    }
    for service in world.services.iter_mut().filter(|it| ours(&it.description)) {
        service.envs.retain(|row| row.key != "COLOUR");
        service.containers.iter_mut().for_each(|container| drop(container.env.0.remove("COLOUR")));
    }
    for application in world.applications.iter_mut().filter(|it| ours(&it.description)) {
        application.envs.retain(|row| row.key != "COLOUR");
        application.container.iter_mut().for_each(|container| drop(container.env.0.remove("COLOUR")));
    }
}
