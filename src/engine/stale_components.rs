//! Compose services that a changed text no longer has. Coolify keeps them as parts of the service, without a container,
//! and calls the stack degraded: they are left out of its status ("silenced"), and listed.
//!
//! The order matters. Changing a part that the stored text lacks writes it back into that text, with its image alone,
//! and the next start runs it so (Coolify 4.3.11, observed). So a part is silenced while the text still has it, then the
//! text is sent, then a part that is in the new text is woken, and the text is read back before anything is started.
//! The way back does the same with the text before. Each silenced part carries our ownership tag, so that only what we silenced is
//! woken when a text has it again.

use machine::deployment::Deployment;
use machine::effect::{EffectOutcome, ResolvedBy};
use machine::phase::{EffectfulPhase, RollingBack};
use machine::plan::{Action, Plan};
use machine::receipt::{Attributes, Receipt};
use machine::step::Step;
use machine::tag::OwnershipTag;

use super::Run;
use super::converge::IdempotentUpdate;
use super::delete::Undoing;
use super::event::Event;
use super::phase_error::{Interruption, PhaseError, failed};
use crate::plan::Release;
use crate::plan::compose::sent;
use crate::plan::release::frozen;
use crate::providers::coolify::resource::is_application;
use crate::providers::coolify::sub_resources::{ServiceStack, StatusScope, SubResource};
use crate::providers::{Provider, ReadError};

/// How often a text is sent again into which Coolify wrote something back.
const TRIES: u32 = 3;

/// Whether the parts have to be looked at once more when the text was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Recheck {
    /// None was changed, and none is to be woken.
    Needless,
    /// Some were changed, or may have been.
    Again,
}

/// A service whose text is about to be changed, or was.
struct Changed<'a> {
    id: &'a str,
    tag: Option<&'a OwnershipTag>,
}

impl<'a> Changed<'a> {
    // An application has no parts, and a new service none that its text lacks.
    fn of(plan: &'a Plan) -> Option<Self> {
        let Action::Update { id, tag, .. } = &plan.app.action else { return None };
        (!is_application(&plan.app.attributes)).then_some(Self { id, tag: tag.as_ref() })
    }
}

impl Run {
    /// Before the text is sent: silences the parts that it will lack, and takes URLs from those that lose them.
    ///
    /// # Errors
    /// [`PhaseError::Interruption`] when it cannot be told. What Coolify refuses is said, and fails nothing.
    pub(super) async fn silence<P: EffectfulPhase>(
        &mut self,
        deployment: &mut Deployment<P>,
        plan: &Plan,
    ) -> Result<Recheck, PhaseError> {
        let Some(service) = Changed::of(plan) else { return Ok(Recheck::Needless) };
        if self.base.as_deref().is_some_and(|base| self.has_the_services_of(base)) {
            return Ok(Recheck::Needless);
        }
        // Once the text may have been sent, a part that it lacks must not be changed any more.
        if deployment.ledger().newest_attempt(Step::App).is_some() {
            return Ok(Recheck::Again);
        }
        let (compose, tag) =
            (self.resolved.artifact.compose.clone(), self.context.tag(deployment, Step::App));
        let parts = self.clients.coolify.parts(service.id).await?;
        let strays = self.strays(parts, (&compose, &plan.app.attributes), &tag).await?;
        let look = if strays.is_empty() { Recheck::Needless } else { Recheck::Again };
        for (part, scope) in strays.iter().filter(|(_, scope)| *scope != StatusScope::Woken) {
            self.change_part(deployment, &service, (part, *scope), &tag).await?;
        }
        self.no_doubts_left(deployment, &service).await?;
        // One of them that takes effect after the text was sent would write the part back.
        self.context.outlive(Step::Parts, deployment.ledger().unanswered_at(Step::Parts)).await?;
        Ok(look)
    }

