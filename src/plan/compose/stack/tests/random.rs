//! What Coolify makes of what it gets means what was written; and no text makes reading panic.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Stack, input};

/// A scalar as people write it, and what they mean by it.
fn scalar() -> impl Strategy<Value = (String, Value)> {
    let text = |text: String| (text.clone(), Value::String(text));
    prop_oneof![
        "[1-9][0-9]{0,2}\\.[0-9]{0,3}0".prop_map(text),
        "[1-9]e[0-9]".prop_map(text),
        "0[xo][1-7]{1,3}".prop_map(text),
        "[1-9][0-9]{0,2}_[0-9]{3}".prop_map(text),
        "20[0-9]{2}-0[1-9]-[12][0-9]".prop_map(text),
        "0[0-9]{1,4}".prop_map(text),
        "[1-9][0-9]{18,22}"
            .prop_filter("not a small number", |text| text.parse::<i64>().is_err())
            .prop_map(text),
        prop::sample::select(vec!["yes", "no", "on", "off", "y", "n", "22:22", "80:80", "a#b"])
            .prop_map(|word| (word.to_owned(), json!(word))),
        any::<bool>().prop_map(|switch| (switch.to_string(), json!(switch))),
        any::<i32>().prop_map(|number| (number.to_string(), json!(number))),
        "[ -#%-~é]{0,12}".prop_map(|text| (serde_json::to_string(&text).expect("JSON"), Value::String(text))),
        Just((String::new(), Value::Null)),
    ]
}

/// A tree as people write it in one line, and what they mean by it; none of it where leaving it out means the same.
fn tree() -> impl Strategy<Value = (String, Value)> {
    scalar().prop_recursive(3, 12, 4, |inner| {
        let key = "[a-z]{1,4}";
        let list =
            prop::collection::vec(inner.clone(), 1..4).prop_filter_map("no list within a list", |items| {
                let texts: Vec<String> = items.iter().map(|(text, _)| bracketed(text)).collect();
                Some((
                    format!("[{}]", texts.join(", ")),
                    Value::Array(items.into_iter().map(|item| item.1).collect()),
                ))
            });
        let map = prop::collection::btree_map(key, inner, 1..4).prop_map(|entries| {
            let texts: Vec<String> =
                entries.iter().map(|(key, (text, _))| format!("{key}: {text}")).collect();
            let meant: Map<String, Value> =
                entries.into_iter().map(|(key, (_, meant))| (key, meant)).collect();
            (format!("{{{}}}", texts.join(", ")), Value::Object(meant))
        });
        prop_oneof![list, map]
    })
}

/// An item of a list must be something.
fn bracketed(text: &str) -> String {
    if text.is_empty() { "null".to_owned() } else { text.to_owned() }
}

/// What Coolify 4.3.11 makes of a value: numbers that are not plain change, an empty list becomes a mapping.
fn dumped(value: Value) -> Value {
    match value {
        Value::Array(items) if items.is_empty() => json!({}),
        Value::Array(items) => Value::Array(items.into_iter().map(dumped).collect()),
        Value::Object(entries) => {
            let counted = entries.keys().enumerate().all(|(at, key)| *key == at.to_string());
            let dumped = entries.into_iter().map(|(key, value)| (key, dumped(value)));
            if counted { Value::Array(dumped.map(|(_, value)| value).collect()) } else { dumped.collect() }
        }
        Value::Number(number) if number.is_f64() => json!(number.as_f64().map(|it| it.to_string())),
        scalar => scalar,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn what_coolify_dumps_means_what_was_written((text, meant) in tree()) {
        // The keys of a random mapping have no meaning to the checks under a name of their own.
        let text = format!("services:\n  web: {{image: 'a:1', expose: [80]}}\n  job: {{image: 'a:1', x-any: {text}}}\n");
        let stack = Stack::read(&input(&text)).map_err(|problems| TestCaseError::fail(problems.to_string()))?;
        let sent: Value = serde_json::from_str(&stack.text).expect("JSON");
        let after = dumped(sent.clone());
        prop_assert_eq!(&after["services"]["job"]["x-any"], &meant, "{}", text);
        let again = Stack::read(&input(&stack.text)).map_err(|problems| TestCaseError::fail(problems.to_string()))?;
        prop_assert_eq!(again.text, stack.text);
    }

    #[test]
    fn no_text_makes_reading_panic(
        at in 0..RICH.len(), cut in 0..30_usize, paste in "[:{}\\[\\],&*!|>'\"%@`#?\\-\n $a-z0-9\té]{0,12}"
    ) {
        let end = (at + cut).min(RICH.len());
        let text = format!("{}{paste}{}", RICH.get(..at).unwrap_or(""), RICH.get(end..).unwrap_or(""));
        if let Err(problems) = Stack::read(&input(&text)) {
            prop_assert!(!problems.0.is_empty());
            for problem in problems.0 {
                prop_assert!(problem.line <= text.lines().count().max(1), "{:?}", problem);
                let _ = problem.to_string();
            }
        }
    }
}

/// A text with a bit of everything, to cut and paste in.
const RICH: &str = "x-a: &a {restart: always}\nservices:\n  web:\n    <<: *a\n    image: a:${T:-1}\n    expose: [80]\n\
                    \x20   environment: {A: 1.10, B: '${C}'}\n    volumes: ['d:/d', {type: bind, source: /x, target: /y}]\n\
                    \x20   deploy: {replicas: 1}\nvolumes: {d: {external: true}}\nconfigs: {c: {content: x}}\n";
