//! HTTP by reqwest: one request out, one answer or one reason back.
//!
//! No redirects, no retries. HTTP/2 is offered to sites only, some of which speak nothing else; an API is spoken to as it
//! was when its failures were sorted, one request at a time. A proxy is used where the environment names one, but never for this host itself or where
//! the address is given.

use std::collections::HashMap;
use std::error::Error;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use http::HeaderValue;
use http::header::HOST;
use reqwest::tls::TlsInfo;
use reqwest::{Client, Url, redirect, retry};

use super::certificate_capture::{self, CertificateCapture};
use super::{Roots, leaf};
use crate::net::{BodyPrefix, Request, Response, SendError, Transport};

/// A connection that takes longer was never made, which is worth knowing: nothing arrived.
const CONNECT: Duration = Duration::from_secs(8);
/// A connection that idled longer may be closed by the peer while we write, which would put the write in doubt.
const IDLE: Duration = Duration::from_secs(5);
/// More than any answer of an API; a site may stream for ever.
const LARGEST: usize = 16 << 20;

/// The way to HTTP servers. Nothing is set up before the first request.
pub struct LiveTransport {
    platform: Arc<CertificateCapture>,
    /// For requests that name an address: these look at a site, and what a person trusts there an API has not.
    given: Arc<CertificateCapture>,
    clients: Mutex<HashMap<Route, Client>>,
}

/// How a host is reached; one client each.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Route {
    /// By its name, through a proxy if there is one.
    Open,
    /// On this host.
    Loopback,
    /// At a given address instead of what its name resolves to.
    At(String, SocketAddr),
}

impl Route {
    fn to(peer: &Peer, connect_to: Option<SocketAddr>) -> Self {
        match connect_to {
            Some(address) => Self::At(peer.host.clone(), address),
            None if peer.is_loopback() => Self::Loopback,
            None => Self::Open,
        }
    }

    fn is_ipv6(&self) -> bool {
        matches!(self, Self::At(_, address) if address.is_ipv6())
    }
}

impl Default for LiveTransport {
    fn default() -> Self {
        Self::trusting(Roots::default())
    }
}

impl LiveTransport {
    /// Believes the platform's roots and, where a request names the address to connect to, `roots` too.
    #[must_use]
    pub fn trusting(roots: Roots) -> Self {
        let platform = CertificateCapture::new(Roots::default());
        Self { platform, given: CertificateCapture::new(roots), clients: Mutex::default() }
    }

    fn witness(&self, route: &Route) -> &Arc<CertificateCapture> {
        match route {
            Route::At(..) => &self.given,
            Route::Open | Route::Loopback => &self.platform,
        }
    }

    fn client(&self, route: &Route) -> Result<Client, String> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(route) {
            return Ok(client.clone());
        }
        let client = self.build(route)?;
        clients.insert(route.clone(), client.clone());
        Ok(client)
    }

    fn build(&self, route: &Route) -> Result<Client, String> {
        let mut tls = self.witness(route).client().map_err(|error| error.to_string())?;
        if let Route::At(..) = route {
            tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        }
        let builder = Client::builder()
            .tls_backend_preconfigured(tls)
            .tls_info(true)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .connect_timeout(CONNECT)
            .pool_idle_timeout(IDLE);
        let builder = match route {
            Route::Open => builder,
            Route::Loopback => builder.no_proxy(),
            Route::At(host, address) => builder.no_proxy().resolve(host, *address),
        };
        builder.build().map_err(|error| innermost(&error))
    }

    async fn exchange(&self, request: Request, peer: &Peer) -> Result<Response, SendError> {
        let route = Route::to(peer, request.connect_to);
        let client = self.client(&route).map_err(|reason| peer.refused(reason))?;
        let wanted = request.http.extensions().get::<BodyPrefix>().copied();
        let mut request =
            reqwest::Request::try_from(request.http).map_err(|error| peer.refused(innermost(&error)))?;
        if let Route::At(_, address) = &route {
            point_at(&mut request, peer, address.port());
        }
        let answer = client.execute(request).await.map_err(|error| self.failure(&error, peer, &route))?;
        read(answer, wanted).await.map_err(|reason| peer.lost(reason))
    }

    /// Whether the peer can have seen anything: not before the connection stood.
    fn failure(&self, error: &reqwest::Error, peer: &Peer, route: &Route) -> SendError {
        let reason = innermost(error);
        if error.is_dns() {
            SendError::Name { host: peer.host.clone(), reason }
        } else if !error.is_connect() {
            peer.lost(reason)
        } else if let Some(refusal) = chain(error).find_map(|error| error.downcast_ref()) {
            let certificate = self.witness(route).refused(&peer.host).and_then(|der| leaf::read(&der));
            SendError::Tls {
                peer: peer.to_string(),
                reason: certificate_capture::words(refusal),
                certificate,
            }
        } else if route.is_ipv6() && chain(error).any(is_without_network) {
            peer.refused(format!("this machine has no way to IPv6 addresses: {reason}"))
        } else {
            peer.refused(reason)
        }
    }
}