    /// After the text was sent: makes sure that it is the one that is stored, and wakes the parts that it has again.
    ///
    /// # Errors
    /// [`PhaseError::Fail`] when Coolify goes on writing a part back, [`PhaseError::Interruption`] when it cannot be told.
    pub(super) async fn wake<P: EffectfulPhase>(
        &mut self,
        deployment: &mut Deployment<P>,
        plan: &Plan,
        apps: &dyn Provider,
        look: Recheck,
    ) -> Result<(), PhaseError> {
        let Some(service) = Changed::of(plan).filter(|_| look == Recheck::Again) else { return Ok(()) };
        let started = deployment.ledger().receipt(Step::Deploy).is_some();
        let Action::Update { before, .. } = &plan.app.action else { return Ok(()) };
        if started {
            return Ok(());
        }
        let (compose, tag) =
            (self.resolved.artifact.compose.clone(), self.context.tag(deployment, Step::App));
        let mut tries = 0;
        let parts = loop {
            let stack = self.clients.coolify.stack(service.id).await?;
            let others = written_back(&stack, &compose);
            if others.is_empty() {
                break stack.parts;
            }
            if tries == TRIES {
                return Err(PhaseError::Fail(failed(
                    kept_writing(&others),
                    "look at the service's text in Coolify",
                )));
            }
            tries += 1;
            let (id, own, what) = (service.id, service.tag.cloned(), apps.describe());
            let change = IdempotentUpdate { step: Step::App, id, tag: own, before, what };
            self.context
                .converge(deployment, &change, &apps.update_request(id, &plan.app.attributes))
                .await?;
        };
        let strays = self.strays(parts, (&compose, &plan.app.attributes), &tag).await?;
        for (part, scope) in strays.iter().filter(|(_, scope)| *scope == StatusScope::Woken) {
            self.change_part(deployment, &service, (part, *scope), &tag).await?;
        }
        self.no_doubts_left(deployment, &service).await
    }

    async fn change_part<P: EffectfulPhase>(
        &mut self,
        deployment: &mut Deployment<P>,
        service: &Changed<'_>,
        (part, scope): (&SubResource, StatusScope),
        tag: &OwnershipTag,
    ) -> Result<(), PhaseError> {
        let (what, before) = (format!("compose service `{}`", part.name), Attributes::new());
        let (id, own) = (service.id, service.tag.cloned());
        let change =
            IdempotentUpdate { step: Step::Parts, id, tag: own, before: &before, what: what.clone() };
        let call = self.clients.coolify.change_part(id, part, scope, tag);
        match self.context.converge(deployment, &change, &call).await {
            Ok(_) => self.tell_of(part, scope),
            Err(PhaseError::Fail(cause)) => {
                let text = format!("{what} still counts in the status at Coolify: {}", cause.message);
                self.context.tell(&Event::Warned(self.context.redactor.redact_own(&text)));
            }
            Err(stop) => return Err(stop),
        }
        Ok(())
    }

    // One that was in doubt when the run was cut off has been seen by now, or was sent again.
    async fn no_doubts_left<P: EffectfulPhase>(
        &mut self,
        deployment: &mut Deployment<P>,
        service: &Changed<'_>,
    ) -> Result<(), PhaseError> {
        if deployment.ledger().doubts().iter().any(|doubt| doubt.step == Step::Parts) {
            let before = Attributes::new();
            let (id, own) = (service.id, service.tag.cloned());
            let change =
                IdempotentUpdate { step: Step::Parts, id, tag: own, before: &before, what: String::new() };
            let seen = EffectOutcome::Applied(change.state(&Attributes::new()));
            self.context.settle(deployment, Step::Parts, ResolvedBy::Reconciliation, seen).await?;
        }
        Ok(())
    }

    /// On the way back: puts the text and fields of the release before back, in the same order. An application has
    /// fields alone.
    ///
    /// # Errors
    /// [`Interruption`] when it cannot be told now.
    pub(super) async fn put_text_back(
        &mut self,
        deployment: &mut Deployment<RollingBack>,
        receipt: &Receipt,
        apps: &dyn Provider,
        (compose, fields): (&str, &Attributes),
    ) -> Result<Undoing, Interruption> {
        let text = apps.update_request(&receipt.id, fields);
        let same = self.base.as_deref().is_some_and(|base| self.has_the_services_of(base));
        if same || is_application(fields) {
            return self.retry_until_resolved(deployment, receipt, &text).await;
        }
        let tag = self.context.tag(deployment, Step::App);
        let parts = self.clients.coolify.parts(&receipt.id).await?;
        let strays = self.strays(parts, (compose, fields), &tag).await?;
        for (part, scope) in strays.iter().filter(|(_, scope)| *scope != StatusScope::Woken) {
            self.insist_on_part(deployment, receipt, (part, *scope), &tag).await?;
        }
        self.context.outlive(receipt.step, deployment.ledger().unanswered_on(Step::App)).await?;
        for _ in 0..=TRIES {
            if let Undoing::Blocked(reason) = self.retry_until_resolved(deployment, receipt, &text).await? {
                return Ok(Undoing::Blocked(reason));
            }
            let stack = self.clients.coolify.stack(&receipt.id).await?;
            let others = written_back(&stack, compose);
            if others.is_empty() {
                let strays = self.strays(stack.parts, (compose, fields), &tag).await?;
                for (part, scope) in strays.iter().filter(|(_, scope)| *scope == StatusScope::Woken) {
                    self.insist_on_part(deployment, receipt, (part, *scope), &tag).await?;
                }
                return Ok(Undoing::Done);
            }
            self.context
                .tell(&Event::Warned(format!("{}: the text is sent once more", kept_writing(&others))));
        }
        Ok(Undoing::Blocked("Coolify goes on writing a dropped compose service into its text".to_owned()))
    }

