//! Snapshots under load: what a buyer notices while one is written.
//!
//! An event has a million live holds, each of a user of its own. Beside them 64 buyers in a closed loop hold a ticket of
//! that event, look at their hold, and confirm or release it. Phases without and with a snapshot being written
//! alternate; a command is filed under the phase in which it was sent. Between two phases there is a pause of which
//! nothing is filed, so that neither has the other's end in it.
//!
//! `HOLDFAST_BENCH_HOLDS` and `HOLDFAST_BENCH_ROUNDS` make a run smaller.

use std::sync::Arc;
use std::time::Duration;

use holdfast_benches::buyer::{self, Market};
use holdfast_benches::clock::{self, pause};
use holdfast_benches::latency::{Phase, print_head};
use holdfast_benches::venue::{NO_SNAPSHOTS, Venue, runtime_of_clients, setting, slug};
use holdfast_engine::clock::SystemClock;
use holdfast_engine::config::EngineConfig;
use holdfast_engine::core::settings::{CAPACITY_MAX, DURATION_SECONDS_MAX, Settings};
use holdfast_engine::engine::WrittenSnapshot;

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BUYERS: usize = 64;
/// Users that buyers buy for. Enough that none of them has many bookings at the end.
const USERS: u32 = 100_000;
const MAX_PER_USER: u32 = 1_000_000;
/// A phase without a snapshot is as long as the last one with, but not shorter than this.
const PHASE_MIN: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(500);

// The phases of the run.
const PAUSED: usize = 0;
const WITHOUT: usize = 1;
const WITH: usize = 2;
const PHASES: usize = 3;

fn main() {
    runtime_of_clients().block_on(run());
}

async fn run() {
    let holds = setting("HOLDFAST_BENCH_HOLDS", 1_000_000);
    let rounds = setting("HOLDFAST_BENCH_ROUNDS", 5);
    let venue = prepare(holds).await;
    let phase = Arc::new(Phase::default());
    let (event, ticket_type) = (slug("hot"), slug("general"));
    let market =
        Market { engine: Arc::clone(&venue.engine), event, ticket_type, phase: Arc::clone(&phase), phases: PHASES };
    let callers = venue.log_in("buyer", USERS).await;
    let buyers = buyer::start(&market, BUYERS, &callers);

    let (mut without, mut with) = (Duration::ZERO, Duration::ZERO);
    let mut length = PHASE_MIN;
    println!("{holds} live holds, {BUYERS} buyers, {rounds} rounds");
    for _ in 0..rounds {
        pause(PAUSE).await;
        without += file_under(&phase, WITHOUT, pause(length)).await.1;
        pause(PAUSE).await;
        let (written, elapsed) = file_under(&phase, WITH, venue.engine.snapshot()).await;
        print_snapshot(&written.expect("the snapshot is written"));
        with += elapsed;
        length = elapsed.max(PHASE_MIN);
    }
    phase.end();
    let bought = buyer::join(buyers, PHASES).await;
    venue.engine.shutdown().await;

    print_head();
    let (base, other) = (("without a snapshot", WITHOUT), ("with a snapshot", WITH));
    bought.changes.print_compared("hold, confirm, release", base, other);
    bought.reads.print_compared("look at the own hold", base, other);
    for (name, phase, duration) in [("without", WITHOUT, without), ("with", WITH, with)] {
        // Of two changes one is a hold.
        let holds = bought.changes.count(phase) as f64 / 2.0 / duration.as_secs_f64();
        println!("{name} a snapshot: {holds:.0} holds/s over {:.1} s", duration.as_secs_f64());
    }
}

/// An engine that writes no snapshot unasked, with one event, and a user for each of its `holds`.
async fn prepare(holds: u32) -> Venue {
    let venue =
        Venue::open(EngineConfig { snapshot: NO_SNAPSHOTS, ..EngineConfig::default() }, Arc::new(SystemClock::start()));
    let settings = Settings {
        hold_seconds: DURATION_SECONDS_MAX,
        max_hold_lifetime_seconds: DURATION_SECONDS_MAX,
        auto_hold: 0,
        max_per_user: MAX_PER_USER,
        ..Settings::default()
    };
    venue.create_event(&slug("hot"), settings, &[("general", CAPACITY_MAX)]).await;
    let holders = venue.log_in("holder", holds).await;
    venue.hold_each(&slug("hot"), &holders).await;
    venue
}

/// Files what buyers ask under `number` until `work` is done.
async fn file_under<T>(phase: &Phase, number: usize, work: impl Future<Output = T>) -> (T, Duration) {
    phase.begin(number);
    let started = clock::now();
    let done = work.await;
    let elapsed = started.elapsed();
    phase.begin(PAUSED);
    (done, elapsed)
}

fn print_snapshot(written: &WrittenSnapshot) {
    let WrittenSnapshot { info, duration_ms } = written;
    println!("a snapshot of {:.1} MB took {:.2} s", info.bytes as f64 / 1e6, *duration_ms as f64 / 1e3);
}
