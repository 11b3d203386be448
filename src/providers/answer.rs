//! Sorting answers to writes: done, refused, not done, or in doubt.

use std::time::Duration;

use serde_json::Value;

use super::call::Refusal;
use crate::secrets::Mask;
use crate::wire::{Response, SendError};

/// What an answer to a write means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Done; this came back.
    Done(Value),
    /// Refused, and nothing was done.
    Refused(String),
    /// Refused, but part of it may have been done.
    Partial(String),
    /// The thing is not there (404).
    Missing(String),
    /// The token is not accepted; nothing was done.
    TokenRefused(String),
    /// Nothing was done, and it may be tried again after so long.
    NotDone(String, Duration),
    /// It may or may not have been done.
    Doubt(String),
}

impl Answer {
    /// The same, with secrets hidden in the API's words.
    #[must_use]
    pub fn masked(self, mask: &Mask) -> Self {
        match self {
            Self::Done(body) => Self::Done(body),
            Self::Refused(why) => Self::Refused(mask.mask(&why)),
            Self::Partial(why) => Self::Partial(mask.mask(&why)),
            Self::Missing(why) => Self::Missing(mask.mask(&why)),
            Self::TokenRefused(why) => Self::TokenRefused(mask.mask(&why)),
            Self::NotDone(why, pause) => Self::NotDone(mask.mask(&why), pause),
            Self::Doubt(why) => Self::Doubt(mask.mask(&why)),
        }
    }
}

const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(120);

/// Sorts what came of sending a write (design: "sort").
pub fn sort(sent: Result<Response, SendError>, refusal: Refusal) -> Answer {
    let response = match sent {
        Ok(response) => response.http,
        Err(error) if error.never_arrived() => return Answer::NotDone(error.to_string(), FIRST_PAUSE),
        Err(error) => return Answer::Doubt(error.to_string()),
    };
    let status = response.status().as_u16();
    let body: Option<Value> = serde_json::from_slice(response.body()).ok();
    match (status, body) {
        (200..=299, Some(body)) if body.get("success") != Some(&Value::Bool(false)) => Answer::Done(body),
        (429, _) => Answer::NotDone(format!("{status} too many requests"), retry_after(&response)),
        (401 | 403, Some(body)) => Answer::TokenRefused(words(status, &body)),
        (404, Some(body)) => Answer::Missing(words(status, &body)),
        (400..=499, Some(body)) if says_already_there(&body) => Answer::Doubt(words(status, &body)),
        (400..=499, Some(body)) => match refusal {
            Refusal::Atomic => Answer::Refused(words(status, &body)),
            Refusal::Partial => Answer::Partial(words(status, &body)),
        },
        (_, Some(body)) => Answer::Doubt(words(status, &body)),
        (_, None) => Answer::Doubt(format!("{status} with a body that is no JSON")),
    }
}

/// The pause an answer asks for; absurd ones are cut.
fn retry_after(response: &http::Response<Vec<u8>>) -> Duration {
    let header = response.headers().get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let seconds = header.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
    seconds.unwrap_or(FIRST_PAUSE * 5).clamp(FIRST_PAUSE, LONGEST_PAUSE)
}

/// "Already exists" may be the echo of our own lost create: Cloudflare 81053 to 81058, Coolify's environment 409.
fn says_already_there(body: &Value) -> bool {
    let codes = body.get("errors").and_then(Value::as_array).into_iter().flatten();
    let cloudflare =
        codes.filter_map(|error| error.get("code")?.as_u64()).any(|code| (81053..=81058).contains(&code));
    let coolify = message(body).is_some_and(|message| message.contains("already exists"));
    cloudflare || coolify
}

/// The API's own words, in one line.
pub fn words(status: u16, body: &Value) -> String {
    let mut words = format!("{status}");
    if let Some(message) = message(body) {
        words = format!("{words} {message}");
    }
    for text in flat(body.get("errors").unwrap_or(&Value::Null)) {
        words = format!("{words} · {text}");
    }
    for conflict in body.get("conflicts").and_then(Value::as_array).into_iter().flatten() {
        words.extend(message(conflict).map(|text| format!(" · {text}")));
    }
    words
}

fn message(body: &Value) -> Option<&str> {
    body.get("message").and_then(Value::as_str)
}

// Coolify's `errors` come in four shapes, Cloudflare's in one; all are flattened to their texts.
fn flat(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(flat).collect(),
        Value::Object(error) if error.contains_key("code") => {
            let text = error.get("message").and_then(Value::as_str).unwrap_or("");
            vec![format!("{} {text}", error["code"])]
        }
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(field, value)| flat(value).into_iter().map(move |text| format!("{field}: {text}")))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(status: u16, body: &Value) -> Answer {
        let http = http::Response::builder().status(status).body(body.to_string().into_bytes()).unwrap();
        sort(Ok(Response { http, certificate: None }), Refusal::Atomic)
    }

    #[test]
    fn a_server_error_is_doubt_and_never_failure() {
        for status in [500, 502, 503, 504, 520] {
            assert!(matches!(answer(status, &json!({"message": "Server Error"})), Answer::Doubt(_)));
        }
    }

    #[test]
    fn already_exists_may_be_our_own_lost_create() {
        let cloudflare = json!({"success": false, "errors": [{"code": 81058, "message": "identical"}]});
        assert!(matches!(answer(400, &cloudflare), Answer::Doubt(_)));
        let coolify = json!({"message": "Environment with this name already exists."});
        assert!(matches!(answer(409, &coolify), Answer::Doubt(_)));
    }

    #[test]
    fn success_false_with_200_is_doubt() {
        assert!(matches!(answer(200, &json!({"success": false})), Answer::Doubt(_)));
    }

    #[test]
    fn every_shape_of_errors_is_read_as_text() {
        for (errors, text) in [
            (json!({"zzz": ["This field is not allowed."]}), "zzz: This field is not allowed."),
            (json!({"docker_compose_raw": "bad"}), "docker_compose_raw: bad"),
            (json!(["Invalid URL"]), "Invalid URL"),
            (json!([{"code": 9005, "message": "no address"}]), "9005 no address"),
        ] {
            assert_eq!(words(422, &json!({"errors": errors})), format!("422 · {text}"));
        }
    }

    #[test]
    fn a_taken_domain_is_refused_at_once_naming_who_has_it() {
        let who = "Domain https://a.example.com is already in use by application 'shop'";
        let body = json!({"message": "Domain conflicts detected.", "conflicts": [{"message": who}]});
        let refused = format!("409 Domain conflicts detected. · {who}");
        assert_eq!(answer(409, &body), Answer::Refused(refused));
    }

    #[test]
    fn an_absurd_retry_after_is_cut() {
        let http =
            http::Response::builder().status(429).header("retry-after", "86400").body(Vec::new()).unwrap();
        let answer = sort(Ok(Response { http, certificate: None }), Refusal::Atomic);
        assert!(matches!(answer, Answer::NotDone(_, pause) if pause == LONGEST_PAUSE));
    }
}
