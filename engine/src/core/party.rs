//! What one user has in one event.

use super::few::Few;
use super::hold::{Hold, HoldState};
use super::id::HoldNumber;

/// How many of a user's ended holds an event remembers; released ones are forgotten before expired ones, older ones before
/// newer ones, and answer from then on like one that never was. It bounds what a user who holds and releases all day can
/// cost.
pub const ENDED_HOLDS_REMEMBERED_MAX: usize = 16;

/// So many of a user's expired holds are remembered in any case, those of the newest numbers. Of the others, one is kept since it has
/// just ended, and one since it is the user's newest.
pub const EXPIRED_HOLDS_REMEMBERED_MIN: usize = ENDED_HOLDS_REMEMBERED_MAX - 2;

/// How many of a user's cancelled bookings an event remembers, likewise. The audit trail has them all.
pub const CANCELLED_BOOKINGS_REMEMBERED_MAX: usize = 64;

/// A user with holds or bookings in an event. Who only waits in line has none.
#[derive(Debug, Default)]
pub struct Party {
    /// Tickets in live holds, over all ticket types.
    pub held: u32,
    /// Tickets in standing bookings, over all ticket types.
    pub booked: u32,
    /// Holds that were released or expired, and are remembered.
    pub ended: u16,
    /// Those of them that expired.
    pub expired: u16,
    /// The numbers of the user's holds and bookings, in ascending order.
    pub numbers: Few<HoldNumber>,
}

impl Party {
    /// Tickets that count against `max_per_user`.
    pub fn committed(&self) -> u32 {
        self.held + self.booked
    }

    /// Counts `hold`, which has just become live.
    pub fn hold(&mut self, number: HoldNumber, hold: &Hold) {
        self.held += hold.quantity;
        self.numbers.insert_in_order(number);
    }

    /// Counts a hold that has ended in `state`, and is remembered. Confirmed ones count as bookings.
    pub fn remember_end(&mut self, state: HoldState) {
        self.ended += u16::from(matches!(state, HoldState::Released | HoldState::Expired));
        self.expired += u16::from(state == HoldState::Expired);
    }

    /// A hold that ended in `state` is remembered no more, or is live again.
    pub fn forget_end(&mut self, state: HoldState) {
        self.ended -= u16::from(matches!(state, HoldState::Released | HoldState::Expired));
        self.expired -= u16::from(state == HoldState::Expired);
    }

    /// Counts a booking of `quantity` tickets, which has just been made.
    pub fn book(&mut self, number: HoldNumber, quantity: u32) {
        self.booked += quantity;
        self.numbers.insert_in_order(number);
    }
}
