//! One app, one world, one journal; and processes that come and go.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fabrik::engine::commands::{CommandOutcome, Engine, Options};
use fabrik::engine::context::Cancel;
use fabrik::engine::event::{Event, EventSink, NullSink};
use fabrik::journal::memory::MemoryStore;
use fabrik::journal::sqlite::SqliteStore;
use fabrik::journal::{Holder, JournalStore};
use fabrik::net::Ports;
use fabrik::providers::{Clients, Cloudflare, Coolify};
use fabrik::sandbox::{CLOUDFLARE, COOLIFY, Fault, HookVerdict, Sandbox, World};
use fabrik::secrets::{FingerprintKey, Secret};
use fabrik::spec::Spec;
use machine::entry::Purpose;
use machine::id::{JournalId, RunId};
use machine::phase::{PhaseKind, VolumePolicy};

use super::crash::{CrashPoint, CrashingStore};

/// Where the scene's journal is kept.
pub enum Home {
    Memory(MemoryStore),
    File(PathBuf),
}

impl Home {
    /// What a new process opens; dropping it is its death.
    pub fn open(&self, sandbox: &Sandbox) -> Box<dyn JournalStore> {
        match self {
            Self::Memory(store) => Box::new(store.handle()),
            Self::File(path) => Box::new(SqliteStore::open(path, sandbox.ports().clock).unwrap()),
        }
    }
}

/// What the scene's app is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// A folder: a service at Coolify.
    Folder,
    /// An image: an application.
    Image,
    /// A commit of a public repository: an application.
    Git,
    /// The same of a private repository, with a deploy key.
    PrivateGit,
}

/// The same, but for what the app is made of.
const APPLICATION: &str = "domain: blog.example.com
port: 8000
health: {path: /health, timeout: 3m, fingerprint: {header: X-Fabrik-Release}}
env: {COLOUR: blue}
secrets: {required: [API_KEY]}
resources: {memory: 256M}
volumes: [{name: data, path: /data}, {name: cache, path: /cache}]
";

impl Made {
    fn spec(self) -> String {
        let commit = "1".repeat(40);
        let source = match self {
            Self::Folder => return SPEC.to_owned(),
            Self::Image => "image: ghcr.io/acme/blog:1.0".to_owned(),
            Self::Git => {
                format!("git: {{repository: https://github.com/acme/blog, branch: main, commit: '{commit}'}}")
            }
            Self::PrivateGit => format!(
                "git: {{repository: git@git.example.com:acme/blog.git, branch: main, commit: '{commit}', \
                 deploy_key: deploy-key}}"
            ),
        };
        format!("name: blog\n{source}\n{APPLICATION}")
    }
}

pub struct Scenario {
    pub made: Made,
    pub sandbox: Sandbox,
    pub store: Home,
    pub folder: Arc<tempfile::TempDir>,
    pub environment: BTreeMap<String, String>,
}

