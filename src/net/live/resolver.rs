//! DNS by hickory: the system's resolver, or a name server of one's choice.
//!
//! Asks every time. Nothing is kept, not even that a name does not exist; `/etc/hosts` is not asked.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use async_trait::async_trait;
use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{self, RData};
use hickory_resolver::{ResolverBuilder, TokioResolver};

use crate::net::{Answer, QueryType, Question, ResolveError, Resolver};

/// The port of name servers.
const PORT: u16 = 53;

/// The DNS as it is.
#[derive(Debug, Clone, Copy)]
pub struct LiveResolver {
    /// How long one try may take; there are two.
    timeout: Duration,
}

impl Default for LiveResolver {
    fn default() -> Self {
        Self::within(Duration::from_secs(3))
    }
}

impl LiveResolver {
    /// With so much time for each try.
    #[must_use]
    pub fn within(timeout: Duration) -> Self {
        Self { timeout }
    }

    fn system(self, hosts: ResolveHosts) -> Result<TokioResolver, ResolveError> {
        let builder = TokioResolver::builder_tokio().map_err(|error| unanswered(&error))?;
        self.build(builder, hosts)
    }

    fn at(self, servers: &[SocketAddr]) -> Result<TokioResolver, ResolveError> {
        let servers = servers.iter().map(name_server).collect();
        let config = ResolverConfig::from_name_servers(servers);
        let builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        self.build(builder, ResolveHosts::Never)
    }

    fn build(
        self,
        mut builder: ResolverBuilder<TokioRuntimeProvider>,
        hosts: ResolveHosts,
    ) -> Result<TokioResolver, ResolveError> {
        let options: &mut ResolverOpts = builder.options_mut();
        options.timeout = self.timeout;
        options.attempts = 1;
        options.cache_size = 0;
        options.use_hosts_file = hosts;
        builder.build().map_err(|error| unanswered(&error))
    }

    /// Where a name server is, which may be given by name.
    async fn addresses(self, server: &str) -> Result<Vec<SocketAddr>, ResolveError> {
        if let Ok(address) = server.parse() {
            return Ok(vec![address]);
        }
        if let Ok(address) = server.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, PORT)]);
        }
        let found = self.system(ResolveHosts::Auto)?.lookup_ip(server).await;
        // That the server has no address says nothing about the name it is asked for.
        let found = found.map_err(|error| unanswered(&error))?;
        Ok(found.iter().map(|address| SocketAddr::new(address, PORT)).collect())
    }
}

#[async_trait]
impl Resolver for LiveResolver {
    async fn ask(&self, question: &Question) -> Result<Vec<Answer>, ResolveError> {
        let resolver = match &question.server {
            None => self.system(ResolveHosts::Never)?,
            Some(server) => self.at(&self.addresses(server).await?)?,
        };
        // The final dot keeps the system's search list out.
        let name = format!("{}.", question.name.trim_end_matches('.'));
        let lookup =
            resolver.lookup(name, wanted(question.record_type)).await.map_err(|error| reason(&error))?;
        let answers = answers(&lookup, question.record_type);
        if answers.is_empty() { Err(ResolveError::Nothing) } else { Ok(answers) }
    }
}

fn name_server(at: &SocketAddr) -> NameServerConfig {
    let mut config = NameServerConfig::udp_and_tcp(at.ip());
    config.connections.iter_mut().for_each(|connection| connection.port = at.port());
    config
}

fn wanted(record_type: QueryType) -> rr::RecordType {
    match record_type {
        QueryType::A => rr::RecordType::A,
        QueryType::Aaaa => rr::RecordType::AAAA,
        QueryType::Cname => rr::RecordType::CNAME,
        QueryType::Ns => rr::RecordType::NS,
    }
}

/// The records asked for; the aliases on the way to them are left out.
fn answers(lookup: &Lookup, record_type: QueryType) -> Vec<Answer> {
    let records = lookup.answers().iter().filter(|record| record.record_type() == wanted(record_type));
    records.filter_map(|record| Some(Answer { value: value(&record.data)?, ttl: record.ttl })).collect()
}

fn value(data: &RData) -> Option<String> {
    match data {
        RData::A(address) => Some(address.to_string()),
        RData::AAAA(address) => Some(address.to_string()),
        RData::CNAME(name) => Some(host(name)),
        RData::NS(name) => Some(host(name)),
        _ => None,
    }
}

fn host(name: &rr::Name) -> String {
    name.to_string().trim_end_matches('.').to_owned()
}

fn reason(error: &NetError) -> ResolveError {
    if error.is_no_records_found() { ResolveError::Nothing } else { unanswered(error) }
}

fn unanswered(error: &NetError) -> ResolveError {
    ResolveError::Unanswered(error.to_string())
}
