//! `--cacert` and `--resolve`: what a person says about where a site is and whom to trust there.

use super::fixture::CliFixture;

#[test]
fn a_place_that_makes_no_sense_ends_2_naming_the_flag_and_what_is_wrong() {
    let house = CliFixture::with_app();
    let before = house.listing();
    for (place, wrong) in [
        ("my-api.example.com", "write HOST:PORT:ADDR"),
        ("my-api.example.com:https:127.0.0.1", "`https` is not a port"),
        ("my-api.example.com:443:localhost", "`localhost` is not an IP address"),
        ("my-api.example.com:443:[::1", "`[::1` is not an IP address"),
    ] {
        for command in [["apply", "my-api.yaml"], ["resume", "1"], ["rollback", "1"]] {
            let words = [&command[..], &["--sandbox", "--resolve", place]].concat();
            house.run(&words).ends(2).says("--resolve").says(wrong);
        }
    }
    assert_eq!(house.listing(), before);
}

#[test]
fn a_certificate_file_that_gives_none_ends_2_naming_the_flag_and_what_is_wrong() {
    let house = CliFixture::with_app();
    house.write("empty.pem", "no certificate");
    house.write("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let before = house.listing();
    for (file, wrong) in [
        ("nowhere.pem", "cannot be read: no such file"),
        ("empty.pem", "holds no certificate"),
        ("broken.pem", "holds something that is no certificate"),
    ] {
        let words = ["apply", "my-api.yaml", "--sandbox", "--cacert", file];
        house.run(&words).ends(2).says(&format!("`--cacert {file}` {wrong}"));
    }
    assert_eq!(house.listing(), before);
}

#[test]
fn a_given_place_is_looked_at_instead_of_asking_the_dns_and_the_screen_says_so() {
    let house = CliFixture::with_app();
    let place = "*:443:203.0.113.10";
    let other = "my-api.example.com:8443:198.51.100.9";
    let words = ["apply", "my-api.yaml", "--sandbox", "--resolve", other, "--resolve", place];
    house.run(&words).ends(0).says("dns skipped: 203.0.113.10 was given as the address");
    house.edit("another version");
    house.apply().ends(0).says("dns ✓");
    house.edit("a third version");
    // Nobody answers for the app there: neither the new version, nor the old one that was put back.
    let nowhere = "my-api.example.com:443:198.51.100.9";
    let words = ["apply", "my-api.yaml", "--sandbox", "--timeout", "30s", "--resolve", nowhere];
    house.run(&words).ends(4).says("connection refused");
}
