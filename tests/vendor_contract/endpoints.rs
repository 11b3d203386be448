//! Which endpoints the evidence is about, and who of us speaks them. Nothing is left out but by whole endpoint,
//! and each is named here.

use std::collections::BTreeMap;

use super::recorded::{exchanges, say};

/// An endpoint, by method and shape of its path (`{}` stands for one part).
#[derive(Debug)]
pub struct Endpoint {
    pub method: &'static str,
    pub shape: &'static str,
    pub spoken: Spoken,
}

/// Who of us speaks an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spoken {
    /// Fabrik calls it, and the sandbox answers it.
    Both,
    /// Fabrik does not call it; the sandbox answers it all the same.
    Sandbox,
    /// Nobody calls or answers it.
    Nobody(&'static str),
}

use Spoken::{Both, Nobody, Sandbox};

const DATABASES: Spoken = Nobody("standalone databases: Fabrik makes none");
const SHARED: Spoken = Nobody("variables shared in a team, project or environment: Fabrik sets none");

const fn at(method: &'static str, shape: &'static str, spoken: Spoken) -> Endpoint {
    Endpoint { method, shape, spoken }
}

/// The first that fits counts.
#[rustfmt::skip]
pub const ENDPOINTS: &[Endpoint] = &[
    at("GET", "/version", Both),
    at("GET", "/teams/current", Both),
    at("GET", "/servers", Both),
    at("GET", "/servers/{}", Both),
    at("GET", "/servers/{}/domains", Both),
    at("GET", "/resources", Both),
    at("GET", "/projects", Both),
    at("POST", "/projects", Both),
    at("GET", "/projects/{}", Both),
    at("PATCH", "/projects/{}", Both),
    at("DELETE", "/projects/{}", Both),
    at("GET", "/projects/{}/environments", Both),
    at("POST", "/projects/{}/environments", Both),
    at("PATCH", "/projects/{}/environments/{}", Both),
    at("DELETE", "/projects/{}/environments/{}", Both),
    at("GET", "/projects/{}/envs", SHARED),
    at("POST", "/projects/{}/envs", SHARED),
    at("GET", "/projects/{}/environments/{}/envs", SHARED),
    at("GET", "/team/envs", SHARED),
    at("GET", "/projects/{}/{}", Both),
    at("GET", "/services", Both),
    at("POST", "/services", Both),
    at("GET", "/services/{}", Both),
    at("PATCH", "/services/{}", Both),
    at("DELETE", "/services/{}", Both),
    at("GET", "/services/{}/envs", Both),
    at("PATCH", "/services/{}/envs/bulk", Both),
    at("DELETE", "/services/{}/envs/{}", Both),
    at("POST", "/services/{}/stop", Both),
    at("GET", "/services/{}/logs", Both),
    at("POST", "/deploy", Both),

    at("GET", "/teams", Sandbox),
    at("GET", "/servers/{}/resources", Sandbox),
    at("POST", "/services/{}/envs", Sandbox),
    at("PATCH", "/services/{}/envs", Sandbox),
    at("POST", "/services/{}/start", Sandbox),
    at("POST", "/services/{}/restart", Sandbox),
    at("GET", "/services/{}/start", Sandbox),
    at("GET", "/services/{}/applications", Sandbox),
    at("GET", "/services/{}/databases", Sandbox),
    at("GET", "/services/{}/storages", Sandbox),
    at("GET", "/deploy", Sandbox),
    at("HEAD", "/version", Sandbox),
    at("GET", "/health", Sandbox),
    at("GET", "/api/health", Sandbox),
    at("GET", "/nope", Sandbox),
    at("GET", "/api/v2/version", Sandbox),
    at("PUT", "/projects", Sandbox),

    at("GET", "/applications", Both),
    at("POST", "/applications/dockerimage", Both),
    at("POST", "/applications/public", Both),
    at("POST", "/applications/dockerfile", Nobody("applications from Dockerfile text: Fabrik builds those as services")),
    at("POST", "/applications/dockercompose", Sandbox),
    at("GET", "/applications/{}", Both),
    at("PATCH", "/applications/{}", Both),
    at("DELETE", "/applications/{}", Both),
    at("GET", "/applications/{}/envs", Both),
    at("PATCH", "/applications/{}/envs/bulk", Both),
    at("DELETE", "/applications/{}/envs/{}", Both),
    at("GET", "/applications/{}/logs", Both),
    at("POST", "/applications/{}/stop", Both),
    at("GET", "/deployments/{}", Both),
    at("GET", "/deployments/applications/{}", Both),
    at("POST", "/deployments/{}/cancel", Both),

    at("POST", "/applications/{}/envs", Sandbox),
    at("PATCH", "/applications/{}/envs", Sandbox),
    at("POST", "/applications/{}/start", Sandbox),
    at("GET", "/applications/{}/start", Sandbox),
    at("POST", "/applications/{}/restart", Sandbox),
    at("GET", "/deployments", Sandbox),

    at("GET", "/applications/{}/tags", Nobody("tags: Fabrik marks by description")),
    at("POST", "/applications/{}/tags", Nobody("tags: Fabrik marks by description")),
    at("GET", "/tags", Nobody("tags: Fabrik marks by description")),
    at("POST", "/databases/{}", DATABASES),
    at("GET", "/databases", DATABASES),
    at("GET", "/databases/{}", DATABASES),
    at("DELETE", "/databases/{}", DATABASES),
    at("GET", "/databases/{}/envs", DATABASES),
    at("POST", "/databases/{}/start", DATABASES),
    at("POST", "/databases/{}/stop", DATABASES),
    at("POST", "/enable", Nobody("the switch of the whole API: never Fabrik's to turn")),
    at("POST", "/disable", Nobody("the switch of the whole API: never Fabrik's to turn")),
    at("GET", "/enable", Nobody("the switch of the whole API: never Fabrik's to turn")),
    at("GET", "/destinations", Nobody("Docker networks: the server's only one is taken")),
    at("GET", "/servers/{}/destinations", Nobody("Docker networks: the server's only one is taken")),
    at("GET", "/servers/{}/sentinel", Nobody("the server's own agent")),
    at("PATCH", "/servers/{}/sentinel", Nobody("the server's own agent")),
    at("POST", "/servers/{}/validate", Nobody("administration of servers")),
    at("DELETE", "/servers/{}", Nobody("administration of servers")),
    at("OPTIONS", "/projects", Nobody("browsers' question before a request")),
];

