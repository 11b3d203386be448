//! The life of an app from each source, as a person would lead it: applied, changed, changed in vain, rolled back
//! and taken down, everything that passes held against the vendors' schemas.

use std::sync::Arc;

use fabrik::engine::commands::Engine;
use fabrik::sandbox::Fault;
use machine::phase::{PhaseKind, VolumePolicy};

use super::checked::{Held, Inspector};
use crate::crash_safety::crash::CrashPoint;
use crate::crash_safety::scenario::{Scenario, options};

/// An app, and what a change to it is.
pub struct Source {
    /// What a failing test calls it.
    pub name: &'static str,
    /// The spec's lines that are its own.
    spec: &'static str,
    /// What an update puts in another's place.
    update: (&'static str, &'static str),
}

/// The lines that all of them share.
const SHARED: &str = "name: blog
health: {path: /health, timeout: 3m, fingerprint: {header: X-Fabrik-Release}}
env: {COLOUR: blue}
secrets: {required: [API_KEY]}
";

/// An app of two services, one of them a database.
const COMPOSE: &str = "services:
  web:
    image: ghcr.io/acme/blog:1.0
    expose: [8080]
    depends_on: [db]
  db:
    image: postgres:16
    volumes: [data:/var/lib/postgresql/data]
volumes:
  data: {}
";

