//! The engine's time. Nothing else in the engine asks the operating system what time it is.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Tells the time in milliseconds since the Unix epoch. Never goes back.
pub trait Clock: Send + Sync {
    /// Now.
    fn now_ms(&self) -> u64;

    /// From now on, time is at least `floor_ms`: the newest time the journal has seen. Called once, at recovery.
    fn start_at_least(&self, floor_ms: u64);

    /// The wall clock less this one, in milliseconds: for those who watch. Nothing is decided by it.
    fn wall_offset_ms(&self) -> i64 {
        0
    }
}

/// How long something takes: for those who watch. Nothing is decided by it.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// From now on.
    #[expect(clippy::disallowed_methods, reason = "it measures, and does not tell the time")]
    pub fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    /// Until now.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    /// Until `later`.
    pub fn until(self, later: Stopwatch) -> Duration {
        later.0.saturating_duration_since(self.0)
    }
}

/// The wall clock, read once at the start, advanced by the monotonic clock after that: a correction of the wall clock
/// moves no deadline.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
    started_at_ms: AtomicU64,
}

impl SystemClock {
    /// A clock that starts now.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the monotonic clock for the time")]
    pub fn start() -> SystemClock {
        SystemClock { started: Instant::now(), started_at_ms: AtomicU64::new(wall_ms()) }
    }
}

impl Clock for SystemClock {
    fn now_ms(&self) -> u64 {
        self.started_at_ms.load(Ordering::Relaxed) + self.started.elapsed().as_millis() as u64
    }

    fn start_at_least(&self, floor_ms: u64) {
        self.started_at_ms.fetch_max(floor_ms, Ordering::Relaxed);
    }

    fn wall_offset_ms(&self) -> i64 {
        wall_ms() as i64 - self.now_ms() as i64
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
fn wall_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64
}

/// A clock that stands until it is moved: for tests and simulations.
#[derive(Debug)]
pub struct ManualClock {
    now_ms: AtomicU64,
}

impl ManualClock {
    /// A clock that stands at `now_ms`.
    pub fn at(now_ms: u64) -> ManualClock {
        ManualClock { now_ms: AtomicU64::new(now_ms) }
    }

    /// Moves the clock forward.
    pub fn advance(&self, by_ms: u64) {
        self.now_ms.fetch_add(by_ms, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now_ms(&self) -> u64 {
        self.now_ms.load(Ordering::SeqCst)
    }

    fn start_at_least(&self, floor_ms: u64) {
        self.now_ms.fetch_max(floor_ms, Ordering::SeqCst);
    }
}
