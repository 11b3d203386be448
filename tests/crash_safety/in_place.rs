//! Changes in place: whatever the spec says otherwise, the same resources are changed, and the plan said so before.

use std::collections::BTreeSet;

use fabrik::engine::RunOutcome;
use fabrik::engine::apply::new_run;
use fabrik::engine::commands::{CommandOutcome, known};
use fabrik::plan::compose::env_text::Forms;
use fabrik::plan::planner::Planner;
use fabrik::plan::survey::survey;
use fabrik::plan::{Preflight, Release, ResolvedSpec};
use fabrik::report::changes;
use fabrik::sandbox::World;
use fabrik::sandbox::applications::SimStorage;

use super::crash::CrashPoint;
use super::invariants::at_rest;
use super::scenario::Scenario;

const FOLDER: &str = "name: blog
folder: ./blog
domain: blog.example.com
port: 8000
env: {COLOUR: blue, OLD: gone}
secrets: {required: [API_KEY]}
";

const COMPOSE: &str = "name: blog
compose: ./compose.yaml
service: web
domain: blog.example.com
port: 8000
env: {COLOUR: blue, OLD: gone}
secrets: {required: [API_KEY]}
";

const IMAGE: &str = "name: blog
image: ghcr.io/acme/blog:1.0
domain: blog.example.com
port: 8000
health: {fingerprint: {header: X-Fabrik-Release}}
env: {COLOUR: blue, OLD: gone}
secrets: {required: [API_KEY]}
volumes: [{name: data, path: /data}]
";

const TEXT: &str = "services:
  web: {image: 'nginx:1.27', expose: [8000, 9000]}
  db: {image: 'postgres:16'}
";

