//! Drawing the plan: each thing as it should be, beside each thing as it is.

use std::collections::BTreeSet;

use machine::id::{JournalId, RunId};
use machine::mark::Mark;
use machine::plan::{Action, Base, EnvChange, EnvWish, Plan, RecordWish, Wish};
use machine::receipt::{Fields, How, Receipt};
use machine::step::Step;

use super::again::is_it;
use super::ask::{Ask, RELEASE};
use super::survey::Ground;
use super::{Obstacle, Pin, Release};
use crate::providers::coolify::Resource;
use crate::providers::{Names, Object, Provider, Vendors};

/// What is known of a thing of the app's own before looking.
pub struct Known {
    /// The last release's receipt for it.
    pub receipt: Option<Receipt>,
    /// Whether one that is somebody else's may be taken over.
    pub adopt: bool,
}

/// What a plan is drawn from.
pub struct Drawing<'a> {
    /// What is asked for.
    pub ask: &'a Ask,
    /// The run that will carry it out.
    pub run: &'a RunId,
    /// The journal it is written in.
    pub journal: &'a JournalId,
    /// Where.
    pub ground: &'a Ground,
    /// The app's last finished release.
    pub base: Option<&'a Release>,
    /// Whether the app is started anew even if nothing differs.
    pub force: bool,
}

