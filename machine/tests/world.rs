//! What the tests share: a run with everything in it, a journal on tape, and the journeys a run can make.

use std::collections::BTreeMap;
use std::convert::Infallible;

use machine::app::AppKey;
use machine::cause::{Cause, Kind as CauseKind};
use machine::deployment::Deployment;
use machine::effect::{Attempt, By, Effect, Intended, Kind, Redacted, Verdict};
use machine::entry::{Begun, Entry, Evidence, Line, Outside, Proof, Purpose};
use machine::id::{JournalId, RunId};
use machine::mark::Mark;
use machine::moment::Moment;
use machine::phase::{Data, Name};
use machine::plan::{Action, Base, EnvChange, EnvWish, Place, Plan, Proxy, RecordWish, Start, Wish, Zone};
use machine::receipt::{Fields, How, Receipt};
use machine::replay::AnyDeployment;
use machine::step::Step;
use machine::unwritten::Journal;

pub fn moment(ms: u64) -> Moment {
    Moment { wall_ms: 1_700_000_000_000 + ms, boot_ms: ms, boot: "boot".to_owned() }
}

pub fn fields(pairs: &[(&str, &str)]) -> Fields {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

pub fn mark(step: Step) -> Mark {
    Mark { run: RunId::from_bits(1), step, journal: JournalId::from_bits(2) }
}

pub fn cause(message: &str) -> Cause {
    Cause {
        kind: CauseKind::Failed,
        message: message.to_owned(),
        hint: "look at the log".to_owned(),
        evidence: vec!["GET /health 502".to_owned()],
    }
}

pub fn begun() -> Begun {
    Begun {
        run: RunId::from_bits(1),
        journal: JournalId::from_bits(2),
        app: AppKey {
            outside: "https://coolify.example.com 0".to_owned(),
            project: "blog".to_owned(),
            environment: "production".to_owned(),
            name: "blog".to_owned(),
        },
        purpose: Purpose::Deploy,
        outside: Outside {
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

pub fn plan() -> Plan {
    let create = || Wish { fields: fields(&[("name", "blog")]), action: Action::Create };
    Plan {
        late: Vec::new(),
        external: Vec::new(),
        handed_over: Vec::new(),
        left_volumes: Vec::new(),
        base: Base::Nothing,
        place: Place {
            coolify: "https://coolify.example.com".to_owned(),
            team: "0".to_owned(),
            server: "v0".to_owned(),
            server_name: "vps1".to_owned(),
        },
        records: vec![record("blog.example.com", create()), record("old.example.com", dropped())],
        project: Wish {
            fields: Fields::new(),
            action: Action::Keep { id: "p1".to_owned(), mark: Some(mark(Step::Project)) },
        },
        environment: create(),
        app: Wish {
            fields: Fields::new(),
            action: Action::Change { id: "a1".to_owned(), before: fields(&[("port", "80")]), mark: None },
        },
        envs: vec![EnvWish {
            key: "KEY".to_owned(),
            fingerprint: "f0".to_owned(),
            before: String::new(),
            change: EnvChange::Add,
        }],
        endpoints: vec!["https://blog.example.com".to_owned()],
        release: RunId::from_bits(1),
    }
}

fn record(name: &str, wish: Wish) -> RecordWish {
    let zone = Zone {
        id: "z0".to_owned(),
        name: "example.com".to_owned(),
        name_servers: vec!["ns1.example.net".to_owned()],
    };
    RecordWish { name: name.to_owned(), zone, wish, proxy: Proxy::AfterProof }
}

fn dropped() -> Wish {
    let before = fields(&[("content", "192.0.2.7")]);
    Wish {
        fields: Fields::new(),
        action: Action::Drop { id: "r0".to_owned(), before, mark: mark(Step::Dns(0)) },
    }
}

pub fn receipt(step: Step, id: &str, how: How) -> Receipt {
    Receipt { step, how, id: id.to_owned(), mark: Some(mark(step)), fields: fields(&[("name", "blog")]) }
}

pub fn changed(port: &str) -> How {
    How::Changed { before: fields(&[("port", port)]) }
}

pub fn attempt(ms: u64) -> Attempt {
    Attempt { sent: moment(ms), give_up_ms: 30_000, settle_ms: 60_000 }
}

pub fn redacted() -> Redacted {
    Redacted {
        method: "POST".to_owned(),
        target: "coolify.example.com/api/v1/services".to_owned(),
        fields: fields(&[("name", "blog")]),
    }
}

pub fn intended(step: Step, kind: Kind) -> Effect {
    let request = redacted();
    Effect::Intended(Intended {
        step,
        kind,
        mark: mark(step),
        request,
        before: Fields::new(),
        attempt: attempt(0),
    })
}

pub fn settled(step: Step, by: By, verdict: Verdict) -> Effect {
    Effect::Settled { step, by, verdict }
}

pub fn made(step: Step, id: &str) -> Effect {
    settled(step, By::Answer, Verdict::Have(receipt(step, id, How::Made)))
}

pub fn surplus(step: Step, id: &str) -> Effect {
    Effect::Surplus { receipt: receipt(step, id, How::Made) }
}

pub fn undo(thing: Step, id: &str) -> Effect {
    Effect::UndoIntended { thing, id: id.to_owned(), request: redacted(), attempt: attempt(9) }
}

pub fn undone(thing: Step, id: &str) -> Effect {
    Effect::Undone { thing, id: id.to_owned() }
}

pub fn blocked(thing: Step, id: &str) -> Effect {
    Effect::UndoBlocked { thing, id: id.to_owned(), reason: "drifted".to_owned() }
}

pub fn kept(thing: Step, id: &str) -> Effect {
    Effect::Kept { thing, id: id.to_owned(), reason: "used by `wiki`".to_owned() }
}

pub fn abandoned(thing: Step) -> Effect {
    Effect::Abandoned { thing, reason: "deleted by hand".to_owned() }
}

pub fn evidence() -> Evidence {
    Evidence {
        checks: vec![("health".to_owned(), "GET /health 200 ×3".to_owned())],
        proof: Proof::Fingerprint,
        label_seen: false,
    }
}

/// A journal that takes everything and keeps it.
#[derive(Debug, Default)]
pub struct Tape(pub Vec<Line>);

impl Journal for Tape {
    type Error = Infallible;

    async fn append(&mut self, entry: &Entry) -> Result<(), Infallible> {
        let ms = u64::try_from(self.0.len()).expect("a tape is short");
        self.0.push(Line::new(moment(ms), entry.clone()));
        Ok(())
    }
}

/// Waits for a future that never sleeps.
pub fn now<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime without drivers needs nothing").block_on(future)
}

pub fn lines(entries: &[Entry]) -> Vec<Line> {
    let mut tape = Tape::default();
    for entry in entries {
        let Ok(()) = now(tape.append(entry));
    }
    tape.0
}

/// Each move's entry, with the phase it leads to.
pub fn move_to(phase: Name) -> Entry {
    match phase {
        Name::Pending => Entry::Begun(begun()),
        Name::Validating => Entry::Validating,
        Name::Provisioning => Entry::Provisioning { plan: plan() },
        Name::Deploying => Entry::Deploying { dns: vec![receipt(Step::Dns(0), "r1", How::Made)] },
        Name::Verifying => Entry::Verifying {
            app: receipt(Step::App, "a1", How::Made),
            endpoints: vec!["https://blog.example.com".to_owned()],
            start: Start::Triggered(moment(5)),
        },
        Name::Complete => Entry::Complete { evidence: evidence() },
        Name::RollingBack => turned_back(Data::Goes),
        Name::RolledBack => Entry::RolledBack { cause: cause("it is sick") },
        Name::Failed => Entry::Failed { cause: cause("it is sick") },
    }
}

/// Turning back, whatever becomes of the data.
pub fn turned_back(data: Data) -> Entry {
    Entry::RollingBack { cause: cause("it is sick"), data }
}

/// Turning at once to what earlier runs made.
pub fn destroying() -> Entry {
    let things = vec![receipt(Step::Dns(0), "r1", How::Made), receipt(Step::Project, "p1", How::Found)];
    Entry::Destroying { plan: plan(), things, data: Data::Stays, cause: cause("it is sick") }
}

/// The shortest way to each phase.
pub fn way_to(phase: Name) -> Vec<Entry> {
    use Name::{
        Complete, Deploying, Failed, Pending, Provisioning, RolledBack, RollingBack, Validating, Verifying,
    };
    let way: &[Name] = match phase {
        Pending => &[Pending],
        Validating => &[Pending, Validating],
        Provisioning => &[Pending, Validating, Provisioning],
        Deploying => &[Pending, Validating, Provisioning, Deploying],
        Verifying => &[Pending, Validating, Provisioning, Deploying, Verifying],
        Complete => &[Pending, Validating, Provisioning, Deploying, Verifying, Complete],
        RollingBack => &[Pending, Validating, Provisioning, RollingBack],
        RolledBack => &[Pending, RolledBack],
        Failed => &[Pending, Validating, Provisioning, Failed],
    };
    way.iter().map(|phase| move_to(*phase)).collect()
}

pub fn at(phase: Name) -> AnyDeployment {
    AnyDeployment::replay(&lines(&way_to(phase))).expect("the way is legal")
}

pub fn begin(tape: &mut Tape) -> AnyDeployment {
    let Ok(pending) = now(Deployment::begin(begun()).write(tape));
    pending.into()
}

/// Whole runs, each by name: together they have every entry and every effect.
pub fn journeys() -> Vec<(&'static str, Vec<Entry>)> {
    vec![
        ("deployed at once", deployed()),
        ("deployed, then undone", [deployed(), undone_after_completion()].concat()),
        ("refused", [way_to(Name::Validating), vec![move_to(Name::RolledBack)]].concat()),
        ("its record proxied and an old one dropped, then undone", proxied()),
        ("destroyed", destroyed()),
        ("in doubt, taken up again, undone twice", troubled()),
    ]
}

fn effects(effects: Vec<Effect>) -> Vec<Entry> {
    effects.into_iter().map(Entry::Effect).collect()
}

fn deployed() -> Vec<Entry> {
    let found = |step, id| settled(step, By::Look, Verdict::Have(receipt(step, id, How::Found)));
    [
        way_to(Name::Provisioning),
        effects(vec![intended(Step::Dns(0), Kind::Create), made(Step::Dns(0), "r1")]),
        vec![move_to(Name::Deploying)],
        effects(vec![
            found(Step::Project, "p1"),
            intended(Step::App, Kind::Create),
            made(Step::App, "a1"),
            intended(Step::Envs, Kind::Converge),
            settled(Step::Envs, By::Answer, Verdict::Have(receipt(Step::Envs, "a1", changed("80")))),
            intended(Step::Deploy, Kind::Trigger),
            made(Step::Deploy, "a1"),
        ]),
        vec![move_to(Name::Verifying), move_to(Name::Complete)],
    ]
    .concat()
}

fn undone_after_completion() -> Vec<Entry> {
    [
        vec![turned_back(Data::Stays)],
        effects(vec![
            undo(Step::App, "a1"),
            undone(Step::App, "a1"),
            undo(Step::Dns(0), "r1"),
            undone(Step::Dns(0), "r1"),
        ]),
        vec![move_to(Name::RolledBack)],
    ]
    .concat()
}

fn proxied() -> Vec<Entry> {
    let gone = How::Dropped { before: fields(&[("content", "192.0.2.7")]) };
    [
        way_to(Name::Provisioning),
        effects(vec![intended(Step::Dns(0), Kind::Create), made(Step::Dns(0), "r1")]),
        vec![move_to(Name::Deploying), move_to(Name::Verifying)],
        effects(vec![
            intended(Step::Proxy(0), Kind::Converge),
            settled(Step::Proxy(0), By::Answer, Verdict::Have(receipt(Step::Proxy(0), "r1", changed("80")))),
            intended(Step::Dns(1), Kind::Converge),
            settled(Step::Dns(1), By::Answer, Verdict::Have(receipt(Step::Dns(1), "r0", gone))),
        ]),
        vec![move_to(Name::RollingBack)],
        effects(vec![
            undo(Step::Dns(1), "r0"),
            undone(Step::Dns(1), "r0"),
            undo(Step::Dns(0), "r1"),
            undone(Step::Dns(0), "r1"),
        ]),
        vec![move_to(Name::RolledBack)],
    ]
    .concat()
}

fn destroyed() -> Vec<Entry> {
    [
        way_to(Name::Validating),
        vec![destroying()],
        effects(vec![undo(Step::Dns(0), "r1"), undone(Step::Dns(0), "r1")]),
        vec![move_to(Name::RolledBack)],
    ]
    .concat()
}

fn troubled() -> Vec<Entry> {
    let inquired = settled(Step::Dns(0), By::Inquiry, Verdict::Have(receipt(Step::Dns(0), "r1", How::Made)));
    let refused = settled(Step::App, By::Answer, Verdict::Refused { reason: "no such server".to_owned() });
    [
        way_to(Name::Provisioning),
        effects(vec![intended(Step::Dns(0), Kind::Create)]),
        vec![Entry::Parked { reason: "interrupted".to_owned() }],
        vec![Entry::Resumed { holder: "ann@host, pid 7, `fabrik resume`".to_owned() }],
        effects(vec![
            settled(Step::Dns(0), By::Inquiry, Verdict::Absent),
            intended(Step::Dns(0), Kind::Create),
            inquired,
            surplus(Step::Dns(0), "r2"),
        ]),
        vec![move_to(Name::Deploying)],
        effects(vec![
            intended(Step::Project, Kind::Create),
            made(Step::Project, "p1"),
            intended(Step::App, Kind::Create),
            refused,
        ]),
        vec![move_to(Name::RollingBack)],
        effects(vec![
            undo(Step::Project, "p1"),
            kept(Step::Project, "p1"),
            undo(Step::Dns(0), "r2"),
            undone(Step::Dns(0), "r2"),
            blocked(Step::Dns(0), "r1"),
        ]),
        vec![move_to(Name::Failed)],
        effects(vec![abandoned(Step::Dns(0))]),
        vec![move_to(Name::RollingBack), move_to(Name::RolledBack)],
    ]
    .concat()
}
