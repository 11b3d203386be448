//! A transport that holds everything that passes against the vendors' schemas.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use fabrik::net::{Ports, Request, Response, SendError, Transport};

use super::schemas::{Misfits, Vendor};

/// What is held against the schemas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// Requests and answers: both are ours.
    Both,
    /// Answers only: the requests are a recording's, or meant to be refused.
    Answers,
}

/// Everything that was seen and did not fit, whoever it passed through.
pub struct Inspector {
    clients: [Vendor; 2],
    seen: Mutex<Seen>,
}

/// What was seen.
#[derive(Debug, Default, Clone)]
pub struct Seen {
    pub requests: usize,
    pub answers: usize,
    pub misfits: Misfits,
    /// The requests of Fabrik's own, as "GET /path".
    pub own: Vec<String>,
}

struct Checked {
    inner: Arc<dyn Transport>,
    inspector: Arc<Inspector>,
    held: Held,
}

impl Inspector {
    pub fn new(clients: [Vendor; 2]) -> Arc<Self> {
        Arc::new(Self { clients, seen: Mutex::default() })
    }

    /// The same outside, looked at.
    pub fn over(self: &Arc<Self>, ports: &Ports, held: Held) -> Ports {
        let (inner, inspector) = (ports.transport.clone(), self.clone());
        Ports { transport: Arc::new(Checked { inner, inspector, held }), ..ports.clone() }
    }

    pub fn seen(&self) -> Seen {
        self.seen.lock().unwrap().clone()
    }

    /// Looks at one of Fabrik's own requests.
    pub fn request(&self, request: &http::Request<Vec<u8>>) {
        let Some(vendor) = self.vendor(request) else { return };
        let misfits = vendor.request(request);
        let mut seen = self.seen.lock().unwrap();
        seen.requests += 1;
        seen.own.push(format!("{} {}", request.method(), request.uri().path()));
        seen.misfits.extend(misfits);
    }

    fn answer(&self, request: &http::Request<Vec<u8>>, answer: &http::Response<Vec<u8>>) {
        let Some(vendor) = self.vendor(request) else { return };
        let misfits = vendor.answer(request.method().as_str(), request.uri().path(), answer);
        let mut seen = self.seen.lock().unwrap();
        seen.answers += 1;
        seen.misfits.extend(misfits);
    }

    fn vendor(&self, request: &http::Request<Vec<u8>>) -> Option<&Vendor> {
        self.clients.iter().find(|vendor| request.uri().host() == Some(vendor.host))
    }
}

#[async_trait]
impl Transport for Checked {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        if self.held == Held::Both {
            self.inspector.request(&request.http);
        }
        let asked = request.http.clone();
        let answer = self.inner.send(request).await?;
        self.inspector.answer(&asked, &answer.http);
        Ok(answer)
    }
}
