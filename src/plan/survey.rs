//! Preflight: is everything there and usable that the spec takes for granted?

use std::net::Ipv4Addr;

use machine::plan::Place;

use super::Obstacle;
use crate::providers::coolify::servers::Server;
use crate::providers::{Cloudflare, Coolify};
use crate::spec::{Spec, Target};

/// Where the app will be, and the address that leads there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ground {
    /// The place, as the plan stores it.
    pub place: Place,
    /// What the record points at.
    pub address: Ipv4Addr,
    /// Coolify's version.
    pub version: String,
    /// Things to know that stop nothing.
    pub warnings: Vec<String>,
}

/// Looks at both APIs; changes nothing.
///
/// # Errors
/// [`Obstacle`]: the first thing that is in the way.
pub async fn survey(cloudflare: &Cloudflare, coolify: &Coolify, spec: &Spec) -> Result<Ground, Obstacle> {
    let (version, team, servers, zone) = tokio::join!(
        coolify.version(),
        coolify.team(),
        coolify.servers(),
        cloudflare.zone_of(spec.domain(), spec.dns.zone.as_deref()),
    );
    let (version, team, servers, zone) = (version?, team?, servers?, zone?);
    let server = choose(&servers, spec.server.as_deref())?;
    let address = address(cloudflare, coolify, spec, server).await?;
    let place = Place {
        coolify: coolify.url().to_owned(),
        team: team.id,
        zone_id: zone.id,
        zone: zone.name,
        name_servers: zone.name_servers,
        server: server.uuid.clone(),
        server_name: server.name.clone(),
    };
    let warnings = match zone.status.as_str() {
        "active" => Vec::new(),
        other => vec![format!("zone `{}` is {other}: its records may not be served yet", place.zone)],
    };
    Ok(Ground { place, address, version, warnings })
}

fn choose<'a>(all: &'a [Server], wanted: Option<&str>) -> Result<&'a Server, Obstacle> {
    let names = || all.iter().map(|server| server.name.as_str()).collect::<Vec<_>>().join(", ");
    if let Some(wanted) = wanted {
        let meant = |server: &&Server| server.name == wanted || server.uuid == wanted;
        let Some(server) = all.iter().find(meant) else {
            return Err(Obstacle::new(
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
        ([], []) => Err(Obstacle::new("Coolify has no server", "add one in Coolify")),
        ([], _) => Err(Obstacle::new("no server at Coolify is usable", format!("there is: {}", names()))),
        (_, _) => Err(Obstacle::new(
            "several servers are usable",
            format!("name one as `server:` in the spec: {}", names()),
        )),
    }
}

fn unusable(server: &Server) -> Obstacle {
    Obstacle::new(
        format!("server `{}` is not reachable or not usable for Coolify", server.name),
        "validate it in Coolify (Servers), then try again",
    )
}

async fn address(
    cloudflare: &Cloudflare,
    coolify: &Coolify,
    spec: &Spec,
    server: &Server,
) -> Result<Ipv4Addr, Obstacle> {
    if let Some(Target::V4(target)) = spec.dns.target {
        return Ok(target);
    }
    let unknown = |why: &str| {
        Obstacle::new(
            format!("the public address of server `{}` is not known: {why}", server.name),
            "write it as `dns: {target: ADDRESS}` in the spec",
        )
    };
    if server.tunnelled {
        return Err(unknown("it is behind a Cloudflare tunnel"));
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
