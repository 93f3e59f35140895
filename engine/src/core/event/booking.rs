//! Confirming, booking directly, cancelling.

use super::Event;
use crate::core::change::{Change, Share};
use crate::core::command::{CheckedWish, Context, Wish};
use crate::core::hold::{Booking, Hold, HoldState};
use crate::core::id::HoldNumber;
use crate::core::outcome::{Answer, Outcome};
use crate::core::planted::{Bug, is_planted};
use crate::core::rejection::Rejection;
use crate::core::status::Status;

impl Event {
    /// Hold to booking, exactly once.
    pub(super) fn decide_confirm(
        &mut self,
        context: &Context,
        number: HoldNumber,
        quantity: Option<u32>,
        changes: &mut Vec<Change>,
    ) -> Answer {
        let hold = self.touchable_hold(context, number)?;
        match hold.state {
            HoldState::Confirmed => return Err(Rejection::AlreadyConfirmed { booking: number }),
            HoldState::Released => return Err(Rejection::AlreadyReleased),
            HoldState::Held | HoldState::Expired => {}
        }
        if self.status == Status::Cancelled {
            return Err(Rejection::SaleCancelled);
        }
        let quantity = quantity.unwrap_or(hold.quantity);
        if quantity == 0 || quantity > hold.quantity {
            return Err(Rejection::invalid("quantity", format!("must be 1 to {}, the tickets held", hold.quantity)));
        }
        let rescued = !self.is_confirmable(context.now_ms, hold);
        if rescued && !self.can_rescue(hold, quantity) {
            return Err(Rejection::HoldExpired { expired_at_ms: self.expires_at_ms(context.now_ms, hold) });
        }

        // After this point, the command must succeed.
        let share = Share { quantity, ..super::share_of(hold) };
        self.emit(context.now_ms, Change::HoldConfirmed { number, share, rescued }, changes);
        self.grant(context.now_ms, context.presence, changes);
        Ok(Outcome::Booked { booking: self.booking_view_of(context.now_ms, number), from_hold: true, rescued })
    }

    /// My hold first; else a direct booking, if tickets are free and nobody eligible waits.
    pub(super) fn decide_book(&mut self, context: &Context, wish: &Wish, changes: &mut Vec<Change>) -> Answer {
        let (user, _) = context.user();
        let checked = self.check_wish(wish, 1)?;
        let ticket_type = wish.ticket_type.as_ref().map(|_| checked.ticket_type);
        match self.live_hold_of(user, ticket_type) {
            Some((number, _)) => self.decide_confirm(context, number, wish.quantity, changes),
            None => self.book_directly(context, &checked, changes),
        }
    }

    pub(super) fn decide_cancel(
        &mut self,
        context: &Context,
        number: HoldNumber,
        reason: Option<String>,
        changes: &mut Vec<Change>,
    ) -> Answer {
        let booking = self.bookings.get(number.0).filter(|booking| context.may_touch(booking.user));
        let booking = booking.ok_or(Rejection::BookingNotFound)?;
        if !booking.is_booked() {
            return Err(Rejection::AlreadyCancelled);
        }

        // After this point, the command must succeed.
        let share = share_of_booking(booking);
        self.emit(context.now_ms, Change::BookingCancelled { number, share, reason }, changes);
        self.grant(context.now_ms, context.presence, changes);
        Ok(Outcome::Cancelled(self.booking_view_of(context.now_ms, number)))
    }

    fn book_directly(&mut self, context: &Context, wish: &CheckedWish, changes: &mut Vec<Change>) -> Answer {
        let (user, session) = context.user();
        self.check_on_sale()?;
        self.check_limits(self.parties.get(user), wish.quantity)?;
        let Some(quantity) = self.quantity_to_be_had(user, wish) else {
            return Err(self.refuse_tickets(user, wish));
        };

        // After this point, the command must succeed.
        let number = HoldNumber(self.next_number);
        let share = Share { ticket_type: wish.ticket_type, user, session, quantity };
        let place = self.place_share(user, wish.ticket_type);
        self.emit(context.now_ms, Change::BookingPlaced { number, share }, changes);
        self.give_up(context, place, changes);
        Ok(Outcome::Booked { booking: self.booking_view_of(context.now_ms, number), from_hold: false, rescued: false })
    }

    /// Whether the hold's own time allows it: the deadline decides, not the wheel.
    fn is_confirmable(&self, now_ms: u64, hold: &Hold) -> bool {
        let clock_ms = self.sale_clock_ms(now_ms);
        let is_in_time = clock_ms < hold.deadline_ms
            || is_planted(Bug::DeadlineIncluded) && clock_ms == hold.deadline_ms
            || is_planted(Bug::WheelDecides);
        hold.is_live() && is_in_time
    }

    /// Whether the tickets of an expired hold are still free, nobody eligible waits for them, and the user has not
    /// filled their limit otherwise.
    fn can_rescue(&self, hold: &Hold, quantity: u32) -> bool {
        let ticket_type = self.ticket_type(hold.ticket_type);
        hold.state == HoldState::Expired
            && self.status == Status::OnSale
            && ticket_type.queue.eligible_ahead_of(hold.user) == 0
            && ticket_type.capacity.available() >= quantity
            && self.committed_of(hold.user) + quantity <= self.settings.max_per_user
    }
}

pub(super) fn share_of_booking(booking: &Booking) -> Share {
    Share { ticket_type: booking.ticket_type, user: booking.user, session: booking.session, quantity: booking.quantity }
}
