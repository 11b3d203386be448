//! `fabrik drift`: what others changed is told, with an exit code for whoever asks, and put back by an apply.

use fabrik::sandbox::World;
use serde_json::Value;

use super::fixture::{CliFixture, Said};

/// What somebody else changes, and what drift says of it.
type Case = (&'static str, fn(&mut World), &'static [&'static str]);

fn drift(house: &CliFixture) -> Said {
    house.run(&["drift", "my-api", "--sandbox", "--exit-code"])
}

fn refresh(house: &CliFixture) -> Said {
    house.run(&["apply", "my-api.yaml", "--sandbox", "--refresh", "--yes"])
}

fn deployed() -> CliFixture {
    let house = CliFixture::with_app();
    let spec = std::fs::read_to_string(house.folder().join("my-api.yaml")).unwrap();
    house.write("my-api.yaml", spec + "env: {COLOUR: blue}\n");
    house.run(&["sandbox", "stranger", "record", "shop.example.com"]).ends(0);
    house.apply().ends(0);
    house
}

fn ours(record: &str) -> bool {
    record == "my-api.example.com"
}

#[test]
fn what_was_deployed_and_not_touched_has_not_drifted() {
    let house = deployed();
    let world = house.world();
    drift(&house).ends(0).says("as it was deployed");
    assert_eq!(house.world(), world);
}

#[test]
fn what_others_changed_is_told_and_put_back_by_an_apply() {
    let cases: [Case; 4] = [
        (
            "a record that points elsewhere",
            |world| {
                let record = world.records.iter_mut().find(|record| ours(&record.name)).unwrap();
                record.content = "198.51.100.99".into();
            },
            &["~ dns", "content: deployed 203.0.113.10, there 198.51.100.99"],
        ),
        (
            "a record that is gone",
            |world| world.records.retain(|record| !ours(&record.name)),
            &["- dns", "is gone"],
        ),
        (
            "an app at another domain",
            |world| {
                let mut parts = world.services.iter_mut().flat_map(|service| &mut service.parts);
                let part = parts.find(|part| part.name == "app").unwrap();
                part.fqdn = Some("https://elsewhere.example.com:8000".into());
            },
            &[
                "~ app",
                "url: deployed https://my-api.example.com:8000, there https://elsewhere.example.com:8000",
            ],
        ),
        (
            "a variable that is gone",
            |world| {
                for service in &mut world.services {
                    service.envs.retain(|row| row.key != "COLOUR");
                }
            },
            &["COLOUR: deployed set, there not set"],
        ),
    ];
    for (what, change, says) in cases {
        let house = deployed();
        let before = house.ids("my-api");
        house.third_party(change);
        house.run(&["drift", "--sandbox"]).ends(0);
        let mut said = drift(&house).ends(5).says("--refresh");
        for text in says {
            said = said.says(text);
        }
        refresh(&house).ends(0);
        let again = drift(&house);
        assert_eq!(again.exit, 0, "{what} is still told after an apply:\n{}", again.out);
        assert_eq!(house.ids("my-api"), before, "{what}: the app was recreated");
    }
}

#[test]
fn a_record_that_somebody_made_theirs_is_told_and_never_taken_back() {
    let house = deployed();
    house.third_party(|world| {
        let record = world.records.iter_mut().find(|record| ours(&record.name)).unwrap();
        record.comment = Some("mine now".into());
    });
    let world = house.world();
    drift(&house).ends(5).says("! dns").says("its ownership tag was changed or removed");
    refresh(&house).ends(2);
    assert_eq!(house.world(), world);
}

#[test]
fn an_app_that_somebody_made_theirs_is_told() {
    let house = deployed();
    house.third_party(|world| {
        let mut services = world.services.iter_mut();
        services.find(|service| service.name == "my-api").unwrap().description = None;
    });
    drift(&house).ends(5).says("! app").says("its ownership tag was changed or removed");
}

#[test]
fn programs_get_one_document() {
    let house = deployed();
    house.third_party(|world| {
        let record = world.records.iter_mut().find(|record| ours(&record.name)).unwrap();
        record.content = "198.51.100.99".into();
    });
    let said = house.run(&["drift", "--sandbox", "--exit-code", "--json"]).ends(5);
    let document: Value = serde_json::from_str(&said.out).unwrap();
    let app = &document["apps"][0];
    assert_eq!((&app["app"], app["drift"].as_array().unwrap().len()), (&"my-api".into(), 1));
    let field = serde_json::json!({"field": "content", "deployed": "203.0.113.10", "there": "198.51.100.99"});
    assert_eq!((&app["drift"][0]["how"], &app["drift"][0]["fields"][0]), (&"moved".into(), &field));
}

#[test]
fn what_is_not_deployed_cannot_have_drifted() {
    let house = CliFixture::with_app();
    house.run(&["drift", "--sandbox", "--exit-code"]).ends(0).says("nothing is deployed");
    house.run(&["drift", "my-api", "--sandbox"]).ends(2).says("there is no run of `my-api`");
    house.apply().ends(0);
    house.run(&["destroy", "my-api", "--sandbox", "--yes"]).ends(0);
    drift(&house).ends(0).says("nothing is deployed");
}

#[test]
fn another_sandbox_than_the_one_deployed_to_is_not_compared_with() {
    let house = deployed();
    let journal = house.sandbox().join("fabrik.db");
    let elsewhere = house.folder().join("elsewhere");
    let sandbox = format!("--sandbox={}", elsewhere.display());
    let said = house.run(&["drift", &sandbox, "--state", &journal.display().to_string()]).ends(2);
    assert!(!said.out.contains("is gone"), "{}", said.out);
}
