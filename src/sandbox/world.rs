//! The simulated outside as data: everything two processes must agree on.
//!
//! Only nouns and how they are numbered. What requests do to them is in `cloudflare` and `coolify`,
//! what time does to them in `events`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::applications::{Application, SimAccess, SimDeployment};
use super::clock::Time;
use super::cloudflare::CloudflareQuirks;
use super::events::Job;
use super::faults::{Armed, RequestFault};
use super::front::SimFront;
use super::records::{Record, SimZone};
use super::schedule::Schedule;
pub use super::server::{SimServer, Tunnel};
use super::services::{SimContainer, SimService, SimVolume};

pub use super::log::{Log, Write};

/// Everything there is in the simulated Coolify and Cloudflare.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct World {
    /// 32 hex digits, new on each creation and reset.
    pub id: String,
    /// What all made-up ids and random choices are drawn from.
    pub seed: u64,
    /// How many resources were numbered so far.
    pub numbered: u64,
    /// What o'clock it is here.
    pub time: Time,
    /// What is still to happen by itself.
    pub jobs: Vec<Job>,
    /// Zones at Cloudflare that were looked at.
    pub zones: Vec<SimZone>,
    /// DNS records as Cloudflare's API knows them.
    pub records: Vec<Record>,
    /// The records last deleted, and when on the boot clock; a stale read still shows them.
    pub deleted: Vec<(u64, Record)>,
    /// DNS records as the name servers answer them, about a second behind.
    pub published: Vec<Record>,
    /// How the simulated Cloudflare behaves where reports differ.
    pub cloudflare: CloudflareQuirks,
    /// How the simulated Coolify is set up.
    pub coolify: CoolifySetup,
    pub server: SimServer,
    /// What is known of tunnels, by id; one that is not here is up and leads to the server.
    #[serde(default)]
    pub tunnels: BTreeMap<String, Tunnel>,
    /// Whether whoever asks has no way to IPv6 addresses.
    #[serde(default)]
    pub lacks_ipv6: bool,
    /// Coolify projects.
    pub projects: Vec<Project>,
    /// Coolify environments.
    pub environments: Vec<SimEnvironment>,
    /// Coolify services.
    pub services: Vec<SimService>,
    /// Coolify applications.
    #[serde(default)]
    pub applications: Vec<Application>,
    /// Their deployments, oldest first.
    #[serde(default)]
    pub deployments: Vec<SimDeployment>,
    /// The ways into private repositories.
    #[serde(default)]
    pub access: SimAccess,
    /// Docker volumes on the server; they outlive their service unless it took them along.
    pub volumes: Vec<SimVolume>,
    /// Containers whose service or application was deleted while it was being started.
    pub stray_containers: Vec<String>,
    /// Hosts with a real certificate, and since when.
    pub certificates: BTreeMap<String, Timestamp>,
    /// What answers instead of an API at its host, by host.
    #[serde(default)]
    pub fronts: BTreeMap<String, SimFront>,
    /// Faults armed by hand.
    pub faults: Vec<Armed>,
    /// Faults drawn from a seed.
    pub schedule: Option<Schedule>,
    /// One fault at the n-th write from now (1 = the next).
    pub at_write: Option<(u64, RequestFault)>,
    /// One fault at the n-th request from now (1 = the next), site probes included.
    pub at_request: Option<(u64, RequestFault)>,
    /// How often each kind of request was made; the schedule counts by it.
    pub kinds: BTreeMap<String, u64>,
    /// What was asked of this world.
    pub log: Log,
}

/// How the simulated Coolify is set up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoolifySetup {
    /// What `GET /version` says.
    pub version: String,
    /// The token's team.
    pub team: u64,
    /// Whether the token has `read:sensitive`: env values and compose text are shown.
    pub sensitive: bool,
    /// Requests a minute.
    pub rate_limit: u64,
    /// Start of the current minute window on the boot clock, and the requests in it.
    pub rate_window: (u64, u64),
    /// What it thinks of the token.
    #[serde(default)]
    pub token: SimToken,
    /// Whether it lets callers in at all.
    #[serde(default)]
    pub door: Door,
    /// By how many seconds its clock is ahead of everybody else's.
    #[serde(default)]
    pub ahead_s: i64,
}

/// What the simulated Coolify thinks of the token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SimToken {
    /// Everything is open to it.
    #[default]
    Root,
    /// It has these abilities, none of which implies another.
    Limited(Vec<SimAbility>),
    /// It has more than `read`, but its user is a mere member of the team.
    OfMember,
    /// Never issued, expired or taken back.
    Unknown,
}

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SimAbility {
    /// Every GET.
    Read,
    /// Creating, changing, deleting.
    Write,
    /// Deploying, starting, stopping.
    Deploy,
}

/// Whether the simulated Coolify lets callers in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Door {
    #[default]
    Open,
    /// None: its API is switched off.
    Shut,
    /// Only from addresses that the caller does not have.
    Listed,
}

/// The team a swapped token belongs to.
pub const OTHER_TEAM: u64 = 77;

/// A Coolify project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Number in Coolify's database.
    pub id: u64,
    /// Coolify's id of it.
    pub uuid: String,
    /// Not unique.
    pub name: String,
    /// Where an ownership tag may stand.
    pub description: Option<String>,
    /// The team that sees it.
    pub team: u64,
    /// Creation, and when on the boot clock in milliseconds.
    pub made: Made,
}