impl Drawing<'_> {
    /// The whole plan: a wish for each thing, then the variables.
    ///
    /// # Errors
    /// [`Obstacle`]: the first thing in the way.
    pub async fn whole(&self, vendors: &Vendors) -> Result<Plan, Obstacle> {
        self.movable()?;
        let (place, names) = (&self.ground.place, self.names());
        let records = self.records(vendors).await?;
        let wanted = self.app(vendors).await?;
        self.changeable(&wanted)?;
        let project = self.shared(&vendors.projects(place, &names), &names.project).await?;
        let Action::Keep { id, .. } = &project.action else {
            let environment = wish([("name", &names.environment)]);
            let app = Wish { fields: wanted, action: Action::Create };
            let app = self.mounted(&vendors.coolify, app).await?;
            return self.plan(records, project, environment, (app, BTreeSet::new()));
        };
        let environments = vendors.environments(place, &names, id);
        let environment = self.shared(&environments, &names.environment).await?;
        let apps = vendors.app(place, &names, id, &wanted, "");
        let known = self.base.and_then(|base| base.receipt(Step::App)).cloned();
        let adopt = self.ask.spec.adopt.coolify;
        let app = self.own(apps.as_ref(), Known { receipt: known, adopt }, wanted).await?;
        let app = self.mounted(&vendors.coolify, app).await?;
        let set = match app.action.id() {
            Some(id) => vendors
                .coolify
                .env_rows(Resource::of(&app.fields, id))
                .await?
                .into_iter()
                .map(|row| row.key)
                .collect(),
            None => BTreeSet::new(),
        };
        self.plan(records, project, environment, (app, set))
    }

    fn names(&self) -> Names {
        let spec = &self.ask.spec;
        Names { project: spec.project.clone(), environment: spec.environment.clone(), app: spec.name.clone() }
    }

    fn movable(&self) -> Result<(), Obstacle> {
        let Some(base) = self.base else { return Ok(()) };
        if base.plan().place.server != self.ground.place.server {
            return Err(Obstacle::new(
                format!("the app runs on server `{}`, Coolify cannot move it", base.plan().place.server_name),
                format!(
                    "set `server: {}`, or roll back run {} first",
                    base.plan().place.server_name,
                    base.run().short()
                ),
            ));
        }
        Ok(())
    }

    /// The wish for a thing of ours alone: kept, changed or made; a stranger at its key is an obstacle.
    ///
    /// # Errors
    /// [`Obstacle`].
    pub async fn own(&self, provider: &dyn Provider, known: Known, fields: Fields) -> Result<Wish, Obstacle> {
        let there: Vec<Object> = provider.look().await?;
        let is_known = |object: &&Object| known.receipt.as_ref().is_some_and(|known| is_it(known, object));
        let mut strangers = there.iter().filter(|object| !is_known(object));
        if let Some(stranger) = strangers.next() {
            let alone = there.len() == 1 && stranger.mark.is_none();
            return if alone && known.adopt {
                same_kind(provider, stranger, &fields)?;
                changed(provider, &adopted(provider, stranger), stranger, fields)
            } else {
                Err(self.in_the_way(provider, stranger))
            };
        }
        let Some(receipt) = known.receipt else { return Ok(Wish { fields, action: Action::Create }) };
        let id = there.iter().find(|object| is_it(&receipt, object)).map_or(&receipt.id, |object| &object.id);
        let Some(object) = provider.get(id).await? else {
            provider.control().await?;
            return Ok(Wish { fields, action: Action::Create });
        };
        if object.mark != receipt.mark {
            return Err(Obstacle::new(
                format!(
                    "{} no longer carries this app's mark: somebody else has made it theirs",
                    provider.describe()
                ),
                "nothing of it was touched; remove it, or choose another name",
            ));
        }
        changed(provider, &receipt, &object, fields)
    }

    /// The wish for a thing that apps share: used where it is there, made where it is not.
    ///
    /// # Errors
    /// [`Obstacle`] when several are there.
    pub async fn shared(&self, provider: &dyn Provider, name: &str) -> Result<Wish, Obstacle> {
        let fields = fields([("name", name)]);
        let known = self.base.and_then(|base| base.receipt(provider.step()));
        let mut there = provider.look().await?;
        if let Some(ours) = there.iter().position(|object| known.is_some_and(|known| known.id == object.id)) {
            there = vec![there.swap_remove(ours)];
        }
        match there.as_slice() {
            [] => {
                provider.control().await?;
                Ok(Wish { fields, action: Action::Create })
            }
            [object] => {
                let action = Action::Keep { id: object.id.clone(), mark: object.mark.clone() };
                Ok(Wish { fields, action })
            }
            _ => Err(Obstacle::new(
                format!("Coolify has several of {}", provider.describe()),
                "their names are the only way to tell them: rename all but one, or set `project`",
            )),
        }
    }

    fn in_the_way(&self, provider: &dyn Provider, stranger: &Object) -> Obstacle {
        let what = provider.describe();
        match &stranger.mark {
            Some(Mark { run, journal, .. }) if journal == self.journal => Obstacle::new(
                format!("{what} is there already, left by run {} of this journal", run.short()),
                format!(
                    "`fabrik show {}` tells about it; remove it by hand if it is not needed",
                    run.short()
                ),
            ),
            Some(Mark { run, journal, .. }) => Obstacle::new(
                format!("{what} is there already, made by run {run} of another journal ({journal})"),
                "apply from where that journal is, or remove it by hand",
            ),
            None => Obstacle::new(
                format!("{what} is there already and Fabrik did not make it ({})", shown(stranger)),
                "nothing of it was touched; remove it, or choose another name",
            ),
        }
    }

    /// The plan, from the wishes and the names of the variables that are set on the app now.
    ///
    /// # Errors
    /// [`Obstacle`] when a variable is needed whose value is only on Coolify.
    pub fn plan(
        &self,
        records: Vec<RecordWish>,
        project: Wish,
        environment: Wish,
        (app, set): (Wish, BTreeSet<String>),
    ) -> Result<Plan, Obstacle> {
        let base = match (&app.action, self.base) {
            (_, None) => Base::Nothing,
            (_, Some(base)) => Base::Release(base.run().clone()),
        };
        let anew = app.action == Action::Create;
        let mut last = self.base.filter(|_| !anew).map(Release::envs).unwrap_or_default();
        // A variable that somebody deleted is set again.
        last.retain(|key, _| set.contains(*key));
        let mut envs = self.env_wishes(&last);
        if anew {
            self.values_at_hand()?;
        }
        let changes = app.action.changes() || envs.iter().any(|env| env.change != EnvChange::Keep);
        let anyhow = self.force || Pin::of(&self.ask.spec.source) == Pin::Branch;
        let release = match self.base {
            Some(base) if !changes && !anyhow => base.plan().release.clone(),
            Some(_) | None => self.run.clone(),
        };
        envs.push(release_wish(&release, &last));
        Ok(Plan {
            base,
            place: self.ground.place.clone(),
            records,
            project,
            environment,
            app,
            envs,
            endpoints: self.ask.spec.endpoints(),
            release,
        })
    }

    fn env_wishes(&self, last: &std::collections::BTreeMap<&str, &str>) -> Vec<EnvWish> {
        let before = |key: &str| last.get(key).map(|print| (*print).to_owned()).unwrap_or_default();
        let kept = self.ask.changes(last).into_iter().map(|(env, change)| EnvWish {
            key: env.key.clone(),
            fingerprint: env.fingerprint.clone(),
            before: before(&env.key),
            change,
        });
        let wanted = |key: &str| key == RELEASE || self.ask.envs.iter().any(|env| env.key == key);
        let removed = last.iter().filter(|(key, _)| !wanted(key)).map(|(key, print)| EnvWish {
            key: (*key).to_owned(),
            fingerprint: (*print).to_owned(),
            before: (*print).to_owned(),
            change: EnvChange::Remove,
        });
        kept.chain(removed).collect()
    }

    fn values_at_hand(&self) -> Result<(), Obstacle> {
        match self.ask.envs.iter().find(|env| env.value().is_none()) {
            None => Ok(()),
            Some(env) => Err(Obstacle::new(
                format!("`{}` was kept only on Coolify, and the app is gone from there", env.key),
                format!("set it in the environment, or write `{}=…` into `.env`", env.key),
            )),
        }
    }
}

