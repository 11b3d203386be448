//! Who keeps the record of an app's name, and how that changes: by Fabrik, through a tunnel, by somebody else.

use fabrik::runner::Ended;
use fabrik::runner::desk::Outcome;
use fabrik::sandbox::world::Tunnel;
use fabrik::sandbox::{CLOUDFLARE, World};

use super::crash::Fuse;
use super::deed::{TUNNEL, complete, rolled_back};
use super::invariants::at_rest;
use super::scene::{Made, Scene};

/// The ways in which a name may be kept, as a spec writes them; the first is the default.
fn ways() -> [String; 3] {
    [String::new(), "\ndns: external".to_owned(), format!("\ndns: {{tunnel: {TUNNEL}}}")]
}

fn switch(scene: &Scene, from: &str, to: &str) {
    scene.respec(&format!("domain: blog.example.com{from}\n"), &format!("domain: blog.example.com{to}\n"));
}

async fn applied(scene: &Scene, context: &str) {
    let outcome = scene.apply(&Fuse::default()).await;
    assert!(complete(&outcome), "{context}: {outcome:?}");
    at_rest(scene, context).await;
}

fn records(world: &World) -> Vec<(&str, &str, bool)> {
    let at_name = world.records.iter().filter(|it| it.name == "blog.example.com");
    at_name.map(|it| (it.kind.as_str(), it.content.as_str(), it.proxied)).collect()
}

fn urls(world: &World) -> Vec<String> {
    let ours = world.services.iter().filter(|it| it.description.is_some());
    let applications = world.applications.iter().filter(|it| it.description.is_some());
    ours.flat_map(fabrik::sandbox::Service::domains)
        .chain(applications.filter_map(|it| it.fqdn.clone()))
        .collect()
}

fn asked_cloudflare(world: &World) -> u64 {
    world.log.by_host.get(CLOUDFLARE).copied().unwrap_or_default()
}

#[tokio::test]
async fn an_app_behind_a_tunnel_has_an_http_domain_and_a_proxied_alias() {
    for made in [Made::Folder, Made::Image] {
        let scene = Scene::with(made, 1);
        switch(&scene, "", &ways()[2]);
        applied(&scene, "behind a tunnel").await;
        let world = scene.sandbox.world();
        let name = format!("{TUNNEL}.cfargotunnel.com");
        assert_eq!(records(&world), [("CNAME", name.as_str(), true)], "{made:?}");
        let urls = urls(&world);
        assert!(
            urls.iter().all(|url| url.starts_with("http://blog.example.com")) && urls.len() == 1,
            "{urls:?}"
        );
        let outcome = scene.destroy(&Fuse::default()).await;
        assert!(rolled_back(&outcome), "{outcome:?}");
        at_rest(&scene, "destroyed behind a tunnel").await;
    }
}

#[tokio::test]
async fn an_app_whose_record_others_keep_is_verified_and_cloudflare_is_never_asked() {
    for made in [Made::Folder, Made::Image] {
        let scene = Scene::with(made, 1);
        scene.sandbox.stranger_record_to("*.example.com", "server").unwrap();
        switch(&scene, "", &ways()[1]);
        applied(&scene, "kept by others").await;
        scene.revise();
        applied(&scene, "updated").await;
        assert!(rolled_back(&scene.roll_back(&Fuse::default()).await));
        assert!(rolled_back(&scene.destroy(&Fuse::default()).await));
        at_rest(&scene, "destroyed").await;
        let world = scene.sandbox.world();
        assert_eq!((asked_cloudflare(&world), records(&world)), (0, vec![]), "{made:?}");
    }
}

#[tokio::test]
async fn a_name_that_leads_nowhere_or_elsewhere_is_never_called_deployed() {
    for to in [None, Some("198.51.100.7")] {
        let scene = Scene::new(1);
        if let Some(to) = to {
            scene.sandbox.stranger_record_to("*.example.com", to).unwrap();
            scene.sandbox.with_world(|world| world.server.ipv6 = None).unwrap();
        }
        switch(&scene, "", &ways()[1]);
        let outcome = scene.apply(&Fuse::default()).await;
        let Outcome::Ended(Ended::RolledBack { cause, .. }) = outcome else { panic!("{to:?}: {outcome:?}") };
        assert_eq!(cause.hint.contains("`dns: external`"), to.is_none(), "{to:?}: {cause:?}");
    }
}

