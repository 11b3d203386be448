//! Ending an application's deployments before something else is done to it.
//!
//! One that goes on lands on top of what is put back, or leaves containers that nobody has a record of. A service
//! leaves no record of its starts; those are waited for.

use std::time::Duration;

use machine::deployment::Deployment;
use machine::phase::EffectfulPhase;
use machine::receipt::ResourceState;

use super::app::App;
use super::context::{RunContext, TRIES};
use super::delete::Undoing;
use super::phase_error::Interruption;
use super::waits::Wait;
use crate::providers::outcome::WriteOutcome;

const POLL: Duration = Duration::from_secs(5);

impl RunContext {
    /// Cancels every deployment of `app` that is not over, and sees them end.
    ///
    /// # Errors
    /// [`Interruption`] when it cannot be told now; the run can be resumed.
    pub async fn cancel_all<P: EffectfulPhase>(
        &mut self,
        deployment: &mut Deployment<P>,
        app: App<'_>,
        receipt: &ResourceState,
    ) -> Result<Undoing, Interruption> {
        let began = self.time();
        loop {
            self.safe_point()?;
            let under_way = app.under_way().await?;
            let Some(newest) = under_way.first() else { return Ok(Undoing::Done) };
            if self.since(began) > TRIES {
                let reason = format!("deployment {} could not be cancelled in 10 minutes", newest.uuid);
                return Ok(Undoing::Blocked(reason));
            }
            for one in &under_way {
                let answer = self.undo(deployment, receipt, app.coolify.cancel(&one.uuid)).await?;
                if let WriteOutcome::TokenRefused(reason) = answer {
                    let reason = format!("the token was refused: {reason}");
                    return Err(Interruption::token_refused(reason));
                }
                // Refused is one that was over by then; whatever else it was shows when they are listed again.
                self.wait(Wait::Cancelled, receipt.step, &format!("deployment {} to end", one.uuid), POLL)
                    .await?;
            }
        }
    }
}
