//! Buyers in a closed loop: hold one ticket, look at the hold, confirm or release it, as the next user hold one …

use std::sync::Arc;
use std::time::Duration;

use holdfast_engine::core::command::Wish;
use holdfast_engine::core::id::{HoldNumber, Slug};
use holdfast_engine::core::{Caller, Command, Outcome};
use holdfast_engine::engine::Engine;
use tokio::task::JoinSet;

use crate::clock;
use crate::latency::{Latencies, Phase};
use crate::venue::ask;

/// Where buyers buy, and when.
#[derive(Clone)]
pub struct Market {
    /// The engine.
    pub engine: Arc<Engine>,
    /// The event.
    pub event: Slug,
    /// The ticket type.
    pub ticket_type: Slug,
    /// The phase that what they ask is filed under. They stop when the run is over.
    pub phase: Arc<Phase>,
    /// How many phases there are.
    pub phases: usize,
}

/// What buyers measured.
pub struct Bought {
    /// Holding, confirming and releasing: each answer waited for the disk.
    pub changes: Latencies,
    /// Looking at the own hold.
    pub reads: Latencies,
}

impl Bought {
    /// Nothing yet.
    pub fn new(phases: usize) -> Bought {
        Bought { changes: Latencies::new(phases), reads: Latencies::new(phases) }
    }

    /// Takes up what another measured.
    pub fn add(&mut self, other: &Bought) {
        self.changes.add(&other.changes);
        self.reads.add(&other.reads);
    }
}

/// Starts `buyers` of them, who buy for the users in `callers` in turns.
pub fn start(market: &Market, buyers: usize, callers: &Arc<[Caller]>) -> JoinSet<Bought> {
    let mut tasks = JoinSet::new();
    for first in 0..buyers {
        tasks.spawn(buy(market.clone(), first, buyers, Arc::clone(callers)));
    }
    tasks
}

/// Waits until all have stopped.
pub async fn join(buyers: JoinSet<Bought>, phases: usize) -> Bought {
    let mut all = Bought::new(phases);
    buyers.join_all().await.iter().for_each(|bought| all.add(bought));
    all
}

async fn buy(market: Market, first: usize, step: usize, callers: Arc<[Caller]>) -> Bought {
    let mut bought = Bought::new(market.phases);
    let mut units = first;
    while market.phase.now().is_some() {
        let caller = &callers[units % callers.len()];
        units += step;
        let number = hold(&market, caller, &mut bought).await;
        read(&market, number, &mut bought).await;
        // Every second hold of a buyer is confirmed, the others are given back.
        let finish = if (units / step).is_multiple_of(2) {
            Command::ConfirmHold { number, quantity: None }
        } else {
            Command::ReleaseHold { number, reason: None }
        };
        change(&market, caller, finish, &mut bought).await;
    }
    bought
}

async fn hold(market: &Market, caller: &Caller, bought: &mut Bought) -> HoldNumber {
    let wish = Wish { ticket_type: Some(market.ticket_type.clone()), ..Wish::default() };
    match change(market, caller, Command::PlaceHold { wish, wait: false }, bought).await {
        Outcome::Held { hold, .. } => hold.number,
        other => panic!("no hold, but {other:?}"),
    }
}

async fn change(market: &Market, caller: &Caller, command: Command, bought: &mut Bought) -> Outcome {
    let asked = ask(&market.engine, &market.event, caller.clone(), command);
    let (answer, latency, phase) = timed(market, asked).await;
    file(&mut bought.changes, phase, latency);
    answer.expect("there are tickets")
}

async fn read(market: &Market, number: HoldNumber, bought: &mut Bought) {
    let look = market.engine.read(&market.event, |event, now_ms| event.hold(now_ms, number, None));
    let (seen, latency, phase) = timed(market, look).await;
    file(&mut bought.reads, phase, latency);
    assert!(seen.flatten().is_some(), "a hold is there");
}

async fn timed<T>(market: &Market, asked: impl Future<Output = T>) -> (T, Duration, Option<usize>) {
    let (phase, started) = (market.phase.now(), clock::now());
    let answer = asked.await;
    (answer, started.elapsed(), phase)
}

fn file(latencies: &mut Latencies, phase: Option<usize>, latency: Duration) {
    if let Some(phase) = phase {
        latencies.file(phase, latency);
    }
}
