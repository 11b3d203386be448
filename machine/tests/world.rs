//! What the tests share: a run with everything in it, a journal on tape, and the journeys a run can make.

use std::collections::BTreeMap;
use std::convert::Infallible;

use machine::app::AppKey;
use machine::cause::{Cause, CauseKind};
use machine::deployment::Deployment;
use machine::effect::{
    Attempt, Effect, EffectOutcome, Intended, RedactedRequest, RequestSemantics, ResolvedBy,
};
use machine::entry::{JournalEntry, Proof, Purpose, RunHeader, StoredEntry, TargetIdentity, Verification};
use machine::id::{JournalId, RunId};
use machine::phase::{PhaseKind, VolumePolicy};
use machine::plan::{
    Action, Baseline, DesiredRecord, DesiredResource, EnvVarAction, EnvVarChange, Plan, Proxy,
    TargetLocation, Zone,
};
use machine::receipt::{Attributes, Origin, ResourceState};
use machine::replay::AnyDeployment;
use machine::step::Step;
use machine::tag::OwnershipTag;
use machine::timestamp::DualTimestamp;
use machine::uncommitted::Journal;

pub fn moment(ms: u64) -> DualTimestamp {
    DualTimestamp { wall_ms: 1_700_000_000_000 + ms, monotonic_ms: ms, boot: "boot".to_owned() }
}

