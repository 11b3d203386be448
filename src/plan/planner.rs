//! Drawing the plan: each resource as it should be, beside each resource as it is.

use std::sync::Arc;

use machine::id::RunId;
use machine::plan::{Action, Baseline, DesiredRecord, DesiredResource, EnvVarAction, Plan};
use machine::receipt::{Attributes, Origin, Receipt, ResourceState};
use machine::step::Step;

use super::env_changes::release_change;
use super::find::is_it;
use super::in_the_way::is_same_kind;
use super::observed::{ObservedApp, ObservedEnv};
use super::orphans::Sorted;
use super::resolved_spec::{RELEASE, ResolvedSpec};
use super::survey::Surroundings;
use super::{Blocker, Release, SourcePinning};
use crate::journal::JournalStore;
use crate::providers::{Clients, Provider, RemoteObject, ResourceNames};
use crate::secrets::FingerprintKey;
use crate::spec::ProofPolicy;

/// What a plan shows for a compose text that somebody edited since it was sent.
pub const EDITED: &str = "edited since it was sent";

/// What is known of a resource of the app's own before looking.
pub struct KnownResource {
    /// The last release's receipt for it.
    pub receipt: Option<ResourceState>,
    /// Whether one that is somebody else's may be taken over.
    pub adopt: bool,
}

/// A wish, and what earlier runs left behind at its place.
pub struct Drawn {
    /// The wish.
    pub desired: DesiredResource,
    /// To be deleted.
    pub late: Vec<ResourceState>,
}

/// What a plan is drawn from.
pub struct Planner<'a> {
    pub resolved: &'a ResolvedSpec,
    /// The run that will carry it out.
    pub run: &'a RunId,
    /// The journal it is written in.
    pub store: &'a Arc<dyn JournalStore>,
    pub surroundings: &'a Surroundings,
    /// The app's last finished release.
    pub base: Option<&'a Release>,
    /// What values are fingerprinted with.
    pub key: &'a FingerprintKey,
    /// Whether everything is sent and the app restarted even if nothing differs.
    pub force: bool,
}

/// A plan, and what was found of the app that it changes.
pub struct DrawnPlan {
    pub plan: Plan,
    /// What is not as the last release left it; nothing where there is no such app.
    pub observed: ObservedApp,
}

