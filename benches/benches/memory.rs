//! What a session, a live hold, a place in line, a booking and an idle event take of memory, all in: state, indexes, timers,
//! views. An engine in process makes many of each, one kind after the other, and what the process has more of afterwards is
//! shared out.
//!
//! Measured is the resident memory of the process (`VmRSS`), after the allocator has had a second to itself. What is
//! only on the disk is not in it, nor are the pages of the kernel's cache. `HOLDFAST_BENCH_COUNT` makes a run smaller.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use holdfast_benches::clock::pause;
use holdfast_benches::figures;
use holdfast_benches::venue::{NO_SNAPSHOTS, Venue, runtime_of_clients, setting, slug};
use holdfast_engine::clock::SystemClock;
use holdfast_engine::config::EngineConfig;
use holdfast_engine::core::command::Wish;
use holdfast_engine::core::id::{LoginSeq, UserNumber};
use holdfast_engine::core::settings::{DURATION_SECONDS_MAX, Settings};
use holdfast_engine::core::{Caller, Command};

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long the allocator may take to give back what it does not need.
const SETTLE: Duration = Duration::from_secs(1);

fn main() {
    runtime_of_clients().block_on(run());
}

async fn run() {
    let count = setting("HOLDFAST_BENCH_COUNT", 1_000_000);
    let venue =
        Venue::open(EngineConfig { snapshot: NO_SNAPSHOTS, ..EngineConfig::default() }, Arc::new(SystemClock::start()));
    let settings = Settings {
        auto_hold: 0,
        hold_seconds: DURATION_SECONDS_MAX,
        max_hold_lifetime_seconds: DURATION_SECONDS_MAX,
        queue_max: count,
        presence_seconds: 0,
        ..Settings::default()
    };
    venue.create_event(&slug("held"), settings.clone(), &[("general", count)]).await;
    venue.create_event(&slug("booked"), settings.clone(), &[("general", count)]).await;
    println!("{count} of each, and a tenth as many events\n\n| | bytes each |\n| --- | ---: |");

    // Who asks is known before they log in, so that the bench's own lists are in none of the figures: users and sessions
    // are numbered in the order of the logins.
    let (callers, line) = (callers(1..=count), callers(count + 1..=2 * count));
    let mut before = settled().await;
    // A user whom nobody has seen, and their session.
    venue.log_in_and_forget("user", count).await;
    before = told("user and session", count, before).await;
    // Of the same users: their sessions are there.
    venue.hold_each(&slug("held"), &callers).await;
    before = told("live hold", count, before).await;
    venue.log_in_and_forget("waiting", count).await;
    before = told("user and session, once more", count, before).await;
    venue.hold_each(&slug("held"), &line).await;
    before = told("place in line", count, before).await;
    let book = Command::Book { wish: Wish::default() };
    venue.ask_each(&slug("booked"), &callers, book, Result::is_ok).await;
    before = told("booking", count, before).await;
    let events = count / 10;
    for number in 0..events {
        venue.create_event(&slug(&format!("idle-{number}")), settings.clone(), &[("general", 100)]).await;
    }
    told("idle event", events, before).await;
    venue.engine.shutdown().await;
}

/// The users of these numbers, each with the session of the same number.
fn callers(numbers: RangeInclusive<u32>) -> Arc<[Caller]> {
    let caller = |number| Caller::User { user: UserNumber(number), session: LoginSeq(u64::from(number)) };
    numbers.map(caller).collect()
}

/// Prints what each of `count` takes more than `before`, and returns what there is now.
async fn told(name: &str, count: u32, before: u64) -> u64 {
    let now = settled().await;
    let bytes = (now as f64 - before as f64) / f64::from(count);
    println!("| {name} | {bytes:.0} |");
    figures::tell(&format!("memory/{name}"), bytes);
    now
}

/// The resident memory of this process, in bytes.
async fn settled() -> u64 {
    pause(SETTLE).await;
    let status = std::fs::read_to_string("/proc/self/status").expect("the state of this process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    let kib: u64 = line.trim().strip_suffix(" kB").and_then(|kib| kib.trim().parse().ok()).expect("a number of KiB");
    kib * 1_024
}
