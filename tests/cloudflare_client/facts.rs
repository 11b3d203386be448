//! What is to be known before a run begins.

use fabrik::providers::cloudflare::delegation;
use fabrik::providers::cloudflare::edge::{self, EdgeProxy, Mode};
use fabrik::providers::cloudflare::finding::{Finding, Weight};
use fabrik::providers::cloudflare::quota::Usage;
use fabrik::sandbox::Quirk;

use super::Sky;

fn told(concern: Option<Finding>) -> Option<(Weight, String)> {
    concern.map(|concern| (concern.weight, concern.line()))
}

#[tokio::test]
async fn a_nearly_full_zone_is_a_warning_and_a_full_one_a_refusal() {
    let sky = Sky::new();
    let zone = sky.zone().await;
    sky.made("A", "blog.example.com", "203.0.113.1").await;
    for (quota, weight) in [(200, None), (7, None), (6, Some(Weight::Warning)), (1, Some(Weight::Refusal))] {
        sky.change(|world| world.cloudflare.quota = quota);
        let usage = sky.cloudflare.usage(&zone.id).await.unwrap().unwrap();
        assert_eq!(usage, Usage { quota: Some(quota as u64), used: 1 });
        assert_eq!(usage.concern(&zone).map(|concern| concern.weight), weight, "{quota}");
    }
    sky.change(|world| world.cloudflare.quirks.extend([Quirk::QuotaHidden]));
    let usage = sky.cloudflare.usage(&zone.id).await.unwrap().unwrap();
    assert_eq!((usage.quota, usage.concern(&zone)), (None, None));
}

#[tokio::test]
async fn a_delegation_at_or_above_the_name_refuses_it_and_names_the_records() {
    let sky = Sky::new();
    let zone = sky.zone().await;
    for (name, server) in [("team.example.com", "ns.example.net"), ("example.com", "ns.example.org")] {
        sky.made("NS", name, server).await;
    }
    for (host, is_shadowed) in [
        ("team.example.com", true),
        ("blog.team.example.com", true),
        ("blogteam.example.com", false),
        ("example.com", false),
    ] {
        let found = sky.cloudflare.delegations(&zone, host).await.unwrap();
        let told = told(delegation::delegated(host, &found));
        assert_eq!(told.is_some(), is_shadowed, "{host}: {told:?}");
        if let Some((weight, line)) = told {
            assert_eq!(weight, Weight::Refusal);
            assert!(
                line.contains("NS team.example.com → ns.example.net") && !line.contains("example.org"),
                "{line}"
            );
        }
    }
}

#[tokio::test]
async fn a_wildcard_that_answers_for_the_name_is_a_warning() {
    let sky = Sky::new();
    let zone = sky.zone().await;
    for (kind, name, content) in [
        ("A", "*.example.com", "203.0.113.1"),
        ("TXT", "*.team.example.com", "hello"),
        ("CNAME", "*.shop.example.com", "other.example.net"),
    ] {
        sky.made(kind, name, content).await;
    }
    for (host, names) in [
        ("blog.example.com", vec!["*.example.com"]),
        ("a.shop.example.com", vec!["*.example.com", "*.shop.example.com"]),
        ("shop.example.com", vec!["*.example.com"]),
        ("a.team.example.com", vec!["*.example.com"]),
        ("example.com", vec![]),
    ] {
        let found = sky.cloudflare.wildcards(&zone, host).await.unwrap();
        assert_eq!(found.iter().map(|it| it.fields["name"].as_str()).collect::<Vec<_>>(), names, "{host}");
        let weight = told(delegation::covered(host, &found)).map(|(weight, _)| weight);
        assert_eq!(weight, (!names.is_empty()).then_some(Weight::Warning));
    }
}

#[tokio::test]
async fn a_proxied_name_two_labels_deep_is_a_warning() {
    let zone = Sky::new().zone().await;
    for (host, is_deep) in [("example.com", false), ("blog.example.com", false), ("a.blog.example.com", true)]
    {
        assert_eq!(edge::depth(&zone, host).is_some(), is_deep, "{host}");
    }
}

