//! `extends` within the file, and merge keys that name lists.

use serde_json::{Value, json};

use super::{Stack, input, read};

/// What Coolify gets for one service.
fn sent(text: &str, service: &str) -> Value {
    let sent: Value = serde_json::from_str(&read(text).text).expect("JSON");
    sent["services"][service].clone()
}

#[test]
fn an_extended_service_is_sent_written_out() {
    let text = "services:\n  base: {image: 'a:1'}\n  web: {extends: {service: base}, expose: [80]}\n";
    assert_eq!(sent(text, "web"), json!({"image": "a:1", "expose": [80]}));
    assert_eq!(
        sent(&text.replace("{service: base}", "base"), "web"),
        json!({"image": "a:1", "expose": [80]})
    );
}

#[test]
fn every_key_is_inherited_as_docker_compose_merges_it() {
    let text = "
services:
  web:
    extends: base
    environment: {A: \"1\", C: }
    volumes: [\"xx:/d\", \"yy:/e\"]
    command: [z]
    ports: [\"81:81\"]
    depends_on: [c]
    healthcheck: {interval: 5s}
    labels: [m=2]
    logging: {driver: none}
    cap_add: [A, B]
    networks: [n2]
    dns: 1.1.1.1
    restart: \"no\"
  base:
    image: b
    environment: [A=2, B=3]
    volumes: [\"ww:/d\", \"vv:/f\"]
    command: q
    ports: [\"80:80\"]
    depends_on: {d: {condition: service_healthy}}
    healthcheck: {test: [CMD, x], interval: 9s}
    labels: {m: 1, k: 3}
    logging: {driver: json-file, options: {a: \"1\"}}
    cap_add: [A, C]
    networks: [n1]
    dns: [2.2.2.2]
    restart: always
    ulimits: {nofile: 5}
  c: {image: c}
  d: {image: d}
networks: {n1: , n2: }
";
    let worker = Stack::read(&super::StackInput { has_domain: false, ..input(text) }).expect("a stack");
    let sent: Value = serde_json::from_str(&worker.text).expect("JSON");
    let started = json!({"condition": "service_started", "required": true});
    let wanted = json!({
        "image": "b",
        "environment": ["A=1", "B=3", "C"],
        "volumes": ["xx:/d", "vv:/f", "yy:/e"],
        "command": ["z"],
        "ports": ["80:80", "81:81"],
        "depends_on": {"d": {"condition": "service_healthy"}, "c": started},
        "healthcheck": {"test": ["CMD", "x"], "interval": "5s"},
        "labels": ["m=2", "k=3"],
        "logging": {"driver": "none"},
        "cap_add": ["A", "C", "B"],
        "networks": {"n1": null, "n2": null},
        "dns": ["2.2.2.2", "1.1.1.1"],
        "restart": "no",
        "ulimits": {"nofile": 5},
    });
    assert_eq!(sent["services"]["web"], wanted);
    assert_eq!(worker.volumes, ["xx", "vv", "yy", "ww"]);
}

#[test]
fn a_chain_is_followed_and_a_circle_is_told_once() {
    let chain = "services:\n  a: {extends: b, expose: [80]}\n  b: {extends: c, tty: true}\n  c: {image: x, init: true}\n";
    assert_eq!(sent(chain, "a"), json!({"image": "x", "init": true, "tty": true, "expose": [80]}));
    let circle = "services:\n  a: {image: x, expose: [80]}\n  b: {image: x, extends: c}\n  c: {image: x, extends: b}\n";
    let problems = Stack::read(&input(circle)).expect_err("a circle").0;
    let found: Vec<String> = problems.iter().map(|it| format!("{}: {}", it.line, it.message)).collect();
    assert_eq!(found, ["3: `b` extends itself: b → c → b"]);
}

#[test]
fn a_service_that_is_not_there_cannot_be_extended() {
    let text = "services:\n  web: {image: x, expose: [80], extends: bse}\n  base: {image: y}\n";
    let problems = Stack::read(&input(text)).expect_err("nobody").0;
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0].message, "`web` extends `bse`, and there is no such service");
    assert_eq!(problems[0].hint.as_deref(), Some("did you mean `base`?"));
}

#[test]
fn a_list_under_a_merge_key_is_merged_as_coolify_does() {
    let text = "x-env: &env [A=1, B]\nservices:\n  web:\n    image: a\n    expose: [80]\n    environment: {<<: *env, A: 2}\n    \
                volumes: &v ['d:/d']\n  job:\n    image: a\n    volumes: {<<: *v}\n";
    assert_eq!(sent(text, "web")["environment"], json!({"A": 2, "B": null}));
    assert_eq!(sent(text, "job")["volumes"], json!(["d:/d"]));
}

#[test]
fn many_anchors_are_no_bomb() {
    let lines = |line: &dyn Fn(u32) -> String| (0..300).map(line).collect::<Vec<_>>().join("\n");
    let anchors = lines(&|at| format!("  k{at}: &k{at} {{restart: always}}"));
    let services = lines(&|at| format!("  s{at}: {{<<: *k{at}, image: a}}"));
    let text = format!("x-all:\n{anchors}\nservices:\n{services}\n");
    let worker = Stack::read(&super::StackInput { has_domain: false, ..input(&text) });
    assert_eq!(worker.map(|stack| stack.services.len()), Ok(300));
    let bomb = "x-a: &a [x, x, x, x, x, x, x, x, x, x]\nx-b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\n\
                x-c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]\nx-d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]\n\
                x-e: [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]\nservices: {a: {image: a, expose: [80]}}\n";
    let problems = Stack::read(&input(bomb)).expect_err("a bomb").0;
    assert!(problems[0].message.contains("grows too large"), "{problems:?}");
}
