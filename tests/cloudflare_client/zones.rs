//! Which zone a host is in, and what its state means.

use fabrik::providers::ReadError;
use fabrik::providers::cloudflare::{EdgeProxy, Weight};
use fabrik::sandbox::records::SimZone;
use fabrik::sandbox::{Quirk, Setup};

use super::{Sky, refusal};

#[tokio::test]
async fn the_longest_zone_that_holds_the_host_is_taken() {
    let sky = Sky::new();
    sky.change(|world| world.zones.push(SimZone::at("team.example.com")));
    for (host, zone) in [
        ("blog.team.example.com", "team.example.com"),
        ("team.example.com", "team.example.com"),
        ("blogteam.example.com", "example.com"),
        ("example.com", "example.com"),
    ] {
        assert_eq!(sky.cloudflare.zone_of(host, None).await.unwrap().name, zone, "{host}");
    }
}

#[tokio::test]
async fn a_zone_with_a_unicode_name_is_found_whichever_form_the_filter_wants() {
    for quirk in [None, Some(Quirk::UnicodeNames)] {
        let sky = Sky::new();
        sky.change(|world| world.cloudflare.quirks.extend(quirk));
        let zone = sky.cloudflare.zone_of("blog.xn--bcher-kva.example", None).await.unwrap();
        assert_eq!(zone.name, "xn--bcher-kva.example");
        assert_eq!(
            sky.cloudflare.zone_of("blog.bücher.example", Some("bücher.example")).await.unwrap(),
            zone
        );
    }
}

#[tokio::test]
async fn a_zone_given_by_name_or_id_is_taken_if_it_holds_the_host() {
    let sky = Sky::new();
    let zone = sky.zone().await;
    for given in ["example.com", &zone.id] {
        assert_eq!(sky.cloudflare.zone_of("blog.example.com", Some(given)).await.unwrap(), zone);
        let ports = sky.cloudflare.zone_of("notexample.com", Some(given)).await;
        assert!(refusal(ports).contains("`notexample.com` is not in it"));
    }
    let unknown = sky.cloudflare.zone_of("blog.example.com", Some(&"0".repeat(32))).await;
    assert!(refusal(unknown).contains("not visible to CLOUDFLARE_API_TOKEN"));
}

#[tokio::test]
async fn several_zones_of_one_name_are_named_with_their_accounts_and_deleted_ones_do_not_count() {
    let sky = Sky::new();
    let first = sky.zone().await;
    let double = |id: &str, account: &str, status: &str| {
        let setup = Setup { account: account.to_owned(), status: status.to_owned(), ..Setup::default() };
        SimZone { id: id.repeat(32), setup, ..SimZone::at("example.com") }
    };
    sky.change(|world| world.zones.push(double("d", "Old", "deleted")));
    assert_eq!(sky.zone().await, first);
    sky.change(|world| world.zones.push(double("e", "Other", "pending")));
    let words = refusal(sky.cloudflare.zone_of("blog.example.com", None).await);
    for said in [&first.id, &"e".repeat(32), "Sandbox", "Other", "pending", "dns.zone"] {
        assert!(words.contains(said), "{words}");
    }
    assert!(!words.contains("Old"), "{words}");
    let meant = sky.cloudflare.zone_of("blog.example.com", Some(&"e".repeat(32))).await.unwrap();
    assert_eq!(meant.status, "pending");
}

#[tokio::test]
async fn a_token_limited_to_one_zone_finds_that_one_and_no_other() {
    let sky = Sky::new();
    sky.change(|world| world.cloudflare.scope = Some(vec!["example.com".into()]));
    assert_eq!(sky.zone().await.name, "example.com");
    let other = sky.cloudflare.zone_of("blog.example.org", None).await;
    assert!(refusal(other).contains("zone for `blog.example.org`"));
}

#[tokio::test]
async fn a_zone_without_name_servers_is_a_zone_all_the_same() {
    let sky = Sky::new();
    sky.change(|world| world.zone("example.com").unwrap().setup.hides_servers = true);
    assert_eq!(sky.zone().await.name_servers, Vec::<String>::new());
}

