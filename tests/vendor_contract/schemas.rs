//! The vendors' own schemas, and what of an exchange does not fit them.
//!
//! A misfit is one line of words: vendor, operation, side, place, what. Members that a schema does not name are
//! misfits too, except in Cloudflare's answers, whose schemas are open by their own words.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

use super::recorded::evidence;

/// One vendor's document.
pub struct Vendor {
    pub name: &'static str,
    pub host: &'static str,
    /// What stands before the paths of the document.
    prefix: &'static str,
    document: Value,
    /// Compiled schemas, by themselves as text.
    compiled: Mutex<BTreeMap<String, Arc<Validator>>>,
}

/// What does not fit, in words.
pub type Misfits = BTreeSet<String>;

/// Both documents; `None` where they are absent.
pub fn clients() -> Option<[Vendor; 2]> {
    let mut coolify = evidence("coolify-openapi.json")?;
    let mut cloudflare = evidence("cloudflare-openapi.json")?;
    modern(&mut coolify);
    modern(&mut cloudflare);
    closed(&mut coolify);
    for input in ["ARecordInput", "RecordPatch"] {
        closed(&mut cloudflare["components"]["schemas"][input]);
    }
    let vendor =
        |name, host, prefix, document| Vendor { name, host, prefix, document, compiled: Mutex::default() };
    Some([
        vendor("coolify", fabrik::sandbox::COOLIFY, "/api/v1", coolify),
        vendor("cloudflare", fabrik::sandbox::CLOUDFLARE, "/client/v4", cloudflare),
    ])
}

/// OpenAPI 3.0's `nullable` in today's words.
fn modern(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(modern),
        Value::Object(map) => {
            map.values_mut().for_each(modern);
            if map.remove("nullable") == Some(Value::Bool(true)) {
                let schema = Value::Object(std::mem::take(map));
                map.insert("anyOf".to_owned(), json!([schema, {"type": "null"}]));
            }
        }
        _ => {}
    }
}

/// Closes every object that names its members.
fn closed(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(closed),
        Value::Object(map) => {
            map.values_mut().for_each(closed);
            if map.get("properties").is_some_and(Value::is_object) && !map.contains_key("allOf") {
                map.entry("additionalProperties").or_insert(Value::Bool(false));
            }
        }
        _ => {}
    }
}

impl Vendor {
    /// What of a request does not fit.
    pub fn request(&self, request: &http::Request<Vec<u8>>) -> Misfits {
        let (method, path) = (request.method().as_str(), request.uri().path());
        let Some((name, operation)) = self.operation(method, path) else {
            return Misfits::from([format!("{} {method} {}: not in the document", self.name, shape(path))]);
        };
        let said = |place: &str, what: &str| format!("{} {name} request {place}: {what}", self.name);
        let mut misfits = self.query(operation, request.uri().query().unwrap_or(""), &said);
        let body: Option<Value> = serde_json::from_slice(request.body()).ok();
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        match (body, schema) {
            (None, _) => {}
            (Some(_), Value::Null) => drop(misfits.insert(said("", "no body is listed"))),
            (Some(body), schema) => misfits.extend(self.values(schema, &body, &said)),
        }
        misfits
    }

