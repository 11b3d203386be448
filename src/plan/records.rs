//! Drawing the records: one for each domain of the spec, and the ones of domains that left it.

use machine::plan::{Action, Proxy, RecordWish, Wish};
use machine::receipt::{Fields, Receipt};
use machine::step::{Nth, Step};

use super::Obstacle;
use super::again::find;
use super::draw::{Drawing, Drawn, Known, fields};
use super::survey::Site;
use crate::providers::cloudflare::form::normal;
use crate::providers::{Object, Provider, Vendors};
use crate::spec::{Proxied, Ttl};

impl Drawing<'_> {
    /// The wishes for all records, those no longer wanted last.
    ///
    /// # Errors
    /// [`Obstacle`]: the first record in the way.
    pub(super) async fn records(
        &self,
        vendors: &Vendors,
    ) -> Result<(Vec<RecordWish>, Vec<Receipt>), Obstacle> {
        let (mut records, mut all_late) = (Vec::new(), Vec::new());
        for (nth, site) in (0..=Nth::MAX).zip(&self.ground.sites) {
            let (record, late) = self.record(vendors, nth, site).await?;
            records.push(record);
            all_late.extend(late);
        }
        records.extend(self.unwanted(vendors).await?);
        Ok((records, all_late))
    }

    async fn record(
        &self,
        vendors: &Vendors,
        nth: Nth,
        site: &Site,
    ) -> Result<(RecordWish, Vec<Receipt>), Obstacle> {
        let wish = Wish { fields: Fields::new(), action: Action::Create };
        let (name, zone) = (site.name.clone(), site.zone.clone());
        let mut record = RecordWish { name, zone, wish, proxy: Proxy::AsMade };
        let provider = vendors.records(&record, Step::Dns(nth));
        let receipt = self.base.and_then(|base| base.record(&site.name));
        let there = match &receipt {
            Some(receipt) => find(&provider, receipt).await?,
            None if self.ask.spec.adopt.dns => provider.look().await?.pop(),
            None => None,
        };
        let proxied = self.proxied(there.as_ref());
        let known = Known { receipt, adopt: self.ask.spec.adopt.dns };
        let Drawn { wish, late } = self.own(&provider, known, self.wanted(site, proxied)).await?;
        record.wish = wish;
        if self.ask.spec.dns.proxied == Proxied::After && !proxied {
            record.proxy = Proxy::AfterProof;
        }
        Ok((record, late))
    }

    // `true` proves the app without the proxy first; one that is already on stays on.
    fn proxied(&self, there: Option<&Object>) -> bool {
        match self.ask.spec.dns.proxied {
            Proxied::No => false,
            Proxied::First => true,
            Proxied::After => {
                there.is_some_and(|object| object.fields.get("proxied").is_some_and(|on| on == "true"))
            }
        }
    }

    fn wanted(&self, site: &Site, proxied: bool) -> Fields {
        // Behind the proxy the time to live is Cloudflare's own (Cloudflare API, DNS record members).
        let ttl = match self.ask.spec.dns.ttl {
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
