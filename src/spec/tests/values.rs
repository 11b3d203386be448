//! What a single value must look like, key by key.

use std::time::Duration;

use super::{also_refused, parse, refused, with};

#[test]
fn values_of_the_wrong_type_are_refused_where_they_stand() {
    also_refused("port: \"80\"", 1, 7, "`port` must be a number, not text", "");
    also_refused("port: 80.5", 1, 7, "`port` must be a whole number from 1 to 65535", "");
    also_refused("port: 0", 1, 7, "`port` must be a whole number", "");
    also_refused("port:", 1, 5, "`port` has no value", "");
    also_refused("server: [a]", 1, 9, "`server` must be text, not a list", "");
    also_refused("server: 12", 1, 9, "`server` must be text, not a number", "quotes");
    also_refused("health: fine", 1, 9, "`health` must be a mapping of keys, not text", "");
    also_refused("volumes: {}", 1, 10, "`volumes` must be a list, not a mapping", "");
    also_refused("env: {A: [b]}", 1, 10, "`env.A` must be text, not a list", "");
    also_refused("env: {A: }", 1, 8, "`env.A` has no value", "\"\"");
    also_refused("secrets: KEY", 1, 10, "`secrets` must be a list, not text", "");
}

#[test]
fn names_that_are_no_dns_labels_are_refused() {
    let text = |name: &str| format!("name: {name}\nfolder: my-api\ndomain: a.example.com");
    refused(&text(&"a".repeat(70)), 1, 7, "70 characters, and at most 63", "");
    for name in ["My-Api", "my_api", "-api", "api-", "ä", "a b", "''"] {
        refused(&text(name), 1, 7, "`name` must be a DNS label", "lower-case");
    }
    refused("folder: my-api\ndomain: a.example.com", 1, 1, "`name` is missing", "");
}

#[test]
fn an_environment_that_coolify_would_store_under_another_name_or_not_find_again_is_refused() {
    for name in ["Staging", "team/staging", "qa", "' staging'"] {
        also_refused(&format!("environment: {name}"), 1, 14, "not a name that Coolify takes", "lower-case");
    }
    for word in ["envs", "environments"] {
        also_refused(
            &format!("environment: {word}"),
            1,
            14,
            "not a name that Coolify takes",
            "of Coolify's own",
        );
    }
}

#[test]
fn durations_without_sense_are_refused() {
    for text in ["5 s", "s", "0s", "1d", "25h", "1m1h", "-1s", "99999999999999999999h", "1.5h", "''"] {
        also_refused(&format!("health: {{timeout: {text}}}"), 1, 19, "must be a duration", "1h30m");
    }
    also_refused("health: {interval: 5}", 1, 20, "has no unit", "5s");
    let spec = with("health: {interval: 1m30s}").expect("a good spec");
    assert_eq!(spec.health.interval, Duration::from_secs(90));
}

#[test]
fn dns_settings_that_cannot_be_set_are_refused() {
    also_refused("dns: {target: '::1'}", 1, 15, "nobody can reach", "");
    also_refused("dns: {target: '::ffff:203.0.113.7'}", 1, 15, "nobody can reach", "");
    also_refused("dns: {target: localhost}", 1, 15, "an address or the name of a host", "");
    also_refused("dns: {target: my-api.example.com}", 1, 15, "point at itself", "");
    also_refused("dns: {target: 127.0.0.1}", 1, 15, "nobody can reach", "");
    also_refused("dns: {type: CNAME}", 1, 13, "no `dns.target` says to which name", "");
    also_refused("dns: {type: MX}", 1, 13, "must be A or AAAA or CNAME", "");
    also_refused("dns: {target: 203.0.113.7, type: AAAA}", 1, 34, "is AAAA, but the target needs A", "leave");
    also_refused("dns: {proxied: last}", 1, 16, "must be true, false or first", "");
    also_refused("dns: {ttl: 59}", 1, 12, "from 60 to 86400", "");
    also_refused("dns: {ttl: 86401}", 1, 12, "from 60 to 86400", "");
    also_refused("dns: {ttl: soon}", 1, 12, "`auto` or seconds", "");
    also_refused("dns: {zone: ample.com}", 1, 13, "not within", "");
}

