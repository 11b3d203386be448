//! Drift: how what is there differs from what the last release left.
//!
//! The journal is right about what was deployed, the API about what is there; which of them is wanted is the
//! user's to say. What the token may not see is said to be unseen.

use machine::plan::Action;
use machine::receipt::{Attributes, ResourceState};
use machine::step::Step;

use super::find::find;
use super::observed::{ObservedApp, ObservedEnv};
use super::{Blocker, Release};
use crate::providers::coolify::storages::Mount;
use crate::providers::{Clients, Provider, RemoteObject, ResourceNames};
use crate::secrets::FingerprintKey;

/// What a look at a release comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DriftReport {
    /// What is not as it was left.
    pub drifts: Vec<Drift>,
    /// What could not be compared, and why.
    pub unseen: Vec<String>,
}

/// One resource that is not as it was left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    pub resource: Step,
    /// How people call it.
    pub what: String,
    /// How it differs.
    pub how: How,
}

/// How a resource differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    Gone,
    /// Its ownership tag was changed or removed.
    Unmarked,
    /// Some of its fields have moved.
    Moved(Vec<Moved>),
}

/// One field that has moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    pub field: String,
    pub deployed: String,
    /// As it is now.
    pub there: String,
}

/// Looks at each resource of `release`; changes nothing. Values are compared with `key`, where there is one.
///
/// # Errors
/// [`Blocker`] when an API cannot be asked, or is not the one that the release is at.
pub async fn drift(
    clients: &Clients,
    release: &Release,
    key: Option<&FingerprintKey>,
) -> Result<DriftReport, Blocker> {
    let (plan, mut report) = (release.plan(), DriftReport::default());
    let names = ResourceNames::of(plan);
    for (record, receipt) in release.records() {
        if !matches!(record.desired.action, Action::Delete { .. }) {
            report.drifts.extend(of_thing(&clients.records(record, receipt.step), &receipt).await?);
        }
    }
    let projects = clients.projects(&plan.target, &names);
    let Some(project) = release.receipt(Step::Project) else { return Ok(report) };
    report.drifts.extend(of_thing(&projects, project).await?);
    let apps = clients.app(&plan.target, &names, &project.id, &plan.app.attributes, "");
    let Some(app) = release.receipt(Step::App) else { return Ok(report) };
    let of_app = of_thing(apps.as_ref(), app).await?;
    if of_app.as_ref().is_none_or(|drift| drift.how != How::Gone) {
        let observed = ObservedApp::read(&clients.coolify, release, &app.id, key).await?;
        report.drifts.extend(of_observed(&apps.describe(), &observed));
        report.drifts.extend(of_volumes(clients, release, app).await?);
        report.unseen = observed.unseen;
    }
    report.drifts.extend(of_app);
    Ok(report)
}

fn of_observed(app: &str, observed: &ObservedApp) -> Vec<Drift> {
    let stopped = observed.stopped.iter().map(|what| field(what, "running", "stopped"));
    let text = observed.compose.iter().map(|it| field(&it.path, "as sent", &it.how.to_string()));
    let envs = observed.envs.iter().filter_map(|(key, found)| match found {
        ObservedEnv::AsSet => None,
        ObservedEnv::Changed => Some(field(key, "as set", "another value")),
        ObservedEnv::Missing => Some(field(key, "set", "not set")),
    });
    let groups: [(Step, String, Vec<Moved>); 3] = [
        (Step::Deploy, app.to_owned(), stopped.collect()),
        (Step::App, "its compose text".to_owned(), text.collect()),
        (Step::Envs, "its variables".to_owned(), envs.collect()),
    ];
    let moved = groups.into_iter().filter(|(.., moved)| !moved.is_empty());
    moved.map(|(resource, what, moved)| Drift { resource, what, how: How::Moved(moved) }).collect()
}

fn field(name: &str, deployed: &str, there: &str) -> Moved {
    Moved { field: name.to_owned(), deployed: deployed.to_owned(), there: there.to_owned() }
}

async fn of_thing(provider: &dyn Provider, receipt: &ResourceState) -> Result<Option<Drift>, Blocker> {
    let drift = |how| Some(Drift { resource: receipt.step.resource(), what: provider.describe(), how });
    let Some(object) = find(provider, receipt).await? else { return Ok(drift(How::Gone)) };
    if object.tag != receipt.tag {
        return Ok(drift(How::Unmarked));
    }
    let moved = moved(&object, &receipt.attributes);
    Ok(if moved.is_empty() { None } else { drift(How::Moved(moved)) })
}

fn moved(object: &RemoteObject, deployed: &Attributes) -> Vec<Moved> {
    let field = |name: &str| Moved {
        field: name.to_owned(),
        deployed: deployed.get(name).cloned().unwrap_or_default(),
        there: object.fields.get(name).cloned().unwrap_or_default(),
    };
    object.differences(deployed).into_iter().map(field).collect()
}

async fn of_volumes(
    clients: &Clients,
    release: &Release,
    app: &ResourceState,
) -> Result<Option<Drift>, Blocker> {
    let mounts = Mount::all(&release.plan().app.attributes);
    if mounts.is_empty() {
        return Ok(None);
    }
    let rows = clients.coolify.storages(&app.id).await?;
    let gone = mounts.iter().filter(|mount| rows.iter().all(|row| !mount.is(row, &app.id)));
    let moved: Vec<Moved> = gone
        .map(|Mount { name, path }| Moved {
            field: name.clone(),
            deployed: format!("at {path}"),
            there: "not mounted".to_owned(),
        })
        .collect();
    let what = "its volumes".to_owned();
    Ok((!moved.is_empty()).then_some(Drift { resource: Step::Volumes, what, how: How::Moved(moved) }))
}
