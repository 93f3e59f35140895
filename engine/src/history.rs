//! What the totals were lately: a sample every few seconds, in memory alone.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::handle::Totals;
use crate::tally::Tally;

/// How far apart samples are, in milliseconds. A late turn of the wheels makes a gap, never a made-up sample.
pub const SAMPLE_INTERVAL_MS: u64 = 5_000;

/// How far back they reach, in milliseconds: 15 minutes.
const REACH_MS: u64 = 900_000;

/// The most samples: one at each end of the reach, and all between.
const SAMPLES_MAX: usize = (REACH_MS / SAMPLE_INTERVAL_MS) as usize + 1;

/// What was at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// When, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// The sums over all events, from their newest durable views.
    pub totals: Totals,
    /// How many sessions were live.
    pub sessions: u64,
    /// What had happened since the engine was opened.
    pub tally: Tally,
}

/// The samples of the last 15 minutes. Empty after a start.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// Oldest first.
    samples: Mutex<VecDeque<Sample>>,
}

impl History {
    /// Whether the time of the next sample has come.
    pub(crate) fn is_due(&self, now_ms: u64) -> bool {
        let samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        samples.back().is_none_or(|newest| newest.at_ms + SAMPLE_INTERVAL_MS <= now_ms)
    }

    /// Keeps a sample, and forgets those that are out of reach of it.
    pub(crate) fn keep(&self, sample: Sample) {
        let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        samples.push_back(sample);
        while samples.front().is_some_and(|oldest| oldest.at_ms + REACH_MS < sample.at_ms)
            || samples.len() > SAMPLES_MAX
        {
            samples.pop_front();
        }
    }

    /// All samples, oldest first.
    pub(crate) fn samples(&self) -> Vec<Sample> {
        self.samples.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(history: &History) -> Vec<u64> {
        history.samples().iter().map(|sample| sample.at_ms).collect()
    }

    fn keep(history: &History, at_ms: u64) {
        history.keep(Sample { at_ms, ..Sample::default() });
    }

    #[test]
    fn a_sample_is_due_at_once_and_then_every_five_seconds() {
        let history = History::default();
        assert!(history.is_due(0));
        keep(&history, 1_000);
        assert_eq!([5_999, 6_000, 60_000].map(|now_ms| history.is_due(now_ms)), [false, true, true]);
    }

    #[test]
    fn what_is_out_of_reach_is_forgotten() {
        let history = History::default();
        [0, 5_000, 900_000].iter().for_each(|at_ms| keep(&history, *at_ms));
        assert_eq!(times(&history), [0, 5_000, 900_000]);
        keep(&history, 900_001);
        assert_eq!(times(&history), [5_000, 900_000, 900_001]);
        keep(&history, 10_000_000);
        assert_eq!(times(&history), [10_000_000], "a machine that slept");
    }

    #[test]
    fn memory_is_bounded() {
        let history = History::default();
        (0..10_000).for_each(|at_ms| keep(&history, at_ms));
        assert_eq!((times(&history).len(), times(&history)[0]), (SAMPLES_MAX, 10_000 - SAMPLES_MAX as u64));
    }
}
