//! The plan: what a run wants, and how that differs from what is. Fixed once Validating is left.

use serde::{Deserialize, Serialize};

use crate::id::RunId;
use crate::receipt::{Attributes, ResourceState};
use crate::step::RecordIndex;
use crate::tag::OwnershipTag;
use crate::timestamp::DualTimestamp;

/// What is done about one resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Nothing of the kind is there: make it.
    Create,
    /// It is there and differs: change it.
    #[serde(rename = "change")]
    Update {
        id: String,
        /// The fields that will change, as they are now.
        before: Attributes,
        /// The ownership tag it carries, where it is one of ours.
        #[serde(rename = "mark")]
        tag: Option<OwnershipTag>,
    },
    /// It is there as wanted: leave it.
    #[serde(rename = "keep")]
    NoOp {
        id: String,
        /// The ownership tag it carries, where it is one of ours.
        #[serde(rename = "mark")]
        tag: Option<OwnershipTag>,
    },
    /// An earlier run of the app made it, and it is no longer wanted: delete it, once all else is proven.
    #[serde(rename = "drop")]
    Delete {
        id: String,
        /// Its fields, as they are now.
        before: Attributes,
        /// The ownership tag it carries.
        #[serde(rename = "mark")]
        tag: OwnershipTag,
    },
}

/// One resource, as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredResource {
    /// The fields it should have.
    #[serde(rename = "fields")]
    pub attributes: Attributes,
    /// What is done to get there.
    pub action: Action,
}

/// A zone, and who answers for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    /// Its id at Cloudflare.
    pub id: String,
    pub name: String,
    /// Its own name servers, for asking about propagation.
    pub name_servers: Vec<String>,
}

/// When Cloudflare's proxy stands in front of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Proxy {
    /// As the record's own fields say, from the start.
    AsMade,
    /// Once the app is proven without it.
    AfterProof,
}

/// One DNS record, as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredRecord {
    /// Its full name.
    pub name: String,
    pub zone: Zone,
    /// The fields it should have, and what is done to get there.
    #[serde(rename = "wish")]
    pub desired: DesiredResource,
    /// When the proxy stands in front of it.
    pub proxy: Proxy,
}

/// A record that an earlier release left at a name whose record somebody else keeps now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedOver {
    pub record: DesiredRecord,
    /// How that release left it.
    #[serde(rename = "receipt")]
    pub state: ResourceState,
}

/// One of the app's domains, and who keeps its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint<'a> {
    /// Fabrik does: it is this one.
    Managed(&'a DesiredRecord),
    /// Somebody else does; this is the name.
    External(&'a str),
}

impl<'a> Endpoint<'a> {
    /// The domain.
    pub fn name(self) -> &'a str {
        match self {
            Self::Managed(record) => &record.name,
            Self::External(name) => name,
        }
    }
}

/// What becomes of one environment variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EnvVarAction {
    /// No release has it: it is set.
    Add,
    /// The last release has another value: it is set.
    Set,
    /// The last release has this value: it is not sent.
    Keep,
    /// The last release has it, this one does not: its row is deleted.
    Remove,
}

/// One environment variable. Its value is never here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvVarChange {
    /// Its name.
    pub key: String,
    /// The keyed fingerprint of the value it should have (of the value it has, when removed).
    pub fingerprint: String,
    /// The fingerprint of the value the last release set; empty when added.
    pub before: String,
    /// What becomes of it.
    pub change: EnvVarAction,
}

/// Where the plan was made for. Nothing is decided with another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetLocation {
    /// Coolify's base URL.
    pub coolify: String,
    /// The team the token belongs to.
    pub team: String,
    /// The Coolify server's uuid.
    pub server: String,
    /// The Coolify server's name.
    pub server_name: String,
}

/// What the run builds on: what undoing it goes back to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Baseline {
    /// The app has no finished release.
    Nothing,
    /// The app's newest finished run.
    Release(RunId),
}

