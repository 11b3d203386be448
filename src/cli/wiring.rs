//! Joining: ports, vendors, journal and onlookers into a desk.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use http::Uri;
use machine::plan::Plan;

use super::args::Global;
use super::gated_store::GatedStore;
use super::renewing_store::RenewingStore;
use super::settings::{Backend, Location, Settings, environment};
use super::signals::{self, Noting};
use super::spill_store::SpillStore;
use super::ui::Ui;
use crate::engine::commands::Engine;
use crate::engine::event::EventSink;
use crate::engine::interruptible_clock::InterruptibleClock;
use crate::journal::sqlite::SqliteStore;
use crate::journal::{Holder, JournalStore};
use crate::net::live::{LiveClock, LiveResolver, LiveTransport, Roots};
use crate::net::{Budgets, Clock, Pinned, Ports, Transport};
use crate::plan::Blocker;
use crate::providers::request::{CLOUDFLARE_TAKES, COOLIFY_TAKES};
use crate::providers::{Clients, Cloudflare, Coolify};
use crate::report::summary::Direction;
use crate::sandbox::through::Through;
use crate::sandbox::{CLOUDFLARE, COOLIFY, Sandbox};
use crate::secrets::{FingerprintKey, Secret};
use crate::spec::Spec;

/// The budgets of this process: specs that are applied one after the other draw on the same.
static BUDGETS: LazyLock<Budgets> = LazyLock::new(Budgets::default);

/// What a run has of the world, before there is a journal.
pub(crate) struct Backends {
    /// The vendors, seen with the user's tokens.
    pub clients: Clients,
    pub ports: Ports,
    /// What the world is called, where it is a sandbox.
    pub world: Option<String>,
    token: Arc<Secret>,
    gate: Option<Through>,
}

/// The way to both APIs and the right to use it.
struct Credentials {
    coolify: String,
    coolify_token: Secret,
    cloudflare: String,
    cloudflare_token: Option<Secret>,
}

/// Whether a command asks the DNS provider anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DnsAccess {
    /// It does: a missing token is told before anything is done.
    Needed,
    /// It does not, as far as can be told: a token that is given is used.
    Unneeded,
}

impl DnsAccess {
    /// What applying `spec` takes.
    pub(crate) fn for_spec(spec: &Spec) -> Self {
        if spec.keeps_records() { Self::Needed } else { Self::Unneeded }
    }

    /// What working on `plan` takes.
    pub(crate) fn for_plan(plan: &Plan) -> Self {
        if plan.records.is_empty() { Self::Unneeded } else { Self::Needed }
    }
}

impl Backends {
    /// Reaches the world for a command that asks the DNS provider or not; sends nothing.
    ///
    /// # Errors
    /// [`Blocker`] for credentials that are missing and worlds that cannot be opened.
    pub(crate) async fn of(
        place: &Location,
        dns: DnsAccess,
        settings: &Settings,
        global: &Global,
        face: &Ui,
    ) -> Result<Self, Blocker> {
        let credentials = match &place.backend {
            Backend::Live => credentials(settings, dns)?,
            Backend::LocalSandbox(_) | Backend::RemoteSandbox(_) => simulated_credentials(),
        };
        face.redactor.learn(&credentials.coolify_token);
        credentials.cloudflare_token.iter().for_each(|token| face.redactor.learn(token));
        let roots = roots(global)?;
        let mut gate = None;
        let (ports, world) = match &place.backend {
            Backend::Live => (live(roots), None),
            Backend::LocalSandbox(folder) => kept(folder)?,
            Backend::RemoteSandbox(url) => {
                gate = Some(through(url).await?);
                served(url).await?
            }
        };
        let ports = Pinned::over(ports, global.resolve.clone());
        Ok(Self { gate, ..Self::with(credentials, ports, world) })
    }

    /// Reaches a sandbox that is at hand.
    pub(crate) fn simulated(sandbox: &Sandbox) -> Self {
        let world = format!("sandbox {}", sandbox.world_id());
        Self::with(simulated_credentials(), sandbox.ports(), Some(world))
    }

