//! What is taken and what is refused, text by text, held against what Docker Compose says of the same text.
//!
//! `verdicts.txt` has a line a text: who takes it (`both`; `none`; `compose` where Coolify breaks what Docker Compose takes;
//! `coolify` where Coolify puts right what Docker Compose refuses), what it is about, and the text. The verdicts of Docker
//! Compose are those of `docker compose config` 2.40; images it looks at only later, when it pulls them.

use std::path::Path;

use serde_json::{Value, json};

use super::{Stack, StackInput};

const VERDICTS: &str = include_str!("verdicts.txt");

/// The whole text of a line.
fn text(about: &str, part: &str) -> String {
    if about == "text" {
        return part.replace("\\n", "\n");
    }
    let part: Value = serde_json::from_str(part).expect("JSON");
    let mut whole = json!({
        "services": {"web": {"image": "a"}, "b": {"image": "b"}}, "networks": {"n": {}}, "configs": {"c": {"content": "x"}},
        "secrets": {"s": {"environment": "HOME"}}, "volumes": {"v": {}},
    });
    if about == "service" {
        for (key, value) in part.as_object().expect("keys of a service") {
            whole["services"]["web"][key] = value.clone();
        }
    } else {
        whole[about] = part;
    }
    whole.to_string()
}

#[test]
fn every_text_is_taken_or_refused_as_docker_compose_and_coolify_do() {
    let mut wrong = Vec::new();
    for line in VERDICTS.lines() {
        let (outcome, rest) = line.split_at(8);
        let (about, part) = rest.split_once(' ').expect("what it is about, and the text");
        let text = text(about, part);
        let file = Path::new("/nowhere/compose.yaml");
        let input =
            StackInput { file, text: &text, service: None, port: None, has_domain: false, env_keys: &[] };
        let taken = Stack::read(&input).is_ok();
        if taken != matches!(outcome.trim(), "both" | "coolify") {
            wrong.push(format!("{} {line}", if taken { "taken:" } else { "refused:" }));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), VERDICTS.lines().count(), wrong.join("\n"));
}
