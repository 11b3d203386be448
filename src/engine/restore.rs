//! Putting back one resource that this run changed, as it was before.
//!
//! Only while it is as we left it. An app is restored from its last release: compose text, variables, start,
//! and then that release must answer again. A variable's old value is put back only if a source gives it.

use machine::deployment::Deployment;
use machine::phase::{RollingBack, UndoingPhase};
use machine::plan::{EnvVarAction, Plan};
use machine::receipt::{Attributes, Receipt};
use machine::step::Step;

use super::Run;
use super::app::App;
use super::context::TRIES;
use super::delete::{Undoing, not_ours};
use super::envs::{rows_of, value_of};
use super::phase_error::{Interruption, PhaseError};
use super::start::{DEPLOYMENT, Triggered, newest};
use super::undo::unplanned;
use super::waits::Wait;
use crate::plan::Release;
use crate::plan::compose::env_text::{Forms, needs_empty_part};
use crate::plan::compose::release_label::labelled;
use crate::plan::release::frozen;
use crate::plan::resolved_spec::RELEASE;
use crate::plan::values::WantedRows;
use crate::providers::coolify::Resource;
use crate::providers::coolify::deployments::Status;
use crate::providers::coolify::envs::Reach;
use crate::providers::outcome::WriteOutcome;
use crate::providers::request::{STALENESS, WriteRequest};
use crate::providers::{Provider, RemoteObject, ResourceNames};
use crate::secrets::Secret;

impl Run {
    /// Puts the resource of `receipt` back to `before`.
    ///
    /// # Errors
    /// [`Interruption`] when it cannot be told now.
    pub async fn put_back(
        &mut self,
        deployment: &mut Deployment<RollingBack>,
        receipt: &Receipt,
        before: &Attributes,
    ) -> Result<Undoing, Interruption> {
        let plan = deployment.plan().clone();
        match receipt.step {
            Step::Parts | Step::App | Step::Volumes | Step::Envs | Step::Deploy => {
                self.put_app_back(deployment, &plan, receipt, before).await
            }
            Step::Dns(nth) | Step::Proxy(nth) => {
                let Some(record) = plan.record(nth) else { return Ok(Undoing::Blocked(unplanned(receipt))) };
                let records = self.clients.records(record, receipt.step);
                self.put_record_back(deployment, &records, receipt, before).await
            }
            // Projects and environments are made or found, never changed.
            Step::Project | Step::Environment => Ok(Undoing::Done),
        }
    }

    /// Recreates a record that this run deleted.
    ///
    /// # Errors
    /// [`Interruption`] when it cannot be told now.
    pub async fn bring_back(
        &mut self,
        deployment: &mut Deployment<RollingBack>,
        receipt: &Receipt,
        before: &Attributes,
    ) -> Result<Undoing, Interruption> {
        let plan = deployment.plan().clone();
        let record = match receipt.step {
            Step::Dns(nth) => plan.record(nth),
            _ => None,
        };
        let Some(record) = record else { return Ok(Undoing::Blocked(unplanned(receipt))) };
        let records = self.clients.records(record, receipt.step);
        self.context.make_anew(deployment, &records, receipt, before).await
    }

    async fn put_record_back(
        &mut self,
        deployment: &mut Deployment<RollingBack>,
        records: &dyn Provider,
        receipt: &Receipt,
        before: &Attributes,
    ) -> Result<Undoing, Interruption> {
        let Some(object) = self.context.present(records, &receipt.id).await? else {
            return Ok(Undoing::Blocked("it is gone, so it cannot be put back".to_owned()));
        };
        if object.agrees_with(before) {
            return Ok(Undoing::Done);
        }
        if let Some(reason) = not_ours(records, receipt, &object) {
            return Ok(Undoing::Blocked(reason));
        }
        let call = records.update_request(&receipt.id, before);
        self.retry_until_resolved(deployment, receipt, &call).await
    }

