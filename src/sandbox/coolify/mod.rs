//! The simulated Coolify API, read from a running 4.3.11 and its facts.
//!
//! Routes, credentials, rate limit, team. Each noun has its own file. Databases are not here: their paths answer
//! as unknown ones do.

#![allow(clippy::unnecessary_wraps, reason = "all routes have one shape")]

mod actions;
mod applications;
mod deployments;
mod environments;
mod envs;
mod form;
mod gates;
mod magic;
mod make;
mod parts;
mod projects;
mod servers;
mod services;
mod update;
mod urls;
mod versions;

use serde_json::{Value, json};

use self::applications::SourceRoute;
use self::envs::RowOwner;
use self::form::Form;
pub(crate) use self::gates::too_many;
use super::ask::{Ask, Credentials, Reply};
use super::faults::Fault;
use super::world::{OTHER_TEAM, SimToken, World};

/// An answer, or a refusal ready to be sent.
type Answer = Result<Reply, Reply>;
/// What answers a route once the gates are passed.
type Handler<'a> = Box<dyn FnOnce(&mut Context) -> Answer + 'a>;

/// One request on the way to its answer: the world, the request, and the team of its token.
struct Context<'a> {
    world: &'a mut World,
    ask: &'a Ask,
    team: u64,
}

/// Answers one request to the simulated Coolify.
pub(crate) fn answer(world: &mut World, ask: &Ask) -> Reply {
    let path: Vec<&str> = ask.path.split('/').filter(|part| !part.is_empty()).collect();
    let limit = world.coolify.rate_limit;
    let well = || Reply::typed(200, "text/html; charset=utf-8", "OK");
    match path[..] {
        ["api", "health"] => return gates::limited(well(), gates::HEALTH_LIMIT, gates::HEALTH_LIMIT),
        ["api", "v1", "health"] => return gates::limited(well(), limit, limit),
        _ => {}
    }
    // An unknown path is told before the token is looked at (observed).
    let known =
        path.strip_prefix(&["api", "v1"]).filter(|path| versions::has(&world.coolify, &ask.method, path));
    let known = known.and_then(|path| route(&ask.method, path));
    let Some(handler) = known else { return gates::limited(unknown_route(), limit, limit) };
    if ask.credentials != Credentials::Bearer || world.coolify.token == SimToken::Unknown {
        return message(401, "Unauthenticated.");
    }
    let Some(remaining) = gates::admit(world) else { return gates::full(world) };
    let team = if world.take_fault(Fault::TeamSwap) { OTHER_TEAM } else { world.coolify.team };
    let allowed = gates::allowed(&world.coolify, &ask.method, &path);
    let reply = allowed.and_then(|()| handler(&mut Context { world, ask, team }));
    gates::limited(reply.unwrap_or_else(|refusal| refusal), limit, remaining)
}

