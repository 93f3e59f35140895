//! The expiry cliff: a million holds of one event are due in the same tick. Who else is served meanwhile, and how long
//! does it take until every ticket is free again, or in the hands of the next in line?
//!
//! The clock jumps beyond the last deadline. Each round has two storms: one with a line as long as the holds (each ticket
//! is granted to the next in line in the step that frees it), and, when those holds have ended too, one without a line.
//! Meanwhile buyers in a closed loop hold a ticket, look at their hold, and confirm or release it: half of them on the
//! event of the storm, in a ticket type of their own, half on a neighbour. What they ask before the storm is the usual
//! that its latency is compared to.
//!
//! `HOLDFAST_BENCH_HOLDS` and `HOLDFAST_BENCH_ROUNDS` make a run smaller.

use std::sync::Arc;
use std::time::Duration;

use holdfast_benches::buyer::{self, Bought, Market};
use holdfast_benches::clock::{self, JumpingClock, pause};
use holdfast_benches::figures;
use holdfast_benches::latency::{Phase, print_head};
use holdfast_benches::venue::{NO_SNAPSHOTS, Venue, runtime_of_clients, setting, slug};
use holdfast_engine::config::EngineConfig;
use holdfast_engine::core::Caller;
use holdfast_engine::core::event::Figures;
use holdfast_engine::core::settings::{CAPACITY_MAX, Settings};

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BUYERS_PER_EVENT: usize = 32;
const USERS_PER_EVENT: u32 = 20_000;
const MAX_PER_USER: u32 = 1_000_000;
const HOLD_SECONDS: u32 = 600;
/// Longer than a hold, and than it takes to place them all.
const JUMP_MS: u64 = 1_200_000;
const PAUSE: Duration = Duration::from_millis(500);
const USUAL: Duration = Duration::from_secs(3);
/// How often a storm is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(2);

// The phases of the run.
const PAUSED: usize = 0;
const BEFORE: usize = 1;
const STORM: usize = 2;
const STORM_WITH_LINE: usize = 3;
const PHASES: usize = 4;

fn main() {
    runtime_of_clients().block_on(run());
}

async fn run() {
    let holds = setting("HOLDFAST_BENCH_HOLDS", 1_000_000);
    let rounds = setting("HOLDFAST_BENCH_ROUNDS", 5);
    let bench = Bench::open(holds).await;
    let [holders, line] = [bench.venue.log_in("holder", holds).await, bench.venue.log_in("waiter", holds).await];
    let at_storm = bench.start_buyers("storm", "side").await;
    let at_neighbour = bench.start_buyers("neighbour", "general").await;
    println!("{holds} holds, {BUYERS_PER_EVENT} buyers on each event, {rounds} rounds");
    for _ in 0..rounds {
        bench.round(&holders, &line).await;
    }
    bench.phase.end();
    let at_storm = buyer::join(at_storm, PHASES).await;
    let at_neighbour = buyer::join(at_neighbour, PHASES).await;
    bench.venue.engine.shutdown().await;
    report(&at_storm, &at_neighbour);
}

struct Bench {
    venue: Venue,
    clock: Arc<JumpingClock>,
    phase: Arc<Phase>,
    holds: u32,
}

impl Bench {
    async fn open(holds: u32) -> Bench {
        let clock = Arc::new(JumpingClock::start());
        let config = EngineConfig { snapshot: NO_SNAPSHOTS, ..EngineConfig::default() };
        let venue = Venue::open(config, Arc::<JumpingClock>::clone(&clock));
        let settings = Settings {
            hold_seconds: HOLD_SECONDS,
            auto_hold: 0,
            max_per_user: MAX_PER_USER,
            queue_max: holds,
            // The jump is longer than anybody's patience: who waits would count as absent, and be passed over.
            presence_seconds: 0,
            ..Settings::default()
        };
        venue.create_event(&slug("storm"), settings.clone(), &[("general", holds), ("side", CAPACITY_MAX)]).await;
        venue.create_event(&slug("neighbour"), settings, &[("general", CAPACITY_MAX)]).await;
        Bench { venue, clock, phase: Arc::default(), holds }
    }

    async fn start_buyers(&self, event: &str, ticket_type: &str) -> tokio::task::JoinSet<Bought> {
        let callers = self.venue.log_in(event, USERS_PER_EVENT).await;
        let market = Market {
            engine: Arc::clone(&self.venue.engine),
            event: slug(event),
            ticket_type: slug(ticket_type),
            phase: Arc::clone(&self.phase),
            phases: PHASES,
        };
        buyer::start(&market, BUYERS_PER_EVENT, &callers)
    }

    /// Both storms, each with its usual before it.
    async fn round(&self, holders: &Arc<[Caller]>, line: &Arc<[Caller]>) {
        self.venue.hold_each(&slug("storm"), holders).await;
        self.venue.hold_each(&slug("storm"), line).await;
        let holds = self.holds;
        let granted = self.storm(STORM_WITH_LINE, |figures| figures.held == holds && figures.waiting == 0).await;
        let freed = self.storm(STORM, |figures| figures.available == holds).await;
        let per_second = |took: Duration| f64::from(holds) / took.as_secs_f64() / 1e6;
        println!(
            "all granted to the line within {:.2} s ({:.2} M/s), all free within {:.2} s ({:.2} M/s)",
            granted.as_secs_f64(),
            per_second(granted),
            freed.as_secs_f64(),
            per_second(freed),
        );
        figures::tell("storm/all_granted_seconds", granted.as_secs_f64());
        figures::tell("storm/all_free_seconds", freed.as_secs_f64());
    }

    /// Lets the clock jump, and waits until `is_over` of the stormy type's figures. Returns how long that took.
    async fn storm(&self, phase: usize, is_over: impl Fn(&Figures) -> bool) -> Duration {
        pause(PAUSE).await;
        self.phase.begin(BEFORE);
        pause(USUAL).await;
        self.phase.begin(phase);
        let started = clock::now();
        self.clock.jump(JUMP_MS);
        let mut looks = tokio::time::interval(LOOK_EVERY);
        loop {
            looks.tick().await;
            let view = self.venue.engine.event(&slug("storm")).expect("the event is there");
            if is_over(&view.figures[0]) {
                break;
            }
        }
        let took = started.elapsed();
        self.phase.begin(PAUSED);
        took
    }
}

fn report(at_storm: &Bought, at_neighbour: &Bought) {
    print_head();
    let before = ("before", BEFORE);
    for during in [("while they expire", STORM), ("… and are granted", STORM_WITH_LINE)] {
        figures::tell("storm/p99_of_usual", at_storm.changes.compare_p99(before.1, during.1));
        at_storm.changes.print_compared("same event, changes", before, during);
        at_storm.reads.print_compared("same event, reads", before, during);
        at_neighbour.changes.print_compared("neighbour, changes", before, during);
        at_neighbour.reads.print_compared("neighbour, reads", before, during);
    }
}
