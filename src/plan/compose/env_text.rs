//! Environment values within a compose text: where a value is made of several rows, the text joins them.
//!
//! Only rows are named, and the few characters between them; no value stands in the text. A text without such values
//! stays as it is.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::spec::env_value::{EMPTY_PART, EnvForm};
use crate::spec::references::{Reference, Segment, segments};

/// The forms of an app's values by key; a key without one is a plain row.
pub type Forms = BTreeMap<String, EnvForm>;

/// The text with each composite value under its key in every service that does not set the key itself, and in the place
/// of each reference to it. Where a value begins with a reference to another key whose row holds `$`, an empty row comes
/// first.
pub fn with_values(text: &str, forms: &Forms) -> String {
    let plain = forms.values().all(|form| *form == EnvForm::Row);
    let Some(mut compose) = (!plain).then(|| serde_json::from_str::<Value>(text).ok()).flatten() else {
        return text.to_owned();
    };
    refer(&mut compose, forms);
    let services = compose.get_mut("services").and_then(Value::as_object_mut);
    for service in services.into_iter().flat_map(|services| services.values_mut()) {
        if let Value::Object(service) = service {
            let environment = service.entry("environment").or_insert_with(|| json!({}));
            set(environment, forms);
            guard(environment, forms);
            // Coolify makes an empty list of an empty mapping.
            if environment.as_object().is_some_and(Map::is_empty) {
                service.remove("environment");
            }
        }
    }
    compose.to_string()
}

/// Whether a text refers to the empty row.
pub fn needs_empty_part(text: &str) -> bool {
    text.contains(&format!("${{{EMPTY_PART}}}"))
}

