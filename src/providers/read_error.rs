//! Why a read gave nothing to go by, sorted by what the reader can do.

use super::api::Api;
use super::coolify::abilities;
use crate::net::SendError;

/// Why a provider could not say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The API does not accept the token, or not for this.
    #[error("{api} refused the token: {reason}")]
    TokenRefused {
        api: Api,
        /// In its words.
        reason: String,
    },
    /// No token was given, because nothing that was asked for seemed to need one.
    #[error("{api} has to be asked, and {} is not set", .api.token_setting())]
    NoToken { api: Api },
    /// The API said no.
    #[error("{what}: {reason}")]
    Refused {
        /// What was asked for.
        what: String,
        /// Why not.
        reason: String,
    },
    /// The API could not be reached, or only answered with errors.
    #[error("{api} could not be reached: {reason}")]
    Unreachable {
        api: Api,
        /// What was seen.
        reason: String,
        /// What kind of failure it is.
        failure: Failure,
    },
    /// Something else than the API answers at its address.
    #[error("{url}: no {api} answers there, {saw}")]
    Misdirected {
        api: Api,
        /// The address it was looked for at.
        url: String,
        /// What answered.
        saw: String,
        /// What to do about it.
        advice: String,
    },
    /// The API answered something else than it should.
    #[error("{api} answered what this version cannot read: {reason}")]
    Unintelligible {
        api: Api,
        /// What was missing.
        reason: String,
    },
    /// The token sees another team or zone than the one planned for.
    #[error("{api} shows {now}, the plan was made for {planned}")]
    Elsewhere {
        api: Api,
        /// What it shows.
        now: String,
        /// What it should show.
        planned: String,
    },
}

/// How an API could not be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The name of its host does not resolve.
    Name,
    /// Nothing takes the connection.
    Refused,
    /// No TLS connection comes about.
    Tls,
    /// The connection gives no answer.
    Silent,
    /// It answers with server errors (5xx).
    ServerError,
    /// The rate limit is used up.
    RateLimit,
}

impl Failure {
    /// The failure that `error` is.
    pub fn of(error: &SendError) -> Self {
        match error {
            SendError::Name { .. } => Self::Name,
            SendError::Refused { .. } => Self::Refused,
            SendError::Tls { .. } => Self::Tls,
            SendError::NoRoom { .. } => Self::RateLimit,
            SendError::Lost { .. } => Self::Silent,
        }
    }

    /// The failure that an answer with this status is: 429, or a server error.
    pub fn of_status(status: u16) -> Self {
        if status == 429 { Self::RateLimit } else { Self::ServerError }
    }

    fn hint(self, api: Api) -> String {
        let url = api.url_setting();
        match (self, api) {
            (Self::Name, Api::Coolify) => {
                format!("check the host name in {url}, and this machine's name resolution")
            }
            (Self::Refused, Api::Coolify) => format!(
                "is Coolify running, and is the port in {url} right? A Coolify without a domain listens on 8000"
            ),
            (Self::Tls, Api::Coolify) => format!(
                "give Coolify a certificate that this machine trusts for the name in {url}; if it is served \
                 without TLS, write http:// there"
            ),
            (Self::Silent, Api::Coolify) => {
                format!("is it up, and does a firewall let this machine through to the address in {url}?")
            }
            (Self::ServerError, Api::Coolify) => format!(
                "something answers at {url}, Coolify itself does not: look at its containers, then try again"
            ),
            (Self::Name | Self::Refused | Self::Tls | Self::Silent, Api::Cloudflare) => format!(
                "check this machine's way to the internet (HTTPS_PROXY, name resolution), and {url} if it is set"
            ),
            (Self::ServerError, Api::Cloudflare) => {
                format!("try again when it answers; {url} overrides the address if it is set")
            }
            (Self::RateLimit, _) => format!(
                "try again in a few minutes: the requests of the user of {} are used up",
                api.token_setting()
            ),
        }
    }
}

impl ReadError {
    /// An API that could not be reached because of `error`.
    pub fn unreachable(api: Api, error: &SendError) -> Self {
        Self::Unreachable { api, reason: error.to_string(), failure: Failure::of(error) }
    }

    /// What to do about it, naming the setting to look at; empty where the message says it all.
    pub fn hint(&self) -> String {
        match self {
            Self::TokenRefused { api: Api::Coolify, reason } => abilities::advice(reason).to_owned(),
            Self::TokenRefused { api: Api::Cloudflare, .. } => {
                "give CLOUDFLARE_API_TOKEN a token with Zone:Read and DNS:Edit for your zone (My Profile, API \
                 Tokens)"
                    .to_owned()
            }
            Self::Unreachable { api, failure, .. } => failure.hint(*api),
            Self::Misdirected { advice, .. } => advice.clone(),
            Self::Unintelligible { api, .. } => {
                format!("check that {} leads to {api} itself, and that its version is supported", api.url_setting())
            }
            Self::Elsewhere { api, .. } => format!(
                "{} is of another team or account than the app: set the one it was deployed with",
                api.token_setting()
            ),
            Self::NoToken { .. } => "set it in the environment or in `.env`".to_owned(),
            Self::Refused { .. } => String::new(),
        }
    }
}
