//! What is wrong with a start that came to nothing, as far as it can be seen, and what to do about it.
//!
//! Coolify's API gives no reason for a service, so the cause is told from the container, its log and the answers.

use serde_json::Value;

use super::container_log::Whose;
use crate::plan::ResolvedSpec;
use crate::providers::coolify::lifecycle::ContainerState;
use crate::spec::Source;
use crate::verify::Seen;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Symptom {
    /// The old container runs on.
    OldVersion,
    NoContainer,
    /// Its container ends soon after each start.
    CrashLoop,
    /// It runs, and the proxy does not reach it.
    Unreached,
    /// It runs, and is not well.
    Unhealthy,
    /// Nothing can be seen of it.
    Unseen,
}

/// What an app's image comes from.
enum Origin {
    Built(String),
    /// It is pulled under this name.
    Pulled(String),
}

impl Symptom {
    /// What is wrong with an app whose container and status are these, and whose last look came to `seen`.
    pub(crate) fn of(container: &ContainerState, whose: Whose, status: &str, seen: Option<Seen>) -> Self {
        let restarts = ["restarting", "degraded"].iter().any(|word| status.starts_with(word));
        match container {
            _ if seen == Some(Seen::Outdated) || whose == Whose::Old => Self::OldVersion,
            ContainerState::None => Self::NoContainer,
            ContainerState::Stopped => Self::CrashLoop,
            _ if seen == Some(Seen::Unreached) => Self::Unreached,
            _ if restarts => Self::CrashLoop,
            ContainerState::Running(_) => Self::Unhealthy,
            ContainerState::Unknown(_) => Self::Unseen,
        }
    }

    /// What to do about it.
    pub(crate) fn hint(self, resolved: &ResolvedSpec) -> String {
        match self {
            Self::OldVersion => origin(resolved).hint(),
            Self::NoContainer => format!(
                "{}; else Docker could not start it: a port or a name that is taken, or no free network left",
                origin(resolved).hint()
            ),
            Self::CrashLoop => {
                "it ends soon after each start: run it with the same variables elsewhere and read what it says"
                    .to_owned()
            }
            Self::Unreached => {
                let port = resolved.artifact.port.unwrap_or(80);
                format!(
                    "does it listen on port {port}, at 0.0.0.0 and not at 127.0.0.1 alone? `port` names another one"
                )
            }
            Self::Unhealthy if resolved.spec.domains.is_empty() => "read its log".to_owned(),
            Self::Unhealthy => {
                "read its log; `health.path` and `health.status` say what is asked for and what is wanted"
                    .to_owned()
            }
            Self::Unseen => "look at it there".to_owned(),
        }
    }
}

/// What to do about a deployment that failed, whose record has a log.
pub(crate) fn not_deployed(resolved: &ResolvedSpec) -> String {
    match origin(resolved) {
        Origin::Pulled(image) => {
            format!(
                "the log says why: may the server pull image `{image}`, and does it start? fix it, then apply again"
            )
        }
        Origin::Built(_) => "the log says why; fix it, then apply again".to_owned(),
    }
}

impl Origin {
    fn hint(&self) -> String {
        match self {
            Self::Built(what) => format!("does it build? `docker build {what}` shows why not"),
            Self::Pulled(image) => {
                format!(
                    "is there an image `{image}`, and may the server pull it? `docker pull {image}` there tells"
                )
            }
        }
    }
}

fn origin(resolved: &ResolvedSpec) -> Origin {
    match &resolved.spec.source {
        Source::Template { folder, .. } | Source::Folder { folder } => {
            Origin::Built(folder.display().to_string())
        }
        Source::Image { reference } => Origin::Pulled(reference.clone()),
        Source::Git(git) => Origin::Built(git.repository.clone()),
        Source::Compose { .. } => {
            let compose: Value = serde_json::from_str(&resolved.artifact.compose).unwrap_or_default();
            let service = &compose["services"][&resolved.artifact.main];
            match service["image"].as_str().filter(|_| service.get("build").is_none()) {
                Some(image) => Origin::Pulled(image.to_owned()),
                None => Origin::Built(".".to_owned()),
            }
        }
    }
}
