//! The only mutator of an event. Live traffic and recovery run the same lines.

use std::num::NonZeroU32;

use super::{Event, share_of};
use crate::core::change::{AnswerRemembered, Change, Share};
use crate::core::flow::{Flow, Step};
use crate::core::hold::{Booking, Hold, HoldSource, HoldState};
use crate::core::id::{HoldNumber, UserNumber};
use crate::core::idempotency::Remembered;
use crate::core::party::{CANCELLED_BOOKINGS_REMEMBERED_MAX, ENDED_HOLDS_REMEMBERED_MAX, Party};
use crate::core::planted::{Bug, is_planted};
use crate::core::queue::QueueEntry;
use crate::core::settings::{Details, Settings};
use crate::core::status::Status;

impl Event {
    /// Applies a change that happened at `at_ms` (milliseconds since the Unix epoch).
    ///
    /// # Panics
    ///
    /// Where `change` cannot follow from the state: that is a bug, or a journal of another event.
    pub fn evolve(&mut self, at_ms: u64, change: &Change) {
        // The audit entry of a removal comes behind it.
        assert!(!self.deleted || matches!(change, Change::AdminActed(_)), "event {} was removed", self.id);
        match change {
            Change::EventChanged { details, settings } => {
                self.details = Details::clone(details);
                self.change_settings(at_ms, settings);
                self.version += 1;
            }
            Change::EventDeleted => self.deleted = true,
            Change::StatusChanged { from, to, .. } => self.change_status(at_ms, *from, *to),
            Change::CapacityChanged { ticket_type, to, .. } => {
                self.ticket_type_mut(*ticket_type).capacity.resize(*to);
                self.version += 1;
            }
            Change::QueueJoined { share, min_quantity } => self.join(at_ms, share, *min_quantity),
            Change::QueueLeft { share } => self.leave_line(at_ms, share, Step::Left),
            Change::QueueDropped { share, .. } => self.leave_line(at_ms, share, Step::Served),
            Change::WaiterSkipped { share, .. } => self.pass_over(at_ms, share),
            Change::WaiterReturned { share } => self.take_back(at_ms, share),
            // The tickets that were taken have ended the place.
            Change::WaiterServed { share } => assert!(
                self.ticket_type(share.ticket_type).queue.entry(share.user).is_none(),
                "user {} was served and still waits",
                share.user.0
            ),
            Change::HoldPlaced { number, share, deadline_ms, lifetime_end_ms, source } => {
                self.place_hold(at_ms, *number, share, (*deadline_ms, *lifetime_end_ms), *source);
            }
            Change::HoldAmended { number, share } => self.amend_hold(*number, share.quantity),
            Change::HoldExtended { number, deadline_ms, counted, .. } => {
                self.extend_hold(*number, *deadline_ms, *counted);
            }
            Change::HoldConfirmed { number, share, rescued } => self.confirm_hold(at_ms, *number, share, *rescued),
            Change::HoldReleased { number, share, .. } => {
                self.give_up_hold(at_ms, *number, share.user, HoldState::Released);
            }
            Change::HoldExpired { number, share } => {
                self.give_up_hold(at_ms, *number, share.user, HoldState::Expired);
            }
            Change::BookingPlaced { number, share } => self.place_booking(at_ms, *number, share),
            Change::BookingCancelled { number, .. } => self.cancel_booking(at_ms, *number),
            Change::ClocksShifted { by_ms, .. } => self.shift_clocks(at_ms, *by_ms),
            Change::AnswerRemembered(answer) => self.remember(at_ms, answer),
            Change::AdminActed(_) => {}
            Change::EventCreated(_)
            | Change::SessionOpened { .. }
            | Change::TokenIssued { .. }
            | Change::SessionEnded { .. }
            | Change::AccountAdded { .. }
            | Change::PasswordChanged { .. }
            | Change::AccountRemoved { .. }
            | Change::UserDescribed { .. } => panic!("{} cannot happen to an event that exists", change.kind()),
        }
    }

    fn change_status(&mut self, at_ms: u64, from: Status, to: Status) {
        assert!(self.status == from && from.may_become(to), "no arrow from {:?} to {to:?}", self.status);
        self.status = to;
        self.version += 1;
        // The shift by the pause's length is a change of its own, emitted in the same step.
        self.paused_at_ms = (to == Status::Paused).then_some(at_ms);
        self.type_indexes().for_each(|index| self.watch_line(at_ms, index));
    }

