//! Which services Coolify takes for databases, to which it gives no domain.
//!
//! As Coolify 4.3.11 decides it (`isDatabaseImage`, `isDatabaseImageWithContext`): by the image, then by what else the
//! service says. It reads the list form of `environment` with its names and the mapping form without, and of
//! `depends_on` only the mapping form; so does this.

use super::checks::{ComposeService, text};
use crate::spec::tree::{MapEntry, SpecNode, Value};

/// Base names of images that may be databases.
const IMAGES: [&str; 17] = [
    "clickhouse-server",
    "couchdb",
    "influxdb",
    "mariadb",
    "memcached",
    "mongo",
    "mongodb",
    "mysql",
    "mysql-server",
    "neo4j",
    "pgvector",
    "postgis",
    "postgres",
    "postgresql",
    "redis",
    "timescaledb",
    "timescaledb-ha",
];

/// Images of programs that only bear the name of a database.
const APPLICATIONS: [&str; 4] = [
    "supertokens/supertokens-",
    "registry.supertokens.io/supertokens",
    "postgrest/postgrest",
    "supabase/postgres-meta",
];

const PORTS: [&str; 8] = ["3306", "5432", "27017", "6379", "8086", "9200", "7687", "8123"];
const SETTINGS: [&str; 4] =
    ["MYSQL_ROOT_PASSWORD", "POSTGRES_PASSWORD", "MONGO_INITDB_ROOT_PASSWORD", "REDIS_PASSWORD"];
const APP_SETTINGS: [&str; 4] = ["SERVICE_FQDN", "API_KEYS", "APP_", "APPLICATION_"];
const CHECKS: [&str; 4] = ["PG_ISREADY", "MYSQLADMIN PING", "MONGO", "REDIS-CLI PING"];
const HTTP_CHECKS: [&str; 7] = ["CURL", "WGET", "HTTP://", "HTTPS://", "/HEALTH", "/API/", "/HELLO"];
const OTHERS: [&str; 5] = ["mysql", "postgres", "mongo", "redis", "mariadb"];

/// The base name of its image, if Coolify takes the service for a database.
pub(crate) fn database(service: &ComposeService<'_>) -> Option<&'static str> {
    let base = named(service)?;
    let environment = environment(service);
    let sets = |names: &[&str]| environment.iter().any(|it| contains(it, names));
    let check = check(service);
    let on_others = depends_on_databases(service);
    let is_database = if (sets(&APP_SETTINGS) && on_others) || contains(&check, &HTTP_CHECKS) {
        false
    } else {
        (listens(service) && contains(&check, &CHECKS)) || sets(&SETTINGS) || !on_others
    };
    is_database.then_some(base)
}

/// The base name of its image, if that is the name of a database.
pub(crate) fn named(service: &ComposeService<'_>) -> Option<&'static str> {
    let image = service.text("image")?;
    // All after the first colon is taken for the tag, that of a registry's port too.
    let name = image.split(':').next()?;
    if APPLICATIONS.iter().any(|it| name.contains(it)) {
        return None;
    }
    let base = name.rsplit('/').next()?;
    IMAGES.into_iter().find(|name| *name == base)
}

fn contains(text: &str, parts: &[&str]) -> bool {
    parts.iter().any(|part| text.contains(part))
}

fn values<'a>(service: &ComposeService<'a>, key: &str) -> Vec<&'a SpecNode> {
    match service.find(key).map(|entry| &entry.node.value) {
        Some(Value::List(items)) => items.iter().collect(),
        Some(Value::Map(entries)) => entries.iter().map(|entry| &entry.node).collect(),
        _ => Vec::new(),
    }
}

fn environment(service: &ComposeService<'_>) -> Vec<String> {
    values(service, "environment").into_iter().filter_map(text).map(str::to_uppercase).collect()
}

fn listens(service: &ComposeService<'_>) -> bool {
    values(service, "ports").into_iter().filter_map(text).any(|port| contains(port, &PORTS))
}

/// The health check in one line, in capitals.
fn check(service: &ComposeService<'_>) -> String {
    let Some(Value::Map(entries)) = service.find("healthcheck").map(|entry| &entry.node.value) else {
        return String::new();
    };
    let line = match entries.iter().find(|entry| entry.key == "test").map(|entry| &entry.node.value) {
        Some(Value::List(items)) => items.iter().filter_map(text).collect::<Vec<_>>().join(" "),
        Some(Value::Text(line)) => line.clone(),
        _ => String::new(),
    };
    line.to_uppercase()
}

fn depends_on_databases(service: &ComposeService<'_>) -> bool {
    let named = |entry: &MapEntry| contains(&entry.key, &OTHERS);
    match service.find("depends_on").map(|entry| &entry.node.value) {
        Some(Value::Map(entries)) => entries.iter().any(named),
        _ => false,
    }
}
