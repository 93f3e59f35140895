//! Joining and leaving the line.

use super::Event;
use super::advance::entry_share;
use crate::core::change::{Change, Share};
use crate::core::command::{CheckedWish, Context, Wish};
use crate::core::hold::HoldSource;
use crate::core::id::{Slug, TypeIndex, UserNumber};
use crate::core::outcome::{Answer, Outcome, QueueState, QueueView, Wait};
use crate::core::rejection::Rejection;
use crate::core::status::Status;

impl Event {
    /// Joins the line, unless tickets can be had at once or the user has them already.
    pub(super) fn decide_join(&mut self, context: &Context, wish: &Wish, changes: &mut Vec<Change>) -> Answer {
        let (user, _) = context.user();
        let wish = self.check_wish(wish, 1)?;
        if let Some((number, hold)) = self.live_hold_of(user, Some(wish.ticket_type)) {
            return Ok(Outcome::Held { hold: self.hold_view(context.now_ms, number, hold), fresh: false });
        }
        if let Some(place) = self.place_of(context.now_ms, user, wish.ticket_type) {
            return Ok(Outcome::Queued { place, fresh: false });
        }
        self.hold_or_wait(context, &wish, HoldSource::Joining, true, changes)
    }

    pub(super) fn decide_leave(
        &mut self,
        context: &Context,
        ticket_type: Option<&Slug>,
        changes: &mut Vec<Change>,
    ) -> Answer {
        let (user, _) = context.user();
        let index = self.line_of(user, ticket_type)?;
        let place = self.place_of(context.now_ms, user, index).ok_or(Rejection::QueueEntryNotFound)?;

        // After this point, the command must succeed.
        let entry = self.ticket_type(index).queue.entry(user).expect("who has a place has an entry");
        let share = entry_share(index, entry);
        self.emit(context.now_ms, Change::QueueLeft { share }, changes);
        self.grant(context.now_ms, context.presence, changes);
        Ok(Outcome::Left(QueueView { state: QueueState::Left, wait: Wait::default(), ..place }))
    }

    /// Puts the user at the end of the line, or answers the place they have.
    pub(super) fn join_line(&mut self, context: &Context, wish: &CheckedWish, changes: &mut Vec<Change>) -> Answer {
        let (user, session) = context.user();
        if let Some(place) = self.place_of(context.now_ms, user, wish.ticket_type) {
            return Ok(Outcome::Queued { place, fresh: false });
        }
        if self.ticket_type(wish.ticket_type).queue.len() >= self.settings.queue_max as usize {
            return Err(Rejection::QueueFull);
        }

        // After this point, the command must succeed.
        let share = Share { ticket_type: wish.ticket_type, user, session, quantity: wish.quantity };
        let min_quantity = wish.min_quantity.unwrap_or(0);
        self.emit(context.now_ms, Change::QueueJoined { share, min_quantity }, changes);
        let place = self.place_of(context.now_ms, user, wish.ticket_type).expect("who has just joined has a place");
        Ok(Outcome::Queued { place, fresh: true })
    }

    /// For whom and how many the place of `user` in a line is, if they have one.
    pub(super) fn place_share(&self, user: UserNumber, index: TypeIndex) -> Option<Share> {
        self.ticket_type(index).queue.entry(user).map(|entry| entry_share(index, entry))
    }

    /// Says that the `place` is gone of who took tickets by themselves, if they had one. They may have taken fewer than
    /// they waited for: the next one's turn has come.
    pub(super) fn give_up(&mut self, context: &Context, place: Option<Share>, changes: &mut Vec<Change>) {
        if let Some(share) = place {
            self.emit(context.now_ms, Change::WaiterServed { share }, changes);
        }
        self.grant(context.now_ms, context.presence, changes);
    }

    /// Whether the line can be joined in this status.
    pub(super) fn line_is_open(&self) -> bool {
        match self.status {
            Status::OnSale | Status::Paused => true,
            Status::Scheduled => self.settings.lobby,
            Status::Draft | Status::Closed | Status::Cancelled => false,
        }
    }

    /// Whether the user stands in the line of `ticket_type` and is passed over.
    pub fn is_passed_over(&self, user: UserNumber, ticket_type: TypeIndex) -> bool {
        self.ticket_type(ticket_type).queue.is_passed_over(user)
    }

    /// The line of the type named, or the first in which the user stands.
    pub fn line_of(&self, user: UserNumber, ticket_type: Option<&Slug>) -> Result<TypeIndex, Rejection> {
        if ticket_type.is_some() {
            return self.resolve(ticket_type);
        }
        let mut indexes = self.type_indexes();
        indexes.find(|index| self.ticket_type(*index).queue.entry(user).is_some()).ok_or(Rejection::QueueEntryNotFound)
    }
}
