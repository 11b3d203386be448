//! A plan as people read it: each resource, field by field, old → new.

use machine::plan::{Action, DesiredRecord, DesiredResource, EnvVarAction, EnvVarChange, Plan, Proxy};
use machine::receipt::Attributes;
use serde_json::{Value, json};

use super::screen::{BAD, DIM, GOOD, ODD, in_style};
use crate::plan::compose::release_label::FIELD;
use crate::plan::observed::{ObservedApp, ObservedEnv};
use crate::plan::planner::EDITED;
use crate::providers::coolify::storages::at_docker;
use crate::spec::Spec;

/// The resources of a plan, in the order they are made.
fn resources(plan: &Plan) -> Vec<(&'static str, &DesiredResource)> {
    let records = plan.records.iter().map(|record| ("dns", &record.desired));
    let rest = [("project", &plan.project), ("environment", &plan.environment), ("app", &plan.app)];
    records.chain(rest).collect()
}

/// The plan for `spec`, a line a field.
pub fn lines(plan: &Plan, spec: &Spec) -> Vec<String> {
    let replaced: Vec<&DesiredResource> = plan.replaced().map(|(_, record)| &record.desired).collect();
    let when = |desired: &DesiredResource| {
        let makes_room = replaced.iter().any(|it| std::ptr::eq(*it, desired));
        if makes_room {
            "delete first, to make room for one of another type"
        } else {
            "delete, once the app is proven"
        }
    };
    let lines_of = |(name, desired)| wish_lines(name, desired, spec, when(desired));
    let mut lines: Vec<String> = resources(plan).into_iter().flat_map(lines_of).collect();
    lines.extend(plan.wanted().filter_map(|(_, record)| proxy_line(record, spec)));
    lines.extend(plan.external.iter().map(|name| {
        let name = spec.as_written(name);
        in_style(DIM, &format!("  = dns           {name}  (external: verified, not managed)"))
    }));
    lines.extend(plan.envs.iter().map(env_line));
    lines.extend(left_behind(plan).iter().map(|volume| volume_line(plan, volume)));
    lines.push(outcome(plan).to_owned());
    lines
}

fn proxy_line(record: &DesiredRecord, spec: &Spec) -> Option<String> {
    let later = record.proxy == Proxy::AfterProof;
    let name = spec.as_written(&record.name);
    let line = format!("  ~ proxy         {name}  (switch on, once the app is proven without it)");
    later.then(|| in_style(ODD, &line))
}

/// The volumes that are mounted by nobody from then on, by the names that Docker knows them by.
fn left_behind(plan: &Plan) -> Vec<String> {
    let id = plan.app.action.id().unwrap_or_default();
    plan.left_volumes.iter().map(|name| at_docker(&plan.app.attributes, id, name)).collect()
}

fn volume_line(plan: &Plan, volume: &str) -> String {
    let server = &plan.target.server_name;
    in_style(
        ODD,
        &format!("  ! volume        {volume}  (no longer mounted; its data stays on server {server})"),
    )
}

fn outcome(plan: &Plan) -> &'static str {
    match (plan.has_changes(), plan.starts_app()) {
        (false, _) => "nothing to change",
        (true, true) => "the app is restarted",
        (true, false) => "the app is left running as it is",
    }
}

fn wish_lines(name: &str, desired: &DesiredResource, spec: &Spec, deletion: &str) -> Vec<String> {
    let named = match &desired.action {
        Action::Delete { before, .. } => before,
        Action::Create | Action::Update { .. } | Action::NoOp { .. } => &desired.attributes,
    };
    let title = spec.as_written(named.get("name").map_or("", String::as_str));
    let head = |sign: &str, word: &str| format!("  {sign} {name:<13} {title}  ({word})");
    match &desired.action {
        Action::Create => {
            let mut lines = vec![in_style(GOOD, &head("+", "create"))];
            let rest = desired.attributes.iter().filter(|(field, _)| *field != "name" && *field != FIELD);
            lines.extend(rest.map(|(field, value)| format!("      {field}: {}", shown(field, value))));
            lines
        }
        Action::Update { before, .. } => {
            let mut lines = vec![in_style(ODD, &head("~", "change"))];
            lines.extend(differing(before, &desired.attributes).map(|(field, old, new)| {
                let new = if field == FIELD { "the run's own" } else { shown(field, new) };
                format!("      {field}: {} → {new}", shown(field, old))
            }));
            lines
        }
        Action::NoOp { .. } => vec![in_style(DIM, &head("=", "keep"))],
        Action::Delete { .. } => vec![in_style(BAD, &head("-", deletion))],
    }
}

