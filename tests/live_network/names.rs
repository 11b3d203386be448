//! A name server on loopback, over UDP and TCP on one port.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use hickory_resolver::proto::op::{Message, MessageType, ResponseCode};
use hickory_resolver::proto::rr::rdata::A;
use hickory_resolver::proto::rr::{Name, RData, Record};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

/// What a name server makes of a question.
#[derive(Debug, Clone)]
pub enum Knows {
    /// These addresses.
    Addresses(Vec<Ipv4Addr>),
    /// These addresses, too many for a datagram.
    TooMuchForUdp(Vec<Ipv4Addr>),
    /// The name is there, the record is not.
    NoRecord,
    /// There is no such name.
    NoName,
    /// It fails (SERVFAIL).
    Fails,
    /// It does not answer for this name (REFUSED).
    Refuses,
    /// It says nothing.
    Silence,
    /// It answers what was not asked.
    AnotherName(Vec<Ipv4Addr>),
    /// It says what is no DNS.
    Noise,
}

type Answers = Arc<dyn Fn(usize) -> Knows + Send + Sync>;

/// A name server, until the test ends.
pub struct NameServer {
    /// As a question names it.
    pub at: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl NameServer {
    /// Answers its n-th question, counted from 0, by `answers`.
    pub async fn serve(answers: impl Fn(usize) -> Knows + Send + Sync + 'static) -> Self {
        let (udp, tcp) = one_port().await;
        let at = udp.local_addr().unwrap().to_string();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let answers: Answers = Arc::new(answers);
        tokio::spawn(by_datagram(udp, asked.clone(), answers.clone()));
        tokio::spawn(by_connection(tcp, asked.clone(), answers));
        Self { at, asked }
    }

    /// Every question, with the way it came.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

// The system gives a port to one; the other takes it too, unless somebody else has it.
async fn one_port() -> (UdpSocket, TcpListener) {
    loop {
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        if let Ok(udp) = UdpSocket::bind(tcp.local_addr().unwrap()).await {
            return (udp, tcp);
        }
    }
}

async fn by_datagram(socket: UdpSocket, asked: Arc<Mutex<Vec<String>>>, answers: Answers) {
    let mut bytes = [0; 4096];
    while let Ok((length, from)) = socket.recv_from(&mut bytes).await {
        if let Some(answer) = answer("udp", &bytes[..length], &asked, &answers) {
            socket.send_to(&answer, from).await.unwrap();
        }
    }
}

async fn by_connection(listener: TcpListener, asked: Arc<Mutex<Vec<String>>>, answers: Answers) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(converse(stream, asked.clone(), answers.clone()));
    }
}

async fn converse(mut stream: TcpStream, asked: Arc<Mutex<Vec<String>>>, answers: Answers) {
    while let Ok(length) = stream.read_u16().await {
        let mut bytes = vec![0; usize::from(length)];
        stream.read_exact(&mut bytes).await.unwrap();
        if let Some(answer) = answer("tcp", &bytes, &asked, &answers) {
            stream.write_u16(u16::try_from(answer.len()).unwrap()).await.unwrap();
            stream.write_all(&answer).await.unwrap();
        }
    }
}

fn answer(way: &str, bytes: &[u8], asked: &Mutex<Vec<String>>, answers: &Answers) -> Option<Vec<u8>> {
    let mut message = Message::from_vec(bytes).unwrap();
    let question = message.queries.first().unwrap().clone();
    let nth = {
        let mut asked = asked.lock().unwrap();
        asked.push(format!("{way} {} {}", question.query_type(), question.name()));
        asked.len() - 1
    };
    message.metadata.message_type = MessageType::Response;
    message.metadata.authoritative = true;
    let records = |name: &Name, addresses: &[Ipv4Addr]| -> Vec<Record> {
        let record = |address: &Ipv4Addr| Record::from_rdata(name.clone(), 60, RData::A(A(*address)));
        addresses.iter().map(record).collect()
    };
    match answers(nth) {
        Knows::Silence => return None,
        Knows::Noise => return Some(b"this is no DNS at all".to_vec()),
        Knows::NoRecord => {}
        Knows::NoName => message.metadata.response_code = ResponseCode::NXDomain,
        Knows::Fails => message.metadata.response_code = ResponseCode::ServFail,
        Knows::Refuses => message.metadata.response_code = ResponseCode::Refused,
        Knows::TooMuchForUdp(_) if way == "udp" => message.metadata.truncation = true,
        Knows::Addresses(addresses) | Knows::TooMuchForUdp(addresses) => {
            message.answers = records(question.name(), &addresses);
        }
        Knows::AnotherName(addresses) => {
            message.answers = records(&"elsewhere.example.net.".parse().unwrap(), &addresses);
        }
    }
    Some(message.to_vec().unwrap())
}

/// An address that nobody answers at: a port that was free a moment ago.
pub async fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}