    fn with(credentials: Credentials, ports: Ports, world: Option<String>) -> Self {
        let Credentials { coolify, coolify_token, cloudflare, cloudflare_token } = credentials;
        let token = Arc::new(coolify_token.clone());
        let apis = [(coolify.as_str(), COOLIFY_TAKES), (cloudflare.as_str(), CLOUDFLARE_TAKES)];
        let ports = BUDGETS.metered(ports, world.as_deref().unwrap_or_default(), &apis);
        let clients = Clients {
            cloudflare: match cloudflare_token {
                Some(token) => Cloudflare::new(ports.clone(), &cloudflare, token),
                None => Cloudflare::without_token(ports.clone(), &cloudflare),
            },
            coolify: Coolify::new(ports.clone(), &coolify, coolify_token),
        };
        Self { clients, ports, world, token, gate: None }
    }

    /// Makes sure that the world answers before a first journal is made for it.
    ///
    /// # Errors
    /// [`Blocker`] when it does not, or does not accept the token.
    pub(crate) async fn answers(&self, journal: &Path) -> Result<(), Blocker> {
        if !journal.exists() {
            self.clients.coolify.team().await?;
        }
        Ok(())
    }

    /// A desk with the journal at `journal`, made if it is not there, for a command that goes that way.
    ///
    /// # Errors
    /// [`Blocker`] when the journal or its key cannot be used.
    pub(crate) fn engine(
        self,
        journal: &Path,
        (command, way): (String, Direction),
        global: &Global,
        face: &Ui,
    ) -> Result<Engine, Blocker> {
        let (store, key) = write(journal)?;
        let store: Arc<dyn JournalStore> = Arc::new(SpillStore::new(store, journal, face));
        let store = match self.gate {
            Some(gate) => Arc::new(GatedStore::new(store, gate)),
            None => store,
        };
        let cancel = signals::watch(face);
        let listener: Arc<dyn EventSink> =
            Arc::new(Noting { inner: face.listener(), way, store: store.clone() });
        let ports = InterruptibleClock::over(self.ports, listener.clone(), cancel.clone());
        Ok(Engine {
            local_clock: Arc::new(LiveClock),
            store,
            clients: self.clients.through(&ports),
            ports,
            listener,
            cancel,
            holder: holder(command),
            key: Arc::new(key),
            lookup: environment(),
            env_file: global.env_file.clone(),
            token: self.token,
            world: self.world,
        })
    }
}

/// Opens the journal for reading, if there is one.
///
/// # Errors
/// [`Blocker`] for a file that is no journal.
pub(crate) fn look(journal: &Path) -> Result<Option<Arc<dyn JournalStore>>, Blocker> {
    let store = SqliteStore::open_read_only(journal)?;
    Ok(store.map(|store| Arc::new(store) as Arc<dyn JournalStore>))
}

/// Opens the journal for reading, which must be there.
///
/// # Errors
/// [`Blocker`] where it is not, or is no journal.
pub(crate) fn must_look(place: &Location) -> Result<Arc<dyn JournalStore>, Blocker> {
    look(&place.journal)?.ok_or_else(|| {
        let message = format!("there is no journal at {}", place.journal.display());
        Blocker::new(message, "`--state` or `--sandbox` says where it is")
    })
}

fn write(journal: &Path) -> Result<(Arc<dyn JournalStore>, FingerprintKey), Blocker> {
    let store = SqliteStore::open(journal, Arc::new(LiveClock))?;
    let key = FingerprintKey::load_or_create(folder(journal)).map_err(unusable)?;
    Ok((Arc::new(RenewingStore::new(store)), key))
}

