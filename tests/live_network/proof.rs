//! What is proof and what is not, over real TLS.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use fabrik::net::{HostOverride, Pinned, Ports};
use fabrik::verify::{Check, Target};
use machine::entry::Proof;

use super::authority::{Authority, Shown, self_signed};
use super::names::{Knows, NameServer};
use super::site::{Says, Site, closing, mute};
use super::visit::{AMPLE, HOST, NEW, PLACE, SHORT, Seen, ports, target, visit};

/// The new version, well.
fn well(_: &str) -> Says {
    release(NEW)
}

fn release(id: &str) -> Says {
    Says::Whole(200, vec![("X-Fabrik-Release", id.to_owned())], "well")
}

fn redirect(to: String) -> Says {
    Says::Whole(302, vec![("Location", to)], "")
}

/// A name server that knows the site's record.
async fn zone() -> NameServer {
    NameServer::serve(|_| Knows::Addresses(vec![PLACE])).await
}

/// Looks at `site` by a record that is there, trusting `authority`.
async fn look(authority: &Authority, site: SocketAddr) -> Seen {
    let zone = zone().await;
    visit(&ports(&authority.pem(), AMPLE), &target(site, &zone.at)).await
}

#[tokio::test]
async fn a_well_site_with_a_whole_chain_is_proven() {
    let authority = Authority::new();
    for name in [HOST, "*.example.com"] {
        let site = Site::serve(authority.leaf(name, -1, 90), well).await;
        let seen = look(&authority, site.address).await;
        let proven = seen.outcome.expect("everything is well");
        assert_eq!(proven.proof, Proof::Fingerprint);
        assert!(proven.checks[0].1.starts_with("203.0.113.7, by 127.0.0.1:"), "{:?}", proven.checks);
        assert!(
            proven.checks[1].1.ends_with(" days, issued by Fabrik Test Authority"),
            "{:?}",
            proven.checks
        );
        assert_eq!(proven.checks[3].1, "GET /health 200 ×3, release 0000000b");
        let health = format!("{HOST}/health");
        assert_eq!(site.asked().iter().filter(|asked| **asked == health).count(), 3);
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_good_is_told_with_its_reason_and_nothing_is_asked_of_its_owner() {
    let authority = Authority::new();
    let cases: [(Shown, &str); 7] = [
        (authority.leaf(HOST, -30, -1), "has expired"),
        (authority.leaf(HOST, 2, 90), "not valid yet"),
        (authority.leaf("shop.example.com", -1, 90), "is for another name"),
        (authority.leaf("*.blog.example.com", -1, 90), "is for another name"),
        (self_signed(HOST), "not trusted"),
        (authority.incomplete(HOST), "chain is incomplete"),
        // One that calls itself as the trusted one does.
        (Authority::new().leaf(HOST, -1, 90), "not signed by its issuer"),
    ];
    for (shown, reason) in cases {
        let site = Site::serve(shown, well).await;
        let seen = look(&authority, site.address).await;
        assert_eq!(seen.ended_at(), Some(Check::Tls), "{reason}");
        let saw = seen.of(Check::Tls)[0];
        assert!(saw.starts_with("pending: ") && saw.contains(reason), "{reason} is not in: {saw}");
        assert!(saw.contains("(for ") && saw.contains("issued by "), "it does not say what was shown: {saw}");
        assert_eq!(site.asked(), [""; 0], "{reason}");
    }
}

#[tokio::test]
async fn who_is_trusted_nowhere_else_is_not_trusted_without_being_given() {
    let authority = Authority::new();
    let site = Site::serve(authority.leaf(HOST, -1, 90), well).await;
    let zone = zone().await;
    let seen = visit(&ports("", AMPLE), &target(site.address, &zone.at)).await;
    assert_eq!(seen.ended_at(), Some(Check::Tls));
}

#[tokio::test]
async fn a_place_that_a_person_gives_is_where_the_site_is_looked_at() {
    let authority = Authority::new();
    let site = Site::serve(authority.leaf(HOST, -1, 90), well).await;
    let zone = NameServer::serve(|_| Knows::NoName).await;
    let pin = HostOverride { host: "*".to_owned(), port: 443, address: site.address };
    let ports: Ports = Pinned::over(ports(&authority.pem(), AMPLE), vec![pin]);
    let target = Target { connect_to: None, ..target(site.address, &zone.at) };
    let seen = visit(&ports, &target).await;
    assert_eq!(seen.of(Check::Dns), ["skipped: 127.0.0.1 was given as the address"]);
    assert!(seen.outcome.is_ok());
    assert_eq!(zone.asked(), [""; 0]);
}

#[tokio::test]
async fn a_redirect_is_shown_and_never_followed() {
    let authority = Authority::new();
    let other = Site::serve(authority.leaf(HOST, -1, 90), well).await;
    let away = format!("https://{HOST}:{}/health", other.address.port());
    let there = away.clone();
    let answers = move |path: &str| if path == "/moved" { release(NEW) } else { redirect(there.clone()) };
    let site = Site::serve(authority.leaf(HOST, -1, 90), answers).await;
    let seen = look(&authority, site.address).await;
    assert_eq!(seen.ended_at(), Some(Check::Health));
    assert_eq!(seen.of(Check::Http), [format!("GET / 302 → {away}")]);
    assert_eq!(seen.of(Check::Health), [format!("GET /health 302 → {away}, waiting for 200:")]);
    assert_eq!(other.asked(), [""; 0]);

    let home = |path: &str| if path == "/moved" { release(NEW) } else { redirect("/moved".to_owned()) };
    let site = Site::serve(authority.leaf(HOST, -1, 90), home).await;
    assert_eq!(look(&authority, site.address).await.ended_at(), Some(Check::Health));
    assert!(!site.asked().iter().any(|asked| asked.ends_with("/moved")), "{:?}", site.asked());
}

#[tokio::test]
async fn the_wrong_version_answering_is_never_proof() {
    let authority = Authority::new();
    let old = |_: &str| release("0197000000007000800000000000000a");
    let nameless = |_: &str| Says::Whole(200, Vec::new(), "well");
    let old = Site::serve(authority.leaf(HOST, -1, 90), old).await;
    let seen = look(&authority, old.address).await;
    assert_eq!(seen.ended_at(), Some(Check::Health));
    assert!(seen.of(Check::Health)[0].contains("release 0000000a: the old version still answers"));
    let nameless = Site::serve(authority.leaf(HOST, -1, 90), nameless).await;
    let seen = look(&authority, nameless.address).await;
    assert_eq!(seen.of(Check::Health), ["GET /health 200, but no release in header X-Fabrik-Release"]);
}

#[tokio::test]
async fn a_site_that_gets_well_is_waited_for() {
    let authority = Authority::new();
    let asked = AtomicUsize::new(0);
    let late = move |_: &str| match asked.fetch_add(1, Ordering::SeqCst) {
        0 => Says::Closes,
        1 => Says::Half,
        3 => Says::Whole(503, Vec::new(), "starting"),
        _ => release(NEW),
    };
    let site = Site::serve(authority.leaf(HOST, -1, 90), late).await;
    let zone = zone().await;
    let target = Target { timeout: AMPLE * 10, ..target(site.address, &zone.at) };
    let seen = visit(&ports(&authority.pem(), AMPLE), &target).await;
    assert!(seen.outcome.is_ok(), "{:?}", seen.outcome);
    assert_eq!((seen.of(Check::Tls).len(), seen.of(Check::Http).len()), (3, 2));
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_no_answer() {
    let authority = Authority::new();
    for says in [Says::Half, Says::Closes] {
        let ill = says.clone();
        let at_health = move |path: &str| if path == "/health" { ill.clone() } else { release(NEW) };
        let site = Site::serve(authority.leaf(HOST, -1, 90), at_health).await;
        let seen = look(&authority, site.address).await;
        assert_eq!(seen.ended_at(), Some(Check::Health), "{says:?}");
        assert!(seen.of(Check::Health)[0].starts_with("no answer from blog.example.com:443: "), "{says:?}");
    }
    let seen = look(&authority, closing().await).await;
    assert_eq!(seen.ended_at(), Some(Check::Tls));
}

#[tokio::test]
async fn a_peer_that_goes_silent_at_any_point_is_given_up_when_time_is_up() {
    let authority = Authority::new();
    let zone = zone().await;
    let silent = Site::serve(authority.leaf(HOST, -1, 90), |_: &str| Says::Silence).await;
    let half = Site::serve(authority.leaf(HOST, -1, 90), |_: &str| Says::HalfAndSilence).await;
    for place in [mute().await, silent.address, half.address] {
        let hurried = Target { timeout: SHORT, interval: SHORT, ..target(place, &zone.at) };
        let seen = visit(&ports(&authority.pem(), AMPLE), &hurried).await;
        assert_eq!(seen.ended_at(), Some(Check::Tls));
        assert_eq!(seen.of(Check::Tls), ["no answer from blog.example.com:443: not done within 300ms"]);
    }
}
