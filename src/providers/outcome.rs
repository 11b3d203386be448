//! Sorting answers to writes: done, refused, not done, or in doubt.

use std::time::Duration;

use serde_json::Value;

use super::cloudflare::codes;
use super::request::RejectionSemantics;
use crate::net::{Response, SendError};
use crate::secrets::Redactor;

/// What an answer to a write means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteOutcome {
    /// Done; this came back.
    Done(Value),
    /// Refused, and nothing was done.
    Refused(String),
    /// Refused, but part of it may have been done.
    Partial(String),
    /// The resource is not there (404).
    Missing(String),
    /// The token is not accepted; nothing was done.
    TokenRefused(String),
    /// Nothing was done, and it may be tried again after so long.
    NotSent(String, Duration),
    /// Refused because something holds its place: perhaps what our own lost request made.
    Conflict(String),
    /// It may or may not have been done.
    Ambiguous(String),
}

impl WriteOutcome {
    /// The same, with secrets hidden in the API's words.
    #[must_use]
    pub fn redacted(self, redactor: &Redactor) -> Self {
        match self {
            Self::Done(body) => Self::Done(body),
            Self::Refused(why) => Self::Refused(redactor.redact(&why)),
            Self::Partial(why) => Self::Partial(redactor.redact(&why)),
            Self::Missing(why) => Self::Missing(redactor.redact(&why)),
            Self::TokenRefused(why) => Self::TokenRefused(redactor.redact(&why)),
            Self::NotSent(why, pause) => Self::NotSent(redactor.redact(&why), pause),
            Self::Conflict(why) => Self::Conflict(redactor.redact(&why)),
            Self::Ambiguous(why) => Self::Ambiguous(redactor.redact(&why)),
        }
    }
}

/// What a refusal says of a request, from the clearest to the least clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorClass {
    /// No, and nothing was done.
    Refused,
    /// What it is about is not there.
    Missing,
    /// Not with this token; nothing was done.
    Token,
    /// Too many requests; nothing was done.
    Throttled,
    /// It is there already, perhaps by our own create whose answer was lost.
    Taken,
    /// It may or may not have been done.
    Unclear,
}

const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// For so long Cloudflare refuses everything once its limit was passed.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Sorts what came of sending a write (design: "sort").
pub fn classify(sent: Result<Response, SendError>, refusal: RejectionSemantics) -> WriteOutcome {
    let response = match sent {
        Ok(response) => response.http,
        Err(full @ SendError::NoRoom { pause, .. }) => return WriteOutcome::NotSent(full.to_string(), pause),
        Err(error) if error.never_arrived() => return WriteOutcome::NotSent(error.to_string(), FIRST_PAUSE),
        Err(error) => return WriteOutcome::Ambiguous(error.to_string()),
    };
    let status = response.status().as_u16();
    let body: Option<Value> = serde_json::from_slice(response.body()).ok();
    match (status, body) {
        (200..=299, Some(body)) if body.get("success") != Some(&Value::Bool(false)) => {
            WriteOutcome::Done(body)
        }
        (429, _) => WriteOutcome::NotSent(format!("{status} too many requests"), retry_after(&response)),
        (400..=499, Some(body)) => refused(words(status, &body), sense(status, &body), refusal, &response),
        (_, Some(body)) => WriteOutcome::Ambiguous(words(status, &body)),
        (_, None) => WriteOutcome::Ambiguous(format!("{status} with a body that is no JSON")),
    }
}

fn refused(
    words: String,
    sense: ErrorClass,
    refusal: RejectionSemantics,
    response: &http::Response<Vec<u8>>,
) -> WriteOutcome {
    match (sense, refusal) {
        (ErrorClass::Missing, _) => WriteOutcome::Missing(words),
        (ErrorClass::Token, _) => WriteOutcome::TokenRefused(words),
        (ErrorClass::Throttled, _) => WriteOutcome::NotSent(words, retry_after(response)),
        (ErrorClass::Unclear, _) => WriteOutcome::Ambiguous(words),
        (ErrorClass::Taken, RejectionSemantics::Atomic | RejectionSemantics::Partial) => {
            WriteOutcome::Conflict(words)
        }
        (ErrorClass::Refused, RejectionSemantics::Partial) => WriteOutcome::Partial(words),
        (ErrorClass::Refused, RejectionSemantics::Atomic | RejectionSemantics::Plain)
        | (ErrorClass::Taken, RejectionSemantics::Plain) => WriteOutcome::Refused(words),
    }
}

/// What a 4xx says: by Cloudflare's codes where it has one, by its status otherwise.
pub fn sense(status: u16, body: &Value) -> ErrorClass {
    let by_status = || match status {
        401 | 403 => ErrorClass::Token,
        404 if is_no_such_call(status, body) => ErrorClass::Refused,
        404 => ErrorClass::Missing,
        429 => ErrorClass::Throttled,
        // Coolify's environments: the echo of our own lost create sounds the same.
        _ if message(body).is_some_and(|message| message.contains("already exists")) => ErrorClass::Taken,
        _ => ErrorClass::Refused,
    };
    codes::sense(status, body).unwrap_or_else(by_status)
}

/// Whether a 404 is about the call and not about the resource: this version of Coolify does not have it, which only the
/// link to its documentation tells (Coolify 4.3.11, observed).
pub fn is_no_such_call(status: u16, body: &Value) -> bool {
    status == 404 && body.get("docs").is_some()
}

/// The pause an answer asks for; absurd ones are cut.
fn retry_after(response: &http::Response<Vec<u8>>) -> Duration {
    let header = response.headers().get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let seconds = header.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
    seconds.unwrap_or(FIRST_PAUSE * 5).clamp(FIRST_PAUSE, LONGEST_PAUSE)
}

