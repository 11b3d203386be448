//! A compose text as it was sent, read again: which services it has, and which of them are meant to stay up.
//!
//! What is sent is JSON, whoever wrote it.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Map, Value};

use crate::spec::tree::{self, MergeKeys, SpecNode};

/// The names of all its services.
pub fn services(text: &str) -> BTreeSet<String> {
    read(text).keys().cloned().collect()
}

/// The services of `text`, a dump by Coolify, that are not among `wanted`; none where it cannot be read.
pub fn others(text: &str, wanted: &BTreeSet<String>) -> Vec<String> {
    let Ok(SpecNode { value: tree::Value::Map(top), .. }) =
        tree::read(Path::new("text"), text, MergeKeys::Kept)
    else {
        return Vec::new();
    };
    let services = top.iter().find(|entry| entry.key == "services").map(|entry| &entry.node.value);
    let Some(tree::Value::Map(services)) = services else { return Vec::new() };
    services.iter().map(|service| &service.key).filter(|name| !wanted.contains(*name)).cloned().collect()
}

/// `text` with `mounts` (a volume's name and a path) added to the service `main`.
pub fn mounting(text: &str, main: &str, mounts: &[(String, String)]) -> String {
    let mut compose: Value = serde_json::from_str(text).unwrap_or_default();
    let Some(service) = compose.pointer_mut("/services").and_then(|services| services.get_mut(main)) else {
        return text.to_owned();
    };
    let mut mounted = service["volumes"].as_array().cloned().unwrap_or_default();
    mounted.extend(mounts.iter().map(|(name, path)| Value::from(format!("{name}:{path}"))));
    service["volumes"] = Value::from(mounted);
    let mut named = compose["volumes"].as_object().cloned().unwrap_or_default();
    named.extend(mounts.iter().map(|(name, _)| (name.clone(), Value::Object(Map::new()))));
    compose["volumes"] = Value::Object(named);
    compose.to_string()
}

/// The names of those that are meant to stay up: not the ones that end by themselves, and not the ones that are never
/// started.
pub fn lasting(text: &str) -> BTreeSet<String> {
    let services = read(text);
    let waits = services.values().filter_map(|service| service["depends_on"].as_object()).flatten();
    let for_its_end = |wait: &Value| wait["condition"] == "service_completed_successfully";
    let awaited: BTreeSet<&String> =
        waits.filter(|(_, wait)| for_its_end(wait)).map(|(name, _)| name).collect();
    let lasts = |(name, service): &(&String, &Value)| !awaited.contains(name) && lasts(service);
    services.iter().filter(lasts).map(|(name, _)| name.clone()).collect()
}

fn lasts(service: &Value) -> bool {
    let restart = service["restart"].as_str().unwrap_or_default();
    let ends = restart == "no" || restart.starts_with("on-failure");
    let left_out = service["exclude_from_hc"] == Value::Bool(true);
    let none = |count: &Value| count.as_u64() == Some(0);
    let unstarted = none(&service["scale"]) || none(&service["deploy"]["replicas"]);
    // Docker Compose starts one with profiles only when it is told to, and Coolify tells it nothing.
    !(ends || left_out || unstarted || service.get("profiles").is_some())
}

fn read(text: &str) -> Map<String, Value> {
    let mut compose: Value = serde_json::from_str(text).unwrap_or_default();
    match compose["services"].take() {
        Value::Object(services) => services,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_that_end_or_are_never_started_are_not_meant_to_stay_up() {
        let text = r#"{"services": {
            "web": {"image": "a", "depends_on": {"migrate": {"condition": "service_completed_successfully"}}},
            "db": {"image": "b", "restart": "always"},
            "migrate": {"image": "c"},
            "seed": {"image": "d", "restart": "no"},
            "retry": {"image": "e", "restart": "on-failure:3"},
            "quiet": {"image": "f", "exclude_from_hc": true},
            "debug": {"image": "g", "profiles": ["debug"]},
            "off": {"image": "h", "deploy": {"replicas": 0}}
        }}"#;
        assert_eq!(lasting(text), ["db".to_owned(), "web".to_owned()].into());
        assert_eq!(services(text).len(), 8);
    }

    #[test]
    fn volumes_are_mounted_beside_those_that_are() {
        let text = r#"{"services": {"web": {"volumes": ["data:/data"]}, "db": {}}, "volumes": {"data": {}}}"#;
        let mounts = [("old".to_owned(), "/left/old".to_owned())];
        let seen: Value = serde_json::from_str(&mounting(text, "web", &mounts)).unwrap();
        assert_eq!(seen["services"]["web"]["volumes"], serde_json::json!(["data:/data", "old:/left/old"]));
        assert_eq!(seen["services"]["db"], serde_json::json!({}));
        assert_eq!(seen["volumes"], serde_json::json!({"data": {}, "old": {}}));
    }

    #[test]
    fn a_service_that_was_written_back_is_seen_in_json_and_in_yaml() {
        let wanted = ["web".to_owned()].into();
        for text in [
            r#"{"services": {"web": {"image": "a"}, "cache": {"image": "b"}}}"#,
            "services:\n  web:\n    image: a\n  cache:\n    image: b\n",
        ] {
            assert_eq!(others(text, &wanted), ["cache"], "{text}");
        }
        assert_eq!(others("services: {web: {image: a}}", &wanted), Vec::<String>::new());
        assert_eq!(others("no compose text", &wanted), Vec::<String>::new());
    }
}