/// The folder that the journal lies in.
pub(crate) fn folder(journal: &Path) -> &Path {
    journal.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn unusable(error: impl std::fmt::Display) -> Blocker {
    Blocker::new(error.to_string(), "")
}

fn kept(folder: &Path) -> Result<(Ports, Option<String>), Blocker> {
    let sandbox = Sandbox::open(folder).map_err(unusable)?;
    Ok((sandbox.ports(), Some(format!("sandbox {}", sandbox.world_id()))))
}

async fn served(url: &str) -> Result<(Ports, Option<String>), Blocker> {
    let through = through(url).await?;
    let world = through.world_id().await.map_err(unusable)?;
    Ok((through.ports(), Some(format!("sandbox {world}"))))
}

async fn through(url: &str) -> Result<Through, Blocker> {
    let transport: Arc<dyn Transport> = Arc::new(LiveTransport::default());
    let connected = Through::connect(url, transport).await;
    connected.map_err(|error| {
        Blocker::new(format!("no sandbox at {url}: {error}"), "`fabrik sandbox serve` serves one")
    })
}

fn live(roots: Roots) -> Ports {
    Ports {
        transport: Arc::new(LiveTransport::trusting(roots)),
        resolver: Arc::new(LiveResolver::default()),
        clock: Arc::new(LiveClock),
    }
}

fn roots(global: &Global) -> Result<Roots, Blocker> {
    let Some(path) = &global.cacert else { return Ok(Roots::default()) };
    let refused = |why: String| Blocker::new(format!("`--cacert {}` {why}", path.display()), "");
    let pem = std::fs::read(path);
    let pem = pem.map_err(|error| refused(format!("cannot be read: {}", crate::error::reason(&error))))?;
    Roots::of_pem(&pem).map_err(|bad| refused(bad.to_string()))
}

fn simulated_credentials() -> Credentials {
    Credentials {
        coolify: format!("https://{COOLIFY}"),
        coolify_token: Secret::new("1|the-sandbox-takes-any-token"),
        cloudflare: format!("https://{CLOUDFLARE}/client/v4"),
        cloudflare_token: Some(Secret::new("the-sandbox-takes-any-token-here-too")),
    }
}

fn credentials(settings: &Settings, dns: DnsAccess) -> Result<Credentials, Blocker> {
    const WANTED: [&str; 3] = ["COOLIFY_API_URL", "COOLIFY_API_TOKEN", "CLOUDFLARE_API_TOKEN"];
    let [url, coolify_token, cloudflare_token] = WANTED.map(|name| settings.find(name));
    let [url, coolify_token, cloudflare_token] = [url?, coolify_token?, cloudflare_token?];
    let found = [&url, &coolify_token, &cloudflare_token].map(Option::is_some);
    let needed = [true, true, dns == DnsAccess::Needed];
    let missing = WANTED.into_iter().zip(found.into_iter().zip(needed));
    let missing: Vec<&str> =
        missing.filter(|(_, (found, needed))| *needed && !found).map(|(name, _)| name).collect();
    let (Some(url), Some(coolify_token), []) = (url, coolify_token, missing.as_slice()) else {
        return Err(absent(&missing));
    };
    let cloudflare = settings.find("CLOUDFLARE_API_URL")?;
    let cloudflare = match cloudflare {
        Some(url) => base("CLOUDFLARE_API_URL", url.expose())?,
        None => "https://api.cloudflare.com/client/v4".to_owned(),
    };
    let coolify = base("COOLIFY_API_URL", url.expose())?;
    // The paths of the API itself are added where it is asked.
    let coolify =
        ["/api/v1", "/api"].into_iter().find_map(|path| coolify.strip_suffix(path)).unwrap_or(&coolify);
    let coolify = coolify.to_owned();
    Ok(Credentials { coolify, coolify_token, cloudflare, cloudflare_token })
}

fn absent(missing: &[&str]) -> Blocker {
    let hint = match missing {
        ["CLOUDFLARE_API_TOKEN"] => {
            "set it in the environment or in `.env`; an app with `dns: external` needs none"
        }
        _ => "set them in the environment or in `.env`, or try without any account: `--sandbox`",
    };
    Blocker::new(format!("{} not set", missing.join(", ")), hint)
}

/// A base URL without its final slash.
fn base(name: &str, text: &str) -> Result<String, Blocker> {
    let uri: Option<Uri> = text.trim().parse().ok();
    let is_whole = |uri: &Uri| {
        let scheme = matches!(uri.scheme_str(), Some("http" | "https"));
        let user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
        scheme && uri.host().is_some_and(|host| !host.is_empty()) && uri.query().is_none() && !user
    };
    match uri.filter(is_whole) {
        Some(_) => Ok(text.trim().trim_end_matches('/').to_owned()),
        None => Err(Blocker::new(
            format!("{name} is not a base URL"),
            "write it like https://coolify.example.com",
        )),
    }
}

/// This process, as others read of it.
pub(crate) fn holder(command: String) -> Holder {
    let user = std::env::var("USER").unwrap_or_else(|_| rustix::process::getuid().as_raw().to_string());
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Holder { who: format!("{user}@{host}"), pid: std::process::id(), boot: LiveClock.boot_id(), command }
}
