//! The way to an actor and back: a bare actix `send` that does nothing, next to a command that the engine refuses because the
//! event is sold out. The same 64 clients, one request each under way.
//!
//! A refusal changes nothing and reads nothing from disk, but it waits for its turn, is decided by the rules, and waits behind
//! the journal like every answer. HTTP is not in it.

mod measuring;

use std::cell::OnceCell;
use std::sync::Arc;

use actix::{Actor, Addr, Handler, Message};
use criterion::Throughput;
use holdfast_benches::stage::hold_one;
use holdfast_benches::till::{Till, together};
use holdfast_benches::venue::runtime_of_clients;
use holdfast_engine::core::Rejection;

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CLIENTS: u32 = 64;
/// What each client does in one iteration, so that starting and ending it weighs little.
const ROUND_TRIPS_PER_CLIENT: u32 = 200;

fn main() {
    let mut criterion = measuring::within_seconds(4);
    // As in the program, what is counted goes somewhere.
    metrics_exporter_prometheus::PrometheusBuilder::new()
        .install_recorder()
        .expect("the first recorder of this process");
    let runtime = runtime_of_clients();
    let mut group = criterion.benchmark_group("actor/round_trip");
    group.throughput(Throughput::Elements(u64::from(CLIENTS * ROUND_TRIPS_PER_CLIENT)));
    let system = OnceCell::new();
    group.bench_function("bare_actix", |bencher| {
        let system = system.get_or_init(start_actix);
        bencher.iter(|| runtime.block_on(together(CLIENTS, || send_bare(system.bare.clone()))));
    });
    if let Some(system) = system.into_inner() {
        system.stop();
    }
    let till = OnceCell::new();
    group.bench_function("engine_refusal", |bencher| {
        let till = till.get_or_init(|| runtime.block_on(Till::open_with(&std::env::temp_dir(), 1, 0)));
        bencher.iter(|| runtime.block_on(together(CLIENTS, || be_refused(Arc::clone(till)))));
    });
    if let Some(till) = till.into_inner() {
        runtime.block_on(till.close());
    }
    group.finish();
    criterion.final_summary();
}

async fn send_bare(bare: Addr<Bare>) {
    for _ in 0..ROUND_TRIPS_PER_CLIENT {
        bare.send(Nothing).await.expect("the actor lives");
    }
}

async fn be_refused(till: Arc<Till>) {
    for _ in 0..ROUND_TRIPS_PER_CLIENT {
        let (event, caller) = till.next();
        let answer = till.ask(event, caller, hold_one(false)).await;
        assert!(matches!(answer, Err(Rejection::SoldOut { .. })), "not sold out, but {answer:?}");
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
            context.set_mailbox_capacity(CLIENTS as usize);
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