/// An app from an image, with all that it can have.
pub const IMAGE: Source = Source {
    name: "image",
    spec: "image: ghcr.io/acme/blog:1.0\ndomain: blog.example.com\nport: 8080
resources: {memory: 512M, cpu: \"1\"}\nvolumes: [{name: data, path: /data}]",
    update: ("blog:1.0", "blog:1.1"),
};

const SOURCES: &[Source] = &[
    Source {
        name: "folder",
        spec: "folder: ./app\ndomain: blog.example.com\nport: 8000",
        update: ("8000", "8001"),
    },
    Source {
        name: "template",
        spec: "template: python-api\ndomain: blog.example.com",
        update: ("blue", "red"),
    },
    Source {
        name: "compose",
        spec: "compose: ./compose.yaml\ndomain: blog.example.com",
        update: ("blue", "red"),
    },
    IMAGE,
    Source {
        name: "public git",
        spec: "git: {repository: https://github.com/acme/blog, branch: main}\ndomain: blog.example.com",
        update: ("branch: main", "branch: next"),
    },
    Source {
        name: "git with a deploy key",
        spec: "git: {repository: 'git@github.com:acme/blog.git', branch: main, deploy_key: deploy-key}
domain: blog.example.com",
        update: ("branch: main", "branch: next"),
    },
    Source {
        name: "git with a GitHub App",
        spec: "git: {repository: https://github.com/acme/blog, branch: main, github_app: github-app}
domain: blog.example.com",
        update: ("branch: main", "branch: next"),
    },
    Source { name: "worker from a template", spec: "template: worker", update: ("blue", "red") },
    Source {
        name: "worker from an image",
        spec: "image: ghcr.io/acme/blog:1.0",
        update: ("blog:1.0", "blog:1.1"),
    },
    Source {
        name: "domains behind the proxy, folder",
        spec: "folder: ./app\ndomain: [blog.example.com, www.example.com]\ndns: {proxied: true}",
        update: ("blue", "red"),
    },
    Source {
        name: "domains behind the proxy, image",
        spec: "image: ghcr.io/acme/blog:1.0\ndomain: [blog.example.com, www.example.com]\ndns: {proxied: true}",
        update: ("blog:1.0", "blog:1.1"),
    },
];

impl Source {
    /// A scene with a spec of this source.
    pub fn scenario(&self) -> Scenario {
        let scenario = Scenario::new(5);
        let folder = scenario.folder.path();
        std::fs::create_dir(folder.join("blog")).expect("a fresh folder");
        std::fs::write(folder.join("blog/Dockerfile"), "FROM busybox:1.37\nCOPY main.py /\n")
            .expect("a file");
        std::fs::write(folder.join("blog/main.py"), "def answer(): return 'hello'\n").expect("a file");
        std::fs::write(folder.join("compose.yaml"), COMPOSE).expect("a file");
        let health = if self.spec.contains("domain") { SHARED.to_owned() } else { without_health() };
        std::fs::write(scenario.spec_path(), format!("{health}{}\n", self.spec)).expect("a file");
        scenario
    }

    /// Changes what its update changes.
    pub fn update(&self, scenario: &Scenario) {
        scenario.respec(self.update.0, self.update.1);
    }
}

/// A worker answers nobody, so there is no path to ask.
fn without_health() -> String {
    let lines: Vec<&str> = SHARED.lines().filter(|line| !line.starts_with("health")).collect();
    lines.join("\n") + "\n"
}

/// A process of the scene whose requests are looked at.
pub fn process(scenario: &Scenario, inspector: &Arc<Inspector>) -> Engine {
    let ports = inspector.over(&scenario.sandbox.ports(), Held::Both);
    let mut process = scenario.process(&CrashPoint::default());
    process.clients = process.clients.clone().through(&ports);
    process.ports = ports;
    process
}

/// Leads the life of every source.
pub async fn all(inspector: &Arc<Inspector>) {
    let mut wrong = Vec::new();
    for source in SOURCES {
        wrong.extend(live(source, inspector).await.err().map(|what| format!("{}: {what}", source.name)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn live(source: &Source, inspector: &Arc<Inspector>) -> Result<(), String> {
    let scenario = source.scenario();
    let apply =
        async || format!("{:?}", process(&scenario, inspector).apply(scenario.spec(), &options()).await);
    let ended = apply().await;
    came_to(&scenario, "apply", PhaseKind::Complete, &ended).await?;
    source.update(&scenario);
    let ended = apply().await;
    came_to(&scenario, "update", PhaseKind::Complete, &ended).await?;
    for fault in [Fault::Build, Fault::Health] {
        scenario.respec("env: {COLOUR", "env: {MORE: more, COLOUR");
        scenario.sandbox.with_world(|world| world.arm(fault, Some(1))).expect("a world in memory");
        let ended = apply().await;
        // Whether a worker is well nobody can ask.
        if fault == Fault::Build || source.spec.contains("domain") {
            came_to(&scenario, fault.name(), PhaseKind::RolledBack, &ended).await?;
        }
        scenario.respec("env: {MORE: more, COLOUR", "env: {COLOUR");
    }
    let newest = scenario.finished().await.pop().ok_or("nothing was finished")?;
    let ended = format!("{:?}", process(&scenario, inspector).roll_back(&newest, &options()).await);
    let rows = scenario.journal().list(None).await.expect("a journal");
    let undone = rows.iter().any(|row| row.run == newest && row.phase == Some(PhaseKind::RolledBack));
    if !undone || stands(&scenario) != 1 {
        return Err(format!("the rollback of the update ended {ended}"));
    }
    let app = scenario.journal().list(None).await.expect("a journal").pop().expect("a run").app;
    let ended =
        format!("{:?}", process(&scenario, inspector).destroy(&app, VolumePolicy::Retain, &options()).await);
    gone(&scenario, &ended)
}

async fn came_to(scenario: &Scenario, what: &str, should: PhaseKind, ended: &str) -> Result<(), String> {
    let last = scenario.phase().await;
    let fits = last == Some(should) && stands(scenario) == 1;
    if fits { Ok(()) } else { Err(format!("{what} came to {last:?}, not to {should:?}: {ended}")) }
}

/// How many apps there are beside those of strangers.
fn stands(scenario: &Scenario) -> usize {
    let world = scenario.sandbox.world();
    world.applications.len() + world.services.len() - 2
}

/// Nothing is left of the app, and the stranger is.
fn gone(scenario: &Scenario, ended: &str) -> Result<(), String> {
    let world = scenario.sandbox.world();
    let records =
        world.records.iter().filter(|it| ["blog.example.com", "www.example.com"].contains(&it.name.as_str()));
    let left = (stands(scenario), records.count());
    if left == (0, 0) { Ok(()) } else { Err(format!("destroy left {left:?}: {ended}")) }
}
