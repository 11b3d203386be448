//! Coolify environments. Their names are unique within a project, and they cannot carry an ownership tag at creation: one
//! is ours only if a clear 201 said so, or if it lies in a project of ours.

use async_trait::async_trait;
use http::Method;
use machine::phase::VolumePolicy;
use machine::receipt::Attributes;
use machine::step::Step;
use machine::tag::OwnershipTag;
use serde_json::{Value, json};

use super::{COOLIFY, Coolify, age, is_thing, text, unreadable};
use crate::providers::object::id;
use crate::providers::request::WriteRequest;
use crate::providers::{Provider, ReadError, RemoteObject};

/// The environment of one name in one project.
pub struct Environments {
    pub coolify: Coolify,
    /// The team it belongs to.
    pub team: String,
    /// A server that is visible to that team.
    pub server: String,
    /// The project's uuid.
    pub project: String,
    /// Its name, lower case.
    pub name: String,
}

impl Environments {
    fn path(&self, rest: &str) -> String {
        format!("/projects/{}/environments{rest}", self.project)
    }

    async fn all(&self) -> Result<Vec<RemoteObject>, ReadError> {
        let path = self.path("");
        let items = match self.coolify.read(&path).await? {
            Some(Value::Array(items)) if items.iter().all(is_thing) => items,
            Some(_) => return Err(unreadable(&path)),
            None => {
                self.check_access().await?;
                Vec::new()
            }
        };
        Ok(items.iter().filter_map(environment).collect())
    }
}

#[async_trait]
impl Provider for Environments {
    fn step(&self) -> Step {
        Step::Environment
    }

    fn describe(&self) -> String {
        format!("environment `{}`", self.name)
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn carries_tag(&self) -> bool {
        false
    }

    async fn find_by_key(&self) -> Result<Vec<RemoteObject>, ReadError> {
        let named = |object: &RemoteObject| object.fields.get("name") == Some(&self.name);
        Ok(self.all().await?.into_iter().filter(named).collect())
    }

    fn looks_inside(&self) -> bool {
        true
    }

    async fn find_by_tag(&self, _: &OwnershipTag) -> Result<Vec<RemoteObject>, ReadError> {
        Ok(Vec::new())
    }

    async fn get(&self, id: &str) -> Result<Option<RemoteObject>, ReadError> {
        Ok(self.all().await?.into_iter().find(|object| object.id == id))
    }

    async fn check_access(&self) -> Result<(), ReadError> {
        self.coolify.check_access(&self.team, &self.server).await
    }

    fn create_request(&self, fields: &Attributes, _: &OwnershipTag) -> WriteRequest {
        let body = json!({"name": self.name});
        self.coolify.write(Method::POST, &self.path(""), &body, COOLIFY).knowing(fields)
    }

    fn parse_created(&self, answer: &Value, fields: &Attributes, _: &OwnershipTag) -> Option<RemoteObject> {
        Some(RemoteObject::as_asked(id(&answer["uuid"])?, fields, None))
    }

    fn update_request(&self, id: &str, fields: &Attributes) -> WriteRequest {
        let path = self.path(&format!("/{id}"));
        self.coolify.write(Method::PATCH, &path, &json!(fields), COOLIFY).knowing(fields)
    }

    fn delete_request(&self, id: &str, _: VolumePolicy) -> WriteRequest {
        self.coolify.write(Method::DELETE, &self.path(&format!("/{id}")), &Value::Null, COOLIFY)
    }
}

fn environment(item: &Value) -> Option<RemoteObject> {
    Some(RemoteObject {
        id: id(&item["uuid"])?.to_owned(),
        tag: None,
        fields: Attributes::from([("name".to_owned(), text(item, "name"))]),
        created: age(item),
    })
}
