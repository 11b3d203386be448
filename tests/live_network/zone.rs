//! What name servers say, and what that proves.

use std::net::Ipv4Addr;

use fabrik::net::{QueryType, Question, ResolveError};
use fabrik::verify::{Check, Target};

use super::names::{Knows, NameServer, nobody};
use super::visit::{AMPLE, HOST, PLACE, SHORT, ports, target, visit};

const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 9);

/// Asks the name server at `at` for the addresses of the site.
async fn ask(at: &str, patience: std::time::Duration) -> Result<Vec<String>, ResolveError> {
    let question = Question { name: HOST.to_owned(), record_type: QueryType::A, server: Some(at.to_owned()) };
    let answers = ports("", patience).resolver.ask(&question).await?;
    Ok(answers.into_iter().map(|answer| answer.value).collect())
}

#[tokio::test]
async fn addresses_are_read_from_the_server_that_is_named() {
    let server = NameServer::serve(|_| Knows::Addresses(vec![PLACE, ELSEWHERE])).await;
    assert_eq!(ask(&server.at, AMPLE).await, Ok(vec!["203.0.113.7".to_owned(), "198.51.100.9".to_owned()]));
    assert_eq!(server.asked(), ["udp A blog.example.com."]);
}

#[tokio::test]
async fn an_answer_too_large_for_a_datagram_is_asked_for_again_over_tcp() {
    let many: Vec<Ipv4Addr> = (1..=200).map(|host| Ipv4Addr::new(203, 0, 113, host)).collect();
    let server = NameServer::serve(move |_| Knows::TooMuchForUdp(many.clone())).await;
    assert_eq!(ask(&server.at, AMPLE).await.map(|found| found.len()), Ok(200));
    assert_eq!(server.asked(), ["udp A blog.example.com.", "tcp A blog.example.com."]);
}

#[tokio::test]
async fn only_a_server_that_says_so_proves_that_there_is_nothing() {
    for knows in [Knows::NoRecord, Knows::NoName] {
        let says = knows.clone();
        let server = NameServer::serve(move |_| says.clone()).await;
        assert_eq!(ask(&server.at, AMPLE).await, Err(ResolveError::Nothing), "{knows:?}");
    }
    for knows in [Knows::Fails, Knows::Refuses, Knows::Silence, Knows::Noise] {
        let says = knows.clone();
        let server = NameServer::serve(move |_| says.clone()).await;
        let answer = ask(&server.at, SHORT).await;
        assert!(matches!(answer, Err(ResolveError::Unanswered(_))), "{knows:?}: {answer:?}");
    }
    let answer = ask(&nobody().await.to_string(), SHORT).await;
    assert!(matches!(answer, Err(ResolveError::Unanswered(_))), "{answer:?}");
}

#[tokio::test]
async fn the_address_of_another_name_is_no_answer() {
    let server = NameServer::serve(|_| Knows::AnotherName(vec![PLACE])).await;
    let answer = ask(&server.at, SHORT).await;
    assert!(answer.is_err(), "{answer:?}");
}

#[tokio::test]
async fn a_record_is_waited_for_until_its_servers_have_it() {
    let late = NameServer::serve(|nth| match nth {
        0 => Knows::NoName,
        1 => Knows::NoRecord,
        // A failure by datagram is asked about once more by connection.
        2 | 3 => Knows::Fails,
        4 => Knows::Addresses(vec![ELSEWHERE]),
        _ => Knows::Addresses(vec![PLACE]),
    })
    .await;
    // Nobody is at the site: the name is what is looked at here.
    let patient = Target { timeout: AMPLE * 6, ..target(nobody().await, &late.at) };
    let seen = visit(&ports("", AMPLE), &patient).await;
    let saw = seen.of(Check::Dns);
    assert!(saw[0].starts_with("no such record, by 127.0.0.1:"), "{saw:?}");
    assert!(saw[2].starts_with("name server did not answer: "), "{saw:?}");
    assert!(saw[3].starts_with("198.51.100.9, by 127.0.0.1:"), "{saw:?}");
    assert!(saw[4].starts_with("203.0.113.7, by 127.0.0.1:"), "{saw:?}");
    assert_eq!((saw.len(), seen.ended_at()), (5, Some(Check::Tls)));
}

#[tokio::test]
async fn one_server_that_lags_behind_is_named_and_waited_for() {
    let prompt = NameServer::serve(|_| Knows::Addresses(vec![PLACE])).await;
    let lagging = NameServer::serve(|_| Knows::Addresses(vec![ELSEWHERE])).await;
    let target = target(nobody().await, &prompt.at);
    let name_servers = vec![prompt.at.clone(), lagging.at.clone()];
    let seen = visit(&ports("", AMPLE), &Target { name_servers, ..target }).await;
    assert_eq!(seen.ended_at(), Some(Check::Dns));
    let saw = format!("198.51.100.9, by {}; waiting for 203.0.113.7", lagging.at);
    assert_eq!(seen.of(Check::Dns), [saw]);
}
