//! Drawing the records: one for each domain of the spec, and the ones of domains that left it.

use machine::plan::{Action, Proxy, RecordWish, Wish};
use machine::receipt::{Fields, Receipt};
use machine::step::{Nth, Step};

use super::Obstacle;
use super::again::find;
use super::draw::{Drawing, Known, fields};
use super::survey::Site;
use crate::providers::Vendors;
use crate::spec::{Proxied, Ttl};

impl Drawing<'_> {
    /// The wishes for all records, those no longer wanted last.
    ///
    /// # Errors
    /// [`Obstacle`]: the first record in the way.
    pub(super) async fn records(&self, vendors: &Vendors) -> Result<Vec<RecordWish>, Obstacle> {
        let mut records = Vec::new();
        for (nth, site) in (0..=Nth::MAX).zip(&self.ground.sites) {
            records.push(self.record(vendors, nth, site).await?);
        }
        records.extend(self.unwanted(vendors).await?);
        Ok(records)
    }

    async fn record(&self, vendors: &Vendors, nth: Nth, site: &Site) -> Result<RecordWish, Obstacle> {
        let receipt = self.base.and_then(|base| base.record(&site.name));
        let proxied = self.proxied(receipt.as_ref());
        let mut record = RecordWish {
            name: site.name.clone(),
            zone: site.zone.clone(),
            wish: Wish { fields: Fields::new(), action: Action::Create },
            proxy: if self.ask.spec.dns.proxied == Proxied::After && !proxied {
                Proxy::AfterProof
            } else {
                Proxy::AsMade
            },
        };
        let known = Known { receipt, adopt: self.ask.spec.adopt.dns };
        let provider = vendors.records(&record, Step::Dns(nth));
        record.wish = self.own(&provider, known, self.wanted(site, proxied)).await?;
        same_type(&record)?;
        Ok(record)
    }

    // `true` proves the app without the proxy first; one that is already on stays on.
    fn proxied(&self, receipt: Option<&Receipt>) -> bool {
        match self.ask.spec.dns.proxied {
            Proxied::No => false,
            Proxied::First => true,
            Proxied::After => {
                receipt.is_some_and(|receipt| receipt.fields.get("proxied").is_some_and(|on| on == "true"))
            }
        }
    }

    fn wanted(&self, site: &Site, proxied: bool) -> Fields {
        // Behind the proxy the time to live is Cloudflare's own (Cloudflare API, DNS record members).
        let ttl = match self.ask.spec.dns.ttl {
            Ttl::Seconds(seconds) if !proxied => seconds.to_string(),
            Ttl::Auto | Ttl::Seconds(_) => "1".to_owned(),
        };
        fields([
            ("type", site.kind.name()),
            ("name", &site.name),
            ("content", &site.content),
            ("ttl", &ttl),
            ("proxied", if proxied { "true" } else { "false" }),
        ])
    }

    // Only what carries this app's mark was made by its runs; what was taken over stays.
    async fn unwanted(&self, vendors: &Vendors) -> Result<Vec<RecordWish>, Obstacle> {
        let Some(base) = self.base else { return Ok(Vec::new()) };
        let wanted = |name: &str| self.ground.sites.iter().any(|site| site.name == name);
        let mut records = Vec::new();
        for (record, receipt) in base.records().into_iter().filter(|(record, _)| !wanted(&record.name)) {
            let Some(mark) = receipt.mark.clone() else { continue };
            let found = find(&vendors.records(record, receipt.step), &receipt).await?;
            let Some(object) = found.filter(|object| object.mark.as_ref() == Some(&mark)) else { continue };
            let action = Action::Drop { id: object.id, before: receipt.fields, mark };
            let wish = Wish { fields: Fields::new(), action };
            records.push(RecordWish { wish, proxy: Proxy::AsMade, ..record.clone() });
        }
        Ok(records)
    }
}

// Cloudflare changes no record's type in place since 2026-06-30 (Cloudflare API, updating records).
fn same_type(record: &RecordWish) -> Result<(), Obstacle> {
    let Action::Change { before, .. } = &record.wish.action else { return Ok(()) };
    let (was, wanted) = (before.get("type"), record.wish.fields.get("type"));
    match (was, wanted) {
        (Some(was), Some(wanted)) if was != wanted => Err(Obstacle::new(
            format!(
                "the record of {} is {was}, and Cloudflare cannot make it {wanted} in place",
                record.name
            ),
            "take the domain out of the spec, apply, put it back with the new `dns.type`, and apply again",
        )),
        _ => Ok(()),
    }
}