/// What is changed, how, and what the plan says of it.
type Change = (&'static str, fn(&mut Scenario), &'static [&'static str]);

const OF_BOTH: &[Change] = &[
    ("env added", |it| it.respec("{COLOUR: blue", "{NEW: 1, COLOUR: blue"), &["+ env           NEW  (set)"]),
    ("env changed", |it| it.respec("blue", "red"), &["~ env           COLOUR  (another value)"]),
    ("env removed", |it| it.respec(", OLD: gone", ""), &["- env           OLD  (remove)"]),
    (
        "secret changed",
        |it| drop(it.environment.insert("API_KEY".to_owned(), "another-value-of-it".to_owned())),
        &["~ env           API_KEY  (another value)"],
    ),
    (
        "domain added",
        |it| it.respec("domain: blog.example.com", "domain: [blog.example.com, www.example.org]"),
        &["+ dns           www.example.org  (create)", ",https://www.example.org"],
    ),
    (
        "domain changed",
        |it| it.respec("domain: blog.example.com", "domain: news.example.com"),
        &["+ dns           news.example.com  (create)", "- dns           blog.example.com  (delete"],
    ),
    ("ttl", |it| it.respec("port: 8000", "port: 8000\ndns: {ttl: 300}"), &["ttl: 1 → 300"]),
    (
        "proxied on",
        |it| it.respec("port: 8000", "port: 8000\ndns: {proxied: true}"),
        &["proxy         blog.example.com  (switch on"],
    ),
    (
        "proxied first",
        |it| it.respec("port: 8000", "port: 8000\ndns: {proxied: first}"),
        &["proxied: false → true"],
    ),
    (
        "another target",
        |it| {
            it.sandbox.with_world(|world| "203.0.113.77".clone_into(&mut world.server.ip)).unwrap();
            it.respec("port: 8000", "port: 8000\ndns: {target: 203.0.113.77}");
        },
        &["content: 203.0.113.10 → 203.0.113.77"],
    ),
];

const OF_FOLDER: &[Change] = &[
    (
        "port in the URL",
        |it| it.respec("port: 8000", "port: 9000"),
        &["url: https://blog.example.com:8000 → https://blog.example.com:9000"],
    ),
    ("files", |it| it.write("blog/index.html", "second"), &["compose: "]),
    ("resources", |it| it.respec("port: 8000", "port: 8000\nresources: {memory: 256M}"), &["compose: "]),
    (
        "volume",
        |it| it.respec("port: 8000", "port: 8000\nvolumes: [{name: data, path: /data}]"),
        &["compose: "],
    ),
    ("health", |it| it.respec("port: 8000", "port: 8000\nhealth: {path: /well}"), &["compose: "]),
    ("to a template", |it| it.respec("folder: ./blog", "template: python-api"), &["compose: "]),
    (
        "to compose",
        |it| it.respec("folder: ./blog", "compose: ./compose.yaml\nservice: web"),
        &["service: app → web", "compose: "],
    ),
];

const OF_COMPOSE: &[Change] = &[
    (
        "port in the URL",
        |it| it.respec("port: 8000", "port: 9000"),
        &["url: https://blog.example.com:8000 → https://blog.example.com:9000"],
    ),
    ("text", |it| it.write("compose.yaml", &TEXT.replace("1.27", "1.28")), &["compose: "]),
    (
        "a volume",
        |it| {
            it.write(
                "compose.yaml",
                &format!(
                    "{}volumes: {{data: {{}}}}\n",
                    TEXT.replace("'postgres:16'", "'postgres:16', volumes: ['data:/data']")
                ),
            );
        },
        &["compose: "],
    ),
    (
        "to a folder",
        |it| it.respec("compose: ./compose.yaml\nservice: web", "folder: ./blog"),
        &["service: web → app"],
    ),
];

const OF_IMAGE: &[Change] = &[
    ("port in a field of its own", |it| it.respec("port: 8000", "port: 9000"), &["port: 8000 → 9000"]),
    (
        "tag",
        |it| it.respec("blog:1.0", "blog:1.1"),
        &["image: ghcr.io/acme/blog:1.0 → ghcr.io/acme/blog:1.1"],
    ),
    ("repository", |it| it.respec("acme/blog:1.0", "acme/site:1.0"), &["→ ghcr.io/acme/site:1.0"]),
    (
        "resources",
        |it| it.respec("port: 8000", "port: 8000\nresources: {memory: 256M}"),
        &["memory: 0 → 256M"],
    ),
    ("health", |it| it.respec("{fingerprint", "{path: /well, fingerprint"), &["health_path: / → /well"]),
    (
        "volume added",
        |it| it.respec("{name: data, path: /data}", "{name: data, path: /data}, {name: b, path: /b}"),
        &["volumes: data:/data → data:/data,b:/b"],
    ),
    (
        "volume moved",
        |it| it.respec("{name: data, path: /data}", "{name: data, path: /srv}"),
        &["volumes: data:/data → data:/srv"],
    ),
    (
        "volume renamed",
        |it| it.respec("{name: data, path: /data}", "{name: other, path: /data}"),
        &["volumes: data:/data → other:/data"],
    ),
    (
        "volumes removed",
        |it| it.respec("volumes: [{name: data, path: /data}]\n", ""),
        &["volumes: data:/data → "],
    ),
];

fn scenario(spec: &str) -> Scenario {
    let scenario = Scenario::of(spec, TEXT);
    std::fs::create_dir(scenario.folder.path().join("blog")).unwrap();
    scenario.write("blog/Dockerfile", "FROM busybox:1.37\nCOPY index.html /\n");
    scenario.write("blog/index.html", "first");
    scenario
}

/// What the plan says, drawn as the program draws it.
async fn planned(scenario: &Scenario) -> String {
    let engine = scenario.process(&CrashPoint::default());
    let rows = engine.store.list(None).await.unwrap();
    let base = Release::newest(&engine.store, &rows, None).await.unwrap();
    let known = base.as_ref().map(known).unwrap_or_default();
    let spec = scenario.spec();
    let sources = engine.sources(&spec.path).unwrap();
    let ask = ResolvedSpec::fresh(spec.clone(), &sources, &engine.key, &known, &Forms::new()).unwrap();
    let facts = Preflight::of(&engine.clients.coolify).await.facts().unwrap();
    let surroundings = survey(&engine.clients, &spec, base.as_ref(), &facts).await.unwrap();
    let drawing = Planner {
        resolved: &ask,
        run: &new_run(),
        store: &engine.store,
        surroundings: &surroundings,
        base: base.as_ref(),
        key: &engine.key,
        force: false,
    };
    let plan = drawing.whole(&engine.clients).await.unwrap().plan;
    let lines = changes::lines(&plan, &spec).into_iter();
    lines.map(|line| anstream::adapter::strip_str(&line).to_string() + "\n").collect()
}

/// The app's uuid, and the records by name and id.
fn ids(scenario: &Scenario) -> (String, BTreeSet<(String, String)>) {
    let world = scenario.sandbox.world();
    let services = world.services.iter().filter(|it| it.description.is_some()).map(|it| &it.uuid);
    let applications = world.applications.iter().filter(|it| it.description.is_some()).map(|it| &it.uuid);
    let app = services.chain(applications).next().expect("the app").clone();
    let records = world.records.iter().map(|record| (record.name.clone(), record.id.clone()));
    (app, records.collect())
}

async fn complete(scenario: &Scenario, context: &str) {
    let outcome = scenario.apply(&CrashPoint::default()).await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::Complete { .. })), "{context}: {outcome:?}");
    at_rest(scenario, context).await;
}