pub fn fields(pairs: &[(&str, &str)]) -> Attributes {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

pub fn tag(step: Step) -> OwnershipTag {
    OwnershipTag { run: RunId::from_bits(1), step, journal: JournalId::from_bits(2) }
}

pub fn cause(message: &str) -> Cause {
    Cause {
        kind: CauseKind::Failed,
        message: message.to_owned(),
        hint: "look at the log".to_owned(),
        evidence: vec!["GET /health 502".to_owned()],
    }
}

pub fn begun() -> RunHeader {
    RunHeader {
        run: RunId::from_bits(1),
        journal: JournalId::from_bits(2),
        app: AppKey {
            target: "https://coolify.example.com 0".to_owned(),
            project: "blog".to_owned(),
            environment: "production".to_owned(),
            name: "blog".to_owned(),
        },
        purpose: Purpose::Deploy,
        target: TargetIdentity {
            coolify: "https://coolify.example.com".to_owned(),
            team: "0".to_owned(),
            token: "t0".to_owned(),
        },
        spec: "/srv/blog.yaml".to_owned(),
        hash: "h0".to_owned(),
        secrets: BTreeMap::from([("KEY".to_owned(), "f0".to_owned())]),
        frozen: BTreeMap::from([("spec".to_owned(), "s0".to_owned())]),
    }
}

pub fn begun_to_destroy() -> RunHeader {
    RunHeader { purpose: Purpose::Destroy(VolumePolicy::Retain), ..begun() }
}

pub fn plan() -> Plan {
    let create = || DesiredResource { attributes: fields(&[("name", "blog")]), action: Action::Create };
    Plan {
        orphans: Vec::new(),
        external: Vec::new(),
        handed_over: Vec::new(),
        left_volumes: Vec::new(),
        baseline: Baseline::Nothing,
        target: TargetLocation {
            coolify: "https://coolify.example.com".to_owned(),
            team: "0".to_owned(),
            server: "v0".to_owned(),
            server_name: "vps1".to_owned(),
        },
        records: vec![record("blog.example.com", create()), record("old.example.com", dropped())],
        project: DesiredResource {
            attributes: Attributes::new(),
            action: Action::NoOp { id: "p1".to_owned(), tag: Some(tag(Step::Project)) },
        },
        environment: create(),
        app: DesiredResource {
            attributes: Attributes::new(),
            action: Action::Update { id: "a1".to_owned(), before: fields(&[("port", "80")]), tag: None },
        },
        envs: vec![EnvVarChange {
            key: "KEY".to_owned(),
            fingerprint: "f0".to_owned(),
            before: String::new(),
            change: EnvVarAction::Add,
        }],
        endpoints: vec!["https://blog.example.com".to_owned()],
        release: RunId::from_bits(1),
    }
}

fn record(name: &str, desired: DesiredResource) -> DesiredRecord {
    let zone = Zone {
        id: "z0".to_owned(),
        name: "example.com".to_owned(),
        name_servers: vec!["ns1.example.net".to_owned()],
    };
    DesiredRecord { name: name.to_owned(), zone, desired, proxy: Proxy::AfterProof }
}

fn dropped() -> DesiredResource {
    let before = fields(&[("content", "192.0.2.7")]);
    DesiredResource {
        attributes: Attributes::new(),
        action: Action::Delete { id: "r0".to_owned(), before, tag: tag(Step::Dns(0)) },
    }
}

pub fn state(step: Step, id: &str, how: Origin) -> ResourceState {
    ResourceState {
        step,
        origin: how,
        id: id.to_owned(),
        tag: Some(tag(step)),
        attributes: fields(&[("name", "blog")]),
    }
}

pub fn changed(port: &str) -> Origin {
    Origin::Updated { before: fields(&[("port", port)]) }
}

pub fn attempt(ms: u64) -> Attempt {
    Attempt { sent: moment(ms), timeout_ms: 30_000, settle_ms: 60_000 }
}

pub fn redacted() -> RedactedRequest {
    RedactedRequest {
        method: "POST".to_owned(),
        target: "coolify.example.com/api/v1/services".to_owned(),
        attributes: fields(&[("name", "blog")]),
    }
}

pub fn intended(step: Step, kind: RequestSemantics) -> Effect {
    let request = redacted();
    Effect::Intended(Intended {
        step,
        semantics: kind,
        tag: tag(step),
        request,
        before: Attributes::new(),
        attempt: attempt(0),
    })
}

pub fn settled(step: Step, by: ResolvedBy, outcome: EffectOutcome) -> Effect {
    Effect::Resolved { step, by, outcome }
}

pub fn made(step: Step, id: &str) -> Effect {
    settled(step, ResolvedBy::Response, EffectOutcome::Applied(state(step, id, Origin::Created)))
}

pub fn found(step: Step, id: &str) -> Effect {
    settled(step, ResolvedBy::Observation, EffectOutcome::Applied(state(step, id, Origin::Existing)))
}

pub fn surplus(step: Step, id: &str) -> Effect {
    Effect::Duplicate { state: state(step, id, Origin::Created) }
}

pub fn undo(resource: Step, id: &str) -> Effect {
    Effect::UndoIntended { resource, id: id.to_owned(), request: redacted(), attempt: attempt(9) }
}

pub fn undone(resource: Step, id: &str) -> Effect {
    Effect::Undone { resource, id: id.to_owned() }
}

pub fn blocked(resource: Step, id: &str) -> Effect {
    Effect::UndoBlocked { resource, id: id.to_owned(), reason: "drifted".to_owned() }
}

pub fn kept(resource: Step, id: &str) -> Effect {
    Effect::Retained { resource, id: id.to_owned(), reason: "used by `wiki`".to_owned() }
}

pub fn abandoned(resource: Step) -> Effect {
    Effect::Abandoned { resource, reason: "deleted by hand".to_owned() }
}

pub fn verification() -> Verification {
    Verification {
        checks: vec![("health".to_owned(), "GET /health 200 ×3".to_owned())],
        proof: Proof::Fingerprint,
        label_seen: false,
    }
}

/// A journal that takes everything and keeps it.
#[derive(Debug, Default)]
pub struct Tape(pub Vec<StoredEntry>);

impl Journal for Tape {
    type Error = Infallible;

    async fn append(&mut self, entry: &JournalEntry) -> Result<(), Infallible> {
        let ms = u64::try_from(self.0.len()).expect("a tape is short");
        self.0.push(StoredEntry::new(moment(ms), entry.clone()));
        Ok(())
    }
}

/// Waits for a future that never sleeps.
pub fn now<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime without drivers needs nothing").block_on(future)
}

