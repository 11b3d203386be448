//! HTTP: one request out, one answer or one reason back.
//!
//! No redirects are followed, nothing is retried, and a time-out covers the whole exchange.

use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;

use super::Certificate;

/// One HTTP request, to be sent once.
#[derive(Debug, Clone)]
pub struct Request {
    /// Method, absolute URL, headers and body.
    pub http: http::Request<Vec<u8>>,
    /// Hard limit for the whole exchange, from the first byte out to the last byte in.
    pub timeout: Duration,
    /// Connect here instead of to what the host name resolves to (as curl's `--resolve`).
    pub connect_to: Option<SocketAddr>,
}

/// So many bytes of the answer's body are all that is wanted, as an extension of [`Request::http`]: what follows is not
/// read, and that there is more is no error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyPrefix(pub usize);

/// One HTTP answer, whatever its status.
#[derive(Debug, Clone)]
pub struct Response {
    /// Status, headers and the whole body, or as much of it as was wanted.
    pub http: http::Response<Vec<u8>>,
    /// The certificate the peer showed, if the exchange was over TLS.
    pub certificate: Option<Certificate>,
}

/// Why no answer came. The difference that matters: may the peer have seen the request?
#[derive(Debug, Clone, thiserror::Error)]
pub enum SendError {
    /// The host name could not be resolved; nothing was sent.
    #[error("cannot resolve {host}: {reason}")]
    Name {
        /// The name asked for.
        host: String,
        /// What the resolver said.
        reason: String,
    },
    /// The connection was refused or could not be made; nothing was sent.
    #[error("cannot connect to {peer}: {reason}")]
    Refused {
        /// Host and port.
        peer: String,
        /// What the operating system said.
        reason: String,
    },
    /// The TLS handshake failed; nothing of the request was sent.
    #[error("TLS with {peer} failed: {reason}")]
    Tls {
        /// Host and port.
        peer: String,
        /// What the TLS library said.
        reason: String,
        /// What the peer showed, where it could be read.
        certificate: Option<Certificate>,
    },
    /// The API takes no more requests for a while; nothing was sent.
    #[error("no room in the rate limit of {api} for {} s", pause.as_millis().div_ceil(1000))]
    NoRoom {
        /// Host, and port where one is named.
        api: String,
        /// For how long.
        pause: Duration,
    },
    /// The request may have arrived: time-out, reset, or a broken answer.
    #[error("no answer from {peer}: {reason}")]
    Lost {
        /// Host and port.
        peer: String,
        /// What was seen.
        reason: String,
    },
}

impl SendError {
    /// Whether the peer cannot have seen the request.
    #[must_use]
    pub fn never_arrived(&self) -> bool {
        match self {
            Self::Name { .. } | Self::Refused { .. } | Self::Tls { .. } | Self::NoRoom { .. } => true,
            Self::Lost { .. } => false,
        }
    }
}

/// Carries HTTP requests.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends `request` once.
    ///
    /// # Errors
    /// [`SendError`] when no complete answer came back; any status code is an answer.
    async fn send(&self, request: Request) -> Result<Response, SendError>;
}
