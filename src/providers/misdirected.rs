//! Telling an API from what else may answer at its address: a proxy, a login page, another site.
//!
//! Both APIs answer JSON to whoever asks for it (two calls of Coolify's answer plain text). What was answered is never
//! quoted: it is somebody else's page.

use http::header::LOCATION;
use http::{Response, Uri};
use serde_json::Value;

use super::ReadError;
use super::api::Api;

/// One question to an API: its base URL, and the whole URL that was asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AskedHost<'a> {
    pub api: Api,
    /// The base URL that a person gave.
    pub base: &'a str,
    /// The URL asked, which begins with the base URL.
    pub url: &'a str,
}

impl AskedHost<'_> {
    /// What is wrong where `response` does not come from the API; `None` for an answer that may be the API's, and for
    /// server errors, which pass.
    pub(crate) fn misdirected(&self, response: &Response<Vec<u8>>) -> Option<ReadError> {
        let (status, body) = (response.status().as_u16(), response.body());
        match status {
            300..=399 => Some(self.redirected(response)),
            200..=299 if is_page(body) => Some(
                self.trouble("but a web page".to_owned(), self.elsewhere("a login page or another site")),
            ),
            401 | 403 | 407 if is_foreign(body) => Some(self.trouble(
                format!("but something in front of it that refuses this machine ({status})"),
                format!(
                    "let this machine through it to {}, or give {} an address that leads past it",
                    self.base,
                    self.api.url_setting()
                ),
            )),
            400 if is_foreign(body) && mentions_https(body) && self.base.starts_with("http://") => {
                Some(self.trouble(
                    "its port speaks https, and was spoken to without TLS".to_owned(),
                    format!("write https:// in {}", self.api.url_setting()),
                ))
            }
            400..=499 if status != 429 && is_foreign(body) => Some(self.trouble(
                format!("but something that has no such page ({status})"),
                self.elsewhere("a proxy or another site"),
            )),
            _ => None,
        }
    }

    /// That something other than the API answers in a way that only its content tells.
    pub(crate) fn other(&self, saw: &str) -> ReadError {
        self.trouble(saw.to_owned(), self.elsewhere("another program"))
    }

    fn trouble(&self, saw: String, advice: String) -> ReadError {
        ReadError::Misdirected { api: self.api, url: self.base.to_owned(), saw, advice }
    }

    fn elsewhere(&self, what: &str) -> String {
        let setting = self.api.url_setting();
        let own = match self.api {
            Api::Coolify => "the address of the Coolify instance itself, like https://coolify.example.com",
            Api::Cloudflare => "https://api.cloudflare.com/client/v4, which it is unless set",
        };
        let without_path = match origin(self.base).filter(|origin| *origin != self.base) {
            Some(origin) if self.api == Api::Coolify => format!("; try {origin}, without the path"),
            Some(_) | None => String::new(),
        };
        format!("{setting} leads to {what}: give it {own}{without_path}")
    }

    // The token goes to nobody but the address that a person gave.
    fn redirected(&self, response: &Response<Vec<u8>>) -> ReadError {
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or("?");
        let saw = format!(
            "but a redirect ({}) to {location}, where Fabrik does not follow with the token",
            response.status().as_u16()
        );
        self.trouble(saw, self.after_redirect(location))
    }

    fn after_redirect(&self, location: &str) -> String {
        let setting = self.api.url_setting();
        let asked = self.url.strip_prefix(self.base).unwrap_or_default();
        if let Some(moved) = location.strip_suffix(asked).filter(|moved| moved.contains("://")) {
            return format!("if that is your {}, set {setting}={moved}", self.api);
        }
        match origin(location).filter(|there| origin(self.base) != Some(*there)) {
            Some(there) => format!(
                "if that is your {}, set {setting}={there}; if it is a login page, let {} through without one",
                self.api, self.base
            ),
            None => format!(
                "a login stands in front of it, or {setting} is not its address: let {} through without a login, or \
                 give it an address that leads past it",
                self.base
            ),
        }
    }
}

/// Scheme, host and port of a URL.
fn origin(url: &str) -> Option<&str> {
    let uri: Uri = url.parse().ok()?;
    let length = uri.scheme_str()?.len() + "://".len() + uri.authority()?.as_str().len();
    url.get(..length)
}

/// A page for browsers. Coolify's plain answers go under `text/html` too, so the body tells (Coolify 4.3.11, observed).
fn is_page(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'<')
}

/// Something, and no JSON.
fn is_foreign(body: &[u8]) -> bool {
    !body.trim_ascii().is_empty() && serde_json::from_slice::<Value>(body).is_err()
}

/// nginx: "The plain HTTP request was sent to HTTPS port"; Go: "Client sent an HTTP request to an HTTPS server."
fn mentions_https(body: &[u8]) -> bool {
    String::from_utf8_lossy(body).contains("HTTPS")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(base: &str, status: u16, body: &str, location: Option<&str>) -> Option<(String, String)> {
        let url = format!("{base}/api/v1/version");
        let asked = AskedHost { api: Api::Coolify, base, url: &url };
        let mut response = Response::builder().status(status);
        if let Some(location) = location {
            response = response.header(LOCATION, location);
        }
        let trouble = asked.misdirected(&response.body(body.as_bytes().to_vec()).unwrap())?;
        Some((trouble.to_string(), trouble.hint()))
    }

    #[test]
    fn an_answer_of_coolifys_is_never_taken_for_somebody_elses() {
        let answers = [
            (200, "4.3.11"),
            (200, "OK"),
            (200, "[]"),
            (404, r#"{"message":"Service not found."}"#),
            (404, ""),
            (401, r#"{"message":"Unauthenticated."}"#),
            (422, r#"{"message":"Validation failed."}"#),
            (429, "Too Many"),
            (502, "<html>"),
        ];
        for (status, body) in answers {
            assert_eq!(told("https://c.example.com", status, body, None), None, "{status} {body}");
        }
    }

    #[test]
    fn a_redirect_to_the_same_call_elsewhere_names_the_address_to_set() {
        for there in ["https://c.example.com", "http://new.example.com:8000", "https://x.example.com/coolify"]
        {
            let location = format!("{there}/api/v1/version");
            let (_, hint) = told("http://c.example.com", 301, "", Some(&location)).unwrap();
            assert!(hint.ends_with(&format!("set COOLIFY_API_URL={there}")), "{hint}");
        }
    }

    #[test]
    fn a_login_page_is_not_offered_as_the_address() {
        for location in ["/login", "https://c.example.com/login?next=/api/v1/version/x"] {
            let (message, hint) = told("https://c.example.com", 302, "", Some(location)).unwrap();
            assert!(message.contains(location), "{message}");
            assert!(hint.contains("a login stands in front") && !hint.contains("set COOLIFY"), "{hint}");
        }
    }

    #[test]
    fn a_path_too_many_is_named_where_there_is_one() {
        let (_, hint) = told("https://c.example.com/project", 200, "<!doctype html>", None).unwrap();
        assert!(hint.ends_with("try https://c.example.com, without the path"), "{hint}");
        let (_, hint) = told("https://c.example.com", 404, "404 page not found", None).unwrap();
        assert!(hint.ends_with("like https://coolify.example.com"), "{hint}");
    }

    #[test]
    fn tls_spoken_to_without_tls_is_told_as_that() {
        let go = "Client sent an HTTP request to an HTTPS server.\n";
        let (_, hint) = told("http://c.example.com:443", 400, go, None).unwrap();
        assert_eq!(hint, "write https:// in COOLIFY_API_URL");
    }
}