pub fn lines(entries: &[JournalEntry]) -> Vec<StoredEntry> {
    let mut tape = Tape::default();
    for entry in entries {
        let Ok(()) = now(tape.append(entry));
    }
    tape.0
}

/// Each move's entry, with the phase it leads to.
pub fn move_to(phase: PhaseKind) -> JournalEntry {
    match phase {
        PhaseKind::Pending => JournalEntry::Begun(begun()),
        PhaseKind::Validating => JournalEntry::Validating,
        PhaseKind::Provisioning => JournalEntry::Provisioning { plan: plan() },
        PhaseKind::Deploying => JournalEntry::Deploying,
        PhaseKind::Verifying => JournalEntry::Verifying,
        PhaseKind::Complete => JournalEntry::Complete { verification: verification() },
        PhaseKind::RollingBack => turned_back(VolumePolicy::Delete),
        PhaseKind::RolledBack => JournalEntry::RolledBack { cause: cause("it is sick") },
        PhaseKind::Failed => JournalEntry::Failed { cause: cause("it is sick") },
        PhaseKind::Surveying => JournalEntry::Begun(begun_to_destroy()),
        PhaseKind::Destroying => destroying(),
        PhaseKind::Destroyed => JournalEntry::Destroyed { cause: cause("it is sick") },
        PhaseKind::DestroyFailed => JournalEntry::DestroyFailed { cause: cause("it is sick") },
    }
}

/// Trying again to destroy.
pub fn destroy_retried() -> JournalEntry {
    JournalEntry::DestroyRetried { cause: cause("it is sick") }
}

/// Turning back, whatever becomes of the data.
pub fn turned_back(data: VolumePolicy) -> JournalEntry {
    JournalEntry::RollingBack { cause: cause("it is sick"), volumes: data }
}

/// Turning at once to what earlier runs made.
pub fn destroying() -> JournalEntry {
    let resources =
        vec![state(Step::Dns(0), "r1", Origin::Created), state(Step::Project, "p1", Origin::Existing)];
    JournalEntry::Destroying {
        plan: plan(),
        resources,
        volumes: VolumePolicy::Retain,
        cause: cause("it is sick"),
    }
}

/// What the move onwards from `phase` asks for: found as it should be, or deleted.
pub fn found_in(phase: PhaseKind) -> Vec<JournalEntry> {
    let steps: &[(Step, &str)] = match phase {
        PhaseKind::Provisioning => &[(Step::Dns(0), "r1")],
        PhaseKind::Deploying => {
            &[(Step::Project, "p1"), (Step::Environment, "e1"), (Step::App, "a1"), (Step::Deploy, "a1")]
        }
        PhaseKind::Verifying => &[(Step::Proxy(0), "r1"), (Step::Dns(1), "r0")],
        PhaseKind::Destroying => return effects(vec![undone(Step::Dns(0), "r1")]),
        _ => &[],
    };
    steps.iter().map(|(step, id)| JournalEntry::Effect(found(*step, id))).collect()
}