    fn query(&self, operation: &Value, query: &str, said: &dyn Fn(&str, &str) -> String) -> Misfits {
        let listed: Vec<&Value> =
            operation["parameters"].as_array().into_iter().flatten().map(|it| self.resolved(it)).collect();
        let mut misfits = Misfits::new();
        for (name, text) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            let place = format!("?{name}");
            match listed.iter().find(|it| it["in"] == "query" && it["name"] == name) {
                None => drop(misfits.insert(said(&place, "not in the schema"))),
                Some(parameter) => {
                    let schema = &parameter["schema"];
                    let value = match schema["type"].as_str() {
                        Some("integer" | "boolean" | "number") => {
                            serde_json::from_str(text).unwrap_or(json!(text))
                        }
                        _ => json!(text),
                    };
                    misfits.extend(self.values(schema, &value, &|_, what| said(&place, what)));
                }
            }
        }
        misfits
    }

    /// What of an answer does not fit.
    pub fn answer(&self, method: &str, path: &str, answer: &http::Response<Vec<u8>>) -> Misfits {
        let Some((name, operation)) = self.operation(method, path) else {
            return Misfits::from([format!("{} {method} {}: not in the document", self.name, shape(path))]);
        };
        let status = answer.status().as_u16();
        let said = |place: &str, what: &str| format!("{} {name} {status} {place}: {what}", self.name);
        let class = format!("{}XX", status / 100);
        let responses = &operation["responses"];
        let listed = [status.to_string(), class].into_iter().find_map(|key| responses.get(key));
        let Some(listed) = listed.map(|it| self.resolved(it)) else {
            return Misfits::from([said("", "status not listed")]);
        };
        let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or("");
        let kind = kind.split(';').next().unwrap_or_default();
        match (listed["content"].get(kind), serde_json::from_slice(answer.body())) {
            (Some(content), Ok(body)) if kind == "application/json" => {
                self.values(&content["schema"], &body, &said)
            }
            (None, _) if listed["content"].is_object() => {
                Misfits::from([said("", &format!("{kind} not listed"))])
            }
            _ => Misfits::new(),
        }
    }

    /// The operation and its name, "GET /projects/{uuid}". One without placeholders comes first.
    pub fn operation(&self, method: &str, path: &str) -> Option<(String, &Value)> {
        let path = path.strip_prefix(self.prefix)?;
        let paths = self.document["paths"].as_object()?;
        let fitting = paths.iter().filter(|(template, _)| fits(template, path));
        let (template, item) = fitting.min_by_key(|(template, _)| template.matches('{').count())?;
        let operation = item.get(method.to_lowercase())?;
        Some((format!("{method} {template}"), operation))
    }

    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        let pointer = value["$ref"].as_str().and_then(|it| it.strip_prefix('#'));
        pointer.and_then(|it| self.document.pointer(it)).unwrap_or(value)
    }

    fn compiled(&self, schema: &Value) -> Arc<Validator> {
        let mut compiled = self.compiled.lock().unwrap();
        let fresh = || {
            // The components come along, so that references into the document resolve.
            let whole = json!({"allOf": [schema], "components": self.document["components"]});
            let built = jsonschema::options().with_draft(Draft::Draft202012).build(&whole);
            Arc::new(built.expect("the vendors' schemas are schemas"))
        };
        compiled.entry(schema.to_string()).or_insert_with(fresh).clone()
    }

    fn values(&self, schema: &Value, value: &Value, said: &dyn Fn(&str, &str) -> String) -> Misfits {
        let validator = self.compiled(schema);
        let errors = validator.iter_errors(value);
        errors
            .flat_map(|error| words(error.kind(), &place(error.instance_path().as_str())))
            .map(|(place, what)| said(&place, &what))
            .collect()
    }
}

fn words(kind: &ValidationErrorKind, at: &str) -> Vec<(String, String)> {
    match kind {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            unexpected.iter().map(|key| (format!("{at}/{key}"), "not in the schema".to_owned())).collect()
        }
        ValidationErrorKind::Required { property } => {
            vec![(format!("{at}/{}", property.as_str().unwrap_or_default()), "missing".to_owned())]
        }
        ValidationErrorKind::Type { kind: TypeKind::Single(wanted) } => {
            vec![(at.to_owned(), format!("not of type {wanted}"))]
        }
        other => vec![(at.to_owned(), other.keyword().to_owned())],
    }
}

/// Numbers of items are left out.
fn place(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.parse::<usize>().is_ok() { "*" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// A path with its ids left out.
fn shape(path: &str) -> String {
    let is_id = |part: &str| part.len() >= 24 && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    path.split('/').map(|part| if is_id(part) { "{}" } else { part }).collect::<Vec<_>>().join("/")
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path) = (template.split('/'), path.trim_end_matches('/').split('/'));
    template.clone().count() == path.clone().count()
        && template.zip(path).all(|(want, is)| want.starts_with('{') || want == is)
}
