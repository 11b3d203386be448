//! The order on the wire, as the kernel sees it: no writing request leaves before its intent is on the disk.
//!
//! Runs the real binary under `strace` against a served sandbox. Where there is no `strace`, or it may not trace,
//! that is said aloud and nothing is shown.

mod order;
mod trace;

use std::process::{Command, Stdio};
use std::sync::Arc;

use fabrik::journal::JournalStore;
use fabrik::journal::sqlite::SqliteStore;
use fabrik::net::live::LiveClock;
use machine::effect::Effect;
use machine::entry::{JournalEntry, StoredEntry};

use crate::cli::fixture::{CliFixture, Said};
use crate::cli::served::Served;
use order::{Intent, complaints, sent};
use trace::calls;

/// A page of the journal, and the head of any request.
const LONGEST: &str = "4200";

/// As much of a journal's line as surely lies in one page.
const BEGINNING: usize = 400;

fn may_trace() -> bool {
    let mut trial = Command::new("strace");
    trial.args(["-f", "-o", "/dev/null", "true"]).stdout(Stdio::null()).stderr(Stdio::null());
    let may = trial.status().is_ok_and(|status| status.success());
    if !may {
        eprintln!(
            "NOT SHOWN: there is no `strace` here, or it may not trace; the order on the wire was not seen"
        );
    }
    may
}

/// Runs the program under `strace` to its good end, and gives the trace.
fn traced(house: &CliFixture, served: &Served, arguments: &[&str]) -> String {
    let sandbox = format!("--sandbox={}", served.url);
    let program = house.command(&[arguments, &["--yes", &sandbox]].concat());
    let mut strace = Command::new("strace");
    strace.args(["-f", "-y", "-xx", "-s", LONGEST, "-o", "trace", "-e"]);
    strace.arg("trace=fsync,fdatasync,pwrite64,pwritev,write,writev,sendto,sendmsg,sendmmsg");
    strace.arg("--").arg(program.get_program()).args(program.get_args());
    strace.current_dir(program.get_current_dir().unwrap()).env_clear().stdin(Stdio::null());
    strace.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    Said::of(strace.output().unwrap()).ends(0);
    std::fs::read_to_string(house.folder().join("trace")).unwrap()
}

async fn intents(house: &CliFixture) -> Vec<Intent> {
    let journal = SqliteStore::open(&house.sandbox().join("fabrik.db"), Arc::new(LiveClock)).unwrap();
    let mut intents = Vec::new();
    for row in journal.list(None).await.unwrap() {
        intents.extend(journal.load(&row.run).await.unwrap().lines.iter().filter_map(intent));
    }
    let mut lines: Vec<_> = intents.iter().map(|intent| &intent.line).collect();
    lines.sort();
    assert!(lines.windows(2).all(|pair| pair[0] != pair[1]), "two intents begin alike");
    intents
}

fn intent(line: &StoredEntry) -> Option<Intent> {
    let request = match &line.entry {
        JournalEntry::Effect(Effect::Intended(intended)) => &intended.request,
        JournalEntry::Effect(Effect::UndoIntended { request, .. }) => request,
        _ => return None,
    };
    let path = request.target.split('?').next().unwrap_or_default();
    let mut text = serde_json::to_vec(line).unwrap();
    text.truncate(BEGINNING);
    Some(Intent { request: format!("{} {path}", request.method), line: text })
}

/// The trace without some of its lines.
fn without(trace: &str, gone: impl Fn(&str) -> bool) -> String {
    trace.lines().filter(|line| !gone(line)).fold(String::new(), |kept, line| kept + line + "\n")
}

