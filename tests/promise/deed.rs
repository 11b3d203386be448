//! What a process does in a sweep, to which app, and how it ends undisturbed.

use fabrik::runner::Ended;
use fabrik::runner::desk::Outcome;
use fabrik::sandbox::Fault;

use super::crash::Fuse;
use super::invariants::at_rest;
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
    /// An apply over a finished release.
    Update,
    /// The undo of a first release.
    Undo,
    /// An update whose image does not build, and so its undo.
    FailedUpdate,
    /// An update to two other domains, behind the proxy.
    Move,
    /// Taking the app down.
    Destroy,
}

pub const DEEDS: [Deed; 6] =
    [Deed::Apply, Deed::Update, Deed::Undo, Deed::FailedUpdate, Deed::Move, Deed::Destroy];

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
    /// A scene in which the deed is next.
    pub async fn scene(self) -> Scene {
        let scene = Scene::with(self.made, 1);
        if self.deed != Deed::Apply {
            let outcome = scene.apply(&Fuse::default()).await;
            assert!(complete(&outcome), "{outcome:?}");
        }
        self.is_next(&scene);
        scene
    }

    /// Makes the scene, in which the app is as it has to be, one in which the deed is next.
    pub fn is_next(self, scene: &Scene) {
        if matches!(self.deed, Deed::Update | Deed::FailedUpdate) {
            scene.revise();
        }
        if self.deed == Deed::Move {
            scene.respec(
                "domain: blog.example.com",
                "domain: [www.example.com, news.example.com]\ndns: {proxied: true}",
            );
        }
        if self.deed == Deed::FailedUpdate {
            scene.sandbox.with_world(|world| world.arm(Fault::Build, None)).unwrap();
        }
    }

    pub async fn run(self, scene: &Scene, fuse: &Fuse) -> Outcome {
        match self.deed {
            Deed::Apply | Deed::Update | Deed::FailedUpdate | Deed::Move => scene.apply(fuse).await,
            Deed::Undo => scene.roll_back(fuse).await,
            Deed::Destroy => scene.destroy(fuse).await,
        }
    }

    /// How it ends when nothing disturbs it.
    pub fn ends(self, outcome: &Outcome) -> bool {
        match self.deed {
            Deed::Apply | Deed::Update | Deed::Move => complete(outcome),
            Deed::Undo | Deed::Destroy => rolled_back(outcome),
            // A start that is in doubt is triggered again, and the second build does not fail.
            Deed::FailedUpdate => rolled_back(outcome) || complete(outcome),
        }
    }

    /// How many points there are to crash at.
    pub async fn points(self) -> u64 {
        let (scene, fuse) = (self.scene().await, Fuse::default());
        let outcome = self.run(&scene, &fuse).await;
        assert!(self.ends(&outcome), "{self:?}: {outcome:?}");
        at_rest(&scene, &format!("{self:?} undisturbed")).await;
        println!("{self:?} passes {} points", fuse.passed());
        fuse.passed()
    }
}
