//! The Cloudflare client against the simulated Cloudflare: two readings of one API that must agree.

mod answers;
mod facts;
mod records;
mod zones;

use fabrik::net::Ports;
use fabrik::providers::cloudflare::{CloudflareZone, Records};
use fabrik::providers::outcome::classify;
use fabrik::providers::{Cloudflare, Provider, ReadError, RemoteObject, WriteOutcome, WriteRequest};
use fabrik::sandbox::{CLOUDFLARE, Sandbox, World};
use fabrik::secrets::Secret;
use machine::id::{JournalId, RunId};
use machine::receipt::Attributes;
use machine::step::Step;
use machine::tag::OwnershipTag;

/// A client with a token, and the world it looks at.
struct Sky {
    sandbox: Sandbox,
    ports: Ports,
    cloudflare: Cloudflare,
}

impl Sky {
    fn new() -> Self {
        let sandbox = Sandbox::in_memory(7);
        let ports = sandbox.ports();
        let base = format!("https://{CLOUDFLARE}/client/v4");
        let cloudflare = Cloudflare::new(ports.clone(), &base, Secret::new("token"));
        Self { sandbox, ports, cloudflare }
    }

    fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        self.sandbox.with_world(change).unwrap()
    }

    async fn zone(&self) -> CloudflareZone {
        self.cloudflare.zone_of("blog.example.com", None).await.unwrap()
    }

    async fn records(&self, name: &str) -> Records {
        Records {
            cloudflare: self.cloudflare.clone(),
            zone: self.zone().await.id,
            name: name.to_owned(),
            step: Step::Dns(0),
        }
    }

    async fn send(&self, call: WriteRequest) -> WriteOutcome {
        let refusal = call.refusal;
        classify(self.ports.transport.send(call.request).await, refusal)
    }

    /// Makes a record of ours; what came back.
    async fn make(&self, kind: &str, name: &str, content: &str) -> WriteOutcome {
        let call = self.records(name).await.create_request(&fields(kind, name, content), &tag());
        self.send(call).await
    }

    async fn made(&self, kind: &str, name: &str, content: &str) -> RemoteObject {
        let WriteOutcome::Done(body) = self.make(kind, name, content).await else {
            panic!("{kind} {name} is made")
        };
        let records = self.records(name).await;
        records.parse_created(&body, &Attributes::new(), &tag()).unwrap()
    }
}

fn tag() -> OwnershipTag {
    OwnershipTag { run: RunId::from_bits(3), step: Step::Dns(0), journal: JournalId::from_bits(7) }
}

fn fields(kind: &str, name: &str, content: &str) -> Attributes {
    let pairs = [("type", kind), ("name", name), ("content", content), ("ttl", "600"), ("proxied", "false")];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn refusal<T: std::fmt::Debug>(came: Result<T, ReadError>) -> String {
    match came {
        Err(trouble @ ReadError::Refused { .. }) => trouble.to_string(),
        other => panic!("no refusal: {other:?}"),
    }
}