    async fn put_app_back(
        &mut self,
        deployment: &mut Deployment<RollingBack>,
        plan: &Plan,
        receipt: &Receipt,
        before: &Attributes,
    ) -> Result<Undoing, Interruption> {
        let Some(base) = self.base.clone() else {
            return Ok(Undoing::Blocked("there is no earlier release to go back to".to_owned()));
        };
        let (coolify, compose) = (self.clients.coolify.clone(), base.frozen(frozen::COMPOSE));
        let project = super::undo::project(deployment);
        let fields = &base.plan().app.attributes;
        let sent = labelled(&compose, fields);
        let apps = self.clients.app(&plan.target, &ResourceNames::of(plan), &project, fields, &sent);
        let Some(object) = self.context.present(apps.as_ref(), &receipt.id).await? else {
            return Ok(Undoing::Blocked("it is gone, so it cannot be put back".to_owned()));
        };
        if object.tag != receipt.tag {
            return Ok(Undoing::Blocked("its ownership tag was changed or removed".to_owned()));
        }
        let pinned = self.pinned(&base, receipt).await?;
        let known = [Some(&receipt.attributes), Some(before), Some(fields), pinned.as_ref()];
        if let Some(name) = strayed(&object, &known) {
            return Ok(Undoing::Blocked(format!("its {name} was changed by somebody else since")));
        }
        let now = App::of(&coolify, plan, receipt);
        if let Undoing::Blocked(reason) = self.context.cancel_all(deployment, now, receipt).await? {
            return Ok(Undoing::Blocked(reason));
        }
        let ledger = deployment.ledger();
        let changed = ledger.receipt(Step::App).is_some_and(|it| it.is_ours_to_undo());
        if (changed || ledger.newest_attempt(Step::Parts).is_some())
            && let Undoing::Blocked(reason) =
                self.put_text_back(deployment, receipt, apps.as_ref(), (&compose, fields)).await?
        {
            return Ok(Undoing::Blocked(reason));
        }
        if let Undoing::Blocked(reason) = self.put_volumes_back(deployment, plan, receipt, &base).await? {
            return Ok(Undoing::Blocked(reason));
        }
        let missing = match self.put_envs_back(deployment, plan, receipt, &base).await? {
            Ok(missing) => missing,
            Err(reason) => return Ok(Undoing::Blocked(reason)),
        };
        if deployment.ledger().newest_attempt(Step::Deploy).is_some()
            && let Undoing::Blocked(reason) =
                self.run_again(deployment, apps.as_ref(), receipt, (&base, pinned.as_ref())).await?
        {
            return Ok(Undoing::Blocked(reason));
        }
        if missing.is_empty() {
            return Ok(Undoing::Done);
        }
        let names = missing.join(", ");
        Ok(Undoing::Blocked(format!(
            "all is restored but the old value of {names}, which no source gives any more"
        )))
    }

    // Restarts the app with what was put back, unless a start of this run certainly replaced nothing.
    async fn run_again(
        &mut self,
        deployment: &mut Deployment<RollingBack>,
        apps: &dyn Provider,
        receipt: &Receipt,
        (base, pinned): (&Release, Option<&Attributes>),
    ) -> Result<Undoing, Interruption> {
        self.tell_of_names_elsewhere(deployment, base);
        if !self.is_never_replaced(deployment, receipt, base).await?
            && let Undoing::Blocked(reason) =
                self.start_pinned(deployment, apps, receipt, (base, pinned)).await?
        {
            return Ok(Undoing::Blocked(reason));
        }
        self.tell_of_data_undone(deployment.plan(), &receipt.id, base);
        Ok(Undoing::Done)
    }

    // The names of the variables that could not be put back, or why nothing could.
    async fn put_envs_back(
        &mut self,
        deployment: &mut Deployment<RollingBack>,
        plan: &Plan,
        receipt: &Receipt,
        base: &Release,
    ) -> Result<Result<Vec<String>, String>, Interruption> {
        let touched = deployment.ledger().newest_attempt(Step::Envs).is_some();
        // Coolify makes the row that a text begins with when it gets the text.
        if !touched && !needs_empty_part(&self.resolved.artifact.compose) {
            return Ok(Ok(Vec::new()));
        }
        let added = |key: &str| {
            touched && plan.envs.iter().any(|env| env.key == key && env.change == EnvVarAction::Add)
        };
        let wanted = WantedRows::of_release(base);
        let resource = Resource::of(&plan.app.attributes, &receipt.id);
        let rows = self.clients.coolify.env_rows(resource).await?;
        for row in rows.iter().filter(|row| added(&row.key) || wanted.makes_stale(&row.key)) {
            for id in row.ids() {
                let call = self.clients.coolify.delete_env(resource, id);
                if let Undoing::Blocked(reason) =
                    self.retry_until_resolved(deployment, receipt, &call).await?
                {
                    return Ok(Err(reason));
                }
            }
        }
        let (mut values, missing) =
            if touched { self.old_values(plan, &base.forms()) } else { Default::default() };
        values.extend(wanted.empty_part(&rows, !values.is_empty()));
        if values.is_empty() {
            return Ok(Ok(missing));
        }
        let call = {
            let values: Vec<(&str, &Secret, Reach)> =
                values.iter().map(|(key, value)| (key.as_str(), value, self.reach(key))).collect();
            self.clients.coolify.set_envs(resource, &values)
        };
        match self.retry_until_resolved(deployment, receipt, &call).await? {
            Undoing::Blocked(reason) => Ok(Err(reason)),
            Undoing::Done | Undoing::Kept(_) => Ok(Ok(missing)),
        }
    }

    // The rows of the values as they were, in the forms that the restored text expects.
    fn old_values(&self, plan: &Plan, forms: &Forms) -> (Vec<(String, Secret)>, Vec<String>) {
        let (mut values, mut missing) = (Vec::new(), Vec::new());
        let changed = |change: EnvVarAction| matches!(change, EnvVarAction::Set | EnvVarAction::Remove);
        for env in plan.envs.iter().filter(|env| changed(env.change)) {
            let rows = if env.key == RELEASE {
                Some(vec![(RELEASE.to_owned(), Secret::new(env.before.as_str()))])
            } else {
                let before =
                    self.before.as_ref().and_then(|resolved| value_of(resolved, &env.key, &env.before));
                let value = before.or_else(|| value_of(&self.resolved, &env.key, &env.before));
                let form = forms.get(&env.key).cloned().unwrap_or_default();
                value.and_then(|value| rows_of(&env.key, value, &form))
            };
            match rows {
                Some(rows) => values.extend(rows),
                None => missing.push(env.key.clone()),
            }
        }
        (values, missing)
    }