/// A spec with a bit of everything, among it values that no single row at Coolify carries.
pub const SPEC: &str = "name: blog
folder: ./app
domain: blog.example.com
port: 8000
health: {path: /health, timeout: 3m, fingerprint: {header: X-Fabrik-Release}}
env: {COLOUR: blue, MOTTO: \"it's $$5 o'clock\"}
secrets: {required: [API_KEY, PHRASE]}
volumes: [{name: data, path: /data}]
";

impl Scenario {
    /// A scene with strangers in it, the same for the same seed.
    pub fn new(seed: u64) -> Self {
        Self::with(Made::Folder, seed)
    }

    /// The same with an app that is `made` of something else.
    pub fn with(made: Made, seed: u64) -> Self {
        let sandbox = Sandbox::in_memory(seed);
        sandbox.stranger_record("shop.example.com").unwrap();
        sandbox.stranger_service("blog").unwrap();
        sandbox.stranger_application("blog").unwrap();
        let store = Home::Memory(MemoryStore::new(JournalId::from_bits(7), sandbox.ports().clock));
        let folder = Arc::new(tempfile::tempdir().unwrap());
        std::fs::create_dir(folder.path().join("app")).unwrap();
        std::fs::write(folder.path().join("app/Dockerfile"), "FROM busybox:1.37\nCOPY index.html /\n")
            .unwrap();
        std::fs::write(folder.path().join("blog.yaml"), made.spec()).unwrap();
        let environment =
            [("API_KEY", "canary-value-of-the-key"), ("PHRASE", " the canary's phrase of $API_KEY\\")];
        let environment = environment.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let scenario = Self { made, sandbox, store, folder, environment };
        scenario.edit("first");
        scenario
    }

    /// The same scene with its journal in an SQLite file.
    pub fn on_file(seed: u64) -> Self {
        let scenario = Self::new(seed);
        let path = scenario.folder.path().join("state/fabrik.db");
        Self { store: Home::File(path), ..scenario }
    }

    /// The journal, as an onlooker opens it.
    pub fn journal(&self) -> Box<dyn JournalStore> {
        self.store.open(&self.sandbox)
    }

    /// A scene whose app is `spec`, with a compose text beside it.
    pub fn of(spec: &str, compose: &str) -> Self {
        let scenario = Self::new(1);
        scenario.write("blog.yaml", spec);
        scenario.write("compose.yaml", compose);
        scenario
    }

    /// Writes a file beside the spec.
    pub fn write(&self, path: &str, text: &str) {
        std::fs::write(self.folder.path().join(path), text).unwrap();
    }

    /// Changes the app's files.
    pub fn edit(&self, text: &str) {
        std::fs::write(self.folder.path().join("app/index.html"), text).unwrap();
    }

    /// Makes another version of the app: other files, or another image or commit with other settings.
    pub fn revise(&self) {
        if self.made == Made::Folder {
            // Of another shape: with fewer parts than before, or none.
            self.respec("MOTTO: \"it's $$5 o'clock\"", "MOTTO: \"it's late\"");
            return self.edit("second");
        }
        match self.made {
            Made::Image => self.respec(":1.0", ":1.1"),
            Made::Folder | Made::Git | Made::PrivateGit => {
                self.respec(&"1".repeat(40), &"2".repeat(40));
            }
        }
        self.respec("COLOUR: blue", "SHAPE: round");
        self.respec("port: 8000", "port: 9000");
        self.respec("memory: 256M", "memory: 512M");
        self.respec("{name: cache, path: /cache}", "{name: spool, path: /cache}");
    }

    /// Changes the spec's text.
    pub fn respec(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.spec_path()).unwrap();
        assert!(text.contains(from), "the spec has no {from:?}");
        std::fs::write(self.spec_path(), text.replace(from, to)).unwrap();
    }

    pub fn spec_path(&self) -> PathBuf {
        self.folder.path().join("blog.yaml")
    }

    pub fn spec(&self) -> Spec {
        Spec::read(&self.spec_path()).unwrap()
    }

    /// A new process, which dies where `crash` burns.
    pub fn process(&self, crash: &CrashPoint) -> Engine {
        let ports = crash.ports(&self.sandbox);
        let store: Arc<dyn JournalStore> = Arc::new(CrashingStore::new(self.journal(), crash.clone()));
        let environment = self.environment.clone();
        let clients = Clients {
            cloudflare: Cloudflare::new(
                ports.clone(),
                &format!("https://{CLOUDFLARE}/client/v4"),
                Secret::new("cloudflare-token"),
            ),
            coolify: Coolify::new(
                ports.clone(),
                &format!("https://{COOLIFY}"),
                Secret::new("1|coolify-token"),
            ),
        };
        Engine {
            store,
            local_clock: ports.clock.clone(),
            ports,
            clients,
            listener: Arc::new(NullSink),
            cancel: Cancel::default(),
            holder: Holder {
                who: "ada@host".to_owned(),
                pid: 1,
                boot: "simulated".to_owned(),
                command: "apply blog.yaml".to_owned(),
            },
            key: Arc::new(FingerprintKey::new([7; 32])),
            lookup: Arc::new(move |name: &str| environment.get(name).cloned()),
            env_file: None,
            token: Arc::new(Secret::new("1|coolify-token")),
            world: Some(format!("sandbox {}", self.sandbox.world_id())),
        }
    }

    /// Applies the spec in a new process.
    pub async fn apply(&self, crash: &CrashPoint) -> CommandOutcome {
        self.process(crash).apply(self.spec(), &options()).await
    }

    /// Applies the spec in a new process that asks what is there, whatever the journal says.
    pub async fn fix(&self, crash: &CrashPoint) -> CommandOutcome {
        let options = Options { refresh: true, ..options() };
        self.process(crash).apply(self.spec(), &options).await
    }

    /// Ports through which no container of ours is ever seen to write a line.
    pub fn silenced(&self) -> Ports {
        let sandbox = self.sandbox.clone();
        self.sandbox.outside_with_hook(Arc::new(move |_| {
            let hush = |world: &mut World| {
                let ours = world.services.iter_mut().filter(|service| service.description.is_some());
                ours.flat_map(|service| &mut service.containers).for_each(|it| it.log.clear());
            };
            sandbox.with_world(hush).unwrap();
            HookVerdict::Go
        }))
    }

    /// Lets `fault` befall the next resource that it can befall.
    pub fn arm(&self, fault: Fault) {
        self.sandbox.with_world(|world| world.arm(fault, None)).unwrap();
    }

    /// Applies the spec in a new process, and gives what it warned of too.
    pub async fn heard(&self) -> (CommandOutcome, Vec<String>) {
        self.heard_through(self.sandbox.ports()).await
    }

    /// The same through other ports.
    pub async fn heard_through(&self, ports: Ports) -> (CommandOutcome, Vec<String>) {
        let heard = Arc::new(Heard::default());
        let engine = self.process(&CrashPoint::default());
        let clients = engine.clients.clone().through(&ports);
        let engine = Engine { listener: heard.clone(), ports, clients, ..engine };
        let outcome = engine.apply(self.spec(), &options()).await;
        let warnings = heard.0.lock().unwrap().drain(..).collect();
        (outcome, warnings)
    }

    /// Goes on with the newest open run, if there is one, in a new process.
    pub async fn resume(&self, crash: &CrashPoint) -> Option<CommandOutcome> {
        let run = self.open_run().await?;
        Some(self.process(crash).resume(&run, &options()).await)
    }

    /// Undoes the newest open run, if there is one, in a new process. One that destroys the app only goes on.
    pub async fn undo_open(&self, crash: &CrashPoint) -> Option<CommandOutcome> {
        let run = self.open_run().await?;
        match self.process(crash).roll_back(&run, &options()).await {
            CommandOutcome::Blockers(_) if self.destroys(&run).await => self.resume(crash).await,
            outcome => Some(outcome),
        }
    }

    /// Whether `run` destroys the app.
    pub async fn destroys(&self, run: &RunId) -> bool {
        let rows = self.journal().list(None).await.unwrap();
        let begun = rows.iter().find(|row| row.run == *run).and_then(|row| row.begun.as_ref());
        begun.is_some_and(|begun| matches!(begun.purpose, Purpose::Destroy(_)))
    }

    /// Undoes the newest finished run in a new process.
    pub async fn roll_back(&self, crash: &CrashPoint) -> CommandOutcome {
        let run = self.finished().await.pop().expect("a finished run");
        self.process(crash).roll_back(&run, &options()).await
    }

    /// Takes the app down in a new process; its volumes stay.
    pub async fn destroy(&self, crash: &CrashPoint) -> CommandOutcome {
        let process = self.process(crash);
        let rows = self.journal().list(None).await.unwrap();
        let app = rows.last().expect("a run").app.clone();
        process.destroy(&app, VolumePolicy::Retain, &options()).await
    }

    /// Lets so much time pass that nothing sent so far can take effect any more.
    pub async fn outlast_late_effects(&self) {
        self.sandbox.ports().clock.sleep(Duration::from_secs(300)).await;
    }

    pub async fn open_run(&self) -> Option<RunId> {
        let rows = self.journal().list(None).await.unwrap();
        let open = rows.iter().rev().find(|row| row.phase.is_some_and(|phase| !phase.is_closed()));
        open.map(|row| row.run.clone())
    }

    pub async fn finished(&self) -> Vec<RunId> {
        let rows = self.journal().list(None).await.unwrap();
        rows.iter().filter(|row| row.phase == Some(PhaseKind::Complete)).map(|row| row.run.clone()).collect()
    }

    /// Undoes the newest run that is not undone yet, in a new process.
    pub async fn roll_back_newest(&self) -> CommandOutcome {
        let rows = self.journal().list(None).await.unwrap();
        let newest = rows.iter().rev().find(|row| row.phase != Some(PhaseKind::RolledBack)).expect("a run");
        self.process(&CrashPoint::default()).roll_back(&newest.run, &options()).await
    }

    pub async fn phase(&self) -> Option<PhaseKind> {
        self.journal().list(None).await.unwrap().last().and_then(|row| row.phase)
    }
}

/// Keeps what is warned of.
#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl EventSink for Heard {
    fn emit(&self, event: &Event) {
        if let Event::Warned(text) = event {
            self.0.lock().unwrap().push(text.clone());
        }
    }
}

/// As a person would say `--yes`.
pub fn options() -> Options {
    Options::plain(Arc::new(|_| true))
}