    fn change_settings(&mut self, at_ms: u64, settings: &Settings) {
        let before = std::mem::replace(&mut self.settings, settings.clone());
        self.allow_longer_holds(&before);
        if before.hold_seconds != settings.hold_seconds {
            self.measure_anew(at_ms);
        }
    }

    fn shift_clocks(&mut self, at_ms: u64, by_ms: u64) {
        self.clock_shift_ms += by_ms;
        let clock_ms = self.sale_clock_ms(at_ms);
        self.types.iter_mut().for_each(|ticket_type| ticket_type.flow.clock_went_back(clock_ms));
    }

    fn join(&mut self, at_ms: u64, share: &Share, min_quantity: u32) {
        let entry = QueueEntry {
            user: share.user,
            session: share.session,
            quantity: NonZeroU32::new(share.quantity).expect("a wish for at least one ticket"),
            min_quantity: NonZeroU32::new(min_quantity),
            joined_at_ms: at_ms,
        };
        self.ticket_type_mut(share.ticket_type).queue.join(entry);
        self.watch_line(at_ms, share.ticket_type);
    }

    fn leave_line(&mut self, at_ms: u64, share: &Share, step: Step) {
        let has_left = self.step_out(at_ms, share, step);
        assert!(has_left, "user {} left a line they did not stand in", share.user.0);
    }

    /// Takes the user out of the line, if they stand in it: whether they did.
    fn step_out(&mut self, at_ms: u64, share: &Share, step: Step) -> bool {
        let queue = &mut self.ticket_type_mut(share.ticket_type).queue;
        let eligible = queue.eligible_len();
        if queue.leave(share.user).is_none() {
            return false;
        }
        // Who was passed over stood in nobody's way.
        if queue.eligible_len() < eligible {
            self.measure(at_ms, share.ticket_type, |flow, clock_ms| flow.record(clock_ms, step));
        }
        true
    }

    fn pass_over(&mut self, at_ms: u64, share: &Share) {
        self.ticket_type_mut(share.ticket_type).queue.pass_over(share.user);
        self.measure(at_ms, share.ticket_type, |flow, clock_ms| flow.record(clock_ms, Step::Served));
    }

    fn take_back(&mut self, at_ms: u64, share: &Share) {
        let queue = &mut self.ticket_type_mut(share.ticket_type).queue;
        if is_planted(Bug::ReturnLosesPlace) {
            let entry = queue.leave(share.user).expect("who returns waits");
            return queue.join(entry);
        }
        queue.take_back(share.user);
        self.watch_line(at_ms, share.ticket_type);
        self.measure(at_ms, share.ticket_type, Flow::record_return);
    }

    fn place_hold(
        &mut self,
        at_ms: u64,
        number: HoldNumber,
        share: &Share,
        (deadline_ms, lifetime_end_ms): (u64, u64),
        source: HoldSource,
    ) {
        self.take_number(number);
        self.ticket_type_mut(share.ticket_type).capacity.hold(share.quantity);
        self.step_out(at_ms, share, Step::Served);
        let hold = Hold {
            user: share.user,
            session: share.session,
            quantity: share.quantity,
            created_at_ms: at_ms,
            lifetime_end_ms,
            deadline_ms,
            ticket_type: share.ticket_type,
            state: HoldState::Held,
            source,
            extensions_used: 0,
        };
        self.parties.get_or_default(share.user).hold(number, &hold);
        self.ticket_type_mut(share.ticket_type).expiries.add(deadline_ms);
        self.note_latest_end(&hold);
        self.holds.insert(number.0, hold);
    }

    fn amend_hold(&mut self, number: HoldNumber, quantity: u32) {
        let hold = self.holds.get_mut(number.0).expect("an amended hold exists");
        assert!(hold.is_live(), "hold {} amended after its end", number.0);
        let before = std::mem::replace(&mut hold.quantity, quantity);
        let (user, ticket_type) = (hold.user, hold.ticket_type);
        let capacity = &mut self.ticket_type_mut(ticket_type).capacity;
        capacity.release(before);
        capacity.hold(quantity);
        let party = self.party_mut(user);
        party.held = party.held - before + quantity;
    }

