//! Why a run left the way forward.

use serde::{Deserialize, Serialize};

/// What kind of reason it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CauseKind {
    /// Preflight or a vendor said no.
    Refused,
    /// The app did not build, start or answer.
    Failed,
    /// A person asked for it.
    Asked,
    /// Another plan takes its place.
    Superseded,
}

/// A reason, in words for the person at the terminal. Never holds a secret: texts are masked before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// What kind of reason it was.
    pub kind: CauseKind,
    /// What happened, to what.
    pub message: String,
    /// What to do now; empty where the message says it all.
    pub hint: String,
    /// What was seen: log tails, the last exchange, DNS answers, the certificate.
    pub evidence: Vec<String>,
}
