//! DNS records at Cloudflare.
//!
//! Knows the records of one name in one zone. Changes are PATCH, never PUT: a PUT without `comment` clears the
//! mark (Cloudflare API, "Overwrite DNS Record").

use async_trait::async_trait;
use http::Method;
use machine::mark::Mark;
use machine::receipt::Fields;
use machine::step::Step;
use serde_json::{Value, json};

use super::{API, Cloudflare, results};
use crate::providers::call::Call;
use crate::providers::{Object, Provider, Trouble, Volumes};

/// The address records of one name.
pub struct Records {
    /// Where they are.
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

    async fn list(&self, query: &str) -> Result<Vec<Object>, Trouble> {
        let body = self.cloudflare.read(&self.path(&format!("?per_page=100&{query}"))).await?;
        let body = body.ok_or_else(|| Trouble::Elsewhere {
            api: API,
            now: "no such zone".to_owned(),
            planned: format!("zone {}", self.zone),
        })?;
        Ok(results(&body).iter().filter_map(record).collect())
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

    fn shares(&self) -> bool {
        false
    }

    fn marks(&self) -> bool {
        true
    }

    async fn look(&self) -> Result<Vec<Object>, Trouble> {
        let records = self.list(&format!("name={}", self.name)).await?;
        let occupies = |record: &Object| {
            matches!(record.fields.get("type").map(String::as_str), Some("A" | "AAAA" | "CNAME"))
        };
        Ok(records.into_iter().filter(occupies).collect())
    }

    async fn marked(&self, mark: &Mark) -> Result<Vec<Object>, Trouble> {
        let comment = mark.to_string().replace(' ', "%20").replace('=', "%3D");
        let records = self.list(&format!("comment.exact={comment}")).await?;
        // The filter ignores case and other versions may ignore the filter, so it is asked again here.
        Ok(records.into_iter().filter(|record| record.mark.as_ref() == Some(mark)).collect())
    }

    async fn get(&self, id: &str) -> Result<Option<Object>, Trouble> {
        let body = self.cloudflare.read(&self.path(&format!("/{id}"))).await?;
        let Some(body) = body else { return Ok(None) };
        let unreadable = || Trouble::Unintelligible { api: API, reason: format!("record {id}") };
        record(&body["result"]).filter(|record| record.id == id).map(Some).ok_or_else(unreadable)
    }

    async fn control(&self) -> Result<(), Trouble> {
        self.cloudflare.control(&self.zone).await
    }

    fn make(&self, fields: &Fields, mark: &Mark) -> Call {
        let mut body = wanted(fields);
        body["name"] = json!(self.name);
        body["comment"] = json!(mark.to_string());
        self.cloudflare.write(Method::POST, &self.path(""), &body).knowing(fields)
    }

    fn made(&self, answer: &Value, _: &Fields, mark: &Mark) -> Option<Object> {
        record(&answer["result"]).filter(|record| record.mark.as_ref() == Some(mark))
    }

    fn change(&self, id: &str, fields: &Fields) -> Call {
        self.cloudflare.write(Method::PATCH, &self.path(&format!("/{id}")), &wanted(fields)).knowing(fields)
    }

    fn unmake(&self, id: &str, _: Volumes) -> Call {
        self.cloudflare.write(Method::DELETE, &self.path(&format!("/{id}")), &Value::Null)
    }
}

fn wanted(fields: &Fields) -> Value {
    let mut body = json!({});
    for (name, value) in fields {
        body[name] = match name.as_str() {
            "ttl" => json!(value.parse::<u32>().unwrap_or(1)),
            "proxied" => json!(value == "true"),
            _ => json!(value),
        };
    }
    body
}

/// Reads a record; `None` where it has no id.
pub fn record(item: &Value) -> Option<Object> {
    let text = |name: &str| item[name].as_str().map(str::to_owned);
    let mut fields = Fields::new();
    fields.insert("type".to_owned(), text("type")?);
    for name in ["name", "content"] {
        fields.insert(name.to_owned(), text(name)?.trim_end_matches('.').to_ascii_lowercase());
    }
    fields.insert("proxied".to_owned(), (item["proxied"] == Value::Bool(true)).to_string());
    fields.insert("ttl".to_owned(), item["ttl"].as_u64().unwrap_or(1).to_string());
    Some(Object {
        id: text("id")?,
        mark: text("comment").as_deref().and_then(Mark::parse),
        fields,
        created: text("created_on").unwrap_or_default(),
    })
}