/// The shortest way to each phase, on which nothing is made.
pub fn way_to(phase: PhaseKind) -> Vec<JournalEntry> {
    use PhaseKind::{
        Complete, Deploying, DestroyFailed, Destroyed, Destroying, Failed, Pending, Provisioning, RolledBack,
        RollingBack, Surveying, Validating, Verifying,
    };
    let way: &[PhaseKind] = match phase {
        Pending => &[Pending],
        Validating => &[Pending, Validating],
        Provisioning => &[Pending, Validating, Provisioning],
        Deploying => &[Pending, Validating, Provisioning, Deploying],
        Verifying => &[Pending, Validating, Provisioning, Deploying, Verifying],
        Complete => &[Pending, Validating, Provisioning, Deploying, Verifying, Complete],
        RollingBack => &[Pending, Validating, Provisioning, RollingBack],
        RolledBack => &[Pending, RolledBack],
        Failed => &[Pending, Validating, Provisioning, Failed],
        Surveying => &[Surveying],
        Destroying => &[Surveying, Destroying],
        Destroyed => &[Surveying, Destroying, Destroyed],
        DestroyFailed => &[Surveying, Destroying, DestroyFailed],
    };
    let (last, before) = way.split_last().expect("each way has its last step");
    let carried_out = before.iter().flat_map(|phase| {
        let work =
            if matches!(last, RollingBack | Failed | DestroyFailed) { Vec::new() } else { found_in(*phase) };
        [vec![move_to(*phase)], work].concat()
    });
    carried_out.chain([move_to(*last)]).collect()
}

pub fn at(phase: PhaseKind) -> AnyDeployment {
    AnyDeployment::replay(&lines(&way_to(phase))).expect("the way is legal")
}

/// The same, with all on record that the next move asks for.
pub fn ready_at(phase: PhaseKind) -> AnyDeployment {
    let entries = [way_to(phase), found_in(phase)].concat();
    AnyDeployment::replay(&lines(&entries)).expect("the way is legal")
}

pub fn begin(tape: &mut Tape) -> AnyDeployment {
    let Ok(pending) = now(Deployment::begin(begun()).commit(tape));
    pending.into()
}

/// Begins as `entry`, the first of a run, says.
pub fn begin_as(entry: &JournalEntry, tape: &mut Tape) -> AnyDeployment {
    match entry {
        JournalEntry::Begun(header) if header.purpose.is_destroy() => {
            let Ok(surveying) = now(Deployment::begin_destroy(begun(), VolumePolicy::Retain).commit(tape));
            surveying.into()
        }
        _ => begin(tape),
    }
}

/// Whole runs, each by name: together they have every entry and every effect.
pub fn journeys() -> Vec<(&'static str, Vec<JournalEntry>)> {
    vec![
        ("deployed at once", deployed()),
        ("deployed, then undone", [deployed(), undone_after_completion()].concat()),
        ("refused", [way_to(PhaseKind::Validating), vec![move_to(PhaseKind::RolledBack)]].concat()),
        ("its record proxied and an old one dropped, then undone", proxied()),
        ("destroyed at the second try", destroyed()),
        ("destroying refused", [way_to(PhaseKind::Surveying), vec![move_to(PhaseKind::RolledBack)]].concat()),
        ("in doubt, resumed, undone twice", troubled()),
    ]
}

fn effects(effects: Vec<Effect>) -> Vec<JournalEntry> {
    effects.into_iter().map(JournalEntry::Effect).collect()
}

fn deployed() -> Vec<JournalEntry> {
    [
        way_to(PhaseKind::Provisioning),
        effects(vec![intended(Step::Dns(0), RequestSemantics::NonIdempotent), made(Step::Dns(0), "r1")]),
        vec![move_to(PhaseKind::Deploying)],
        effects(vec![
            found(Step::Project, "p1"),
            found(Step::Environment, "e1"),
            intended(Step::App, RequestSemantics::NonIdempotent),
            made(Step::App, "a1"),
            intended(Step::Envs, RequestSemantics::Idempotent),
            settled(
                Step::Envs,
                ResolvedBy::Response,
                EffectOutcome::Applied(state(Step::Envs, "a1", changed("80"))),
            ),
            intended(Step::Deploy, RequestSemantics::Trigger),
            made(Step::Deploy, "a1"),
        ]),
        vec![move_to(PhaseKind::Verifying)],
        found_in(PhaseKind::Verifying),
        vec![move_to(PhaseKind::Complete)],
    ]
    .concat()
}

