//! Starting an app. A start does not say the same twice, but harms nothing when it is repeated after the one before
//! has ended.
//!
//! A service leaves no record of it. An application leaves a deployment, and the answer to the trigger is only a
//! receipt: Coolify answers 200 with a uuid that it never stored, so which deployment is ours is judged from its lists
//! (4.3.11, observed).

use std::time::Duration;

use machine::deployment::Deployment;
use machine::effect::{By, Kind, Verdict};
use machine::moment::Moment;
use machine::phase::Working;
use machine::receipt::{Fields, Receipt};
use machine::step::Step;
use serde_json::Value;

use super::converge::Change;
use super::event::Event;
use super::halt::{Halt, Stop, failed};
use super::work::{TRIES, Work};
use crate::providers::Coolify;
use crate::providers::answer::Answer;
use crate::providers::call::STALENESS;
use crate::providers::coolify::Resource;
use crate::providers::coolify::deployments::{self, Status, Trigger, judge, trigger};

/// The field of a start's receipt that names its deployment.
pub const DEPLOYMENT: &str = "deployment";

const AGAIN: Duration = Duration::from_secs(3);
const POLL: Duration = Duration::from_secs(5);
/// How long a deployment may take: Coolify ends one after an hour unless it is told otherwise (4.3.11).
const LONGEST: Duration = Duration::from_secs(65 * 60);

/// What a trigger came to.
enum Came {
    /// A deployment to follow; of a service, nothing to know it by.
    Started(Fields),
    /// Nothing was started: it is triggered again.
    Nothing(String),
    /// Coolify does not allow it.
    Denied(String),
}

impl Work {
    /// Starts `app` and says when it was triggered.
    ///
    /// # Errors
    /// [`Halt::Fail`] when it is refused, [`Halt::Stop`] when it cannot be told.
    pub async fn start<P: Working>(
        &mut self,
        deployment: &mut Deployment<P>,
        coolify: &Coolify,
        app: &Receipt,
    ) -> Result<Moment, Halt> {
        let step = Step::Deploy;
        let fields = deployment.plan().app.fields.clone();
        let resource = Resource::of(&fields, &app.id);
        let what = format!("the start of `{}`", deployment.begun().app.name);
        let mut saw = String::from("interrupted");
        if let Some(sent) = self.started_already(deployment, coolify, resource).await? {
            return Ok(sent);
        }
        loop {
            self.until_quiet(coolify, resource).await?;
            self.still_trying(deployment, step, &saw)?;
            let before = newest(coolify, resource).await?;
            let (id, mark, what) = (&app.id, app.mark.clone(), what.clone());
            let change = Change { step, id, mark, before: &before, what };
            let call = coolify.deploy(resource);
            self.intend(deployment, Kind::Trigger, &change, &call).await?;
            let sent = self.journal.now();
            match self.send(call).await? {
                Answer::Done(body) => match self.came(coolify, resource, &before, Some(&body)).await? {
                    Came::Started(fields) => {
                        let receipt = change.receipt(&fields);
                        self.settle(deployment, step, By::Answer, Verdict::Have(receipt)).await?;
                        return Ok(sent);
                    }
                    Came::Nothing(reason) => {
                        self.settle(deployment, step, By::Inquiry, Verdict::Absent).await?;
                        self.wait(step, &reason, POLL).await?;
                        saw = reason;
                    }
                    Came::Denied(reason) => {
                        let verdict = Verdict::Refused { reason: reason.clone() };
                        self.settle(deployment, step, By::Answer, verdict).await?;
                        return Err(Halt::Fail(change.refused(&reason)));
                    }
                },
                Answer::Refused(reason) | Answer::Partial(reason) | Answer::Missing(reason) => {
                    let receipt = change.receipt(&Fields::new());
                    self.settle(deployment, step, By::Inquiry, Verdict::Have(receipt)).await?;
                    return Err(Halt::Fail(change.refused(&reason)));
                }
                Answer::TokenRefused(reason) => {
                    let reason = format!("the app was not started, the token was refused: {reason}");
                    return Err(Stop::park(reason, "check the token, then resume").into());
                }
                Answer::NotDone(reason, pause) => {
                    self.wait(step, &reason, pause).await?;
                    saw = reason;
                }
                Answer::Doubt(reason) => {
                    self.tell(&Event::Doubted { step: step.as_str(), saw: reason.clone() });
                    self.pause(AGAIN).await?;
                    saw = reason;
                    if let Some(sent) = self.started_already(deployment, coolify, resource).await? {
                        return Ok(sent);
                    }
                }
            }
        }
    }

    // A trigger whose answer was lost: the newest deployment since then is its, if there is one.
    async fn started_already<P: Working>(
        &mut self,
        deployment: &mut Deployment<P>,
        coolify: &Coolify,
        resource: Resource<'_>,
    ) -> Result<Option<Moment>, Halt> {
        let doubt =
            deployment.ledger().doubts().iter().rev().find(|doubt| doubt.step == Step::Deploy).cloned();
        let (Some(doubt), Resource::Application(id)) = (doubt, resource) else { return Ok(None) };
        let Came::Started(fields) = self.came(coolify, resource, &doubt.before, None).await? else {
            return Ok(None);
        };
        let mark = Some(doubt.mark.clone());
        let change = Change { step: Step::Deploy, id, mark, before: &doubt.before, what: String::new() };
        let verdict = Verdict::Have(change.receipt(&fields));
        self.settle(deployment, Step::Deploy, By::Inquiry, verdict).await?;
        Ok(Some(doubt.attempt.sent))
    }

