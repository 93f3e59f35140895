//! When live holds end, by the second.

use std::collections::BTreeMap;

/// Counts live holds of a ticket type by the second of their deadline on the sale clock. It answers "when does the next one end" for
/// the API, exact to the second, whatever was extended or released; the wheel keeps the milliseconds.
#[derive(Debug, Default)]
pub struct ExpiryCalendar {
    holds_by_second: BTreeMap<u64, u32>,
    /// The first of these seconds: nearly every command asks for it.
    first_second: Option<u64>,
    holds: usize,
}

impl ExpiryCalendar {
    /// A hold with this deadline is live.
    pub fn add(&mut self, deadline_ms: u64) {
        let second = deadline_ms.div_ceil(1_000);
        *self.holds_by_second.entry(second).or_default() += 1;
        self.first_second = Some(self.first_second.map_or(second, |first| first.min(second)));
        self.holds += 1;
    }

    /// A hold with this deadline is live no more, or has another deadline.
    pub fn remove(&mut self, deadline_ms: u64) {
        let second = deadline_ms.div_ceil(1_000);
        let holds = self.holds_by_second.get_mut(&second).expect("a live hold stands in the calendar");
        *holds -= 1;
        self.holds -= 1;
        if *holds == 0 {
            self.holds_by_second.remove(&second);
            self.first_second = self.holds_by_second.first_key_value().map(|(second, _)| *second);
        }
    }

    /// Whether it is certain that no live hold has ended by `clock_ms`. In the second in which one ends, it is not.
    pub fn all_end_after(&self, clock_ms: u64) -> bool {
        self.first_second.is_none_or(|second| clock_ms.div_ceil(1_000) < second)
    }

    /// The end of the second in which the next hold ends, in milliseconds on the sale clock: asking again then, one
    /// finds it ended.
    pub fn next_ms(&self) -> Option<u64> {
        self.first_second.map(|second| second * 1_000)
    }

    /// The same of the hold that ends last.
    pub fn last_ms(&self) -> Option<u64> {
        self.holds_by_second.last_key_value().map(|(second, _)| second * 1_000)
    }

    /// How many live holds it knows.
    pub fn len(&self) -> usize {
        self.holds
    }
}

#[cfg(test)]
mod tests {
    use super::ExpiryCalendar;

    #[test]
    fn what_has_ended_is_never_taken_for_live() {
        let mut calendar = ExpiryCalendar::default();
        assert!(calendar.all_end_after(u64::MAX), "nothing is live");
        for deadline_ms in [7_000, 7_001, 7_999, 8_000] {
            calendar.add(9_500);
            calendar.add(deadline_ms);
            assert!(calendar.all_end_after(6_000));
            assert!(!calendar.all_end_after(deadline_ms), "its deadline is no part of a hold's time");
            assert!(!calendar.all_end_after(deadline_ms + 1));
            calendar.remove(deadline_ms);
            assert!(calendar.all_end_after(deadline_ms));
        }
    }
}
