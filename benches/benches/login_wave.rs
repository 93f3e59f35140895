//! A wave of logins on one event of 10,000 tickets: the first get a ticket, all others stand in line. The rate of a large wave
//! next to that of a small one, which has as many logins as there are tickets; each on an engine of its own.
//!
//! A login is durable before it is answered, and so is the hold or the place in line that it brought. HTTP is not in it. In each
//! round some small waves come before the large one, because each is over in a moment. At the end of a wave the event's figures
//! are held against the logins.
//!
//! `HOLDFAST_BENCH_LOGINS` and `HOLDFAST_BENCH_ROUNDS` make a run smaller.

use std::sync::Arc;

use holdfast_benches::statistics::{Spread, median};
use holdfast_benches::venue::{NO_SNAPSHOTS, Venue, runtime_of_clients, setting, slug};
use holdfast_benches::{clock, figures};
use holdfast_engine::clock::SystemClock;
use holdfast_engine::config::EngineConfig;
use holdfast_engine::core::settings::{DURATION_SECONDS_MAX, Settings};

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const TICKETS: u32 = 10_000;
const SMALL_WAVES: u32 = 5;

fn main() {
    runtime_of_clients().block_on(run());
}

async fn run() {
    let logins = setting("HOLDFAST_BENCH_LOGINS", 1_000_000);
    let rounds = setting("HOLDFAST_BENCH_ROUNDS", 5);
    let (mut smalls, mut larges, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    println!("| round | {TICKETS} logins, M/s | {logins} logins, M/s | ratio |\n| ---: | ---: | ---: | ---: |");
    for round in 1..=rounds {
        let mut small = Vec::new();
        for _ in 0..SMALL_WAVES {
            small.push(wave(TICKETS).await);
        }
        let (small, large) = (median(&small), wave(logins).await);
        println!("| {round} | {:.3} | {:.3} | {:.2} |", small / 1e6, large / 1e6, large / small);
        figures::tell("login_wave/small_per_second", small);
        figures::tell("login_wave/large_per_second", large);
        smalls.push(small);
        larges.push(large);
        ratios.push(large / small);
    }
    let [small, large, ratio] = [smalls, larges, ratios].map(|values| Spread::of(&values));
    println!("\n{TICKETS} logins: {small:.0}/s; {logins}: {large:.0}/s; ratio {ratio:.2}");
}

/// Logins a second of a wave of `logins`.
async fn wave(logins: u32) -> f64 {
    let config = EngineConfig { snapshot: NO_SNAPSHOTS, ..EngineConfig::default() };
    let venue = Venue::open(config, Arc::new(SystemClock::start()));
    let settings = Settings {
        auto_hold: 1,
        hold_seconds: DURATION_SECONDS_MAX,
        max_hold_lifetime_seconds: DURATION_SECONDS_MAX,
        queue_max: logins,
        ..Settings::default()
    };
    venue.create_event(&slug("hot"), settings, &[("general", TICKETS)]).await;
    let started = clock::now();
    venue.log_in_for("user", logins, None).await;
    let seconds = started.elapsed().as_secs_f64();
    let totals = venue.engine.event(&slug("hot")).expect("the event is there").totals();
    let held = logins.min(TICKETS);
    assert_eq!((totals.held, totals.waiting), (u64::from(held), u64::from(logins - held)), "the ledger");
    venue.engine.shutdown().await;
    f64::from(logins) / seconds
}
