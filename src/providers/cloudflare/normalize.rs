//! The one form of a record: its fields as Cloudflare keeps them, whoever wrote them.
//!
//! Both sides of each comparison go through here, or a record would differ from itself for ever: by a capital
//! letter, a final dot, another notation of an IPv6 address, or the TTL of a proxied record, which is always
//! automatic (Cloudflare API, DNS records).

use std::net::{Ipv4Addr, Ipv6Addr};

use machine::receipt::Attributes;
use machine::tag::OwnershipTag;
use serde_json::{Value, json};

use crate::providers::RemoteObject;
use crate::providers::object::id;

/// The fields as Cloudflare would show them.
pub fn normal(fields: &Attributes) -> Attributes {
    let kind = fields.get("type").map(|kind| kind.to_ascii_uppercase()).unwrap_or_default();
    let is_proxied = fields.get("proxied").is_some_and(|proxied| proxied == "true");
    let form = |name: &str, value: &str| match name {
        "type" => kind.clone(),
        "name" => host(value),
        "content" => content(&kind, value),
        "ttl" if is_proxied => "1".to_owned(),
        _ => value.to_owned(),
    };
    fields.iter().map(|(name, value)| (name.clone(), form(name, value))).collect()
}

/// A host name in lower-case ASCII without its final dot; Unicode becomes Punycode.
pub fn host(name: &str) -> String {
    let name = name.trim().trim_end_matches('.');
    idna::domain_to_ascii(name).unwrap_or_else(|_| name.to_ascii_lowercase())
}

fn content(kind: &str, text: &str) -> String {
    match kind {
        "A" => text.parse().map_or_else(|_| text.to_owned(), |address: Ipv4Addr| address.to_string()),
        "AAAA" => text.parse().map_or_else(|_| text.to_owned(), |address: Ipv6Addr| address.to_string()),
        "CNAME" | "NS" | "MX" => host(text),
        _ => text.to_owned(),
    }
}

/// The fields as the body of a request; a field that the API does not know is left out.
pub fn body(fields: &Attributes) -> Value {
    let mut body = json!({});
    for (name, value) in fields {
        match name.as_str() {
            "type" | "name" | "content" => body[name] = json!(value),
            "ttl" => body[name] = json!(value.parse::<u32>().unwrap_or(1)),
            "proxied" => body[name] = json!(value == "true"),
            _ => {}
        }
    }
    body
}

/// Reads a record; `None` where it lacks an id, type, name or content. One that Cloudflare keeps for a product
/// of its own has the field `read_only`.
pub fn record(item: &Value) -> Option<RemoteObject> {
    let text = |name: &str| item[name].as_str().map(str::to_owned);
    let mut fields = Attributes::new();
    for name in ["type", "name", "content"] {
        fields.insert(name.to_owned(), text(name)?);
    }
    fields.insert("ttl".to_owned(), item["ttl"].as_u64().unwrap_or(1).to_string());
    fields.insert("proxied".to_owned(), (item["proxied"] == Value::Bool(true)).to_string());
    if item["meta"]["read_only"] == Value::Bool(true) {
        fields.insert("read_only".to_owned(), "true".to_owned());
    }
    Some(RemoteObject {
        id: id(&item["id"])?.to_owned(),
        tag: text("comment").as_deref().and_then(OwnershipTag::parse),
        fields: normal(&fields),
        created: text("created_on").unwrap_or_default(),
    })
}

/// Whether an item of a list tells which record it is. Of kinds that have no one text for their content no more is needed.
pub fn is_told(item: &Value) -> bool {
    let kept = |kind| ["A", "AAAA", "CNAME", "NS"].contains(&kind);
    record(item).is_some()
        || (id(&item["id"]).is_some() && item["type"].as_str().is_some_and(|kind| !kept(kind)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Attributes {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn every_way_to_write_a_record_has_one_form() {
        let cases = [
            ("CNAME", "Blog.Example.COM.", "Other.Example.NET.", "blog.example.com", "other.example.net"),
            ("aaaa", "blog.example.com", "2001:DB8:0:0::0001", "blog.example.com", "2001:db8::1"),
            ("A", "bücher.example", "203.0.113.7", "xn--bcher-kva.example", "203.0.113.7"),
            ("CNAME", "*.example.com", "Bücher.example.", "*.example.com", "xn--bcher-kva.example"),
            ("TXT", "_x.example.com", "Kept As It Is.", "_x.example.com", "Kept As It Is."),
        ];
        for (kind, name, content, form_of_name, form_of_content) in cases {
            let form = normal(&fields(&[("type", kind), ("name", name), ("content", content)]));
            assert_eq!((form["name"].as_str(), form["content"].as_str()), (form_of_name, form_of_content));
            assert_eq!(normal(&form), form, "{kind} {name}");
        }
    }

    #[test]
    fn the_ttl_of_a_proxied_record_is_automatic_and_others_keep_theirs() {
        for (proxied, ttl) in [("true", "1"), ("false", "600")] {
            let form = normal(&fields(&[("ttl", "600"), ("proxied", proxied)]));
            assert_eq!(form["ttl"], ttl);
        }
    }

    #[test]
    fn a_record_with_less_or_more_than_is_documented_is_read() {
        let bare = json!({"id": "1", "type": "A", "name": "a.example.com", "content": "203.0.113.7"});
        let more = json!({"id": "1", "type": "A", "name": "a.example.com", "content": "203.0.113.7", "ttl": 1,
                          "comment": null, "tags": null, "proxied": false, "private_routing": false, "new": {}});
        assert_eq!(record(&bare), record(&more));
        assert!(record(&json!({"id": "1", "type": "A"})).is_none());
    }
}
