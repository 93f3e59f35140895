//! The way to an actor and back, and the durable engine in process.
//!
//! `actor/round_trip` compares a bare actix `send` that does nothing with a command that the engine refuses because the
//! event is sold out: the same 64 clients, one request each under way. A refusal changes nothing and reads nothing from
//! disk, but it waits for its turn, is decided by the rules, and waits behind the journal like every answer.
//!
//! `engine/hold_and_confirm` is the unit of work, durable: each client waits for each of its two answers, and each
//! answer for an fsync. The syncs are counted by the engine's own metric and printed. HTTP is in none of these.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix::{Actor, Addr, Handler, Message};
use criterion::{BenchmarkId, Criterion, Throughput};
use holdfast_engine::clock::SystemClock;
use holdfast_engine::config::EngineConfig;
use holdfast_engine::core::command::Wish;
use holdfast_engine::core::id::Slug;
use holdfast_engine::core::settings::{CAPACITY_MAX, Details, Settings, TicketTypeDefinition};
use holdfast_engine::core::status::Status;
use holdfast_engine::core::{Caller, Command, Outcome, Rejection};
use holdfast_engine::engine::{Engine, Identity, NewEvent, Wheels};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

const ROUND_TRIP_CLIENTS: u32 = 64;
const DURABLE_CLIENTS: [u32; 2] = [64, 1_024];
/// What each client does in one iteration, so that starting and ending it weighs little.
const ROUND_TRIPS_PER_CLIENT: u32 = 200;
const UNITS_PER_CLIENT: u32 = 50;
/// Users, logged in beforehand, take turns; each may have as many tickets as a run needs.
const USERS: u32 = 10_000;
const MAX_PER_USER: u32 = 1_000_000;

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(4))
        .configure_from_args();
    let metrics = PrometheusBuilder::new().install_recorder().expect("the first recorder of this process");
    // The clients have one thread, the actors and the journal theirs: on two cores, more would stand in the way.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");
    round_trip(&mut criterion, &runtime);
    hold_and_confirm(&mut criterion, &runtime, &metrics);
    criterion.final_summary();
}

fn round_trip(criterion: &mut Criterion, runtime: &Runtime) {
    let mut group = criterion.benchmark_group("actor/round_trip");
    group.throughput(Throughput::Elements(u64::from(ROUND_TRIP_CLIENTS * ROUND_TRIPS_PER_CLIENT)));

    let system = start_actix();
    let bare = system.bare.clone();
    group.bench_function("bare_actix", |bencher| {
        bencher.iter(|| runtime.block_on(run_clients(ROUND_TRIP_CLIENTS, || send_bare(bare.clone()))));
    });
    system.stop();

    let bench = Bench::open(runtime, 0);
    group.bench_function("engine_refusal", |bencher| {
        bencher.iter(|| runtime.block_on(run_clients(ROUND_TRIP_CLIENTS, || be_refused(bench.clone()))));
    });
    runtime.block_on(bench.engine.shutdown());
    group.finish();
}

fn hold_and_confirm(criterion: &mut Criterion, runtime: &Runtime, metrics: &PrometheusHandle) {
    let mut group = criterion.benchmark_group("engine/hold_and_confirm");
    for clients in DURABLE_CLIENTS {
        let bench = Bench::open(runtime, CAPACITY_MAX);
        let (syncs_before, mut units) = (syncs(metrics), 0);
        group.throughput(Throughput::Elements(u64::from(clients * UNITS_PER_CLIENT)));
        group.bench_function(BenchmarkId::new("clients", clients), |bencher| {
            bencher.iter(|| {
                units += u64::from(clients * UNITS_PER_CLIENT);
                runtime.block_on(run_clients(clients, || do_units(bench.clone())));
            });
        });
        let syncs = syncs(metrics) - syncs_before;
        println!("{clients} clients: {units} units, {syncs} syncs, {:.1} units a sync", units as f64 / syncs as f64);
        bench.check(runtime, units);
        runtime.block_on(bench.engine.shutdown());
    }
    group.finish();
}

/// Runs `clients` tasks and waits for all of them.
async fn run_clients<F: Future<Output = ()> + Send + 'static>(clients: u32, client: impl Fn() -> F) {
    let mut tasks = JoinSet::new();
    (0..clients).for_each(|_| drop(tasks.spawn(client())));
    tasks.join_all().await;
}

async fn send_bare(bare: Addr<Bare>) {
    for _ in 0..ROUND_TRIPS_PER_CLIENT {
        bare.send(Nothing).await.expect("the actor lives");
    }
}

async fn be_refused(bench: Bench) {
    for _ in 0..ROUND_TRIPS_PER_CLIENT {
        let reply = bench.ask(bench.next_caller(), hold_one()).await;
        assert!(matches!(reply, Err(Rejection::SoldOut { .. })), "not sold out, but {reply:?}");
    }
}

