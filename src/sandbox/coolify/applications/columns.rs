//! What a body may say of an application, how it is checked, and how it is written down.

use serde_json::{Map, Value, json};

use super::super::{Form, Reply, invalid, message, server_error, urls};
use crate::sandbox::applications::Application;
use crate::sandbox::world::World;

/// Every route takes these, and PATCH.
const COMMON: &str = "name description domains force_domain_override instant_deploy ports_exposes \
    ports_mappings docker_registry_image_name docker_registry_image_tag redirect noindex_domains \
    health_check_enabled health_check_path health_check_port health_check_host health_check_method \
    health_check_scheme health_check_return_code health_check_response_text health_check_interval \
    health_check_timeout health_check_retries health_check_start_period limits_memory limits_memory_swap \
    limits_memory_swappiness limits_memory_reservation limits_cpus limits_cpuset limits_cpu_shares \
    custom_labels custom_docker_run_options custom_internal_name post_deployment_command \
    post_deployment_command_container pre_deployment_command pre_deployment_command_container \
    preview_url_template max_restart_count stop_grace_period connect_to_docker_network disable_build_cache \
    docker_images_to_keep include_source_commit_in_build inject_build_args_to_dockerfile use_build_secrets \
    use_build_server is_consistent_container_name_enabled is_container_label_escape_enabled \
    is_env_sorting_enabled is_force_https_enabled is_git_lfs_enabled is_git_shallow_clone_enabled \
    is_git_submodules_enabled is_gpu_enabled is_gzip_enabled is_log_drain_enabled \
    is_pr_deployments_public_enabled is_preview_deployments_enabled is_raw_compose_deployment_enabled \
    is_stripprefix_enabled is_http_basic_auth_enabled http_basic_auth_username http_basic_auth_password";
/// Creating takes these beside them.
const PLACE: &str = "project_uuid server_uuid destination_uuid environment_name environment_uuid \
    autogenerate_domain tags";
/// The routes from git take these beside them, and PATCH.
const GIT: &str = "git_repository git_branch git_commit_sha build_pack base_directory publish_directory \
    build_command install_command start_command dockerfile_location docker_compose_location \
    docker_compose_custom_build_command docker_compose_custom_start_command docker_compose_domains \
    is_auto_deploy_enabled is_preserve_repository_enabled is_spa is_static watch_paths";
/// What a body says that is not written down with the rest.
const ASIDE: &str = "force_domain_override instant_deploy private_key_uuid github_app_uuid";
/// What builds from git.
const BUILD_PACKS: [&str; 5] = ["nixpacks", "static", "dockerfile", "dockercompose", "railpack"];

/// What creating takes on a route.
pub(crate) fn creatable(from_git: bool, key: Option<&'static str>) -> Vec<&'static str> {
    let git = if from_git { GIT } else { "" };
    let static_image = from_git.then_some("static_image");
    words(COMMON).chain(words(PLACE)).chain(words(git)).chain(key).chain(static_image).collect()
}

/// What PATCH takes.
pub(crate) fn patchable() -> Vec<&'static str> {
    words(COMMON).chain(words(GIT)).chain(["dockerfile_target_build"]).collect()
}

fn words(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split_whitespace()
}

/// Whether the image's name may carry its tag: creating takes it apart, PATCH refuses it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Image {
    /// `name:tag` or `name@sha256:<hex>`.
    Whole,
    /// `name` or `name@sha256`, and the tag in its own field.
    Apart,
}

/// A body in order.
pub(crate) struct WantedColumns {
    force: bool,
    said: Map<String, Value>,
}

/// Checks what all routes have in common.
///
/// # Errors
/// The 422 that names all that is wrong, or the 500 for a description that does not fit its column.
pub(crate) fn checked(mut form: Form, image: Image) -> Result<WantedColumns, Reply> {
    check_texts(&mut form, image);
    for key in ["health_check_enabled", "is_auto_deploy_enabled", "is_force_https_enabled"] {
        form.flag(key);
    }
    let (description, domains) = (form.text("description"), form.text("domains"));
    let force = form.flag("force_domain_override").unwrap_or(false);
    form.check()?;
    let wrong: Vec<String> = urls::listed(domains.as_deref())
        .filter(|url| !urls::is_url(url))
        .map(|url| format!("Invalid URL: {url}"))
        .collect();
    if !wrong.is_empty() {
        return Err(invalid(&json!({"domains": wrong})));
    }
    if description.as_ref().is_some_and(|text| text.chars().count() > 255) {
        return Err(server_error());
    }
    let said = form.into_fields().into_iter().filter(|(key, _)| !is_aside(key)).collect();
    Ok(WantedColumns { force, said })
}

/// A field, what must hold of it, and what is said where it does not.
type Rule<'a> = (&'a str, &'a dyn Fn(&str) -> bool, &'a str);

