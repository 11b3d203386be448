//! Compose services that a changed text no longer has. Coolify keeps them, without a container, and they would spoil
//! the status of the stack: they are silenced, and listed.
//!
//! Each carries our mark from then on, so that only what we silenced is woken when a text has it again.

use machine::deployment::Deployment;
use machine::effect::{By, Verdict};
use machine::mark::Mark;
use machine::phase::{RollingBack, Working};
use machine::plan::{Action, Plan};
use machine::receipt::{Fields, Receipt};
use machine::step::Step;

use super::Runner;
use super::converge::Change;
use super::event::Event;
use super::halt::{Halt, Stop};
use super::unmake::Undoing;
use crate::plan::compose::sent;
use crate::providers::Trouble;
use crate::providers::coolify::parts::{Fate, Part};
use crate::providers::coolify::resource::is_application;

impl Runner {
    /// Brings the parts of a service whose text was changed in line with it.
    ///
    /// # Errors
    /// [`Halt::Stop`] when it cannot be told. What Coolify refuses is said, and fails nothing.
    pub(super) async fn silence<P: Working>(
        &mut self,
        deployment: &mut Deployment<P>,
        plan: &Plan,
        app: &Receipt,
    ) -> Result<(), Halt> {
        let Action::Change { before, .. } = &plan.app.action else { return Ok(()) };
        if is_application(&plan.app.fields) {
            return Ok(());
        }
        let mark = self.work.mark(deployment, Step::App);
        let compose = self.ask.matter.compose.clone();
        for (part, fate) in self.strays(&app.id, (&compose, &plan.app.fields), &mark).await? {
            let what = format!("compose service `{}`", part.name);
            let (id, own) = (app.id.as_str(), app.mark.clone());
            let change = Change { step: Step::App, id, mark: own, before, what: what.clone() };
            let call = self.vendors.coolify.change_part(id, &part, fate, &mark).knowing(&plan.app.fields);
            match self.work.converge(deployment, &change, &call).await {
                Ok(_) => self.tell_of(&part, fate),
                Err(Halt::Fail(cause)) => {
                    let text = format!("{what} still counts in the status at Coolify: {}", cause.message);
                    self.work.tell(&Event::Warned(self.work.mask.mask_own(&text)));
                }
                Err(stop) => return Err(stop),
            }
        }
        // One that was in doubt when the run was cut off has been seen by now, or was sent again.
        if deployment.ledger().doubts().iter().any(|doubt| doubt.step == Step::App) {
            self.work.settle(deployment, Step::App, By::Inquiry, Verdict::Have(app.clone())).await?;
        }
        Ok(())
    }

    /// The same on the way back, for a release's text and fields.
    ///
    /// # Errors
    /// [`Stop`].
    pub(super) async fn silence_again(
        &mut self,
        deployment: &mut Deployment<RollingBack>,
        receipt: &Receipt,
        (compose, fields): (&str, &Fields),
    ) -> Result<(), Stop> {
        if is_application(fields) {
            return Ok(());
        }
        let mark = self.work.mark(deployment, Step::App);
        for (part, fate) in self.strays(&receipt.id, (compose, fields), &mark).await? {
            let call = self.vendors.coolify.change_part(&receipt.id, &part, fate, &mark);
            match self.insist(deployment, receipt, &call).await? {
                Undoing::Done => self.tell_of(&part, fate),
                Undoing::Kept(reason) | Undoing::Blocked(reason) => {
                    let text = format!("compose service `{}` still counts at Coolify: {reason}", part.name);
                    self.work.tell(&Event::Warned(text));
                }
            }
        }
        Ok(())
    }

    // What is to be done about which part. A part that somebody else silenced is left alone.
    async fn strays(
        &self,
        id: &str,
        (compose, fields): (&str, &Fields),
        mark: &Mark,
    ) -> Result<Vec<(Part, Fate)>, Trouble> {
        let (coolify, wanted) = (&self.vendors.coolify, sent::services(compose));
        let field = |name: &str| fields.get(name).map_or("", String::as_str);
        let fate = |part: &Part| {
            let ours = part.mark.as_ref().is_some_and(|theirs| theirs.journal == mark.journal);
            let routed = part.name != field("service") && !part.url.is_empty() && part.url == field("url");
            match (wanted.contains(&part.name), part.silent) {
                (false, false) => Some(Fate::Silenced),
                (true, true) if ours => Some(Fate::Woken),
                (true, _) if routed => Some(Fate::Unrouted),
                (true, _) | (false, true) => None,
            }
        };
        let parts = coolify.parts(id).await?.into_iter();
        let strays: Vec<(Part, Fate)> =
            parts.filter_map(|part| fate(&part).map(|fate| (part, fate))).collect();
        if strays.is_empty() || coolify.changes_parts().await? {
            return Ok(strays);
        }
        let names: Vec<String> = strays.iter().map(|(part, _)| format!("`{}`", part.name)).collect();
        let names = names.join(", ");
        let text = format!(
            "Coolify keeps compose service {names} and calls the stack degraded: versions below 4.2.0 cannot leave it out"
        );
        self.work.tell(&Event::Warned(text));
        Ok(Vec::new())
    }

    fn tell_of(&self, part: &Part, fate: Fate) {
        if fate == Fate::Silenced {
            let name = &part.name;
            let text = format!(
                "compose service `{name}` is no longer in the text; Coolify cannot delete it, so it is left out of the status"
            );
            self.work.tell(&Event::Warned(text));
        }
    }
}
