//! The differences between the sandbox and a real Coolify that are meant, each by name.

use serde_json::Value;

/// Keys that a real Coolify sends and the sandbox does not, by the thing that has them. Fabrik reads none of them:
/// "objects carry many more keys than listed here, and nested relations appear as side effects: ignore unknown
/// keys" (coolify-api.md, transport).
#[rustfmt::skip]
const KEYS: &[(&str, &[&str])] = &[
    ("services", &["destination", "laravel_through_key"]),
    ("projects", ICON),
    ("project", &["icon_path", "icon_s3_storage_id", "icon_storage_type", "team", "created_at", "updated_at"]),
    ("servers", SERVER),
    ("server", SERVER),
    ("settings", SETTINGS),
    ("proxy", &["last_saved_settings", "last_applied_settings"]),
    ("persistent_storages", &["id", "uuid", "container_id", "resource_id", "created_at", "updated_at", "is_preview_suffix_enabled"]),
];

const ICON: &[&str] = &["icon_path", "icon_s3_storage_id", "icon_storage_type"];

#[rustfmt::skip]
const SERVER: &[&str] = &[
    "cloud_provider_token_id", "created_at", "deleted_at", "description", "detected_traefik_version",
    "digitalocean_droplet_id", "digitalocean_droplet_status", "hetzner_server_id", "hetzner_server_status",
    "high_disk_usage_notification_sent", "ip_previous", "is_validating", "log_drain_notification_sent",
    "private_key_id", "proxy", "sentinel_updated_at", "server_metadata", "settings", "swarm_cluster", "team_id",
    "traefik_outdated_info", "unreachable_count", "unreachable_notification_sent", "updated_at", "validation_logs",
    "vultr_instance_id", "vultr_instance_status",
];

#[rustfmt::skip]
const SETTINGS: &[&str] = &[
    "backup_compression_cpu_percentage", "compose_version", "compose_version_checked_at", "connection_timeout",
    "created_at", "delete_unused_networks", "delete_unused_volumes", "disable_application_image_retention",
    "docker_cleanup_frequency", "docker_cleanup_threshold", "docker_version", "docker_version_checked_at",
    "force_docker_cleanup", "id", "is_jump_server", "is_logdrain_axiom_enabled", "is_logdrain_custom_enabled",
    "is_logdrain_highlight_enabled", "is_logdrain_newrelic_enabled", "is_metrics_enabled",
    "is_sentinel_debug_enabled", "is_terminal_enabled", "logdrain_axiom_api_key", "logdrain_axiom_dataset_name",
    "logdrain_custom_config", "logdrain_custom_config_parser", "logdrain_highlight_project_id",
    "logdrain_newrelic_base_uri", "logdrain_newrelic_license_key", "sentinel_custom_url",
    "sentinel_metrics_history_days", "sentinel_metrics_refresh_rate_seconds", "sentinel_token",
    "server_disk_usage_check_frequency", "server_disk_usage_notification_threshold", "server_id", "updated_at",
];

/// Values that are another world's, or texts that Coolify writes anew: only their type is compared.
#[rustfmt::skip]
const VALUES: &[&str] = &[
    // numbers and hashes of another database
    "id", "environment_id", "project_id", "service_id", "resource_id", "server_id", "config_hash",
    "unreachable_count",
    // dumped as JSON, where Coolify dumps YAML
    "docker_compose_raw", "docker_compose",
    // what a stand-in image wrote
    "logs",
    // one team's history
    "show_boarding",
];

/// Values that are not compared at all.
#[rustfmt::skip]
const ANY: &[&str] = &[
    // a list of host ports in words; null after a parse that broke down
    "ports",
    // what a person wrote about the one server, and whether its proxy had been started: it routes in the sandbox
    "/servers description", "/servers/{} description", "/servers/{} status",
];

/// Lists that may be of another length, by endpoint and place.
const LENGTHS: &[(&str, &str)] = &[
    // applications and databases stand in it too
    ("/resources", ""),
    // the sandbox has one of Coolify's templates
    ("/services", "/valid_service_types"),
    // the sandbox mounts no files
    ("/services/{}/storages", "/file_storages"),
];

/// Whether a key may be missing in the sandbox's answer. A place is `/*/server/settings`.
pub fn key(shape: &str, at: &str) -> bool {
    let (holder, key) = at.rsplit_once('/').unwrap_or(("", at));
    let holder = holder.trim_end_matches("/*").rsplit('/').next().unwrap_or_default();
    let thing = || shape.split('/').rfind(|part| !part.is_empty() && *part != "{}").unwrap_or_default();
    let holder = if holder.is_empty() { thing() } else { holder };
    KEYS.iter().any(|(known, keys)| holder == *known && keys.contains(&key))
}

/// Whether a list may be of another length.
pub fn length(shape: &str, at: &str) -> bool {
    LENGTHS.contains(&(shape, at))
}

/// Whether only the type of a value counts.
pub fn value(key: &str) -> bool {
    VALUES.contains(&key) || key.ends_with("_at")
}

/// Whether a value does not count.
pub fn any(shape: &str, key: &str) -> bool {
    ANY.contains(&key) || ANY.contains(&format!("{shape} {key}").as_str())
}

/// The type of a value.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