fn differing<'a>(
    before: &'a Attributes,
    wanted: &'a Attributes,
) -> impl Iterator<Item = (&'a str, &'a str, &'a str)> {
    wanted.iter().filter_map(|(field, new)| {
        let old = before.get(field).map_or("", String::as_str);
        (old != new).then_some((field.as_str(), old, new.as_str()))
    })
}

// The compose text is known by its hash, of which a few digits are enough, and a release by its last ones.
fn shown<'a>(field: &str, value: &'a str) -> &'a str {
    match field {
        "compose" if value != EDITED => value.get(..12).unwrap_or(value),
        FIELD => value.get(24..).unwrap_or(value),
        _ => value,
    }
}

/// What was found otherwise than the last release left it, and what could not be compared, a line each.
pub fn observed_lines(observed: &ObservedApp) -> Vec<String> {
    let found = observed.notes().into_iter().map(|note| in_style(ODD, &format!("  ! {note}")));
    let unseen = observed.unseen.iter().map(|what| in_style(DIM, &format!("  ? not compared: {what}")));
    found.chain(unseen).collect()
}

fn observed_fields(observed: &ObservedApp) -> Value {
    let text = observed.compose.iter().map(|it| json!({"path": it.path, "how": it.how.to_string()}));
    let env = observed.envs.iter().filter_map(|(key, found)| match found {
        ObservedEnv::AsSet => None,
        ObservedEnv::Changed => Some(json!({"key": key, "found": "changed"})),
        ObservedEnv::Missing => Some(json!({"key": key, "found": "missing"})),
    });
    json!({
        "stopped": observed.stopped, "compose": text.collect::<Vec<_>>(), "env": env.collect::<Vec<_>>(),
        "unseen": observed.unseen,
    })
}

fn env_line(env: &EnvVarChange) -> String {
    let key = &env.key;
    match env.change {
        EnvVarAction::Add => in_style(GOOD, &format!("  + env           {key}  (set)")),
        EnvVarAction::Set => in_style(ODD, &format!("  ~ env           {key}  (another value)")),
        EnvVarAction::Keep => in_style(DIM, &format!("  = env           {key}  (keep)")),
        EnvVarAction::Remove => in_style(BAD, &format!("  - env           {key}  (remove)")),
    }
}

// Which run will carry a plan out is not known before it does.
fn known_by_now(fields: &Attributes) -> Attributes {
    fields
        .iter()
        .filter(|(field, _)| *field != FIELD)
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// The plan, for programs.
pub fn document(app: &str, plan: &Plan, observed: &ObservedApp) -> Value {
    let resources: Vec<Value> = resources(plan)
        .into_iter()
        .map(|(name, desired)| {
            let (action, before) = match &desired.action {
                Action::Create => ("create", None),
                Action::Update { before, .. } => ("change", Some(before)),
                Action::NoOp { .. } => ("keep", None),
                Action::Delete { before, .. } => ("drop", Some(before)),
            };
            json!({"thing": name, "action": action, "fields": known_by_now(&desired.attributes), "before": before})
        })
        .collect();
    let proxied: Vec<&str> = plan
        .wanted()
        .filter(|(_, record)| record.proxy == Proxy::AfterProof)
        .map(|(_, record)| record.name.as_str())
        .collect();
    let envs: Vec<Value> =
        plan.envs.iter().map(|env| json!({"key": env.key, "change": env.change})).collect();
    json!({
        "app": app, "endpoints": plan.endpoints, "external": plan.external, "proxied": proxied, "changes": plan.has_changes(),
        "starts_app": plan.starts_app(), "things": resources, "env": envs, "volumes_left": left_behind(plan),
        "observed": observed_fields(observed),
    })
}
