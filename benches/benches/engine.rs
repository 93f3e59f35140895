//! The durable engine in process: clients hold one ticket for one of many users, and confirm the hold. Each of the two answers
//! waits for an fsync. HTTP is in none of these.
//!
//! - `engine/single_calls`: 64 and 1,024 clients, each with one command under way
//! - `engine/calls_of_64`: 64 clients, each of which submits 64 commands before it waits for the first answer
//! - `engine/many_events`: 1,024 clients with one command under way, on one event and on a thousand of them in turn
//! - `engine/release_and_grant`: 64 clients give holds back, and each ticket goes to the next in line in the same step
//!
//! The first two are there on the disk of the temporary directory, and on a tmpfs, where a sync does nothing: what durability
//! costs. The syncs are counted by the engine's own metric and printed, and the ledger is held against what was acknowledged.

mod measuring;

use std::cell::OnceCell;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Throughput};
use holdfast_benches::clock::now;
use holdfast_benches::line::Line;
use holdfast_benches::till::{Till, syncs};
use holdfast_benches::venue::runtime_of_clients;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::runtime::Runtime;

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const MEMORY: &str = "/dev/shm";
const CLIENTS: [u32; 2] = [64, 1_024];
/// What each client does in one iteration, so that starting and ending it weighs little.
const UNITS_PER_CLIENT: u32 = 50;
const CALLS_PER_CLIENT: u32 = 8;
const CALL: u32 = 64;
const EVENTS: [u32; 2] = [1, 1_000];
const LINE: u32 = 200_000;

fn main() {
    let mut criterion = measuring::within_seconds(4);
    let metrics = PrometheusBuilder::new().install_recorder().expect("the first recorder of this process");
    let bench = Bench { runtime: runtime_of_clients(), metrics };
    let disk = std::env::temp_dir();
    let places = [("durable", disk.as_path()), ("tmpfs", Path::new(MEMORY))];

    let mut group = criterion.benchmark_group("engine/single_calls");
    for (name, place) in places.into_iter().filter(|(_, place)| place.is_dir()) {
        for clients in CLIENTS {
            let id = BenchmarkId::new(name, clients);
            bench.one_by_one(&mut group, id, place, 1, clients);
        }
    }
    group.finish();
    let mut group = criterion.benchmark_group("engine/calls_of_64");
    for (name, place) in places.into_iter().filter(|(_, place)| place.is_dir()) {
        bench.in_calls(&mut group, BenchmarkId::new(name, CLIENTS[0]), place, CLIENTS[0]);
    }
    group.finish();
    let mut group = criterion.benchmark_group("engine/many_events");
    for events in EVENTS {
        bench.one_by_one(&mut group, BenchmarkId::new("events", events), &disk, events, CLIENTS[1]);
    }
    group.finish();
    let mut group = criterion.benchmark_group("engine/release_and_grant");
    bench.release(&mut group, BenchmarkId::new("clients", CLIENTS[0]), CLIENTS[0]);
    group.finish();
    criterion.final_summary();
}

type Group<'a> = BenchmarkGroup<'a, WallTime>;

struct Bench {
    /// Of the clients.
    runtime: Runtime,
    metrics: PrometheusHandle,
}

impl Bench {
    fn one_by_one(&self, group: &mut Group<'_>, id: BenchmarkId, place: &Path, events: u32, clients: u32) {
        let units = u64::from(clients * UNITS_PER_CLIENT);
        let work = async |till: &Arc<Till>| till.one_by_one(clients, UNITS_PER_CLIENT).await;
        self.measure(group, id, place, events, units, work);
    }

    fn in_calls(&self, group: &mut Group<'_>, id: BenchmarkId, place: &Path, clients: u32) {
        let units = u64::from(clients * CALLS_PER_CLIENT * CALL);
        let work = async |till: &Arc<Till>| till.in_calls(clients, CALLS_PER_CLIENT, CALL).await;
        self.measure(group, id, place, 1, units, work);
    }

    /// Measures `work`, which does `units` units each time, and holds the ledger against them.
    fn measure(
        &self,
        group: &mut Group<'_>,
        id: BenchmarkId,
        place: &Path,
        events: u32,
        units: u64,
        work: impl AsyncFn(&Arc<Till>),
    ) {
        group.throughput(Throughput::Elements(units));
        let (opened, mut done) = (OnceCell::new(), 0);
        group.bench_function(id, |bencher| {
            let open = || (self.runtime.block_on(Till::open(place, events)), syncs(&self.metrics));
            let (till, _) = opened.get_or_init(open);
            bencher.iter(|| {
                done += units;
                self.runtime.block_on(work(till));
            });
        });
        if let Some((till, syncs_before)) = opened.into_inner() {
            self.print_syncs(done, syncs_before);
            till.check(done);
            self.runtime.block_on(till.close());
        }
    }

    fn release(&self, group: &mut Group<'_>, id: BenchmarkId, clients: u32) {
        let releases = clients * UNITS_PER_CLIENT;
        group.throughput(Throughput::Elements(u64::from(releases)));
        let open = || self.runtime.block_on(Line::open(LINE));
        let mut opened = None;
        group.bench_function(id, |bencher| {
            let line = opened.get_or_insert_with(open);
            bencher.iter_custom(|iterations| {
                let mut elapsed = Duration::ZERO;
                for _ in 0..iterations {
                    if line.left() < releases {
                        self.runtime.block_on(line.close());
                        *line = open();
                    }
                    let started = now();
                    self.runtime.block_on(line.release(clients, UNITS_PER_CLIENT));
                    elapsed += started.elapsed();
                }
                elapsed
            });
        });
        if let Some(line) = opened {
            self.runtime.block_on(line.close());
        }
    }

    fn print_syncs(&self, units: u64, syncs_before: u64) {
        let syncs = syncs(&self.metrics) - syncs_before;
        println!("{units} units, {syncs} syncs, {:.1} units a sync", units as f64 / syncs as f64);
    }
}