impl Planner<'_> {
    /// The whole plan: a wish for each resource, then the variables.
    ///
    /// # Errors
    /// [`Blocker`]: the first thing in the way.
    pub async fn whole(&self, clients: &Clients) -> Result<DrawnPlan, Blocker> {
        self.movable()?;
        let drawn = self.drawn(clients).await?;
        self.surroundings.same_team(&clients.coolify).await?;
        Ok(drawn)
    }

    async fn drawn(&self, clients: &Clients) -> Result<DrawnPlan, Blocker> {
        let (place, names) = (&self.surroundings.place, self.names());
        let (records, mut late) = self.records(clients).await?;
        let wanted = self.app(clients).await?;
        self.changeable(&wanted)?;
        let project = self.shared(&clients.projects(place, &names), &names.project).await?;
        late.extend(project.late);
        let project = project.desired;
        let Action::NoOp { id, .. } = &project.action else {
            let environment = desired([("name", &names.environment)]);
            let app = DesiredResource { attributes: wanted, action: Action::Create };
            let app = self.mounted(&clients.coolify, app).await?;
            return self.plan((records, project, environment), (app, ObservedApp::default()), late);
        };
        let environments = clients.environments(place, &names, id);
        let environment = self.shared(&environments, &names.environment).await?.desired;
        let apps = clients.app(place, &names, id, &wanted, "");
        let known = self.base.and_then(|base| base.receipt(Step::App)).map(Receipt::to_state);
        let adopt = self.resolved.spec.adopt.coolify;
        let app = self.own(apps.as_ref(), KnownResource { receipt: known, adopt }, wanted).await?;
        late.extend(app.late);
        let app = self.mounted(&clients.coolify, app.desired).await?;
        let observed = match (app.action.id(), self.base) {
            (Some(id), Some(base)) => ObservedApp::read(&clients.coolify, base, id, Some(self.key)).await?,
            (Some(_), None) | (None, _) => ObservedApp::default(),
        };
        let app = self.sent_again(app, &observed);
        self.plan((records, project, environment), (app, observed), late)
    }

    // An app whose fields are as wanted is sent again where its compose text was edited since, or where everything is.
    fn sent_again(&self, app: DesiredResource, observed: &ObservedApp) -> DesiredResource {
        let is_edited = !observed.compose.is_empty();
        match app.action {
            Action::NoOp { id, tag } if is_edited || self.force => {
                let before = if is_edited { fields([("compose", EDITED)]) } else { Attributes::new() };
                DesiredResource { action: Action::Update { id, before, tag }, ..app }
            }
            action => DesiredResource { action, ..app },
        }
    }

    fn names(&self) -> ResourceNames {
        let spec = &self.resolved.spec;
        ResourceNames {
            project: spec.project.clone(),
            environment: spec.environment.clone(),
            app: spec.name.clone(),
        }
    }

    fn movable(&self) -> Result<(), Blocker> {
        let Some(base) = self.base else { return Ok(()) };
        if base.plan().target.server != self.surroundings.place.server {
            return Err(Blocker::new(
                format!(
                    "the app runs on server `{}`, Coolify cannot move it",
                    base.plan().target.server_name
                ),
                format!(
                    "set `server: {}`, or roll back run {} first",
                    base.plan().target.server_name,
                    base.run().short()
                ),
            ));
        }
        Ok(())
    }

    /// The wish for a resource of ours alone: kept, changed or made; a stranger at its key is an obstacle.
    ///
    /// # Errors
    /// [`Blocker`].
    pub async fn own(
        &self,
        provider: &dyn Provider,
        known: KnownResource,
        fields: Attributes,
    ) -> Result<Drawn, Blocker> {
        let mut there: Vec<RemoteObject> = provider.find_by_key().await?;
        let it = known.receipt.as_ref().and_then(|known| known_among(known, &there));
        let it = it.map(|at| there.remove(at).id);
        let Sorted { strangers, late } = self.sort(provider, there).await?;
        let can_be_adopted = |alone: &RemoteObject| alone.tag.is_none() && is_same_kind(alone, &fields);
        let desired = match strangers.as_slice() {
            [] => self.known(provider, known, it, fields).await?,
            [alone] if it.is_none() && known.adopt && can_be_adopted(alone) => {
                self.changed(provider, &adopted(provider, alone), alone, fields)?
            }
            strangers => return Err(self.in_the_way(provider, strangers, &fields, known.adopt).await),
        };
        Ok(Drawn { desired, late })
    }

    // The wish for a resource that the last release left, seen under the id `it`, or not at all.
    async fn known(
        &self,
        provider: &dyn Provider,
        KnownResource { receipt, adopt }: KnownResource,
        it: Option<String>,
        fields: Attributes,
    ) -> Result<DesiredResource, Blocker> {
        let Some(receipt) = receipt else {
            return Ok(DesiredResource { attributes: fields, action: Action::Create });
        };
        let id = it.as_ref().unwrap_or(&receipt.id);
        let Some(object) = provider.get(id).await? else {
            provider.check_access().await?;
            return Ok(DesiredResource { attributes: fields, action: Action::Create });
        };
        if object.tag == receipt.tag {
            return self.changed(provider, &receipt, &object, fields);
        }
        if object.tag.is_none() && adopt && is_same_kind(&object, &fields) {
            return self.changed(provider, &adopted(provider, &object), &object, fields);
        }
        let Blocker { hint, .. } =
            self.in_the_way(provider, std::slice::from_ref(&object), &fields, adopt).await;
        let message = format!("the ownership tag of {} was changed or removed", provider.describe());
        Err(Blocker::new(message, hint))
    }

    fn changed(
        &self,
        provider: &dyn Provider,
        known: &ResourceState,
        object: &RemoteObject,
        fields: Attributes,
    ) -> Result<DesiredResource, Blocker> {
        let action = compare(known, object, &fields);
        let why = provider.unchangeable(object, &fields).filter(|_| action.changes());
        match (why, action) {
            (Some((message, hint)), _) => Err(Blocker::new(message, hint)),
            (None, Action::NoOp { id, tag }) if self.force => Ok(DesiredResource {
                attributes: fields,
                action: Action::Update { id, before: Attributes::new(), tag },
            }),
            (None, action) => Ok(DesiredResource { attributes: fields, action }),
        }
    }

    /// The wish for a resource that apps share: used where it is there, made where it is not.
    ///
    /// # Errors
    /// [`Blocker`] when several are there.
    pub async fn shared(&self, provider: &dyn Provider, name: &str) -> Result<Drawn, Blocker> {
        let fields = fields([("name", name)]);
        let known = self.base.and_then(|base| base.receipt(provider.step()));
        let mut there = provider.find_by_key().await?;
        let known_before = known.is_some();
        let known = there.iter().position(|object| known.is_some_and(|known| known.id == object.id));
        let used = known.map(|at| there.swap_remove(at));
        let Sorted { mut strangers, late } = self.sort(provider, there).await?;
        let used = used.or_else(|| if strangers.len() == 1 { strangers.pop() } else { None });
        match (used, strangers.as_slice()) {
            (Some(RemoteObject { id, tag, .. }), _) => Ok(Drawn {
                desired: DesiredResource { attributes: fields, action: Action::NoOp { id, tag } },
                late,
            }),
            (None, []) => {
                // Where nothing of the app is known yet, there is nothing to overlook: it is looked for again before it
                // is made.
                if known_before {
                    provider.check_access().await?;
                }
                Ok(Drawn { desired: DesiredResource { attributes: fields, action: Action::Create }, late })
            }
            (None, [_, ..]) => Err(Blocker::new(
                format!("Coolify has several of {}", provider.describe()),
                "their names are the only way to tell them: rename all but one, or set `project`",
            )),
        }
    }

    /// The plan, from the wishes and what was found of the app.
    ///
    /// # Errors
    /// [`Blocker`] when a variable is needed whose value is only on Coolify.
    pub fn plan(
        &self,
        (records, project, environment): (Vec<DesiredRecord>, DesiredResource, DesiredResource),
        (app, observed): (DesiredResource, ObservedApp),
        late: Vec<ResourceState>,
    ) -> Result<DrawnPlan, Blocker> {
        let base = match (&app.action, self.base) {
            (_, None) => Baseline::Nothing,
            (_, Some(base)) => Baseline::Release(base.run().clone()),
        };
        let is_new = app.action == Action::Create;
        let mut last = self.base.filter(|_| !is_new).map(Release::envs).unwrap_or_default();
        // A variable that somebody deleted is set again.
        last.retain(|key, _| observed.envs.get(*key) != Some(&ObservedEnv::Missing));
        let mut envs = self.env_changes(&last, &observed);
        let forms = self.base.map(Release::forms).unwrap_or_default();
        for env in envs.iter_mut().filter(|env| env.change == EnvVarAction::Keep) {
            let now = self.resolved.envs.iter().find(|now| now.key == env.key);
            let before = forms.get(&env.key).cloned().unwrap_or_default();
            // The same value, sent otherwise: an earlier version sent all values in one row.
            if now.is_some_and(|now| now.form.row_names(&env.key) != before.row_names(&env.key)) {
                env.change = EnvVarAction::Set;
            }
        }
        if is_new {
            self.values_at_hand()?;
        }
        let unlabels = self.label_in_place(&app).is_some() && !self.is_labelled(&app.attributes);
        let changes =
            unlabels || app.action.changes() || envs.iter().any(|env| env.change != EnvVarAction::Keep);
        let is_off = !observed.stopped.is_empty() || observed.is_moved(RELEASE);
        let is_branch = SourcePinning::of(&self.resolved.spec.source) == SourcePinning::Branch;
        let anyhow = self.force || is_off || self.lacks_proof() || is_branch;
        let release = match self.base {
            Some(base) if !changes && !anyhow => base.plan().release.clone(),
            Some(_) | None => self.run.clone(),
        };
        envs.push(release_change(&release, &last));
        let left_volumes = self.left_volumes(&app);
        let app = self.labelled(app, &release);
        let plan = Plan {
            baseline: base,
            target: self.surroundings.place.clone(),
            records,
            external: self.external(),
            handed_over: self.handed_over(),
            project,
            environment,
            app,
            envs,
            endpoints: self.resolved.spec.endpoints(),
            release,
            orphans: late,
            left_volumes,
        };
        Ok(DrawnPlan { plan, observed })
    }

    // The domains whose records somebody else keeps: all or none.
    fn external(&self) -> Vec<String> {
        let spec = &self.resolved.spec;
        if spec.dns.managed().is_none() { spec.domains.clone() } else { Vec::new() }
    }

    // Nothing shows that the last release runs, and the spec asks for something that does: only a new start can show it.
    fn lacks_proof(&self) -> bool {
        self.resolved.spec.health.proof == ProofPolicy::Required
            && self.base.is_some_and(Release::is_unproven)
    }
}

