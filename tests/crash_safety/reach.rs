//! Who keeps the record of an app's name, and how that changes: by Fabrik, through a tunnel, by somebody else.

use fabrik::engine::RunOutcome;
use fabrik::engine::commands::CommandOutcome;
use fabrik::sandbox::world::Tunnel;
use fabrik::sandbox::{CLOUDFLARE, World};

use super::crash::CrashPoint;
use super::invariants::at_rest;
use super::operation::{TUNNEL, complete, destroyed, rolled_back};
use super::scenario::{Made, Scenario};

/// The ways in which a name may be kept, as a spec writes them; the first is the default.
fn ways() -> [String; 3] {
    [String::new(), "\ndns: external".to_owned(), format!("\ndns: {{tunnel: {TUNNEL}}}")]
}

fn switch(scenario: &Scenario, from: &str, to: &str) {
    scenario.respec(&format!("domain: blog.example.com{from}\n"), &format!("domain: blog.example.com{to}\n"));
}

async fn applied(scenario: &Scenario, context: &str) {
    let outcome = scenario.apply(&CrashPoint::default()).await;
    assert!(complete(&outcome), "{context}: {outcome:?}");
    at_rest(scenario, context).await;
}

fn records(world: &World) -> Vec<(&str, &str, bool)> {
    let at_name = world.records.iter().filter(|it| it.name == "blog.example.com");
    at_name.map(|it| (it.kind.as_str(), it.content.as_str(), it.proxied)).collect()
}

fn urls(world: &World) -> Vec<String> {
    let ours = world.services.iter().filter(|it| it.description.is_some());
    let applications = world.applications.iter().filter(|it| it.description.is_some());
    ours.flat_map(fabrik::sandbox::SimService::domains)
        .chain(applications.filter_map(|it| it.fqdn.clone()))
        .collect()
}

fn asked_cloudflare(world: &World) -> u64 {
    world.log.by_host.get(CLOUDFLARE).copied().unwrap_or_default()
}

#[tokio::test]
async fn an_app_behind_a_tunnel_has_an_http_domain_and_a_proxied_alias() {
    for made in [Made::Folder, Made::Image] {
        let scenario = Scenario::with(made, 1);
        switch(&scenario, "", &ways()[2]);
        applied(&scenario, "behind a tunnel").await;
        let world = scenario.sandbox.world();
        let name = format!("{TUNNEL}.cfargotunnel.com");
        assert_eq!(records(&world), [("CNAME", name.as_str(), true)], "{made:?}");
        let urls = urls(&world);
        assert!(
            urls.iter().all(|url| url.starts_with("http://blog.example.com")) && urls.len() == 1,
            "{urls:?}"
        );
        let outcome = scenario.destroy(&CrashPoint::default()).await;
        assert!(destroyed(&outcome), "{outcome:?}");
        at_rest(&scenario, "destroyed behind a tunnel").await;
    }
}

#[tokio::test]
async fn an_app_whose_record_others_keep_is_verified_and_cloudflare_is_never_asked() {
    for made in [Made::Folder, Made::Image] {
        let scenario = Scenario::with(made, 1);
        scenario.sandbox.stranger_record_to("*.example.com", "server").unwrap();
        switch(&scenario, "", &ways()[1]);
        applied(&scenario, "kept by others").await;
        scenario.revise();
        applied(&scenario, "updated").await;
        assert!(rolled_back(&scenario.roll_back(&CrashPoint::default()).await));
        assert!(destroyed(&scenario.destroy(&CrashPoint::default()).await));
        at_rest(&scenario, "destroyed").await;
        let world = scenario.sandbox.world();
        assert_eq!((asked_cloudflare(&world), records(&world)), (0, vec![]), "{made:?}");
    }
}

#[tokio::test]
async fn a_name_that_leads_nowhere_or_elsewhere_is_never_called_deployed() {
    for to in [None, Some("198.51.100.7")] {
        let scenario = Scenario::new(1);
        if let Some(to) = to {
            scenario.sandbox.stranger_record_to("*.example.com", to).unwrap();
            scenario.sandbox.with_world(|world| world.server.ipv6 = None).unwrap();
        }
        switch(&scenario, "", &ways()[1]);
        let outcome = scenario.apply(&CrashPoint::default()).await;
        let CommandOutcome::Ended(RunOutcome::RolledBack { cause, .. }) = outcome else {
            panic!("{to:?}: {outcome:?}")
        };
        assert_eq!(cause.hint.contains("`dns: external`"), to.is_none(), "{to:?}: {cause:?}");
    }
}

