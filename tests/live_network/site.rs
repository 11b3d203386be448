//! A site on loopback over real TLS, which answers as it is told: well, slowly, by half, or not at all.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::authority::Shown;

/// What becomes of one request.
#[derive(Debug, Clone)]
pub enum Says {
    /// A whole answer: status, headers, body.
    Whole(u16, Vec<(&'static str, String)>, &'static str),
    /// An answer that breaks off half-way through its body, and the connection with it.
    Half,
    /// An answer that breaks off half-way through its body, and then silence.
    HalfAndSilence,
    /// Nothing, for ever.
    Silence,
    /// The connection is closed.
    Closes,
}

/// What a path is answered.
type Answers = Arc<dyn Fn(&str) -> Says + Send + Sync>;

/// A site, until the test ends.
pub struct Site {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Site {
    /// Shows `shown` and answers by `answers`.
    pub async fn serve(shown: Shown, answers: impl Fn(&str) -> Says + Send + Sync + 'static) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.unwrap().with_no_client_auth().with_single_cert(shown.chain, shown.key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, answers): (Arc<Mutex<Vec<String>>>, Answers) = (Arc::default(), Arc::new(answers));
        let site = Self { address, asked: asked.clone() };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(attend(acceptor.clone(), stream, asked.clone(), answers.clone()));
            }
        });
        site
    }

    /// Every path that was asked for, with the host it was asked of.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// A peer that takes connections and never says a word.
pub async fn mute() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
        }
    });
    address
}

/// A peer that closes every connection as it comes.
pub async fn closing() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    address
}

// A caller that did not believe the certificate, or has lost patience, hangs up; that is its own affair.
async fn attend(acceptor: TlsAcceptor, stream: TcpStream, asked: Arc<Mutex<Vec<String>>>, answers: Answers) {
    let Ok(mut stream) = acceptor.accept(stream).await else { return };
    let Some((path, host)) = heard(&mut stream).await else { return };
    asked.lock().unwrap().push(format!("{host}{path}"));
    let _ = say(&mut stream, answers(&path)).await;
}

async fn say(stream: &mut TlsStream<TcpStream>, says: Says) -> std::io::Result<()> {
    match says {
        Says::Whole(status, headers, body) => {
            let headers: Vec<String> =
                headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
            let headers = headers.concat();
            let frame = format!("content-length: {}\r\nconnection: close\r\n", body.len());
            let answer = format!("HTTP/1.1 {status} Told\r\n{headers}{frame}\r\n{body}");
            stream.write_all(answer.as_bytes()).await?;
            stream.shutdown().await
        }
        Says::Half => half(stream).await,
        Says::HalfAndSilence => {
            half(stream).await?;
            std::future::pending().await
        }
        Says::Silence => std::future::pending().await,
        Says::Closes => Ok(()),
    }
}

async fn half(stream: &mut TlsStream<TcpStream>) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf of it").await?;
    stream.flush().await
}

/// The path and the host of a request.
async fn heard(stream: &mut (impl AsyncRead + Unpin)) -> Option<(String, String)> {
    let (mut head, mut some) = (Vec::new(), [0; 1024]);
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let length = stream.read(&mut some).await.ok().filter(|length| *length > 0)?;
        head.extend_from_slice(&some[..length]);
    }
    let head = String::from_utf8(head).ok()?;
    let path = head.split(' ').nth(1)?.to_owned();
    let host = head.lines().find_map(|line| line.strip_prefix("host: "))?.to_owned();
    Some((path, host))
}