/// What both speak although nothing was recorded of it: it is held against the vendor's document alone.
#[rustfmt::skip]
pub const UNRECORDED: &[Endpoint] = &[
    at("POST", "/applications/private-deploy-key", Both),
    at("POST", "/applications/private-github-app", Both),
    at("GET", "/applications/{}/storages", Both),
    at("POST", "/applications/{}/storages", Both),
    at("GET", "/security/keys", Both),
    at("GET", "/github-apps", Both),
];

/// The endpoint that a request is about.
pub fn of(method: &str, path: &str) -> &'static Endpoint {
    let found = ENDPOINTS.iter().find(|it| it.method == method && fits(it.shape, path));
    found.unwrap_or_else(|| panic!("no endpoint is listed for {method} {path}"))
}

/// Whether a path has this shape.
pub fn fits(shape: &str, path: &str) -> bool {
    let (shape, path) = (shape.split('/'), path.trim_end_matches('/').split('/'));
    shape.clone().count() == path.clone().count()
        && shape.zip(path).all(|(want, is)| want == "{}" || want == is)
}

#[test]
fn every_recorded_exchange_is_used_or_left_out_by_whole_endpoint() {
    let Some(exchanges) = exchanges() else { return };
    let mut counts: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    for exchange in &exchanges {
        let endpoint = exchange.endpoint();
        let heading = match endpoint.spoken {
            Both => "used: replayed against client and sandbox".to_owned(),
            Sandbox => "used: replayed against the sandbox, Fabrik does not call it".to_owned(),
            Nobody(why) => format!("out of scope: {why}"),
        };
        let name = format!("{} {}", endpoint.method, endpoint.shape);
        *counts.entry(heading).or_default().entry(name).or_default() += 1;
    }
    for (heading, endpoints) in &counts {
        let named: Vec<String> = endpoints.iter().map(|(name, count)| format!("{name} ×{count}")).collect();
        let total: usize = endpoints.values().sum();
        say(&format!("{total:>3} of {} {heading} ({})", exchanges.len(), named.join(", ")));
    }
    let idle = ENDPOINTS
        .iter()
        .find(|endpoint| exchanges.iter().all(|exchange| !std::ptr::eq(exchange.endpoint(), *endpoint)));
    assert!(idle.is_none(), "nothing was recorded of {idle:?}");
}
