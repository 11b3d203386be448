//! A remote resource as an API shows it, reduced to what deciding needs.

use machine::receipt::Attributes;
use machine::tag::OwnershipTag;
use serde_json::Value;

/// A remote resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteObject {
    /// The id the API gave it.
    pub id: String,
    /// Our ownership tag, where it carries one that reads as one.
    pub tag: Option<OwnershipTag>,
    /// Its named fields.
    pub fields: Attributes,
    /// When it was made, as the API tells it; sorts by age. Empty where it does not tell.
    pub created: String,
}

/// Longer than any id of theirs.
const LONGEST_ID: usize = 255;

/// An id out of an answer: it becomes part of a path, so what would lead to another path is none.
pub(crate) fn id(value: &Value) -> Option<&str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    value.as_str().filter(|id| (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(is_plain))
}

impl RemoteObject {
    /// What an answer that gives only an id stands for: the resource as it was asked for.
    pub fn as_asked(id: &str, fields: &Attributes, tag: Option<&OwnershipTag>) -> Self {
        Self { id: id.to_owned(), tag: tag.cloned(), fields: fields.clone(), created: String::new() }
    }

    /// Whether every field that both sides know is equal.
    pub fn agrees_with(&self, fields: &Attributes) -> bool {
        self.differences(fields).is_empty()
    }

    /// The names of the fields that both sides know and that differ.
    pub fn differences<'a>(&self, fields: &'a Attributes) -> Vec<&'a str> {
        let differs = |(name, value): &(&String, &String)| {
            self.fields.get(*name).is_some_and(|actual| actual != *value)
        };
        fields.iter().filter(differs).map(|(name, _)| name.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_would_lead_to_another_path_is_no_id() {
        for plain in ["c4ffee", "0", "01a2142a-905d-70e0", "Under_score"] {
            assert_eq!(id(&json!(plain)), Some(plain));
        }
        let long = "a".repeat(LONGEST_ID + 1);
        for other in ["", ".", "..", "a/b", "../x", "a?b", "a%2Fb", "a b", "ü", &long] {
            assert_eq!(id(&json!(other)), None, "{other:?}");
        }
        assert_eq!(id(&json!(7)), None);
    }
}
