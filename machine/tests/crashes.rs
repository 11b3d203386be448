//! Random runs with crashes, lost replies, lost leases and two handles on one run.

use std::sync::{Arc, Mutex, MutexGuard};

use machine::deployment::{Deployment, RecordError};
use machine::effect::{Effect, EffectOutcome, RequestSemantics, ResolvedBy};
use machine::entry::{JournalEntry, StoredEntry};
use machine::phase::{Deploying, PhaseKind, Provisioning, Verifying};
use machine::receipt::Origin;
use machine::replay::AnyDeployment;
use machine::step::Step;
use machine::uncommitted::{Journal, Uncommitted};
use proptest::prelude::*;

use crate::world::{
    Tape, abandoned, begin_as, blocked, cause, changed, found, intended, kept, lines, moment, move_to, now,
    plan, settled, state, surplus, undo, undone, verification,
};

/// What the store holds: the lines, who wrote each, and the newest token.
#[derive(Debug, Default)]
struct Book {
    lines: Vec<StoredEntry>,
    writers: Vec<u64>,
    token: u64,
}

/// What goes wrong with the next write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Nothing,
    /// The process dies before it is written.
    Before,
    /// It is written, and the reply is lost.
    After,
}

/// One runner's handle on the book.
#[derive(Debug)]
struct Pen {
    book: Arc<Mutex<Book>>,
    token: u64,
    seq: usize,
    fault: Fault,
}

fn open(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().expect("no test panics while it holds the book")
}