async fn changed(spec: &str, (what, change, said): &Change) {
    let mut scenario = scenario(spec);
    complete(&scenario, what).await;
    let (app, records) = ids(&scenario);
    change(&mut scenario);
    let plan = planned(&scenario).await;
    for words in *said {
        assert!(plan.contains(words), "{what}: the plan does not say {words:?}:\n{plan}");
    }
    complete(&scenario, what).await;
    let (app_now, records_now) = ids(&scenario);
    assert_eq!(app_now, app, "{what}");
    for (name, id) in &records_now {
        let was = records.iter().find(|(known, _)| known == name);
        assert!(was.is_none_or(|(_, known)| known == id), "{what}: {name} is another record now");
    }
    assert!(planned(&scenario).await.contains("nothing to change"), "{what}: it does not converge");
}

#[tokio::test]
async fn every_field_of_a_folder_app_is_changed_in_place_as_the_plan_says() {
    for change in OF_BOTH.iter().chain(OF_FOLDER) {
        changed(FOLDER, change).await;
    }
}

#[tokio::test]
async fn every_field_of_a_compose_app_is_changed_in_place_as_the_plan_says() {
    for change in OF_BOTH.iter().chain(OF_COMPOSE) {
        changed(COMPOSE, change).await;
    }
}

#[tokio::test]
async fn every_field_of_an_image_app_is_changed_in_place_as_the_plan_says() {
    for change in OF_BOTH.iter().chain(OF_IMAGE) {
        changed(IMAGE, change).await;
    }
}

#[tokio::test]
async fn a_volume_that_leaves_the_spec_stays_on_the_server_and_is_named() {
    let scenario = scenario(IMAGE);
    complete(&scenario, "with a volume").await;
    let volumes = scenario.sandbox.world().volumes;
    scenario.respec("volumes: [{name: data, path: /data}]\n", "");
    let (outcome, warnings) = scenario.heard().await;
    assert!(matches!(outcome, CommandOutcome::Ended(RunOutcome::Complete { .. })), "{outcome:?}");
    assert_eq!(scenario.sandbox.world().volumes, volumes);
    assert!(warnings.iter().any(|it| it.contains(&volumes[0].name)), "{warnings:?}");
}

#[tokio::test]
async fn volumes_that_others_added_to_the_app_are_left_alone() {
    let scenario = scenario(IMAGE);
    complete(&scenario, "with a volume").await;
    let theirs = SimStorage { uuid: "theirs".into(), name: "theirs".into(), path: "/theirs".into() };
    let add = |world: &mut World| world.applications[1].storages.push(theirs.clone());
    scenario.sandbox.with_world(add).unwrap();
    for change in ["blog:1.1", "blog:1.2"] {
        scenario.respec(if change == "blog:1.1" { "blog:1.0" } else { "blog:1.1" }, change);
        scenario.apply(&CrashPoint::default()).await;
    }
    scenario.roll_back_newest().await;
    let storages = scenario.sandbox.world().applications[1].storages.clone();
    assert!(storages.len() == 2 && storages.contains(&theirs), "{storages:?}");
}

#[tokio::test]
async fn several_domains_in_two_zones_are_changed_one_by_one() {
    let scenario = scenario(&FOLDER.replace(
        "domain: blog.example.com",
        "domain: [example.com, bücher.example.org, www.example.com]\ndns: {proxied: true}",
    ));
    complete(&scenario, "three domains").await;
    let (_, records) = ids(&scenario);
    let now = [
        "[www.example.com, bücher.example.org, example.com]",
        "[www.example.com, bücher.example.org]",
        "[www.example.com, bücher.example.org, news.example.net]",
    ];
    let mut before = "[example.com, bücher.example.org, www.example.com]";
    for domains in now {
        scenario.respec(before, domains);
        complete(&scenario, domains).await;
        before = domains;
    }
    let (_, records_now) = ids(&scenario);
    let kept: BTreeSet<_> = records.intersection(&records_now).map(|(name, _)| name.as_str()).collect();
    assert_eq!(kept, BTreeSet::from(["shop.example.com", "www.example.com", "xn--bcher-kva.example.org"]));
    let world = scenario.sandbox.world();
    assert!(world.records.iter().filter(|record| record.comment.is_some()).all(|record| record.proxied));
}