fn check_texts(form: &mut Form, image: Image) {
    let fits = |text: &str| text.chars().count() <= 255;
    let is_ports = |text: &str| text.split(',').all(is_number);
    let is_pack = |text: &str| BUILD_PACKS.contains(&text);
    let is_image = |text: &str| is_image(text, image);
    let is_mapping =
        |text: &str| text.split(',').all(|pair| pair.contains(':') && pair.split(':').all(is_number));
    let rules: [Rule; 7] = [
        ("name", &fits, "The name field must not be greater than 255 characters."),
        (
            "docker_registry_image_name",
            &is_image,
            "The docker registry image name format is invalid. Use image:tag or image@sha256:hash format.",
        ),
        ("docker_registry_image_tag", &is_tag, "The docker registry image tag field format is invalid."),
        ("ports_exposes", &is_ports, "The ports exposes field format is invalid."),
        ("ports_mappings", &is_mapping, "The ports mappings field format is invalid."),
        ("health_check_path", &is_path, "The health check path field format is invalid."),
        ("build_pack", &is_pack, "The selected build pack is invalid."),
    ];
    for (key, holds, complaint) in rules {
        if form.text(key).is_some_and(|text| !holds(&text)) {
            form.wrong(key, complaint);
        }
    }
}

fn is_aside(key: &str) -> bool {
    words(ASIDE).chain(words(PLACE)).any(|word| word == key)
}

impl WantedColumns {
    /// Refuses domains that somebody else has.
    ///
    /// # Errors
    /// The 409 that names them.
    pub(crate) fn refuse_taken(&self, world: &World, uuid: &str) -> Result<(), Reply> {
        let domains = self.said.get("domains").and_then(Value::as_str).filter(|_| !self.force);
        urls::refuse_taken(world, uuid, domains)
    }

    /// Writes it down.
    pub(crate) fn write(mut self, application: &mut Application) {
        let text = |value: Value| value.as_str().map(str::to_owned);
        if let Some(name) = self.said.remove("name").and_then(text) {
            application.name = name;
        }
        if let Some(description) = self.said.remove("description") {
            application.description = text(description);
        }
        if let Some(domains) = self.said.remove("domains") {
            application.fqdn = text(domains).map(|list| urls::normal(&list));
        }
        application.columns.extend(self.said);
    }
}

/// A row as it is when nothing was said of it.
pub(crate) fn fresh() -> Map<String, Value> {
    let fresh = json!({
        "build_pack": "dockerimage", "base_directory": "/", "git_repository": "coollabsio/coolify",
        "git_branch": "main", "git_commit_sha": "HEAD", "dockerfile_location": null, "ports_exposes": null,
        "ports_mappings": null, "docker_registry_image_name": null, "docker_registry_image_tag": null,
        "health_check_enabled": false, "health_check_path": "/", "health_check_port": null,
        "health_check_host": "localhost", "health_check_method": "GET", "health_check_scheme": "http",
        "health_check_return_code": 200, "health_check_interval": 5, "health_check_timeout": 5,
        "health_check_retries": 10, "health_check_start_period": 5, "limits_memory": "0",
        "limits_memory_swap": "0", "limits_memory_reservation": "0", "limits_cpus": "0", "redirect": "both",
        "static_image": "nginx:alpine", "max_restart_count": 10, "is_auto_deploy_enabled": true,
        "is_force_https_enabled": true,
    });
    fresh.as_object().cloned().unwrap_or_default()
}

/// The columns that stand in the object itself.
pub(crate) fn shown(columns: &Map<String, Value>) -> impl Iterator<Item = (&str, &Value)> {
    columns.iter().filter(|(name, _)| !is_setting(name)).map(|(name, value)| (name.as_str(), value))
}

/// The columns that stand under `settings`.
pub(crate) fn settings(columns: &Map<String, Value>) -> Map<String, Value> {
    columns
        .iter()
        .filter(|(name, _)| is_setting(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn is_setting(name: &str) -> bool {
    name.starts_with("is_") && name != "is_http_basic_auth_enabled"
}

/// Name and tag of a reference, as they are stored.
pub(crate) fn taken_apart(reference: &str) -> (String, String) {
    if let Some((name, hex)) = reference.split_once("@sha256:") {
        return (format!("{name}@sha256"), hex.to_owned());
    }
    match reference.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name.to_owned(), tag.to_owned()),
        _ => (reference.to_owned(), "latest".to_owned()),
    }
}

fn is_image(name: &str, image: Image) -> bool {
    let plain = |name: &str| {
        let allowed = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || "._-/:".contains(it);
        !name.is_empty() && name.chars().all(allowed)
    };
    let (name, tag) = taken_apart(name);
    match image {
        Image::Whole if name.ends_with("@sha256") => {
            plain(name.trim_end_matches("@sha256"))
                && tag.len() == 64
                && tag.chars().all(|it| it.is_ascii_hexdigit())
        }
        Image::Whole => plain(&name) && is_tag(&tag),
        Image::Apart => tag == "latest" && plain(name.trim_end_matches("@sha256")),
    }
}

fn is_tag(tag: &str) -> bool {
    let allowed = |it: char| it.is_ascii_alphanumeric() || "._-".contains(it);
    !tag.is_empty() && tag.len() <= 128 && tag.chars().all(allowed)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_path(path: &str) -> bool {
    path.chars().all(|it| it.is_ascii_alphanumeric() || "/-_.~%,;".contains(it))
}

/// The refusal of a body without a field that a route needs.
pub(crate) fn missing(key: &str) -> Reply {
    let mut errors = Map::new();
    errors.insert(key.to_owned(), json!(["This field is required."]));
    invalid(&Value::Object(errors))
}

/// The refusal of a body without an environment.
pub(crate) fn homeless() -> Reply {
    message(422, "You need to provide at least one of environment_name or environment_uuid.")
}