fn undone_after_completion() -> Vec<JournalEntry> {
    [
        vec![turned_back(VolumePolicy::Retain)],
        effects(vec![
            undo(Step::App, "a1"),
            undone(Step::App, "a1"),
            undo(Step::Dns(0), "r1"),
            undone(Step::Dns(0), "r1"),
        ]),
        vec![move_to(PhaseKind::RolledBack)],
    ]
    .concat()
}

fn proxied() -> Vec<JournalEntry> {
    let gone = Origin::Deleted { before: fields(&[("content", "192.0.2.7")]) };
    [
        way_to(PhaseKind::Provisioning),
        effects(vec![intended(Step::Dns(0), RequestSemantics::NonIdempotent), made(Step::Dns(0), "r1")]),
        vec![move_to(PhaseKind::Deploying)],
        found_in(PhaseKind::Deploying),
        vec![move_to(PhaseKind::Verifying)],
        effects(vec![
            intended(Step::Proxy(0), RequestSemantics::Idempotent),
            settled(
                Step::Proxy(0),
                ResolvedBy::Response,
                EffectOutcome::Applied(state(Step::Proxy(0), "r1", changed("80"))),
            ),
            intended(Step::Dns(1), RequestSemantics::Idempotent),
            settled(
                Step::Dns(1),
                ResolvedBy::Response,
                EffectOutcome::Applied(state(Step::Dns(1), "r0", gone)),
            ),
        ]),
        vec![move_to(PhaseKind::RollingBack)],
        effects(vec![
            undo(Step::Dns(1), "r0"),
            undone(Step::Dns(1), "r0"),
            undo(Step::Dns(0), "r1"),
            undone(Step::Dns(0), "r1"),
        ]),
        vec![move_to(PhaseKind::RolledBack)],
    ]
    .concat()
}

fn destroyed() -> Vec<JournalEntry> {
    [
        way_to(PhaseKind::Destroying),
        effects(vec![blocked(Step::Dns(0), "r1")]),
        vec![move_to(PhaseKind::DestroyFailed), destroy_retried()],
        effects(vec![undo(Step::Dns(0), "r1"), undone(Step::Dns(0), "r1")]),
        vec![move_to(PhaseKind::Destroyed)],
    ]
    .concat()
}

fn troubled() -> Vec<JournalEntry> {
    let inquired = settled(
        Step::Dns(0),
        ResolvedBy::Reconciliation,
        EffectOutcome::Applied(state(Step::Dns(0), "r1", Origin::Created)),
    );
    let refused = settled(
        Step::App,
        ResolvedBy::Response,
        EffectOutcome::Rejected { reason: "no such server".to_owned() },
    );
    [
        way_to(PhaseKind::Provisioning),
        effects(vec![intended(Step::Dns(0), RequestSemantics::NonIdempotent)]),
        vec![JournalEntry::Parked { reason: "interrupted".to_owned() }],
        vec![JournalEntry::Resumed { holder: "ann@host, pid 7, `fabrik resume`".to_owned() }],
        effects(vec![
            settled(Step::Dns(0), ResolvedBy::Reconciliation, EffectOutcome::NotApplied),
            intended(Step::Dns(0), RequestSemantics::NonIdempotent),
            inquired,
            surplus(Step::Dns(0), "r2"),
        ]),
        vec![move_to(PhaseKind::Deploying)],
        effects(vec![
            intended(Step::Project, RequestSemantics::NonIdempotent),
            made(Step::Project, "p1"),
            intended(Step::App, RequestSemantics::NonIdempotent),
            refused,
        ]),
        vec![move_to(PhaseKind::RollingBack)],
        effects(vec![
            undo(Step::Project, "p1"),
            kept(Step::Project, "p1"),
            undo(Step::Dns(0), "r2"),
            undone(Step::Dns(0), "r2"),
            blocked(Step::Dns(0), "r1"),
        ]),
        vec![move_to(PhaseKind::Failed)],
        effects(vec![abandoned(Step::Dns(0))]),
        vec![move_to(PhaseKind::RollingBack), move_to(PhaseKind::RolledBack)],
    ]
    .concat()
}
