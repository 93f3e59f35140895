//! What came of one step.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

/// Windows of this length tell when latency is as usual again, in milliseconds.
pub const WINDOW_MS: u64 = 500;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Setting a ticket aside.
    Hold,
    /// Making the hold a booking.
    Confirm,
    /// Logging in.
    Login,
    /// Looking at the event.
    Look,
}

/// What a server made of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It did it.
    Done,
    /// It refused it, as it should: with 429 or 503 and a time to come back, or by a rule.
    Refused,
    /// Anything else.
    Failed,
}

/// Requests of one purpose.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count {
    /// Sent.
    pub sent: u64,
    /// Done.
    pub done: u64,
}

/// What came of one step. Latencies are those of requests that were done, in nanoseconds.
pub struct Tally {
    /// Visits that came.
    pub visits: u64,
    /// Of these, those who found no connection.
    pub no_connection: u64,
    /// By purpose.
    pub counts: BTreeMap<Purpose, Count>,
    /// Refusals by status.
    pub refusals: BTreeMap<u16, u64>,
    /// What should never have been, the first of them in words.
    pub failures: u64,
    /// See above.
    pub first_failure: Option<String>,
    /// How long after visitors came the generator saw to them, in nanoseconds: its own share of the latency.
    pub late: Histogram<u64>,
    /// Holding and confirming (or password logins), from the intended start.
    pub latency: Histogram<u64>,
    /// The same, by [`WINDOW_MS`] of the intended start.
    windows: Vec<Window>,
}

struct Window {
    latency: Histogram<u64>,
    visits: u64,
    turned_away: u64,
}

impl Tally {
    /// Nothing yet.
    pub fn new() -> Tally {
        Tally {
            visits: 0,
            no_connection: 0,
            counts: BTreeMap::new(),
            refusals: BTreeMap::new(),
            failures: 0,
            first_failure: None,
            late: histogram(),
            latency: histogram(),
            windows: Vec::new(),
        }
    }

    /// Somebody comes, `since` the step began, and is seen to so much `late`; `finds_connection` or goes away.
    pub fn come(&mut self, since: Duration, late: Duration, finds_connection: bool) {
        self.visits += 1;
        record(&mut self.late, late);
        self.no_connection += u64::from(!finds_connection);
        let window = self.window(since);
        window.visits += 1;
        window.turned_away += u64::from(!finds_connection);
    }

    /// A request was answered with `status`; `since` is when it should have begun.
    pub fn answered(&mut self, purpose: Purpose, verdict: Verdict, status: u16, since: Duration, latency: Duration) {
        let count = self.counts.entry(purpose).or_default();
        count.sent += 1;
        count.done += u64::from(verdict == Verdict::Done);
        match verdict {
            Verdict::Done if purpose != Purpose::Look => {
                record(&mut self.latency, latency);
                record(&mut self.window(since).latency, latency);
            }
            Verdict::Done => {}
            Verdict::Refused => {
                *self.refusals.entry(status).or_default() += 1;
                self.window(since).turned_away += 1;
            }
            Verdict::Failed => self.failed(format!("{purpose:?} was answered {status}")),
        }
    }

    /// Something was that should never have been.
    pub fn failed(&mut self, what: String) {
        self.failures += 1;
        self.first_failure.get_or_insert(what);
    }

    /// Requests of one purpose.
    pub fn count(&self, purpose: Purpose) -> Count {
        self.counts.get(&purpose).copied().unwrap_or_default()
    }

    /// Requests sent.
    pub fn sent(&self) -> u64 {
        self.counts.values().map(|count| count.sent).sum()
    }

    /// A quantile of the latency, in milliseconds.
    pub fn milliseconds(&self, quantile: f64) -> f64 {
        self.latency.value_at_quantile(quantile) as f64 / 1e6
    }

    /// The median of all windows' p99, in milliseconds: what is usual.
    pub fn usual_p99(&self) -> f64 {
        let mut each: Vec<f64> = self.windows.iter().map(Window::p99).collect();
        each.sort_by(f64::total_cmp);
        each.get(each.len() / 2).copied().unwrap_or_default()
    }

    /// After how many seconds latency was as usual again: when two windows on end began whose p99 is at most half as much
    /// again as `usual_p99` and of whose visits at most one in a hundred was turned away. `None` if it never was.
    pub fn seconds_until_usual(&self, usual_p99: f64) -> Option<f64> {
        let is_usual = |window: &Window| window.p99() <= usual_p99 * 1.5 && window.turned_away * 100 <= window.visits;
        let first = self.windows.windows(2).position(|pair| pair.iter().all(is_usual))?;
        Some(first as f64 * WINDOW_MS as f64 / 1e3)
    }

    fn window(&mut self, since: Duration) -> &mut Window {
        let index = (since.as_millis() as u64 / WINDOW_MS) as usize;
        while self.windows.len() <= index {
            self.windows.push(Window { latency: histogram(), visits: 0, turned_away: 0 });
        }
        &mut self.windows[index]
    }
}

impl Default for Tally {
    fn default() -> Tally {
        Tally::new()
    }
}

impl Window {
    fn p99(&self) -> f64 {
        self.latency.value_at_quantile(0.99) as f64 / 1e6
    }
}

fn histogram() -> Histogram<u64> {
    Histogram::new(2).expect("two digits are possible")
}

fn record(histogram: &mut Histogram<u64>, latency: Duration) {
    histogram.record(latency.as_nanos() as u64).expect("a histogram that grows takes every duration");
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Purpose, Tally, Verdict};

    #[test]
    fn usual_again_is_when_nobody_waits_long_and_nobody_is_turned_away() {
        let mut tally = Tally::new();
        // Half-second windows: slow, one turned away, usual, usual.
        for (window, latency_ms, verdict) in
            [(0, 9, Verdict::Done), (1, 1, Verdict::Refused), (2, 1, Verdict::Done), (3, 1, Verdict::Done)]
        {
            let since = Duration::from_millis(window * 500 + 100);
            tally.come(since, Duration::ZERO, true);
            tally.answered(Purpose::Hold, verdict, 503, since, Duration::from_millis(latency_ms));
        }
        assert_eq!(tally.seconds_until_usual(1.0), Some(1.0));
        assert_eq!(tally.seconds_until_usual(0.1), None);
        assert_eq!((tally.refusals[&503], tally.failures, tally.sent()), (1, 0, 4));
    }
}
