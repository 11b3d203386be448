//! Reading with patience: a GET or HEAD that is asked again until there is an answer worth having.
//!
//! For reads only. A write that was lost may have taken effect, so whether it is sent again is not for the wire to
//! decide.

use std::time::Duration;

use http::{Method, StatusCode};

use super::patience::{BEFORE_FIRST_ANSWER, Patience};
use super::rate_limit::retry_after;
use super::{Ports, Request, Response, SendError};

/// The first pause; each further one is twice as long.
const FIRST: Duration = Duration::from_millis(500);
/// The longest pause of our own.
const LONGEST: Duration = Duration::from_secs(10);
/// The shortest that a try is given, however little patience is left.
const SHORTEST: Duration = Duration::from_secs(1);
/// The longest pause a server can make us take; Cloudflare counts its limits over five minutes.
const LONGEST_ASKED: Duration = Duration::from_secs(300);
/// How long a read may wait for room in a rate limit, beside its patience.
const QUEUE: Duration = Duration::from_secs(600);

/// Sends `request` until it is answered by neither 429 nor 5xx, for as long as `patience` lasts; then gives back the
/// last answer or error as it is. Before the API's first answer a single try ends as early as patience does. Waiting for
/// room in our own budget does not use up patience, but ends too. All waiting is [`Clock::wait`](super::Clock::wait), and
/// the last answer comes back when that is called off.
///
/// # Errors
/// The last [`SendError`]; one of TLS at once, because a certificate does not get better by asking.
pub(crate) async fn get_with_retry(
    ports: &Ports,
    request: Request,
    patience: &Patience,
) -> Result<Response, SendError> {
    let reads = [Method::GET, Method::HEAD].contains(request.http.method());
    assert!(reads, "{} is a write: sending it again could do it twice", request.http.method());
    let clock = &ports.clock;
    let (mut queue, mut began) = (QUEUE, clock.boot());
    let mut own = FIRST;
    loop {
        let came = ports.transport.send(timed(&request, patience, began, clock.boot())).await;
        if came.as_ref().is_ok_and(|answer| !answer.http.status().is_server_error()) {
            patience.learn_answer();
        } else if !patience.has_answered() {
            // The reads beside this one may just have been answered.
            tokio::task::yield_now().await;
        }
        let left = (began + patience.now()).saturating_sub(clock.boot());
        let pause = match &came {
            Err(SendError::NoRoom { pause, .. }) if *pause <= queue => {
                (queue, began) = (queue.saturating_sub(*pause), began + *pause);
                Some(*pause)
            }
            came if left.is_zero() || !is_passing(came) => None,
            came => {
                let now = clock.wall();
                let asked = came.as_ref().ok().and_then(|answer| retry_after(answer.http.headers(), now));
                // The last time is asked when patience ends, however long the pause would have been.
                let pause = asked.unwrap_or_default().min(LONGEST_ASKED).max(own).min(left);
                own = (own * 2).min(LONGEST);
                Some(pause)
            }
        };
        let goes_on = match pause {
            Some(pause) => clock.wait(&reason(&came, &request), pause).await,
            None => false,
        };
        if !goes_on {
            return came;
        }
    }
}

/// The request with the time that a try of it has which is sent `now`.
fn timed(request: &Request, patience: &Patience, began: Duration, now: Duration) -> Request {
    let mut request = request.clone();
    if !patience.has_answered() {
        let left = (began + BEFORE_FIRST_ANSWER).saturating_sub(now).max(SHORTEST);
        request.timeout = request.timeout.min(left);
    }
    request
}

/// Whether it may be otherwise in a moment.
fn is_passing(came: &Result<Response, SendError>) -> bool {
    match came {
        Ok(answer) => {
            let status = answer.http.status();
            status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
        }
        Err(SendError::Name { .. } | SendError::Refused { .. } | SendError::Lost { .. }) => true,
        Err(SendError::Tls { .. } | SendError::NoRoom { .. }) => false,
    }
}