    async fn insist_on_part(
        &mut self,
        deployment: &mut Deployment<RollingBack>,
        receipt: &Receipt,
        (part, scope): (&SubResource, StatusScope),
        tag: &OwnershipTag,
    ) -> Result<(), Interruption> {
        let call = self.clients.coolify.change_part(&receipt.id, part, scope, tag);
        match self.retry_until_resolved(deployment, receipt, &call).await? {
            Undoing::Done => self.tell_of(part, scope),
            Undoing::Kept(reason) | Undoing::Blocked(reason) => {
                let text = format!("compose service `{}` still counts at Coolify: {reason}", part.name);
                self.context.tell(&Event::Warned(text));
            }
        }
        Ok(())
    }

    // Whether no service comes, goes or hands the domain on between that release and this run.
    fn has_the_services_of(&self, base: &Release) -> bool {
        let artifact = &self.resolved.artifact;
        let main = base.plan().app.attributes.get("service");
        sent::services(&base.frozen(frozen::COMPOSE)) == sent::services(&artifact.compose)
            && main.is_some_and(|main| *main == artifact.main)
    }

    // What is to be done about which part. A part that somebody else silenced is left alone.
    async fn strays(
        &self,
        parts: Vec<SubResource>,
        (compose, fields): (&str, &Attributes),
        tag: &OwnershipTag,
    ) -> Result<Vec<(SubResource, StatusScope)>, ReadError> {
        let (coolify, wanted) = (&self.clients.coolify, sent::services(compose));
        let field = |name: &str| fields.get(name).map_or("", String::as_str);
        let scope = |part: &SubResource| {
            let ours = part.tag.as_ref().is_some_and(|theirs| theirs.journal == tag.journal);
            let routed = part.name != field("service") && !part.url.is_empty() && part.url == field("url");
            match (wanted.contains(&part.name), part.silent) {
                (false, false) => Some(StatusScope::Silenced),
                (true, true) if ours => Some(StatusScope::Woken),
                (true, _) if routed => Some(StatusScope::Unrouted),
                (true, _) | (false, true) => None,
            }
        };
        let strays: Vec<(SubResource, StatusScope)> =
            parts.into_iter().filter_map(|part| scope(&part).map(|scope| (part, scope))).collect();
        if strays.is_empty() || coolify.changes_parts().await? {
            return Ok(strays);
        }
        let names: Vec<String> = strays.iter().map(|(part, _)| format!("`{}`", part.name)).collect();
        let names = names.join(", ");
        let text = format!(
            "Coolify keeps compose service {names} and calls the stack degraded: versions below 4.2.0 cannot leave it out"
        );
        self.context.tell(&Event::Warned(text));
        Ok(Vec::new())
    }

    fn tell_of(&self, part: &SubResource, scope: StatusScope) {
        if scope == StatusScope::Silenced {
            let name = &part.name;
            let text = format!(
                "compose service `{name}` is no longer in the text; Coolify cannot delete it, so it is left out of the status"
            );
            self.context.tell(&Event::Warned(text));
        }
    }
}

// The services in the stored text that `compose` does not have; none where the token may not see it.
fn written_back(stack: &ServiceStack, compose: &str) -> Vec<String> {
    let text = stack.text.as_deref().unwrap_or_default();
    sent::others(text, &sent::services(compose))
}

fn kept_writing(others: &[String]) -> String {
    let names: Vec<String> = others.iter().map(|name| format!("`{name}`")).collect();
    format!("Coolify wrote compose service {} back into the text, which no longer has it", names.join(", "))
}
