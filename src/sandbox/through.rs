//! The three ports into a sandbox that another process serves.
//!
//! Same answers as in-process. The simulated clock is known from the last answer; it moves on only when
//! somebody sleeps or a request times out, so between two requests of one program that is the truth.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::ask::Ask;
use super::clock::Time;
use super::command::WorldCommand;
use super::remote_hook;
use crate::net::{
    Answer, Clock, Ports, Question, Request, ResolveError, Resolver, Response, SendError, Transport,
};

/// How long a call about the sandbox itself may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A sandbox behind a URL.
pub struct Through {
    url: String,
    inner: Arc<dyn Transport>,
    time: Mutex<Time>,
}

impl Through {
    /// Reaches the sandbox at `url` by way of `inner`, and learns its time.
    ///
    /// # Errors
    /// [`SendError`] when nothing answers there, or something else than a sandbox.
    pub async fn connect(url: &str, inner: Arc<dyn Transport>) -> Result<Self, SendError> {
        let time = Mutex::new(Time::starting(Timestamp::UNIX_EPOCH));
        let through = Self { url: url.trim_end_matches('/').to_owned(), inner, time };
        let time = through.own("GET", "clock", None).await?;
        through.keep(time);
        Ok(through)
    }

    /// The three ports.
    pub fn ports(self) -> Ports {
        let ports = Arc::new(self);
        Ports { transport: ports.clone(), resolver: ports.clone(), clock: ports }
    }

    /// The id of the world there.
    ///
    /// # Errors
    /// [`SendError`] when nothing answers.
    pub async fn world_id(&self) -> Result<String, SendError> {
        let world: Value = self.own("GET", "world", None).await?;
        Ok(world["id"].as_str().unwrap_or_default().to_owned())
    }

    /// What is in the world there, as text.
    ///
    /// # Errors
    /// [`SendError`] when nothing answers.
    pub async fn show(&self) -> Result<String, SendError> {
        let answer = self.call("GET", "show", None).await?;
        Ok(String::from_utf8_lossy(answer.http.body()).into_owned())
    }

    /// Has `command` carried out there.
    ///
    /// # Errors
    /// [`SendError`] when nothing answers, or the world there cannot be kept.
    pub async fn command(&self, command: &WorldCommand) -> Result<(), SendError> {
        self.own("POST", "command", Some(json!(command))).await
    }

    /// Tells the gate of a point of the program's own, and waits there while it is held.
    ///
    /// # Errors
    /// [`SendError`] when nothing answers.
    pub async fn gate(&self, side: super::Side, what: &str) -> Result<(), SendError> {
        let _: Value = self.own("POST", "gate", Some(json!({"side": side, "what": what}))).await?;
        Ok(())
    }

    /// A call about the sandbox itself.
    async fn own<T: DeserializeOwned>(
        &self,
        method: &str,
        what: &str,
        body: Option<Value>,
    ) -> Result<T, SendError> {
        let response = self.call(method, what, body).await?;
        let lost = |reason: String| SendError::Lost { peer: self.url.clone(), reason };
        serde_json::from_slice(response.http.body()).map_err(|error| lost(format!("not a sandbox: {error}")))
    }

    async fn call(&self, method: &str, what: &str, body: Option<Value>) -> Result<Response, SendError> {
        let lost = |reason: String| SendError::Lost { peer: self.url.clone(), reason };
        let uri = format!("{}/sandbox/{what}", self.url);
        let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let http =
            http::Request::builder().method(method).uri(uri).header("content-type", "application/json");
        let http = http.body(body).map_err(|error| lost(error.to_string()))?;
        self.inner.send(Request { http, timeout: PATIENCE, connect_to: None }).await
    }

    /// Other processes may sleep too, so the later one is right.
    fn keep(&self, time: Time) {
        let mut known = self.time.lock().unwrap_or_else(PoisonError::into_inner);
        if time.boot_ms >= known.boot_ms || known.wall == Timestamp::UNIX_EPOCH {
            *known = time;
        }
    }

    fn time(&self) -> Time {
        *self.time.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Transport for Through {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        let ask = Ask::of(&request);
        let response = self.inner.send(remote_hook::sending(&self.url, &ask, request)?).await?;
        let (result, time) = remote_hook::told(&ask, response);
        if let Some(time) = time {
            self.keep(time);
        }
        result
    }
}

#[async_trait]
impl Resolver for Through {
    async fn ask(&self, question: &Question) -> Result<Vec<Answer>, ResolveError> {
        let answered = self.own("POST", "dns", Some(json!(question))).await;
        answered.unwrap_or_else(|error| Err(ResolveError::Unanswered(error.to_string())))
    }
}

#[async_trait]
impl Clock for Through {
    fn wall(&self) -> Timestamp {
        self.time().wall
    }

    fn boot(&self) -> Duration {
        Duration::from_millis(self.time().boot_ms)
    }

    async fn sleep(&self, duration: Duration) {
        let ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        match self.own("POST", "sleep", Some(json!({"ms": ms}))).await {
            Ok(time) => self.keep(time),
            Err(error) => {
                // Nobody moves the simulated clock any more. A loop that waits must not spin.
                tracing::warn!(%error, "the sandbox does not answer");
                tokio::time::sleep(duration.min(Duration::from_secs(1))).await;
            }
        }
    }
}
