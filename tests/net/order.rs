//! The order of resources: the intent is written, then synced, and only then does its request leave.

use super::trace::Call;

/// What the journal says was intended.
pub struct Intent {
    /// "POST api.example.com/path", without the query.
    pub request: String,
    /// How its line in the journal begins: enough to know it by, short enough to lie in one page.
    pub line: Vec<u8>,
}

/// A request that may change something, as it left.
#[derive(Debug)]
pub struct Sent {
    pub request: String,
    /// The line in which its sending begins.
    pub at: usize,
}

/// The writing requests to the simulated APIs, in the order sent. What is about the sandbox itself does not count.
pub fn sent(calls: &[Call]) -> Vec<Sent> {
    let sends = ["write", "writev", "sendto", "sendmsg", "sendmmsg"];
    let on_sockets =
        calls.iter().filter(|call| sends.contains(&call.name.as_str()) && !call.file.starts_with('/'));
    on_sockets.filter_map(|call| Some(Sent { request: request(&call.bytes)?, at: call.begun })).collect()
}

fn request(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let mut words = lines.next()?.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let host = lines.find_map(|line| line.strip_prefix("x-fabrik-host: "))?;
    // A trigger of nothing and a change without content ask what the token may do, and can change nothing.
    let asks = body.is_empty() && (target.ends_with("/api/v1/deploy") || method == "PATCH");
    let writes = !asks && ["POST", "PUT", "PATCH", "DELETE"].contains(&method);
    writes.then(|| format!("{method} {host}{}", target.split('?').next().unwrap_or_default()))
}

/// Which requests left before what they are for was safe, and why that is said of them.
pub fn complaints(calls: &[Call], intents: &[Intent]) -> Vec<String> {
    let mut written: Vec<(&str, usize)> = intents
        .iter()
        .filter_map(|intent| Some((intent.request.as_str(), written(calls, &intent.line)?)))
        .collect();
    written.sort_by_key(|(_, at)| *at);
    let mut complaints = Vec::new();
    for Sent { request, at } in sent(calls) {
        // Each intent allows one request.
        let intent = written.iter().position(|(intended, _)| *intended == request);
        match intent.map(|index| written.remove(index).1) {
            None => complaints.push(format!("line {at}: {request} was never intended")),
            Some(intent) if intent > at => complaints.push(format!("line {at}: {request} before its intent")),
            Some(intent) if !synced_between(calls, intent, at) => {
                complaints.push(format!("line {at}: {request} before its intent was synced"));
            }
            Some(_) => {}
        }
    }
    complaints
}

/// When the line of the journal was first written.
fn written(calls: &[Call], line: &[u8]) -> Option<usize> {
    let has_it = |call: &&Call| call.bytes.windows(line.len()).any(|window| window == line);
    calls.iter().filter(|call| call.name == "pwrite64" && journal(call)).find(has_it)?.done
}

fn synced_between(calls: &[Call], from: usize, to: usize) -> bool {
    let syncs = calls.iter().filter(|call| ["fsync", "fdatasync"].contains(&call.name.as_str()));
    let mut syncs = syncs.filter(|call| journal(call) && call.well && call.begun > from);
    syncs.any(|call| call.done.is_some_and(|done| done < to))
}

/// The write-ahead log is where a committed line lies.
fn journal(call: &Call) -> bool {
    call.file.ends_with("/fabrik.db-wal")
}
