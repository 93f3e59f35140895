//! Which refusals are worth a line: of each code one a second at the most, so that a rush of them cannot fill a disk.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use holdfast_engine::clock::Clock;

/// Of one code, this long after a refusal that was logged none is logged, in milliseconds.
const PAUSE_MS: u64 = 1_000;

/// Decides which refusals are logged. It is as large as there are codes.
pub struct RefusalSampler {
    clock: Arc<dyn Clock>,
    by_code: Mutex<HashMap<&'static str, Sampled>>,
}

/// What was logged of one code.
#[derive(Debug)]
struct Sampled {
    /// When the newest was logged, in milliseconds since the Unix epoch.
    at_ms: u64,
    /// How many were not, since.
    unlogged: u64,
}

impl RefusalSampler {
    /// A sampler that goes by this clock.
    pub fn new(clock: &Arc<dyn Clock>) -> RefusalSampler {
        RefusalSampler { clock: Arc::clone(clock), by_code: Mutex::default() }
    }

    /// Somebody is refused with this code. `Some` if that is to be logged: with how many of the same code were not, since
    /// the last one that was.
    pub fn sample(&self, code: &'static str) -> Option<u64> {
        let now_ms = self.clock.now_ms();
        let mut by_code = self.by_code.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(sampled) = by_code.get_mut(code) else {
            by_code.insert(code, Sampled { at_ms: now_ms, unlogged: 0 });
            return Some(0);
        };
        if now_ms < sampled.at_ms + PAUSE_MS {
            sampled.unlogged += 1;
            return None;
        }
        sampled.at_ms = now_ms;
        Some(std::mem::take(&mut sampled.unlogged))
    }
}

#[cfg(test)]
mod tests {
    use holdfast_engine::clock::ManualClock;

    use super::*;

    #[test]
    fn each_code_is_logged_once_a_second_with_how_many_were_not() {
        let clock = Arc::new(ManualClock::at(1_800_000_000_000));
        let sampler = RefusalSampler::new(&(Arc::clone(&clock) as Arc<dyn Clock>));
        assert_eq!(sampler.sample("sold_out"), Some(0));
        assert_eq!(sampler.sample("queue_ahead"), Some(0), "another code has a second of its own");
        for _ in 0..500 {
            assert_eq!(sampler.sample("sold_out"), None);
        }
        clock.advance(999);
        assert_eq!(sampler.sample("sold_out"), None);
        clock.advance(1);
        assert_eq!(sampler.sample("sold_out"), Some(501));
        assert_eq!(sampler.sample("sold_out"), None);
        clock.advance(60_000);
        assert_eq!(sampler.sample("sold_out"), Some(1));
        assert_eq!(sampler.sample("queue_ahead"), Some(0));
        assert_eq!(sampler.by_code.lock().expect("nobody panicked").len(), 2);
    }
}
