//! Placing, amending, extending and releasing holds.

use super::{Event, share_of};
use crate::core::change::{Change, Share};
use crate::core::command::{CheckedWish, Context, Wish};
use crate::core::hold::{Hold, HoldSource, HoldState};
use crate::core::id::{HoldNumber, LoginSeq, UserNumber};
use crate::core::outcome::{Answer, Outcome};
use crate::core::rejection::Rejection;
use crate::core::settings::DURATION_SECONDS_MAX;
use crate::core::status::Status;

impl Event {
    /// A login sets tickets aside, or stands in line for them. Further logins of the session answer what is there.
    pub(super) fn decide_login(
        &mut self,
        context: &Context,
        wish: &Wish,
        explicit: bool,
        changes: &mut Vec<Change>,
    ) -> Answer {
        let (user, session) = context.user();
        let wish = self.check_wish(wish, self.settings.auto_hold.max(1))?;
        if let Some((number, hold)) = self.live_hold_of(user, Some(wish.ticket_type)) {
            return Ok(Outcome::Held { hold: self.hold_view(context.now_ms, number, hold), fresh: false });
        }
        if let Some(place) = self.place_of(context.now_ms, user, wish.ticket_type) {
            return Ok(Outcome::Queued { place, fresh: false });
        }
        if !explicit && !self.serves_unasked(user, session) {
            return Ok(Outcome::NothingNew);
        }
        self.hold_or_wait(context, &wish, HoldSource::Login, true, changes)
    }

    pub(super) fn decide_place_hold(
        &mut self,
        context: &Context,
        wish: &Wish,
        wait: bool,
        changes: &mut Vec<Change>,
    ) -> Answer {
        let (user, _) = context.user();
        let checked = self.check_wish(wish, 1)?;
        match self.live_hold_of(user, Some(checked.ticket_type)) {
            Some((number, _)) => self.amend(context, number, wish.quantity.map(|_| checked), changes),
            None => self.hold_or_wait(context, &checked, HoldSource::Request, wait, changes),
        }
    }

    /// Sets tickets aside if they are to be had, or else joins the line where the user wants to wait.
    pub(super) fn hold_or_wait(
        &mut self,
        context: &Context,
        wish: &CheckedWish,
        source: HoldSource,
        wait: bool,
        changes: &mut Vec<Change>,
    ) -> Answer {
        let (user, session) = context.user();
        let may_wait = wait && self.line_is_open();
        if !may_wait {
            self.check_on_sale()?;
        }
        let party = self.parties.get(user);
        self.check_limits(party, wish.quantity)?;
        self.check_damping(context, party)?;
        let quantity = self.quantity_to_be_had(user, wish).filter(|_| self.status == Status::OnSale);
        let Some(quantity) = quantity else {
            return if may_wait {
                self.join_line(context, wish, changes)
            } else {
                Err(self.refuse_tickets(user, wish))
            };
        };

        // After this point, the command must succeed.
        let share = Share { ticket_type: wish.ticket_type, user, session, quantity };
        let place = self.place_share(user, wish.ticket_type);
        let number = self.emit_hold(context.now_ms, share, source, changes);
        self.give_up(context, place, changes);
        Ok(Outcome::Held { hold: self.hold_view_of(context.now_ms, number), fresh: true })
    }

    /// Answers the hold that is there, with another quantity where one is wished. Shrinking always works; growing needs
    /// what a new hold would need. The deadline stays.
    fn amend(
        &mut self,
        context: &Context,
        number: HoldNumber,
        wish: Option<CheckedWish>,
        changes: &mut Vec<Change>,
    ) -> Answer {
        let hold = self.holds.get(number.0).expect("the live hold was just found");
        let before = hold.quantity;
        let mut quantity = wish.map_or(before, |wish| wish.quantity);
        if let Some(wish) = wish.filter(|wish| wish.quantity > before) {
            quantity = before + self.check_growth(hold.user, before, &wish)?;
        }

        // After this point, the command must succeed.
        if quantity != before {
            let share = Share { quantity, ..share_of(self.holds.get(number.0).expect("the live hold was just found")) };
            self.emit(context.now_ms, Change::HoldAmended { number, share }, changes);
            self.grant(context.now_ms, context.presence, changes);
        }
        Ok(Outcome::Held { hold: self.hold_view_of(context.now_ms, number), fresh: false })
    }

    /// How many tickets more a hold of `before` gets.
    fn check_growth(&self, user: UserNumber, before: u32, wish: &CheckedWish) -> Result<u32, Rejection> {
        self.check_on_sale()?;
        if wish.quantity > self.settings.max_per_hold {
            return Err(Rejection::LimitReached { limit: self.settings.max_per_hold, used: before });
        }
        let more = CheckedWish {
            quantity: wish.quantity - before,
            min_quantity: wish.min_quantity.map(|least| least.saturating_sub(before)),
            ..*wish
        };
        self.check_limits(self.parties.get(user), more.quantity)?;
        self.quantity_to_be_had(user, &more).ok_or_else(|| self.refuse_tickets(user, &more))
    }

