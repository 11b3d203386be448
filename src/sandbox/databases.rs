//! Whether Coolify takes a service of a compose text for a database.
//!
//! The rules of `isDatabaseImage` and `isDatabaseImageWithContext`, in their order (Coolify 4.3.11, from its code): the
//! image decides whether it can be one, the rest of the service whether it is.

use serde_json::Value;

/// What an image may be called after its last slash.
const DATABASES: &str = "mariadb mongodb redis mysql mysql-server postgis postgres postgresql mongo memcached couchdb neo4j \
                         influxdb clickhouse-server timescaledb timescaledb-ha pgvector";

/// Programs with such names that are none.
const APPLICATIONS: &str = "supertokens/supertokens-mysql supertokens/supertokens-postgresql \
                            supertokens/supertokens-mongodb registry.supertokens.io/supertokens postgrest/postgrest \
                            supabase/postgres-meta";

/// Whether `service` is one.
pub(crate) fn is_database(service: &Value) -> bool {
    if !looks_like_one(service) {
        return false;
    }
    let depends = needs_one(service);
    let check = check(service);
    let has = |text: &str, words: &str| words.split(',').any(|word| text.contains(word));
    let sets = |words: &str| environment(service).iter().any(|line| has(line, words));
    if sets("SERVICE_FQDN,API_KEYS,APP_,APPLICATION_") && depends {
        return false;
    }
    if has(&check, "CURL,WGET,HTTP://,HTTPS://,/HEALTH,/API/,/HELLO") {
        return false;
    }
    let listens = has(&ports(service), "3306,5432,27017,6379,8086,9200,7687,8123");
    if listens && has(&check, "PG_ISREADY,MYSQLADMIN PING,MONGO,REDIS-CLI PING") {
        return true;
    }
    sets("MYSQL_ROOT_PASSWORD,POSTGRES_PASSWORD,MONGO_INITDB_ROOT_PASSWORD,REDIS_PASSWORD") || !depends
}

/// Whether the question breaks: a port in the long form is turned into text, which PHP does not do (500).
pub(crate) fn breaks(service: &Value) -> bool {
    let ports = service.get("ports").and_then(Value::as_array);
    looks_like_one(service) && ports.is_some_and(|ports| ports.iter().any(Value::is_object))
}

/// Whether the image, up to its first colon, says so.
fn looks_like_one(service: &Value) -> bool {
    let Some(image) = service.get("image").and_then(Value::as_str) else { return false };
    let name = image.split(':').next().unwrap_or_default();
    let base = name.rsplit('/').next().unwrap_or_default();
    DATABASES.split_whitespace().any(|it| it == base)
        && !APPLICATIONS.split_whitespace().any(|it| name.contains(it))
}

/// The items of a list, or the values of a mapping without their names, in capitals.
fn environment(service: &Value) -> Vec<String> {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match service.get("environment") {
        Some(Value::Array(items)) => items.iter().map(|it| plain(it).to_uppercase()).collect(),
        Some(Value::Object(map)) => map.values().map(|it| plain(it).to_uppercase()).collect(),
        _ => Vec::new(),
    }
}

fn ports(service: &Value) -> String {
    let items = service.get("ports").and_then(Value::as_array);
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    items.map(|items| items.iter().map(plain).collect::<Vec<_>>().join("\n")).unwrap_or_default()
}

fn check(service: &Value) -> String {
    let line = match service.pointer("/healthcheck/test") {
        Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
        Some(Value::String(line)) => line.clone(),
        _ => String::new(),
    };
    line.to_uppercase()
}

/// The names of a mapping are looked at; of a list only the numbers of its items.
fn needs_one(service: &Value) -> bool {
    let names = ["mysql", "postgres", "mongo", "redis", "mariadb"];
    let map = service.get("depends_on").and_then(Value::as_object);
    map.is_some_and(|map| map.keys().any(|key| names.iter().any(|name| key.contains(name))))
}
