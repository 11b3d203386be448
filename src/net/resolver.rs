//! DNS: one question, its answers.

use std::net::SocketAddr;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// The record types Fabrik asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum QueryType {
    /// An IPv4 address.
    A,
    /// An IPv6 address.
    Aaaa,
    /// An alias.
    Cname,
    /// A name server.
    Ns,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The full name asked about, without the final dot.
    pub name: String,
    /// What is asked for.
    pub record_type: QueryType,
    /// The name server to ask, by host name, address, or address and port; `None` asks the system's resolver.
    pub server: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The address, or the host name without the final dot.
    pub value: String,
    /// Seconds it may be kept.
    pub ttl: u32,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum ResolveError {
    /// The name does not exist, or has no record of this type.
    #[error("no such record")]
    Nothing,
    /// The server could not be asked or did not answer.
    #[error("name server did not answer: {0}")]
    Unanswered(String),
}

/// Asks name servers.
#[async_trait]
pub trait Resolver: Send + Sync {
    /// Asks `question` once.
    ///
    /// # Errors
    /// [`ResolveError::Nothing`] is an answer of its own kind; [`ResolveError::Unanswered`] proves nothing.
    async fn ask(&self, question: &Question) -> Result<Vec<Answer>, ResolveError>;

    /// Where a person says that `host` is to be found for `port`, whatever the DNS says.
    fn pinned(&self, _host: &str, _port: u16) -> Option<SocketAddr> {
        None
    }
}
