//! What was asked of the simulated outside: how much, and every request that may have changed something.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What was asked of this world.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    /// All requests, site probes included.
    pub requests: u64,
    /// The same by host.
    #[serde(default)]
    pub by_host: BTreeMap<String, u64>,
    /// The requests to an API that may change something, oldest first.
    pub writes: Vec<Write>,
}

/// One writing request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Write {
    pub method: String,
    /// Host asked.
    pub host: String,
    /// Path with query.
    pub path: String,
    /// The ownership tag in `comment` or `description` of its body.
    #[serde(rename = "mark")]
    pub tag: Option<String>,
    /// When it arrived, on the simulated wall clock.
    pub at: Timestamp,
    /// The status answered; `None` when the client got no answer.
    pub status: Option<u16>,
}
