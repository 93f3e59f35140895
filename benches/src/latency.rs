//! Latencies, filed under the phase of a run in which the command was sent.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;

/// The quantiles of a row.
const QUANTILES: [f64; 4] = [0.5, 0.99, 0.999, 1.0];
/// No phase: the run is over.
const OVER: usize = usize::MAX;

/// Which phase a run is in, to all who take part.
#[derive(Debug, Default)]
pub struct Phase(AtomicUsize);

impl Phase {
    /// Begins the phase `phase`.
    pub fn begin(&self, phase: usize) {
        self.0.store(phase, Ordering::SeqCst);
    }

    /// Ends the run.
    pub fn end(&self) {
        self.begin(OVER);
    }

    /// The phase, or nothing once the run is over.
    pub fn now(&self) -> Option<usize> {
        Some(self.0.load(Ordering::SeqCst)).filter(|phase| *phase != OVER)
    }
}

/// Latencies by phase, in nanoseconds, to three digits.
pub struct Latencies {
    by_phase: Vec<Histogram<u64>>,
}

impl Latencies {
    /// Nothing yet, of `phases` phases.
    pub fn new(phases: usize) -> Latencies {
        let histogram = || Histogram::new(3).expect("three digits are possible");
        Latencies { by_phase: (0..phases).map(|_| histogram()).collect() }
    }

    /// Files one latency.
    pub fn file(&mut self, phase: usize, latency: Duration) {
        self.by_phase[phase].record(latency.as_nanos() as u64).expect("a histogram that grows takes every duration");
    }

    /// Takes up what another measured.
    pub fn add(&mut self, other: &Latencies) {
        for (own, others) in self.by_phase.iter_mut().zip(&other.by_phase) {
            own.add(others).expect("histograms of one kind, which grow by themselves");
        }
    }

    /// How many were filed under `phase`.
    pub fn count(&self, phase: usize) -> u64 {
        self.by_phase[phase].len()
    }

    /// p50, p99, p99.9 and the longest of `phase`, in milliseconds.
    pub fn milliseconds(&self, phase: usize) -> [f64; 4] {
        QUANTILES.map(|quantile| self.by_phase[phase].value_at_quantile(quantile) as f64 / 1e6)
    }

    /// The p99 of the phase `other` as a multiple of that of `base`.
    pub fn compare_p99(&self, base: usize, other: usize) -> f64 {
        self.milliseconds(other)[1] / self.milliseconds(base)[1]
    }

    /// Prints a row for `base`, one for `other`, and one of their ratios.
    pub fn print_compared(&self, name: &str, (base_name, base): (&str, usize), (other_name, other): (&str, usize)) {
        let [usual, meanwhile] = [base, other].map(|phase| self.milliseconds(phase));
        for (row, figures, count) in [(base_name, usual, self.count(base)), (other_name, meanwhile, self.count(other))]
        {
            let [p50, p99, p999, longest] = figures;
            println!("{name:<24}{row:<22}{p50:>10.3}{p99:>10.3}{p999:>10.3}{longest:>10.3}{count:>12}");
        }
        let [p50, p99, p999, longest] = std::array::from_fn(|index| meanwhile[index] / usual[index]);
        println!("{:<24}{:<22}{p50:>10.2}{p99:>10.2}{p999:>10.2}{longest:>10.2}", "", "ratio");
    }
}

/// Prints the head of the table that [`Latencies::print_compared`] fills.
pub fn print_head() {
    println!("{:<46}{:>10}{:>10}{:>10}{:>10}{:>12}", "milliseconds", "p50", "p99", "p99.9", "max", "commands");
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Latencies, Phase};

    #[test]
    fn a_latency_is_filed_under_its_phase() {
        let (mut one, mut all) = (Latencies::new(2), Latencies::new(2));
        one.file(1, Duration::from_millis(3));
        all.add(&one);
        assert_eq!((all.count(0), all.count(1)), (0, 1));
        assert!((3.0..3.1).contains(&all.milliseconds(1)[1]), "{:?}", all.milliseconds(1));
    }

    #[test]
    fn a_run_that_is_over_has_no_phase() {
        let phase = Phase::default();
        phase.begin(1);
        assert_eq!(phase.now(), Some(1));
        phase.end();
        assert_eq!(phase.now(), None);
    }
}
