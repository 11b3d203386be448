//! Secrets in texts: every form of a value is hidden, and nothing that only looks like one.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use proptest::prelude::*;

use super::super::matcher::Matcher;

#[test]
fn secrets_are_masked_in_every_form_they_are_sent_in() {
    let secret = "p\"w/ü €\\+ä-~_=&?long";
    let matcher = Matcher::new([secret]);
    let json = serde_json::Value::from(secret).to_string();
    let forms = [
        secret.to_owned(),
        json.trim_matches('"').replace('/', "\\/"),
        json,
        STANDARD.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
        "p%22w%2F%C3%BC%20%E2%82%AC%5C%2B%C3%A4-~_%3D%26%3Flong".to_owned(),
        "p%22w%2f%c3%bc+%e2%82%ac%5c%2b%c3%a4-~_%3d%26%3flong".to_owned(),
        "p\\\"w\\/\\u00fc \\u20ac\\\\+\\u00e4-~_=&?long".to_owned(),
    ];
    for form in forms {
        let masked = matcher.redact(&format!("before<{form}>after"));
        assert!(
            masked.contains("***") && !masked.contains("long") && !masked.contains("w/"),
            "{form}: {masked}"
        );
        assert!(masked.starts_with("before<") && masked.ends_with(">after"), "{masked}");
    }
}

#[test]
fn a_secret_that_begins_another_leaves_no_tail() {
    let matcher = Matcher::new(["hunter22", "hunter22-and-more", "more-hunter22"]);
    assert_eq!(matcher.redact("x hunter22-and-more y"), "x *** y");
    assert_eq!(matcher.redact("hunter22-and-more-hunter22."), "***.");
    assert_eq!(matcher.redact("hunter22hunter22"), "******");
}

#[test]
fn short_secrets_are_masked_only_where_they_stand_alone() {
    let matcher = Matcher::new(["abc", "", "q7Zx!9"]);
    assert_eq!(matcher.redact("abc abcd xabc (abc) q7Zx!9, xq7Zx!9"), "*** abcd xabc (***) ***, xq7Zx!9");
    assert_eq!(matcher.redact("no `abc` for user:abc@db, PW=abc."), "no `***` for user:***@db, PW=***.");
}

#[test]
fn a_short_secret_that_is_a_word_or_a_number_hides_nothing_else() {
    let values = ["3000", "web", "1", "200", "1.2", "7b0c2f9", "prod", "yes"];
    let matcher = Matcher::new(values);
    let ours = [
        "✓ coolify   project prod · service web                 created   1.2s",
        "  ✓ verify    dns · tls 89 days · GET /health 200 ×3 · release 7b0c2f9e",
        "my-api → https://web.example.com:3000/1                       run 7b0c2f9",
        "error: `web` is not in prod, say yes; 1 of 3000 answered 200",
        r#"{"v":1,"app":"web","port":3000,"exit":1,"status":"200","run":"7b0c2f9","version":"1.2"}"#,
        "spec.yaml:1:3000: `port` must be a whole number from 1 to 65535",
        "http://localhost:3000/?page=1&size=200",
    ];
    for text in ours {
        assert_eq!(matcher.redact_own(text), text);
    }
    let foreign = [
        "listening on http://0.0.0.0:3000/web/1.2.3 in 200 ms, 1 worker",
        "image web-1:1.2-alpine, prod-db.example.com, container 7b0c2f9e-web",
        r#"{"port":3000,"count":1,"status":200}"#,
    ];
    for text in foreign {
        assert_eq!(matcher.redact(text), text);
    }
    assert_eq!(matcher.redact("PORT=3000 pw=web \"1\""), "PORT=*** pw=*** \"***\"");
    assert_eq!(matcher.redact_own("PORT=3000 PW='web'"), "PORT=*** PW='***'");
}

#[test]
fn a_line_of_a_long_secret_is_masked_too() {
    let matcher = Matcher::new(["-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0\n-----END KEY-----\n"]);
    assert_eq!(matcher.redact("at MIIEvQIBADANBgkqhkiG9w0!"), "at ***!");
}

#[test]
fn a_secret_without_end_is_masked_in_every_form_and_so_is_its_beginning() {
    let secret = "ü/0123456789 and so on, ".repeat(40_000);
    let matcher = Matcher::new([&secret]);
    let json = serde_json::Value::from(secret.as_str()).to_string();
    for form in [&secret, &json, &STANDARD.encode(&secret)] {
        let masked = matcher.redact(&format!("<{form}>"));
        assert!(masked.len() < 10, "{} bytes of it are left", masked.len());
    }
    // Cut off in the middle of a letter, as logs are.
    assert_eq!(
        matcher.redact(&format!("{}… the rest is not shown", &secret[..100])),
        "***… the rest is not shown"
    );
}

#[test]
fn a_secret_that_was_cut_off_is_hidden_as_far_as_it_stands() {
    let matcher = Matcher::new(["ünd-hunter22-and-more", "short"]);
    assert_eq!(matcher.redact("key=ünd-hunt… key=ünd-hunter22-and-mor…"), "key=***… key=***…");
    assert_eq!(matcher.redact(&format!("{}…", &STANDARD.encode("ünd-hunter22-and-more")[..11])), "***…");
    assert_eq!(matcher.redact("key=ünd… shor… ünd-hunt and more"), "key=ünd… shor… ünd-hunt and more");
}

#[test]
fn what_only_begins_like_a_secret_is_hidden_as_far_as_it_does() {
    let secret = "a".repeat(100);
    let matcher = Matcher::new([&secret]);
    assert_eq!(matcher.redact(&format!("{}b", &secret[..63])), format!("{}b", &secret[..63]));
    assert_eq!(matcher.redact(&format!("{}ü", &secret[..70])), "***ü");
}

#[test]
fn without_secrets_nothing_is_masked() {
    assert_eq!(Matcher::new(Vec::<String>::new()).redact("all of it"), "all of it");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_value_survives_masking(values in prop::collection::vec("[ -~äé\n]{8,20}", 1..4), around in "[a-z ]{0,8}") {
        let matcher = Matcher::new(&values);
        let text = values.iter().fold(around.clone(), |text, value| format!("{text}{value}{around}"));
        let masked = matcher.redact(&text);
        for value in &values {
            prop_assert!(!masked.contains(value.as_str()), "{masked}");
        }
    }
}
