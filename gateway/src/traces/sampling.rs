//! Which requests are traced.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::config::TracesConfig;

/// Decides which requests are traced: a share of all, chosen at random, or what a caller who is believed has decided. Either
/// way no more than so many a second: nobody outside decides how much this server has to do.
pub(super) struct Sampling {
    per_mille: u64,
    per_second_max: u32,
    /// By the random keys of this and the number of a request it is decided.
    keys: RandomState,
    requests: AtomicU64,
    second: Mutex<Second>,
}

/// How many requests were traced in the newest second in which any was.
#[derive(Default)]
struct Second {
    number: u64,
    traced: u32,
}

impl Sampling {
    pub(super) fn new(config: &TracesConfig) -> Sampling {
        Sampling {
            per_mille: u64::from(config.requests_per_mille),
            per_second_max: config.requests_per_second_max,
            keys: RandomState::new(),
            requests: AtomicU64::new(0),
            second: Mutex::default(),
        }
    }

    /// Whether the next request is traced, at `now_ms` since the Unix epoch. `decided` is what a caller who is believed has
    /// decided for the whole trace.
    pub(super) fn wants(&self, decided: Option<bool>, now_ms: u64) -> bool {
        decided.unwrap_or_else(|| self.is_chosen()) && self.has_room(now_ms)
    }

    fn is_chosen(&self) -> bool {
        self.keys.hash_one(self.requests.fetch_add(1, Ordering::Relaxed)) % 1_000 < self.per_mille
    }

    fn has_room(&self, now_ms: u64) -> bool {
        let mut second = self.second.lock().unwrap_or_else(PoisonError::into_inner);
        if second.number != now_ms / 1_000 {
            *second = Second { number: now_ms / 1_000, traced: 0 };
        }
        let has_room = second.traced < self.per_second_max;
        second.traced += u32::from(has_room);
        has_room
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampling(requests_per_mille: u32, requests_per_second_max: u32) -> Sampling {
        Sampling::new(&TracesConfig { requests_per_mille, requests_per_second_max, ..TracesConfig::default() })
    }

    fn wanted(sampling: &Sampling, requests: usize, decided: Option<bool>, now_ms: u64) -> usize {
        (0..requests).filter(|_| sampling.wants(decided, now_ms)).count()
    }

    #[test]
    fn a_share_of_all_is_traced() {
        assert_eq!(wanted(&sampling(0, 10_000), 10_000, None, 0), 0);
        assert_eq!(wanted(&sampling(1_000, 10_000), 10_000, None, 0), 10_000);
        // 500 are expected, with a standard deviation of 22: ten of them are never met.
        let some = wanted(&sampling(50, 10_000), 10_000, None, 0);
        assert!((280..720).contains(&some), "{some}");
    }

    #[test]
    fn who_is_believed_decides_but_for_how_many() {
        let sampling = sampling(0, 100);
        assert_eq!(wanted(&sampling, 1_000, Some(true), 5_999), 100);
        assert_eq!(wanted(&sampling, 1_000, Some(true), 6_000), 100);
        assert_eq!(wanted(&sampling, 1_000, Some(false), 7_000), 0);
    }
}