#[rustfmt::skip]
fn route<'a>(method: &str, path: &[&'a str]) -> Option<Handler<'a>> {
    let method = if method == "HEAD" { "GET" } else { method };
    Some(match (method, path) {
        ("GET", ["version"]) => Box::new(servers::version),
        ("GET", ["teams"]) => Box::new(servers::teams),
        ("GET", ["team"] | ["teams", "current"]) => Box::new(servers::team),
        ("GET", ["servers"]) => Box::new(servers::list),
        ("GET", ["servers", uuid]) => Box::new(|context| servers::show(context, uuid)),
        ("GET", ["servers", uuid, "domains"]) => Box::new(|context| servers::domains(context, uuid)),
        ("GET", ["servers", uuid, "resources"]) => Box::new(|context| servers::resources(context, uuid)),
        ("GET", ["resources"]) => Box::new(services::resources),

        ("GET", ["projects"]) => Box::new(projects::list),
        ("POST", ["projects"]) => Box::new(projects::create),
        ("GET", ["projects", uuid]) => Box::new(|context| projects::show(context, uuid)),
        ("PATCH", ["projects", uuid]) => Box::new(|context| projects::patch(context, uuid)),
        ("DELETE", ["projects", uuid]) => Box::new(|context| projects::delete(context, uuid)),
        ("GET", ["projects", uuid, "environments"]) => Box::new(|context| environments::list(context, uuid)),
        ("POST", ["projects", uuid, "environments"]) => Box::new(|context| environments::create(context, uuid)),
        ("PATCH", ["projects", uuid, "environments", name]) => Box::new(|context| environments::patch(context, uuid, name)),
        ("DELETE", ["projects", uuid, "environments", name]) => Box::new(|context| environments::delete(context, uuid, name)),
        ("GET", ["projects", uuid, name]) => Box::new(|context| environments::show(context, uuid, name)),

        ("GET", ["services"]) => Box::new(services::list),
        ("POST", ["services"] | ["applications", "dockercompose"]) => Box::new(make::create),
        ("GET", ["services", uuid]) => Box::new(|context| services::show(context, uuid)),
        ("PATCH", ["services", uuid]) => Box::new(|context| update::patch(context, uuid)),
        ("DELETE", ["services", uuid]) => Box::new(|context| actions::delete(context, uuid)),
        ("POST", ["services", uuid, "start"]) => Box::new(|context| actions::start(context, uuid)),
        ("POST", ["services", uuid, "stop"]) => Box::new(|context| actions::stop(context, uuid)),
        ("POST", ["services", uuid, "restart"]) => Box::new(|context| actions::restart(context, uuid)),
        ("POST", ["deploy"]) => Box::new(actions::deploy),
        ("GET", ["deploy"] | ["services" | "applications", _, "start" | "stop" | "restart"]) => Box::new(versions::by_get),
        ("GET", ["services", uuid, "logs"]) => Box::new(|context| parts::logs(context, uuid)),
        ("GET", ["services", uuid, "storages"]) => Box::new(|context| parts::storages(context, uuid)),
        ("GET", ["services", uuid, "applications"]) => Box::new(|context| parts::list(context, uuid, false)),
        ("GET", ["services", uuid, "databases"]) => Box::new(|context| parts::list(context, uuid, true)),
        ("GET", ["services", uuid, "applications", part]) => Box::new(|context| parts::show(context, uuid, part, false)),
        ("PATCH", ["services", uuid, "applications", part]) => Box::new(|context| parts::patch(context, uuid, part, false)),
        ("GET", ["services", uuid, "databases", part]) => Box::new(|context| parts::show(context, uuid, part, true)),
        ("PATCH", ["services", uuid, "databases", part]) => Box::new(|context| parts::patch(context, uuid, part, true)),

        ("GET", ["applications"]) => Box::new(applications::list),
        ("POST", ["applications", "dockerimage"]) => Box::new(|context| applications::create(context, SourceRoute::Image)),
        ("POST", ["applications", "public"]) => Box::new(|context| applications::create(context, SourceRoute::Public)),
        ("POST", ["applications", "private-deploy-key"]) => Box::new(|context| applications::create(context, SourceRoute::DeployKey)),
        ("POST", ["applications", "private-github-app"]) => Box::new(|context| applications::create(context, SourceRoute::GithubApp)),
        ("GET", ["applications", uuid]) => Box::new(|context| applications::show(context, uuid)),
        ("PATCH", ["applications", uuid]) => Box::new(|context| applications::patch(context, uuid)),
        ("DELETE", ["applications", uuid]) => Box::new(|context| applications::delete(context, uuid)),
        ("POST", ["applications", uuid, "start"]) => Box::new(|context| applications::start(context, uuid)),
        ("POST", ["applications", uuid, "stop"]) => Box::new(|context| applications::stop(context, uuid)),
        ("POST", ["applications", uuid, "restart"]) => Box::new(|context| applications::restart(context, uuid)),
        ("GET", ["applications", uuid, "logs"]) => Box::new(|context| applications::logs(context, uuid)),
        ("GET", ["applications", uuid, "storages"]) => Box::new(|context| applications::list_storages(context, uuid)),
        ("POST", ["applications", uuid, "storages"]) => Box::new(|context| applications::add_storage(context, uuid)),
        ("DELETE", ["applications", uuid, "storages", row]) => Box::new(|context| applications::delete_storage(context, uuid, row)),
        ("GET", ["security", "keys"]) => Box::new(applications::keys),
        ("GET", ["github-apps"]) => Box::new(applications::github_apps),

        ("GET", ["deployments"]) => Box::new(deployments::list),
        ("GET", ["deployments", uuid]) => Box::new(|context| deployments::show(context, uuid)),
        ("GET", ["deployments", "applications", uuid]) => Box::new(|context| deployments::of_application(context, uuid)),
        ("POST", ["deployments", uuid, "cancel"]) => Box::new(|context| deployments::cancel(context, uuid)),

        (method, [kind, uuid, "envs", rest @ ..]) => return env_route(method, RowOwner::of(kind, uuid)?, rest),
        _ => return None,
    })
}

fn env_route<'a>(method: &str, owner: RowOwner<'a>, rest: &[&'a str]) -> Option<Handler<'a>> {
    Some(match (method, rest) {
        ("GET", []) => Box::new(move |context| envs::list(context, owner)),
        ("POST", []) => Box::new(move |context| envs::create(context, owner)),
        ("PATCH", []) => Box::new(move |context| envs::patch(context, owner)),
        ("PATCH", ["bulk"]) => Box::new(move |context| envs::bulk(context, owner)),
        ("DELETE", [row]) => {
            let row = *row;
            Box::new(move |context| envs::delete(context, owner, row))
        }
        _ => return None,
    })
}

fn message(status: u16, text: &str) -> Reply {
    Reply::json(status, &json!({"message": text}))
}

fn unknown_route() -> Reply {
    Reply::json(404, &json!({"message": "Not found.", "docs": "https://coolify.io/docs"}))
}

fn server_error() -> Reply {
    message(500, "Server Error")
}

/// 422 with `errors` in whichever of its shapes.
fn invalid(errors: &Value) -> Reply {
    Reply::json(422, &json!({"message": "Validation failed.", "errors": errors}))
}

/// A time as Coolify writes it: to the second, with six zeros.
fn time(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.000000Z").to_string()
}

/// Makes the rows that a compose text asks for and that its service has not, and brings those that tell the addresses of
/// its parts in line with them, as every start does.
pub(crate) fn add_rows(world: &mut World, uuid: &str, compose: &super::compose::Compose) {
    make::add_rows(world, uuid, compose);
}

/// Brings the parts of a service in line with its compose text, as every parse does.
pub(crate) fn parse(world: &mut World, uuid: &str, compose: &super::compose::Compose) {
    make::parse(world, uuid, compose);
}

/// Adds the environment `production` to a project and gives its number.
pub(crate) fn add_environment(world: &mut World, project: u64) -> u64 {
    environments::add(world, project, "production").id
}
