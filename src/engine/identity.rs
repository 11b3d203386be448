//! Which Coolify and which team a token leads to: what an app is filed under, and what a run makes sure of.
//!
//! The journal remembers what a token led to, so that an unchanged app asks nothing. That is no proof: before a run begins
//! it is asked, and before a run is refused for it too.

use machine::app::AppKey;
use machine::entry::TargetIdentity;

use super::commands::{CommandOutcome, Engine};
use crate::plan::Blocker;
use crate::spec::Spec;

impl Engine {
    /// The app that `spec` is about, on this outside.
    pub fn app(&self, spec: &Spec, ports: &TargetIdentity) -> AppKey {
        AppKey {
            target: self.called(ports),
            project: spec.project.clone(),
            environment: spec.environment.clone(),
            name: spec.name.clone(),
        }
    }

    /// Which Coolify and which team: remembered from an earlier run with this token, else asked.
    ///
    /// # Errors
    /// [`CommandOutcome::Blockers`] when it cannot be learnt.
    pub async fn learn_outside(&self) -> Result<TargetIdentity, CommandOutcome> {
        match self.remembered().await? {
            Some(ports) => Ok(ports),
            None => self.asked_outside().await,
        }
    }

    async fn asked_outside(&self) -> Result<TargetIdentity, CommandOutcome> {
        let team = self
            .clients
            .coolify
            .team()
            .await
            .map_err(|trouble| CommandOutcome::from(Blocker::from(trouble)))?;
        Ok(self.outside_of(&team.id))
    }

    /// Makes sure that this is the outside that `app` is on: a run never acts on another than its own.
    ///
    /// # Errors
    /// [`CommandOutcome::Blockers`] when it is another one, or cannot be learnt.
    pub(super) async fn same_place(&self, app: &AppKey) -> Result<(), CommandOutcome> {
        let is_its_own = |ports: &TargetIdentity| self.called(ports) == app.target;
        if is_its_own(&self.learn_outside().await?) {
            return Ok(());
        }
        // What is remembered is no proof that it is another one: a run may have been begun, and refused, while the
        // token was another team's.
        let here = self.asked_outside().await?;
        if is_its_own(&here) {
            return Ok(());
        }
        Err(Blocker::new(
            format!("`{}` is on {}, this is {}", app.name, app.target, self.called(&here)),
            "set COOLIFY_API_URL and COOLIFY_API_TOKEN to the ones it was started with",
        )
        .into())
    }

    /// What the newest run with this token learnt of its team.
    pub(super) async fn remembered(&self) -> Result<Option<TargetIdentity>, CommandOutcome> {
        let this = self.outside_of("");
        let rows = self.store.list(None).await?;
        let mut known = rows.iter().rev().filter_map(|row| row.begun.as_ref()).map(|begun| &begun.target);
        let found = known.find(|known| known.coolify == this.coolify && known.token == this.token);
        Ok(found.cloned())
    }

    /// What apps on `ports` are filed under.
    fn called(&self, ports: &TargetIdentity) -> String {
        self.world.clone().unwrap_or_else(|| format!("{} team {}", ports.coolify, ports.team))
    }

    /// This Coolify, seen as `team` with this token.
    pub(super) fn outside_of(&self, team: &str) -> TargetIdentity {
        let coolify = self.clients.coolify.url().to_owned();
        let token = self.key.fingerprint(&coolify, self.token.expose());
        TargetIdentity { coolify, team: team.to_owned(), token }
    }
}
