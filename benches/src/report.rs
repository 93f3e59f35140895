//! What came of a run.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;

/// A step of the unit of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Setting a ticket aside.
    Hold,
    /// Making the hold a booking.
    Confirm,
}

/// What was acknowledged, from the first request to the last, measured or not.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    /// Tickets that were set aside.
    pub held: u64,
    /// Holds that were confirmed.
    pub confirmed: u64,
    /// Answers by status code.
    pub statuses: BTreeMap<u16, u64>,
}

/// What one connection, or all of them, measured. Durations are in nanoseconds, to three digits.
pub struct Measured {
    /// What was acknowledged.
    pub counted: Counted,
    hold: Histogram<u64>,
    confirm: Histogram<u64>,
    start_delay: Histogram<u64>,
    /// Requests that were answered before the end, and confirmations among them.
    requests_in_time: u64,
    units_in_time: u64,
}

impl Measured {
    /// Nothing yet.
    pub fn new() -> Measured {
        let histogram = || Histogram::new(3).expect("three digits are possible");
        Measured {
            counted: Counted::default(),
            hold: histogram(),
            confirm: histogram(),
            start_delay: histogram(),
            requests_in_time: 0,
            units_in_time: 0,
        }
    }

    /// Counts an answer.
    pub fn count(&mut self, step: Step, status: u16) {
        *self.counted.statuses.entry(status).or_default() += 1;
        match (step, status) {
            (Step::Hold, 201) => self.counted.held += 1,
            (Step::Confirm, 201) => self.counted.confirmed += 1,
            _ => {}
        }
    }

    /// Records how long after its intended start a request was answered, how long after it the request was sent, and
    /// whether the answer came before the end.
    pub fn record(&mut self, step: Step, latency: Duration, start_delay: Duration, is_in_time: bool) {
        let histogram = if step == Step::Hold { &mut self.hold } else { &mut self.confirm };
        record(histogram, latency);
        record(&mut self.start_delay, start_delay);
        self.requests_in_time += u64::from(is_in_time);
        self.units_in_time += u64::from(is_in_time && step == Step::Confirm);
    }

    /// Takes up what another connection measured.
    pub fn add(&mut self, other: &Measured) {
        self.counted.held += other.counted.held;
        self.counted.confirmed += other.counted.confirmed;
        self.requests_in_time += other.requests_in_time;
        self.units_in_time += other.units_in_time;
        for (status, count) in &other.counted.statuses {
            *self.counted.statuses.entry(*status).or_default() += count;
        }
        let pairs = [(&mut self.hold, &other.hold), (&mut self.confirm, &other.confirm)];
        for (own, others) in pairs.into_iter().chain([(&mut self.start_delay, &other.start_delay)]) {
            own.add(others).expect("histograms of one kind, which grow by themselves");
        }
    }

    /// Units of work that were done before the end.
    pub fn units_in_time(&self) -> u64 {
        self.units_in_time
    }

    /// The figures as text, for a run that measured for `duration`.
    pub fn report(&self, duration: Duration) -> Report<'_> {
        Report { measured: self, duration }
    }
}

impl Default for Measured {
    fn default() -> Measured {
        Measured::new()
    }
}

fn record(histogram: &mut Histogram<u64>, duration: Duration) {
    histogram.record(duration.as_nanos() as u64).expect("a histogram that grows takes every duration");
}

/// The figures of a run, to be printed.
pub struct Report<'a> {
    measured: &'a Measured,
    duration: Duration,
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Measured { counted, hold, confirm, start_delay, requests_in_time, units_in_time } = self.measured;
        let mut overall = hold.clone();
        overall.add(confirm).expect("histograms of one kind, which grow by themselves");
        let per_second = |count: &u64| *count as f64 / self.duration.as_secs_f64();
        let (requests, units) = (per_second(requests_in_time), per_second(units_in_time));
        writeln!(formatter, "{requests:.0} requests/s, {units:.0} units/s")?;
        writeln!(formatter, "milliseconds       p50       p99     p99.9       max   requests")?;
        for (name, histogram) in
            [("hold", hold), ("confirm", confirm), ("overall", &overall), ("sent late", start_delay)]
        {
            write!(formatter, "{name:<12}")?;
            for quantile in [0.5, 0.99, 0.999, 1.0] {
                write!(formatter, "{:>10.3}", histogram.value_at_quantile(quantile) as f64 / 1e6)?;
            }
            writeln!(formatter, "{:>11}", histogram.len())?;
        }
        let statuses: Vec<String> =
            counted.statuses.iter().map(|(status, count)| format!("{status}: {count}")).collect();
        write!(formatter, "answers by status, warm-up included: {}", statuses.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Measured, Step};

    #[test]
    fn a_report_has_all_connections_in_it() {
        let mut all = Measured::new();
        for milliseconds in [1, 3] {
            let mut one = Measured::new();
            one.count(Step::Hold, 201);
            one.count(Step::Confirm, 409);
            one.record(Step::Hold, Duration::from_millis(milliseconds), Duration::ZERO, true);
            all.add(&one);
        }
        let text = all.report(Duration::from_secs(1)).to_string();
        assert!(text.contains("2 requests/s, 0 units/s"), "{text}");
        assert!(text.contains("201: 2, 409: 2"), "{text}");
        let longest = text
            .lines()
            .find(|line| line.starts_with("overall"))
            .and_then(|line| line.split(' ').rfind(|word| word.contains('.')));
        assert!(longest.is_some_and(|longest| longest.starts_with("3.0")), "{text}");
        assert_eq!((all.counted.held, all.counted.confirmed), (2, 0));
    }
}
