//! DNS records at Cloudflare.
//!
//! Knows the records of one name in one zone. Changes are PATCH, never PUT: a PUT without `comment` clears the
//! ownership tag (Cloudflare API, "Overwrite DNS Record"). A record's type is never changed: the API ended that on
//! 2026-06-30, and deleting and creating in one batch would give the resource another id than the journal's.

use async_trait::async_trait;
use http::Method;
use machine::phase::VolumePolicy;
use machine::receipt::Attributes;
use machine::step::Step;
use machine::tag::OwnershipTag;
use serde_json::{Value, json};

use super::normalize::{body, host, is_told, normal, record};
use super::{API, Cloudflare, encoded};
use crate::providers::request::WriteRequest;
use crate::providers::{Provider, ReadError, RemoteObject};

/// The most records that one page of a list shows here.
const PAGE: usize = 100;

/// The records of one name.
pub struct Records {
    pub cloudflare: Cloudflare,
    /// The zone's id.
    pub zone: String,
    /// The full name, in ASCII, without the final dot.
    pub name: String,
    /// The step that wants one of them.
    pub step: Step,
}

impl Records {
    fn path(&self, rest: &str) -> String {
        format!("/zones/{}/dns_records{rest}", self.zone)
    }

    async fn list(&self, query: &str) -> Result<Vec<RemoteObject>, ReadError> {
        let items = self.cloudflare.records_of(&self.zone, query).await?;
        if !items.iter().all(is_told) {
            return Err(ReadError::Unintelligible {
                api: API,
                reason: format!("a record of `{}`", self.name),
            });
        }
        Ok(items.iter().filter_map(record).collect())
    }

    async fn is_apex(&self) -> Result<bool, ReadError> {
        let zone = self.cloudflare.read(&format!("/zones/{}", self.zone)).await?.unwrap_or_default();
        Ok(zone["result"]["name"].as_str().is_some_and(|name| host(name) == self.name))
    }
}

impl Cloudflare {
    /// The records of a zone that `query` lets through, as the API shows them.
    pub(super) async fn records_of(&self, zone: &str, query: &str) -> Result<Vec<Value>, ReadError> {
        let found = self.list(&format!("/zones/{zone}/dns_records?per_page={PAGE}&{query}"), PAGE).await?;
        found.ok_or_else(|| ReadError::Elsewhere {
            api: API,
            now: "no such zone".to_owned(),
            planned: format!("zone {zone}"),
        })
    }
}

#[async_trait]
impl Provider for Records {
    fn step(&self) -> Step {
        self.step
    }

    fn describe(&self) -> String {
        format!("record `{}`", self.name)
    }

    fn is_shared(&self) -> bool {
        false
    }

    fn carries_tag(&self) -> bool {
        true
    }

    async fn find_by_key(&self) -> Result<Vec<RemoteObject>, ReadError> {
        let mut there = self.list(&format!("name={}", encoded(&self.name))).await?;
        let is = |record: &RemoteObject, kinds: &[&str]| kinds.contains(&record.fields["type"].as_str());
        // An older filter may let more through, so it is asked again here.
        there.retain(|it| it.fields["name"] == host(&self.name) && is(it, &["A", "AAAA", "CNAME", "NS"]));
        // Below the apex NS records take a name for themselves; at the apex they stand beside everything.
        if there.iter().any(|record| is(record, &["NS"])) && self.is_apex().await? {
            there.retain(|record| !is(record, &["NS"]));
        }
        Ok(there)
    }

    async fn find_by_tag(&self, tag: &OwnershipTag) -> Result<Vec<RemoteObject>, ReadError> {
        let records = self.list(&format!("comment.exact={}", encoded(&tag.to_string()))).await?;
        // The filter ignores case and other versions may ignore the filter, so it is asked again here.
        Ok(records.into_iter().filter(|record| record.tag.as_ref() == Some(tag)).collect())
    }

    async fn get(&self, id: &str) -> Result<Option<RemoteObject>, ReadError> {
        let body = self.cloudflare.read(&self.path(&format!("/{id}"))).await?;
        let Some(body) = body else { return Ok(None) };
        let unreadable = || ReadError::Unintelligible { api: API, reason: format!("record {id}") };
        record(&body["result"]).filter(|record| record.id == id).map(Some).ok_or_else(unreadable)
    }

    async fn check_access(&self) -> Result<(), ReadError> {
        self.cloudflare.check_access(&self.zone).await
    }

    fn create_request(&self, fields: &Attributes, tag: &OwnershipTag) -> WriteRequest {
        let fields = normal(fields);
        let mut wanted = body(&fields);
        wanted["name"] = json!(self.name);
        wanted["proxied"] = json!(fields.get("proxied").is_some_and(|proxied| proxied == "true"));
        wanted["comment"] = json!(tag.to_string());
        self.cloudflare.write(Method::POST, &self.path(""), &wanted).knowing(&fields)
    }

    fn parse_created(&self, answer: &Value, _: &Attributes, tag: &OwnershipTag) -> Option<RemoteObject> {
        record(&answer["result"]).filter(|record| record.tag.as_ref() == Some(tag))
    }

    // Cloudflare changes no record's type in place since 2026-06-30 (Cloudflare API, updating records).
    fn unchangeable(&self, object: &RemoteObject, fields: &Attributes) -> Option<(String, String)> {
        let of = |fields: &Attributes, name: &str| fields.get(name).cloned().unwrap_or_default();
        let (name, is, wanted) = (of(&object.fields, "name"), of(&object.fields, "type"), of(fields, "type"));
        if object.fields.contains_key("read_only") {
            let message =
                format!("record `{name}` is kept by a Cloudflare product (Email Routing, Workers, …)");
            return Some((message, "change it in that product, or choose another name".to_owned()));
        }
        if wanted.is_empty() || wanted.eq_ignore_ascii_case(&is) {
            return None;
        }
        // Our own record is replaced by one of the new type, unless somebody changed it since: then it is not touched. What
        // carries no tag of ours stays where it is, whatever becomes of the spec.
        let way = match object.tag {
            Some(_) => "somebody changed it since it was set: `apply --refresh` with the old `dns` puts it back, then \
                        apply the new one"
                .to_owned(),
            None => format!(
                "delete it at Cloudflare (DNS, Records) and apply again, or keep its type and where it leads: \
                 `adopt: [dns]` and `dns: {{target: {}}}`",
                of(&object.fields, "content")
            ),
        };
        Some((format!("the type of record `{name}` cannot be changed in place from {is} to {wanted}"), way))
    }

    fn update_request(&self, id: &str, fields: &Attributes) -> WriteRequest {
        let fields = normal(fields);
        let call = self.cloudflare.write(Method::PATCH, &self.path(&format!("/{id}")), &body(&fields));
        call.knowing(&fields).plain()
    }

    fn delete_request(&self, id: &str, _: VolumePolicy) -> WriteRequest {
        self.cloudflare.write(Method::DELETE, &self.path(&format!("/{id}")), &Value::Null).plain()
    }
}