async fn do_units(bench: Bench) {
    for _ in 0..UNITS_PER_CLIENT {
        let caller = bench.next_caller();
        let held = bench.ask(caller.clone(), hold_one()).await;
        let Ok(Outcome::Held { hold, .. }) = held else { panic!("no hold, but {held:?}") };
        let confirmed = bench.ask(caller, Command::ConfirmHold { number: hold.number, quantity: None }).await;
        confirmed.expect("the hold is live");
    }
}

fn hold_one() -> Command {
    Command::PlaceHold { wish: Wish::default(), wait: false }
}

/// The syncs of all journals of this process so far.
fn syncs(metrics: &PrometheusHandle) -> u64 {
    let text = metrics.render();
    let count = text.lines().find_map(|line| line.strip_prefix("holdfast_journal_sync_seconds_count "));
    count.map_or(0, |count| count.parse().expect("a number"))
}

/// An engine with one event on sale, on a data directory of its own.
#[derive(Clone)]
struct Bench {
    engine: Arc<Engine>,
    event: Slug,
    callers: Arc<[Caller]>,
    turns: Arc<AtomicUsize>,
    _directory: Arc<tempfile::TempDir>,
}

impl Bench {
    fn open(runtime: &Runtime, capacity: u32) -> Bench {
        let directory = Arc::new(tempfile::tempdir().expect("a temporary directory"));
        let config = EngineConfig::default();
        let clock = Arc::new(SystemClock::start());
        let engine = Engine::open(config, directory.path(), clock, Wheels::ByThread).expect("a new engine");
        let event = Slug::new("hot").expect("a slug");
        let created = runtime.block_on(engine.create_event("bench", None, new_event(&event, capacity)));
        created.expect("the engine serves").answer.expect("a legal event");
        let engine = Arc::new(engine);
        let callers = runtime.block_on(log_in(&engine));
        Bench { engine, event, callers, turns: Arc::default(), _directory: directory }
    }

    fn next_caller(&self) -> Caller {
        self.callers[self.turns.fetch_add(1, Ordering::Relaxed) % self.callers.len()].clone()
    }

    async fn ask(&self, caller: Caller, command: Command) -> Result<Outcome, Rejection> {
        self.engine.execute(&self.event, caller, None, command).await.expect("the engine keeps up").answer
    }

    /// Every unit is a booking, and nothing is left held.
    fn check(&self, runtime: &Runtime, units: u64) {
        let figures = runtime.block_on(self.engine.read(&self.event, |event, _| event.figures().next()));
        let figures = figures.flatten().expect("the event has a ticket type");
        assert_eq!((u64::from(figures.booked), figures.held), (units, 0));
    }
}

/// Logs all users in, without any wish.
async fn log_in(engine: &Arc<Engine>) -> Arc<[Caller]> {
    let mut logins = JoinSet::new();
    for number in 0..USERS {
        let engine = Arc::clone(engine);
        let mut token_hash = [0; 32];
        token_hash[..4].copy_from_slice(&number.to_le_bytes());
        logins.spawn(async move {
            let login = engine.login(Identity::named(format!("user-{number}")), token_hash, Some(Vec::new())).await;
            let session = login.expect("the engine keeps up").session;
            Caller::User { user: session.user, session: session.number }
        });
    }
    logins.join_all().await.into()
}

fn new_event(id: &Slug, capacity: u32) -> NewEvent {
    let general = TicketTypeDefinition {
        id: Slug::new("general").expect("a slug"),
        name: "General".to_owned(),
        capacity,
        price: None,
    };
    NewEvent {
        id: id.clone(),
        details: Details { name: "Hot".to_owned(), ..Details::default() },
        settings: Settings { max_per_user: MAX_PER_USER, ..Settings::default() },
        ticket_types: vec![general],
        status: Status::OnSale,
        reason: None,
    }
}

/// An actor that does nothing.
struct Bare;

/// A message that asks for nothing.
#[derive(Message)]
#[rtype(result = "()")]
struct Nothing;

impl Actor for Bare {
    type Context = actix::Context<Bare>;
}

impl Handler<Nothing> for Bare {
    type Result = ();

    fn handle(&mut self, _: Nothing, _: &mut actix::Context<Bare>) {}
}

/// An actor system with one arbiter, as the engine starts it, and the bare actor on it.
struct ActixSystem {
    system: actix::System,
    bare: Addr<Bare>,
    thread: std::thread::JoinHandle<()>,
}

fn start_actix() -> ActixSystem {
    let (sender, receiver) = std::sync::mpsc::channel();
    let run = move || {
        let runner = actix::System::new();
        let arbiter = actix::Arbiter::new();
        let bare = Bare::start_in_arbiter(&arbiter.handle(), |context| {
            // The default bound is 16 messages: with it, senders would wait for places, not for answers.
            context.set_mailbox_capacity(ROUND_TRIP_CLIENTS as usize);
            Bare
        });
        sender.send((actix::System::current(), bare)).expect("the bench waits");
        runner.run().expect("the actor system runs");
    };
    let thread = std::thread::spawn(run);
    let (system, bare) = receiver.recv().expect("the actor system starts");
    ActixSystem { system, bare, thread }
}

impl ActixSystem {
    fn stop(self) {
        self.system.stop();
        self.thread.join().expect("the actor system ends in order");
    }
}
