//! Coolify applications: apps from an image or from git.
//!
//! Unlike a service, an application is described wholly by its fields (see [`super::shape`]), and each of its
//! deployments leaves a record (see [`super::deployments`]).

use async_trait::async_trait;
use http::Method;
use machine::receipt::Attributes;
use machine::step::Step;
use machine::tag::OwnershipTag;
use serde_json::{Value, json};

use super::{AppSlot, COOLIFY, Resource, shape, text};
use crate::providers::call::{COOLIFY_GITHUB, Call};
use crate::providers::object::id;
use crate::providers::{Object, Provider, Trouble, Volumes};

/// The applications of one name in one environment.
pub struct Applications {
    /// Where they are, and what they are called.
    pub slot: AppSlot,
}

#[async_trait]
impl Provider for Applications {
    fn step(&self) -> Step {
        Step::App
    }

    fn describe(&self) -> String {
        format!("application `{}`", self.slot.name)
    }

    fn shares(&self) -> bool {
        false
    }

    fn tags(&self) -> bool {
        true
    }

    /// Everything of the name in the environment, services and databases included: they are in the way too.
    async fn look(&self) -> Result<Vec<Object>, Trouble> {
        self.slot.taken(application).await
    }

    fn looks_inside(&self) -> bool {
        true
    }

    async fn marked(&self, tag: &OwnershipTag) -> Result<Vec<Object>, Trouble> {
        self.slot.marked("/applications", tag, application).await
    }

    async fn get(&self, id: &str) -> Result<Option<Object>, Trouble> {
        Ok(self.slot.coolify.one("/applications/", id).await?.as_ref().and_then(application))
    }

    async fn control(&self) -> Result<(), Trouble> {
        self.slot.control().await
    }

    // Never `force_domain_override`: a domain that somebody else has is refused, with their name.
    fn make(&self, fields: &Attributes, tag: &OwnershipTag) -> Call {
        let mut body = self.slot.body(tag);
        body["autogenerate_domain"] = json!(false);
        for (key, value) in shape::created(fields) {
            body[key] = value;
        }
        let route = shape::route(fields);
        // Coolify asks GitHub inside this one request, for up to a minute.
        let times = if route == "private-github-app" { COOLIFY_GITHUB } else { COOLIFY };
        let path = format!("/applications/{route}");
        self.slot.coolify.write(Method::POST, &path, &body, times).knowing(fields)
    }

    fn made(&self, answer: &Value, fields: &Attributes, tag: &OwnershipTag) -> Option<Object> {
        Some(Object::as_asked(id(&answer["uuid"])?, fields, Some(tag)))
    }

    fn change(&self, id: &str, fields: &Attributes) -> Call {
        let body = Value::Object(shape::changed(fields));
        let path = format!("/applications/{id}");
        self.slot.coolify.write(Method::PATCH, &path, &body, COOLIFY).knowing(fields).partial()
    }

    fn unmake(&self, id: &str, volumes: Volumes) -> Call {
        self.slot.vacate(Resource::Application(id), volumes)
    }
}

// Whatever else holds the name has no `build_pack`; of it only the name counts.
fn application(item: &Value) -> Option<Object> {
    let mut fields = if item["build_pack"].is_string() { shape::read(item) } else { Attributes::new() };
    fields.insert("name".to_owned(), text(item, "name"));
    Some(Object {
        id: id(&item["uuid"])?.to_owned(),
        tag: OwnershipTag::parse(&text(item, "description")),
        fields,
        created: text(item, "created_at"),
    })
}
