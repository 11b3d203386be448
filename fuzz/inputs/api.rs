//! An API that answers what it is told to, whatever it is asked; its clock moves when somebody sleeps.
//!
//! The bytes of a door are replies, divided by lines of `%%`. A reply's first line is its status, and after a space
//! it may have a header; the rest is its body. After the last reply the first comes again.

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use fabrik::net::{
    Answer, Clock, Ports, Question, Request, ResolveError, Resolver, Response, SendError, Transport,
};
use fabrik::providers::{ReadError, WriteRequest, outcome};
use jiff::Timestamp;
use serde_json::Value;

/// What no answer may make a reader say: it is in every request.
pub const TOKEN: &str = "token-that-is-never-told";

/// More replies make it slower and show nothing new.
const REPLIES: usize = 8;

/// One reply: its status, a header, its body.
type Reply = (u16, Option<(String, String)>, Vec<u8>);

/// The replies of an API.
pub struct Api {
    replies: Vec<Reply>,
    asked: AtomicUsize,
    passed: Mutex<Duration>,
}

impl Api {
    pub fn read(data: &[u8]) -> Arc<Self> {
        // A fuzzer sees what is compared, and soon says it itself.
        let data = if holds_token(data) { b"" } else { data };
        let mut replies = vec![Vec::new()];
        for line in data.split_inclusive(|byte| *byte == b'\n') {
            match (line.strip_suffix(b"\n").unwrap_or(line), replies.last_mut()) {
                (b"%%", _) | (_, None) => replies.push(Vec::new()),
                (_, Some(last)) => last.extend_from_slice(line),
            }
        }
        let replies = replies.into_iter().take(REPLIES).map(reply).collect();
        Arc::new(Self { replies, asked: AtomicUsize::new(0), passed: Mutex::default() })
    }

    /// From the first reply on.
    pub fn ports(self: &Arc<Self>) -> Ports {
        self.asked.store(0, Ordering::Relaxed);
        Ports { transport: self.clone(), resolver: self.clone(), clock: self.clone() }
    }

    /// How many requests a read may take: each reply some times, for as long as patience lasts.
    fn enough(&self) -> usize {
        100 + 30 * self.replies.len()
    }

    /// The bodies that are JSON.
    pub fn bodies(&self) -> impl Iterator<Item = Value> {
        self.replies.iter().filter_map(|(_, _, body)| serde_json::from_slice(body).ok())
    }

    /// All replies, as answers to a write.
    pub fn sort(&self, call: &WriteRequest) {
        for reply in &self.replies {
            let sorted = outcome::classify(Ok(response(reply)), call.refusal);
            assert!(!format!("{sorted:?}").contains(TOKEN));
        }
    }
}

fn holds_token(data: &[u8]) -> bool {
    data.windows(TOKEN.len()).any(|window| window == TOKEN.as_bytes())
}

fn reply(text: Vec<u8>) -> Reply {
    let end = text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len());
    let head = String::from_utf8_lossy(&text[..end]).into_owned();
    let (status, header) = head.split_once(' ').map_or((head.as_str(), None), |(it, rest)| (it, Some(rest)));
    match status.parse::<u16>() {
        Ok(status @ 200..=599) => {
            let header = header.and_then(|header| header.split_once(": "));
            let header = header.map(|(name, value)| (name.to_owned(), value.to_owned()));
            (status, header, text[(end + 1).min(text.len())..].to_vec())
        }
        _ => (200, None, text),
    }
}

fn response((status, header, body): &Reply) -> Response {
    let mut http = http::Response::new(body.clone());
    *http.status_mut() = http::StatusCode::from_u16(*status).expect("from 200 to 599");
    if let Some((name, value)) = header
        && let (Ok(name), Ok(value)) = (name.parse::<http::HeaderName>(), http::HeaderValue::from_str(value))
    {
        http.headers_mut().insert(name, value);
    }
    Response { http, certificate: None }
}

#[async_trait]
impl Transport for Api {
    async fn send(&self, _: Request) -> Result<Response, SendError> {
        let at = self.asked.fetch_add(1, Ordering::Relaxed);
        assert!(at < self.enough(), "it asks for ever");
        Ok(response(&self.replies[at % self.replies.len()]))
    }
}

#[async_trait]
impl Resolver for Api {
    async fn ask(&self, _: &Question) -> Result<Vec<Answer>, ResolveError> {
        Err(ResolveError::Nothing)
    }
}

#[async_trait]
impl Clock for Api {
    fn wall(&self) -> Timestamp {
        let noon = Timestamp::from_second(1_800_000_000).expect("2027 is in range");
        noon + jiff::SignedDuration::try_from(self.boot()).expect("a read lasts hours at most")
    }

    fn boot(&self) -> Duration {
        *self.passed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn sleep(&self, duration: Duration) {
        *self.passed.lock().unwrap_or_else(PoisonError::into_inner) += duration;
    }
}

/// Runs to its end what never has to wait.
pub fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    // A read that failed gives way to others before it is sent again.
    for _ in 0..1000 {
        if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return done;
        }
    }
    panic!("it waits for something that is not there")
}

/// What was read; trouble is told in words, and never with the token.
pub fn told<T>(read: Result<T, ReadError>) -> Option<T> {
    match read {
        Ok(read) => Some(read),
        Err(trouble) => {
            let words = format!("{trouble} {trouble:?}");
            assert!(!trouble.to_string().is_empty() && !words.contains(TOKEN), "{words}");
            None
        }
    }
}