    async fn came(
        &self,
        coolify: &Coolify,
        resource: Resource<'_>,
        before: &Fields,
        answer: Option<&Value>,
    ) -> Result<Came, Halt> {
        let Resource::Application(id) = resource else { return Ok(Came::Started(Fields::new())) };
        let told = answer.map(|body| trigger(body, id));
        let before = before.get(DEPLOYMENT).and_then(|number| number.parse().ok());
        // Lists may lag behind, so what they do not show is looked for once more.
        for look in 0..2 {
            match judge(before, told.as_ref(), &coolify.deployments(id).await?) {
                deployments::Verdict::Follow(uuid) => {
                    return Ok(Came::Started(Fields::from([(DEPLOYMENT.to_owned(), uuid)])));
                }
                deployments::Verdict::Denied(reason) => return Ok(Came::Denied(reason)),
                deployments::Verdict::WaitFor(_) => break,
                deployments::Verdict::Lost if look == 0 => self.pause(STALENESS).await?,
                deployments::Verdict::Lost => {}
            }
        }
        let reason = match told {
            Some(Trigger::AlreadyQueued) => "an older deployment of the same commit to end",
            _ => "a deployment that Coolify did not queue",
        };
        Ok(Came::Nothing(reason.to_owned()))
    }

    /// Waits until nothing starts `app`: of a service 10 minutes at most, of an application until its deployments
    /// are over.
    ///
    /// # Errors
    /// [`Halt::Fail`] when the app is gone or never comes to rest.
    pub async fn until_quiet(&self, coolify: &Coolify, app: Resource<'_>) -> Result<String, Halt> {
        if let Resource::Application(id) = app {
            for under_way in coolify.deployments(id).await?.iter().filter(|it| !it.status.is_over()) {
                self.follow(coolify, id, &under_way.uuid).await?;
            }
        }
        let began = self.time();
        loop {
            match coolify.status(app).await? {
                Some(status) if !status.starts_with("starting:unhealthy") => return Ok(status),
                Some(status) => {
                    let what = format!("the start under way to end (status {status})");
                    self.wait(Step::Deploy, &what, POLL).await?;
                }
                None => {
                    let hint = "somebody deleted it; apply again makes it anew";
                    return Err(Halt::Fail(failed(format!("app {} is gone from Coolify", app.uuid()), hint)));
                }
            }
            if self.since(began) > TRIES {
                let message = format!("app {} was still starting after 10 minutes", app.uuid());
                return Err(Halt::Fail(failed(message, "see its log in Coolify")));
            }
        }
    }

    /// Follows a deployment of `application` until it is over; gives it as it ended.
    ///
    /// # Errors
    /// [`Halt::Fail`] when it never ends or vanishes.
    pub async fn follow(
        &self,
        coolify: &Coolify,
        application: &str,
        uuid: &str,
    ) -> Result<deployments::Deployment, Halt> {
        let (began, mut missing) = (self.time(), 0);
        loop {
            match coolify.deployment(uuid).await? {
                Some(deployment) if deployment.status.is_over() => return Ok(deployment),
                Some(deployment) => {
                    missing = 0;
                    let what = format!("deployment {uuid} to end ({})", words(&deployment.status));
                    self.wait(Step::Deploy, &what, POLL).await?;
                }
                // Its records go with the application, and only with it.
                None if missing < 2 => {
                    missing += 1;
                    self.pause(STALENESS).await?;
                }
                None => {
                    let hint = format!("look at application {application} in Coolify, then apply again");
                    let message =
                        format!("deployment {uuid} is gone from Coolify, nobody knows how it ended");
                    return Err(Halt::Fail(failed(message, hint)));
                }
            }
            if self.since(began) > LONGEST {
                let message = format!("deployment {uuid} did not end in 65 minutes");
                return Err(Halt::Fail(failed(message, "cancel it in Coolify, then apply again")));
            }
        }
    }
}

async fn newest(coolify: &Coolify, app: Resource<'_>) -> Result<Fields, Stop> {
    let Resource::Application(id) = app else { return Ok(Fields::new()) };
    let number = coolify.newest(id).await?.map(|deployment| deployment.number.to_string());
    Ok(number.map(|number| (DEPLOYMENT.to_owned(), number)).into_iter().collect())
}

/// How far a deployment is, in words.
pub fn words(status: &Status) -> String {
    match status {
        Status::Queued => "queued".to_owned(),
        Status::InProgress => "in progress".to_owned(),
        Status::Finished => "finished".to_owned(),
        Status::Failed => "failed".to_owned(),
        Status::Cancelled => "cancelled".to_owned(),
        Status::Other(word) => word.clone(),
    }
}
