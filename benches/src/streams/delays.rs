//! How long a change takes from its disk to a reader.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::streams::audience::Arrival;
use crate::streams::buyers::Booked;

/// Delays, in nanoseconds, to three digits.
pub struct Delays {
    /// Of the newest change that each message tells of: how long it takes to make the message and to bring it.
    pub newest: Histogram<u64>,
    /// Of every change, to the first message that tells of it: also how long it waits for those before.
    pub every: Histogram<u64>,
}

impl Delays {
    /// The delays of the messages in `arrivals` that came from `from` on. `bookings` are all that there were, in their order.
    pub fn of(bookings: &[Booked], arrivals: &[Vec<Arrival>], from: Instant) -> Delays {
        let histogram = || Histogram::new(3).expect("three digits are possible");
        let mut delays = Delays { newest: histogram(), every: histogram() };
        for of_one in arrivals {
            for pair in of_one.windows(2).filter(|pair| pair[1].at >= from) {
                delays.file(bookings, pair[0].booked, pair[1]);
            }
        }
        delays
    }

    /// Files the delays of a message to one who knew of `known` bookings.
    fn file(&mut self, bookings: &[Booked], known: u64, Arrival { at, booked }: Arrival) {
        let told = bookings.get(known as usize..booked as usize).unwrap_or_default();
        let delay = |booking: &Booked| nanoseconds(at.saturating_duration_since(booking.at));
        if let Some(newest) = told.last() {
            record(&mut self.newest, delay(newest));
        }
        told.iter().for_each(|booking| record(&mut self.every, delay(booking)));
    }
}

fn nanoseconds(delay: Duration) -> u64 {
    delay.as_nanos() as u64
}

fn record(histogram: &mut Histogram<u64>, delay: u64) {
    histogram.record(delay).expect("a histogram that grows takes every duration");
}

/// p50, p99 and the longest, in milliseconds.
pub fn milliseconds(histogram: &Histogram<u64>) -> [f64; 3] {
    [0.5, 0.99, 1.0].map(|quantile| histogram.value_at_quantile(quantile) as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn a_change_is_told_by_the_first_message_that_has_it() {
        let began = clock::now();
        let after = |ms| began + Duration::from_millis(ms);
        let bookings: Vec<Booked> =
            (1..).zip([10, 110, 120, 400]).map(|(seq, ms)| Booked { seq, at: after(ms) }).collect();
        let arrival = |(ms, booked)| Arrival { at: after(ms), booked };
        let arrivals = [(0, 0), (15, 1), (265, 3), (515, 4)].map(arrival).to_vec();
        let delays = Delays::of(&bookings, &[arrivals], after(100));
        assert_eq!((delays.newest.len(), delays.every.len()), (2, 3), "the first message came before");
        let ms = |histogram: &Histogram<u64>| {
            [histogram.min(), histogram.max()].map(|nanoseconds| (nanoseconds as f64 / 1e6).round())
        };
        assert_eq!((ms(&delays.newest), ms(&delays.every)), ([115.0, 145.0], [115.0, 155.0]));
    }
}
