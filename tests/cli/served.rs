//! The program's own server of a sandbox, as a process.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command};

use super::fixture::CliFixture;

/// A served sandbox; ends with its value.
pub struct Served {
    child: Child,
    pub url: String,
}

impl Served {
    pub fn of(house: &CliFixture) -> Self {
        let mut child = house.command(&["sandbox", "serve"]).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap().to_owned();
        Self { child, url }
    }

    /// One call about the sandbox itself.
    pub fn call(&self, method: &str, what: &str, body: &str) -> String {
        let address = self.url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} /sandbox/{what} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    pub fn apply(&self, house: &CliFixture) -> Command {
        house.command(&["apply", "my-api.yaml", &format!("--sandbox={}", self.url)])
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
