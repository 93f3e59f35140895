//! Looking things up, as each request does: an event by its id, with its newest durable view, among 1, 1,000 and 100,000; and a
//! session by its token, among a thousand and a million.
//!
//! `HOLDFAST_BENCH_EVENTS` and `HOLDFAST_BENCH_SESSIONS` take the places of the largest. One thread looks; what several on
//! several processors cost each other is not measured.

mod measuring;

use std::cell::{LazyCell, OnceCell};
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput};
use holdfast_benches::random::Random;
use holdfast_benches::sessions::{full_table, token_of};
use holdfast_benches::stage::START_MS;
use holdfast_benches::venue::{NO_SNAPSHOTS, Venue, setting, slug};
use holdfast_engine::clock::SystemClock;
use holdfast_engine::config::{EngineConfig, SessionsConfig};
use holdfast_engine::core::id::Slug;
use holdfast_engine::core::settings::Settings;
use holdfast_engine::session_table::Authentication;
use tokio::runtime::Runtime;

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let mut criterion = measuring::within_seconds(3);
    events(&mut criterion, [1, 1_000, setting("HOLDFAST_BENCH_EVENTS", 100_000)]);
    sessions(&mut criterion, [1_000, setting("HOLDFAST_BENCH_SESSIONS", 1_000_000)]);
    criterion.final_summary();
}

fn events(criterion: &mut Criterion, counts: [u32; 3]) {
    let runtime = Runtime::new().expect("a runtime");
    let mut group = criterion.benchmark_group("directory/event");
    group.throughput(Throughput::Elements(1));
    for count in counts {
        let ids: Vec<Slug> = (0..count).map(|number| slug(&format!("event-{number}"))).collect();
        let opened = OnceCell::new();
        group.bench_function(BenchmarkId::new("events", count), |bencher| {
            let venue = opened.get_or_init(|| runtime.block_on(full_venue(&ids)));
            let mut random = Random::new();
            bencher.iter(|| {
                let id = &ids[random.below(u64::from(count)) as usize];
                venue.engine.event(id).expect("the event is there")
            });
        });
        if let Some(venue) = opened.into_inner() {
            runtime.block_on(venue.engine.shutdown());
        }
    }
    group.finish();
}

async fn full_venue(events: &[Slug]) -> Venue {
    let config = EngineConfig { snapshot: NO_SNAPSHOTS, ..EngineConfig::default() };
    let venue = Venue::open(config, Arc::new(SystemClock::start()));
    venue.create_events(events, &Settings::default(), &[("general", 100)]).await;
    venue
}

fn sessions(criterion: &mut Criterion, counts: [u32; 2]) {
    let mut group = criterion.benchmark_group("directory/session");
    group.throughput(Throughput::Elements(1));
    for count in counts {
        let table = LazyCell::new(|| full_table(count));
        group.bench_function(BenchmarkId::new("sessions", count), |bencher| {
            let (table, lengths) = (&*table, SessionsConfig::default().lengths());
            let mut random = Random::new();
            bencher.iter(|| {
                let token = token_of(1 + random.below(u64::from(count)) as u32);
                let found = table.authenticate(&token, START_MS, &lengths);
                assert!(matches!(found, Authentication::Live(_)));
                found
            });
        });
    }
    group.finish();
}