    pub(super) async fn start_again(
        &mut self,
        deployment: &mut Deployment<RollingBack>,
        receipt: &Receipt,
        base: &Release,
    ) -> Result<Undoing, Interruption> {
        let (coolify, plan) = (self.clients.coolify.clone(), base.plan().clone());
        let app = App::of(&coolify, &plan, receipt);
        match self.restart(deployment, app, receipt).await {
            Ok(Undoing::Blocked(reason)) => return Ok(Undoing::Blocked(reason)),
            Ok(Undoing::Done | Undoing::Kept(_)) => {}
            Err(halt) => return blocked(halt),
        }
        match self.answers_again(deployment, receipt, base, self.health_of(base)).await {
            Ok(_) => Ok(Undoing::Done),
            Err(halt) => blocked(halt),
        }
    }

    // Starts the app with what was put back, and sees that start end. A trigger without effect is repeated.
    async fn restart(
        &mut self,
        deployment: &mut Deployment<RollingBack>,
        app: App<'_>,
        receipt: &Receipt,
    ) -> Result<Undoing, PhaseError> {
        let began = self.context.time();
        while self.context.since(began) < TRIES {
            self.context.until_quiet(app).await?;
            let before = newest(app).await?;
            let call = app.coolify.deploy(app.resource);
            if let Undoing::Blocked(reason) = self.retry_until_resolved(deployment, receipt, &call).await? {
                return Ok(Undoing::Blocked(reason));
            }
            let fields = match self.context.came(app, &before, None).await? {
                Triggered::Started(fields) => fields,
                Triggered::Denied(reason) => return Ok(Undoing::Blocked(format!("refused: {reason}"))),
                Triggered::Nothing(reason) => {
                    self.context.wait(Wait::Start, receipt.step, &reason, STALENESS).await?;
                    continue;
                }
            };
            let Some(uuid) = fields.get(DEPLOYMENT) else {
                self.context.until_quiet(app).await?;
                return Ok(Undoing::Done);
            };
            match self.context.follow(app, uuid).await? {
                Some(ended) if ended.status == Status::Finished => return Ok(Undoing::Done),
                Some(ended) => {
                    let reason = format!("restored, but its deployment {uuid} {}", ended.status);
                    return Ok(Undoing::Blocked(reason));
                }
                None => {}
            }
        }
        Ok(Undoing::Blocked("restored, but it could not be started in 10 minutes".to_owned()))
    }

    /// Sends `call`, which converges, until it is clearly done; ten minutes at most.
    ///
    /// # Errors
    /// [`Interruption`].
    pub async fn retry_until_resolved<P: UndoingPhase>(
        &mut self,
        deployment: &mut Deployment<P>,
        receipt: &Receipt,
        call: &WriteRequest,
    ) -> Result<Undoing, Interruption> {
        let began = self.context.time();
        loop {
            self.context.safe_point()?;
            let (why, reason, pause) = match self.context.undo(deployment, receipt, call.clone()).await? {
                WriteOutcome::Done(_) => return Ok(Undoing::Done),
                WriteOutcome::Missing(_) if call.deletes() => return Ok(Undoing::Done),
                WriteOutcome::Missing(reason)
                | WriteOutcome::Refused(reason)
                | WriteOutcome::Partial(reason) => {
                    return Ok(Undoing::Blocked(format!("refused: {reason}")));
                }
                WriteOutcome::TokenRefused(reason) => {
                    return Err(Interruption::token_refused(format!("the token was refused: {reason}")));
                }
                WriteOutcome::NotSent(reason, pause) => (Wait::Told, reason, pause),
                WriteOutcome::Conflict(reason) | WriteOutcome::Ambiguous(reason) => {
                    (Wait::Again, reason, STALENESS)
                }
            };
            if self.context.since(began) > TRIES {
                return Ok(Undoing::Blocked(format!("no clear answer in 10 minutes: {reason}")));
            }
            self.context.wait(why, receipt.step, &reason, pause).await?;
        }
    }
}

// What got through in part, or is put back in part, is as it was sent, as it was before, or as its release had it;
// anything else is somebody's.
fn strayed(object: &RemoteObject, known: &[Option<&Attributes>]) -> Option<String> {
    let is_known = |(name, value): &(&String, &String)| {
        let mut told = known.iter().flatten().filter_map(|fields| fields.get(*name)).peekable();
        told.peek().is_none() || told.any(|known| known == *value)
    };
    object.fields.iter().find(|field| !is_known(field)).map(|(name, _)| name.clone())
}

fn blocked(halt: PhaseError) -> Result<Undoing, Interruption> {
    match halt {
        PhaseError::Fail(cause) => Ok(Undoing::Blocked(format!("restored, but: {}", cause.message))),
        PhaseError::Interruption(stop) => Err(stop),
    }
}