/// Why it is not over, in words.
fn reason(came: &Result<Response, SendError>, request: &Request) -> String {
    match came {
        Ok(answer) => {
            let host = request.http.uri().host().unwrap_or_default();
            format!("{host} answered {}", answer.http.status().as_u16())
        }
        Err(error) => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::{Arc, Mutex};

    use async_trait::async_trait;
    use http::header::RETRY_AFTER;

    use super::*;
    use crate::net::simulated::{NoNames, SimulatedClock};
    use crate::net::{Clock, Transport};

    type Came = Result<Response, SendError>;

    /// Answers what is written, the last for ever, and notes when it was asked.
    struct Script {
        clock: Arc<SimulatedClock>,
        answers: Mutex<VecDeque<Came>>,
        asked: Mutex<Vec<Duration>>,
    }

    #[async_trait]
    impl Transport for Script {
        async fn send(&self, _: Request) -> Came {
            self.asked.lock().expect("one thread").push(self.clock.boot());
            let mut answers = self.answers.lock().expect("one thread");
            let last = answers.len() == 1;
            if last { answers[0].clone() } else { answers.pop_front().expect("a script is never empty") }
        }
    }

    /// Asks for a minute, and tells what came and when it was asked for, in milliseconds.
    async fn play(method: Method, answers: impl IntoIterator<Item = Came>) -> (Came, Vec<u128>) {
        play_with(true, method, answers).await
    }

    /// The same with an API that has answered before, or has not.
    async fn play_with(
        known: bool,
        method: Method,
        answers: impl IntoIterator<Item = Came>,
    ) -> (Came, Vec<u128>) {
        let clock = Arc::new(SimulatedClock::default());
        let answers = Mutex::new(answers.into_iter().collect());
        let script = Arc::new(Script { clock: clock.clone(), answers, asked: Mutex::default() });
        let ports = Ports { transport: script.clone(), resolver: Arc::new(NoNames), clock };
        let http = http::Request::builder().method(method).uri("https://api.example.com/zones");
        let http = http.body(Vec::new()).expect("a plain request");
        let request = Request { http, timeout: Duration::from_secs(10), connect_to: None };
        let patience = Patience::of(Duration::from_secs(60));
        if known {
            patience.learn_answer();
        }
        let came = get_with_retry(&ports, request, &patience).await;
        let asked = script.asked.lock().expect("one thread").iter().map(Duration::as_millis).collect();
        (came, asked)
    }

    fn answer(status: u16) -> Response {
        let http = http::Response::builder().status(status).body(Vec::new()).expect("a plain answer");
        Response { http, certificate: None }
    }

    fn asking_for(retry_after: &str) -> Response {
        let http = http::Response::builder().status(429).header(RETRY_AFTER, retry_after);
        Response { http: http.body(Vec::new()).expect("a plain answer"), certificate: None }
    }

    fn peer() -> String {
        "api.example.com:443".to_owned()
    }

    fn lost() -> SendError {
        SendError::Lost { peer: peer(), reason: "reset".into() }
    }

    fn status(came: &Came) -> u16 {
        came.as_ref().map_or(0, |answer| answer.http.status().as_u16())
    }

    #[tokio::test]
    async fn an_answer_is_asked_for_once() {
        for code in [200, 301, 401, 404, 422] {
            let (came, asked) = play(Method::GET, [Ok(answer(code))]).await;
            assert_eq!((status(&came), asked), (code, vec![0]));
        }
    }

    #[tokio::test]
    async fn what_may_pass_is_asked_again_after_growing_pauses() {
        let refused = SendError::Refused { peer: peer(), reason: "refused".into() };
        let unknown = SendError::Name { host: "api.example.com".into(), reason: "timed out".into() };
        let errors = [lost(), refused, unknown].map(Err);
        let answers = [500, 503, 429, 200].map(answer).map(Ok);
        let (came, asked) = play(Method::HEAD, errors.into_iter().chain(answers)).await;
        assert_eq!(status(&came), 200);
        assert_eq!(asked, [0, 500, 1_500, 3_500, 7_500, 15_500, 25_500]);
    }

    #[tokio::test]
    async fn patience_ends_with_the_last_answer_as_it_is() {
        let (came, asked) = play(Method::GET, [Ok(answer(500)), Ok(answer(502))]).await;
        assert_eq!((status(&came), asked.last()), (502, Some(&60_000)));
        let (came, asked) = play(Method::GET, [Err(lost())]).await;
        assert!(matches!(came, Err(SendError::Lost { .. })));
        assert_eq!(asked.last(), Some(&60_000));
    }

    #[tokio::test]
    async fn a_server_that_asks_for_time_gets_it() {
        let (came, asked) = play(Method::GET, [Ok(asking_for("7")), Ok(answer(200))]).await;
        assert_eq!((status(&came), asked), (200, vec![0, 7_000]));
        // The simulated clock starts at 2027-01-15 08:00:00 UTC.
        let date = asking_for("Fri, 15 Jan 2027 08:00:09 GMT");
        let (came, asked) = play(Method::GET, [Ok(date), Ok(answer(200))]).await;
        assert_eq!((status(&came), asked), (200, vec![0, 9_000]));
    }

    #[tokio::test]
    async fn an_absurd_wish_for_time_does_not_outlast_patience() {
        for wish in ["86400", "18446744073709551615", "Fri, 15 Jan 2100 08:00:09 GMT"] {
            let (came, asked) = play(Method::GET, [Ok(asking_for(wish))]).await;
            assert_eq!((status(&came), asked), (429, vec![0, 60_000]), "{wish}");
        }
        for wish in ["-1", "soon", "", "Fri, 15 Jan 1999 08:00:09 GMT"] {
            let (came, asked) = play(Method::GET, [Ok(asking_for(wish)), Ok(answer(200))]).await;
            assert_eq!((status(&came), asked), (200, vec![0, 500]), "{wish}");
        }
    }

    #[tokio::test]
    async fn an_api_that_never_answered_is_given_up_after_five_seconds() {
        for failing in [Ok(answer(502)), Err(lost())] {
            let (_, asked) = play_with(false, Method::GET, [failing]).await;
            assert_eq!(asked, [0, 500, 1_500, 3_500, 5_000]);
        }
    }

    #[tokio::test]
    async fn one_that_turns_us_away_is_there_and_waited_for() {
        let (came, asked) = play_with(false, Method::GET, [Ok(asking_for("7")), Ok(answer(200))]).await;
        assert_eq!((status(&came), asked), (200, vec![0, 7_000]));
    }

    #[tokio::test]
    async fn a_bad_certificate_is_told_at_once() {
        let bad = SendError::Tls { peer: peer(), reason: "expired".into(), certificate: None };
        let (came, asked) = play(Method::GET, [Err(bad)]).await;
        assert!(matches!(came, Err(SendError::Tls { .. })));
        assert_eq!(asked, [0]);
    }

    #[tokio::test]
    #[should_panic(expected = "POST is a write")]
    async fn a_write_is_never_asked_again() {
        let _ = play(Method::POST, [Ok(answer(200))]).await;
    }
}