#[tokio::test]
async fn no_writing_request_leaves_before_its_intent_is_on_the_disk() {
    if !may_trace() {
        return;
    }
    let house = CliFixture::with_app();
    let served = Served::of(&house);
    let writes = || house.sandboxed().world().log.writes.len();
    let apply = ["apply", "my-api.yaml"];
    for act in ["apply", "update", "rollback"] {
        let before = writes();
        let trace = match act {
            "apply" => traced(&house, &served, &apply),
            "update" => {
                house.edit("another version");
                traced(&house, &served, &apply)
            }
            _ => {
                let history = house.run(&["history", "--json", &format!("--sandbox={}", served.url)]);
                let newest = history.ends(0).events()[0]["runs"][0]["run"].clone();
                traced(&house, &served, &["rollback", newest.as_str().unwrap()])
            }
        };
        let (calls, intents) = (calls(&trace), intents(&house).await);
        let seen = sent(&calls).len();
        println!("{act}: {seen} writing requests, {} calls", calls.len());
        assert!(seen > 2 && seen == writes() - before, "{act}: {seen} of {} were seen", writes() - before);
        assert_eq!(complaints(&calls, &intents), Vec::<String>::new(), "{act}");

        let unsynced = without(&trace, |line| line.contains("sync"));
        assert_eq!(complaints(&trace::calls(&unsynced), &intents).len(), seen, "{act} without a sync");
        let unwritten = without(&trace, |line| line.contains("pwrite64"));
        assert_eq!(complaints(&trace::calls(&unwritten), &intents).len(), seen, "{act} without its journal");
    }
}

mod doctored {
    //! What a trace must not look like. Needs no `strace`.

    use super::order::{Intent, complaints};
    use super::trace::calls;

    fn hex(text: &str) -> String {
        text.bytes().map(|byte| format!("\\x{byte:02x}")).collect::<Vec<_>>().concat()
    }

    fn head(method: &str) -> String {
        format!("{method} /things?now=1 HTTP/1.1\r\nx-fabrik-host: api.example.com\r\n\r\n")
    }

    fn outcome(lines: &[String]) -> Vec<String> {
        let intent =
            || Intent { request: "POST api.example.com/things".to_owned(), line: b"intended".to_vec() };
        complaints(&calls(&lines.join("\n")), &[intent()])
    }

    fn journal() -> String {
        hex("/state/fabrik.db-wal")
    }

    fn write() -> String {
        format!("7 pwrite64(3<{}>, \"{}\", 8, 64) = 8", journal(), hex("..intended.."))
    }

    fn sync() -> String {
        format!("7 fdatasync(3<{}>) = 0", journal())
    }

    fn send() -> String {
        format!("9 writev(5<socket:[1]>, [{{iov_base=\"{}\", iov_len=9}}], 1) = 9", hex(&head("POST")))
    }

    #[test]
    fn written_then_synced_then_sent_is_how_it_should_be() {
        assert_eq!(outcome(&[write(), sync(), send()]), Vec::<String>::new());
        // Reading needs no intent, and neither does what is told to the sandbox itself.
        let read = send().replace(&hex("POST"), &hex("GET"));
        let own = send().replace(&hex("x-fabrik-host"), &hex("host"));
        assert_eq!(outcome(&[read, own, write(), sync(), send()]), Vec::<String>::new());
    }

    #[test]
    fn every_other_order_is_noticed() {
        let failed = sync().replace("= 0", "= -1 EIO (Input/output error)");
        let elsewhere = sync().replace(&journal(), &hex("/state/fabrik.key"));
        let begun = sync().replace(") = 0", " <unfinished ...>");
        let done = "7 <... fdatasync resumed>) = 0".to_owned();
        for (case, lines, words) in [
            ("no sync", vec![write(), send()], "before its intent was synced"),
            ("synced before", vec![sync(), write(), send()], "before its intent was synced"),
            ("synced after", vec![write(), send(), sync()], "before its intent was synced"),
            ("sync failed", vec![write(), failed, send()], "before its intent was synced"),
            ("another file", vec![write(), elsewhere, send()], "before its intent was synced"),
            ("sync not done", vec![write(), begun, send(), done], "before its intent was synced"),
            ("sent first", vec![send(), write(), sync()], "before its intent"),
            ("not intended", vec![sync(), send()], "never intended"),
            ("sent twice", vec![write(), sync(), send(), send()], "never intended"),
        ] {
            let said = outcome(&lines);
            assert!(said.len() == 1 && said[0].contains(words), "{case}: {said:?}");
        }
    }
}
