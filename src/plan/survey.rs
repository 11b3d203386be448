//! Survey: is everything there and usable that the spec takes for granted, at a Coolify that passed preflight?

use std::net::Ipv4Addr;

use machine::plan::{DesiredRecord, TargetLocation, Zone};
use machine::receipt::ResourceState;

use super::preflight::Facts;
use super::{Blocker, Release};
use crate::providers::cloudflare::edge;
use crate::providers::cloudflare::finding::{Finding, Weight};
use crate::providers::coolify::servers::Server;
use crate::providers::coolify::version::Version;
use crate::providers::{Clients, Cloudflare, Coolify};
use crate::spec::{DnsTarget, ManagedDns, Proxied, RecordType, Spec, Ttl};

/// Where the app will be, and what leads there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surroundings {
    /// The place, as the plan stores it.
    pub place: TargetLocation,
    /// What is to stand at each domain whose record Fabrik keeps, in the spec's order.
    pub sites: Vec<Site>,
    /// Coolify's version.
    pub version: String,
    /// Things to know that stop nothing.
    pub warnings: Vec<String>,
}

/// One domain: its zone, and the record that it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The domain, in ASCII.
    pub name: String,
    pub zone: Zone,
    pub kind: RecordType,
    /// What the record points at.
    pub content: String,
    /// How long resolvers may keep it.
    pub ttl: Ttl,
    /// Whether Cloudflare's proxy stands before it.
    pub proxied: Proxied,
}

impl Surroundings {
    /// Makes sure that the token still belongs to the team that preflight saw. Asked when all else was read, it says that
    /// what was read in between is of that team too.
    ///
    /// # Errors
    /// [`Blocker`] when it belongs to another one.
    pub async fn same_team(&self, coolify: &Coolify) -> Result<(), Blocker> {
        let (then, now) = (&self.place.team, coolify.team().await?.id);
        if now == *then {
            return Ok(());
        }
        Err(Blocker::new(
            format!(
                "COOLIFY_API_TOKEN belonged to team {then} when planning began, and belongs to team {now} now"
            ),
            "check which team the token is of, then try again",
        ))
    }
}

/// Looks at both APIs; changes nothing. `facts` is what preflight found.
///
/// # Errors
/// [`Blocker`]: the first thing that is in the way.
pub async fn survey(
    clients: &Clients,
    spec: &Spec,
    base: Option<&Release>,
    facts: &Facts,
) -> Result<Surroundings, Blocker> {
    let (cloudflare, coolify) = (&clients.cloudflare, &clients.coolify);
    let server = choose(&facts.servers, spec.server.as_deref())?;
    let version = facts.version.clone();
    let place = TargetLocation {
        coolify: coolify.url().to_owned(),
        team: facts.team.id.clone(),
        server: server.uuid.clone(),
        server_name: server.name.clone(),
    };
    let warnings = Version::parse(&version).and_then(Version::concern).into_iter().collect();
    let mut surroundings = Surroundings { place, sites: Vec::new(), version, warnings };
    let Some(dns) = spec.dns.managed() else {
        surroundings.warnings.extend(base.map(|base| left_to_others(spec, base)).unwrap_or_default());
        return Ok(surroundings);
    };
    if spec.domains.is_empty() {
        return Ok(surroundings);
    }
    let (kind, content) = target(cloudflare, coolify, dns, server).await?;
    for domain in &spec.domains {
        let zone = cloudflare.zone_of(domain, dns.zone.as_deref()).await?;
        surroundings.warnings.extend(weighed(&cloudflare.concerns(&zone, domain, proxy(dns)).await?)?);
        if base.and_then(|base| base.record(domain)).is_none() {
            surroundings.warnings.extend(weighed(&cloudflare.creation_findings(&zone, domain).await?)?);
        }
        let zone = Zone { id: zone.id, name: zone.name, name_servers: zone.name_servers };
        let (name, content, ttl, proxied) = (domain.clone(), content.clone(), dns.ttl, dns.proxied);
        surroundings.sites.push(Site { name, zone, kind, content, ttl, proxied });
    }
    Ok(surroundings)
}

// What a release kept is not written any more once somebody else keeps it, and not deleted either: the app may still be
// reached through it.
fn left_to_others(spec: &Spec, base: &Release) -> Vec<String> {
    let left = |(record, receipt): (&DesiredRecord, ResourceState)| {
        let name = spec.as_written(&record.name);
        let after = match receipt.tag {
            Some(_) => "Fabrik made it: `fabrik destroy` deletes it, and nothing else does",
            None => "it was taken over, so nothing deletes it",
        };
        format!(
            "record `{name}` stays as it is and is not managed any more, as `dns: external` asks; {after}"
        )
    };
    base.records().into_iter().map(left).collect()
}

