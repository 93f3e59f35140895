//! What can be seen of an event. Nothing here changes anything.

use super::{Event, TicketType};
use crate::core::hold::{Booking, Hold, HoldState};
use crate::core::id::{HoldNumber, TypeIndex, UserNumber};
use crate::core::outcome::{BookingView, HoldView, QueueState, QueueView};
use crate::core::planted::{Bug, is_planted};
use crate::core::status::Status;

/// The counters of one ticket type at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// All tickets.
    pub capacity: u32,
    /// Tickets free.
    pub available: u32,
    /// Tickets set aside.
    pub held: u32,
    /// Tickets booked.
    pub booked: u32,
    /// Users in line.
    pub waiting: u32,
}

/// How an event stands at one moment, besides its counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Holds that are live.
    pub live_holds: u32,
    /// Users in line who are passed over.
    pub passed_over: u32,
    /// Lines in which tickets are free and somebody waits who is not passed over: they want more than is free.
    pub blocked_lines: u32,
}

impl Event {
    /// The counters by ticket type, all of one moment.
    pub fn figures(&self) -> impl Iterator<Item = Figures> {
        self.types.iter().map(|ticket_type| Figures {
            capacity: ticket_type.capacity.total(),
            available: ticket_type.capacity.available(),
            held: ticket_type.capacity.held(),
            booked: ticket_type.capacity.booked() << u32::from(is_planted(Bug::BookedShownTwice)),
            waiting: ticket_type.queue.len() as u32,
        })
    }

    /// What the figures do not tell, of the same moment.
    pub fn standing(&self) -> Standing {
        let is_blocked =
            |ticket_type: &&TicketType| ticket_type.capacity.available() > 0 && ticket_type.queue.eligible_len() > 0;
        let is_on_sale = self.status == Status::OnSale;
        Standing {
            live_holds: self.live_hold_count() as u32,
            passed_over: self.types.iter().map(|kind| (kind.queue.len() - kind.queue.eligible_len()) as u32).sum(),
            blocked_lines: self.types.iter().filter(is_blocked).filter(|_| is_on_sale).count() as u32,
        }
    }

    /// How many holds are live.
    pub fn live_hold_count(&self) -> usize {
        self.types.iter().map(|ticket_type| ticket_type.expiries.len()).sum()
    }

    /// When the next live hold ends, to the second, in milliseconds since the Unix epoch; `None` where none is live or
    /// clocks stand still.
    pub fn next_expiry_at_ms(&self) -> Option<u64> {
        let next_ms = self.types.iter().filter_map(|ticket_type| ticket_type.expiries.next_ms()).min();
        next_ms.and_then(|sale_clock_ms| self.engine_time_of(sale_clock_ms))
    }

    /// The user's hold `number`, or anybody's where `user` is `None`.
    pub fn hold(&self, now_ms: u64, number: HoldNumber, user: Option<UserNumber>) -> Option<HoldView> {
        let hold = self.holds.get(number.0).filter(|hold| user.is_none_or(|user| hold.user == user))?;
        Some(self.hold_view(now_ms, number, hold))
    }

    /// The user's booking `number`, or anybody's where `user` is `None`.
    pub fn booking(&self, now_ms: u64, number: HoldNumber, user: Option<UserNumber>) -> Option<BookingView> {
        let booking = self.bookings.get(number.0).filter(|booking| user.is_none_or(|user| booking.user == user))?;
        Some(booking_view(now_ms, number, booking))
    }

    /// All of the user's holds that are remembered, by number.
    pub fn holds_of(&self, now_ms: u64, user: UserNumber) -> Vec<HoldView> {
        self.numbers_of(user).iter().filter_map(|number| self.hold(now_ms, *number, None)).collect()
    }

    /// All of the user's bookings, by number.
    pub fn bookings_of(&self, now_ms: u64, user: UserNumber) -> Vec<BookingView> {
        self.numbers_of(user).iter().filter_map(|number| self.booking(now_ms, *number, None)).collect()
    }

    /// All of the user's places in line, by ticket type.
    pub fn places_of(&self, now_ms: u64, user: UserNumber) -> Vec<QueueView> {
        self.type_indexes().filter_map(|index| self.place_of(now_ms, user, index)).collect()
    }

    /// The user's place in the line of `ticket_type`. O(log n) in the length of the line.
    pub fn place_of(&self, now_ms: u64, user: UserNumber, ticket_type: TypeIndex) -> Option<QueueView> {
        let place = self.ticket_type(ticket_type).queue.place(user)?;
        let entry = place.entry;
        Some(QueueView {
            ticket_type,
            quantity: entry.quantity.get(),
            ahead: place.ahead as u64,
            joined_at_ms: entry.joined_at_ms,
            state: QueueState::Waiting,
            wait: self.wait_of(now_ms, ticket_type, &place),
            at_ms: now_ms,
            user,
            session: entry.session,
        })
    }

    /// When `hold` ends or ended, in milliseconds since the Unix epoch. While the sale is paused: when it would end if
    /// the sale went on now.
    pub(super) fn expires_at_ms(&self, now_ms: u64, hold: &Hold) -> u64 {
        if !hold.is_live() {
            return hold.deadline_ms;
        }
        let expires_at_ms = hold.deadline_ms + self.clock_shift_ms;
        match self.paused_at_ms {
            // Only who still had time when the sale was paused gets the length of the pause.
            Some(paused_at_ms) if paused_at_ms < expires_at_ms => expires_at_ms + now_ms.saturating_sub(paused_at_ms),
            _ => expires_at_ms,
        }
    }

    pub(super) fn hold_view_of(&self, now_ms: u64, number: HoldNumber) -> HoldView {
        self.hold_view(now_ms, number, self.holds.get(number.0).expect("the hold is there"))
    }

    pub(super) fn hold_view(&self, now_ms: u64, number: HoldNumber, hold: &Hold) -> HoldView {
        let is_over = !hold.is_live() || self.sale_clock_ms(now_ms) >= hold.deadline_ms;
        let extensions_left = self.settings.max_extensions.saturating_sub(u32::from(hold.extensions_used));
        HoldView {
            number,
            ticket_type: hold.ticket_type,
            quantity: hold.quantity,
            // A late wheel must not show as a hold that has outlived its deadline.
            state: if is_over && hold.is_live() { HoldState::Expired } else { hold.state },
            source: hold.source,
            created_at_ms: hold.created_at_ms,
            expires_at_ms: self.expires_at_ms(now_ms, hold),
            expires_in_ms: if is_over { 0 } else { hold.deadline_ms - self.sale_clock_ms(now_ms) },
            extensions_left: if is_over { 0 } else { extensions_left },
            at_ms: now_ms,
            user: hold.user,
            session: hold.session,
        }
    }

    pub(super) fn booking_view_of(&self, now_ms: u64, number: HoldNumber) -> BookingView {
        booking_view(now_ms, number, self.bookings.get(number.0).expect("the booking is there"))
    }

    pub(super) fn numbers_of(&self, user: UserNumber) -> &[HoldNumber] {
        self.parties.get(user).map_or(&[], |party| &*party.numbers)
    }
}

fn booking_view(now_ms: u64, number: HoldNumber, booking: &Booking) -> BookingView {
    BookingView {
        number,
        ticket_type: booking.ticket_type,
        quantity: booking.quantity,
        booked_at_ms: booking.booked_at_ms,
        cancelled_at_ms: booking.cancelled_at_ms,
        at_ms: now_ms,
        user: booking.user,
        session: booking.session,
    }
}
