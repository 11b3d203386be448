//! No false success: a run that is called proven has its release running, whatever the app is made of, whatever its
//! start came to, and whatever proxy stands in front of it.

use std::sync::Arc;

use fabrik::engine::RunOutcome;
use fabrik::engine::commands::CommandOutcome;
use fabrik::net::Ports;
use fabrik::report::RunHistory;
use fabrik::report::summary::{Direction, Summary};
use fabrik::sandbox::services::Line;
use fabrik::sandbox::{Fault, HookVerdict, ProxyKind, World};
use fabrik::spec::templates::Template;
use machine::entry::Proof;

use super::crash::CrashPoint;
use super::invariants::at_rest;
use super::scenario::{Scenario, options};

const SITE: &str = "domain: blog.example.com\nhealth: {path: /health, timeout: 3m}\n";
const TEXT: &str = "services: {web: {image: 'ghcr.io/acme/web:1', expose: [8000]}}\n";

/// What an app is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Kind {
    source: &'static str,
    /// Whether it answers on a domain.
    is_site: bool,
    /// Whether its own code names its release.
    tells: bool,
    /// Whether its start leaves a record at Coolify.
    is_recorded: bool,
}

const KINDS: [Kind; 9] = [
    Kind { source: "template: python-api\n", is_site: true, tells: true, is_recorded: false },
    Kind { source: "folder: ./blog\nport: 8000\n", is_site: true, tells: false, is_recorded: false },
    Kind { source: "compose: ./compose.yaml\n", is_site: true, tells: false, is_recorded: false },
    Kind { source: "image: ghcr.io/acme/web:1\n", is_site: true, tells: false, is_recorded: true },
    Kind {
        source: "git: {repository: https://github.com/acme/web, branch: main}\n",
        is_site: true,
        tells: false,
        is_recorded: true,
    },
    Kind { source: "template: worker\n", is_site: false, tells: true, is_recorded: false },
    Kind { source: "folder: ./blog\n", is_site: false, tells: false, is_recorded: false },
    Kind { source: "compose: ./compose.yaml\n", is_site: false, tells: false, is_recorded: false },
    Kind { source: "image: ghcr.io/acme/web:1\n", is_site: false, tells: false, is_recorded: true },
];

const FAULTS: [Fault; 6] = [
    Fault::Build,
    Fault::MissingImage,
    Fault::CrashLoop,
    Fault::NeverStarts,
    Fault::Health,
    Fault::WrongPort,
];

const PROXIES: [ProxyKind; 3] = [ProxyKind::Traefik, ProxyKind::Caddy, ProxyKind::None];

impl Kind {
    fn scenario(self, proxy: ProxyKind) -> Scenario {
        let scenario = Scenario::of(&self.spec(1), TEXT);
        std::fs::create_dir(scenario.folder.path().join("blog")).unwrap();
        let template = self.source.trim().strip_prefix("template: ").and_then(Template::named);
        for (path, content) in template.into_iter().flat_map(|template| template.files) {
            scenario.write(&format!("blog/{path}"), std::str::from_utf8(content).unwrap());
        }
        if template.is_none() {
            scenario.write("blog/Dockerfile", "FROM busybox:1.37\nCOPY version /\n");
        }
        self.revise(&scenario, 1);
        scenario.sandbox.with_world(|world| world.server.proxy = proxy).unwrap();
        scenario
    }

    fn spec(self, version: u32) -> String {
        let site = if self.is_site { SITE } else { "" };
        format!("name: blog\n{}{site}", self.source.replace("web:1", &format!("web:{version}")))
    }

    /// Makes that version of the app. A branch is deployed each time without.
    fn revise(self, scenario: &Scenario, version: u32) {
        scenario.write("blog.yaml", &self.spec(version));
        scenario.write("compose.yaml", &TEXT.replace("web:1", &format!("web:{version}")));
        scenario.write("blog/version", &version.to_string());
    }

    /// Whether its containers are silent: each way, but for a template's worker, which never is.
    fn voices(self) -> impl Iterator<Item = bool> {
        let always_speaks = self.tells && !self.is_site;
        [false, true].into_iter().filter(move |is_silent| !(always_speaks && *is_silent))
    }