    pub(super) fn decide_extend(&mut self, context: &Context, number: HoldNumber, changes: &mut Vec<Change>) -> Answer {
        let hold = self.touchable_live_hold(context, number)?;
        if !matches!(self.status, Status::OnSale | Status::Paused) {
            self.check_on_sale()?;
        }
        let length_ms = u64::from(self.settings.hold_seconds) * 1_000;
        let wished_ms = (self.sale_clock_ms(context.now_ms) + length_ms).min(hold.lifetime_end_ms);
        let is_exhausted = u32::from(hold.extensions_used) >= self.settings.max_extensions;
        if is_exhausted || hold.deadline_ms >= hold.lifetime_end_ms {
            return Err(Rejection::ExtensionExhausted);
        }

        // After this point, the command must succeed. An extension that gains nothing is none, and is not counted.
        if wished_ms > hold.deadline_ms {
            let share = share_of(hold);
            let change = Change::HoldExtended { number, share, deadline_ms: wished_ms, counted: true };
            self.emit(context.now_ms, change, changes);
        }
        Ok(Outcome::Hold(self.hold_view_of(context.now_ms, number)))
    }

    pub(super) fn decide_give_time(
        &mut self,
        context: &Context,
        number: HoldNumber,
        seconds: u32,
        changes: &mut Vec<Change>,
    ) -> Answer {
        if seconds == 0 || seconds > DURATION_SECONDS_MAX {
            return Err(Rejection::invalid("seconds", format!("must be 1 to {DURATION_SECONDS_MAX}")));
        }
        let hold = self.touchable_live_hold(context, number)?;

        // After this point, the command must succeed.
        let deadline_ms = hold.deadline_ms + u64::from(seconds) * 1_000;
        let share = share_of(hold);
        self.emit(context.now_ms, Change::HoldExtended { number, share, deadline_ms, counted: false }, changes);
        Ok(Outcome::Hold(self.hold_view_of(context.now_ms, number)))
    }

    pub(super) fn decide_release(
        &mut self,
        context: &Context,
        number: HoldNumber,
        reason: Option<String>,
        changes: &mut Vec<Change>,
    ) -> Answer {
        let hold = self.touchable_hold(context, number)?;
        match hold.state {
            HoldState::Confirmed => return Err(Rejection::AlreadyConfirmed { booking: number }),
            HoldState::Released | HoldState::Expired => {}
            HoldState::Held => {
                // After this point, the command must succeed.
                self.give_back(context.now_ms, number, reason, changes);
                self.grant(context.now_ms, context.presence, changes);
            }
        }
        Ok(Outcome::Hold(self.hold_view_of(context.now_ms, number)))
    }

    pub(super) fn decide_revoke(
        &mut self,
        context: &Context,
        number: HoldNumber,
        reason: Option<String>,
        changes: &mut Vec<Change>,
    ) -> Answer {
        self.touchable_live_hold(context, number)?;

        // After this point, the command must succeed.
        self.give_back(context.now_ms, number, reason, changes);
        self.grant(context.now_ms, context.presence, changes);
        Ok(Outcome::Hold(self.hold_view_of(context.now_ms, number)))
    }

    /// The session's end gives back all the user's holds and places.
    pub(super) fn decide_end_session(&mut self, context: &Context, changes: &mut Vec<Change>) -> Outcome {
        let (user, _) = context.user();
        let mut dropped_queue_entries = 0;
        for index in self.type_indexes() {
            if let Some(entry) = self.ticket_type(index).queue.entry(user) {
                let share = super::advance::entry_share(index, entry);
                self.emit(context.now_ms, Change::QueueLeft { share }, changes);
                dropped_queue_entries += 1;
            }
        }
        let mut released_holds = 0;
        while let Some((number, _)) = self.live_hold_of(user, None) {
            self.give_back(context.now_ms, number, Some("the session ended".to_owned()), changes);
            released_holds += 1;
        }
        self.grant(context.now_ms, context.presence, changes);
        Outcome::SessionEnded { released_holds, dropped_queue_entries }
    }

    /// The hold `number`, if it is the caller's to touch.
    pub(super) fn touchable_hold(&self, context: &Context, number: HoldNumber) -> Result<&Hold, Rejection> {
        self.holds.get(number.0).filter(|hold| context.may_touch(hold.user)).ok_or(Rejection::HoldNotFound)
    }

    /// The same, refused with the name of its end where it is not live any more.
    fn touchable_live_hold(&self, context: &Context, number: HoldNumber) -> Result<&Hold, Rejection> {
        let hold = self.touchable_hold(context, number)?;
        match hold.state {
            HoldState::Held if self.sale_clock_ms(context.now_ms) < hold.deadline_ms => Ok(hold),
            HoldState::Held | HoldState::Expired => {
                Err(Rejection::HoldExpired { expired_at_ms: self.expires_at_ms(context.now_ms, hold) })
            }
            HoldState::Confirmed => Err(Rejection::AlreadyConfirmed { booking: number }),
            HoldState::Released => Err(Rejection::AlreadyReleased),
        }
    }

    /// Whether a login that does not name this event sets tickets aside here. A further login of a session asks wherever
    /// the user has been, not only the events that serve every login.
    fn serves_unasked(&self, user: UserNumber, session: LoginSeq) -> bool {
        self.settings.auto_hold > 0 && !self.has_served(user, session)
    }

    /// Whether this session has had anything here: then a further login without intents must not set aside a second time.
    fn has_served(&self, user: UserNumber, session: LoginSeq) -> bool {
        // Sessions of a user come one after the other, and so do their numbers: the newest tells.
        let Some(newest) = self.parties.get(user).and_then(|party| party.numbers.last()) else {
            return false;
        };
        let of_hold = self.holds.get(newest.0).map(|hold| hold.session);
        of_hold.or_else(|| self.bookings.get(newest.0).map(|booking| booking.session)) == Some(session)
    }
}
