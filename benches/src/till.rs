//! The unit of work on an engine in process: clients hold a ticket for one of many users, and confirm the hold.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use holdfast_engine::clock::SystemClock;
use holdfast_engine::config::EngineConfig;
use holdfast_engine::core::id::{HoldNumber, Slug};
use holdfast_engine::core::settings::{CAPACITY_MAX, Settings};
use holdfast_engine::core::{Caller, Command, Outcome, Rejection};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::task::JoinSet;

use crate::stage::{confirm, hold_one};
use crate::venue::{NO_SNAPSHOTS, Venue, slug};

/// Users, logged in beforehand, take turns; each may have as many tickets as a run needs.
const USERS: u32 = 20_000;
/// More tickets than a user gets in any run.
const MAX_PER_USER: u32 = 1_000_000;

/// An engine with events on sale, and users who buy there.
pub struct Till {
    venue: Venue,
    events: Vec<Slug>,
    callers: Arc<[Caller]>,
    turns: AtomicUsize,
}

impl Till {
    /// Opens it under the directory `place`, with `events` events, of which each has enough tickets for any run.
    pub async fn open(place: &Path, events: u32) -> Arc<Till> {
        Till::open_with(place, events, CAPACITY_MAX).await
    }

    /// The same with `capacity` tickets in each event.
    pub async fn open_with(place: &Path, events: u32, capacity: u32) -> Arc<Till> {
        let config = EngineConfig { snapshot: NO_SNAPSHOTS, ..EngineConfig::default() };
        let venue = Venue::open_in(Some(place), config, Arc::new(SystemClock::start())).expect("a new engine");
        let settings = Settings { max_per_user: MAX_PER_USER, auto_hold: 0, ..Settings::default() };
        let events: Vec<Slug> = (0..events).map(|number| slug(&format!("hot-{number}"))).collect();
        venue.create_events(&events, &settings, &[("general", capacity)]).await;
        let callers = venue.log_in("user", USERS).await;
        Arc::new(Till { venue, events, callers, turns: AtomicUsize::new(0) })
    }

    /// `clients` at once do `units` units each, one command a call.
    pub async fn one_by_one(self: &Arc<Till>, clients: u32, units: u32) {
        together(clients, || Arc::clone(self).units(units)).await;
    }

    /// `clients` at once make `calls` calls each of `size` holds, and as many of the confirmations: what is in a call is all
    /// submitted before the first answer is waited for.
    pub async fn in_calls(self: &Arc<Till>, clients: u32, calls: u32, size: u32) {
        together(clients, || Arc::clone(self).calls(calls, size)).await;
    }

    /// Who asks next, and which event, in turn.
    pub fn next(&self) -> (&Slug, Caller) {
        let turn = self.turns.fetch_add(1, Ordering::Relaxed);
        (&self.events[turn % self.events.len()], self.callers[turn % self.callers.len()].clone())
    }

    /// Asks, and waits for the answer.
    pub async fn ask(&self, event: &Slug, caller: Caller, command: Command) -> Result<Outcome, Rejection> {
        crate::venue::ask(&self.venue.engine, event, caller, command).await
    }

    /// Holds the ledger against what was acknowledged: every unit is a booking, and nothing is left held.
    ///
    /// # Panics
    ///
    /// When it is not so.
    pub fn check(&self, units: u64) {
        let totals =
            self.events.iter().map(|event| self.venue.engine.event(event).expect("the event is there").totals());
        let (booked, held) = totals.fold((0, 0), |(booked, held), totals| (booked + totals.booked, held + totals.held));
        assert_eq!((booked, held), (units, 0), "the ledger is not what was acknowledged");
    }

    /// Stops the engine.
    pub async fn close(&self) {
        self.venue.engine.shutdown().await;
    }

    async fn units(self: Arc<Till>, units: u32) {
        for _ in 0..units {
            let (event, caller) = self.next();
            let number = held(self.ask(event, caller.clone(), hold_one(false)).await);
            self.ask(event, caller, confirm(number)).await.expect("the hold is live");
        }
    }

    async fn calls(self: Arc<Till>, calls: u32, size: u32) {
        let engine = &self.venue.engine;
        let submit = |event: &Slug, caller: Caller, command: Command| {
            engine.submit(event, caller, None, command).expect("the engine keeps up")
        };
        for _ in 0..calls {
            let asked: Vec<_> = (0..size).map(|_| self.next()).collect();
            let answers: Vec<_> =
                asked.iter().map(|(event, caller)| submit(event, caller.clone(), hold_one(false))).collect();
            let mut confirmations = Vec::with_capacity(asked.len());
            for ((event, caller), answer) in asked.into_iter().zip(answers) {
                let number = held(answer.await.expect("the engine serves").answer);
                confirmations.push((event, caller, confirm(number)));
            }
            let submitted = confirmations.into_iter().map(|(event, caller, command)| submit(event, caller, command));
            for answer in submitted.collect::<Vec<_>>() {
                answer.await.expect("the engine serves").answer.expect("the hold is live");
            }
        }
    }
}

/// Runs `clients` tasks, and waits for all of them.
pub async fn together<F: Future<Output = ()> + Send + 'static>(clients: u32, client: impl Fn() -> F) {
    let mut tasks = JoinSet::new();
    (0..clients).for_each(|_| drop(tasks.spawn(client())));
    tasks.join_all().await;
}

/// How often the journals of this process have synced so far.
pub fn syncs(metrics: &PrometheusHandle) -> u64 {
    let text = metrics.render();
    let count = text.lines().find_map(|line| line.strip_prefix("holdfast_journal_sync_seconds_count "));
    count.map_or(0, |count| count.parse().expect("a number"))
}

fn held(answer: Result<Outcome, Rejection>) -> HoldNumber {
    match answer {
        Ok(Outcome::Held { hold, .. }) => hold.number,
        other => panic!("no hold, but {other:?}"),
    }
}