#[tokio::test]
async fn every_encryption_mode_is_told_for_what_it_does_to_an_app_behind_coolify() {
    let sky = Sky::new();
    let zone = sky.zone().await;
    for (ssl, later, first) in [
        ("off", Some(Weight::Refusal), Some(Weight::Refusal)),
        ("flexible", Some(Weight::Refusal), Some(Weight::Refusal)),
        ("full", None, None),
        ("strict", None, Some(Weight::Warning)),
        ("origin_pull", None, Some(Weight::Warning)),
        ("quantum", Some(Weight::Warning), Some(Weight::Warning)),
    ] {
        sky.change(|world| world.zone("example.com").unwrap().setup.ssl = ssl.into());
        let mode = sky.cloudflare.mode(&zone.id).await.unwrap();
        for (proxy, weight) in [(EdgeProxy::Later, later), (EdgeProxy::First, first)] {
            let told = told(edge::judge(&zone, mode.as_ref(), proxy));
            assert_eq!(told.as_ref().map(|(weight, _)| *weight), weight, "{ssl} {proxy:?}: {told:?}");
        }
    }
}

#[tokio::test]
async fn a_mode_that_the_token_may_not_read_is_unknown_and_no_error() {
    let sky = Sky::new();
    let zone = sky.zone().await;
    sky.change(|world| world.cloudflare.quirks.extend([Quirk::SettingsHidden]));
    let mode: Option<Mode> = sky.cloudflare.mode(&zone.id).await.unwrap();
    assert_eq!(mode, None);
    let (weight, line) = told(edge::judge(&zone, None, EdgeProxy::Later)).unwrap();
    assert!(weight == Weight::Warning && line.contains("Zone Settings:Read"), "{line}");
}

#[tokio::test]
async fn another_record_of_the_name_that_differs_in_the_proxy_is_a_warning() {
    let sky = Sky::new();
    let other = sky.made("A", "blog.example.com", "203.0.113.1").await;
    assert!(edge::mixed(std::slice::from_ref(&other), true).is_some());
    assert!(edge::mixed(&[other], false).is_none());
}

#[tokio::test]
async fn all_concerns_are_joined_and_an_unproxied_record_in_a_good_zone_has_none() {
    let sky = Sky::new();
    let zone = sky.zone().await;
    let none = sky.cloudflare.concerns(&zone, "a.blog.example.com", EdgeProxy::Never).await.unwrap();
    assert_eq!(none, []);
    assert_eq!(sky.cloudflare.creation_findings(&zone, "a.blog.example.com").await.unwrap(), []);
    sky.made("A", "*.example.com", "203.0.113.1").await;
    sky.made("NS", "blog.example.com", "ns.example.net").await;
    sky.change(|world| {
        world.cloudflare.quota = 2;
        let setup = &mut world.zone("example.com").unwrap().setup;
        (setup.ssl, setup.paused) = ("flexible".into(), true);
    });
    let zone = sky.zone().await;
    let host = "a.blog.example.com";
    let lines = |concerns: Vec<Finding>| concerns.iter().map(Finding::line).collect::<Vec<_>>();
    let always = lines(sky.cloudflare.concerns(&zone, host, EdgeProxy::Later).await.unwrap());
    let at_creation = lines(sky.cloudflare.creation_findings(&zone, host).await.unwrap());
    let words = [
        "is paused",
        "not answered by this zone",
        "covers",
        "Flexible",
        "2 of 2 records",
        "before it has a record",
    ];
    let all: Vec<&String> = always.iter().chain(&at_creation).collect();
    assert_eq!((always.len(), at_creation.len()), (4, 2), "{all:?}");
    for (line, words) in all.iter().zip(words) {
        assert!(line.contains(words), "{words}: {line}");
    }
}

#[tokio::test]
async fn ranges_hold_the_edge_of_both_kinds_and_no_origin() {
    let sky = Sky::new();
    let ranges = sky.cloudflare.ranges().await.unwrap();
    for (address, inside) in
        [("104.21.7.7", true), ("2606:4700::1", true), ("203.0.113.7", false), ("2001:db8::1", false)]
    {
        let address: std::net::IpAddr = address.parse().unwrap();
        assert_eq!(ranges.iter().any(|range| range.contains(&address)), inside, "{address}");
        assert_eq!(sky.cloudflare.owns(address).await.unwrap(), inside);
    }
}
