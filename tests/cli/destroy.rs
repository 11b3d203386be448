//! `fabrik destroy`: everything that Fabrik made for an app, and nothing else.

use serde_json::Value;

use super::fixture::{CliFixture, Said};

fn destroy(house: &CliFixture, more: &[&str]) -> Said {
    let mut words = vec!["destroy", "my-api", "--sandbox"];
    words.extend(more);
    house.run(&words)
}

/// An app with data, beside strangers.
fn deployed() -> CliFixture {
    let house = CliFixture::with_app();
    let spec = std::fs::read_to_string(house.folder().join("my-api.yaml")).unwrap();
    house.write("my-api.yaml", spec + "volumes: [{name: data, path: /data}]\n");
    house.run(&["sandbox", "stranger", "record", "shop.example.com"]).ends(0);
    house.run(&["sandbox", "stranger", "service", "my-api"]).ends(0);
    house.apply().ends(0);
    house
}

fn strangers_only() -> String {
    let house = CliFixture::new();
    house.run(&["sandbox", "stranger", "record", "shop.example.com"]).ends(0);
    house.run(&["sandbox", "stranger", "service", "my-api"]).ends(0);
    names(&house)
}

/// What is in the world, without what differs between two worlds.
fn names(house: &CliFixture) -> String {
    let world = house.third_party(|world| world.clone());
    let records = world.records.iter().map(|it| it.name.clone());
    let projects = world.projects.iter().map(|it| it.name.clone());
    let services = world.services.iter().map(|it| it.name.clone());
    records.chain(projects).chain(services).collect::<Vec<_>>().join(", ")
}

#[test]
fn without_a_terminal_it_wants_to_be_agreed_to_beforehand() {
    let house = deployed();
    let files = house.listing();
    for more in [&[][..], &["--no-input"], &["--volumes"]] {
        destroy(&house, more).ends(2).says("Cancelled").says("--yes");
    }
    assert_eq!(house.listing(), files);
}

#[test]
fn everything_goes_but_the_volumes_which_are_named_with_their_server() {
    let house = deployed();
    let volume = house.sandboxed().world().volumes[0].name.clone();
    let said = destroy(&house, &["--yes"]).ends(0).says("my-api is destroyed and verified as gone");
    said.says(&format!("volumes kept on server localhost: {volume}"));
    assert_eq!(names(&house), strangers_only());
    assert_eq!(house.sandboxed().world().volumes.len(), 1);
}

#[test]
fn the_volumes_go_where_that_is_asked_for() {
    let house = deployed();
    let said = destroy(&house, &["--volumes", "--yes"]).ends(0);
    assert!(!said.out.contains("kept"), "{}", said.out);
    assert_eq!(names(&house), strangers_only());
    assert_eq!(house.sandboxed().world().volumes.len(), 0);
}

#[test]
fn a_project_that_others_moved_into_is_kept_and_said() {
    let house = deployed();
    house.third_party(|world| {
        let project = world.projects.iter().find(|it| it.name == "my-api").unwrap().id;
        let environment = world.environments.iter().find(|it| it.project == project).unwrap().id;
        let stranger = world.services.iter_mut().find(|it| it.description.is_none()).unwrap();
        stranger.environment = environment;
        stranger.name = "lodger".into();
    });
    let said = destroy(&house, &["--yes"]).ends(0).says("kept: project").says("lodger");
    assert!(!said.out.contains("✗"), "{}", said.out);
    assert_eq!(names(&house), "shop.example.com, strangers, my-api, lodger");
    house.run(&["show", &newest(&house), "--sandbox"]).ends(0).says("kept");
}

fn newest(house: &CliFixture) -> String {
    let said = house.run(&["history", "--sandbox", "--json"]).ends(0);
    said.events()[0]["runs"][0]["run"].as_str().unwrap().to_owned()
}

#[test]
fn destroying_twice_says_when_it_was_done() {
    let house = deployed();
    destroy(&house, &["--yes"]).ends(0);
    let world = house.world();
    for more in [&["--yes"][..], &[]] {
        let said = destroy(&house, more).ends(2).says("`my-api` was destroyed already").says("just now");
        said.says("fabrik apply").says("recreates it");
    }
    assert_eq!(house.world(), world);
    house.run(&["destroy", "nobody", "--sandbox", "--yes"]).ends(2).says("there is no run of `nobody`");
}

#[test]
fn what_never_came_to_stand_cannot_be_destroyed() {
    let house = CliFixture::with_app();
    destroy(&house, &["--yes"]).ends(2).says("there is no journal");
    house.run(&["sandbox", "fault", "build"]).ends(0);
    house.apply().ends(1);
    destroy(&house, &["--yes"]).ends(2).says("nothing of `my-api` stands that Fabrik made");
}

#[test]
fn an_apply_after_it_makes_everything_anew() {
    let house = deployed();
    let before = house.ids("my-api");
    destroy(&house, &["--yes"]).ends(0);
    house.apply().ends(0).says("created").says("Deployment complete");
    let after = house.ids("my-api");
    assert_eq!(after.len(), before.len());
    assert_ne!(after, before);
    destroy(&house, &["--yes"]).ends(0);
}