#[tokio::test]
async fn every_switch_between_the_ways_ends_as_asked_and_its_undo_as_before() {
    for from in ways() {
        for to in ways().into_iter().filter(|to| *to != from) {
            let context = format!("from {from:?} to {to:?}");
            let scene = Scene::new(1);
            // What others keep leads to the server, whatever Fabrik keeps.
            scene.sandbox.stranger_record_to("*.example.com", "server").unwrap();
            switch(&scene, "", &from);
            applied(&scene, &context).await;
            switch(&scene, &from, &to);
            // A name that leads through a tunnel of ours goes on to do so: others have to take it over first.
            if from.contains("tunnel") && to.contains("external") {
                let outcome = scene.apply(&Fuse::default()).await;
                let Outcome::Ended(Ended::RolledBack { cause, .. }) = outcome else {
                    panic!("{context}: {outcome:?}")
                };
                assert!(cause.hint.contains("dns: {tunnel:"), "{context}: {cause:?}");
                at_rest(&scene, &context).await;
                continue;
            }
            applied(&scene, &context).await;
            let outcome = scene.roll_back(&Fuse::default()).await;
            assert!(rolled_back(&outcome), "{context}: {outcome:?}");
            at_rest(&scene, &format!("{context}, undone")).await;
        }
    }
}

#[tokio::test]
async fn a_switch_to_a_tunnel_that_is_down_leaves_the_earlier_release_answering_at_its_record() {
    for made in [Made::Folder, Made::Image] {
        let scene = Scene::with(made, 1);
        applied(&scene, "first").await;
        let before =
            records(&scene.sandbox.world()).into_iter().map(|it| format!("{it:?}")).collect::<Vec<_>>();
        switch(&scene, "", &ways()[2]);
        scene
            .sandbox
            .with_world(|world| {
                world.tunnels.insert(TUNNEL.to_owned(), Tunnel::Down);
            })
            .unwrap();
        let outcome = scene.apply(&Fuse::default()).await;
        let Outcome::Ended(Ended::RolledBack { cause, .. }) = outcome else {
            panic!("{made:?}: {outcome:?}")
        };
        assert!(cause.message.contains("the tunnel is down"), "{cause:?}");
        assert!(cause.hint.contains("cloudflared"), "{cause:?}");
        at_rest(&scene, "undone").await;
        let world = scene.sandbox.world();
        let after: Vec<_> = records(&world).into_iter().map(|it| format!("{it:?}")).collect();
        assert_eq!(after, before, "{made:?}");
        assert!(urls(&world).iter().all(|url| url.starts_with("https://")), "{:?}", urls(&world));
    }
}

#[tokio::test]
async fn a_record_that_was_left_to_others_stays_is_told_of_is_taken_back_and_goes_with_the_app() {
    let scene = Scene::new(1);
    applied(&scene, "first").await;
    let (asked, record) =
        (asked_cloudflare(&scene.sandbox.world()), format!("{:?}", scene.sandbox.world().records));
    switch(&scene, "", &ways()[1]);
    let (outcome, warnings) = scene.heard().await;
    assert!(complete(&outcome), "{outcome:?}");
    assert!(
        warnings.iter().any(|it| it.contains("record `blog.example.com` stays as it is")),
        "{warnings:?}"
    );
    at_rest(&scene, "left").await;
    scene.edit("second");
    let (outcome, warnings) = scene.heard().await;
    assert!(complete(&outcome) && warnings.is_empty(), "{outcome:?} {warnings:?}");
    at_rest(&scene, "left, and updated").await;
    let world = scene.sandbox.world();
    assert_eq!(asked_cloudflare(&world), asked, "Cloudflare was asked");
    assert_eq!(format!("{:?}", world.records), record, "the record was touched");
    switch(&scene, &ways()[1], "\ndns: {ttl: 300}");
    applied(&scene, "taken back").await;
    assert_eq!(records(&scene.sandbox.world()).len(), 1);
    switch(&scene, "\ndns: {ttl: 300}", &ways()[1]);
    applied(&scene, "left again").await;
    assert!(rolled_back(&scene.destroy(&Fuse::default()).await));
    assert_eq!(records(&scene.sandbox.world()), [], "the app's own record stays without it");
    at_rest(&scene, "destroyed").await;
}

#[tokio::test]
async fn a_server_behind_a_tunnel_is_told_to_want_its_id() {
    let scene = Scene::new(1);
    scene.sandbox.with_world(|world| world.server.tunnelled = true).unwrap();
    let outcome = scene.apply(&Fuse::default()).await;
    let Outcome::Ended(Ended::Refused { cause, .. }) = outcome else { panic!("{outcome:?}") };
    assert!(
        cause.hint.contains("`dns: {tunnel: TUNNEL-ID}`") && cause.hint.contains("cloudflared"),
        "{cause:?}"
    );
    switch(&scene, "", &ways()[2]);
    applied(&scene, "with its id").await;
}
