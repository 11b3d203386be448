//! Drawing the plan: each thing as it should be, beside each thing as it is.

use std::collections::BTreeSet;
use std::sync::Arc;

use machine::id::RunId;
use machine::mark::Mark;
use machine::plan::{Action, Base, EnvChange, EnvWish, Plan, RecordWish, Wish};
use machine::receipt::{Fields, How, Receipt};
use machine::step::Step;

use super::again::is_it;
use super::ask::{Ask, RELEASE};
use super::late::Sorted;
use super::survey::Ground;
use super::{Obstacle, Pin, Release};
use crate::providers::coolify::Resource;
use crate::providers::{Names, Object, Provider, Vendors};
use crate::store::Store;

/// What is known of a thing of the app's own before looking.
pub struct Known {
    /// The last release's receipt for it.
    pub receipt: Option<Receipt>,
    /// Whether one that is somebody else's may be taken over.
    pub adopt: bool,
}

/// A wish, and what earlier runs left behind at its place.
pub struct Drawn {
    /// The wish.
    pub wish: Wish,
    /// To be deleted.
    pub late: Vec<Receipt>,
}

/// What a plan is drawn from.
pub struct Drawing<'a> {
    /// What is asked for.
    pub ask: &'a Ask,
    /// The run that will carry it out.
    pub run: &'a RunId,
    /// The journal it is written in.
    pub store: &'a Arc<dyn Store>,
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
        let (records, mut late) = self.records(vendors).await?;
        let wanted = self.app(vendors).await?;
        self.changeable(&wanted)?;
        let project = self.shared(&vendors.projects(place, &names), &names.project).await?;
        late.extend(project.late);
        let project = project.wish;
        let Action::Keep { id, .. } = &project.action else {
            let environment = wish([("name", &names.environment)]);
            let app = Wish { fields: wanted, action: Action::Create };
            let app = self.mounted(&vendors.coolify, app).await?;
            return self.plan((records, project, environment), (app, BTreeSet::new()), late);
        };
        let environments = vendors.environments(place, &names, id);
        let environment = self.shared(&environments, &names.environment).await?.wish;
        let apps = vendors.app(place, &names, id, &wanted, "");
        let known = self.base.and_then(|base| base.receipt(Step::App)).cloned();
        let adopt = self.ask.spec.adopt.coolify;
        let app = self.own(apps.as_ref(), Known { receipt: known, adopt }, wanted).await?;
        late.extend(app.late);
        let app = self.mounted(&vendors.coolify, app.wish).await?;
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
        self.plan((records, project, environment), (app, set), late)
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
    pub async fn own(
        &self,
        provider: &dyn Provider,
        known: Known,
        fields: Fields,
    ) -> Result<Drawn, Obstacle> {
        let mut there: Vec<Object> = provider.look().await?;
        let it = known.receipt.as_ref().and_then(|known| known_among(known, &there));
        let it = it.map(|at| there.remove(at).id);
        let Sorted { strangers, late } = self.sort(provider, there).await?;
        let wish = match strangers.as_slice() {
            [] => self.known(provider, known.receipt, it, fields).await?,
            [alone] if it.is_none() && alone.mark.is_none() && known.adopt => {
                same_kind(provider, alone, &fields)?;
                changed(provider, &adopted(provider, alone), alone, fields)?
            }
            [stranger, ..] => return Err(self.in_the_way(provider, stranger)),
        };
        Ok(Drawn { wish, late })
    }

    // The wish for a thing that the last release left, seen under the id `it`, or not at all.
    async fn known(
        &self,
        provider: &dyn Provider,
        receipt: Option<Receipt>,
        it: Option<String>,
        fields: Fields,
    ) -> Result<Wish, Obstacle> {
        let Some(receipt) = receipt else { return Ok(Wish { fields, action: Action::Create }) };
        let id = it.as_ref().unwrap_or(&receipt.id);
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
    pub async fn shared(&self, provider: &dyn Provider, name: &str) -> Result<Drawn, Obstacle> {
        let fields = fields([("name", name)]);
        let known = self.base.and_then(|base| base.receipt(provider.step()));
        let mut there = provider.look().await?;
        let known = there.iter().position(|object| known.is_some_and(|known| known.id == object.id));
        let used = known.map(|at| there.swap_remove(at));
        let Sorted { mut strangers, late } = self.sort(provider, there).await?;
        let used = used.or_else(|| if strangers.len() == 1 { strangers.pop() } else { None });
        match (used, strangers.as_slice()) {
            (Some(Object { id, mark, .. }), _) => {
                Ok(Drawn { wish: Wish { fields, action: Action::Keep { id, mark } }, late })
            }
            (None, []) => {
                provider.control().await?;
                Ok(Drawn { wish: Wish { fields, action: Action::Create }, late })
            }
            (None, [_, ..]) => Err(Obstacle::new(
                format!("Coolify has several of {}", provider.describe()),
                "their names are the only way to tell them: rename all but one, or set `project`",
            )),
        }
    }

    fn in_the_way(&self, provider: &dyn Provider, stranger: &Object) -> Obstacle {
        let what = provider.describe();
        match &stranger.mark {
            Some(Mark { run, journal, .. }) if journal == self.store.journal() => Obstacle::new(
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
        (records, project, environment): (Vec<RecordWish>, Wish, Wish),
        (app, set): (Wish, BTreeSet<String>),
        late: Vec<Receipt>,
    ) -> Result<Plan, Obstacle> {
        let base = match (&app.action, self.base) {
            (_, None) => Base::Nothing,
            (_, Some(base)) => Base::Release(base.run().clone()),
        };
        let anew = app.action == Action::Create;
        let mut last = self.base.filter(|_| !anew).map(Release::envs).unwrap_or_default();
        let forms = self.base.map(Release::forms).unwrap_or_default();
        let form = |key: &str| forms.get(key).cloned().unwrap_or_default();
        // A variable that somebody deleted is set again, and one of which a part is missing.
        last.retain(|key, _| form(key).row_names(key).iter().all(|row| set.contains(row)));
        let mut envs = self.env_wishes(&last);
        for env in envs.iter_mut().filter(|env| env.change == EnvChange::Keep) {
            let now = self.ask.envs.iter().find(|now| now.key == env.key);
            // The same value, sent otherwise: an earlier version sent all values in one row.
            if now.is_some_and(|now| now.form.row_names(&env.key) != form(&env.key).row_names(&env.key)) {
                env.change = EnvChange::Set;
            }
        }
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
            late,
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

// By its id before its mark: a late copy carries the same one.
fn known_among(known: &Receipt, there: &[Object]) -> Option<usize> {
    let by_id = there.iter().position(|object| object.id == known.id);
    by_id.or_else(|| there.iter().position(|object| is_it(known, object)))
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