#[test]
fn health_settings_without_sense_are_refused() {
    also_refused("health: {path: up}", 1, 16, "must be a path", "/health");
    also_refused("health: {status: 99}", 1, 18, "from 200 to 599", "");
    also_refused("health: {successes: 0}", 1, 21, "from 1 to 100", "");
    also_refused("health: {fingerprint: {header: X, json: y}}", 1, 23, "names one place", "");
    also_refused("health: {fingerprint: {}}", 1, 23, "names one place", "");
}

#[test]
fn volumes_must_have_a_name_and_a_path_of_their_own() {
    also_refused("volumes: [{name: data}]", 1, 11, "needs a `name` and a `path`", "");
    also_refused("volumes: [{name: Data, path: /d}]", 1, 18, "lower-case", "");
    for path in ["data", "/", "/a/../b", "/a:b", "/a//b", "/a/"] {
        also_refused(&format!("volumes: [{{name: d, path: {path}}}]"), 1, 27, "absolute path", "");
    }
    also_refused("volumes: [{name: a, path: /d}, {name: b, path: /d}]", 1, 32, "another volume", "");
}

#[test]
fn rollback_is_auto_or_manual() {
    also_refused("rollback: {dns: atuo}", 1, 17, "must be auto or manual", "did you mean `auto`?");
}

#[test]
fn variables_with_bad_names_are_refused_at_the_key() {
    also_refused("env: {1A: x}", 1, 7, "not a name for a variable", "letter");
    also_refused("env: {A-B: x}", 1, 7, "not a name for a variable", "");
    also_refused("env: {FABRIK_RELEASE: x}", 1, 7, "set by every deployment", "");
    also_refused(
        "env: {FABRIK_PART_A: x}",
        1,
        7,
        "`FABRIK_PART_A` is a name that Fabrik keeps",
        "`FABRIK_PART_`",
    );
    also_refused("secrets: [FABRIK_RELEASE]", 1, 11, "`FABRIK_RELEASE` is set by every deployment", "");
    also_refused("secrets: {required: [FABRIK_PART_]}", 1, 22, "`FABRIK_PART_` is a name", "");
    also_refused("secrets: [A B]", 1, 11, "not a name for a variable", "");
    also_refused("env: {A: x}\nsecrets: [A]", 2, 11, "under `env` and under `secrets`", "");
    also_refused("secrets: [A, A]", 1, 14, "asked for twice", "");
}

#[test]
fn a_variable_that_coolify_sets_itself_is_warned_of_by_its_place() {
    for name in ["COOLIFY_URL", "SERVICE_FQDN_WEB", "SERVICE_URL_WEB_80", "SERVICE_NAME_WEB"] {
        for line in [format!("env: {{{name}: x}}"), format!("secrets: [{name}]")] {
            let warnings = with(&line).expect("a good spec").warnings;
            assert!(warnings.iter().any(|it| it.line == 4 && it.message.contains(name)), "{warnings:?}");
        }
    }
    let fine = "secrets: [SERVICE_PASSWORD_DB, HOST, PORT, SERVICE_KEY, COOLIFY]";
    assert_eq!(with(fine).expect("a good spec").warnings, []);
}

