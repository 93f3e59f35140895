//! A closed loop of clients: each asks again as soon as it has its answer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use holdfast_benches::clock;
use holdfast_benches::latency::Latencies;
use tokio::task::JoinSet;

use crate::contender::{Round, Span};
use crate::disk::Disk;
use crate::error::PeerError;
use crate::processor;

/// Somebody who asks one thing after the other.
pub trait Client: Send + 'static {
    /// Asks once for all that makes a unit, or several units at once; each call is timed by `calls`. Returns how many
    /// units were acknowledged.
    fn turn(&mut self, calls: &mut Calls) -> impl Future<Output = Result<u64, PeerError>> + Send;
}

/// Times calls.
pub struct Calls {
    /// Of all clients: they share a thread, so nobody waits, and a histogram each would be memory that nobody else has.
    latencies: Arc<Mutex<Latencies>>,
    measure_from: Instant,
    refusals: u64,
    /// When the last call was answered.
    answered: Instant,
}

impl Calls {
    fn new(latencies: Arc<Mutex<Latencies>>, measure_from: Instant) -> Calls {
        Calls { latencies, measure_from, refusals: 0, answered: clock::now() }
    }

    /// Counts answers which said that too much is under way, and that nothing was done.
    pub fn count_refusals(&mut self, count: u64) {
        self.refusals += count;
    }

    /// Waits for the answer of a call, and files how long it took.
    pub async fn time<T>(&mut self, call: impl Future<Output = T>) -> T {
        let called = clock::now();
        let answer = call.await;
        self.answered = clock::now();
        if called >= self.measure_from {
            lock(&self.latencies).file(0, self.answered - called);
        }
        answer
    }
}

/// What came of a load.
pub struct Loaded {
    /// All units that were acknowledged, warm-up included.
    pub acknowledged: u64,
    in_time: u64,
    refusals: u64,
    measured: Duration,
    call_ms: [f64; 4],
    device_flushes: Option<u64>,
    own_processors: f64,
}

/// Lets all clients work for `span`, each to the end of its last turn. `disk` is the one beneath the peer's data.
///
/// # Errors
///
/// A client's.
pub async fn run<C: Client>(clients: Vec<C>, span: Span, disk: &Disk) -> Result<Loaded, PeerError> {
    let flushes_before = disk.flushes();
    let watch = processor::Watch::start();
    let measure_from = clock::now() + span.warm_up;
    let end = measure_from + span.measured;
    let latencies = Arc::new(Mutex::new(Latencies::new(1)));
    let mut working = JoinSet::new();
    for client in clients {
        working.spawn(work(client, Calls::new(Arc::clone(&latencies), measure_from), end));
    }
    let mut all = Work::default();
    while let Some(worked) = working.join_next().await {
        let work = worked.map_err(|error| PeerError::while_doing("a client ended abruptly", error))??;
        all.acknowledged += work.acknowledged;
        all.in_time += work.in_time;
        all.refusals += work.refusals;
    }
    let own_processors = watch.processors();
    let device_flushes = disk.flushes().zip(flushes_before).map(|(after, before)| after - before);
    let call_ms = lock(&latencies).milliseconds(0);
    let Work { acknowledged, in_time, refusals } = all;
    Ok(Loaded { acknowledged, in_time, refusals, measured: span.measured, call_ms, device_flushes, own_processors })
}

#[derive(Default)]
struct Work {
    acknowledged: u64,
    /// Those that were acknowledged while it was measured.
    in_time: u64,
    refusals: u64,
}

async fn work<C: Client>(mut client: C, mut calls: Calls, end: Instant) -> Result<Work, PeerError> {
    let mut work = Work::default();
    while calls.answered < end {
        let units = client.turn(&mut calls).await?;
        work.acknowledged += units;
        if (calls.measure_from..=end).contains(&calls.answered) {
            work.in_time += units;
        }
    }
    work.refusals = calls.refusals;
    Ok(work)
}

fn lock(latencies: &Mutex<Latencies>) -> MutexGuard<'_, Latencies> {
    latencies.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Loaded {
    /// The round that it was, where the data has been compared. `syncs` is what the peer says of its own.
    pub fn round(&self, syncs: Option<u64>, checked: String, version: String) -> Round {
        Round {
            rate: self.in_time as f64 / self.measured.as_secs_f64(),
            call_ms: Some(self.call_ms),
            // A ticket is held, and confirmed.
            answers: 2 * self.acknowledged,
            syncs,
            device_flushes: self.device_flushes,
            refusals: self.refusals,
            own_processors: self.own_processors,
            checked,
            version,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;
    use std::time::Duration;

    use super::{Calls, Client, run};
    use crate::contender::Span;
    use crate::disk::Disk;
    use crate::error::PeerError;

    /// Three units a turn, of two calls, until there are none left.
    struct Threes {
        left: u32,
    }

    impl Client for Threes {
        async fn turn(&mut self, calls: &mut Calls) -> Result<u64, PeerError> {
            self.left = self.left.checked_sub(1).ok_or_else(|| PeerError::new("no more"))?;
            let held = calls.time(ready(3)).await;
            Ok(calls.time(ready(held)).await)
        }
    }

    const AT_ONCE: Span = Span { warm_up: Duration::ZERO, measured: Duration::ZERO };

    fn play(clients: Vec<Threes>, span: Span) -> Result<super::Loaded, PeerError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(run(clients, span, &Disk::beneath(&std::env::temp_dir())))
    }

    #[test]
    fn nobody_begins_a_turn_after_the_end() {
        let loaded = play(vec![Threes { left: 1 }, Threes { left: 1 }], AT_ONCE).expect("no turn is begun");
        assert_eq!(loaded.acknowledged, 0);
    }

    #[test]
    fn an_error_of_one_client_ends_the_load() {
        let forever = Span { warm_up: Duration::from_secs(3_600), measured: Duration::ZERO };
        let error = play(vec![Threes { left: 2 }, Threes { left: 5 }], forever).map(|_| ()).expect_err("one ends");
        assert_eq!(error.to_string(), "no more");
    }

    #[test]
    fn what_is_answered_in_time_counts_for_the_rate() {
        let mut loaded = play(Vec::new(), AT_ONCE).expect("nobody fails");
        (loaded.acknowledged, loaded.in_time, loaded.measured) = (9, 6, Duration::from_secs(2));
        let round = loaded.round(Some(4), String::new(), String::new());
        assert_eq!((round.rate, round.answers, round.syncs), (3.0, 18, Some(4)));
    }
}
