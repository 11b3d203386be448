//! Whether a start can still come to something, and what there is to show when it did not.

use std::time::Duration;

use async_trait::async_trait;
use machine::cause::Cause;
use machine::plan::Plan;
use machine::receipt::Receipt;

use super::Runner;
use super::app::App;
use super::halt::failed;
use super::work::Work;
use crate::providers::coolify::Resource;
use crate::providers::coolify::starts::Container;
use crate::verify::{NotProven, Patience, Seen, Sighting, Stop};

/// For how long a start may show nothing before it is given up. A container is there within a minute of the
/// start's end, or never (Coolify 4.3.11, observed).
const NO_SIGN: Duration = Duration::from_secs(60);
const LOG_LINES: u32 = 50;

/// Watches the app's containers while it is being verified.
pub struct Prospect<'a> {
    work: &'a Work,
    app: App<'a>,
    bleak_since: Option<Duration>,
}

impl<'a> Prospect<'a> {
    /// Watches `app`.
    pub fn new(work: &'a Work, app: App<'a>) -> Self {
        Self { work, app, bleak_since: None }
    }

    async fn bleak(&self, after: &Sighting) -> Option<String> {
        let status = self.app.status().await.ok()??;
        if status.starts_with("starting") {
            return None;
        }
        match self.app.container(1).await.ok()? {
            Container::None => {
                Some("there is no container: the image did not build, or it could not start".to_owned())
            }
            Container::Stopped => Some("its container does not stay up".to_owned()),
            Container::Running(_) if after.seen == Seen::Outdated => Some(
                "the new version did not come up: its image did not build, or it could not start".to_owned(),
            ),
            Container::Running(_) | Container::Unknown(_) => None,
        }
    }
}

#[async_trait]
impl Patience for Prospect<'_> {
    async fn lost(&mut self, after: &Sighting) -> Option<Stop> {
        if self.work.cancel.is_asked() {
            return Some(Stop::Cancelled);
        }
        if after.seen == Seen::Well {
            self.bleak_since = None;
            return None;
        }
        let Some(reason) = self.bleak(after).await else {
            self.bleak_since = None;
            return None;
        };
        let now = self.work.time();
        let since = *self.bleak_since.get_or_insert(now);
        (now.saturating_sub(since) >= NO_SIGN).then_some(Stop::Hopeless(reason))
    }
}

impl Runner {
    /// Why the new version is not there, with everything that can be shown about it.
    pub async fn not_proven(&self, plan: &Plan, app: &Receipt, not: &NotProven) -> Cause {
        let (NotProven::TimedOut { evidence, .. } | NotProven::Hopeless { evidence, .. }) = not else {
            return failed(not.to_string(), "");
        };
        let cause = self.not_well(plan, app, &not.to_string(), evidence.clone()).await;
        match not {
            NotProven::TimedOut { hint: Some(hint), .. } => Cause { hint: hint.clone(), ..cause },
            NotProven::TimedOut { .. } | NotProven::Hopeless { .. } | NotProven::Cancelled { .. } => cause,
        }
    }

    /// What is wrong, with what Coolify has to say about it.
    pub async fn not_well(&self, plan: &Plan, app: &Receipt, what: &str, evidence: Vec<String>) -> Cause {
        let project = plan.project.fields.get("name").cloned().unwrap_or_default();
        let there = App::of(&self.vendors.coolify, plan, app);
        let silence = match there.resource {
            Resource::Service(_) => "Coolify's API gives no build output for services: ",
            Resource::Application(_) => "",
        };
        let mut cause = failed(what, format!("{silence}see project {project} at {}", plan.place.coolify));
        cause.evidence = evidence;
        if let Ok(Some(status)) = there.status().await {
            cause.evidence.push(format!("status at Coolify: {status}"));
        }
        cause.evidence.push(log(there).await);
        cause
    }
}

async fn log(app: App<'_>) -> String {
    match app.container(LOG_LINES).await {
        Ok(Container::Running(lines)) if lines.trim().is_empty() => "its log is empty".to_owned(),
        Ok(Container::Running(lines)) => format!("its log ends:\n{}", lines.trim_end()),
        Ok(Container::Stopped) => "its container is stopped".to_owned(),
        Ok(Container::None) => "it has no container".to_owned(),
        Ok(Container::Unknown(reason)) => format!("its log could not be read: {reason}"),
        Err(trouble) => format!("its log could not be read: {trouble}"),
    }
}
