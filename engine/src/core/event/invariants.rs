//! The full scan: counters equal a recount, indexes equal what they index.

use super::Event;
use crate::core::hold::HoldState;
use crate::core::settings::TICKET_TYPES_MAX;
use crate::core::user_map::UserMap;

/// What holds and bookings add up to.
#[derive(Default)]
struct Recount {
    /// Tickets held, by ticket type.
    held: Vec<u64>,
    /// Tickets booked, by ticket type.
    booked: Vec<u64>,
    by_user: UserMap<UserRecount>,
}

#[derive(Default)]
struct UserRecount {
    held: u32,
    booked: u32,
    ended: u16,
    expired: u16,
    /// The types of which there is a live hold, a bit each.
    live_types: u32,
}

const _: () = assert!(TICKET_TYPES_MAX <= u32::BITS as usize, "each type has a bit");

impl Event {
    /// Recounts everything and names the first thing that does not add up. Walks the whole event: for recovery and
    /// tests.
    pub fn check_invariants(&self) -> Result<(), String> {
        let mut recount =
            Recount { held: vec![0; self.types.len()], booked: vec![0; self.types.len()], ..Recount::default() };
        for (number, hold) in self.holds.iter() {
            self.expect(number < self.next_number, || format!("hold {number} has a number not given yet"))?;
            let user = recount.by_user.get_or_default(hold.user);
            if hold.is_live() {
                let type_bit = 1 << hold.ticket_type.0;
                self.expect(user.live_types & type_bit == 0, || {
                    format!("user {} has two live holds of one type", hold.user.0)
                })?;
                user.live_types |= type_bit;
                user.held += hold.quantity;
                recount.held[usize::from(hold.ticket_type.0)] += u64::from(hold.quantity);
            }
            user.ended += u16::from(matches!(hold.state, HoldState::Released | HoldState::Expired));
            user.expired += u16::from(hold.state == HoldState::Expired);
        }
        for (number, booking) in self.bookings.iter() {
            self.expect(number < self.next_number, || format!("booking {number} has a number not given yet"))?;
            let user = recount.by_user.get_or_default(booking.user);
            if booking.is_booked() {
                user.booked += booking.quantity;
                recount.booked[usize::from(booking.ticket_type.0)] += u64::from(booking.quantity);
            }
        }
        self.check_types(&recount)?;
        self.check_parties(&recount)?;
        let live = self.live_holds().count();
        self.expect(live == self.live_hold_count(), || "the expiry calendar differs from the live holds".to_owned())
    }

    /// Whether the counters can be true, at a cost that every turn can bear: nothing is oversold.
    pub fn check_counters(&self) -> Result<(), String> {
        for ticket_type in &self.types {
            let capacity = &ticket_type.capacity;
            let is_oversold = u64::from(capacity.held()) + u64::from(capacity.booked()) > u64::from(capacity.total());
            self.expect(!is_oversold, || format!("{} is oversold", ticket_type.id))?;
        }
        Ok(())
    }

    fn check_types(&self, recount: &Recount) -> Result<(), String> {
        for (index, ticket_type) in self.type_indexes().zip(&self.types) {
            let (held, booked) = (recount.held[usize::from(index.0)], recount.booked[usize::from(index.0)]);
            let capacity = &ticket_type.capacity;
            self.expect(u64::from(capacity.held()) == held, || format!("{} counts other holds", ticket_type.id))?;
            self.expect(u64::from(capacity.booked()) == booked, || {
                format!("{} counts other bookings", ticket_type.id)
            })?;
            self.expect(held + booked <= u64::from(capacity.total()), || format!("{} is oversold", ticket_type.id))?;
            for entry in ticket_type.queue.iter() {
                let holder = recount.by_user.get(entry.user);
                let both = holder.is_some_and(|user| user.live_types & (1 << index.0) != 0);
                self.expect(!both, || format!("user {} holds and waits for one type", entry.user.0))?;
            }
        }
        Ok(())
    }

    fn check_parties(&self, recount: &Recount) -> Result<(), String> {
        let count = recount.by_user.len();
        self.expect(count == self.parties.len(), || "parties differ from holds and bookings".to_owned())?;
        for (user, counted) in recount.by_user.iter() {
            let party = self.parties.get(user);
            let recounted = (counted.held, counted.booked, counted.ended, counted.expired);
            let same = party.map(|party| (party.held, party.booked, party.ended, party.expired)) == Some(recounted);
            self.expect(same, || format!("user {} is counted wrongly", user.0))?;
        }
        Ok(())
    }

    fn expect(&self, holds: bool, broken: impl FnOnce() -> String) -> Result<(), String> {
        if holds { Ok(()) } else { Err(format!("event {}: {}", self.id, broken())) }
    }
}
