//! What an owner lives through, in order.

use super::house::House;

#[test]
fn an_app_is_deployed_changed_broken_and_mended() {
    let house = House::with_app();
    house.apply().ends(0).says("Deployment complete").says("https://my-api.example.com");
    let (record, service) = (house.ids("A my-api"), house.ids("my-api"));

    house.edit("another version");
    house.apply().ends(0).says("Deployment complete");
    assert_eq!((house.ids("A my-api"), house.ids("my-api")), (record, service));

    let before = house.world();
    house.run(&["sandbox", "fault", "build"]).ends(0);
    house.edit("one that does not build");
    let said = house.apply().ends(1);
    let said = said.says("the old version still answers").says("status at Coolify").says("its log ends");
    said.says("restored").says("apply again");
    assert_eq!(house.world(), before);

    house.apply().ends(0).says("Deployment complete");
}

#[test]
fn a_first_deployment_that_fails_leaves_only_the_strangers() {
    let house = House::with_app();
    house.run(&["sandbox", "stranger", "record", "shop.example.com"]).ends(0);
    house.run(&["sandbox", "stranger", "service", "my-api"]).ends(0);
    let before = house.world();
    house.run(&["sandbox", "fault", "build"]).ends(0);
    house.apply().ends(1).says("there is no container").says("removed");
    assert_eq!(house.world(), before);
}

#[test]
fn a_strangers_record_at_the_name_is_left_alone() {
    let house = House::with_app();
    house.run(&["sandbox", "stranger", "record", "my-api.example.com"]).ends(0);
    let before = house.world();
    house.apply().ends(2).says("Fabrik did not make it");
    assert_eq!(house.world(), before);
}

#[test]
fn a_release_is_rolled_back_only_when_that_is_agreed_to() {
    let house = House::with_app();
    house.apply().ends(0);
    let history = house.run(&["history", "--sandbox", "--json"]).ends(0);
    let run = history.events()[0]["runs"][0]["run"].as_str().unwrap().to_owned();
    let before = house.world();
    house.run(&["rollback", &run[24..], "--sandbox"]).ends(2).says("--yes");
    assert_eq!(house.world(), before);
    let undone = house.run(&["rollback", &run[24..], "--sandbox", "--yes"]).ends(0).says("Undone");
    assert!(!undone.out.contains('✗'), "what was asked for is shown as a failure:\n{}", undone.out);
    assert_eq!(house.world().matches("none").count(), 6, "{}", house.world());
    house.run(&["status", "my-api", "--sandbox"]).ends(0).says("RolledBack");
    house.run(&["show", &run, "--sandbox"]).ends(0).says("undo-intended").says("rolled-back");
}
