//! What Cloudflare's error codes mean: for the write that got one, and for the person who reads it.
//!
//! The texts that come with a code vary over time, so nothing is decided by them. The codes and their meanings
//! are those seen in public; a code that is not listed is left to the HTTP status.

use serde_json::Value;

use crate::providers::outcome::ErrorClass;

const CODES: [(u64, ErrorClass, &str); 39] = [
    (
        0,
        ErrorClass::Token,
        "the token may not list zones: give it Zone:Read, or set `dns.zone` to the zone's id",
    ),
    (971, ErrorClass::Throttled, "Cloudflare throttles this token: wait five minutes"),
    (1000, ErrorClass::Token, "the token is not valid: check CLOUDFLARE_API_TOKEN"),
    (1001, ErrorClass::Refused, "the zone's id is not valid: check `dns.zone`"),
    (1003, ErrorClass::Refused, "the zone's id is not valid: check `dns.zone`"),
    (1004, ErrorClass::Refused, "the record does not pass Cloudflare's checks"),
    (
        1038,
        ErrorClass::Refused,
        "Cloudflare's API changes no records under .cf, .ga, .gq, .ml and .tk: use another domain",
    ),
    (
        6003,
        ErrorClass::Token,
        "the request's headers are refused: is CLOUDFLARE_API_TOKEN a token and nothing else?",
    ),
    (6103, ErrorClass::Token, "the API key is malformed: use an API token"),
    (
        6111,
        ErrorClass::Token,
        "the Authorization header is malformed: is CLOUDFLARE_API_TOKEN a token and nothing else?",
    ),
    (
        7000,
        ErrorClass::Missing,
        "there is nothing at that address: the zone or record is gone or hidden from this token",
    ),
    (
        7003,
        ErrorClass::Missing,
        "there is nothing at that address: the zone or record is gone or hidden from this token",
    ),
    (
        9000,
        ErrorClass::Refused,
        "the record's name is not valid: labels of at most 63 characters, 253 in all",
    ),
    (9004, ErrorClass::Refused, "records of this type cannot be proxied: set `dns.proxied: false`"),
    (9005, ErrorClass::Refused, "the target of an A record must be an IPv4 address: check `dns.target`"),
    (9006, ErrorClass::Refused, "the target of an AAAA record must be an IPv6 address: check `dns.target`"),
    (9009, ErrorClass::Refused, "the target of an MX record must be a host name"),
    (9015, ErrorClass::Refused, "the record is larger than 4096 bytes: shorten it"),
    (9021, ErrorClass::Refused, "the TTL is out of range: set `dns.ttl` to `auto` or to 60 to 86400 seconds"),
    (9041, ErrorClass::Refused, "this target cannot be proxied: set `dns.proxied: false`"),
    (9103, ErrorClass::Token, "the API key or its email is unknown: use an API token"),
    (9106, ErrorClass::Token, "no credentials arrived: set CLOUDFLARE_API_TOKEN"),
    (9107, ErrorClass::Token, "no credentials arrived: set CLOUDFLARE_API_TOKEN"),
    (
        9109,
        ErrorClass::Token,
        "the token is not valid, not for this zone, not from this address, or locked after too many tries",
    ),
    (9300, ErrorClass::Refused, "the zone's plan does not allow so many tags"),
    (10000, ErrorClass::Token, "the token lacks a permission: give it Zone:Read and DNS:Edit for this zone"),
    (10001, ErrorClass::Unclear, "Cloudflare failed inside, or does not allow this with this kind of token"),
    (10100, ErrorClass::Throttled, "more than 1200 requests in five minutes: wait five minutes"),
    (10429, ErrorClass::Throttled, "too many requests: wait five minutes"),
    (
        10502,
        ErrorClass::Token,
        "too many tries with a token that was refused: wait, then check CLOUDFLARE_API_TOKEN",
    ),
    (81044, ErrorClass::Missing, "the record is gone"),
    (81045, ErrorClass::Refused, "the zone's record quota is reached: delete records, or raise the plan"),
    (
        81053,
        ErrorClass::Taken,
        "an A, AAAA or CNAME record holds that name: delete it, or choose another name",
    ),
    (81054, ErrorClass::Taken, "a CNAME record holds that name: delete it, or choose another name"),
    (81055, ErrorClass::Taken, "an A record holds that name: delete it, or choose another name"),
    (81056, ErrorClass::Taken, "NS records hold that name: delete them, or choose another name"),
    (81057, ErrorClass::Taken, "an equal record is there already"),
    (81058, ErrorClass::Taken, "an equal record is there already"),
    (
        83011,
        ErrorClass::Refused,
        "the records of that name and type are longer than 8192 characters together: delete some",
    ),
];

