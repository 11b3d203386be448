//! Who can do it: Cloudflare for DNS records, Coolify for projects, environments and apps.
//!
//! A provider finds, creates, updates and deletes one kind of resource. It prepares requests and reads answers;
//! it does not decide what is wanted, writes no journal, and never sends a write on its own.

pub(crate) mod api;
pub(crate) mod clients;
pub mod cloudflare;
pub mod coolify;
pub(crate) mod misdirected;
pub(crate) mod object;
pub mod outcome;
pub(crate) mod read_error;
pub mod request;

pub use api::Api;
pub use clients::{Clients, ResourceNames};
pub use cloudflare::Cloudflare;
pub use coolify::Coolify;
pub use object::RemoteObject;
pub use outcome::WriteOutcome;
pub use read_error::ReadError;
pub use request::WriteRequest;

use async_trait::async_trait;
use machine::phase::VolumePolicy;
use machine::receipt::Attributes;
use machine::step::Step;
use machine::tag::OwnershipTag;
use serde_json::Value;

/// One kind of remote resource, at one natural key.
#[async_trait]
pub trait Provider: Send + Sync {
    /// The step that wants it.
    fn step(&self) -> Step;

    /// How people call it, with its key: "A record `blog.example.com`".
    fn describe(&self) -> String;

    /// Whether one that is there already, and is not ours, is simply used.
    fn is_shared(&self) -> bool;

    /// Whether what it creates carries the ownership tag from the start.
    fn carries_tag(&self) -> bool;

    /// Everything at the natural key, whoever made it.
    async fn find_by_key(&self) -> Result<Vec<RemoteObject>, ReadError>;

    /// Whether [`find_by_key`](Self::find_by_key) shows by itself that the token sees the place: it reads the list of something that
    /// is there. Then what is not in that list is not there, and no control read is needed beside it.
    fn looks_inside(&self) -> bool {
        false
    }

    /// Everything that carries `tag`, wherever it is; nothing where nothing carries one.
    async fn find_by_tag(&self, tag: &OwnershipTag) -> Result<Vec<RemoteObject>, ReadError>;

    /// The resource with this id; `None` for a 404, which proves absence only beside a [`check_access`](Self::check_access) read.
    async fn get(&self, id: &str) -> Result<Option<RemoteObject>, ReadError>;

    /// Proves that this token still sees what it saw when the plan was made, so that absence means absence.
    async fn check_access(&self) -> Result<(), ReadError>;

    /// The request that makes it.
    fn create_request(&self, fields: &Attributes, tag: &OwnershipTag) -> WriteRequest;

    /// Reads the answer to [`create_request`](Self::create_request); `None` where it names no object, or not one that carries the ownership tag.
    fn parse_created(&self, answer: &Value, fields: &Attributes, tag: &OwnershipTag) -> Option<RemoteObject>;

    /// Why `object` cannot be changed in place to what `fields` say, and what to do; `None` where it can.
    fn unchangeable(&self, _object: &RemoteObject, _fields: &Attributes) -> Option<(String, String)> {
        None
    }

    /// The request that changes it.
    fn update_request(&self, id: &str, fields: &Attributes) -> WriteRequest;

    /// The request that deletes it. `volumes` says what happens to its data.
    fn delete_request(&self, id: &str, volumes: VolumePolicy) -> WriteRequest;
}
