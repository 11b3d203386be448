//! The real transport against servers on loopback, on ports the system gives.

use std::io::{Read, Write as _};
use std::net::{SocketAddr, TcpListener as BlockingListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::HeaderMap;
use axum::response::Redirect;
use axum::routing::{get, post};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;

use super::{BadRoots, LiveClock, LiveResolver, LiveTransport, Roots};
use crate::net::{
    BodyPrefix, Clock, QueryType, Question, Request, ResolveError, Resolver, Response, SendError, Transport,
};

fn transport() -> LiveTransport {
    LiveTransport::default()
}

fn request(method: &str, url: &str) -> Request {
    let http = http::Request::builder().method(method).uri(url).header("x-asked", "yes");
    let http = http.body(b"ping".to_vec()).expect("a plain request");
    Request { http, timeout: Duration::from_secs(20), connect_to: None }
}

async fn get_from(transport: &LiveTransport, url: &str) -> Result<Response, SendError> {
    transport.send(request("GET", url)).await
}

/// Serves `routes` until the test ends.
async fn serve(routes: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has free ports");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

fn site() -> Router {
    let echo = |headers: HeaderMap, body: String| async move {
        let host = headers["host"].to_str().expect("ASCII").to_owned();
        let asked = headers["x-asked"].clone();
        (http::StatusCode::IM_A_TEAPOT, [("x-host", host)], [("x-asked", asked)], body + " pong")
    };
    Router::new().route("/echo", post(echo).get(echo)).route("/away", get(|| async { Redirect::to("/echo") }))
}

#[tokio::test]
async fn status_headers_and_body_go_both_ways() {
    let address = serve(site()).await;
    let answer =
        transport().send(request("POST", &format!("http://{address}/echo"))).await.expect("an answer");
    assert_eq!(answer.http.status(), 418);
    assert_eq!(answer.http.headers()["x-asked"], "yes");
    assert_eq!(answer.http.headers()["x-host"], address.to_string());
    assert_eq!(answer.http.body(), b"ping pong");
    assert_eq!(answer.certificate, None);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_followed() {
    let address = serve(site()).await;
    let answer = get_from(&transport(), &format!("http://{address}/away")).await.expect("an answer");
    assert_eq!(answer.http.status(), 303);
    assert_eq!(answer.http.headers()["location"], "/echo");
}

#[tokio::test]
async fn a_given_address_counts_and_the_name_is_still_told() {
    let address = serve(site()).await;
    let by_request = at("http://blog.example.invalid/echo", address);
    let answer = transport().send(by_request).await.expect("an answer");
    assert_eq!(answer.http.headers()["x-host"], "blog.example.invalid");

    let by_request = at("http://blog.example.invalid:8080/echo", address);
    let answer = transport().send(by_request).await.expect("an answer");
    assert_eq!(answer.http.headers()["x-host"], "blog.example.invalid:8080");
}

#[tokio::test]
async fn a_silent_peer_is_lost_when_time_is_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has free ports");
    let mut request = request("GET", &format!("http://{}/", listener.local_addr().expect("it is bound")));
    request.timeout = Duration::from_millis(20);
    let came = transport().send(request).await;
    assert!(matches!(came, Err(SendError::Lost { .. })), "{came:?}");
}

/// Reads the whole request, or as much as there is.
fn hear(stream: &mut impl Read) {
    let mut heard = Vec::new();
    let mut some = [0; 1024];
    while let Ok(length @ 1..) = stream.read(&mut some) {
        heard.extend_from_slice(&some[..length]);
        if heard.ends_with(b"ping") {
            return;
        }
    }
}

#[tokio::test]
async fn a_peer_that_hangs_up_within_the_body_is_lost() {
    let listener = BlockingListener::bind("127.0.0.1:0").expect("loopback has free ports");
    let address = listener.local_addr().expect("it is bound");
    let peer = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("somebody asks");
        hear(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").expect("it listens");
    });
    let came = get_from(&transport(), &format!("http://{address}/")).await;
    peer.join().expect("the peer says its part");
    assert!(matches!(came, Err(SendError::Lost { .. })), "{came:?}");
}

#[tokio::test]
async fn an_endless_body_is_lost() {
    let large = || async { vec![b'x'; (16 << 20) + 1] };
    let address = serve(Router::new().route("/", get(large))).await;
    let came = get_from(&transport(), &format!("http://{address}/")).await;
    assert!(matches!(&came, Err(SendError::Lost { reason, .. }) if reason.contains("larger")), "{came:?}");
}

#[tokio::test]
async fn a_closed_port_never_sees_the_request() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has free ports");
    let address = listener.local_addr().expect("it is bound");
    drop(listener);
    let came = get_from(&transport(), &format!("http://{address}/")).await;
    let error = came.expect_err("nobody listens there");
    assert!(matches!(&error, SendError::Refused { peer, .. } if *peer == address.to_string()), "{error:?}");
    assert!(error.never_arrived());
}

