//! What an owner lives through, in order.

use super::fixture::CliFixture;

#[test]
fn an_app_is_deployed_changed_broken_and_mended() {
    let house = CliFixture::with_app();
    house.apply().ends(0).says("Deployment complete").says("https://my-api.example.com");
    let (record, service) = (house.ids("A my-api"), house.ids("my-api"));

    house.edit("another version");
    house.apply().ends(0).says("Deployment complete");
    assert_eq!((house.ids("A my-api"), house.ids("my-api")), (record, service));

    let before = house.world();
    house.run(&["sandbox", "fault", "build"]).ends(0);
    house.edit("one that does not build");
    let said = house.apply().ends(1);
    let said = said.says("the old version still answers").says("status at Coolify");
    let said = said.says("the new version has no log").says("docker build");
    said.says("restored").says("apply again");
    assert_eq!(house.world(), before);

    house.apply().ends(0).says("Deployment complete");
}

#[test]
fn a_first_deployment_that_fails_leaves_only_the_strangers() {
    let house = CliFixture::with_app();
    house.run(&["sandbox", "stranger", "record", "shop.example.com"]).ends(0);
    house.run(&["sandbox", "stranger", "service", "my-api"]).ends(0);
    let before = house.world();
    house.run(&["sandbox", "fault", "build"]).ends(0);
    house.apply().ends(1).says("there is no container").says("docker build").says("removed");
    assert_eq!(house.world(), before);
}

#[test]
fn a_strangers_record_at_the_name_is_left_alone() {
    let house = CliFixture::with_app();
    house.run(&["sandbox", "stranger", "record", "my-api.example.com"]).ends(0);
    let before = house.world();
    house.apply().ends(2).says("is not managed by Fabrik");
    assert_eq!(house.world(), before);
}

#[test]
fn a_release_is_rolled_back_only_when_that_is_agreed_to() {
    let house = CliFixture::with_app();
    house.apply().ends(0);
    let history = house.run(&["history", "--sandbox", "--json"]).ends(0);
    let run = history.events()[0]["runs"][0]["run"].as_str().unwrap().to_owned();
    let before = house.world();
    house.run(&["rollback", &run[24..], "--sandbox"]).ends(2).says("--yes");
    assert_eq!(house.world(), before);
    let undone =
        house.run(&["rollback", &run[24..], "--sandbox", "--yes"]).ends(0).says("Rolled back and verified");
    assert!(!undone.out.contains('✗'), "what was asked for is shown as a failure:\n{}", undone.out);
    assert_eq!(house.world().matches("none").count(), 6, "{}", house.world());
    house.run(&["status", "my-api", "--sandbox"]).ends(0).says("RolledBack");
    house.run(&["show", &run, "--sandbox"]).ends(0).says("undo-intended").says("rolled-back");
}

#[test]
fn a_release_that_nothing_proves_is_said_to_be_none_wherever_it_is_shown() {
    let house = CliFixture::new();
    let spec = "name: my-api\ncompose: ./compose.yaml\ndomain: my-api.example.com\n\
                health: {path: /health, fingerprint: none}\n";
    let text = |tag: u32| format!("services: {{web: {{image: 'ghcr.io/acme/web:{tag}', expose: [80]}}}}\n");
    house.write("my-api.yaml", spec);
    house.write("compose.yaml", text(1));
    house.apply().ends(0).says("Deployment complete");
    // What runs has written nothing so far, so that its log cannot tell it from the next one.
    house.third_party(|world| {
        world.services.iter_mut().flat_map(|it| &mut it.containers).for_each(|it| it.log.clear());
    });
    house.write("compose.yaml", text(2));
    let said = house.apply().ends(0);
    let last = said.out.trim_end().lines().last().unwrap_or_default();
    assert!(
        last.starts_with("! Deployed, not proven: ") && last.contains("`health.fingerprint`"),
        "{}",
        said.out
    );
    house.run(&["status", "my-api", "--sandbox"]).ends(0).says("not proven");
    let status = house.run(&["status", "my-api", "--sandbox", "--json"]).ends(0);
    assert_eq!(status.events()[0]["apps"][0]["proof"], "none");
    let again = house.run(&["apply", "my-api.yaml", "--sandbox", "--json"]).ends(0);
    let ended = again.events().pop().unwrap();
    assert_eq!((&ended["outcome"], &ended["proof"]), (&"unchanged".into(), &"none".into()));
    house.apply().ends(0).says("unchanged").says("! not proven");

    let required = house.run(&["apply", "my-api.yaml", "--sandbox", "--require-proof", "--json"]).ends(0);
    let ended = required.events().pop().unwrap();
    assert_eq!((&ended["outcome"], &ended["proof"]), (&"complete".into(), &"log".into()), "deployed again");
    let last = house.run(&["apply", "my-api.yaml", "--sandbox", "--require-proof"]).ends(0);
    last.says("unchanged since run");
}
