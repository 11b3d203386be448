//! The label that has Coolify's Traefik answer the release from the very container that it routes to.
//!
//! Coolify adds to the routers of a compose service every middleware that the service's own labels name, and a service
//! whose new image does not build keeps its container with the label of before (Coolify 4.3.11, observed). So the header
//! shows which release answers, whatever the app's code does. The label is put in when the text is sent, and is in
//! neither the frozen text nor the hash that decides "changed": it is new with each start.

use machine::receipt::Attributes;
use serde_json::{Value, json};

use crate::spec::RELEASE_HEADER;

/// The field of an app that says which release its label names; without it the text has no such label.
pub const FIELD: &str = "release";

/// The compose text of an app with these fields, as it is sent. What is no compose text in JSON stays as it is.
pub fn labelled(text: &str, fields: &Attributes) -> String {
    let (Some(release), Some(service)) = (fields.get(FIELD), fields.get("service")) else {
        return text.to_owned();
    };
    let Ok(mut compose) = serde_json::from_str::<Value>(text) else { return text.to_owned() };
    let Some(Value::Object(service)) = compose.get_mut("services").and_then(|all| all.get_mut(service))
    else {
        return text.to_owned();
    };
    let name = name(release);
    match service.get_mut("labels") {
        Some(Value::Array(labels)) => labels.push(json!(format!("{name}={release}"))),
        Some(Value::Object(labels)) => drop(labels.insert(name, json!(release))),
        _ => drop(service.insert("labels".to_owned(), json!({name: release}))),
    }
    compose.to_string()
}

// Middlewares share one namespace on a server, and Traefik refuses one that two containers define differently: so each
// release has its own.
fn name(release: &str) -> String {
    let short = release.get(release.len().saturating_sub(8)..).unwrap_or(release);
    format!("traefik.http.middlewares.fabrik-{short}.headers.customresponseheaders.{RELEASE_HEADER}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const RELEASE: &str = "0198c0ffee00000000000000001234e5";
    const LABEL: &str =
        "traefik.http.middlewares.fabrik-001234e5.headers.customresponseheaders.X-Fabrik-Release";

    fn sent(service: &Value) -> Value {
        let text = json!({"services": {"web": service, "db": {"image": "postgres:16"}}}).to_string();
        let fields =
            Attributes::from([("service", "web"), (FIELD, RELEASE)].map(|(k, v)| (k.into(), v.into())));
        let mut sent: Value = serde_json::from_str(&labelled(&text, &fields)).expect("JSON");
        assert_eq!(sent["services"]["db"], json!({"image": "postgres:16"}), "its neighbour is left alone");
        sent["services"]["web"].take()
    }

    #[test]
    fn the_label_joins_those_that_are_there_in_their_own_form() {
        let none = sent(&json!({"image": "a"}));
        assert_eq!(none, json!({"image": "a", "labels": {LABEL: RELEASE}}));
        let map = sent(&json!({"image": "a", "labels": {"b": "c"}}));
        assert_eq!(map["labels"], json!({"b": "c", LABEL: RELEASE}));
        let list = sent(&json!({"image": "a", "labels": ["b=c"]}));
        assert_eq!(list["labels"], json!(["b=c", format!("{LABEL}={RELEASE}")]));
    }

    #[test]
    fn without_a_release_or_the_service_the_text_stays_byte_for_byte() {
        let text = r#"{"services":{"web":{"image":"a","ports":[80, 1.5]}}}"#;
        let fields = |release: bool, service: &str| {
            let mut fields = Attributes::from([("service".to_owned(), service.to_owned())]);
            fields.extend(release.then(|| (FIELD.to_owned(), RELEASE.to_owned())));
            fields
        };
        for (fields, text) in [
            (fields(false, "web"), text),
            (fields(true, "other"), text),
            (fields(true, "web"), "services: {web: {image: a}}"),
            (Attributes::new(), ""),
        ] {
            assert_eq!(labelled(text, &fields), text);
        }
    }
}