/// What a person can do about a code; `None` for one that is not known.
pub(crate) fn advice(code: u64) -> Option<&'static str> {
    known(code).map(|(_, advice)| advice)
}

/// What the codes in an answer's body say; of several, the least clear counts. `None` where none is known.
pub(crate) fn sense(status: u16, body: &Value) -> Option<ErrorClass> {
    let senses = codes(&body["errors"]).into_iter().filter_map(|code| Some(known(code)?.0));
    match (senses.max()?, status) {
        // Of its two uses this is the one that is no mishap: the method is closed to this kind of token.
        (ErrorClass::Unclear, 403) => Some(ErrorClass::Token),
        (sense, _) => Some(sense),
    }
}

/// Whether the answer is a refusal that Cloudflare is known to give now and then, under load, to a good token.
pub(crate) fn may_pass(status: u16, body: &Value) -> bool {
    status == 403 && codes(&body["errors"]).contains(&10000)
}

/// The codes on both levels: a wrapper such as 1004 or 6003 carries the cause in its chain.
fn codes(errors: &Value) -> Vec<u64> {
    let errors = errors.as_array().into_iter().flatten();
    errors.flat_map(|error| error["code"].as_u64().into_iter().chain(codes(&error["error_chain"]))).collect()
}

fn known(code: u64) -> Option<(ErrorClass, &'static str)> {
    CODES.iter().find(|(number, ..)| *number == code).map(|(_, sense, advice)| (*sense, *advice))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_code_says_what_a_person_can_do_in_the_manner_of_the_house() {
        for (code, _, advice) in CODES {
            assert_eq!(super::advice(code), Some(advice), "{code} is listed twice");
            assert!(!advice.is_empty() && !advice.ends_with('.'), "{code}: {advice}");
        }
        assert_eq!(super::advice(12_345), None);
    }

    #[test]
    fn each_code_is_sorted_by_what_it_says_of_a_write() {
        use ErrorClass::{Missing, Refused, Taken, Throttled, Token, Unclear};
        let table: [(ErrorClass, &[u64]); 6] = [
            (Taken, &[81053, 81054, 81055, 81056, 81057, 81058]),
            (Missing, &[81044, 7000, 7003]),
            (
                Refused,
                &[81045, 9000, 9005, 9006, 9009, 9004, 9041, 9015, 9021, 9300, 83011, 1004, 1038, 1001, 1003],
            ),
            (Token, &[1000, 6003, 6111, 6103, 9103, 9106, 9107, 9109, 10000, 0, 10502]),
            (Throttled, &[971, 10100, 10429]),
            (Unclear, &[10001]),
        ];
        assert_eq!(table.iter().map(|(_, codes)| codes.len()).sum::<usize>(), CODES.len());
        for (expected, codes) in table {
            for code in codes {
                let body = json!({"errors": [{"code": code}]});
                assert_eq!(sense(400, &body), Some(expected), "{code}");
            }
        }
    }

    #[test]
    fn a_wrapper_is_read_through_to_its_cause() {
        let wrapped = json!({"errors": [{"code": 1004, "error_chain": [{"code": 81057}]}]});
        assert_eq!(sense(400, &wrapped), Some(ErrorClass::Taken));
    }

    #[test]
    fn an_answer_without_a_known_code_is_left_to_its_status() {
        for body in
            [json!({}), json!({"errors": []}), json!({"errors": [{"message": "no code"}]}), json!(null)]
        {
            assert_eq!(sense(400, &body), None);
        }
    }

    #[test]
    fn a_method_closed_to_the_token_is_told_from_a_failure_inside() {
        let body = json!({"errors": [{"code": 10001}]});
        assert_eq!(sense(403, &body), Some(ErrorClass::Token));
        assert_eq!(sense(400, &body), Some(ErrorClass::Unclear));
    }
}
