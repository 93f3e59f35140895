//! The full scan: counters equal a recount, indexes equal what they index.

use std::collections::BTreeMap;

use super::Event;
use crate::core::id::{TypeIndex, UserNumber};

impl Event {
    /// Recounts everything and names the first thing that does not add up. Walks the whole event: for recovery and
    /// tests.
    pub fn check_invariants(&self) -> Result<(), String> {
        let mut held_by_type = BTreeMap::<TypeIndex, u64>::new();
        let mut booked_by_type = BTreeMap::<TypeIndex, u64>::new();
        let mut by_user = BTreeMap::<UserNumber, (u32, u32)>::new();
        let mut live_by_user_and_type = BTreeMap::<(UserNumber, TypeIndex), u32>::new();
        for (number, hold) in self.holds.iter() {
            self.expect(number < self.next_number, || format!("hold {number} has a number not given yet"))?;
            by_user.entry(hold.user).or_default();
            if hold.is_live() {
                *held_by_type.entry(hold.ticket_type).or_default() += u64::from(hold.quantity);
                by_user.entry(hold.user).or_default().0 += hold.quantity;
                *live_by_user_and_type.entry((hold.user, hold.ticket_type)).or_default() += 1;
            }
        }
        for (number, booking) in self.bookings.iter() {
            self.expect(number < self.next_number, || format!("booking {number} has a number not given yet"))?;
            by_user.entry(booking.user).or_default();
            if booking.is_booked() {
                *booked_by_type.entry(booking.ticket_type).or_default() += u64::from(booking.quantity);
                by_user.entry(booking.user).or_default().1 += booking.quantity;
            }
        }
        for (index, ticket_type) in self.type_indexes().zip(&self.types) {
            let held = held_by_type.get(&index).copied().unwrap_or(0);
            let booked = booked_by_type.get(&index).copied().unwrap_or(0);
            let capacity = &ticket_type.capacity;
            self.expect(u64::from(capacity.held()) == held, || format!("{} counts other holds", ticket_type.id))?;
            self.expect(u64::from(capacity.booked()) == booked, || {
                format!("{} counts other bookings", ticket_type.id)
            })?;
            self.expect(held + booked <= u64::from(capacity.total()), || format!("{} is oversold", ticket_type.id))?;
            for entry in ticket_type.queue.iter() {
                let both = live_by_user_and_type.contains_key(&(entry.user, index));
                self.expect(!both, || format!("user {} holds and waits for one type", entry.user.0))?;
            }
        }
        for ((user, _), holds) in &live_by_user_and_type {
            self.expect(*holds == 1, || format!("user {} has {holds} live holds of one type", user.0))?;
        }
        self.expect(by_user.len() == self.parties.len(), || "parties differ from holds and bookings".to_owned())?;
        for (user, (held, booked)) in &by_user {
            let party = self.parties.get(user);
            let same = party.is_some_and(|party| party.held == *held && party.booked == *booked);
            self.expect(same, || format!("user {} is counted wrongly", user.0))?;
        }
        let live = self.live_holds().count();
        self.expect(live == self.expiries.len(), || "the expiry calendar differs from the live holds".to_owned())
    }

    fn expect(&self, holds: bool, broken: impl FnOnce() -> String) -> Result<(), String> {
        if holds { Ok(()) } else { Err(format!("event {}: {}", self.id, broken())) }
    }
}