#[tokio::test]
async fn domains_are_shown_as_they_were_written() {
    let scenario = scenario(&FOLDER.replace("blog.example.com", "bücher.example.org"));
    let plan = planned(&scenario).await;
    assert!(plan.contains("bücher.example.org  (create)"), "{plan}");
    let outcome = scenario.apply(&CrashPoint::default()).await;
    let CommandOutcome::Ended(RunOutcome::Complete { endpoints, .. }) = &outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(endpoints, &["https://bücher.example.org"]);
}

#[tokio::test]
async fn a_zone_may_be_given_by_its_id_and_must_hold_the_domain() {
    let scenario = scenario(FOLDER);
    complete(&scenario, "to learn the zone").await;
    let zones = scenario.sandbox.world().zones;
    let id = zones.iter().find(|zone| zone.name == "example.com").expect("the zone").id.clone();
    scenario.respec("port: 8000", &format!("port: 8000\ndns: {{zone: {id}}}"));
    complete(&scenario, "a zone by its id").await;
    scenario.respec("domain: blog.example.com", "domain: blog.example.org");
    let outcome = scenario.apply(&CrashPoint::default()).await;
    let CommandOutcome::Ended(RunOutcome::Refused { cause, .. }) = &outcome else { panic!("{outcome:?}") };
    assert!(cause.message.contains("zone `example.com`"), "{cause:?}");
}

#[tokio::test]
async fn a_target_that_is_cloudflares_own_is_refused() {
    let scenario = scenario(&FOLDER.replace("port: 8000", "port: 8000\ndns: {target: 104.16.132.229}"));
    let outcome = scenario.apply(&CrashPoint::default()).await;
    let CommandOutcome::Ended(RunOutcome::Refused { cause, .. }) = &outcome else { panic!("{outcome:?}") };
    assert!(cause.message.contains("Cloudflare's own"), "{cause:?}");
    assert!(scenario.sandbox.world().log.writes.is_empty());
}

#[tokio::test]
async fn an_ipv6_record_without_a_target_is_refused_by_name() {
    let scenario = scenario(&FOLDER.replace("port: 8000", "port: 8000\ndns: {type: AAAA}"));
    let outcome = scenario.apply(&CrashPoint::default()).await;
    let CommandOutcome::Blockers(blockers) = &outcome else { panic!("{outcome:?}") };
    assert!(blockers[0].message.contains("`dns.type: AAAA`"), "{blockers:?}");
}

#[tokio::test]
async fn a_domain_may_lead_to_another_name_or_to_an_ipv6_address_behind_the_proxy_or_not() {
    for proxied in ["false", "true", "first"] {
        for (kind, target) in [("CNAME", "origin.example.net"), ("AAAA", "2001:db8::7")] {
            let scenario = scenario(&FOLDER.replace(
                "port: 8000",
                &format!("port: 8000\ndns: {{target: '{target}', proxied: {proxied}}}"),
            ));
            scenario.sandbox.stranger_record("origin.example.net").unwrap();
            let lead = |world: &mut World| {
                if kind == "AAAA" {
                    target.clone_into(&mut world.server.ip);
                }
                let ip = world.server.ip.clone();
                let all = world.records.iter_mut().chain(&mut world.published);
                all.filter(|it| it.name == "origin.example.net").for_each(|it| it.content.clone_from(&ip));
            };
            scenario.sandbox.with_world(lead).unwrap();
            let outcome = scenario.apply(&CrashPoint::default()).await;
            let context = format!("{kind}, proxied: {proxied}");
            assert!(
                matches!(outcome, CommandOutcome::Ended(RunOutcome::Complete { .. })),
                "{context}: {outcome:?}"
            );
            let world = scenario.sandbox.world();
            let record = world.records.iter().find(|record| record.name == "blog.example.com").unwrap();
            let wanted = (kind, target, proxied != "false");
            assert_eq!((record.kind.as_str(), record.content.as_str(), record.proxied), wanted, "{context}");
        }
    }
}
