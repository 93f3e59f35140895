//! The generator's time, and an engine's whose deadlines are not to be waited for.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use holdfast_engine::clock::{Clock, SystemClock};

/// Now.
#[expect(
    clippy::disallowed_methods,
    reason = "a load generator measures with the real clock; this is where it reads it"
)]
pub fn now() -> Instant {
    Instant::now()
}

/// How long ago the Unix epoch was: for the names and the date of a run. Nothing is timed by it.
#[expect(clippy::disallowed_methods, reason = "a report has a date, and a run a name that no earlier one had")]
pub fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Lets time go by.
#[expect(clippy::disallowed_methods, reason = "a load has a length, and what is measured must have settled before")]
pub async fn pause(length: Duration) {
    tokio::time::sleep(length).await;
}

/// The real clock, and how far it has jumped ahead: for an engine in this process.
#[derive(Debug)]
pub struct JumpingClock {
    system: SystemClock,
    ahead_ms: AtomicU64,
}

impl JumpingClock {
    /// The real time, from now on.
    pub fn start() -> JumpingClock {
        JumpingClock { system: SystemClock::start(), ahead_ms: AtomicU64::new(0) }
    }

    /// Jumps ahead by so many milliseconds.
    pub fn jump(&self, by_ms: u64) {
        self.ahead_ms.fetch_add(by_ms, Ordering::SeqCst);
    }
}

impl Clock for JumpingClock {
    fn now_ms(&self) -> u64 {
        self.system.now_ms() + self.ahead_ms.load(Ordering::SeqCst)
    }

    fn start_at_least(&self, floor_ms: u64) {
        self.system.start_at_least(floor_ms);
    }
}
