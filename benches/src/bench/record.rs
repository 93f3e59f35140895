//! What was measured: each step with its latencies and statuses.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;

/// The name of a step, as it stands in the table.
pub type Label = &'static str;

/// What all connections of a run measure together.
#[derive(Debug, Default)]
pub struct Record {
    steps: Mutex<Vec<Step>>,
    finished: AtomicU64,
}

/// A step of the work. Durations are in nanoseconds, to three digits.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its name.
    pub label: Label,
    /// From when each was due to its answer.
    pub latencies: Histogram<u64>,
    /// How long after it was due each was sent. A request of a closed loop is due when it is sent.
    pub sent_late: Histogram<u64>,
    /// Answers before the end of the measurement.
    pub in_time: u64,
    /// Answers by status.
    pub statuses: BTreeMap<String, u64>,
    /// How long it was measured, once that is known.
    pub lasted: Option<Duration>,
}

impl Step {
    fn new(label: Label) -> Step {
        let [latencies, sent_late] = [histogram(), histogram()];
        Step { label, latencies, sent_late, in_time: 0, statuses: BTreeMap::new(), lasted: None }
    }

    /// How many were measured.
    pub fn count(&self) -> u64 {
        self.latencies.len()
    }

    /// Answers a second.
    pub fn per_second(&self) -> f64 {
        let seconds = self.lasted.unwrap_or_default().as_secs_f64();
        if seconds > 0.0 { self.in_time as f64 / seconds } else { 0.0 }
    }

    /// A latency that a share of the answers stays below, in milliseconds.
    pub fn milliseconds(&self, quantile: f64) -> f64 {
        self.latencies.value_at_quantile(quantile) as f64 / 1e6
    }
}

/// A request that was answered while it was measured.
pub struct Measured {
    /// From when it was due to its answer.
    pub latency: Duration,
    /// From when it was due until it was sent.
    pub sent_late: Duration,
    /// Whether the answer came before the end of the measurement.
    pub is_in_time: bool,
}

impl Record {
    /// Files a request that was answered; before the measurement, only that there is such a step.
    pub fn file(&self, label: Label, measured: Option<&Measured>, status: &str) {
        let mut steps = self.lock();
        let step = step_of(&mut steps, label);
        let Some(measured) = measured else { return };
        note(&mut step.latencies, measured.latency);
        note(&mut step.sent_late, measured.sent_late);
        step.in_time += u64::from(measured.is_in_time);
        match step.statuses.get_mut(status) {
            Some(count) => *count += 1,
            None => drop(step.statuses.insert(status.to_owned(), 1)),
        }
    }

    /// Files latencies that somebody else has measured.
    pub fn file_all(&self, label: Label, latencies: &Histogram<u64>) {
        let mut steps = self.lock();
        let step = step_of(&mut steps, label);
        step.latencies.add(latencies).expect("histograms of one kind, which grow by themselves");
        step.in_time += latencies.len();
    }

    /// Ends the measurement of all steps that are new since the last time.
    pub fn close(&self, lasted: Duration) {
        self.lock().iter_mut().filter(|step| step.lasted.is_none()).for_each(|step| step.lasted = Some(lasted));
    }

    /// Counts requests that are answered, measured or not.
    pub fn finish(&self, count: u64) {
        self.finished.fetch_add(count, Ordering::Relaxed);
    }

    /// How many requests are answered so far.
    pub fn finished(&self) -> u64 {
        self.finished.load(Ordering::Relaxed)
    }

    /// All steps, in the order in which they were first taken.
    pub fn steps(&self) -> Vec<Step> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Step>> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn step_of(steps: &mut Vec<Step>, label: Label) -> &mut Step {
    let index = steps.iter().position(|step| step.label == label).unwrap_or_else(|| {
        steps.push(Step::new(label));
        steps.len() - 1
    });
    &mut steps[index]
}

/// A histogram of nanoseconds, to three digits, that grows with what it is given.
pub fn histogram() -> Histogram<u64> {
    Histogram::new(3).expect("three digits are possible")
}

fn note(histogram: &mut Histogram<u64>, duration: Duration) {
    histogram.record(duration.as_nanos() as u64).expect("a histogram that grows takes every duration");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_has_what_was_measured_of_it() {
        let record = Record::default();
        record.file("hold", None, "201");
        for (label, milliseconds, status) in [("hold", 1, "201"), ("hold", 3, "409 sold_out"), ("confirm", 2, "201")] {
            let latency = Duration::from_millis(milliseconds);
            let is_in_time = milliseconds < 3;
            let measured = Measured { latency, sent_late: Duration::ZERO, is_in_time };
            record.file(label, Some(&measured), status);
        }
        record.close(Duration::from_secs(2));
        record.file_all("told", &histogram());
        record.close(Duration::from_secs(5));
        let [hold, confirm, told] = record.steps().try_into().expect("three steps");
        assert_eq!((hold.count(), hold.in_time, hold.per_second()), (2, 1, 0.5));
        assert!((3.0..3.1).contains(&hold.milliseconds(1.0)), "{}", hold.milliseconds(1.0));
        let statuses: Vec<_> = hold.statuses.iter().map(|(status, count)| (status.as_str(), *count)).collect();
        assert_eq!(statuses, [("201", 1), ("409 sold_out", 1)]);
        assert_eq!((confirm.count(), confirm.lasted), (1, Some(Duration::from_secs(2))));
        assert_eq!((told.count(), told.lasted), (0, Some(Duration::from_secs(5))));
    }
}