/// A Coolify environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimEnvironment {
    /// Number in Coolify's database.
    pub id: u64,
    /// Coolify's id of it.
    pub uuid: String,
    /// Unique in its project, lower case.
    pub name: String,
    /// Only settable after creation.
    pub description: Option<String>,
    /// The project's number.
    pub project: u64,
    pub made: Made,
}

/// When something was made and last changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// Wall time of creation.
    pub at: Timestamp,
    /// Wall time of the last change.
    pub changed: Timestamp,
    /// Boot time of creation in milliseconds; stale reads do not show the youngest.
    pub boot_ms: u64,
}

impl World {
    /// An empty world in which all ids follow from `seed`.
    pub fn new(seed: u64, id: String, wall: Timestamp) -> Self {
        let mut world = Self {
            id,
            seed,
            numbered: 0,
            time: Time::starting(wall),
            jobs: Vec::new(),
            zones: Vec::new(),
            records: Vec::new(),
            deleted: Vec::new(),
            published: Vec::new(),
            cloudflare: CloudflareQuirks::default(),
            coolify: CoolifySetup::default(),
            server: SimServer::localhost(),
            tunnels: BTreeMap::new(),
            lacks_ipv6: false,
            projects: Vec::new(),
            environments: Vec::new(),
            services: Vec::new(),
            applications: Vec::new(),
            deployments: Vec::new(),
            access: SimAccess::default(),
            volumes: Vec::new(),
            stray_containers: Vec::new(),
            certificates: BTreeMap::new(),
            fronts: BTreeMap::new(),
            faults: Vec::new(),
            schedule: None,
            at_write: None,
            at_request: None,
            kinds: BTreeMap::new(),
            log: Log::default(),
        };
        world.server.uuid = world.uuid();
        world
    }

    /// The next number in the database.
    pub(super) fn number(&mut self) -> u64 {
        self.numbered += 1;
        self.numbered
    }

    /// A new id in Cloudflare's form: 32 hex digits.
    pub(super) fn hex_id(&mut self) -> String {
        let number = self.number();
        hex(&digest(&[b"id", &self.seed.to_be_bytes(), &number.to_be_bytes()])[..16])
    }

    /// A new id in Coolify's form: 24 lower-case letters and digits (4.2.0 and newer).
    pub(super) fn uuid(&mut self) -> String {
        const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        let number = self.number();
        digest(&[b"uuid", &self.seed.to_be_bytes(), &number.to_be_bytes()])[..24]
            .iter()
            .map(|byte| char::from(ALPHABET[usize::from(*byte) % 36]))
            .collect()
    }

    /// The stamp of something made now.
    pub(super) fn made_now(&self) -> Made {
        Made { at: self.time.wall, changed: self.time.wall, boot_ms: self.time.boot_ms }
    }

    /// The environment with this number.
    pub(super) fn environment(&self, id: u64) -> Option<&SimEnvironment> {
        self.environments.iter().find(|environment| environment.id == id)
    }

    pub(super) fn service(&self, uuid: &str) -> Option<&SimService> {
        self.services.iter().find(|service| service.uuid == uuid)
    }

    /// The service with this uuid, to be changed.
    pub(super) fn service_mut(&mut self, uuid: &str) -> Option<&mut SimService> {
        self.services.iter_mut().find(|service| service.uuid == uuid)
    }

    pub(super) fn application(&self, uuid: &str) -> Option<&Application> {
        self.applications.iter().find(|application| application.uuid == uuid)
    }

    /// The application with this uuid, to be changed.
    pub(super) fn application_mut(&mut self, uuid: &str) -> Option<&mut Application> {
        self.applications.iter_mut().find(|application| application.uuid == uuid)
    }

    /// The deployment with this uuid, to be changed.
    pub(super) fn deployment_mut(&mut self, uuid: &str) -> Option<&mut SimDeployment> {
        self.deployments.iter_mut().find(|deployment| deployment.uuid == uuid)
    }

    /// All that runs.
    pub(super) fn containers(&self) -> impl Iterator<Item = &SimContainer> {
        let services = self.services.iter().flat_map(|service| &service.containers);
        services.chain(self.applications.iter().filter_map(|application| application.container.as_ref()))
    }

    /// Whether something stands in the environment with this number.
    pub(super) fn is_inhabited(&self, environment: u64) -> bool {
        self.services.iter().any(|it| it.environment == environment)
            || self.applications.iter().any(|it| it.environment == environment)
    }

    /// The project a service stands in.
    pub(super) fn project_of(&self, service: &SimService) -> Option<&Project> {
        self.project_with(service.environment)
    }

    /// The project that the environment with this number is in.
    pub(super) fn project_with(&self, environment: u64) -> Option<&Project> {
        let environment = self.environment(environment)?;
        self.projects.iter().find(|project| project.id == environment.project)
    }
}

impl Default for CoolifySetup {
    fn default() -> Self {
        Self {
            version: "4.3.11".into(),
            team: 0,
            sensitive: true,
            rate_limit: 200,
            rate_window: (0, 0),
            token: SimToken::default(),
            door: Door::default(),
            ahead_s: 0,
        }
    }
}

/// SHA-256 over the parts, each preceded by its length.
pub(super) fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
