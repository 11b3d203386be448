//! Why a run lets time pass: every wait there is on the way forward and back, by name.
//!
//! A run that was answered clearly all the way waits only for what goes on at the vendors. What verification waits
//! between two looks at the app is [`verify`](crate::verify)'s, and the pauses between repeated reads are the wire's.

/// A reason to wait. The length is the caller's, from the moment the reason arose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wait {
    /// A write got no clear answer, or none was read because the process died. It may take effect until its settle
    /// window is over, so nothing that differs is sent to the same object, and the run does not end, before that.
    LateEffect,
    /// A list or a 404 may be one staleness window behind the last write, so it counts only when it is read twice.
    SecondLook,
    /// The API said that nothing was done, and when to try again.
    Told,
    /// A write that says the same however often it is sent got no clear answer and is sent again.
    Again,
    /// A start or a deployment is under way. Coolify tells nobody when it ends, so it is asked.
    Start,
    /// A deployment was cancelled and its worker has to let go of the container.
    Cancelled,
    /// The app was told to stop; deleting it before its containers are gone leaves them running.
    Stopped,
    /// An object was deleted; Coolify does that in the background.
    Deleted,
    /// The app answers, and other containers of its stack are not up yet.
    Neighbours,
    /// The app answers, and what its log shows so far is the old version.
    Proof,
    /// A worker has no domain to ask; its container and its log are looked at until they show the release.
    Worker,
}

impl Wait {
    pub const ALL: [Self; 11] = [
        Self::LateEffect,
        Self::SecondLook,
        Self::Told,
        Self::Again,
        Self::Start,
        Self::Cancelled,
        Self::Stopped,
        Self::Deleted,
        Self::Neighbours,
        Self::Proof,
        Self::Worker,
    ];

    /// Its name in tables and traces.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LateEffect => "late effect",
            Self::SecondLook => "second look",
            Self::Told => "told to wait",
            Self::Again => "sent again",
            Self::Start => "start",
            Self::Cancelled => "cancelled",
            Self::Stopped => "stopped",
            Self::Deleted => "deleted",
            Self::Neighbours => "neighbours",
            Self::Proof => "proof",
            Self::Worker => "worker",
        }
    }
}
