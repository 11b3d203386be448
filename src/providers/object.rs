//! A remote thing as an API shows it, reduced to what deciding needs.

use machine::mark::Mark;
use machine::receipt::Fields;

/// A remote thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The id the API gave it.
    pub id: String,
    /// Our mark, where it carries one that reads as one.
    pub mark: Option<Mark>,
    /// Its named fields.
    pub fields: Fields,
    /// When it was made, as the API tells it; sorts by age. Empty where it does not tell.
    pub created: String,
}

impl Object {
    /// What an answer that gives only an id stands for: the thing as it was asked for.
    pub fn as_asked(id: &str, fields: &Fields, mark: Option<&Mark>) -> Self {
        Self { id: id.to_owned(), mark: mark.cloned(), fields: fields.clone(), created: String::new() }
    }

    /// Whether every field that both sides know is equal.
    pub fn agrees_with(&self, fields: &Fields) -> bool {
        self.differences(fields).is_empty()
    }

    /// The names of the fields that both sides know and that differ.
    pub fn differences<'a>(&self, fields: &'a Fields) -> Vec<&'a str> {
        let differs = |(name, value): &(&String, &String)| {
            self.fields.get(*name).is_some_and(|actual| actual != *value)
        };
        fields.iter().filter(differs).map(|(name, _)| name.as_str()).collect()
    }
}
