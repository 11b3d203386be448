//! Who keeps the records of a name, and which answers of it are healthy.

use super::super::{Dns, DnsTarget, Proxied, RecordType, StatusSet};
use super::{SMALLEST, also_refused, parse, refused, with};

const ID: &str = "6ff42ae2-765d-4adf-8112-31c55c1551ef";

fn dns(value: &str) -> Dns {
    with(&format!("dns: {value}")).expect("a good spec").dns
}

fn statuses(value: &str) -> StatusSet {
    with(&format!("health: {{status: {value}}}")).expect(value).health.status
}

#[test]
fn a_tunnel_is_a_proxied_alias_of_its_name() {
    for id in [ID.to_owned(), ID.to_uppercase(), format!("'{ID}'")] {
        let dns = dns(&format!("{{tunnel: {id}, zone: example.com}}"));
        assert!(dns.is_tunnel());
        let managed = dns.managed().expect("Fabrik keeps its record");
        let target = managed.target.as_ref().expect("a target");
        assert_eq!(target, &DnsTarget::Tunnel(ID.to_owned()));
        assert_eq!(
            (target.to_string(), target.kind()),
            (format!("{ID}.cfargotunnel.com"), RecordType::Cname)
        );
        assert_eq!(managed.proxied, Proxied::First);
    }
}

#[test]
fn what_is_no_tunnel_is_refused_where_it_stands() {
    for id in ["my-tunnel", "6ff42ae2765d4adf811231c55c1551ef", &ID[1..], &ID.replace('a', "g")] {
        also_refused(
            &format!("dns: {{tunnel: {id}}}"),
            1,
            15,
            "the id of a Cloudflare Tunnel",
            "cloudflared tunnel list",
        );
    }
    let name = format!("{ID}.cfargotunnel.com");
    also_refused(&format!("dns: {{tunnel: {name}}}"), 1, 15, "the tunnel's id alone", ID);
    also_refused(
        &format!("dns: {{target: {name}}}"),
        1,
        15,
        "the name of a Cloudflare Tunnel",
        &format!("`tunnel: {ID}`"),
    );
    also_refused("dns: {tunel: x}", 1, 7, "tunel", "tunnel");
}

#[test]
fn what_a_tunnel_decides_is_not_said_beside_it() {
    for (key, value) in [("target", "203.0.113.7"), ("type", "CNAME"), ("ttl", "300"), ("proxied", "true")] {
        let lines = format!("dns: {{tunnel: {ID}, {key}: {value}}}");
        also_refused(
            &lines,
            1,
            15 + ID.len() + 2,
            &format!("`dns.{key}` has no meaning beside"),
            "leave it out",
        );
    }
}

#[test]
fn a_record_that_others_keep_is_a_word_and_not_a_mapping() {
    assert_eq!(dns("external"), Dns::External);
    assert!(!with("dns: external").expect("good").keeps_records());
    assert!(with("").expect("good").keeps_records());
    also_refused("dns: extern", 1, 6, "the word `external`", "`dns: external`");
    also_refused("dns: {external: true}", 1, 7, "external", "");
    also_refused("dns: 7", 1, 6, "must be a mapping of keys", "");
    also_refused("dns: external\nadopt: [dns]", 2, 8, "leaves it to others", "keep one");
    refused("name: ab\nfolder: ./my-api\ndns: external\n", 3, 6, "there is none", "add a `domain`");
}

#[test]
fn statuses_are_one_a_range_or_a_list_of_both() {
    for (value, in_it, ports) in [
        ("204", vec![204], vec![200, 203, 205]),
        ("200-399", vec![200, 301, 399], vec![400, 599]),
        ("'200 - 204'", vec![200, 204], vec![205]),
        ("[200, 204]", vec![200, 204], vec![202]),
        ("[401, 200-299]", vec![200, 299, 401], vec![300, 400, 402]),
        ("[200-250, 240-260, 261]", vec![200, 261], vec![262]),
    ] {
        let set = statuses(value);
        assert!(in_it.iter().all(|status| set.contains(*status)), "{value}: {set}");
        assert!(!ports.iter().any(|status| set.contains(*status)), "{value}: {set}");
    }
    let shown = ["200", "[204, 200]", "200-399", "[401, 200-299, 300]"].map(|it| statuses(it).to_string());
    assert_eq!(shown, ["200", "200 or 204", "200-399", "200-300 or 401"]);
}

#[test]
fn statuses_that_no_answer_has_are_refused_where_they_stand() {
    also_refused("health: {status: 199}", 1, 18, "from 200 to 599", "");
    also_refused("health: {status: '200'}", 1, 18, "neither a status nor a range", "200-399");
    also_refused("health: {status: ok}", 1, 18, "`ok` is neither", "");
    also_refused("health: {status: 100-300}", 1, 18, "within 200 to 599", "");
    also_refused("health: {status: 200-}", 1, 18, "within 200 to 599", "");
    also_refused("health: {status: 399-200}", 1, 18, "ends before it begins", "`200-399`");
    also_refused("health: {status: []}", 1, 18, "an empty list", "");
    also_refused("health: {status: [200, 600]}", 1, 24, "from 200 to 599", "");
    also_refused("health: {status: {}}", 1, 18, "a number, a range or a list", "");
    also_refused("health: {status: [[200]]}", 1, 19, "a number, a range or a list", "");
    also_refused("health: {status: '${CODE}'}", 1, 18, "holds a variable", "");
}

// What these specs hashed to before there were tunnels, external names and sets of statuses.
#[test]
fn the_canonical_text_of_older_specs_is_what_it_was() {
    let text = format!("{SMALLEST}health: {{status: 204}}\ndns: {{target: 203.0.113.7, ttl: 300}}\n");
    let canonical = parse(&text).expect("good").canonical();
    assert!(canonical.contains(r#""status":204"#), "{canonical}");
    let dns = r#""dns":{"kind":null,"proxied":"no","target":{"v4":"203.0.113.7"},"ttl":{"seconds":300},"zone":null}"#;
    assert!(canonical.contains(dns), "{canonical}");
}

#[test]
fn two_ways_to_write_one_set_of_statuses_are_one_spec() {
    let canonical = |value: &str| with(&format!("health: {{status: {value}}}")).expect(value).canonical();
    assert_eq!(canonical("[204, 200]"), canonical("[200, 204, 200]"));
    assert_eq!(canonical("[200]"), canonical("200"));
    assert_eq!(canonical("200-202"), canonical("[200, 201, 202]"));
}
