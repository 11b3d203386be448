//! What a person does to the simulated Coolify and Cloudflare from the command line, here or in a sandbox that is served.

use serde::{Deserialize, Serialize};

use super::{Fault, Sandbox, SandboxError};

/// One such resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WorldCommand {
    /// Empties the world.
    Reset,
    /// Arms a fault.
    Fault {
        fault: Fault,
        /// How often it strikes; see [`crate::sandbox::World::arm`].
        times: Option<u32>,
    },
    /// Puts a record of somebody else at a name.
    StrangerRecord(String),
    /// Puts a service of somebody else under a name.
    StrangerService(String),
}

impl WorldCommand {
    /// Carries it out.
    ///
    /// # Errors
    /// [`SandboxError`] when the world cannot be kept.
    pub fn carry_out(&self, sandbox: &Sandbox) -> Result<(), SandboxError> {
        match self {
            Self::Reset => sandbox.reset(),
            Self::Fault { fault, times } => sandbox.with_world(|world| world.arm(*fault, *times)),
            Self::StrangerRecord(name) => sandbox.stranger_record(name),
            Self::StrangerService(name) => sandbox.stranger_service(name),
        }
    }
}
