//! What an undo or a destroy leaves: what it says of that, and how it ends.

use super::fixture::{CliFixture, Said};

/// Adds a line to a spec.
fn add(house: &CliFixture, spec: &str, line: &str) {
    let text = std::fs::read_to_string(house.folder().join(spec)).unwrap();
    house.write(spec, format!("{text}{line}\n"));
}

fn respec(house: &CliFixture, from: &str, to: &str) {
    let text = std::fs::read_to_string(house.folder().join("my-api.yaml")).unwrap();
    assert!(text.contains(from), "{text}");
    house.write("my-api.yaml", text.replace(from, to));
}

fn apply(house: &CliFixture, spec: &str) -> Said {
    house.run(&["apply", spec, "--sandbox", "--yes"])
}

fn destroy(house: &CliFixture, app: &str, more: &[&str]) -> Said {
    let mut words = vec!["destroy", app, "--sandbox", "--yes"];
    words.extend(more);
    house.run(&words)
}

fn newest(house: &CliFixture) -> String {
    let said = house.run(&["history", "--sandbox", "--json"]).ends(0);
    said.events()[0]["runs"][0]["run"].as_str().unwrap().to_owned()
}

fn volumes(house: &CliFixture) -> Vec<String> {
    let world = house.third_party(|world| world.clone());
    let mut names: Vec<String> = world.volumes.into_iter().map(|volume| volume.name).collect();
    names.sort();
    names
}

#[test]
fn a_destroy_says_that_what_was_taken_over_stays() {
    let house = CliFixture::with_app();
    house.run(&["sandbox", "stranger", "record", "my-api.example.com"]).ends(0);
    house.run(&["sandbox", "stranger", "service", "my-api"]).ends(0);
    add(&house, "my-api.yaml", "project: strangers\nadopt: [dns, coolify]");
    apply(&house, "my-api.yaml").ends(0);
    let said = destroy(&house, "my-api", &[]).ends(0).says("stays: app").says("stays: dns");
    said.says("what Fabrik made for my-api is destroyed");
    let world = house.third_party(|world| world.clone());
    assert_eq!((world.services.len(), world.records.len()), (1, 1));
}

#[test]
fn an_abandoned_thing_is_never_counted_as_undone() {
    let house = CliFixture::with_app();
    house.apply().ends(0);
    house.third_party(|world| world.records[0].content = "198.51.100.99".into());
    destroy(&house, "my-api", &[]).ends(4).says("`fabrik destroy my-api` tries again");
    let run = newest(&house);
    let abandon = ["abandon", &run, "--step", "dns", "--reason", "it is theirs", "--sandbox", "--yes"];
    let said = house.run(&abandon).ends(0).says("stays: dns").says("given up: it is theirs");
    assert!(!said.out.contains("everything this run made"), "{}", said.out);
    assert!(!said.out.contains("✓ my-api is destroyed"), "{}", said.out);
}

#[test]
fn an_abandoned_part_of_a_failed_run_is_named_when_the_rest_is_undone() {
    let house = CliFixture::with_app();
    house.run(&["sandbox", "fault", "health"]).ends(0);
    house.run(&["apply", "my-api.yaml", "--sandbox", "--no-rollback"]).ends(4);
    let run = newest(&house);
    let abandon = ["abandon", &run, "--step", "dns", "--reason", "mine now", "--sandbox", "--yes"];
    let said = house.run(&abandon).ends(0).says("stays: dns").says("but for what stays");
    assert!(!said.out.contains("everything this run made"), "{}", said.out);
}

#[test]
fn a_run_that_took_an_app_down_is_not_rolled_back() {
    let house = CliFixture::with_app();
    house.apply().ends(0);
    destroy(&house, "my-api", &[]).ends(0);
    let (run, world) = (newest(&house), house.world());
    let said = house.run(&["rollback", &run, "--sandbox", "--yes"]).ends(2).says("cannot be undone");
    said.says("fabrik apply").says("deploys it again");
    assert_eq!(house.world(), world);
}

#[test]
fn a_change_of_a_variable_alone_is_an_update_of_the_app() {
    let house = CliFixture::with_app();
    house.apply().ends(0);
    add(&house, "my-api.yaml", "env: {COLOUR: blue}");
    let said = house.apply().ends(0);
    let coolify = said.out.lines().find(|line| line.contains("coolify") && line.contains("service"));
    assert!(coolify.is_some_and(|line| line.contains("updated")), "{}", said.out);
}

/// A folder and an image, each with a volume.
fn with_volume(source: &str) -> CliFixture {
    let house = CliFixture::with_app();
    if source == "image" {
        let spec = "name: my-api\nimage: ghcr.io/acme/api:1.0\ndomain: my-api.example.com\nport: 8000\n\
                    health: {path: /health, timeout: 90s}\n";
        house.write("my-api.yaml", spec);
    }
    add(&house, "my-api.yaml", "volumes: [{name: data, path: /data}]");
    house.apply().ends(0);
    house
}

#[test]
fn a_renamed_volume_is_said_kept_named_and_deleted_where_that_is_asked_for() {
    for source in ["folder", "image"] {
        for goes in [false, true] {
            let house = with_volume(source);
            let old = volumes(&house)[0].clone();
            respec(&house, "name: data", "name: other");
            let plan = house.run(&["plan", "my-api.yaml", "--sandbox"]).ends(0);
            plan.says(&format!("{old}  (no longer mounted")).says("stays on server localhost");
            house.apply().ends(0).says("no longer mounted").says(&old);
            let both = volumes(&house);
            assert!(both.len() == 2 && both.contains(&old), "{source}: {both:?}");
            let said = destroy(&house, "my-api", if goes { &["--volumes"] } else { &[] }).ends(0);
            if goes {
                assert_eq!(volumes(&house), Vec::<String>::new(), "{source}");
            } else {
                assert_eq!(volumes(&house), both, "{source}");
                both.iter().fold(said, |said, name| said.says(name));
            }
        }
    }
}

#[test]
fn a_volume_of_an_update_that_was_undone_goes_with_the_others() {
    for source in ["folder", "image"] {
        let house = with_volume(source);
        respec(&house, "name: data", "name: other");
        house.run(&["sandbox", "fault", "health"]).ends(0);
        house.apply().ends(1).says("no longer mounted");
        assert_eq!(volumes(&house).len(), 2, "{source}");
        destroy(&house, "my-api", &["--volumes"]).ends(0);
        assert_eq!(volumes(&house), Vec::<String>::new(), "{source}");
    }
}

#[test]
fn a_project_that_two_apps_share_goes_with_the_last_of_them() {
    for last in ["my-api", "site"] {
        let house = CliFixture::with_app();
        house.run(&["new", "--template", "static-site", "site"]).ends(0);
        for spec in ["my-api.yaml", "site.yaml"] {
            add(&house, spec, "project: shared\nenvironment: staging");
            apply(&house, spec).ends(0);
        }
        let first = if last == "site" { "my-api" } else { "site" };
        destroy(&house, first, &[]).ends(0).says("kept: project").says(last);
        destroy(&house, last, &[]).ends(0);
        let world = house.third_party(|world| world.clone());
        assert_eq!((world.projects.len(), world.environments.len()), (0, 0), "{last} went last");
    }
}
