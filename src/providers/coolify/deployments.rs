//! Deployments: the record that each start of an application leaves. Services have none.
//!
//! The answer to a trigger is only a receipt: Coolify answers 200 with a uuid that it never stored when the same
//! commit is queued already, and where its queue is full (4.3.11, observed). Which deployment is ours is judged by
//! [`judge`] from what the lists say.

use http::Method;
use serde_json::Value;

use super::{COOLIFY, Coolify, text, unreadable};
use crate::providers::ReadError;
use crate::providers::object::id;
use crate::providers::request::WriteRequest;

/// How many of an application's newest deployments are asked for.
pub const TAKEN: usize = 10;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentRecord {
    pub uuid: String,
    /// Its number; a higher one is younger.
    pub number: u64,
    /// How far it is.
    pub status: Status,
    /// The commit it builds; `None` before it is looked up, and for an image.
    pub commit: Option<String>,
    /// Whether it was triggered over the API, and not by a push or a person.
    pub by_api: bool,
    /// What it wrote for people, line by line; `None` where the token may not see it.
    pub log: Option<Vec<String>>,
}

/// How far a deployment is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Waiting for another one.
    Queued,
    /// Handed to a worker.
    InProgress,
    /// Over, and the new container was started. Necessary, never sufficient: it may crash the next moment.
    Finished,
    /// Over; the old container runs on.
    Failed,
    /// Somebody cancelled it.
    Cancelled,
    /// A word this version does not know.
    Other(String),
}

impl Status {
    fn parse(text: &str) -> Self {
        match text {
            "queued" => Self::Queued,
            "in_progress" => Self::InProgress,
            "finished" => Self::Finished,
            "failed" => Self::Failed,
            "cancelled-by-user" => Self::Cancelled,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Whether it will never change again; an unknown word is not taken for an end.
    pub fn is_over(&self) -> bool {
        match self {
            Self::Finished | Self::Failed | Self::Cancelled => true,
            Self::Queued | Self::InProgress | Self::Other(_) => false,
        }
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Queued => "queued",
            Self::InProgress => "in progress",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Other(word) => word,
        })
    }
}

impl DeploymentRecord {
    /// The last `count` lines of its log; `None` where the token may not see it.
    pub fn tail(&self, count: usize) -> Option<String> {
        let lines = self.log.as_ref()?;
        Some(lines[lines.len().saturating_sub(count)..].join("\n"))
    }
}

/// What the answer to a trigger says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// Queued under this uuid.
    Queued(String),
    /// Not queued, because one for the same commit is; a uuid given with it was never stored.
    AlreadyQueued,
    /// Not allowed, in Coolify's words.
    Denied(String),
    /// A service's start, which leaves no record.
    Unrecorded,
    /// Nothing about this app.
    Silent,
}

/// Reads the answer to a trigger of the app with this uuid.
pub fn trigger(answer: &Value, app: &str) -> Trigger {
    let entries = answer["deployments"].as_array().into_iter().flatten();
    let Some(entry) = entries.into_iter().find(|entry| entry["resource_uuid"] == app) else {
        return Trigger::Silent;
    };
    let message = text(entry, "message");
    match id(&entry["deployment_uuid"]) {
        _ if message.contains("already queued") => Trigger::AlreadyQueued,
        _ if message.starts_with("Unauthorized") => Trigger::Denied(message),
        Some(uuid) => Trigger::Queued(uuid.to_owned()),
        None => Trigger::Unrecorded,
    }
}

/// Which deployment to follow after a trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeploymentVerdict {
    /// This one is ours.
    Follow(String),
    /// This one is older than the trigger and still under way, so it may be made for what was there before: once
    /// it is over, trigger again.
    WaitFor(String),
    /// There is none: trigger again.
    Lost,
    /// Coolify will not have it.
    Denied(String),
}

