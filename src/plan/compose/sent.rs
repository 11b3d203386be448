//! A compose text as it was sent, read again: which services it has, and which of them are meant to stay up.
//!
//! What is sent is JSON, whoever wrote it.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// The names of all its services.
pub fn services(text: &str) -> BTreeSet<String> {
    read(text).keys().cloned().collect()
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
}
