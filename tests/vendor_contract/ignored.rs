//! The differences between the sandbox and a real Coolify that are meant, each by name.

use serde_json::Value;

/// Keys that a real Coolify sends and the sandbox does not, by the resource that has them. Fabrik reads none of them:
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
    ("application", APPLICATION),
    ("resources", APPLICATION),
    ("settings", APPLICATION_SETTINGS),
    ("deployments", DEPLOYMENT),
    ("environment", &["project"]),
    ("persistent_storages", &["id", "uuid", "container_id", "resource_id", "created_at", "updated_at", "is_preview_suffix_enabled"]),
];

#[rustfmt::skip]
const APPLICATION: &[&str] = &[
    "additional_networks_count", "additional_servers", "additional_servers_count", "build_command",
    "compose_parsing_version", "config_hash", "custom_docker_run_options", "custom_healthcheck_found",
    "custom_labels", "custom_network_aliases", "custom_nginx_configuration", "destination", "docker_compose",
    "docker_compose_custom_build_command", "docker_compose_custom_start_command", "docker_compose_domains",
    "docker_compose_location", "docker_compose_raw", "dockerfile", "dockerfile_target_build",
    "domain_dns_statuses", "git_full_url", "health_check_command", "health_check_response_text",
    "health_check_type", "http_basic_auth_password", "http_basic_auth_username", "install_command",
    "is_http_basic_auth_enabled", "laravel_through_key", "last_online_at", "last_restart_at",
    "last_restart_type", "limits_cpu_shares", "limits_cpuset", "limits_memory_swappiness",
    "manual_webhook_secret_bitbucket", "manual_webhook_secret_gitea", "manual_webhook_secret_github",
    "manual_webhook_secret_gitlab", "noindex_domains", "post_deployment_command",
    "post_deployment_command_container", "pre_deployment_command", "pre_deployment_command_container",
    "preview_url_template", "publish_directory", "repository_project_id", "start_command",
    "swarm_placement_constraints", "swarm_replicas", "watch_paths", "environment",
];

#[rustfmt::skip]
const APPLICATION_SETTINGS: &[&str] = &[
    "connect_to_docker_network", "custom_internal_name", "disable_build_cache", "docker_images_to_keep",
    "gpu_count", "gpu_device_ids", "gpu_driver", "gpu_options", "include_source_commit_in_build",
    "inject_build_args_to_dockerfile", "is_build_server_enabled", "is_consistent_container_name_enabled",
    "is_container_label_escape_enabled", "is_container_label_readonly_enabled", "is_debug_enabled",
    "is_env_sorting_enabled", "is_git_lfs_enabled", "is_git_shallow_clone_enabled",
    "is_git_submodules_enabled", "is_gpu_enabled", "is_gzip_enabled", "is_include_timestamps",
    "is_log_drain_enabled", "is_pr_deployments_public_enabled", "is_preserve_repository_enabled",
    "is_preview_deployments_enabled", "is_raw_compose_deployment_enabled", "is_spa", "is_static",
    "is_stripprefix_enabled", "is_swarm_only_worker_nodes", "stop_grace_period", "use_build_secrets",
];

#[rustfmt::skip]
const DEPLOYMENT: &[&str] = &[
    "build_server_id", "configuration_hash", "current_process_id", "deployment_url", "git_type",
    "horizon_job_id", "horizon_job_worker",
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
    "id", "environment_id", "project_id", "application_id", "service_id", "resource_id", "server_id", "config_hash",
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
    // of a deployment that failed it is noted a moment later
    "/deployments/{} finished_at",
    // what a person wrote about the one server, and whether its proxy had been started: it routes in the sandbox
    "/servers description", "/servers/{} description", "/servers/{} status",
];

/// Lists that may be of another length, by endpoint and place.
const LENGTHS: &[(&str, &str)] = &[
    // applications and databases stand in it too
    ("/resources", ""),
    // those from Dockerfile text stand in it too
    ("/applications", ""),
    // the sandbox has one of Coolify's templates
    ("/services", "/valid_service_types"),
    // the sandbox mounts no files
    ("/services/{}/storages", "/file_storages"),
];

/// Whether a key may be missing in the sandbox's answer. A place is `/*/server/settings`.
pub fn key(shape: &str, at: &str) -> bool {
    let (holder, key) = at.rsplit_once('/').unwrap_or(("", at));
    let holder = holder.trim_end_matches("/*").rsplit('/').next().unwrap_or_default();
    let resource = || match shape.split('/').rfind(|part| !part.is_empty() && *part != "{}") {
        // Unlike the parts of a service, which are called that too.
        Some("applications") => "application",
        resource => resource.unwrap_or_default(),
    };
    let holder = if holder.is_empty() { resource() } else { holder };
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