#[tokio::test]
async fn a_host_without_an_address_never_sees_the_request() {
    let proxied = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some());
    if proxied {
        eprintln!("skipped: a proxy resolves names here");
        return;
    }
    let error = get_from(&transport(), "http://blog.example.invalid/").await.expect_err("RFC 6761");
    assert!(matches!(&error, SendError::Name { host, .. } if host == "blog.example.invalid"), "{error:?}");
    assert!(error.never_arrived());
}

/// A self-signed certificate for `blog.example.com`, in PEM, and a server that shows it to one caller.
fn shown() -> (String, SocketAddr, std::thread::JoinHandle<()>) {
    let signed = rcgen::generate_simple_self_signed(["blog.example.com".to_owned()]).expect("a plain name");
    let chain = vec![CertificateDer::from(signed.cert.der().to_vec())];
    let key = PrivateKeyDer::try_from(signed.signing_key.serialize_der()).expect("it was just made");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("TLS 1.2 and 1.3").with_no_client_auth().with_single_cert(chain, key);
    let config = Arc::new(config.expect("they belong together"));

    let listener = BlockingListener::bind("127.0.0.1:0").expect("loopback has free ports");
    let address = listener.local_addr().expect("it is bound");
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("somebody asks");
        let mut tls = rustls::ServerConnection::new(config).expect("a sound configuration");
        let mut stream = rustls::Stream::new(&mut tls, &mut stream);
        hear(&mut stream);
        // A caller that did not believe the certificate has hung up, which is an error here.
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    });
    (signed.cert.pem(), address, server)
}

fn trusting(pem: &str) -> LiveTransport {
    LiveTransport::trusting(Roots::of_pem(pem.as_bytes()).expect("it was just made"))
}

fn at(url: &str, address: SocketAddr) -> Request {
    Request { connect_to: Some(address), ..request("GET", url) }
}

#[tokio::test]
async fn a_trusted_peer_shows_its_certificate() {
    let (pem, address, server) = shown();
    let transport = trusting(&pem);
    let answer = transport.send(at("https://blog.example.com/", address)).await.expect("an answer");
    server.join().expect("the server says its part");
    let certificate = answer.certificate.expect("it was over TLS");
    assert_eq!(certificate.names, ["blog.example.com"]);
    assert_eq!(certificate.issuer, "rcgen self signed cert");
    assert!(certificate.not_before < certificate.not_after);
}

#[tokio::test]
async fn what_is_trusted_at_a_given_address_is_not_trusted_elsewhere() {
    let (pem, address, server) = shown();
    let sent = trusting(&pem).send(request("GET", &format!("https://{address}/"))).await;
    server.join().expect("the server says its part");
    let error = sent.expect_err("nobody else trusts it");
    assert!(matches!(&error, SendError::Tls { reason, .. } if reason.contains("not trusted")), "{error:?}");
}

#[tokio::test]
async fn a_page_is_read_only_as_far_as_it_is_wanted() {
    let large = || async { vec![b'x'; 20 << 20] };
    let address = serve(Router::new().route("/", get(large))).await;
    let mut wanted = request("GET", &format!("http://{address}/"));
    wanted.http.extensions_mut().insert(BodyPrefix(1000));
    let answer = transport().send(wanted).await.expect("a prefix is an answer");
    assert_eq!((answer.http.status().as_u16(), answer.http.body().len()), (200, 1000));
    let mut whole = request("GET", &format!("http://{}/echo", serve(site()).await));
    whole.http.extensions_mut().insert(BodyPrefix(1000));
    assert_eq!(transport().send(whole).await.expect("an answer").http.body(), b"ping pong");
}