// By its id before its ownership tag: a late copy carries the same one.
fn known_among(known: &ResourceState, there: &[RemoteObject]) -> Option<usize> {
    let by_id = there.iter().position(|object| object.id == known.id);
    by_id.or_else(|| there.iter().position(|object| is_it(known, object)))
}

// It keeps whatever else is written on it, and carries no ownership tag of ours: nothing ever deletes it.
fn adopted(provider: &dyn Provider, stranger: &RemoteObject) -> ResourceState {
    let (step, id) = (provider.step(), stranger.id.clone());
    ResourceState { step, origin: Origin::Existing, id, tag: None, attributes: Attributes::new() }
}

// What the API shows counts where it shows the field; what it does not show (the compose text's hash) is
// compared with what was last sent.
fn compare(known: &ResourceState, object: &RemoteObject, fields: &Attributes) -> Action {
    let mut now = known.attributes.clone();
    now.extend(object.fields.clone());
    let differs = fields.iter().any(|(name, value)| now.get(name) != Some(value));
    if !differs {
        return Action::NoOp { id: object.id.clone(), tag: object.tag.clone() };
    }
    let before = fields.keys().filter_map(|name| Some((name.clone(), now.get(name)?.clone()))).collect();
    Action::Update { id: object.id.clone(), before, tag: object.tag.clone() }
}

fn desired<const N: usize>(pairs: [(&str, &str); N]) -> DesiredResource {
    DesiredResource { attributes: fields(pairs), action: Action::Create }
}

pub(super) fn fields<const N: usize>(pairs: [(&str, &str); N]) -> Attributes {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
