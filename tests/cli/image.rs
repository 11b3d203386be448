//! An app from a published image, as its owner sees it.

use super::fixture::{CliFixture, Said};

const SPEC: &str = "name: my-api
image: ghcr.io/acme/my-api:1.0
domain: my-api.example.com
port: 8000
health: {path: /health, fingerprint: {header: X-Fabrik-Release}}
secrets: {required: [API_KEY]}
";

/// What the simulated build says of itself, taken for a secret.
const QUOTED: &str = "exit code: 2";

fn apply(house: &CliFixture) -> Said {
    let mut command = house.command(&["apply", "my-api.yaml", "--sandbox"]);
    Said::of(command.env("API_KEY", QUOTED).output().unwrap())
}

#[test]
fn a_volume_that_somebody_took_away_is_told_and_mounted_again() {
    let house = CliFixture::new();
    house.write("my-api.yaml", SPEC.to_owned() + "volumes: [{name: data, path: /data}]\n");
    apply(&house).ends(0);
    let before = house.world();
    house.third_party(|world| world.applications[0].storages.clear());
    house
        .run(&["drift", "--sandbox", "--exit-code"])
        .ends(5)
        .says("data: deployed at /data, there not mounted");
    let mut command = house.command(&["apply", "my-api.yaml", "--sandbox", "--refresh"]);
    Said::of(command.env("API_KEY", QUOTED).output().unwrap()).ends(0);
    house.run(&["drift", "--sandbox", "--exit-code"]).ends(0);
    let volume = |world: &str| world.lines().find(|line| line.contains("at /data")).map(str::to_owned);
    assert!(volume(&before).is_some());
    assert_eq!(volume(&house.world()), volume(&before));
}

#[test]
fn an_image_is_deployed_left_alone_changed_broken_and_taken_down() {
    let house = CliFixture::new();
    house.write("my-api.yaml", SPEC);
    apply(&house).ends(0).says("Deployment complete").says("https://my-api.example.com");
    apply(&house).ends(0).says("spec unchanged since run").says("tag not looked at (--force)");

    house.write("my-api.yaml", SPEC.replace(":1.0", ":1.1"));
    apply(&house).ends(0).says("Deployment complete");

    let before = house.world();
    house.run(&["sandbox", "fault", "build"]).ends(0);
    house.write("my-api.yaml", SPEC.replace(":1.0", ":1.2"));
    let said = apply(&house).ends(1).says("its build log ends").says("failed to solve").says("***");
    assert!(!said.out.contains(QUOTED) && !said.err.contains(QUOTED), "{}{}", said.out, said.err);
    assert_eq!(house.world(), before);

    house.run(&["destroy", "my-api", "--sandbox", "--yes"]).ends(0).says("is destroyed");
    assert_eq!(house.world().matches("none").count(), 6, "{}", house.world());
}