#[test]
fn env_values_that_coolify_cannot_carry_are_refused_by_key() {
    let image = "name: my-api\nimage: ghcr.io/acme/api:1\ndomain: my-api.example.com\n";
    let also_refused_of_an_image =
        |lines: &str, message: &str, hint: &str| refused(&format!("{image}{lines}\n"), 4, 10, message, hint);
    also_refused_of_an_image("env: {A: \" x\"}", "`env.A` starts or ends with white space", "base64");
    also_refused_of_an_image("env: {A: \"x\\n\"}", "white space", "");
    also_refused_of_an_image("env: {A: \"it's $5\"}", "an apostrophe", "base64");
    also_refused_of_an_image("env: {A: \"x\\\\\"}", "a backslash", "base64");
    also_refused_of_an_image("env: {A: '{\"a\": \"$$b\"}'}", "JSON with `$`", "u0024");
    let fine = "env: {B: \"$$5\", C: 'a$b', D: \"it's ${LATER}\", E: '', F: '{\"a\": \"it''s\"}'}";
    assert!(parse(&format!("{image}{fine}\n")).is_ok());
    also_refused("env: {A: \"it's \\0\"}", 1, 10, "a NUL character", "base64");
    also_refused("env: {A: \"it's \\e\"}", 1, 10, "a control character", "base64");
    assert!(with("env: {A: \" it's $$5\\n\", B: '{\"a\": \"$$ #\"}', C: 'a\\'}").is_ok());
}

#[test]
fn a_frozen_spec_is_not_judged_by_what_is_known_of_values_now() {
    let text = "name: my-api\nimage: ghcr.io/acme/api:1\ndomain: my-api.example.com\nenv: {A: \"it's\"}\n";
    assert!(parse(text).is_err());
    let thawed =
        super::super::Spec::thaw(std::path::Path::new("my-api.yaml"), text).expect("it was good once");
    assert_eq!(thawed.env["A"], "it's");
}

#[test]
fn references_that_cannot_be_followed_are_refused() {
    also_refused("env: {A: \"${B\"}", 1, 10, "without its `}`", "$$");
    also_refused("env: {A: \"${1}\"}", 1, 10, "does not name a variable", "");
    also_refused("server: ${SERVER}", 1, 9, "`server` holds a variable", "in the clear");
    also_refused("dns: {zone: \"${ZONE:-example.com}\"}", 1, 13, "`dns.zone` holds a variable", "`env`");
    assert_eq!(with("server: a$$b$").expect("a good spec").server.as_deref(), Some("a$b$"));
}

#[test]
fn targets_are_told_apart_by_how_they_look() {
    use super::super::{DnsTarget, Proxied, RecordType};
    let dns = |lines: &str| {
        let dns = with(&format!("dns: {{{lines}}}")).expect("a good spec").dns;
        dns.managed().expect("Fabrik keeps the records").clone()
    };
    let v6 = dns("target: 2001:db8::1, type: AAAA, proxied: first");
    assert_eq!(v6.target, Some(DnsTarget::V6("2001:db8::1".parse().expect("an address"))));
    assert_eq!((v6.kind, v6.proxied), (Some(RecordType::Aaaa), Proxied::First));
    let host = dns("target: Edge.example.net, proxied: false".to_lowercase().as_str());
    assert_eq!(host.target.map(|target| target.kind()), Some(RecordType::Cname));
    assert_eq!(dns("proxied: true").proxied, Proxied::After);
}

#[test]
fn limits_are_what_docker_takes() {
    for memory in ["512M", "1.5G", "600mb", "6m", "8388608"] {
        let spec = with(&format!("resources: {{memory: {memory}, cpu: '0.5'}}")).expect(memory);
        assert_eq!(spec.resources.memory.as_deref(), Some(memory));
    }
    for memory in ["5M", "M", "1T", "1 G", "-1G", "1.G", "100"] {
        also_refused(&format!("resources: {{memory: {memory}}}"), 1, 21, "an amount as Docker", "512M");
    }
    for cpu in ["0", "-1", "1e3", "1.", "many"] {
        also_refused(&format!("resources: {{cpu: '{cpu}'}}"), 1, 18, "a number of processors", "1.5");
    }
    assert_eq!(with("resources: {cpu: 1.50}").expect("good").resources.cpu.as_deref(), Some("1.50"));
}

#[test]
fn what_may_be_taken_over_is_named() {
    let adopt = with("adopt: [coolify]").expect("a good spec").adopt;
    assert!(adopt.coolify && !adopt.dns);
    also_refused("adopt: [all]", 1, 9, "must be dns or coolify", "");
    also_refused("adopt: [dns, dns]", 1, 14, "twice", "");
    also_refused("adopt: dns", 1, 8, "must be a list", "");
}
