//! `-v`: what is sent, on the standard error, through the veil.

use std::io::{self, Write};

use tracing_subscriber::fmt::MakeWriter;

use crate::secrets::Redactor;

/// Starts tracing: warnings always, requests with `-v`, more with `-vv`.
pub(crate) fn start(verbose: u8, redactor: Redactor) {
    let level = match verbose {
        0 => "fabrik=warn",
        1 => "fabrik=debug",
        _ => "fabrik=trace,hyper=debug,reqwest=debug",
    };
    let filter = tracing_subscriber::EnvFilter::new(level);
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(Redacting(redactor));
    // Only tests could have set another one before, and theirs may stay.
    let _ = subscriber.with_ansi(false).without_time().with_target(false).try_init();
}

struct Redacting(Redactor);

impl<'a> MakeWriter<'a> for Redacting {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { redactor: &self.0, text: Vec::new() }
    }
}

/// One line, hidden as a whole: a secret may come in pieces.
struct Line<'a> {
    redactor: &'a Redactor,
    text: Vec<u8>,
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        let text = String::from_utf8_lossy(&self.text);
        let _ = io::stderr().write_all(self.redactor.redact_own(&text).as_bytes());
    }
}
