//! Coolify projects. Their names are not unique, so they are told apart by uuid and ownership tag.

use async_trait::async_trait;
use http::Method;
use machine::receipt::Attributes;
use machine::step::Step;
use machine::tag::OwnershipTag;
use serde_json::{Value, json};

use super::{COOLIFY, Coolify, age, text, unreadable};
use crate::providers::call::Call;
use crate::providers::object::id;
use crate::providers::{Object, Provider, Trouble, Volumes};

/// The projects of one name.
pub struct Projects {
    /// Where they are.
    pub coolify: Coolify,
    /// The team they belong to.
    pub team: String,
    /// A server that is visible to that team.
    pub server: String,
    /// Their name.
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

    fn shares(&self) -> bool {
        true
    }

    fn tags(&self) -> bool {
        true
    }

    async fn look(&self) -> Result<Vec<Object>, Trouble> {
        let projects = self.coolify.resources("/projects").await?;
        let named = |object: &Object| object.fields.get("name") == Some(&self.name);
        Ok(projects.iter().filter_map(project).filter(named).collect())
    }

    async fn marked(&self, tag: &OwnershipTag) -> Result<Vec<Object>, Trouble> {
        let projects = self.coolify.resources("/projects").await?;
        let marked = |object: &Object| object.tag.as_ref() == Some(tag);
        Ok(projects.iter().filter_map(project).filter(marked).collect())
    }

    async fn get(&self, id: &str) -> Result<Option<Object>, Trouble> {
        Ok(self.coolify.one("/projects/", id).await?.as_ref().and_then(project))
    }

    async fn control(&self) -> Result<(), Trouble> {
        self.coolify.control(&self.team, &self.server).await
    }

    fn make(&self, fields: &Attributes, tag: &OwnershipTag) -> Call {
        let body = json!({"name": self.name, "description": tag.to_string()});
        self.coolify.write(Method::POST, "/projects", &body, COOLIFY).knowing(fields)
    }

    fn made(&self, answer: &Value, fields: &Attributes, tag: &OwnershipTag) -> Option<Object> {
        Some(Object::as_asked(id(&answer["uuid"])?, fields, Some(tag)))
    }

    fn change(&self, id: &str, fields: &Attributes) -> Call {
        let path = format!("/projects/{id}");
        self.coolify.write(Method::PATCH, &path, &json!(fields), COOLIFY).knowing(fields)
    }

    fn unmake(&self, id: &str, _: Volumes) -> Call {
        self.coolify.write(Method::DELETE, &format!("/projects/{id}"), &Value::Null, COOLIFY)
    }
}

impl Coolify {
    /// Who else lives in `project`, or in one environment of it; `None` when it is empty.
    ///
    /// Looks into `/resources` too, because some kinds are not in an environment's own list.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn residents(
        &self,
        project: &str,
        environment: Option<&str>,
    ) -> Result<Option<String>, Trouble> {
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

fn project(item: &Value) -> Option<Object> {
    Some(Object {
        id: id(&item["uuid"])?.to_owned(),
        tag: OwnershipTag::parse(&text(item, "description")),
        fields: Attributes::from([("name".to_owned(), text(item, "name"))]),
        created: age(item),
    })
}