    fn extend_hold(&mut self, number: HoldNumber, deadline_ms: u64, counted: bool) {
        let hold = self.holds.get_mut(number.0).expect("an extended hold exists");
        assert!(hold.is_live() && deadline_ms >= hold.deadline_ms, "deadline of hold {} moved earlier", number.0);
        let before_ms = std::mem::replace(&mut hold.deadline_ms, deadline_ms);
        hold.extensions_used += u8::from(counted);
        let hold = hold.clone();
        let expiries = &mut self.ticket_type_mut(hold.ticket_type).expiries;
        expiries.remove(before_ms);
        expiries.add(deadline_ms);
        self.note_latest_end(&hold);
    }

    fn confirm_hold(&mut self, at_ms: u64, number: HoldNumber, share: &Share, rescued: bool) {
        if rescued {
            self.retake_expired(number, share.quantity);
        }
        self.end_hold(at_ms, number, HoldState::Confirmed).book(number, share.quantity);
        self.ticket_type_mut(share.ticket_type).capacity.book(share.quantity);
        self.insert_booking(at_ms, number, share);
    }

    /// A live hold ends without a booking, and is remembered for a while.
    fn give_up_hold(&mut self, at_ms: u64, number: HoldNumber, user: UserNumber, state: HoldState) {
        let party = self.end_hold(at_ms, number, state);
        if usize::from(party.ended) > ENDED_HOLDS_REMEMBERED_MAX {
            self.forget_oldest_ended(user, number);
        }
    }

    /// An expired hold is live again for the blink until it is confirmed in the same step.
    fn retake_expired(&mut self, number: HoldNumber, quantity: u32) {
        let shift_ms = self.clock_shift_ms;
        let hold = self.holds.get_mut(number.0).expect("a rescued hold exists");
        assert!(hold.state == HoldState::Expired, "hold {} rescued in state {:?}", number.0, hold.state);
        hold.state = HoldState::Held;
        hold.quantity = quantity;
        hold.deadline_ms -= shift_ms.min(hold.deadline_ms);
        let (user, ticket_type, deadline_ms) = (hold.user, hold.ticket_type, hold.deadline_ms);
        let ticket_type = self.ticket_type_mut(ticket_type);
        ticket_type.expiries.add(deadline_ms);
        ticket_type.capacity.hold(quantity);
        let party = self.party_mut(user);
        party.held += quantity;
        party.forget_end(HoldState::Expired);
    }

    /// The one place where a live hold ends and its tickets come free. Returns what its user has.
    fn end_hold(&mut self, at_ms: u64, number: HoldNumber, state: HoldState) -> &mut Party {
        let hold = self.holds.get(number.0).expect("an ended hold existed");
        assert!(hold.is_live(), "hold {} ended twice", number.0);
        let (share, deadline_ms) = (share_of(hold), hold.deadline_ms);
        // What the hold shows at its end, it shows for ever: no later shift may move it, and no pause take it back.
        let expires_at_ms = self.expires_at_ms(at_ms, hold);
        let hold = self.holds.get_mut(number.0).expect("the hold was just found");
        hold.state = state;
        hold.deadline_ms = expires_at_ms;
        let ticket_type = self.ticket_type_mut(share.ticket_type);
        ticket_type.expiries.remove(deadline_ms);
        ticket_type.capacity.release(share.quantity);
        if is_planted(Bug::ReleaseFreesTwice) {
            ticket_type.capacity.release(share.quantity);
        }
        let party = self.party_mut(share.user);
        party.held -= share.quantity;
        party.remember_end(state);
        party
    }

    fn place_booking(&mut self, at_ms: u64, number: HoldNumber, share: &Share) {
        self.take_number(number);
        self.ticket_type_mut(share.ticket_type).capacity.book(share.quantity);
        self.step_out(at_ms, share, Step::Served);
        self.parties.get_or_default(share.user).book(number, share.quantity);
        self.insert_booking(at_ms, number, share);
    }

    fn insert_booking(&mut self, at_ms: u64, number: HoldNumber, share: &Share) {
        let booking = Booking {
            user: share.user,
            session: share.session,
            quantity: share.quantity,
            ticket_type: share.ticket_type,
            booked_at_ms: at_ms,
            cancelled_at_ms: None,
        };
        self.bookings.insert(number.0, booking);
    }

