//! Receipts: what came of a step, and how to know the resource again.

use std::collections::BTreeMap;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

use crate::step::Step;
use crate::tag::OwnershipTag;

/// Named fields of a remote object, as text: what was sent, or what the API returned.
pub type Attributes = BTreeMap<String, String>;

/// What a receipt certifies about its resource, and so what undoing the run does with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// This run made it: undoing deletes it.
    #[serde(rename = "made")]
    Created,
    /// This run changed it; before, it was so: undoing restores it.
    #[serde(rename = "changed")]
    Updated {
        /// The fields as they were.
        before: Attributes,
    },
    /// It was there as wanted: undoing leaves it alone.
    #[serde(rename = "found")]
    Existing,
    /// A request of an earlier run made it after that run had ended: it is deleted.
    #[serde(rename = "late")]
    Orphaned,
    /// An earlier run of the app had made it, and this one deleted it; before, it was so: undoing recreates it.
    #[serde(rename = "dropped")]
    Deleted {
        /// The fields as they were.
        before: Attributes,
    },
}

/// A resource at one step: which it is, and how it came about. Anybody may claim it; see [`Receipt`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceState {
    /// The step that wanted it.
    pub step: Step,
    /// What the run did with it.
    #[serde(rename = "how")]
    pub origin: Origin,
    /// The id the API gave it.
    pub id: String,
    /// The ownership tag it carries, where it carries one of ours.
    #[serde(rename = "mark")]
    pub tag: Option<OwnershipTag>,
    /// The fields we set, as the API returned them.
    #[serde(rename = "fields")]
    pub attributes: Attributes,
}

impl ResourceState {
    /// Whether undoing has anything to do with it.
    pub fn is_ours_to_undo(&self) -> bool {
        match self.origin {
            Origin::Created | Origin::Updated { .. } | Origin::Orphaned | Origin::Deleted { .. } => true,
            Origin::Existing => false,
        }
    }
}

/// Proof that a step's resource is there: its state, once that is recorded. Only a run's [`Ledger`] makes one.
///
/// [`Ledger`]: crate::ledger::Ledger
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt(ResourceState);

impl Receipt {
    pub(crate) fn of_recorded(state: ResourceState) -> Self {
        Self(state)
    }

    pub(crate) fn state_mut(&mut self) -> &mut ResourceState {
        &mut self.0
    }

    /// The state without the proof, for changing or passing on.
    pub fn to_state(&self) -> ResourceState {
        self.0.clone()
    }
}

impl Deref for Receipt {
    type Target = ResourceState;

    fn deref(&self) -> &ResourceState {
        &self.0
    }
}