    /// What must be said to do about a start that a fault befell.
    fn hint(self, fault: Fault) -> &'static str {
        let is_pulled = self.source.starts_with("compose") || self.source.starts_with("image");
        match fault {
            Fault::Build | Fault::MissingImage | Fault::NeverStarts if self.is_recorded => "the log says",
            Fault::Build | Fault::MissingImage | Fault::NeverStarts if is_pulled => {
                "docker pull ghcr.io/acme/web:"
            }
            Fault::Build | Fault::MissingImage | Fault::NeverStarts => "docker build ",
            Fault::CrashLoop => "it ends soon after each start",
            Fault::WrongPort => "does it listen on port",
            _ => "`health.path`",
        }
    }

    /// Whether nobody but the app's users would notice.
    fn minds_not(self, fault: Fault) -> bool {
        !self.is_site && matches!(fault, Fault::Health | Fault::WrongPort)
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Stage {
    First,
    Update,
}

async fn apply(scenario: &Scenario, is_silent: bool) -> CommandOutcome {
    let mut process = scenario.process(&CrashPoint::default());
    if is_silent {
        let ports = scenario.silenced();
        process.clients = process.clients.clone().through(&ports);
        process.ports = ports;
    }
    process.apply(scenario.spec(), &options()).await
}

/// Whether every container of ours is up and is of this release.
fn runs(world: &World, release: &str) -> bool {
    let services = world.services.iter().filter(|it| it.description.is_some());
    let applications = world.applications.iter().filter(|it| it.description.is_some());
    let mut containers =
        services.flat_map(|it| &it.containers).chain(applications.filter_map(|it| it.container.as_ref()));
    let is_it = |container: &fabrik::sandbox::services::SimContainer| {
        container.is_up() && container.release.as_deref() == Some(release)
    };
    let first = containers.next();
    first.is_some_and(is_it) && containers.all(is_it)
}

/// Checks how a run ended: what it says, what is there, and whether the two agree.
async fn is_true(scenario: &Scenario, outcome: &CommandOutcome, context: &str) -> Option<Proof> {
    let world = scenario.sandbox.world();
    let store = scenario.journal();
    let run = match outcome {
        CommandOutcome::Ended(RunOutcome::Complete { run, .. } | RunOutcome::RolledBack { run, .. }) => run,
        other => panic!("{context}: {other:?}"),
    };
    let history = RunHistory::read(store.as_ref(), run).await.unwrap();
    let ending = Summary::of(outcome, Direction::Forward, Some(&history));
    let lines: Vec<String> =
        ending.lines.iter().map(|line| anstream::adapter::strip_str(line).to_string()).collect();
    let proof = history.proof();
    match proof {
        Some(Proof::None) => {
            assert_eq!(ending.exit, 0, "{context}");
            let last = lines.last().unwrap();
            assert!(last.starts_with("! Deployed, not proven: "), "{context}: {lines:?}");
            assert!(
                last.contains("health.fingerprint") || last.contains("FABRIK_RELEASE"),
                "{context}: {last}"
            );
            assert!(!lines.concat().contains('✓'), "{context}: {lines:?}");
        }
        Some(_) => {
            assert_eq!(ending.exit, 0, "{context}");
            assert!(lines[0].starts_with("✓ Deployment complete"), "{context}: {lines:?}");
            assert!(runs(&world, run.as_str()), "{context}: {proof:?}, and it does not run");
        }
        None => {
            assert_eq!(ending.exit, 1, "{context}");
            assert!(lines[0].starts_with("✗ Failed: "), "{context}: {lines:?}");
        }
    }
    proof
}

async fn a_start_that_comes_to_nothing(
    kind: Kind,
    stage: Stage,
    proxy: ProxyKind,
    fault: Fault,
    is_silent: bool,
) {
    let context = format!("{kind:?}, {stage:?}, {proxy:?}, {fault:?}, silent: {is_silent}");
    let scenario = kind.scenario(proxy);
    if stage == Stage::Update {
        let outcome = apply(&scenario, is_silent).await;
        assert_ne!(
            is_true(&scenario, &outcome, &context).await,
            Some(Proof::None),
            "{context}: nothing ran before"
        );
        kind.revise(&scenario, 2);
    }
    let before = scenario.sandbox.show();
    scenario.arm(fault);
    let outcome = apply(&scenario, is_silent).await;
    let proof = is_true(&scenario, &outcome, &context).await;
    match proof {
        None => {
            let CommandOutcome::Ended(RunOutcome::RolledBack { cause, .. }) = &outcome else {
                unreachable!("it was checked")
            };
            let hint = kind.hint(fault);
            assert!(cause.hint.contains(hint), "{context}: no {hint:?} in {cause:?}");
            let evidence = cause.evidence.join("\n");
            let old = scenario.finished().await.pop();
            assert!(old.is_none_or(|old| !evidence.contains(old.as_str())), "{context}: {evidence}");
            at_rest(&scenario, &context).await;
            assert_eq!(scenario.sandbox.show(), before, "{context}");
        }
        Some(Proof::None) => {
            let keeps_the_old = matches!(fault, Fault::Build | Fault::MissingImage) && !kind.is_recorded;
            let shows_nothing = is_silent && !kind.tells && (proxy != ProxyKind::Traefik || !kind.is_site);
            let is_blind = keeps_the_old && shows_nothing || kind.minds_not(fault);
            assert!(stage == Stage::Update && is_blind, "{context}: it could be seen that it does not run");
        }
        Some(_) => assert!(kind.minds_not(fault), "{context}: {outcome:?}"),
    }
}

/// Every start that comes to nothing, or one of three of them: then each is tried behind another proxy.
async fn faults_behind(proxy: ProxyKind) {
    let every = std::env::var_os("FABRIK_EVERY_POINT").is_some();
    let offset = PROXIES.iter().position(|it| *it == proxy);
    for (nth_kind, kind) in KINDS.into_iter().enumerate() {
        for (nth_stage, stage) in [Stage::First, Stage::Update].into_iter().enumerate() {
            for (nth_fault, fault) in FAULTS.into_iter().enumerate() {
                for is_silent in kind.voices() {
                    let nth = nth_kind + nth_stage + nth_fault + usize::from(is_silent);
                    if every || Some(nth % PROXIES.len()) == offset {
                        a_start_that_comes_to_nothing(kind, stage, proxy, fault, is_silent).await;
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn nothing_that_did_not_start_is_called_proven_behind_traefik() {
    faults_behind(ProxyKind::Traefik).await;
}

#[tokio::test]
async fn nothing_that_did_not_start_is_called_proven_behind_caddy() {
    faults_behind(ProxyKind::Caddy).await;
}

#[tokio::test]
async fn nothing_that_did_not_start_is_called_proven_behind_a_proxy_that_is_not_coolifys() {
    faults_behind(ProxyKind::None).await;
}

#[tokio::test]
async fn what_starts_is_proven_wherever_anything_can_show_it() {
    for kind in KINDS {
        for proxy in PROXIES {
            for is_silent in kind.voices() {
                let context = format!("{kind:?}, {proxy:?}, silent: {is_silent}");
                let scenario = kind.scenario(proxy);
                for version in 1..=3 {
                    kind.revise(&scenario, version);
                    let outcome = apply(&scenario, is_silent).await;
                    let proof = is_true(&scenario, &outcome, &context).await.expect(&context);
                    let is_labelled = kind.is_site && !kind.is_recorded && proxy == ProxyKind::Traefik;
                    let names_it = kind.tells;
                    let blind = is_silent && !kind.is_recorded && !is_labelled && !names_it && version > 1;
                    assert_eq!(proof == Proof::None, blind, "{context}, {version}: {proof:?}");
                    at_rest(&scenario, &context).await;
                }
            }
        }
    }
}

#[tokio::test]
async fn the_log_that_is_shown_is_the_new_versions_and_has_no_secret() {
    let scenario = Scenario::new(1);
    let said = |line: &'static str| {
        let sandbox = scenario.sandbox.clone();
        scenario.sandbox.outside_with_hook(Arc::new(move |_| {
            let say = |world: &mut World| {
                let at = world.time.wall;
                let ours = world.services.iter_mut().filter(|service| service.description.is_some());
                for container in ours.flat_map(|service| &mut service.containers) {
                    container.log.push(Line { at, text: line.to_owned() });
                }
            };
            sandbox.with_world(say).unwrap();
            HookVerdict::Go
        }))
    };
    let apply = async |ports: Ports| {
        let mut process = scenario.process(&CrashPoint::default());
        process.clients = process.clients.clone().through(&ports);
        process.ports = ports;
        process.apply(scenario.spec(), &options()).await
    };
    apply(said("the old version speaks")).await;
    for (fault, wanted) in [(Fault::Health, "key=***"), (Fault::Build, "the new version has no log")] {
        scenario.edit(fault.name());
        scenario.arm(fault);
        let outcome = apply(said("key=canary-value-of-the-key")).await;
        let CommandOutcome::Ended(RunOutcome::RolledBack { cause, .. }) = &outcome else {
            panic!("{fault:?}: {outcome:?}")
        };
        let evidence = cause.evidence.join("\n");
        assert!(evidence.contains(wanted) && !evidence.contains("canary"), "{fault:?}: {evidence}");
        assert!(!evidence.contains("the old version speaks"), "{fault:?}: {evidence}");
    }
}

#[tokio::test]
async fn a_label_that_is_no_longer_wanted_goes_and_comes_back_with_the_next_start() {
    let kind = KINDS[1];
    let scenario = kind.scenario(ProxyKind::Traefik);
    let labels = |scenario: &Scenario| {
        let world = scenario.sandbox.world();
        let ours = world.services.iter().find(|service| service.description.is_some()).expect("the app");
        ours.containers[0].headers.len()
    };
    let steps: [(&str, &str, usize, Proof); 4] = [
        ("", "", 1, Proof::Fingerprint),
        ("timeout: 3m", "timeout: 3m, fingerprint: none", 0, Proof::Log),
        // Nothing is started for its sake alone.
        (", fingerprint: none", "", 0, Proof::Log),
        ("port: 8000", "port: 9000", 1, Proof::Fingerprint),
    ];
    for (from, to, count, proof) in steps {
        scenario.respec(from, to);
        let outcome = apply(&scenario, false).await;
        let run = scenario.finished().await.pop().expect("a finished run");
        let history = RunHistory::read(scenario.journal().as_ref(), &run).await.unwrap();
        assert_eq!((labels(&scenario), history.proof()), (count, Some(proof)), "{to}: {outcome:?}");
        at_rest(&scenario, to).await;
    }
}