#[test]
fn status_and_history_call_it_destroyed() {
    let house = deployed();
    house.edit("another version");
    house.apply().ends(0);
    destroy(&house, &["--yes"]).ends(0);
    let status = house.run(&["status", "my-api", "--sandbox"]).ends(0).says("Destroyed").says("fabrik apply");
    assert!(!status.out.contains("https://"), "{}", status.out);
    let history = house.run(&["history", "--sandbox"]).ends(0).out;
    assert_eq!(history.matches("Destroyed").count(), 1, "{history}");
    assert_eq!(history.matches("Complete").count(), 2, "{history}");
    house.run(&["show", &newest(&house), "--sandbox"]).ends(0).says("(Destroyed)").says("destroying");

    let said = house.run(&["status", "--sandbox", "--json"]).ends(0);
    let app: Value = serde_json::from_str::<Value>(&said.out).unwrap()["apps"][0].clone();
    assert_eq!((&app["phase"], &app["destroyed"]), (&"Destroyed".into(), &true.into()));
    assert!(app["release"].is_null() && app["endpoints"].is_null(), "{app}");

    house.apply().ends(0);
    house.run(&["status", "my-api", "--sandbox"]).ends(0).says("Complete").says("https://my-api.example.com");
}

#[test]
fn programs_hear_that_it_was_destroyed() {
    let house = deployed();
    let events = destroy(&house, &["--yes", "--json"]).ends(0).events();
    let last = events.last().unwrap();
    assert_eq!((&last["event"], &last["outcome"]), (&"run.ended".into(), &"destroyed".into()));
    assert_eq!((&last["exit"], last["kept"].as_array().unwrap().len()), (&0.into(), 0));
    assert!(events.iter().any(|event| event["event"] == "warning"), "no word of the volumes");
}

#[test]
fn a_failed_undo_of_an_update_is_taken_down_with_the_rest() {
    let house = deployed();
    house.edit("another version");
    house.run(&["sandbox", "fault", "health"]).ends(0);
    house.run(&["apply", "my-api.yaml", "--sandbox", "--no-rollback"]).ends(4);
    house.run(&["status", "my-api", "--sandbox"]).ends(0).says("Failed").says("fabrik rollback");
    destroy(&house, &["--yes"]).ends(0).says("is destroyed");
    assert_eq!(names(&house), strangers_only());
}

#[test]
fn a_parked_update_is_taken_down_with_the_rest() {
    let house = deployed();
    let spec = std::fs::read_to_string(house.folder().join("my-api.yaml")).unwrap();
    house.write("my-api.yaml", spec + "rollback: {coolify: manual}\n");
    house.edit("another version");
    house.run(&["sandbox", "fault", "health"]).ends(0);
    house.apply().ends(3);
    house.run(&["status", "my-api", "--sandbox"]).ends(0).says("fabrik resume");
    destroy(&house, &["--yes"]).ends(0).says("is destroyed");
    assert_eq!(names(&house), strangers_only());
    house.run(&["status", "my-api", "--sandbox"]).ends(0).says("Destroyed");
}

#[test]
fn a_first_run_that_is_parked_is_undone() {
    let house = CliFixture::with_app();
    let spec = std::fs::read_to_string(house.folder().join("my-api.yaml")).unwrap();
    house.write("my-api.yaml", spec + "rollback: {coolify: manual}\n");
    house.run(&["sandbox", "fault", "health"]).ends(0);
    house.apply().ends(3);
    assert_ne!(names(&house), "");
    destroy(&house, &["--yes"]).ends(0).says("removed");
    assert_eq!(names(&house), "");
    destroy(&house, &["--yes"]).ends(2).says("nothing of `my-api` stands");
}

#[test]
fn two_apps_of_one_name_are_told_apart_by_their_projects() {
    let house = deployed();
    house.write(
        "other/my-api.yaml",
        "name: my-api\nproject: shop\nfolder: ../my-api\ndomain: api.shop.example.com\nport: 8000\n",
    );
    house.run(&["apply", "other/my-api.yaml", "--sandbox"]).ends(0);
    let world = house.world();
    destroy(&house, &["--yes"]).ends(2).says("could mean 2 apps").says("shop/production/my-api");
    house
        .run(&["status", "--sandbox"])
        .ends(0)
        .says("my-api/production/my-api")
        .says("shop/production/my-api");
    assert_eq!(house.world(), world);

    house.run(&["destroy", "shop/production/my-api", "--sandbox", "--yes"]).ends(0);
    let left = house.world();
    assert!(!left.contains("api.shop.example.com") && left.contains("my-api.example.com"), "{left}");
    let one = house.run(&["status", "shop/production/my-api", "--sandbox"]).ends(0).says("Destroyed");
    assert!(!one.out.contains("Complete"), "{}", one.out);
    house
        .run(&["drift", "my-api/production/my-api", "--sandbox", "--exit-code"])
        .ends(0)
        .says("as it was deployed");
}

#[test]
fn another_sandbox_than_the_one_deployed_to_is_not_touched() {
    let house = deployed();
    let journal = house.sandbox().join("fabrik.db").display().to_string();
    let (world, elsewhere) = (house.world(), house.folder().join("elsewhere"));
    let sandbox = format!("--sandbox={}", elsewhere.display());
    house.run(&["destroy", "my-api", &sandbox, "--state", &journal, "--yes"]).ends(2).says("`my-api` is on");
    assert_eq!(house.world(), world);
}

#[test]
fn a_release_that_went_with_its_app_is_not_rolled_back() {
    let house = CliFixture::with_app();
    let events = house.run(&["apply", "my-api.yaml", "--sandbox", "--json"]).ends(0).events();
    let run = events.last().unwrap()["run"].as_str().unwrap().to_owned();
    destroy(&house, &["--yes"]).ends(0);
    let world = house.world();
    house.run(&["rollback", &run, "--sandbox", "--yes"]).ends(2).says("was destroyed with its app");
    assert_eq!(house.world(), world);
}