impl Pen {
    /// Claims the run: from now on older pens do not write.
    fn claim(book: &Arc<Mutex<Book>>) -> Self {
        let mut open = open(book);
        open.token += 1;
        Self { token: open.token, seq: open.lines.len(), fault: Fault::Nothing, book: Arc::clone(book) }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum PenError {
    Fenced,
    Died,
}

impl Journal for Pen {
    type Error = PenError;

    async fn append(&mut self, entry: &JournalEntry) -> Result<(), PenError> {
        let mut book = open(&self.book);
        if book.token != self.token || book.lines.len() != self.seq {
            return Err(PenError::Fenced);
        }
        if self.fault == Fault::Before {
            return Err(PenError::Died);
        }
        let at = moment(self.token);
        book.lines.push(StoredEntry::new(at, entry.clone()));
        book.writers.push(self.token);
        self.seq += 1;
        if self.fault == Fault::After { Err(PenError::Died) } else { Ok(()) }
    }
}

/// One runner: where it believes the run is, and its pen.
#[derive(Debug)]
struct Runner {
    any: AnyDeployment,
    pen: Pen,
}

impl Runner {
    fn take_up(book: &Arc<Mutex<Book>>) -> Self {
        let pen = Pen::claim(book);
        let any = AnyDeployment::replay(&open(book).lines).expect("whatever is written can be read");
        Self { any, pen }
    }
}

/// What one runner tries.
#[derive(Debug, Clone)]
enum Try {
    Move(u8),
    Record(Box<Effect>),
}

/// Where the runner goes on; nowhere if it died.
type After = Option<AnyDeployment>;

fn written<P>(unwritten: Uncommitted<P>, pen: &mut Pen) -> After
where
    AnyDeployment: From<Deployment<P>>,
{
    now(unwritten.commit(pen)).ok().map(AnyDeployment::from)
}

/// Makes a move that asks for receipts, once what is missing was found; what is in doubt keeps the run where it is.
macro_rules! once_ready {
    ($d:ident, $pen:ident, $go:expr) => {{
        let mut d = $d;
        let missing = match $go(d) {
            Ok(unwritten) => return written(unwritten, $pen),
            Err(not_ready) => {
                d = not_ready.deployment;
                not_ready.missing
            }
        };
        for step in missing {
            match now(d.record($pen, found(step, "1"))) {
                Ok(()) | Err(RecordError::Illegal(_)) => {}
                Err(RecordError::Journal(_)) => return None,
            }
        }
        match $go(d) {
            Ok(unwritten) => written(unwritten, $pen),
            Err(not_ready) => Some(not_ready.deployment.into()),
        }
    }};
}

/// Makes one of the moves of the phase; a phase without one stays as it is. Refusals are rare, so that most runs get
/// somewhere.
fn make(any: AnyDeployment, which: u8, pen: &mut Pen) -> After {
    let why = || cause("it is sick");
    match (any, which % 3) {
        (AnyDeployment::Pending(d), _) if which < 250 => written(d.validate(), pen),
        (AnyDeployment::Pending(d), _) => written(d.refuse(why()), pen),
        (AnyDeployment::Validating(d), _) if which < 250 => written(d.provision(plan()), pen),
        (AnyDeployment::Validating(d), _) => written(d.refuse(why()), pen),
        (AnyDeployment::Provisioning(d), 0) => once_ready!(d, pen, Deployment::<Provisioning>::deploy),
        (AnyDeployment::Provisioning(d), 1) => written(d.roll_back(why()), pen),
        (AnyDeployment::Provisioning(d), _) => written(d.leave_standing(why()), pen),
        (AnyDeployment::Deploying(d), 0) => once_ready!(d, pen, Deployment::<Deploying>::verify),
        (AnyDeployment::Deploying(d), 1) => written(d.roll_back(why()), pen),
        (AnyDeployment::Deploying(d), _) => written(d.leave_standing(why()), pen),
        (AnyDeployment::Verifying(d), 0) => {
            once_ready!(d, pen, |d: Deployment<Verifying>| d.complete(verification()))
        }
        (AnyDeployment::Verifying(d), 1) => written(d.roll_back(why()), pen),
        (AnyDeployment::Verifying(d), _) => written(d.leave_standing(why()), pen),
        (AnyDeployment::Complete(d), _) => written(d.roll_back(why()), pen),
        (AnyDeployment::RollingBack(d), 0 | 1) => match d.close() {
            Ok(closed) => written(closed, pen),
            Err(open) => Some((*open).into()),
        },
        (AnyDeployment::RollingBack(d), _) => written(d.give_up(), pen),
        (AnyDeployment::Failed(d), _) => written(d.roll_back(why()), pen),
        (AnyDeployment::Surveying(d), _) if which < 250 => {
            written(d.destroy(plan(), vec![state(Step::Dns(0), "1", Origin::Created)], why()), pen)
        }
        (AnyDeployment::Surveying(d), _) => written(d.refuse(why()), pen),
        (AnyDeployment::Destroying(d), 0 | 1) => match d.close() {
            Ok(closed) => written(closed, pen),
            Err(open) => Some((*open).into()),
        },
        (AnyDeployment::Destroying(d), _) => written(d.give_up(), pen),
        (AnyDeployment::DestroyFailed(d), _) => written(d.retry(why()), pen),
        (closed @ (AnyDeployment::RolledBack(_) | AnyDeployment::Destroyed(_)), _) => Some(closed),
    }
}

fn record(any: AnyDeployment, effect: Effect, pen: &mut Pen) -> After {
    macro_rules! recorded {
        ($d:ident, $recording:expr) => {
            match now($recording) {
                Ok(()) | Err(RecordError::Illegal(_)) => Some($d.into()),
                Err(RecordError::Journal(_)) => None,
            }
        };
    }
    match any {
        AnyDeployment::Provisioning(mut d) => recorded!(d, d.record(pen, effect)),
        AnyDeployment::Deploying(mut d) => recorded!(d, d.record(pen, effect)),
        AnyDeployment::Verifying(mut d) => recorded!(d, d.record(pen, effect)),
        AnyDeployment::RollingBack(mut d) => recorded!(d, d.record(pen, effect)),
        AnyDeployment::Destroying(mut d) => recorded!(d, d.record(pen, effect)),
        AnyDeployment::Failed(mut d) => {
            recorded!(d, d.abandon(pen, effect.step().resource(), "gone".to_owned()))
        }
        AnyDeployment::DestroyFailed(mut d) => {
            recorded!(d, d.abandon(pen, effect.step().resource(), "gone".to_owned()))
        }
        AnyDeployment::Pending(_)
        | AnyDeployment::Validating(_)
        | AnyDeployment::Complete(_)
        | AnyDeployment::RolledBack(_)
        | AnyDeployment::Surveying(_)
        | AnyDeployment::Destroyed(_) => Some(any),
    }
}

/// What happens next, to which of the two runners.
#[derive(Debug, Clone)]
enum Happening {
    /// The runner (re)starts and claims the run.
    TakeUp(usize),
    /// The runner tries something, and this goes wrong with it.
    Tries(usize, Try, Fault),
}

fn id() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("1"), Just("2")]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![4 => Just(Step::Dns(0)), 3 => Just(Step::App), 1 => prop::sample::select(Step::KINDS.to_vec())]
}

