//! Coolify applications: apps from an image or from git.
//!
//! Unlike a service, an application is described wholly by its fields (see [`super::shape`]), and each of its
//! deployments leaves a record (see [`super::deployments`]).

use async_trait::async_trait;
use http::Method;
use machine::mark::Mark;
use machine::receipt::Fields;
use machine::step::Step;
use serde_json::{Value, json};

use super::{COOLIFY, Coolify, shape, text};
use crate::providers::call::{COOLIFY_GITHUB, Call};
use crate::providers::object::id;
use crate::providers::{Object, Provider, Trouble, Volumes};

/// The applications of one name in one environment.
pub struct Applications {
    /// Where they are.
    pub coolify: Coolify,
    /// The team they belong to.
    pub team: String,
    /// The server they run on.
    pub server: String,
    /// The project's uuid.
    pub project: String,
    /// The environment's name.
    pub environment: String,
    /// Their name.
    pub name: String,
}

#[async_trait]
impl Provider for Applications {
    fn step(&self) -> Step {
        Step::App
    }

    fn describe(&self) -> String {
        format!("application `{}`", self.name)
    }

    fn shares(&self) -> bool {
        false
    }

    fn marks(&self) -> bool {
        true
    }

    /// Everything of the name in the environment, services and databases included: they are in the way too.
    async fn look(&self) -> Result<Vec<Object>, Trouble> {
        let items = self.coolify.inhabitants(&self.project, &self.environment).await?;
        let named = |object: &Object| object.fields.get("name") == Some(&self.name);
        Ok(items.iter().filter_map(application).filter(named).collect())
    }

    async fn marked(&self, mark: &Mark) -> Result<Vec<Object>, Trouble> {
        let applications = self.coolify.things("/applications").await?;
        let marked = |object: &Object| object.mark.as_ref() == Some(mark);
        Ok(applications.iter().filter_map(application).filter(marked).collect())
    }

    async fn get(&self, id: &str) -> Result<Option<Object>, Trouble> {
        Ok(self.coolify.one("/applications/", id).await?.as_ref().and_then(application))
    }

    async fn control(&self) -> Result<(), Trouble> {
        self.coolify.control(&self.team, &self.server).await
    }

    // Never `force_domain_override`: a domain that somebody else has is refused, with their name.
    fn make(&self, fields: &Fields, mark: &Mark) -> Call {
        let mut body = shape::created(fields);
        body.extend(shape::object([
            ("name", json!(self.name)),
            ("description", json!(mark.to_string())),
            ("project_uuid", json!(self.project)),
            ("environment_name", json!(self.environment)),
            ("server_uuid", json!(self.server)),
            ("autogenerate_domain", json!(false)),
            ("instant_deploy", json!(false)),
        ]));
        let route = shape::route(fields);
        // Coolify asks GitHub inside this one request, for up to a minute.
        let times = if route == "private-github-app" { COOLIFY_GITHUB } else { COOLIFY };
        let path = format!("/applications/{route}");
        self.coolify.write(Method::POST, &path, &Value::Object(body), times).knowing(fields)
    }

    fn made(&self, answer: &Value, fields: &Fields, mark: &Mark) -> Option<Object> {
        Some(Object::as_asked(id(&answer["uuid"])?, fields, Some(mark)))
    }

    fn change(&self, id: &str, fields: &Fields) -> Call {
        let body = Value::Object(shape::changed(fields));
        let path = format!("/applications/{id}");
        self.coolify.write(Method::PATCH, &path, &body, COOLIFY).knowing(fields).partial()
    }

    // Never `docker_cleanup`: it prunes the whole server (Coolify fact: deleting and stopping).
    fn unmake(&self, id: &str, volumes: Volumes) -> Call {
        let volumes = volumes == Volumes::Delete;
        let path = format!(
            "/applications/{id}?delete_volumes={volumes}&docker_cleanup=false&delete_configurations=true\
             &delete_connected_networks=true"
        );
        self.coolify.write(Method::DELETE, &path, &Value::Null, COOLIFY)
    }
}

// Whatever else holds the name has no `build_pack`; of it only the name counts.
fn application(item: &Value) -> Option<Object> {
    let mut fields = if item["build_pack"].is_string() { shape::read(item) } else { Fields::new() };
    fields.insert("name".to_owned(), text(item, "name"));
    Some(Object {
        id: id(&item["uuid"])?.to_owned(),
        mark: Mark::parse(&text(item, "description")),
        fields,
        created: text(item, "created_at"),
    })
}