    fn cancel_booking(&mut self, at_ms: u64, number: HoldNumber) {
        let booking = self.bookings.get_mut(number.0).expect("a cancelled booking exists");
        assert!(booking.is_booked(), "booking {} cancelled twice", number.0);
        booking.cancelled_at_ms = Some(at_ms);
        let (user, ticket_type, quantity) = (booking.user, booking.ticket_type, booking.quantity);
        self.ticket_type_mut(ticket_type).capacity.cancel(quantity);
        self.party_mut(user).booked -= quantity;
        self.forget_oldest_cancelled(user, number);
    }

    fn remember(&mut self, at_ms: u64, answer: &AnswerRemembered) {
        let remembered = Remembered {
            key_hash: answer.key_hash,
            request_hash: answer.request_hash,
            at_ms,
            seq: 0,
            answer: answer.answer.clone(),
        };
        self.remembered.remember(answer.scope, remembered);
    }

    fn take_number(&mut self, number: HoldNumber) {
        assert!(number.0 == self.next_number, "number {} after {}", number.0, self.next_number - 1);
        self.next_number += 1;
    }

    fn party_mut(&mut self, user: UserNumber) -> &mut Party {
        self.parties.get_mut(user).expect("who has a hold or a booking is a party")
    }

    /// Forgets one of a user's ended holds: there are more than [`ENDED_HOLDS_REMEMBERED_MAX`]. Confirmed ones stay with their
    /// booking.
    ///
    /// Released ones go first: who lets holds expire waits before the next one, and must not get around that by holding
    /// and releasing until the expired ones are forgotten. The user's newest number stays: it tells which session was
    /// served here.
    fn forget_oldest_ended(&mut self, user: UserNumber, just_ended: HoldNumber) {
        let party = self.parties.get(user).expect("who has a hold is a party");
        let numbers = &*party.numbers;
        let ended = numbers.iter().filter_map(|number| Some((*number, self.holds.get(number.0)?)));
        let ended = ended.filter(|(_, hold)| matches!(hold.state, HoldState::Released | HoldState::Expired));
        let newest = numbers.last().copied();
        let mut others = ended.filter(|(number, _)| *number != just_ended && Some(*number) != newest);
        let goes_first = |hold: &Hold| hold.state == HoldState::Released || is_planted(Bug::ExpiriesWashedOut);
        let released = others.clone().find(|(_, hold)| goes_first(hold));
        // Of expired ones the oldest number, as in builds that made no difference to released ones: what those still knew, and
        // confirmed after all, is there when their journal is replayed.
        if let Some((oldest, hold)) = released.or_else(|| others.next()) {
            let state = hold.state;
            self.holds.remove(oldest.0);
            let party = self.party_mut(user);
            party.numbers.retain(|number| *number != oldest);
            party.forget_end(state);
        }
    }

    /// Keeps the memory of a user's cancelled bookings, and of the holds they came from, at
    /// [`CANCELLED_BOOKINGS_REMEMBERED_MAX`].
    fn forget_oldest_cancelled(&mut self, user: UserNumber, just_cancelled: HoldNumber) {
        let is_cancelled = |number: HoldNumber| self.bookings.get(number.0).is_some_and(|booking| !booking.is_booked());
        if let Some(oldest) = self.oldest_beyond(CANCELLED_BOOKINGS_REMEMBERED_MAX, user, just_cancelled, is_cancelled)
        {
            self.holds.remove(oldest.0);
            self.bookings.remove(oldest.0);
            self.party_mut(user).numbers.retain(|number| *number != oldest);
        }
    }

    /// The oldest of the user's numbers that `is_over`, where more than `most` are. The one that is `just_over` stays for
    /// the answer, however old it is.
    fn oldest_beyond(
        &self,
        most: usize,
        user: UserNumber,
        just_over: HoldNumber,
        is_over: impl Fn(HoldNumber) -> bool,
    ) -> Option<HoldNumber> {
        let party = self.parties.get(user).expect("who has a hold or a booking is a party");
        let numbers = &*party.numbers;
        if numbers.len() <= most {
            return None;
        }
        let over = numbers.iter().copied().filter(|number| is_over(*number));
        let mut others = over.clone().filter(|number| *number != just_over);
        if over.count() > most { others.next() } else { None }
    }
}
