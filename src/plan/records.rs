//! Drawing the records: one for each domain of the spec, and the ones of domains that left it.

use machine::plan::{Action, DesiredRecord, DesiredResource, HandedOver, Proxy};
use machine::receipt::{Attributes, ResourceState};
use machine::step::{RecordIndex, Step};

use super::Blocker;
use super::find::find;
use super::planner::{Drawn, KnownResource, Planner, fields};
use super::survey::Site;
use crate::providers::cloudflare::Records;
use crate::providers::cloudflare::normalize::normal;
use crate::providers::{Clients, Provider, RemoteObject};
use crate::spec::{Proxied, Ttl};

/// What drawing one record brings beside it.
struct Beside {
    /// What earlier runs left behind at its name, to be deleted.
    late: Vec<ResourceState>,
    /// The record of another type that it takes the place of.
    replaced: Option<DesiredRecord>,
}

impl Planner<'_> {
    /// The wishes for all records, those no longer wanted last.
    ///
    /// # Errors
    /// [`Blocker`]: the first record in the way.
    pub(super) async fn records(
        &self,
        clients: &Clients,
    ) -> Result<(Vec<DesiredRecord>, Vec<ResourceState>), Blocker> {
        let (mut records, mut all_late) = (Vec::new(), Vec::new());
        let mut replaced = Vec::new();
        for (nth, site) in (0..=RecordIndex::MAX).zip(&self.surroundings.sites) {
            let (record, drawn) = self.record(clients, nth, site).await?;
            records.push(record);
            all_late.extend(drawn.late);
            replaced.extend(drawn.replaced);
        }
        records.extend(replaced);
        records.extend(self.unwanted(clients).await?);
        Ok((records, all_late))
    }

    /// What earlier releases left at names that somebody else keeps now: all of it, since nobody is asked about it.
    pub(super) fn handed_over(&self) -> Vec<HandedOver> {
        let Some(base) = self.base.filter(|_| self.resolved.spec.dns.managed().is_none()) else {
            return Vec::new();
        };
        let known = base.records().into_iter().chain(base.handed_over());
        known.map(|(record, state)| HandedOver { record: record.clone(), state }).collect()
    }

    async fn record(
        &self,
        clients: &Clients,
        nth: RecordIndex,
        site: &Site,
    ) -> Result<(DesiredRecord, Beside), Blocker> {
        let desired = DesiredResource { attributes: Attributes::new(), action: Action::Create };
        let (name, zone) = (site.name.clone(), site.zone.clone());
        let mut record = DesiredRecord { name, zone, desired, proxy: Proxy::AsMade };
        let provider = clients.records(&record, Step::Dns(nth));
        let receipt = self.base.and_then(|base| base.record(&site.name));
        let there = match &receipt {
            Some(receipt) => find(&provider, receipt).await?,
            None if self.resolved.spec.adopt.dns => provider.find_by_key().await?.pop(),
            None => None,
        };
        let proxied = proxied(site, there.as_ref());
        if site.proxied == Proxied::After && !proxied {
            record.proxy = Proxy::AfterProof;
        }
        let wanted = wanted(site, proxied);
        if let Some(old) = there.as_ref().and_then(|there| of_another_type(receipt.as_ref(), there, &wanted))
        {
            let late = self.alone(&provider, &old, &wanted).await?;
            let replaced = DesiredRecord { desired: old, proxy: Proxy::AsMade, ..record.clone() };
            record.desired = DesiredResource { attributes: wanted, action: Action::Create };
            return Ok((record, Beside { late, replaced: Some(replaced) }));
        }
        let known = KnownResource { receipt, adopt: self.resolved.spec.adopt.dns };
        let Drawn { desired, late } = self.own(&provider, known, wanted).await?;
        record.desired = desired;
        Ok((record, Beside { late, replaced: None }))
    }

    // Whatever else stands at the name would be in the way of the record that takes the place of `old`.
    async fn alone(
        &self,
        provider: &Records,
        old: &DesiredResource,
        wanted: &Attributes,
    ) -> Result<Vec<ResourceState>, Blocker> {
        let mut there = provider.find_by_key().await?;
        there.retain(|object| Some(object.id.as_str()) != old.action.id());
        let sorted = self.sort(provider, there).await?;
        if sorted.strangers.is_empty() {
            return Ok(sorted.late);
        }
        // What it takes the place of is to be kept until then, so nothing here may be adopted.
        Err(self.in_the_way(provider, &sorted.strangers, wanted, false).await)
    }

    // Only what carries this app's ownership tag was made by its runs; what was taken over stays.
    async fn unwanted(&self, clients: &Clients) -> Result<Vec<DesiredRecord>, Blocker> {
        let Some(base) = self.base else { return Ok(Vec::new()) };
        if self.resolved.spec.dns.managed().is_none() {
            return Ok(Vec::new());
        }
        let wanted = |name: &str| self.surroundings.sites.iter().any(|site| site.name == name);
        let known = base.records().into_iter().chain(base.handed_over());
        let mut records = Vec::new();
        for (record, receipt) in known.filter(|(record, _)| !wanted(&record.name)) {
            let Some(tag) = receipt.tag.clone() else { continue };
            let found = find(&clients.records(record, receipt.step), &receipt).await?;
            let Some(object) = found.filter(|object| object.tag.as_ref() == Some(&tag)) else { continue };
            let action = Action::Delete { id: object.id, before: receipt.attributes, tag };
            let desired = DesiredResource { attributes: Attributes::new(), action };
            records.push(DesiredRecord { desired, proxy: Proxy::AsMade, ..record.clone() });
        }
        Ok(records)
    }
}

// `true` proves the app without the proxy first; one that is already on stays on.
fn proxied(site: &Site, there: Option<&RemoteObject>) -> bool {
    match site.proxied {
        Proxied::No => false,
        Proxied::First => true,
        Proxied::After => {
            there.is_some_and(|object| object.fields.get("proxied").is_some_and(|on| on == "true"))
        }
    }
}

fn wanted(site: &Site, proxied: bool) -> Attributes {
    // Behind the proxy the time to live is Cloudflare's own (Cloudflare API, DNS record members).
    let ttl = match site.ttl {
        Ttl::Seconds(seconds) if !proxied => seconds.to_string(),
        Ttl::Auto | Ttl::Seconds(_) => "1".to_owned(),
    };
    normal(&fields([
        ("type", site.kind.name()),
        ("name", &site.name),
        ("content", &site.content),
        ("ttl", &ttl),
        ("proxied", if proxied { "true" } else { "false" }),
    ]))
}

// A record's type is not changed in place (Cloudflare API, updating records). One that this app's runs made, and that is as
// they left it, makes room for the wanted one; any other is refused as before.
fn of_another_type(
    known: Option<&ResourceState>,
    there: &RemoteObject,
    wanted: &Attributes,
) -> Option<DesiredResource> {
    let known = known?;
    let tag = known.tag.clone().filter(|tag| there.tag.as_ref() == Some(tag))?;
    if there.fields.get("type") == wanted.get("type") || !there.differences(&known.attributes).is_empty() {
        return None;
    }
    let action = Action::Delete { id: there.id.clone(), before: known.attributes.clone(), tag };
    Some(DesiredResource { attributes: Attributes::new(), action })
}
