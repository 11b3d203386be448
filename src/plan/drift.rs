//! Drift: how what is there differs from what the last release left.
//!
//! The journal is right about what was deployed, the API about what is there; which of them is wanted is the
//! user's to say. What an API does not show (the compose text, a variable's value) is not compared.

use machine::plan::Action;
use machine::receipt::{Fields, Receipt};
use machine::step::Step;

use super::again::find;
use super::{Obstacle, Release};
use crate::providers::coolify::Resource;
use crate::providers::coolify::storages::Mount;
use crate::providers::{Names, Object, Provider, Vendors};

/// One thing that is not as it was left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// The thing.
    pub thing: Step,
    /// How people call it.
    pub what: String,
    /// How it differs.
    pub how: How,
}

/// How a thing differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// It is gone.
    Gone,
    /// Somebody else has made it theirs: our mark is no longer on it.
    Unmarked,
    /// Some of its fields have moved.
    Moved(Vec<Moved>),
}

/// One field that has moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The field.
    pub field: String,
    /// As it was deployed.
    pub deployed: String,
    /// As it is now.
    pub there: String,
}

/// Looks at each thing of `release`; changes nothing.
///
/// # Errors
/// [`Obstacle`] when an API cannot be asked, or is not the one that the release is at.
pub async fn drift(vendors: &Vendors, release: &Release) -> Result<Vec<Drift>, Obstacle> {
    let (plan, mut drifts) = (release.plan(), Vec::new());
    let names = Names::of(plan);
    for (record, receipt) in release.records() {
        if !matches!(record.wish.action, Action::Drop { .. }) {
            drifts.extend(of_thing(&vendors.records(record, receipt.step), &receipt).await?);
        }
    }
    let projects = vendors.projects(&plan.place, &names);
    let Some(project) = release.receipt(Step::Project) else { return Ok(drifts) };
    drifts.extend(of_thing(&projects, project).await?);
    let apps = vendors.app(&plan.place, &names, &project.id, &plan.app.fields, "");
    let Some(app) = release.receipt(Step::App) else { return Ok(drifts) };
    let of_app = of_thing(apps.as_ref(), app).await?;
    if of_app.as_ref().is_none_or(|drift| drift.how != How::Gone) {
        drifts.extend(of_variables(vendors, release, app).await?);
        drifts.extend(of_volumes(vendors, release, app).await?);
    }
    drifts.extend(of_app);
    Ok(drifts)
}

async fn of_thing(provider: &dyn Provider, receipt: &Receipt) -> Result<Option<Drift>, Obstacle> {
    let drift = |how| Some(Drift { thing: receipt.step.thing(), what: provider.describe(), how });
    let Some(object) = find(provider, receipt).await? else { return Ok(drift(How::Gone)) };
    if object.mark != receipt.mark {
        return Ok(drift(How::Unmarked));
    }
    let moved = moved(&object, &receipt.fields);
    Ok(if moved.is_empty() { None } else { drift(How::Moved(moved)) })
}

fn moved(object: &Object, deployed: &Fields) -> Vec<Moved> {
    let field = |name: &str| Moved {
        field: name.to_owned(),
        deployed: deployed.get(name).cloned().unwrap_or_default(),
        there: object.fields.get(name).cloned().unwrap_or_default(),
    };
    object.differences(deployed).into_iter().map(field).collect()
}

async fn of_volumes(vendors: &Vendors, release: &Release, app: &Receipt) -> Result<Option<Drift>, Obstacle> {
    let mounts = Mount::all(&release.plan().app.fields);
    if mounts.is_empty() {
        return Ok(None);
    }
    let rows = vendors.coolify.storages(&app.id).await?;
    let gone = mounts.iter().filter(|mount| rows.iter().all(|row| !mount.is(row, &app.id)));
    let moved: Vec<Moved> = gone
        .map(|Mount { name, path }| Moved {
            field: name.clone(),
            deployed: format!("at {path}"),
            there: "not mounted".to_owned(),
        })
        .collect();
    let what = "its volumes".to_owned();
    Ok((!moved.is_empty()).then_some(Drift { thing: Step::Volumes, what, how: How::Moved(moved) }))
}

async fn of_variables(
    vendors: &Vendors,
    release: &Release,
    app: &Receipt,
) -> Result<Option<Drift>, Obstacle> {
    let rows = vendors.coolify.env_rows(Resource::of(&release.plan().app.fields, &app.id)).await?;
    let (forms, there) = (release.forms(), |name: &String| rows.iter().any(|row| row.key == *name));
    let form = |key: &str| forms.get(key).cloned().unwrap_or_default();
    let gone = |key: &&str| !form(key).row_names(key).iter().all(there);
    let moved: Vec<Moved> = release
        .envs()
        .into_keys()
        .filter(gone)
        .map(|key| Moved { field: key.to_owned(), deployed: "set".to_owned(), there: "not set".to_owned() })
        .collect();
    let what = "its variables".to_owned();
    Ok((!moved.is_empty()).then_some(Drift { thing: Step::Envs, what, how: How::Moved(moved) }))
}
