//! Coolify applications: apps from an image or from git.
//!
//! Unlike a service, an application is described wholly by its fields (see [`super::application_attributes`]), and each of its
//! deployments leaves a record (see [`super::deployments`]).

use async_trait::async_trait;
use http::Method;
use machine::phase::VolumePolicy;
use machine::receipt::Attributes;
use machine::step::Step;
use machine::tag::OwnershipTag;
use serde_json::{Value, json};

use super::{AppSlot, COOLIFY, Resource, application_attributes, text};
use crate::providers::object::id;
use crate::providers::request::{COOLIFY_GITHUB, WriteRequest};
use crate::providers::{Provider, ReadError, RemoteObject};

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

    fn is_shared(&self) -> bool {
        false
    }

    fn carries_tag(&self) -> bool {
        true
    }

    /// Everything of the name in the environment, services and databases included: they are in the way too.
    async fn find_by_key(&self) -> Result<Vec<RemoteObject>, ReadError> {
        self.slot.occupants(application).await
    }

    fn looks_inside(&self) -> bool {
        true
    }

    async fn find_by_tag(&self, tag: &OwnershipTag) -> Result<Vec<RemoteObject>, ReadError> {
        self.slot.find_by_tag("/applications", tag, application).await
    }

    async fn get(&self, id: &str) -> Result<Option<RemoteObject>, ReadError> {
        Ok(self.slot.coolify.one("/applications/", id).await?.as_ref().and_then(application))
    }

    async fn check_access(&self) -> Result<(), ReadError> {
        self.slot.check_access().await
    }

    // Never `force_domain_override`: a domain that somebody else has is refused, with their name.
    fn create_request(&self, fields: &Attributes, tag: &OwnershipTag) -> WriteRequest {
        let mut body = self.slot.body(tag);
        body["autogenerate_domain"] = json!(false);
        for (key, value) in application_attributes::created(fields) {
            body[key] = value;
        }
        let route = application_attributes::route(fields);
        // Coolify asks GitHub inside this one request, for up to a minute.
        let times = if route == "private-github-app" { COOLIFY_GITHUB } else { COOLIFY };
        let path = format!("/applications/{route}");
        self.slot.coolify.write(Method::POST, &path, &body, times).knowing(fields)
    }

    fn parse_created(&self, answer: &Value, fields: &Attributes, tag: &OwnershipTag) -> Option<RemoteObject> {
        Some(RemoteObject::as_asked(id(&answer["uuid"])?, fields, Some(tag)))
    }

    fn update_request(&self, id: &str, fields: &Attributes) -> WriteRequest {
        let body = Value::Object(application_attributes::changed(fields));
        let path = format!("/applications/{id}");
        self.slot.coolify.write(Method::PATCH, &path, &body, COOLIFY).knowing(fields).partial()
    }

    fn delete_request(&self, id: &str, volumes: VolumePolicy) -> WriteRequest {
        self.slot.vacate(Resource::Application(id), volumes)
    }
}

// Whatever else holds the name has no `build_pack`; of it only the name counts.
fn application(item: &Value) -> Option<RemoteObject> {
    let mut fields =
        if item["build_pack"].is_string() { application_attributes::read(item) } else { Attributes::new() };
    fields.insert("name".to_owned(), text(item, "name"));
    Some(RemoteObject {
        id: id(&item["uuid"])?.to_owned(),
        tag: OwnershipTag::parse(&text(item, "description")),
        fields,
        created: text(item, "created_at"),
    })
}
