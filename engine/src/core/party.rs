//! What one user has in one event.

use std::cmp::Ordering;

use super::hold::{Booking, Hold, HoldState};
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
    pub numbers: NumberList,
}

impl Party {
    /// Tickets that count against `max_per_user`.
    pub fn committed(&self) -> u32 {
        self.held + self.booked
    }

    /// Counts `hold`, which has just become live.
    pub fn hold(&mut self, number: HoldNumber, hold: &Hold) {
        self.held += hold.quantity;
        self.numbers.insert(number);
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

    /// Counts `booking`, which has just been made.
    pub fn book(&mut self, number: HoldNumber, booking: &Booking) {
        self.booked += booking.quantity;
        self.numbers.insert(number);
    }
}

/// A short list of numbers. Nearly all users have one hold: that one needs no allocation.
#[derive(Debug, Default)]
pub enum NumberList {
    /// None.
    #[default]
    Empty,
    /// One.
    One(HoldNumber),
    /// Several, ascending. The box keeps the type at 16 bytes.
    Many(Box<Vec<HoldNumber>>),
}

impl NumberList {
    /// The numbers, ascending.
    pub fn as_slice(&self) -> &[HoldNumber] {
        match self {
            NumberList::Empty => &[],
            NumberList::One(number) => std::slice::from_ref(number),
            NumberList::Many(numbers) => numbers,
        }
    }

    /// Adds `number`, once.
    pub fn insert(&mut self, number: HoldNumber) {
        match self {
            NumberList::Empty => *self = NumberList::One(number),
            NumberList::One(only) if *only == number => {}
            NumberList::One(only) => {
                let numbers = vec![(*only).min(number), (*only).max(number)];
                *self = NumberList::Many(Box::new(numbers));
            }
            // Nearly always it is the newest of all: whoever has thousands need not be looked through.
            NumberList::Many(numbers) => match numbers.last().map(|last| last.cmp(&number)) {
                Some(Ordering::Less) | None => numbers.push(number),
                Some(Ordering::Equal) => {}
                Some(Ordering::Greater) => {
                    if let Err(place) = numbers.binary_search(&number) {
                        numbers.insert(place, number);
                    }
                }
            },
        }
    }

    /// Takes `number` out.
    pub fn remove(&mut self, number: HoldNumber) {
        match self {
            NumberList::One(only) if *only == number => *self = NumberList::Empty,
            NumberList::Many(numbers) => numbers.retain(|kept| *kept != number),
            NumberList::Empty | NumberList::One(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{HoldNumber, NumberList};

    #[test]
    fn numbers_stay_in_order_and_single() {
        let mut list = NumberList::default();
        for number in [5, 2, 9, 5, 2] {
            list.insert(HoldNumber(number));
        }
        assert_eq!(list.as_slice(), [HoldNumber(2), HoldNumber(5), HoldNumber(9)]);
        list.remove(HoldNumber(5));
        assert_eq!(list.as_slice(), [HoldNumber(2), HoldNumber(9)]);
        assert_eq!(size_of::<NumberList>(), 16);
    }
}
