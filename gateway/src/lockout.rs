//! Who has shown the admin API too many wrong tokens, and is not listened to for a while.
//!
//! Tokens of 256 bits are not found by trying; but HOLDFAST_ADMIN_TOKEN may be a word, and who tries ought to be seen.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::config::AdminConfig;

/// The most failures that are remembered, over all networks; the oldest is forgotten first.
const FAILURES_MAX: usize = 1 << 20;
/// The most networks that are locked out at once; the one that was first is let in again first.
const LOCKED_MAX: usize = 1 << 16;

/// Wrong tokens, counted per network of a client.
#[derive(Debug)]
pub struct Lockout {
    /// So many failures …
    failures_max: u32,
    /// … within so long lock a network out for as long.
    period_ms: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The failures of the last period and their networks, oldest first.
    failures: VecDeque<(u64, IpAddr)>,
    /// How many of them each network has; none has 0.
    counts: HashMap<IpAddr, u32>,
    /// Until when each network is locked out, in milliseconds since the Unix epoch …
    locked: HashMap<IpAddr, u64>,
    /// … and the same in the order of time.
    locks: VecDeque<(u64, IpAddr)>,
}

impl Lockout {
    /// Nobody is locked out yet.
    pub fn new(config: &AdminConfig) -> Lockout {
        let period_ms = u64::from(config.lockout_seconds) * 1_000;
        Lockout { failures_max: config.lockout_failures_max, period_ms, state: Mutex::default() }
    }

    /// How long `network` is not listened to from now on, in seconds, rounded up; `None` where it is.
    pub fn locked_seconds(&self, network: IpAddr, now_ms: u64) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.forget_old(now_ms, self.period_ms);
        // Locks are in the order of their times only nearly: one that is over may wait behind one that is not.
        let left_ms = state.locked.get(&network).map(|until_ms| until_ms.saturating_sub(now_ms));
        left_ms.filter(|left_ms| *left_ms > 0).map(|left_ms| left_ms.div_ceil(1_000))
    }

    /// Counts a wrong token of `network`. Whether it is locked out by that.
    pub fn failed(&self, network: IpAddr, now_ms: u64) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.forget_old(now_ms, self.period_ms);
        state.failures.push_back((now_ms, network));
        let count = state.counts.entry(network).or_default();
        *count += 1;
        // Requests that were under way together may fail after the lock: it is not prolonged by them.
        let locks = *count >= self.failures_max && !state.locked.contains_key(&network);
        if locks {
            state.locked.insert(network, now_ms + self.period_ms);
            state.locks.push_back((now_ms + self.period_ms, network));
        }
        locks
    }
}

impl State {
    fn forget_old(&mut self, now_ms: u64, period_ms: u64) {
        let is_over = |until_ms: u64, count: usize, most: usize| until_ms <= now_ms || count > most;
        while let Some((at_ms, network)) = self.failures.front().copied()
            && is_over(at_ms + period_ms, self.failures.len(), FAILURES_MAX)
        {
            self.failures.pop_front();
            self.forget_one_of(network);
        }
        while let Some((until_ms, network)) = self.locks.front().copied()
            && is_over(until_ms, self.locks.len(), LOCKED_MAX)
        {
            self.locks.pop_front();
            self.locked.remove(&network);
        }
    }

    fn forget_one_of(&mut self, network: IpAddr) {
        let Some(count) = self.counts.get_mut(&network) else { return };
        *count -= 1;
        if *count == 0 {
            self.counts.remove(&network);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lockout() -> Lockout {
        Lockout::new(&AdminConfig { lockout_failures_max: 3, lockout_seconds: 60, ..AdminConfig::default() })
    }

    fn network(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn the_last_failure_locks_for_the_whole_period() {
        let lockout = lockout();
        assert_eq!([0, 10, 20].map(|at_ms| lockout.failed(network(1), at_ms)), [false, false, true]);
        assert_eq!(lockout.locked_seconds(network(1), 20), Some(60));
        assert_eq!(lockout.locked_seconds(network(1), 21), Some(60));
        assert_eq!(lockout.locked_seconds(network(1), 60_019), Some(1));
        assert_eq!(lockout.locked_seconds(network(1), 60_020), None);
        assert_eq!(lockout.locked_seconds(network(2), 20), None);
    }

    #[test]
    fn failures_are_forgotten_one_by_one() {
        let lockout = lockout();
        assert!(![0, 30_000, 60_000, 90_000].into_iter().any(|at_ms| lockout.failed(network(1), at_ms)));
        assert!(lockout.failed(network(1), 119_999), "three within a minute: at 60, 90 and 119.999 s");
    }

    #[test]
    fn a_failure_of_a_locked_network_prolongs_nothing() {
        let lockout = lockout();
        assert_eq!([0, 0, 0].map(|at_ms| lockout.failed(network(1), at_ms)), [false, false, true]);
        assert!(!lockout.failed(network(1), 30_000));
        assert_eq!(lockout.locked_seconds(network(1), 60_000), None);
        assert!(!lockout.failed(network(1), 60_000));
    }

    /// The time is taken before the lock, so that who took it earlier may come later.
    #[test]
    fn times_may_come_out_of_order() {
        let lockout = Lockout { failures_max: 1, ..lockout() };
        assert!(lockout.failed(network(1), 10));
        assert!(lockout.failed(network(2), 8));
        assert_eq!(lockout.locked_seconds(network(2), 60_007), Some(1));
        assert_eq!(lockout.locked_seconds(network(2), 60_009), None);
    }

    #[test]
    fn nothing_is_left_of_what_is_over() {
        let lockout = lockout();
        (1..=9).for_each(|last| assert!(!lockout.failed(network(last % 5), 0)));
        lockout.failed(network(1), 0);
        assert_eq!(lockout.locked_seconds(network(1), 1_000_000), None);
        let state = lockout.state.lock().expect("a state");
        assert!(state.failures.is_empty() && state.counts.is_empty());
        assert!(state.locks.is_empty() && state.locked.is_empty());
    }

    #[test]
    fn memory_is_bounded() {
        let lockout = Lockout { failures_max: 1, ..lockout() };
        let network = |number: usize| IpAddr::from(u32::to_be_bytes(number as u32));
        (0..FAILURES_MAX + 10).for_each(|number| assert!(lockout.failed(network(number), 0)));
        assert_eq!(lockout.locked_seconds(network(0), 0), None);
        assert_eq!(lockout.locked_seconds(network(FAILURES_MAX + 9), 0), Some(60));
        let state = lockout.state.lock().expect("a state");
        assert_eq!((state.failures.len(), state.counts.len()), (FAILURES_MAX, FAILURES_MAX));
        assert_eq!((state.locks.len(), state.locked.len()), (LOCKED_MAX, LOCKED_MAX));
    }
}