/// Judges what came of a trigger.
///
/// `before` is the number of the newest deployment ahead of it, `answer` what came back (`None` where none did),
/// `now` the application's deployments read afterwards, newest first.
pub fn judge(before: Option<u64>, answer: Option<&Trigger>, now: &[DeploymentRecord]) -> DeploymentVerdict {
    let mut younger = now.iter().filter(|it| before.is_none_or(|before| it.number > before));
    let told = match answer {
        Some(Trigger::Denied(message)) => return DeploymentVerdict::Denied(message.clone()),
        Some(Trigger::Queued(uuid)) => now.iter().find(|it| it.uuid == *uuid),
        Some(Trigger::AlreadyQueued | Trigger::Unrecorded | Trigger::Silent) | None => None,
    };
    // An answer that was lost, or a uuid that leads nowhere: the newest since then is ours.
    if let Some(ours) = told.or_else(|| younger.find(|it| it.by_api)) {
        return DeploymentVerdict::Follow(ours.uuid.clone());
    }
    match now.iter().find(|it| !it.status.is_over()) {
        Some(older) if answer == Some(&Trigger::AlreadyQueued) => {
            DeploymentVerdict::WaitFor(older.uuid.clone())
        }
        _ => DeploymentVerdict::Lost,
    }
}

impl Coolify {
    /// The deployment with this uuid; `None` for a 404.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn deployment(&self, uuid: &str) -> Result<Option<DeploymentRecord>, ReadError> {
        let path = format!("/deployments/{uuid}");
        let Some(item) = self.read(&path).await? else { return Ok(None) };
        let read = deployment(&item).filter(|read| read.uuid == uuid);
        read.map(Some).ok_or_else(|| unreadable(&path))
    }

    /// The deployments of `application`, newest first, the last ten of them; none for a 404.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn deployments(&self, application: &str) -> Result<Vec<DeploymentRecord>, ReadError> {
        let path = format!("/deployments/applications/{application}?skip=0&take={TAKEN}");
        let Some(body) = self.read(&path).await? else { return Ok(Vec::new()) };
        let items = body["deployments"].as_array().ok_or_else(|| unreadable(&path))?;
        let read: Option<Vec<DeploymentRecord>> = items.iter().map(deployment).collect();
        // A list that shows fewer than it counts may lack the newest.
        let counted = body["count"].as_u64().map_or(0, |count| count.min(TAKEN as u64));
        let mut read = read.filter(|read| read.len() as u64 >= counted).ok_or_else(|| unreadable(&path))?;
        read.sort_by_key(|it| std::cmp::Reverse(it.number));
        Ok(read)
    }

    /// The newest deployment of `application`.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn newest(&self, application: &str) -> Result<Option<DeploymentRecord>, ReadError> {
        Ok(self.deployments(application).await?.into_iter().next())
    }

    /// The request that cancels a deployment; refused for one that is over.
    pub fn cancel(&self, deployment: &str) -> WriteRequest {
        let path = format!("/deployments/{deployment}/cancel");
        self.write(Method::POST, &path, &Value::Null, COOLIFY)
    }
}

fn deployment(item: &Value) -> Option<DeploymentRecord> {
    Some(DeploymentRecord {
        uuid: id(&item["deployment_uuid"])?.to_owned(),
        number: item["id"].as_u64()?,
        status: Status::parse(&text(item, "status")),
        commit: item["commit"].as_str().filter(|commit| is_commit(commit)).map(str::to_owned),
        by_api: item["is_api"].as_bool().unwrap_or(true),
        log: log(item),
    })
}

// `HEAD` until the worker has looked it up (Coolify API, deployments).
fn is_commit(text: &str) -> bool {
    text.len() >= 7 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

// The log is JSON inside a string, null before the first line, and absent without `read:sensitive`.
fn log(item: &Value) -> Option<Vec<String>> {
    let Value::String(text) = item.get("logs")? else { return Some(Vec::new()) };
    let entries: Vec<Value> = serde_json::from_str(text).unwrap_or_default();
    let shown = entries.iter().filter(|entry| entry["hidden"] != true);
    let lines = shown.filter_map(|entry| entry["output"].as_str()).flat_map(str::lines);
    Some(lines.map(str::to_owned).collect())
}
