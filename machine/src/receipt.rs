//! Receipts: what came of a step, and how to know the thing again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::mark::Mark;
use crate::step::Step;

/// Named fields of a remote object, as text: what was sent, or what the API returned.
pub type Fields = BTreeMap<String, String>;

/// How we came to have the thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// This run made it: undoing deletes it.
    Made,
    /// This run changed it; before, it was so: undoing restores it.
    Changed {
        /// The fields as they were.
        before: Fields,
    },
    /// It was there as wanted: undoing leaves it alone.
    Found,
    /// A request of an earlier run made it after that run had ended: it is deleted.
    Late,
    /// An earlier run of the app had made it, and this one deleted it; before, it was so: undoing makes it anew.
    Dropped {
        /// The fields as they were.
        before: Fields,
    },
}

/// Proof that a step's thing is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The step that wanted it.
    pub step: Step,
    /// How we came to have it.
    pub how: How,
    /// The id the API gave it.
    pub id: String,
    /// The mark it carries, where it carries one of ours.
    pub mark: Option<Mark>,
    /// The fields we set, as the API returned them.
    pub fields: Fields,
}

impl Receipt {
    /// Whether undoing has anything to do with it.
    pub fn is_ours_to_undo(&self) -> bool {
        match self.how {
            How::Made | How::Changed { .. } | How::Late | How::Dropped { .. } => true,
            How::Found => false,
        }
    }
}