/// A server that speaks HTTP/2 and nothing else, and answers one request with what it was asked for.
async fn http2_only() -> (String, SocketAddr) {
    let signed = rcgen::generate_simple_self_signed(["blog.example.com".to_owned()]).expect("a plain name");
    let key = PrivateKeyDer::try_from(signed.signing_key.serialize_der()).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("both versions")
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(signed.cert.der().to_vec())], key);
    let mut config = config.expect("its own key");
    config.alpn_protocols = vec![b"h2".to_vec()];
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has free ports");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("somebody asks");
        let tls = tokio_rustls::TlsAcceptor::from(Arc::new(config)).accept(stream).await.expect("TLS");
        let mut connection = h2::server::handshake(tls).await.expect("HTTP/2");
        while let Some(Ok((asked, mut respond))) = connection.accept().await {
            let authority = asked.uri().authority().map(ToString::to_string).unwrap_or_default();
            let head = http::Response::builder().status(200).header("x-authority", authority);
            let head = head.body(()).expect("a plain answer");
            let mut body = respond.send_response(head, false).expect("it listens");
            body.send_data("well".into(), true).expect("it listens");
        }
    });
    (signed.cert.pem(), address)
}

#[tokio::test]
async fn a_site_that_speaks_only_http_2_is_understood() {
    let (pem, address) = http2_only().await;
    let answer = trusting(&pem).send(at("https://blog.example.com/", address)).await.expect("an answer");
    assert_eq!(answer.http.version(), http::Version::HTTP_2);
    assert_eq!(answer.http.body(), b"well");
    let authority = answer.http.headers()["x-authority"].to_str().expect("text");
    assert!(authority.starts_with("blog.example.com"), "{authority}");
    assert_eq!(answer.certificate.expect("over TLS").names, ["blog.example.com"]);
}

#[test]
fn roots_are_certificates_and_at_least_one() {
    let pem =
        rcgen::generate_simple_self_signed(["blog.example.com".to_owned()]).expect("a plain name").cert.pem();
    assert!(Roots::of_pem(format!("# mine\n{pem}{pem}").as_bytes()).is_ok());
    for nothing in ["", "no certificate", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
        assert_eq!(Roots::of_pem(nothing.as_bytes()).err(), Some(BadRoots::Nothing), "{nothing}");
    }
    let hollow = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for bad in [hollow.to_owned(), pem.clone() + hollow, pem.replace("-----END", "-----AND")] {
        assert!(matches!(Roots::of_pem(bad.as_bytes()), Err(BadRoots::Unreadable(_))), "{bad}");
    }
}

#[tokio::test]
async fn a_failed_handshake_tells_what_the_peer_showed() {
    let (pem, address, server) = shown();
    let transport = trusting(&pem);
    let error = transport.send(at("https://shop.example.com/", address)).await.expect_err("another name");
    server.join().expect("the server says its part");
    assert!(error.never_arrived());
    match error {
        SendError::Tls { certificate: Some(certificate), .. } => {
            assert_eq!(certificate.names, ["blog.example.com"]);
        }
        error => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn a_name_that_cannot_exist_is_no_such_record() {
    // RFC 6761: nothing under `invalid` exists, and no name server is asked.
    for record_type in [QueryType::A, QueryType::Aaaa, QueryType::Cname, QueryType::Ns] {
        let server = Some("127.0.0.1".to_owned());
        let question = Question { name: "blog.example.invalid".into(), record_type, server };
        assert_eq!(
            LiveResolver::default().ask(&question).await,
            Err(ResolveError::Nothing),
            "{record_type:?}"
        );
    }
}

#[test]
fn the_clock_counts_from_a_boot_it_can_name() {
    let (before, after) = (LiveClock.boot(), LiveClock.boot());
    assert!(before <= after && !before.is_zero());
    assert_eq!(LiveClock.boot_id(), LiveClock.boot_id());
    assert!(!LiveClock.boot_id().is_empty());
}
