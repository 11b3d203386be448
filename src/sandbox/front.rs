//! What may answer at the address of an API that is not the API: nobody, a proxy, a login page, another site.
//!
//! No vendor's facts: these are the proxies and pages that stand in front of self-hosted servers, or where a mistyped URL
//! leads.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::ask::{Ask, Reply};
use super::exchange::lose;
use super::world::World;
use crate::net::SendError;

/// What answers at the host of an API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SimFront {
    /// The name does not resolve.
    NoName,
    /// Nothing listens there.
    Closed,
    /// A firewall that drops what it gets.
    Silent,
    /// A certificate that nobody trusts.
    Untrusted,
    /// A port that speaks no TLS.
    Plain,
    /// A port that speaks only TLS, spoken to without.
    OnlyTls,
    /// Every call is redirected to the same path at this origin.
    Moved(String),
    /// Every call is redirected to a login page.
    LoginRedirect,
    /// Every call gives a web page.
    Page,
    /// A proxy that routes nothing there.
    NoRoute,
    /// A proxy that wants a password of its own.
    Password,
    /// A firewall's page.
    Forbidden,
    /// A proxy whose server is down.
    BadGateway,
    /// A program that answers JSON, and is no such API.
    OtherJson,
}

impl SimFront {
    /// Answers one request.
    ///
    /// # Errors
    /// What a client sees where there is no answer.
    pub fn answer(&self, world: &mut World, ask: &Ask) -> Result<Reply, SendError> {
        let tls =
            |reason: &str| SendError::Tls { peer: ask.peer(), reason: reason.to_owned(), certificate: None };
        let page = |status, text: &str| {
            Reply::typed(
                status,
                "text/html; charset=utf-8",
                format!("<!DOCTYPE html><html><body>{text}</body></html>"),
            )
        };
        Ok(match self {
            Self::NoName => {
                return Err(SendError::Name { host: ask.host.clone(), reason: "no such name".to_owned() });
            }
            Self::Closed => {
                return Err(SendError::Refused { peer: ask.peer(), reason: "Connection refused".to_owned() });
            }
            Self::Silent => return lose(world, ask),
            Self::Untrusted => {
                return Err(tls("the certificate's issuer is not trusted, or its chain is incomplete"));
            }
            Self::Plain => return Err(tls("received corrupt message of type InvalidContentType")),
            Self::OnlyTls => {
                Reply::typed(400, "text/plain", "Client sent an HTTP request to an HTTPS server.\n")
            }
            Self::Moved(origin) => page(301, "Moved").with("location", format!("{origin}{}", ask.target())),
            Self::LoginRedirect => page(302, "Found").with("location", "/login"),
            Self::Page => page(200, "Sign in"),
            Self::NoRoute => Reply::typed(404, "text/plain; charset=utf-8", "404 page not found\n"),
            Self::Password => Reply::typed(401, "text/plain", "401 Unauthorized\n")
                .with("www-authenticate", "Basic realm=\"x\""),
            Self::Forbidden => page(403, "Access denied"),
            Self::BadGateway => page(502, "Bad gateway"),
            Self::OtherJson => Reply::json(200, &json!({"status": "ok"})),
        })
    }
}
