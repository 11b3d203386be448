//! Coolify projects. Their names are not unique, so they are told apart by uuid and ownership tag.

use async_trait::async_trait;
use http::Method;
use machine::phase::VolumePolicy;
use machine::receipt::Attributes;
use machine::step::Step;
use machine::tag::OwnershipTag;
use serde_json::{Value, json};

use super::{COOLIFY, Coolify, age, text, unreadable};
use crate::providers::object::id;
use crate::providers::request::WriteRequest;
use crate::providers::{Provider, ReadError, RemoteObject};

/// The projects of one name.
pub struct Projects {
    pub coolify: Coolify,
    /// The team they belong to.
    pub team: String,
    /// A server that is visible to that team.
    pub server: String,
    pub name: String,
}

#[async_trait]
impl Provider for Projects {
    fn step(&self) -> Step {
        Step::Project
    }

    fn describe(&self) -> String {
        format!("project `{}`", self.name)
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn carries_tag(&self) -> bool {
        true
    }

    async fn find_by_key(&self) -> Result<Vec<RemoteObject>, ReadError> {
        let projects = self.coolify.resources("/projects").await?;
        let named = |object: &RemoteObject| object.fields.get("name") == Some(&self.name);
        Ok(projects.iter().filter_map(project).filter(named).collect())
    }

    async fn find_by_tag(&self, tag: &OwnershipTag) -> Result<Vec<RemoteObject>, ReadError> {
        let projects = self.coolify.resources("/projects").await?;
        let marked = |object: &RemoteObject| object.tag.as_ref() == Some(tag);
        Ok(projects.iter().filter_map(project).filter(marked).collect())
    }

    async fn get(&self, id: &str) -> Result<Option<RemoteObject>, ReadError> {
        Ok(self.coolify.one("/projects/", id).await?.as_ref().and_then(project))
    }

    async fn check_access(&self) -> Result<(), ReadError> {
        self.coolify.check_access(&self.team, &self.server).await
    }

    fn create_request(&self, fields: &Attributes, tag: &OwnershipTag) -> WriteRequest {
        let body = json!({"name": self.name, "description": tag.to_string()});
        self.coolify.write(Method::POST, "/projects", &body, COOLIFY).knowing(fields)
    }

    fn parse_created(&self, answer: &Value, fields: &Attributes, tag: &OwnershipTag) -> Option<RemoteObject> {
        Some(RemoteObject::as_asked(id(&answer["uuid"])?, fields, Some(tag)))
    }

    fn update_request(&self, id: &str, fields: &Attributes) -> WriteRequest {
        let path = format!("/projects/{id}");
        self.coolify.write(Method::PATCH, &path, &json!(fields), COOLIFY).knowing(fields)
    }

    fn delete_request(&self, id: &str, _: VolumePolicy) -> WriteRequest {
        self.coolify.write(Method::DELETE, &format!("/projects/{id}"), &Value::Null, COOLIFY)
    }
}

impl Coolify {
    /// Who else lives in `project`, or in one environment of it; `None` when it is empty.
    ///
    /// Looks into `/resources` too, because some kinds are not in an environment's own list.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn environment_resources(
        &self,
        project: &str,
        environment: Option<&str>,
    ) -> Result<Option<String>, ReadError> {
        let Some(shown) = self.one("/projects/", project).await? else { return Ok(None) };
        let environments =
            shown["environments"].as_array().ok_or_else(|| unreadable("a project's environments"))?;
        let meant = |item: &&Value| environment.is_none_or(|name| item["name"] == name);
        let ids: Vec<u64> =
            environments.iter().filter(meant).filter_map(|item| item["id"].as_u64()).collect();
        let lives_here = |item: &&Value| item["environment_id"].as_u64().is_some_and(|id| ids.contains(&id));
        let resources = self.resources("/resources").await?;
        let names: Vec<String> = resources.iter().filter(lives_here).map(|item| text(item, "name")).collect();
        Ok((!names.is_empty()).then(|| format!("others are in it: {}", names.join(", "))))
    }
}

fn project(item: &Value) -> Option<RemoteObject> {
    Some(RemoteObject {
        id: id(&item["uuid"])?.to_owned(),
        tag: OwnershipTag::parse(&text(item, "description")),
        fields: Attributes::from([("name".to_owned(), text(item, "name"))]),
        created: age(item),
    })
}