#[tokio::test]
async fn every_switch_between_the_ways_ends_as_asked_and_its_undo_as_before() {
    for from in ways() {
        for to in ways().into_iter().filter(|to| *to != from) {
            let context = format!("from {from:?} to {to:?}");
            let scenario = Scenario::new(1);
            // What others keep leads to the server, whatever Fabrik keeps.
            scenario.sandbox.stranger_record_to("*.example.com", "server").unwrap();
            switch(&scenario, "", &from);
            applied(&scenario, &context).await;
            switch(&scenario, &from, &to);
            // A name that leads through a tunnel of ours goes on to do so: others have to take it over first.
            if from.contains("tunnel") && to.contains("external") {
                let outcome = scenario.apply(&CrashPoint::default()).await;
                let CommandOutcome::Ended(RunOutcome::RolledBack { cause, .. }) = outcome else {
                    panic!("{context}: {outcome:?}")
                };
                assert!(cause.hint.contains("dns: {tunnel:"), "{context}: {cause:?}");
                at_rest(&scenario, &context).await;
                continue;
            }
            applied(&scenario, &context).await;
            let outcome = scenario.roll_back(&CrashPoint::default()).await;
            assert!(rolled_back(&outcome), "{context}: {outcome:?}");
            at_rest(&scenario, &format!("{context}, undone")).await;
        }
    }
}

#[tokio::test]
async fn a_switch_to_a_tunnel_that_is_down_leaves_the_earlier_release_answering_at_its_record() {
    for made in [Made::Folder, Made::Image] {
        let scenario = Scenario::with(made, 1);
        applied(&scenario, "first").await;
        let before =
            records(&scenario.sandbox.world()).into_iter().map(|it| format!("{it:?}")).collect::<Vec<_>>();
        switch(&scenario, "", &ways()[2]);
        scenario
            .sandbox
            .with_world(|world| {
                world.tunnels.insert(TUNNEL.to_owned(), Tunnel::Down);
            })
            .unwrap();
        let outcome = scenario.apply(&CrashPoint::default()).await;
        let CommandOutcome::Ended(RunOutcome::RolledBack { cause, .. }) = outcome else {
            panic!("{made:?}: {outcome:?}")
        };
        assert!(cause.message.contains("the tunnel is down"), "{cause:?}");
        assert!(cause.hint.contains("cloudflared"), "{cause:?}");
        at_rest(&scenario, "undone").await;
        let world = scenario.sandbox.world();
        let after: Vec<_> = records(&world).into_iter().map(|it| format!("{it:?}")).collect();
        assert_eq!(after, before, "{made:?}");
        assert!(urls(&world).iter().all(|url| url.starts_with("https://")), "{:?}", urls(&world));
    }
}

#[tokio::test]
async fn a_record_that_was_left_to_others_stays_is_told_of_is_taken_back_and_goes_with_the_app() {
    let scenario = Scenario::new(1);
    applied(&scenario, "first").await;
    let (asked, record) =
        (asked_cloudflare(&scenario.sandbox.world()), format!("{:?}", scenario.sandbox.world().records));
    switch(&scenario, "", &ways()[1]);
    let (outcome, warnings) = scenario.heard().await;
    assert!(complete(&outcome), "{outcome:?}");
    assert!(
        warnings.iter().any(|it| it.contains("record `blog.example.com` stays as it is")),
        "{warnings:?}"
    );
    at_rest(&scenario, "left").await;
    scenario.edit("second");
    let (outcome, warnings) = scenario.heard().await;
    assert!(complete(&outcome) && warnings.is_empty(), "{outcome:?} {warnings:?}");
    at_rest(&scenario, "left, and updated").await;
    let world = scenario.sandbox.world();
    assert_eq!(asked_cloudflare(&world), asked, "Cloudflare was asked");
    assert_eq!(format!("{:?}", world.records), record, "the record was touched");
    switch(&scenario, &ways()[1], "\ndns: {ttl: 300}");
    applied(&scenario, "taken back").await;
    assert_eq!(records(&scenario.sandbox.world()).len(), 1);
    switch(&scenario, "\ndns: {ttl: 300}", &ways()[1]);
    applied(&scenario, "left again").await;
    assert!(destroyed(&scenario.destroy(&CrashPoint::default()).await));
    assert_eq!(records(&scenario.sandbox.world()), [], "the app's own record stays without it");
    at_rest(&scenario, "destroyed").await;
}

#[tokio::test]
async fn a_server_behind_a_tunnel_is_told_to_want_its_id() {
    let scenario = Scenario::new(1);
    scenario.sandbox.with_world(|world| world.server.tunnelled = true).unwrap();
    let outcome = scenario.apply(&CrashPoint::default()).await;
    let CommandOutcome::Ended(RunOutcome::Refused { cause, .. }) = outcome else { panic!("{outcome:?}") };
    assert!(
        cause.hint.contains("`dns: {tunnel: TUNNEL-ID}`") && cause.hint.contains("cloudflared"),
        "{cause:?}"
    );
    switch(&scenario, "", &ways()[2]);
    applied(&scenario, "with its id").await;
}
