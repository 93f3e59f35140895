//! The open loop: when each request is to begin.
//!
//! Request `k` of all is due `k / rate` seconds after the start, on connection `k mod connections`. A connection that is
//! still busy then begins late, and its latency counts from when it was due: a server that stalls is charged for every
//! request that should have been sent meanwhile, not only for the one that it stalled.

use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::clock;

/// Tells connections when their requests are due.
pub struct Pacer {
    connections: Vec<UnboundedSender<Instant>>,
    start: Instant,
    end: Instant,
    rate: u64,
    each: u32,
}

impl Pacer {
    /// A pacer from `start` to `end`, and what each connection is told.
    pub fn new(connections: u32, rate: u64, start: Instant, end: Instant) -> (Pacer, Vec<UnboundedReceiver<Instant>>) {
        let (connections, dues) = (0..connections).map(|_| unbounded_channel()).unzip();
        (Pacer { connections, start, end, rate, each: 1 }, dues)
    }

    /// Of every `each` requests, which are sent in one call, only the call is told: when the first of them is due.
    pub fn in_groups_of(self, each: u32) -> Pacer {
        Pacer { each, ..self }
    }

    /// Runs on a thread of its own until the end, or until nobody listens any more: timers of an async runtime are a millisecond coarse, which is longer
    /// than most answers take.
    pub fn run(self) {
        let mut unheard = 0;
        for (number, connection) in (0..).zip(self.connections.iter().cycle()) {
            let due = self.start + due_after(number * u64::from(self.each), self.rate);
            if due >= self.end || unheard == self.connections.len() {
                return;
            }
            wait_until(due);
            // A connection that has failed is reported by its worker.
            unheard = if connection.send(due).is_ok() { 0 } else { unheard + 1 };
        }
    }
}

fn due_after(number: u64, rate: u64) -> Duration {
    Duration::from_nanos((u128::from(number) * 1_000_000_000 / u128::from(rate)) as u64)
}

/// Waits until `due`, by parking the thread.
pub fn wait_until(due: Instant) {
    loop {
        let left = due.saturating_duration_since(clock::now());
        if left.is_zero() {
            return;
        }
        thread::park_timeout(left);
    }
}

#[cfg(test)]
mod tests {
    use super::due_after;

    #[test]
    fn requests_are_due_evenly_and_never_drift() {
        assert_eq!(due_after(0, 20_000).as_nanos(), 0);
        assert_eq!(due_after(1, 20_000).as_nanos(), 50_000);
        assert_eq!(due_after(3, 3).as_secs_f64(), 1.0);
        assert_eq!(due_after(86_400 * 10_000_000, 10_000_000).as_secs(), 86_400);
    }
}
