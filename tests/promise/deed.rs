//! What a process does in a sweep, to which app, and how it ends undisturbed.

use fabrik::runner::Ended;
use fabrik::runner::desk::Outcome;
use fabrik::sandbox::world::Tunnel;
use fabrik::sandbox::{Fault, World};

use super::crash::Fuse;
use super::scene::{Made, Scene};

pub fn complete(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Ended(Ended::Complete { .. }) | Outcome::Unchanged { .. })
}

pub fn rolled_back(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Ended(Ended::RolledBack { .. } | Ended::Refused { .. }))
}

/// What a process does in a sweep.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Deed {
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
    Mend,
    /// The undo of a first release.
    Undo,
    /// The undo of an update.
    UndoUpdate,
    /// The undo of a move.
    UndoMove,
    /// The undo of an update to a tunnel.
    UndoTunnel,
    /// Taking the app down.
    Destroy,
    /// An apply of an app that was taken down.
    Reborn,
}

pub const DEEDS: [Deed; 18] = [
    Deed::Apply,
    Deed::FailedApply,
    Deed::SickApply,
    Deed::Update,
    Deed::FailedUpdate,
    Deed::SickUpdate,
    Deed::Move,
    Deed::External,
    Deed::HandOver,
    Deed::Tunnel,
    Deed::FailedTunnel,
    Deed::Mend,
    Deed::Undo,
    Deed::UndoUpdate,
    Deed::UndoMove,
    Deed::UndoTunnel,
    Deed::Destroy,
    Deed::Reborn,
];

/// The tunnel that the stories' apps move behind.
pub const TUNNEL: &str = "6ff42ae2-765d-4adf-8112-31c55c1551ef";

/// A deed, and what the app is made of that it is done to.
#[derive(Clone, Copy, Debug)]
pub struct Story {
    pub made: Made,
    pub deed: Deed,
}

impl From<Deed> for Story {
    fn from(deed: Deed) -> Self {
        Self { made: Made::Folder, deed }
    }
}

impl Story {
    /// Every deed to an app that is `made` so.
    pub fn all(made: Made) -> impl Iterator<Item = Self> {
        DEEDS.into_iter().map(move |deed| Self { made, deed })
    }

    /// A scene in which the deed is next.
    pub async fn scene(self) -> Scene {
        let scene = Scene::with(self.made, 1);
        let fuse = Fuse::default();
        if !self.is_first() {
            self.is_done(&scene.apply(&fuse).await);
        }
        if self.deed == Deed::Reborn {
            self.is_done(&scene.destroy(&fuse).await);
        }
        self.is_next(&scene);
        if matches!(self.deed, Deed::UndoUpdate | Deed::UndoMove | Deed::UndoTunnel) {
            self.is_done(&scene.apply(&fuse).await);
        }
        scene
    }

    /// Whether it needs no release before it.
    pub fn is_first(self) -> bool {
        matches!(self.deed, Deed::Apply | Deed::FailedApply | Deed::SickApply | Deed::External)
    }

    /// Makes the scene, in which the app is as it has to be, one in which the deed is next.
    pub fn is_next(self, scene: &Scene) {
        match self.deed {
            Deed::Update | Deed::FailedUpdate | Deed::SickUpdate | Deed::UndoUpdate => scene.revise(),
            Deed::Move | Deed::UndoMove => scene.respec(
                "domain: blog.example.com",
                "domain: [www.example.com, news.example.com]\ndns: {proxied: true}",
            ),
            Deed::External => {
                scene.sandbox.stranger_record_to("*.example.com", "server").unwrap();
                resolve_by(scene, "external");
            }
            Deed::HandOver => {
                // By itself it writes nothing.
                scene.revise();
                resolve_by(scene, "external");
            }
            Deed::Tunnel | Deed::FailedTunnel | Deed::UndoTunnel => {
                resolve_by(scene, &format!("{{tunnel: {TUNNEL}}}"));
            }
            Deed::Mend => scene.sandbox.with_world(spoil).unwrap(),
            _ => {}
        }
        match self.deed {
            Deed::FailedApply | Deed::FailedUpdate => scene.arm(Fault::Build),
            Deed::SickApply | Deed::SickUpdate => scene.arm(Fault::Health),
            Deed::FailedTunnel => scene
                .sandbox
                .with_world(|world| {
                    world.tunnels.insert(TUNNEL.to_owned(), Tunnel::Down);
                })
                .unwrap(),
            _ => {}
        }
    }

    fn is_done(self, outcome: &Outcome) {
        assert!(complete(outcome) || rolled_back(outcome), "{self:?}: {outcome:?}");
    }

    pub async fn run(self, scene: &Scene, fuse: &Fuse) -> Outcome {
        match self.deed {
            Deed::Undo | Deed::UndoUpdate | Deed::UndoMove | Deed::UndoTunnel => scene.roll_back(fuse).await,
            Deed::Destroy => scene.destroy(fuse).await,
            Deed::Mend => scene.mend(fuse).await,
            _ => scene.apply(fuse).await,
        }
    }

    /// Whether it leads away from a release that stands, and not to one.
    pub fn undoes(self) -> bool {
        let undone = [Deed::Undo, Deed::UndoUpdate, Deed::UndoMove, Deed::UndoTunnel, Deed::Destroy];
        undone.contains(&self.deed)
    }

    /// How it ends when nothing disturbs it.
    pub fn ends(self, outcome: &Outcome) -> bool {
        match self.deed {
            _ if self.undoes() || self.deed == Deed::FailedTunnel => rolled_back(outcome),
            // A start that is in doubt is triggered again, and the second build does not fail.
            Deed::FailedApply | Deed::SickApply | Deed::FailedUpdate | Deed::SickUpdate => {
                rolled_back(outcome) || complete(outcome)
            }
            _ => complete(outcome),
        }
    }
}

fn resolve_by(scene: &Scene, dns: &str) {
    scene.respec("domain: blog.example.com", &format!("domain: blog.example.com\ndns: {dns}"));
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
