//! Creating an application by one of four routes. A refusal leaves nothing behind.

use serde_json::json;

use super::columns::{self, Image, WantedColumns};
use super::{Answer, Context, Form, Reply, message, versions};
use crate::sandbox::applications::{Application, KnownHost, STOPPED};
use crate::sandbox::deploy;
use crate::sandbox::world::World;

/// How Coolify gets at what is to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SourceRoute {
    /// From a registry.
    Image,
    /// From a public repository.
    Public,
    /// From a repository that wants an SSH key.
    DeployKey,
    /// From a repository that a GitHub App may read.
    GithubApp,
}

impl SourceRoute {
    fn key(self) -> Option<&'static str> {
        match self {
            Self::Image | Self::Public => None,
            Self::DeployKey => Some("private_key_uuid"),
            Self::GithubApp => Some("github_app_uuid"),
        }
    }

    fn required(self) -> &'static [&'static str] {
        match self {
            Self::Image => &[],
            Self::Public => &["git_repository", "git_branch", "build_pack"],
            Self::DeployKey => &["git_repository", "git_branch", "build_pack", "private_key_uuid"],
            Self::GithubApp => &["git_repository", "git_branch", "build_pack", "github_app_uuid"],
        }
    }
}

/// `POST /applications/<route>`. Repository, branch and reachability are not looked at.
pub(crate) fn create(context: &mut Context, route: SourceRoute) -> Answer {
    let mut form =
        Form::read(context.ask)?.only(&columns::creatable(route != SourceRoute::Image, route.key()));
    let (project, server) = (form.required("project_uuid"), form.required("server_uuid"));
    for key in route.required() {
        form.required(key);
    }
    versions::of_application(&context.world.coolify, &mut form);
    let environment = form.text("environment_name").or(form.text("environment_uuid"));
    let autogenerate = form.flag("autogenerate_domain").unwrap_or(true);
    // Not checked: whatever is not false deploys, the text `false` too.
    let instant =
        form.value("instant_deploy").is_some_and(|it| !matches!(it.as_bool(), Some(false)) && !it.is_null());
    let image = form.text("docker_registry_image_name");
    let tag = form.text("docker_registry_image_tag");
    let key = route.key().and_then(|key| form.text(key));
    repository(&mut form, route);
    let wanted = columns::checked(form, Image::Whole)?;
    if route == SourceRoute::Image && image.is_none() {
        return Err(columns::missing("docker_registry_image_name"));
    }
    let environment = environment.ok_or_else(columns::homeless)?;
    let environment = context.environment(&project, &environment)?.id;
    context.server(&server)?;
    let key = known(context.world, route, key)?;
    wanted.refuse_taken(context.world, "")?;
    let uuid = insert(context.world, wanted, environment);
    let generated = autogenerate.then(|| format!("http://{uuid}.{}.sslip.io", context.world.server.ip));
    if let Some(application) = context.world.application_mut(&uuid) {
        application.fqdn = application.fqdn.take().or(generated);
        source(application, route, image, tag, key);
    }
    if instant {
        deploy::ask(context.world, &uuid, false, false);
    }
    let domains = context.world.application(&uuid).and_then(|it| it.fqdn.clone());
    Ok(Reply::json(201, &json!({"uuid": uuid, "domains": domains})))
}

fn repository(form: &mut Form, route: SourceRoute) {
    let Some(address) = form.text("git_repository") else { return };
    let begins = ["https://", "http://", "git://", "git@"].iter().any(|it| address.starts_with(it));
    if !begins && matches!(route, SourceRoute::Public | SourceRoute::DeployKey) {
        form.wrong(
            "git_repository",
            "The git repository must start with https://, http://, git://, or git@.",
        );
    }
}

/// The uuid of the key or GitHub App, if Coolify knows it.
fn known(world: &World, route: SourceRoute, uuid: Option<String>) -> Result<Option<String>, Reply> {
    let is_there = |all: &[KnownHost]| all.iter().any(|it| Some(&it.uuid) == uuid.as_ref());
    match route {
        SourceRoute::DeployKey if !is_there(&world.access.keys) => {
            Err(message(404, "Private Key not found."))
        }
        SourceRoute::GithubApp if !is_there(&world.access.github_apps) => {
            Err(message(404, "Github App not found."))
        }
        SourceRoute::Image | SourceRoute::Public | SourceRoute::DeployKey | SourceRoute::GithubApp => {
            Ok(uuid)
        }
    }
}

/// The row, description and all, in one statement.
fn insert(world: &mut World, wanted: WantedColumns, environment: u64) -> String {
    let (id, uuid) = (world.number(), world.uuid());
    let mut application = Application {
        id,
        uuid: uuid.clone(),
        name: format!("application-{uuid}"),
        description: None,
        environment,
        fqdn: None,
        private_key: None,
        github_app: None,
        columns: columns::fresh(),
        envs: Vec::new(),
        storages: Vec::new(),
        tags: Vec::new(),
        status: STOPPED.into(),
        container: None,
        deleting: false,
        made: world.made_now(),
    };
    wanted.write(&mut application);
    world.applications.push(application);
    uuid
}

/// What each route writes beside the fields as they came.
fn source(
    application: &mut Application,
    route: SourceRoute,
    image: Option<String>,
    tag: Option<String>,
    key: Option<String>,
) {
    if let (SourceRoute::Image, Some(image)) = (route, image) {
        let (name, tag) = columns::taken_apart(&tag.map_or(image.clone(), |tag| format!("{image}:{tag}")));
        application.columns.insert("docker_registry_image_name".into(), json!(name));
        application.columns.insert("docker_registry_image_tag".into(), json!(tag));
        return;
    }
    if application.text("dockerfile_location").is_empty() && application.text("build_pack") == "dockerfile" {
        application.columns.insert("dockerfile_location".into(), json!("/Dockerfile"));
    }
    let address = application.text("git_repository").to_owned();
    let short = address.strip_prefix("https://github.com/").unwrap_or(&address);
    application.columns.insert("git_repository".into(), json!(short));
    match route {
        SourceRoute::DeployKey => application.private_key = key,
        SourceRoute::GithubApp => application.github_app = key,
        SourceRoute::Image | SourceRoute::Public => {}
    }
}