#[tokio::test]
async fn a_zone_that_the_token_no_longer_sees_is_no_proof_of_absence() {
    let sky = Sky::new();
    let zone = sky.zone().await;
    sky.change(|world| world.cloudflare.scope = Some(Vec::new()));
    assert!(matches!(sky.cloudflare.check_access(&zone.id).await, Err(ReadError::TokenRefused { .. })));
    sky.change(|world| {
        world.cloudflare.scope = None;
        world.zones.clear();
    });
    assert!(matches!(sky.cloudflare.check_access(&zone.id).await, Err(ReadError::Elsewhere { .. })));
}

/// What it is called, how it comes about, what is asked for, and what is said of it.
type State = (&'static str, fn(&mut Setup), EdgeProxy, &'static [(Weight, &'static str)]);

#[tokio::test]
async fn every_state_of_a_zone_is_told_for_what_it_means() {
    let states: [State; 12] = [
        ("active", |_| {}, EdgeProxy::First, &[]),
        ("paused, not proxied", |it| it.paused = true, EdgeProxy::Never, &[]),
        ("paused", |it| it.paused = true, EdgeProxy::Later, &[(Weight::Warning, "is paused")]),
        (
            "paused, proxied first",
            |it| it.paused = true,
            EdgeProxy::First,
            &[(Weight::Refusal, "would be shown")],
        ),
        (
            "pending",
            |it| it.status = "pending".into(),
            EdgeProxy::Never,
            &[(Weight::Warning, "ns1.sandbox.fabrik")],
        ),
        (
            "pending, proxied first",
            |it| it.status = "pending".into(),
            EdgeProxy::First,
            &[(Weight::Warning, "is pending"), (Weight::Refusal, "would be shown")],
        ),
        (
            "initializing",
            |it| it.status = "initializing".into(),
            EdgeProxy::Never,
            &[(Weight::Warning, "not be served")],
        ),
        ("moved", |it| it.status = "moved".into(), EdgeProxy::Never, &[(Weight::Refusal, "has moved")]),
        (
            "deactivated",
            |it| it.status = "deactivated".into(),
            EdgeProxy::Never,
            &[(Weight::Refusal, "activate it")],
        ),
        ("partial", |it| it.kind = "partial".into(), EdgeProxy::Never, &[(Weight::Refusal, "partial setup")]),
        (
            "secondary",
            |it| it.kind = "secondary".into(),
            EdgeProxy::Never,
            &[(Weight::Refusal, "primary server")],
        ),
        (
            "internal",
            |it| it.kind = "internal".into(),
            EdgeProxy::Never,
            &[(Weight::Refusal, "of type internal")],
        ),
    ];
    for (what, set_up, proxy, expected) in states {
        let sky = Sky::new();
        sky.change(|world| set_up(&mut world.zone("example.com").unwrap().setup));
        let concerns = sky.zone().await.concerns(proxy);
        assert_eq!(concerns.len(), expected.len(), "{what}: {concerns:?}");
        for (concern, (weight, words)) in concerns.iter().zip(expected) {
            assert_eq!(concern.weight, *weight, "{what}");
            assert!(concern.line().contains(words), "{what}: {}", concern.line());
        }
    }
}

#[tokio::test]
async fn a_good_token_that_is_refused_once_is_asked_again_and_a_bad_one_is_told() {
    let sky = Sky::new();
    sky.change(|world| world.cloudflare.refusals = 1);
    assert_eq!(sky.zone().await.name, "example.com");
    sky.change(|world| world.cloudflare.refusals = 9);
    let refused = sky.cloudflare.zone_of("blog.example.com", None).await.unwrap_err();
    assert!(matches!(refused, ReadError::TokenRefused { .. }));
    assert!(refused.to_string().contains("give it Zone:Read and DNS:Edit"), "{refused}");
}