/// Whether the operating system found no network that leads to the address.
fn is_without_network(error: &(dyn Error + 'static)) -> bool {
    let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
    matches!(kind, Some(io::ErrorKind::NetworkUnreachable | io::ErrorKind::AddrNotAvailable))
}

#[async_trait]
impl Transport for LiveTransport {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        let peer = Peer::of(request.http.uri());
        let limit = request.timeout;
        let late = |_| peer.lost(format!("not done within {limit:?}"));
        tokio::time::timeout(limit, self.exchange(request, &peer)).await.map_err(late)?
    }
}

/// Whom a request is for.
struct Peer {
    host: String,
    port: u16,
}

impl Peer {
    fn of(uri: &http::Uri) -> Self {
        let usual = if uri.scheme_str() == Some("http") { 80 } else { 443 };
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_ascii_lowercase();
        Self { host, port: uri.port_u16().unwrap_or(usual) }
    }

    fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
    }

    fn refused(&self, reason: String) -> SendError {
        SendError::Refused { peer: self.to_string(), reason }
    }

    fn lost(&self, reason: String) -> SendError {
        SendError::Lost { peer: self.to_string(), reason }
    }
}

impl std::fmt::Display for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// A given address counts with its port, which reqwest takes from the URL; the peer is told the name it is asked by.
fn point_at(request: &mut reqwest::Request, peer: &Peer, port: u16) {
    let Ok(name) = HeaderValue::try_from(authority(request.url(), peer)) else { return };
    request.headers_mut().entry(HOST).or_insert(name);
    // Fails only for URLs without a host, which do not get this far.
    let _ = request.url_mut().set_port(Some(port));
}

fn authority(url: &Url, peer: &Peer) -> String {
    url.port().map_or_else(|| peer.host.clone(), |port| format!("{}:{port}", peer.host))
}

async fn read(mut answer: reqwest::Response, wanted: Option<BodyPrefix>) -> Result<Response, String> {
    let certificate =
        answer.extensions().get::<TlsInfo>().and_then(TlsInfo::peer_certificate).and_then(leaf::read);
    let mut body = Vec::new();
    let is_enough = |body: &Vec<u8>| wanted.is_some_and(|BodyPrefix(most)| body.len() >= most);
    while !is_enough(&body)
        && let Some(chunk) = answer.chunk().await.map_err(|error| innermost(&error))?
    {
        if body.len() + chunk.len() > LARGEST {
            return Err(format!("the answer is larger than {} MiB", LARGEST >> 20));
        }
        body.extend_from_slice(&chunk);
    }
    if let Some(BodyPrefix(most)) = wanted {
        body.truncate(most);
    }
    let mut http = http::Response::new(body);
    *http.status_mut() = answer.status();
    *http.version_mut() = answer.version();
    *http.headers_mut() = std::mem::take(answer.headers_mut());
    Ok(Response { http, certificate })
}

/// An error and what lies behind it, down into I/O errors, which hide what they wrap.
fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'e (dyn Error + 'static)| behind(*error))
}

fn behind<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

/// The last reason is the one a person can act on; the outer ones repeat the URL.
fn innermost(error: &(dyn Error + 'static)) -> String {
    chain(error).last().map_or_else(String::new, ToString::to_string)
}