/// Whether the app is restarted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rollout {
    /// It was triggered at this moment.
    Triggered(DualTimestamp),
    /// It runs as wanted and was left alone.
    Running,
}

/// What a run wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What it builds on.
    #[serde(rename = "base")]
    pub baseline: Baseline,
    #[serde(rename = "place")]
    pub target: TargetLocation,
    /// The DNS records: those of the app's domains in the spec's order, then those no longer wanted.
    pub records: Vec<DesiredRecord>,
    /// The app's domains whose records somebody else keeps: verified, never written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub external: Vec<String>,
    /// What earlier releases left at names that somebody else keeps now. It is left alone, and stays on record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub handed_over: Vec<HandedOver>,
    /// The Coolify project.
    pub project: DesiredResource,
    /// The Coolify environment.
    pub environment: DesiredResource,
    pub app: DesiredResource,
    /// Its environment variables, by name.
    pub envs: Vec<EnvVarChange>,
    /// The URLs it will answer at: none, for a worker.
    pub endpoints: Vec<String>,
    /// The release that will answer there: this run, or the one whose start is left alone.
    pub release: RunId,
    /// What requests of earlier runs made after those had ended: deleted before anything else is done.
    #[serde(rename = "late", default, skip_serializing_if = "Vec::is_empty")]
    pub orphans: Vec<ResourceState>,
    /// The volumes, by the app's own names, that an earlier release mounts and this one does not: their data stays.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_volumes: Vec<String>,
}

impl Action {
    /// Whether carrying it out sends any write.
    pub fn changes(&self) -> bool {
        !matches!(self, Self::NoOp { .. })
    }

    /// The id of the resource, where there is one already.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Create => None,
            Self::Update { id, .. } | Self::NoOp { id, .. } | Self::Delete { id, .. } => Some(id),
        }
    }
}

impl Plan {
    /// The records that are wanted, each with its number.
    pub fn wanted(&self) -> impl Iterator<Item = (RecordIndex, &DesiredRecord)> {
        self.numbered().filter(|(_, record)| !matches!(record.desired.action, Action::Delete { .. }))
    }

    /// The app's domains, in the spec's order.
    pub fn sites(&self) -> impl Iterator<Item = Endpoint<'_>> {
        let managed = self.wanted().map(|(_, record)| Endpoint::Managed(record));
        managed.chain(self.external.iter().map(|name| Endpoint::External(name)))
    }

    /// The records that are no longer wanted, each with its number.
    pub fn unwanted(&self) -> impl Iterator<Item = (RecordIndex, &DesiredRecord)> {
        self.numbered().filter(|(_, record)| matches!(record.desired.action, Action::Delete { .. }))
    }

    /// The records that make room for wanted ones of their name, each with its number. They go first.
    pub fn replaced(&self) -> impl Iterator<Item = (RecordIndex, &DesiredRecord)> {
        self.unwanted().filter(|(_, record)| self.wanted().any(|(_, wanted)| wanted.name == record.name))
    }

    /// The record of that number.
    pub fn record(&self, nth: RecordIndex) -> Option<&DesiredRecord> {
        self.records.get(usize::from(nth))
    }

    // A spec has far fewer domains than there are numbers.
    fn numbered(&self) -> impl Iterator<Item = (RecordIndex, &DesiredRecord)> {
        (0..=RecordIndex::MAX).zip(&self.records)
    }

    /// Whether carrying it out would send any write.
    pub fn has_changes(&self) -> bool {
        let named = [&self.project, &self.environment, &self.app];
        let mut resources = self.records.iter().map(|record| &record.desired).chain(named);
        !self.orphans.is_empty()
            || resources.any(|resource| resource.action.changes())
            || self.records.iter().any(|record| record.proxy == Proxy::AfterProof)
            || self.envs.iter().any(|env| env.change != EnvVarAction::Keep)
    }

    /// Whether the app must be restarted: it is new, or what it is made of changes.
    pub fn starts_app(&self) -> bool {
        self.app.action.changes() || self.envs.iter().any(|env| env.change != EnvVarAction::Keep)
    }
}
