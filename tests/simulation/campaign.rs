//! As many stories as asked for, on all cores.
//!
//! `FABRIK_SEEDS=100000 cargo test --release --test main campaign -- --ignored --nocapture` lives the seeds from 0, or
//! from `FABRIK_FROM`. Each story that breaks a promise is printed with its seed; `FABRIK_FIRST=1` stops at the first.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::life::{Tally, lived};

/// How much is lived.
struct Campaign {
    from: u64,
    seeds: u64,
    stops_at_first: bool,
    next: AtomicU64,
    total: Mutex<Total>,
}

#[derive(Default)]
struct Total {
    seeds: u64,
    tally: Tally,
    broken: Vec<String>,
}

#[test]
#[ignore = "lives as many stories as asked for: minutes"]
fn no_story_of_the_campaign_breaks_a_promise() {
    let (campaign, started) = (Campaign::from_env(), Instant::now());
    let lanes = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..lanes {
            scope.spawn(|| campaign.lane());
        }
    });
    let total = campaign.total.into_inner().unwrap();
    let (seeds, broken, seconds) = (total.seeds, total.broken.len(), started.elapsed().as_secs_f64());
    println!("{seeds} seeds: {broken} broken promises; {}; {seconds:.0} s on {lanes} cores", total.tally);
    assert!(total.broken.is_empty(), "{}", total.broken.join("\n"));
}

impl Campaign {
    fn from_env() -> Self {
        Self {
            from: number("FABRIK_FROM").unwrap_or_default(),
            seeds: number("FABRIK_SEEDS").unwrap_or(20_000),
            stops_at_first: std::env::var_os("FABRIK_FIRST").is_some(),
            next: AtomicU64::new(0),
            total: Mutex::default(),
        }
    }

    fn lane(&self) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        loop {
            let nth = self.next.fetch_add(1, Ordering::SeqCst);
            if nth >= self.seeds || self.is_over() {
                return;
            }
            let seed = self.from + nth;
            // A broken promise is a panic.
            let ended = catch_unwind(AssertUnwindSafe(|| runtime.block_on(lived(seed))));
            self.count(seed, ended.map_err(|panic| message(panic.as_ref()).to_owned()));
        }
    }

    fn is_over(&self) -> bool {
        self.stops_at_first && !self.total.lock().unwrap().broken.is_empty()
    }

    fn count(&self, seed: u64, ended: Result<Tally, String>) {
        let mut total = self.total.lock().unwrap();
        total.seeds += 1;
        match ended {
            Ok(tally) => total.tally.add(&tally),
            Err(message) => {
                println!("BROKEN seed {seed}: {message}");
                total.broken.push(format!("seed {seed}: {message}"));
            }
        }
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number, not `{text}`")))
}

fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without words")
}