// Labels reach the container as they are written (Coolify 4.3.11, observed).
fn refer(value: &mut Value, forms: &Forms) {
    match value {
        Value::String(text) => *text = referring(text, forms),
        Value::Array(items) => items.iter_mut().for_each(|item| refer(item, forms)),
        Value::Object(map) => {
            map.iter_mut().filter(|(key, _)| *key != "labels").for_each(|(_, value)| refer(value, forms));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

// A composite value is never empty, so whatever a reference says for the lack of one is not needed.
fn referring(text: &str, forms: &Forms) -> String {
    let replaced = |segment: Segment<'_>| match segment {
        Segment::Text(text) => text.to_owned(),
        Segment::Reference(Reference { name, tail, written }) => {
            let expression = forms.get(name).and_then(|form| form.expression(name));
            let alternative = tail.strip_prefix(':').unwrap_or(tail).strip_prefix('+');
            match (expression, alternative) {
                (Some(expression), None) => expression,
                (Some(_), Some(alternative)) => referring(alternative, forms),
                (None, _) if tail.is_empty() => written.to_owned(),
                (None, _) => format!("${{{name}{}}}", referring(tail, forms)),
            }
        }
    };
    segments(text).into_iter().map(replaced).collect()
}

fn set(environment: &mut Value, forms: &Forms) {
    for (key, form) in forms {
        let Some(expression) = form.expression(key) else { continue };
        match environment {
            Value::Object(map) if map.get(key).is_none_or(Value::is_null) => {
                map.insert(key.clone(), expression.into());
            }
            Value::Array(items) => {
                let own = format!("{key}=");
                items.retain(|item| item != key);
                if !items.iter().filter_map(Value::as_str).any(|item| item.starts_with(&own)) {
                    items.push(format!("{own}{expression}").into());
                }
            }
            Value::Null => *environment = json!({key.clone(): expression}),
            _ => {}
        }
    }
}

fn guard(environment: &mut Value, forms: &Forms) {
    let guarded = |key: &str, value: &str| {
        let Some(Segment::Reference(first)) = segments(value).into_iter().next() else { return None };
        let copied = first.name != key && forms.get(first.name) == Some(&EnvForm::RowWithDollar);
        copied.then(|| format!("${{{EMPTY_PART}}}{value}"))
    };
    match environment {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                if let Some(text) = value.as_str().and_then(|value| guarded(key, value)) {
                    *value = text.into();
                }
            }
        }
        Value::Array(items) => {
            for item in items.iter_mut() {
                let pair = item.as_str().and_then(|item| item.split_once('='));
                if let Some(text) =
                    pair.and_then(|(key, value)| Some(format!("{key}={}", guarded(key, value)?)))
                {
                    *item = text.into();
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(pairs: &[(&str, &str)]) -> Forms {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), EnvForm::of(key, value).expect("it arrives")))
            .collect()
    }

    fn rewritten(compose: &Value, pairs: &[(&str, &str)]) -> Value {
        serde_json::from_str(&with_values(&compose.to_string(), &forms(pairs))).expect("JSON")
    }

    const JOINED: &str = "${FABRIK_PART_0}${FABRIK_PART_K_1}'${FABRIK_PART_K_2}";

    #[test]
    fn a_text_without_such_values_stays_as_it_is() {
        let text = "{\"services\":{\"web\":{\"image\":\"a\",  \"environment\":{\"K\":\"${K}\"}}}}";
        assert_eq!(with_values(text, &forms(&[("K", "plain"), ("L", "{\"a\": 1}")])), text);
    }

    #[test]
    fn a_composite_value_is_in_every_service_that_does_not_set_it_itself() {
        let compose = json!({"services": {
            "map": {"environment": {"A": "b"}},
            "list": {"environment": ["A=b"]},
            "none": {"image": "a"},
            "named": {"environment": ["K"]},
            "null": {"environment": {"K": null}},
            "own": {"environment": {"K": "mine"}},
            "own-listed": {"environment": ["K=mine"]},
        }});
        let expected = json!({"services": {
            "map": {"environment": {"A": "b", "K": JOINED}},
            "list": {"environment": ["A=b", format!("K={JOINED}")]},
            "none": {"image": "a", "environment": {"K": JOINED}},
            "named": {"environment": [format!("K={JOINED}")]},
            "null": {"environment": {"K": JOINED}},
            "own": {"environment": {"K": "mine"}},
            "own-listed": {"environment": ["K=mine"]},
        }});
        assert_eq!(rewritten(&compose, &[("K", "it's")]), expected);
    }

    #[test]
    fn each_reference_to_a_composite_value_is_replaced_and_no_other_one_is() {
        for (written, wanted) in [
            ("${K}", JOINED.to_owned()),
            ("$K", JOINED.to_owned()),
            ("x${K}y$K", format!("x{JOINED}y{JOINED}")),
            ("${K:-d}${K-d}${K:?m}${K?m}", JOINED.repeat(4)),
            ("${K:+is}${K+${K}}", format!("is{JOINED}")),
            ("${L:-${K}}", format!("${{L:-{JOINED}}}")),
            ("$$K $${K} $KK ${KK} $(K) $ ${", "$$K $${K} $KK ${KK} $(K) $ ${".to_owned()),
        ] {
            let compose = json!({"services": {"web": {
                "command": ["sh", written], "labels": {"a": "${K}"}, "environment": {"K": "mine"},
            }}});
            let now = rewritten(&compose, &[("K", "it's"), ("L", "plain")]);
            assert_eq!(now["services"]["web"]["command"][1], wanted, "{written}");
            assert_eq!(
                now["services"]["web"]["labels"]["a"], "${K}",
                "a label reaches the container as written"
            );
        }
    }

    #[test]
    fn a_row_with_a_dollar_is_not_what_a_value_of_another_key_begins_with() {
        let compose = json!({"services": {
            "map": {"environment": {"K": "${K}", "OTHER": "${K}", "MORE": "$K", "LATER": "x${K}", "PLAIN": "${L}"}},
            "list": {"environment": ["K=${K}", "OTHER=${K:-d}"]},
        }});
        let expected = json!({"services": {
            "map": {"environment": {"K": "${K}", "OTHER": "${FABRIK_PART_0}${K}", "MORE": "${FABRIK_PART_0}$K",
                "LATER": "x${K}", "PLAIN": "${L}"}},
            "list": {"environment": ["K=${K}", "OTHER=${FABRIK_PART_0}${K:-d}"]},
        }});
        assert_eq!(rewritten(&compose, &[("K", "a$b"), ("L", "plain")]), expected);
    }
}
