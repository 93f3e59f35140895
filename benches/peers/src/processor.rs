//! What this process takes of the processors: a load generator that takes all of one may be what is measured.

use std::time::{Duration, Instant};

use holdfast_benches::clock;
use rustix::time::{ClockId, clock_gettime};

/// Watches this process from now on.
pub struct Watch {
    started: Instant,
    used_before: Duration,
}

impl Watch {
    /// From now on.
    pub fn start() -> Watch {
        Watch { started: clock::now(), used_before: used(ClockId::ProcessCPUTime) }
    }

    /// How many processors it has taken since, on average.
    pub fn processors(&self) -> f64 {
        let taken = used(ClockId::ProcessCPUTime).saturating_sub(self.used_before);
        taken.as_secs_f64() / self.started.elapsed().as_secs_f64()
    }
}

/// Processor time of this thread so far.
pub fn used_by_this_thread() -> Duration {
    used(ClockId::ThreadCPUTime)
}

fn used(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
