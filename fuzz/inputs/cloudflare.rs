//! What Cloudflare, or whoever answers in its place, replies: everything that reads it, in turn.

use machine::phase::VolumePolicy;
use std::net::Ipv4Addr;
use std::sync::Arc;

use fabrik::providers::cloudflare::{EdgeProxy, Records, delegation, edge, normalize};
use fabrik::providers::{Cloudflare, Provider};
use fabrik::secrets::Secret;
use machine::id::{JournalId, RunId};
use machine::receipt::Attributes;
use machine::step::Step;
use machine::tag::OwnershipTag;

use super::api::{Api, TOKEN, now, told};

const HOST: &str = "blog.example.com";

pub fn feed(data: &[u8]) {
    let api = Api::read(data);
    zones(&api);
    records(&api, "0123456789abcdef0123456789abcdef");
    let cloudflare = seen(&api);
    told(now(cloudflare.token()));
    told(now(seen(&api).zones()));
    told(now(seen(&api).owns(Ipv4Addr::new(203, 0, 113, 7))));
}

fn seen(api: &Arc<Api>) -> Cloudflare {
    Cloudflare::new(api.ports(), "https://api.example.com/client/v4", Secret::new(TOKEN))
}

fn zones(api: &Arc<Api>) {
    for given in [None, Some("example.com"), Some("0123456789abcdef0123456789abcdef")] {
        let Some(zone) = told(now(seen(api).zone_of(HOST, given))) else { continue };
        // What a zone is called is what the next questions are made of.
        for proxy in [EdgeProxy::Never, EdgeProxy::Later, EdgeProxy::First] {
            assert!(zone.concerns(proxy).iter().all(|concern| !concern.line().is_empty()));
            told(now(seen(api).concerns(&zone, HOST, proxy)));
            let mode = told(now(seen(api).mode(&zone.id))).flatten();
            let _ = edge::judge(&zone, mode.as_ref(), proxy);
        }
        told(now(seen(api).creation_findings(&zone, HOST)));
        told(now(seen(api).usage(&zone.id)));
        let delegations = told(now(seen(api).delegations(&zone, HOST))).unwrap_or_default();
        let wildcards = told(now(seen(api).wildcards(&zone, HOST))).unwrap_or_default();
        let _ = (delegation::delegated(HOST, &delegations), delegation::covered(HOST, &wildcards));
        told(now(seen(api).check_access(&zone.id)));
        records(api, &zone.id);
    }
}

fn records(api: &Arc<Api>, zone: &str) {
    let records = || Records {
        cloudflare: seen(api),
        zone: zone.to_owned(),
        name: HOST.to_owned(),
        step: Step::Dns(0),
    };
    let tag = OwnershipTag { run: RunId::from_bits(1), step: Step::Dns(0), journal: JournalId::from_bits(7) };
    let wanted: Attributes = [("name", HOST), ("type", "A"), ("content", "203.0.113.7"), ("ttl", "1")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    told(now(records().find_by_tag(&tag)));
    told(now(records().check_access()));
    for object in told(now(records().find_by_key())).unwrap_or_default() {
        let _ = (object.differences(&wanted), records().unchangeable(&object, &wanted));
        // Written to anew, a record says what it said.
        assert_eq!(normalize::normal(&object.fields), normalize::normal(&normalize::normal(&object.fields)));
        told(now(records().get(&object.id)));
        api.sort(&records().update_request(&object.id, &wanted));
        api.sort(&records().delete_request(&object.id, VolumePolicy::Retain));
    }
    api.sort(&records().create_request(&wanted, &tag));
    for made in api.bodies().filter_map(|body| records().parse_created(&body, &wanted, &tag)) {
        assert_eq!(made.tag.as_ref(), Some(&tag), "it is taken for ours, and is not");
    }
}