fn proxy(dns: &ManagedDns) -> edge::EdgeProxy {
    match dns.proxied {
        _ if matches!(dns.target, Some(DnsTarget::Tunnel(_))) => edge::EdgeProxy::Tunnel,
        Proxied::No => edge::EdgeProxy::Never,
        Proxied::After => edge::EdgeProxy::Later,
        Proxied::First => edge::EdgeProxy::First,
    }
}

// The first refusal, or all warnings.
fn weighed(concerns: &[Finding]) -> Result<Vec<String>, Blocker> {
    match concerns.iter().find(|concern| concern.weight == Weight::Refusal) {
        Some(refusal) => Err(Blocker::new(&refusal.message, &refusal.hint)),
        None => Ok(concerns.iter().map(Finding::line).collect()),
    }
}

fn choose<'a>(all: &'a [Server], wanted: Option<&str>) -> Result<&'a Server, Blocker> {
    let names = || all.iter().map(|server| server.name.as_str()).collect::<Vec<_>>().join(", ");
    if let Some(wanted) = wanted {
        let meant = |server: &&Server| server.name == wanted || server.uuid == wanted;
        let Some(server) = all.iter().find(meant) else {
            return Err(Blocker::new(
                format!("no server `{wanted}` at Coolify"),
                format!("there is: {}", names()),
            ));
        };
        return if server.usable { Ok(server) } else { Err(unusable(server)) };
    }
    let usable: Vec<&Server> = all.iter().filter(|server| server.usable).collect();
    match (usable.as_slice(), all) {
        ([server], _) => Ok(server),
        ([], [only]) => Err(unusable(only)),
        ([], []) => Err(Blocker::new("Coolify has no server", "add one in Coolify")),
        ([], _) => Err(Blocker::new("no server at Coolify is usable", format!("there is: {}", names()))),
        (_, _) => Err(Blocker::new(
            "several servers are usable",
            format!("name one as `server:` in the spec: {}", names()),
        )),
    }
}

fn unusable(server: &Server) -> Blocker {
    Blocker::new(
        format!("server `{}` is not reachable or not usable for Coolify", server.name),
        "validate it in Coolify (Servers), then try again",
    )
}

// What the records point at: what the spec says, else the server.
async fn target(
    cloudflare: &Cloudflare,
    coolify: &Coolify,
    dns: &ManagedDns,
    server: &Server,
) -> Result<(RecordType, String), Blocker> {
    if let Some(target) = &dns.target {
        if let Some(address) = target.address()
            && cloudflare.owns(address).await?
        {
            return Err(Blocker::new(
                format!("`dns.target` {address} is one of Cloudflare's own addresses, no server is there"),
                "write the address of the server itself; `dns.proxied` puts Cloudflare in front of it",
            ));
        }
        return Ok((target.kind(), target.to_string()));
    }
    let address = address(cloudflare, coolify, server).await?;
    Ok((RecordType::A, address.to_string()))
}

async fn address(cloudflare: &Cloudflare, coolify: &Coolify, server: &Server) -> Result<Ipv4Addr, Blocker> {
    let unknown = |why: &str| {
        Blocker::new(
            format!("the public address of server `{}` is not known: {why}", server.name),
            "write it as `dns: {target: ADDRESS}` in the spec",
        )
    };
    if server.tunnelled {
        return Err(Blocker::new(
            format!(
                "server `{}` is behind a Cloudflare Tunnel, so it has no address to point at",
                server.name
            ),
            "write `dns: {tunnel: TUNNEL-ID}` in the spec (`cloudflared tunnel list` shows the id), or `dns: external` \
             if somebody else keeps the record",
        ));
    }
    if let Some(address) = server.address {
        return Ok(address);
    }
    if let Some(address) = coolify.public_address(&server.uuid).await? {
        return Ok(address);
    }
    // Coolify calls the machine it runs on `host.docker.internal`; its own name leads there, unless it is proxied.
    match coolify.own_address().await.filter(|_| server.is_coolify_host) {
        Some(address) if cloudflare.owns(address).await? => {
            Err(unknown("Coolify itself is behind Cloudflare's proxy"))
        }
        Some(address) => Ok(address),
        None => Err(unknown("Coolify does not tell it")),
    }
}
