//! How many holds ended, how many of them as bookings, and how many bookings were made: counted as it becomes durable.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::core::change::Change;

/// Sums of what happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Holds that became bookings.
    pub holds_confirmed: u64,
    /// Holds that ended, in whatever way: as a booking, given back, or expired.
    pub holds_ended: u64,
    /// Bookings made, from a hold or directly. One that was cancelled since counts too.
    pub bookings_made: u64,
}

impl Tally {
    /// Adds what these changes say.
    pub(crate) fn count(&mut self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::HoldConfirmed { rescued, .. } => {
                    self.holds_confirmed += 1;
                    self.bookings_made += 1;
                    // One that is rescued had ended before.
                    self.holds_ended += u64::from(!rescued);
                }
                Change::HoldReleased { .. } | Change::HoldExpired { .. } => self.holds_ended += 1,
                Change::BookingPlaced { .. } => self.bookings_made += 1,
                _ => {}
            }
        }
    }
}

/// The sums since the engine was opened. The journal's thread adds, anybody reads.
#[derive(Debug, Default)]
pub(crate) struct RunningTally {
    holds_confirmed: AtomicU64,
    holds_ended: AtomicU64,
    bookings_made: AtomicU64,
}

impl RunningTally {
    /// Adds what has become durable.
    pub(crate) fn add(&self, more: &Tally) {
        self.holds_confirmed.fetch_add(more.holds_confirmed, Ordering::Relaxed);
        self.holds_ended.fetch_add(more.holds_ended, Ordering::Relaxed);
        self.bookings_made.fetch_add(more.bookings_made, Ordering::Relaxed);
    }

    /// The sums so far.
    pub(crate) fn so_far(&self) -> Tally {
        Tally {
            holds_confirmed: self.holds_confirmed.load(Ordering::Relaxed),
            holds_ended: self.holds_ended.load(Ordering::Relaxed),
            bookings_made: self.bookings_made.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::change::Share;
    use crate::core::id::{HoldNumber, LoginSeq, TypeIndex, UserNumber};

    const NUMBER: HoldNumber = HoldNumber(3);
    const SHARE: Share = Share { ticket_type: TypeIndex(0), user: UserNumber(7), session: LoginSeq(9), quantity: 2 };

    fn tally_of(changes: &[Change]) -> (u64, u64, u64) {
        let mut tally = Tally::default();
        tally.count(changes);
        (tally.holds_confirmed, tally.holds_ended, tally.bookings_made)
    }

    #[test]
    fn each_end_of_a_hold_and_each_booking_counts_once() {
        let confirmed = Change::HoldConfirmed { number: NUMBER, share: SHARE, rescued: false };
        let released = Change::HoldReleased { number: NUMBER, share: SHARE, reason: None };
        let expired = Change::HoldExpired { number: NUMBER, share: SHARE };
        let booked = Change::BookingPlaced { number: NUMBER, share: SHARE };
        let cancelled = Change::BookingCancelled { number: NUMBER, share: SHARE, reason: None };
        for (change, expected) in [
            (&confirmed, (1, 1, 1)),
            (&released, (0, 1, 0)),
            (&expired, (0, 1, 0)),
            (&booked, (0, 0, 1)),
            (&cancelled, (0, 0, 0)),
            (&Change::QueueLeft { share: SHARE }, (0, 0, 0)),
        ] {
            assert_eq!(tally_of(std::slice::from_ref(change)), expected, "{change:?}");
        }
        let rescued = Change::HoldConfirmed { number: NUMBER, share: SHARE, rescued: true };
        assert_eq!(tally_of(&[expired, rescued]), (1, 1, 1), "a rescued hold has ended once");
    }

    #[test]
    fn sums_run_on() {
        let running = RunningTally::default();
        let once = Tally { holds_confirmed: 1, holds_ended: 2, bookings_made: 3 };
        running.add(&once);
        running.add(&once);
        assert_eq!(running.so_far(), Tally { holds_confirmed: 2, holds_ended: 4, bookings_made: 6 });
    }
}