fn release_wish(release: &RunId, last: &std::collections::BTreeMap<&str, &str>) -> EnvWish {
    let before = last.get(RELEASE).map(|print| (*print).to_owned()).unwrap_or_default();
    let change = match before.as_str() {
        "" => EnvChange::Add,
        same if same == release.as_str() => EnvChange::Keep,
        _ => EnvChange::Set,
    };
    EnvWish { key: RELEASE.to_owned(), fingerprint: release.to_string(), before, change }
}

// Coolify files an app as one of several things, and makes none of them into another.
fn same_kind(provider: &dyn Provider, stranger: &Object, fields: &Fields) -> Result<(), Obstacle> {
    let kind = fields.get("kind");
    if kind.is_none() || stranger.fields.get("kind") == kind {
        return Ok(());
    }
    let what = provider.describe();
    let message =
        format!("what is there is no such {what}, so it cannot be taken over ({})", shown(stranger));
    Err(Obstacle::new(message, "nothing of it was touched; remove it, or choose another name"))
}

// It keeps whatever else is written on it, and carries no mark of ours: nothing ever deletes it.
fn adopted(provider: &dyn Provider, stranger: &Object) -> Receipt {
    let (step, id) = (provider.step(), stranger.id.clone());
    Receipt { step, how: How::Found, id, mark: None, fields: Fields::new() }
}

fn changed(
    provider: &dyn Provider,
    known: &Receipt,
    object: &Object,
    fields: Fields,
) -> Result<Wish, Obstacle> {
    let action = compare(known, object, &fields);
    let why = provider.unchangeable(object, &fields).filter(|_| action.changes());
    match why {
        Some((message, hint)) => Err(Obstacle::new(message, hint)),
        None => Ok(Wish { fields, action }),
    }
}

// What the API shows counts where it shows the field; what it does not show (the compose text's hash) is
// compared with what was last sent.
fn compare(known: &Receipt, object: &Object, fields: &Fields) -> Action {
    let mut now = known.fields.clone();
    now.extend(object.fields.clone());
    let differs = fields.iter().any(|(name, value)| now.get(name) != Some(value));
    if !differs {
        return Action::Keep { id: object.id.clone(), mark: object.mark.clone() };
    }
    let before = fields.keys().filter_map(|name| Some((name.clone(), now.get(name)?.clone()))).collect();
    Action::Change { id: object.id.clone(), before, mark: object.mark.clone() }
}

fn shown(object: &Object) -> String {
    let fields: Vec<String> = object.fields.iter().map(|(name, value)| format!("{name} {value}")).collect();
    fields.join(", ")
}

fn wish<const N: usize>(pairs: [(&str, &str); N]) -> Wish {
    Wish { fields: fields(pairs), action: Action::Create }
}

pub(super) fn fields<const N: usize>(pairs: [(&str, &str); N]) -> Fields {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
