//! Coolify services: apps that are deployed from compose text.
//!
//! An app from a folder has one compose service, named [`APP`]. Coolify re-dumps the text, so it is never compared; what decides
//! is the hash of what was sent.

use async_trait::async_trait;
use http::Method;
use machine::phase::VolumePolicy;
use machine::receipt::Attributes;
use machine::step::Step;
use machine::tag::OwnershipTag;
use serde_json::{Value, json};

use super::{AppSlot, COOLIFY, Resource, text};
use crate::providers::object::id;
use crate::providers::request::{WriteRequest, base64};
use crate::providers::{Provider, ReadError, RemoteObject};

/// The name of the one compose service of an app from a folder.
pub(crate) const APP: &str = "app";

/// The services of one name in one environment.
pub struct Services {
    /// Where they are, and what they are called.
    pub slot: AppSlot,
    /// The compose text that making and changing sends.
    pub compose: String,
    /// The compose service that the domains lead to.
    pub main: String,
}

impl Services {
    // Without a URL the service has none, which only a change needs to say.
    fn urls(&self, fields: &Attributes) -> Value {
        let url = fields.get("url").filter(|url| !url.is_empty());
        json!([{"name": self.main, "url": url}])
    }

    fn service(&self, item: &Value) -> Option<RemoteObject> {
        let mut fields = Attributes::from([("name".to_owned(), text(item, "name"))]);
        // Applications and databases are listed beside services, and have no such version.
        if item.get("compose_parsing_version").is_some() {
            fields.insert("kind".to_owned(), "service".to_owned());
        }
        let mut subs = item["applications"].as_array().into_iter().flatten();
        if let Some(main) = subs.find(|sub| sub["name"] == self.main.as_str()) {
            fields.insert("url".to_owned(), text(main, "fqdn"));
        }
        Some(RemoteObject {
            id: id(&item["uuid"])?.to_owned(),
            tag: OwnershipTag::parse(&text(item, "description")),
            fields,
            created: text(item, "created_at"),
        })
    }
}

#[async_trait]
impl Provider for Services {
    fn step(&self) -> Step {
        Step::App
    }

    fn describe(&self) -> String {
        format!("service `{}`", self.slot.name)
    }

    fn is_shared(&self) -> bool {
        false
    }

    fn carries_tag(&self) -> bool {
        true
    }

    /// Everything of the name in the environment, applications and databases included: they are in the way too.
    async fn find_by_key(&self) -> Result<Vec<RemoteObject>, ReadError> {
        self.slot.occupants(|item| self.service(item)).await
    }

    fn looks_inside(&self) -> bool {
        true
    }

    async fn find_by_tag(&self, tag: &OwnershipTag) -> Result<Vec<RemoteObject>, ReadError> {
        self.slot.find_by_tag("/services", tag, |item| self.service(item)).await
    }

    async fn get(&self, id: &str) -> Result<Option<RemoteObject>, ReadError> {
        Ok(self.slot.coolify.one("/services/", id).await?.as_ref().and_then(|item| self.service(item)))
    }

    async fn check_access(&self) -> Result<(), ReadError> {
        self.slot.check_access().await
    }

    fn create_request(&self, fields: &Attributes, tag: &OwnershipTag) -> WriteRequest {
        let mut body = self.slot.body(tag);
        body["docker_compose_raw"] = json!(base64(&self.compose));
        if fields.get("url").is_some_and(|url| !url.is_empty()) {
            body["urls"] = self.urls(fields);
        }
        self.slot.coolify.write(Method::POST, "/services", &body, COOLIFY).knowing(fields)
    }

    fn parse_created(&self, answer: &Value, fields: &Attributes, tag: &OwnershipTag) -> Option<RemoteObject> {
        Some(RemoteObject::as_asked(id(&answer["uuid"])?, fields, Some(tag)))
    }

    fn update_request(&self, id: &str, fields: &Attributes) -> WriteRequest {
        let body = json!({"docker_compose_raw": base64(&self.compose), "urls": self.urls(fields)});
        let path = format!("/services/{id}");
        self.slot.coolify.write(Method::PATCH, &path, &body, COOLIFY).knowing(fields).partial()
    }

    fn delete_request(&self, id: &str, volumes: VolumePolicy) -> WriteRequest {
        self.slot.vacate(Resource::Service(id), volumes)
    }
}
