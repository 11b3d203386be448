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
    ByBoth,
    /// Fabrik does not call it; the sandbox answers it all the same.
    BySandbox,
    /// Nobody calls or answers it.
    ByNobody(&'static str),
}

use Spoken::{ByBoth, ByNobody, BySandbox};

const DATABASES: Spoken = ByNobody("standalone databases: Fabrik makes none");
const SHARED: Spoken = ByNobody("variables shared in a team, project or environment: Fabrik sets none");

const fn at(method: &'static str, shape: &'static str, spoken: Spoken) -> Endpoint {
    Endpoint { method, shape, spoken }
}

/// The first that fits counts.
#[rustfmt::skip]
pub const ENDPOINTS: &[Endpoint] = &[
    at("GET", "/version", ByBoth),
    at("GET", "/teams/current", ByBoth),
    at("GET", "/servers", ByBoth),
    at("GET", "/servers/{}", ByBoth),
    at("GET", "/servers/{}/domains", ByBoth),
    at("GET", "/resources", ByBoth),
    at("GET", "/projects", ByBoth),
    at("POST", "/projects", ByBoth),
    at("GET", "/projects/{}", ByBoth),
    at("PATCH", "/projects/{}", ByBoth),
    at("DELETE", "/projects/{}", ByBoth),
    at("GET", "/projects/{}/environments", ByBoth),
    at("POST", "/projects/{}/environments", ByBoth),
    at("PATCH", "/projects/{}/environments/{}", ByBoth),
    at("DELETE", "/projects/{}/environments/{}", ByBoth),
    at("GET", "/projects/{}/envs", SHARED),
    at("POST", "/projects/{}/envs", SHARED),
    at("GET", "/projects/{}/environments/{}/envs", SHARED),
    at("GET", "/team/envs", SHARED),
    at("GET", "/projects/{}/{}", ByBoth),
    at("GET", "/services", ByBoth),
    at("POST", "/services", ByBoth),
    at("GET", "/services/{}", ByBoth),
    at("PATCH", "/services/{}", ByBoth),
    at("DELETE", "/services/{}", ByBoth),
    at("GET", "/services/{}/envs", ByBoth),
    at("PATCH", "/services/{}/envs/bulk", ByBoth),
    at("DELETE", "/services/{}/envs/{}", ByBoth),
    at("POST", "/services/{}/stop", ByBoth),
    at("GET", "/services/{}/logs", ByBoth),
    at("POST", "/deploy", ByBoth),

    at("GET", "/teams", BySandbox),
    at("GET", "/servers/{}/resources", BySandbox),
    at("POST", "/services/{}/envs", BySandbox),
    at("PATCH", "/services/{}/envs", BySandbox),
    at("POST", "/services/{}/start", BySandbox),
    at("POST", "/services/{}/restart", BySandbox),
    at("GET", "/services/{}/start", BySandbox),
    at("GET", "/services/{}/applications", BySandbox),
    at("GET", "/services/{}/databases", BySandbox),
    at("GET", "/services/{}/storages", BySandbox),
    at("GET", "/deploy", BySandbox),
    at("HEAD", "/version", BySandbox),
    at("GET", "/health", BySandbox),
    at("GET", "/api/health", BySandbox),
    at("GET", "/nope", BySandbox),
    at("GET", "/api/v2/version", BySandbox),
    at("PUT", "/projects", BySandbox),

    at("GET", "/applications", ByBoth),
    at("POST", "/applications/dockerimage", ByBoth),
    at("POST", "/applications/public", ByBoth),
    at("POST", "/applications/dockerfile", ByNobody("applications from Dockerfile text: Fabrik builds those as services")),
    at("POST", "/applications/dockercompose", BySandbox),
    at("GET", "/applications/{}", ByBoth),
    at("PATCH", "/applications/{}", ByBoth),
    at("DELETE", "/applications/{}", ByBoth),
    at("GET", "/applications/{}/envs", ByBoth),
    at("PATCH", "/applications/{}/envs/bulk", ByBoth),
    at("DELETE", "/applications/{}/envs/{}", ByBoth),
    at("GET", "/applications/{}/logs", ByBoth),
    at("POST", "/applications/{}/stop", ByBoth),
    at("GET", "/deployments/{}", ByBoth),
    at("GET", "/deployments/applications/{}", ByBoth),
    at("POST", "/deployments/{}/cancel", ByBoth),

    at("POST", "/applications/{}/envs", BySandbox),
    at("PATCH", "/applications/{}/envs", BySandbox),
    at("POST", "/applications/{}/start", BySandbox),
    at("GET", "/applications/{}/start", BySandbox),
    at("POST", "/applications/{}/restart", BySandbox),
    at("GET", "/deployments", BySandbox),

    at("GET", "/applications/{}/tags", ByNobody("tags: Fabrik marks by description")),
    at("POST", "/applications/{}/tags", ByNobody("tags: Fabrik marks by description")),
    at("GET", "/tags", ByNobody("tags: Fabrik marks by description")),
    at("POST", "/databases/{}", DATABASES),
    at("GET", "/databases", DATABASES),
    at("GET", "/databases/{}", DATABASES),
    at("DELETE", "/databases/{}", DATABASES),
    at("GET", "/databases/{}/envs", DATABASES),
    at("POST", "/databases/{}/start", DATABASES),
    at("POST", "/databases/{}/stop", DATABASES),
    at("POST", "/enable", ByNobody("the switch of the whole API: never Fabrik's to turn")),
    at("POST", "/disable", ByNobody("the switch of the whole API: never Fabrik's to turn")),
    at("GET", "/enable", ByNobody("the switch of the whole API: never Fabrik's to turn")),
    at("GET", "/destinations", ByNobody("Docker networks: the server's only one is taken")),
    at("GET", "/servers/{}/destinations", ByNobody("Docker networks: the server's only one is taken")),
    at("GET", "/servers/{}/sentinel", ByNobody("the server's own agent")),
    at("PATCH", "/servers/{}/sentinel", ByNobody("the server's own agent")),
    at("POST", "/servers/{}/validate", ByNobody("administration of servers")),
    at("DELETE", "/servers/{}", ByNobody("administration of servers")),
    at("OPTIONS", "/projects", ByNobody("browsers' question before a request")),
];

/// What both speak although nothing was recorded of it: it is held against the vendor's document alone.
#[rustfmt::skip]
pub const UNRECORDED: &[Endpoint] = &[
    at("POST", "/applications/private-deploy-key", ByBoth),
    at("POST", "/applications/private-github-app", ByBoth),
    at("GET", "/applications/{}/storages", ByBoth),
    at("POST", "/applications/{}/storages", ByBoth),
    at("GET", "/security/keys", ByBoth),
    at("GET", "/github-apps", ByBoth),
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
            ByBoth => "used: replayed against client and sandbox".to_owned(),
            BySandbox => "used: replayed against the sandbox, Fabrik does not call it".to_owned(),
            ByNobody(why) => format!("out of scope: {why}"),
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
