//! The sub-resources of a service: one for each compose service that its text ever had.
//!
//! A compose service that was renamed or dropped stays behind, `exited`, and spoils the status of the whole; no call
//! deletes it. From 4.2.0 on it can be left out of the status (Coolify API, updating services), but only while the text
//! still has it: changing one that the text lacks writes it back into the text (4.3.11, observed).

use http::Method;
use machine::tag::OwnershipTag;
use serde_json::{Value, json};

use super::version::Version;
use super::{COOLIFY, Coolify, about, text};
use crate::providers::ReadError;
use crate::providers::object::id;
use crate::providers::request::WriteRequest;

/// What Coolify files a compose service as, by its image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubResourceKind {
    /// Something that may have URLs.
    Application,
    Database,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubResource {
    /// Its uuid.
    pub id: String,
    /// The compose service's name.
    pub name: String,
    /// What it is filed as.
    pub kind: SubResourceKind,
    /// Its status, which may be minutes old.
    pub status: String,
    /// Its URLs, comma-separated; empty where it has none.
    pub url: String,
    /// Whether it is left out of the service's status.
    pub silent: bool,
    /// Our ownership tag, where we left it out.
    pub tag: Option<OwnershipTag>,
}

/// A service as it is stored: its sub-resources and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceStack {
    /// Its sub-resources, applications first.
    pub parts: Vec<SubResource>,
    /// Its compose text as Coolify dumped it; `None` where the token may not see it.
    pub text: Option<String>,
}

/// What becomes of a sub-resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusScope {
    /// It is left out of the status, and gives up its URLs.
    Silenced,
    /// It counts again.
    Woken,
    /// It gives up its URLs, which lead to another part now.
    Unrouted,
}

impl Coolify {
    /// The sub-resources of `service`, applications first.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn parts(&self, service: &str) -> Result<Vec<SubResource>, ReadError> {
        Ok(self.stack(service).await?.parts)
    }

    /// The sub-resources of `service` and its text, in one read.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn stack(&self, service: &str) -> Result<ServiceStack, ReadError> {
        let path = format!("/services/{service}");
        let body = about(service, self.read_of_ours(&path).await?, &path)?.unwrap_or_default();
        Ok(ServiceStack { parts: of(&body), text: body["docker_compose_raw"].as_str().map(str::to_owned) })
    }

    /// Whether this version changes sub-resources.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn changes_parts(&self) -> Result<bool, ReadError> {
        Ok(self.known().await? >= Version::PARTS)
    }

    /// The request that lets `scope` befall a part of `service`; `tag` shows later who silenced it.
    pub fn change_part(
        &self,
        service: &str,
        part: &SubResource,
        scope: StatusScope,
        tag: &OwnershipTag,
    ) -> WriteRequest {
        let mut body = match scope {
            StatusScope::Silenced => json!({"exclude_from_status": true, "description": tag.to_string()}),
            StatusScope::Woken => json!({"exclude_from_status": false, "description": null}),
            StatusScope::Unrouted => json!({}),
        };
        if scope != StatusScope::Woken && !part.url.is_empty() {
            body["url"] = Value::Null;
        }
        let list = match part.kind {
            SubResourceKind::Application => "applications",
            SubResourceKind::Database => "databases",
        };
        let path = format!("/services/{service}/{list}/{}", part.id);
        self.write(Method::PATCH, &path, &body, COOLIFY).plain()
    }
}

/// The sub-resources that a service is shown with, applications first; an application is shown with none.
pub(super) fn of(service: &Value) -> Vec<SubResource> {
    let listed = |list: &str, kind| -> Vec<SubResource> {
        let items = service[list].as_array().into_iter().flatten();
        items.filter_map(|item| part(item, kind)).collect()
    };
    [listed("applications", SubResourceKind::Application), listed("databases", SubResourceKind::Database)]
        .concat()
}

fn part(item: &Value, kind: SubResourceKind) -> Option<SubResource> {
    Some(SubResource {
        id: id(&item["uuid"])?.to_owned(),
        name: text(item, "name"),
        kind,
        status: text(item, "status"),
        url: text(item, "fqdn"),
        silent: item["exclude_from_status"] == Value::Bool(true),
        tag: OwnershipTag::parse(&text(item, "description")),
    })
}
