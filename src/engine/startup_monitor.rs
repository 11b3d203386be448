//! Whether a start can still come to something, and what there is to show when it did not.

use std::time::Duration;

use async_trait::async_trait;
use machine::cause::Cause;
use machine::plan::Plan;
use machine::receipt::Receipt;

use super::Run;
use super::app::App;
use super::container_log::{ALL_LINES, Before, Whose};
use super::context::RunContext;
use super::phase_error::failed;
use super::symptom::Symptom;
use crate::providers::coolify::Resource;
use crate::providers::coolify::lifecycle::ContainerState;
use crate::verify::{GiveUp, GiveUpPolicy, Seen, Sighting, VerifyError};

/// For how long a start may show nothing before it is given up. A container is there within a minute of the
/// start's end, or never (Coolify 4.3.11, observed).
pub(crate) const NO_SIGN: Duration = Duration::from_secs(60);
/// How much of the new version's log is evidence.
const LOG_LINES: usize = 50;

/// What was seen up to a failure, besides what the checks say.
#[derive(Debug, Clone, Copy)]
pub struct Looked<'a> {
    /// What is known of the container before.
    pub before: Before<'a>,
    /// What the last look came to; none where nobody is asked.
    pub seen: Option<Seen>,
}

/// Watches the app's containers while it is being verified.
pub(crate) struct StartupMonitor<'a> {
    context: &'a RunContext,
    app: App<'a>,
    bleak_since: Option<Duration>,
    seen: Option<Seen>,
}

impl<'a> StartupMonitor<'a> {
    /// Watches `app`.
    pub(crate) fn new(context: &'a RunContext, app: App<'a>) -> Self {
        Self { context, app, bleak_since: None, seen: None }
    }

    /// What the last look came to.
    pub(crate) fn seen(&self) -> Option<Seen> {
        self.seen
    }

    async fn bleak(&self, after: &Sighting) -> Option<String> {
        let status = self.app.status().await.ok()??;
        if status.starts_with("starting") {
            return None;
        }
        match self.app.container(1).await.ok()? {
            ContainerState::None => {
                Some("there is no container: the image did not build, or it could not start".to_owned())
            }
            ContainerState::Stopped => Some("its container does not stay up".to_owned()),
            ContainerState::Running(_) if after.seen == Seen::Outdated => Some(
                "the new version did not come up: its image did not build, or it could not start".to_owned(),
            ),
            ContainerState::Running(_) | ContainerState::Unknown(_) => None,
        }
    }
}

#[async_trait]
impl GiveUpPolicy for StartupMonitor<'_> {
    async fn lost(&mut self, after: &Sighting) -> Option<GiveUp> {
        self.seen = Some(after.seen);
        if self.context.cancel.is_asked() {
            return Some(GiveUp::Cancelled);
        }
        if after.seen == Seen::Well {
            self.bleak_since = None;
            return None;
        }
        let Some(reason) = self.bleak(after).await else {
            self.bleak_since = None;
            return None;
        };
        let now = self.context.time();
        let since = *self.bleak_since.get_or_insert(now);
        (now.saturating_sub(since) >= NO_SIGN).then_some(GiveUp::Hopeless(reason))
    }
}

impl Run {
    /// Why the new version is not there, with everything that can be shown about it.
    pub async fn not_proven(
        &self,
        plan: &Plan,
        app: &Receipt,
        looked: Looked<'_>,
        not: &VerifyError,
    ) -> Cause {
        let (VerifyError::TimedOut { evidence, .. } | VerifyError::Hopeless { evidence, .. }) = not else {
            return failed(not.to_string(), "");
        };
        let cause = self.not_well(plan, app, looked, &not.to_string(), evidence.clone()).await;
        match not {
            VerifyError::TimedOut { hint: Some(hint), .. } => Cause { hint: hint.clone(), ..cause },
            VerifyError::TimedOut { .. } | VerifyError::Hopeless { .. } | VerifyError::Cancelled { .. } => {
                cause
            }
        }
    }

    /// What is wrong, with what Coolify has to say about it.
    pub async fn not_well(
        &self,
        plan: &Plan,
        app: &Receipt,
        looked: Looked<'_>,
        what: &str,
        evidence: Vec<String>,
    ) -> Cause {
        let there = App::of(&self.clients.coolify, plan, app);
        let status = there.status().await.ok().flatten();
        let container = match there.container(ALL_LINES).await {
            Ok(container) => container,
            Err(trouble) => ContainerState::Unknown(trouble.to_string()),
        };
        let whose = match (&container, looked.seen) {
            (_, Some(Seen::Outdated)) => Whose::Old,
            (ContainerState::Running(lines), _) => looked.before.whose(lines),
            _ => Whose::Unknown,
        };
        let symptom = Symptom::of(&container, whose, status.as_deref().unwrap_or_default(), looked.seen);
        let silence = match there.resource {
            Resource::Service(_) => "Coolify's API gives no build output for services: ",
            Resource::Application(_) => "",
        };
        let project = plan.project.attributes.get("name").cloned().unwrap_or_default();
        let see = format!("{silence}see project {project} at {}", plan.target.coolify);
        let mut cause = failed(what, format!("{}; {see}", symptom.hint(&self.resolved)));
        cause.evidence = evidence;
        cause.evidence.extend(status.map(|status| format!("status at Coolify: {status}")));
        cause.evidence.push(log(&container, whose));
        cause
    }
}

// Whatever the old version wrote would lead astray.
fn log(container: &ContainerState, whose: Whose) -> String {
    match container {
        ContainerState::Running(_) if whose == Whose::Old => {
            "the new version has no log: the container that runs is the old one".to_owned()
        }
        ContainerState::Running(_) if whose == Whose::Unknown => {
            "no log is shown: whether the container that runs is the new one cannot be told".to_owned()
        }
        ContainerState::Running(lines) if lines.trim().is_empty() => "its log is empty".to_owned(),
        ContainerState::Running(lines) => {
            let lines: Vec<&str> = lines.trim_end().lines().collect();
            format!("its log ends:\n{}", lines[lines.len().saturating_sub(LOG_LINES)..].join("\n"))
        }
        ContainerState::Stopped => "it has no log now: its container does not stay up".to_owned(),
        ContainerState::None => "it has no log: there is no container".to_owned(),
        ContainerState::Unknown(reason) => format!("its log could not be read: {reason}"),
    }
}
