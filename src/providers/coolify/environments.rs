//! Coolify environments. Their names are unique within a project, and they cannot carry an ownership tag at creation: one
//! is ours only if a clear 201 said so, or if it lies in a project of ours.

use async_trait::async_trait;
use http::Method;
use machine::receipt::Attributes;
use machine::step::Step;
use machine::tag::OwnershipTag;
use serde_json::{Value, json};

use super::{COOLIFY, Coolify, age, is_thing, text, unreadable};
use crate::providers::call::Call;
use crate::providers::object::id;
use crate::providers::{Object, Provider, Trouble, Volumes};

/// The environment of one name in one project.
pub struct Environments {
    /// Where it is.
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

    async fn all(&self) -> Result<Vec<Object>, Trouble> {
        let path = self.path("");
        let items = match self.coolify.read(&path).await? {
            Some(Value::Array(items)) if items.iter().all(is_thing) => items,
            Some(_) => return Err(unreadable(&path)),
            None => {
                self.control().await?;
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

    fn shares(&self) -> bool {
        true
    }

    fn tags(&self) -> bool {
        false
    }

    async fn look(&self) -> Result<Vec<Object>, Trouble> {
        let named = |object: &Object| object.fields.get("name") == Some(&self.name);
        Ok(self.all().await?.into_iter().filter(named).collect())
    }

    fn looks_inside(&self) -> bool {
        true
    }

    async fn marked(&self, _: &OwnershipTag) -> Result<Vec<Object>, Trouble> {
        Ok(Vec::new())
    }

    async fn get(&self, id: &str) -> Result<Option<Object>, Trouble> {
        Ok(self.all().await?.into_iter().find(|object| object.id == id))
    }

    async fn control(&self) -> Result<(), Trouble> {
        self.coolify.control(&self.team, &self.server).await
    }

    fn make(&self, fields: &Attributes, _: &OwnershipTag) -> Call {
        let body = json!({"name": self.name});
        self.coolify.write(Method::POST, &self.path(""), &body, COOLIFY).knowing(fields)
    }

    fn made(&self, answer: &Value, fields: &Attributes, _: &OwnershipTag) -> Option<Object> {
        Some(Object::as_asked(id(&answer["uuid"])?, fields, None))
    }

    fn change(&self, id: &str, fields: &Attributes) -> Call {
        let path = self.path(&format!("/{id}"));
        self.coolify.write(Method::PATCH, &path, &json!(fields), COOLIFY).knowing(fields)
    }

    fn unmake(&self, id: &str, _: Volumes) -> Call {
        self.coolify.write(Method::DELETE, &self.path(&format!("/{id}")), &Value::Null, COOLIFY)
    }
}

fn environment(item: &Value) -> Option<Object> {
    Some(Object {
        id: id(&item["uuid"])?.to_owned(),
        tag: None,
        fields: Attributes::from([("name".to_owned(), text(item, "name"))]),
        created: age(item),
    })
}