fn effect() -> impl Strategy<Value = Effect> {
    let kind = prop_oneof![
        Just(RequestSemantics::NonIdempotent),
        Just(RequestSemantics::Idempotent),
        Just(RequestSemantics::Trigger)
    ];
    let by = prop_oneof![
        Just(ResolvedBy::Response),
        Just(ResolvedBy::Reconciliation),
        Just(ResolvedBy::Observation)
    ];
    let how = prop_oneof![Just(Origin::Created), Just(changed("80")), Just(Origin::Existing)];
    let have = (step(), by, id(), how)
        .prop_map(|(step, by, id, how)| settled(step, by, EffectOutcome::Applied(state(step, id, how))));
    prop_oneof![
        3 => (step(), kind).prop_map(|(step, kind)| intended(step, kind)),
        3 => have,
        1 => step().prop_map(|step| settled(step, ResolvedBy::Reconciliation, EffectOutcome::NotApplied)),
        1 => (step(), id()).prop_map(|(step, id)| surplus(step, id)),
        1 => (step(), id()).prop_map(|(step, id)| undo(step, id)),
        1 => (step(), id()).prop_map(|(step, id)| undone(step, id)),
        1 => (step(), id()).prop_map(|(step, id)| blocked(step, id)),
        1 => (step(), id()).prop_map(|(step, id)| kept(step, id)),
        1 => step().prop_map(abandoned),
    ]
}

fn happening() -> impl Strategy<Value = Happening> {
    let fault = prop_oneof![8 => Just(Fault::Nothing), 1 => Just(Fault::Before), 1 => Just(Fault::After)];
    let tries = prop_oneof![1 => any::<u8>().prop_map(Try::Move), 6 => effect().prop_map(|effect| Try::Record(Box::new(effect)))];
    prop_oneof![
        1 => (0..2_usize).prop_map(Happening::TakeUp),
        8 => (0..2_usize, tries, fault).prop_map(|(who, tries, fault)| Happening::Tries(who, tries, fault)),
    ]
}

/// Both runners and the book between them.
struct Office {
    book: Arc<Mutex<Book>>,
    runners: [Option<Runner>; 2],
}

impl Office {
    fn new(begun: &JournalEntry) -> Self {
        let mut tape = Tape::default();
        begin_as(begun, &mut tape);
        let book = Book { writers: vec![0], lines: tape.0, token: 0 };
        Self { book: Arc::new(Mutex::new(book)), runners: [None, None] }
    }

    fn happens(&mut self, happening: Happening) {
        match happening {
            Happening::TakeUp(who) => self.runners[who] = Some(Runner::take_up(&self.book)),
            Happening::Tries(who, what, fault) => {
                self.runners[who] =
                    self.runners[who].take().and_then(|runner| self.tries(runner, what, fault));
            }
        }
    }

    fn tries(&self, Runner { any, mut pen }: Runner, what: Try, fault: Fault) -> Option<Runner> {
        pen.fault = fault;
        let lines = open(&self.book).lines.len();
        let newest = open(&self.book).token;
        let after = match what {
            Try::Move(which) => make(any, which, &mut pen),
            Try::Record(effect) => record(any, *effect, &mut pen),
        };
        if pen.token != newest {
            assert_eq!(open(&self.book).lines.len(), lines, "an older handle wrote");
        }
        after.map(|any| Runner { any, pen })
    }

    /// What the newest living runner believes is what the book says; the book is legal and its tokens never fall.
    fn check(&self) {
        let book = open(&self.book);
        let replayed = AnyDeployment::replay(&book.lines).expect("whatever is written can be read");
        for runner in self.runners.iter().flatten().filter(|runner| runner.pen.token == book.token) {
            assert_eq!(runner.any, replayed);
        }
        assert!(book.writers.is_sorted());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn memory_is_always_the_replay_of_the_journal_and_the_newest_handle_alone_writes(
        begun in prop::sample::select(vec![PhaseKind::Pending, PhaseKind::Pending, PhaseKind::Surveying]),
        happenings in prop::collection::vec(happening(), 1..120)
    ) {
        let mut office = Office::new(&move_to(begun));
        office.happens(Happening::TakeUp(0));
        for happening in happenings {
            office.happens(happening);
            office.check();
        }
    }

    #[test]
    fn any_list_of_entries_is_replayed_or_refused_but_never_panics(
        picks in prop::collection::vec((0..4_usize, any::<prop::sample::Index>()), 0..40)
    ) {
        let journeys = crate::world::journeys();
        let entries: Vec<JournalEntry> =
            picks.iter().map(|(journey, line)| line.get(&journeys[*journey].1).clone()).collect();
        if let Ok(any) = AnyDeployment::replay(&lines(&entries)) {
            prop_assert_eq!(entries.iter().rev().find_map(JournalEntry::phase), Some(any.name()));
        }
    }
}
