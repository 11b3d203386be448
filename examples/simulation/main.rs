//! Lives as many stories of the simulation as asked for, on all cores.
//!
//! `cargo run --release --example simulation -- --seeds 100000 [--from 0]`: a bar on a terminal, then a summary. Each
//! story that breaks a promise is printed with its seed, and the exit code is 1.

#![allow(clippy::unwrap_used, reason = "the scenes are those of the tests")]
#![allow(dead_code, reason = "not every prop of the tests is needed here")]

mod crash_safety;
#[path = "../../tests/simulation/mod.rs"]
mod simulation;

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use simulation::life::{Tally, lived};

/// How much is lived.
#[derive(Parser)]
struct Orders {
    /// How many seeds
    #[arg(long, default_value_t = 20_000)]
    seeds: u64,
    /// The first of them
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Stop at the first story that breaks a promise
    #[arg(long)]
    first: bool,
}

#[derive(Default)]
struct Total {
    tally: Tally,
    broken: Vec<String>,
}

fn main() -> ExitCode {
    let orders = Orders::parse();
    let bar = ProgressBar::new(orders.seeds);
    let style = "{bar:40} {pos}/{len} seeds, {elapsed} gone, {eta} to go";
    bar.set_style(ProgressStyle::with_template(style).expect("it is a template"));
    // A broken promise is a panic, and its words are kept: the summary says them.
    set_hook(Box::new(|_| {}));
    let (began, next, total) = (Instant::now(), AtomicU64::new(0), Mutex::new(Total::default()));
    let lanes = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..lanes {
            scope.spawn(|| lane(&orders, &next, &total, &bar));
        }
    });
    bar.finish_and_clear();
    let total = total.into_inner().expect("no lane panics with it");
    for words in &total.broken {
        println!("BROKEN {words}");
    }
    println!(
        "{} seeds from {}: {} broken promises; {}; {:.0} s on {lanes} cores",
        bar.position(),
        orders.from,
        total.broken.len(),
        total.tally,
        began.elapsed().as_secs_f64()
    );
    if total.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn lane(orders: &Orders, next: &AtomicU64, total: &Mutex<Total>, bar: &ProgressBar) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    loop {
        let nth = next.fetch_add(1, Ordering::SeqCst);
        let over = orders.first && !total.lock().expect("no lane panics with it").broken.is_empty();
        if nth >= orders.seeds || over {
            return;
        }
        let seed = orders.from + nth;
        let ended = catch_unwind(AssertUnwindSafe(|| runtime.block_on(lived(seed))));
        let mut total = total.lock().expect("no lane panics with it");
        match ended {
            Ok(tally) => total.tally.add(&tally),
            Err(words) => total.broken.push(format!("seed {seed}: {}", said(words.as_ref()))),
        }
        bar.inc(1);
    }
}

fn said(panic: &(dyn std::any::Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without words")
}