/// What is to be done about it where that is known, and the API's own words, in one line.
pub fn words(status: u16, body: &Value) -> String {
    let mut words = format!("{status}");
    if let Some(message) = message(body) {
        words = format!("{words} {message}");
    }
    let errors = ["error", "errors"].iter().filter_map(|key| body.get(key));
    for text in errors.flat_map(flat) {
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

// Coolify's `errors` come in four shapes (and as one `error`), Cloudflare's in one; all are flattened to their
// texts.
fn flat(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(flat).collect(),
        Value::Object(error) if error.contains_key("code") => {
            let text = error.get("message").and_then(Value::as_str).unwrap_or("");
            let said = format!("{} {text}", error["code"]);
            let advice = error["code"].as_u64().and_then(codes::advice);
            let line = advice.map_or_else(|| said.clone(), |advice| format!("{advice} ({said})"));
            std::iter::once(line).chain(flat(error.get("error_chain").unwrap_or(&Value::Null))).collect()
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

    fn answer(status: u16, body: &Value) -> WriteOutcome {
        let http = http::Response::builder().status(status).body(body.to_string().into_bytes()).unwrap();
        classify(Ok(Response { http, certificate: None }), RejectionSemantics::Atomic)
    }

    #[test]
    fn a_server_error_is_doubt_and_never_failure() {
        for status in [500, 502, 503, 504, 520] {
            assert!(matches!(
                answer(status, &json!({"message": "Server Error"})),
                WriteOutcome::Ambiguous(_)
            ));
        }
    }

    #[test]
    fn already_exists_may_be_our_own_lost_create() {
        let cloudflare = json!({"success": false, "errors": [{"code": 81058, "message": "identical"}]});
        assert!(matches!(answer(400, &cloudflare), WriteOutcome::Conflict(_)));
        let coolify = json!({"message": "Environment with this name already exists."});
        assert!(matches!(answer(409, &coolify), WriteOutcome::Conflict(_)));
    }

    #[test]
    fn a_name_that_is_taken_refuses_a_call_that_creates_nothing() {
        let http = http::Response::builder().status(400);
        let body = json!({"errors": [{"code": 81053}]}).to_string().into_bytes();
        let response = Response { http: http.body(body).unwrap(), certificate: None };
        assert!(matches!(classify(Ok(response), RejectionSemantics::Plain), WriteOutcome::Refused(_)));
    }

    #[test]
    fn the_code_decides_before_the_status() {
        for (status, code, expected) in [
            (403, 971, "NotSent"),
            (400, 9106, "TokenRefused"),
            (403, 1038, "Refused"),
            (400, 7003, "Missing"),
            (400, 10001, "Ambiguous"),
            (500, 81045, "Ambiguous"),
            (400, 81045, "Refused"),
            (403, 31_337, "TokenRefused"),
        ] {
            let answer = answer(status, &json!({"errors": [{"code": code, "message": "so"}]}));
            assert!(format!("{answer:?}").starts_with(expected), "{status} {code}: {answer:?}");
        }
    }

    #[test]
    fn a_call_that_is_not_there_says_nothing_about_the_thing() {
        let (call, resource) =
            (json!({"message": "Not found.", "docs": "https://coolify.io/docs"}), json!({}));
        assert!(matches!(answer(404, &call), WriteOutcome::Refused(_)));
        assert!(matches!(answer(404, &resource), WriteOutcome::Missing(_)));
    }

    #[test]
    fn success_false_with_200_is_doubt() {
        assert!(matches!(answer(200, &json!({"success": false})), WriteOutcome::Ambiguous(_)));
    }

    #[test]
    fn every_shape_of_errors_is_read_as_text() {
        for (errors, text) in [
            (json!({"zzz": ["This field is not allowed."]}), "zzz: This field is not allowed."),
            (json!({"docker_compose_raw": "bad"}), "docker_compose_raw: bad"),
            (json!(["Invalid URL"]), "Invalid URL"),
            (json!([{"code": 12, "message": "no address"}]), "12 no address"),
            (json!([{"code": 81044, "message": "Gone."}]), "the record is gone (81044 Gone.)"),
        ] {
            assert_eq!(words(422, &json!({"errors": errors})), format!("422 · {text}"));
        }
    }

    #[test]
    fn the_reason_beside_the_message_is_told_too() {
        let body = json!({"message": "Invalid request.", "error": "Empty JSON."});
        assert_eq!(words(400, &body), "400 Invalid request. · Empty JSON.");
    }

    #[test]
    fn a_write_without_room_is_not_done_until_there_is_some() {
        let pause = Duration::from_secs(37);
        let full = SendError::NoRoom { api: "coolify.example.com".into(), pause };
        assert!(
            matches!(classify(Err(full), RejectionSemantics::Partial), WriteOutcome::NotSent(_, told) if told == pause)
        );
    }

    #[test]
    fn a_taken_domain_is_refused_at_once_naming_who_has_it() {
        let who = "Domain https://a.example.com is already in use by application 'shop'";
        let body = json!({"message": "Domain conflicts detected.", "conflicts": [{"message": who}]});
        let refused = format!("409 Domain conflicts detected. · {who}");
        assert_eq!(answer(409, &body), WriteOutcome::Refused(refused));
    }

    #[test]
    fn an_absurd_retry_after_is_cut() {
        let http =
            http::Response::builder().status(429).header("retry-after", "86400").body(Vec::new()).unwrap();
        let answer = classify(Ok(Response { http, certificate: None }), RejectionSemantics::Atomic);
        assert!(matches!(answer, WriteOutcome::NotSent(_, pause) if pause == LONGEST_PAUSE));
    }
}
