//! Checks a command, and emits what happens.

use super::Event;
use crate::core::change::{AnswerRemembered, Change};
use crate::core::command::{Caller, CheckedWish, Command, Context, Wish};
use crate::core::hold::HoldState;
use crate::core::id::{LoginSeq, Slug, TypeIndex, UserNumber};
use crate::core::outcome::Answer;
use crate::core::party::Party;
use crate::core::planted::{Bug, is_planted};
use crate::core::rejection::Rejection;
use crate::core::settings::QUANTITY_MAX;
use crate::core::status::Status;

/// An answer, and whether it is one that was given before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The answer.
    pub answer: Answer,
    /// The journal number of the first answer, where this repeats it.
    pub replayed_seq: Option<u64>,
}

impl Event {
    /// Decides `command`: checks it, and pushes to `changes` what happened, already applied.
    ///
    /// A refusal has changed nothing; what is pushed then is at most the memory of the refusal, where the request came
    /// with a key. The caller must have expired what is due ([`Event::advance`], [`Event::expire_due_of`]).
    pub fn decide(&mut self, context: &Context, command: Command, changes: &mut Vec<Change>) -> Decision {
        if self.status == Status::Draft && matches!(context.caller, Caller::User { .. }) {
            // The public does not see a draft: no trace of this, in the answer or in the event.
            return Decision { answer: Err(Rejection::EventNotFound), replayed_seq: None };
        }
        let keyed = context.caller.key_scope().zip(context.key);
        if let Some((scope, key)) = keyed {
            match self.remembered.find(scope, &key, context.now_ms).filter(|_| !is_planted(Bug::KeyForgotten)) {
                Some(Ok(first)) => {
                    return Decision { answer: first.answer.clone(), replayed_seq: Some(first.seq) };
                }
                Some(Err(rejection)) => return Decision { answer: Err(rejection), replayed_seq: None },
                None => {}
            }
        }
        let emitted_before = changes.len();
        let before = self.before_act(context, &command);
        let answer = self.decide_once(context, command, changes);
        assert!(answer.is_ok() || changes.len() == emitted_before, "a refusal changed something: {answer:?}");
        if let Some(before) = before.filter(|_| changes.len() > emitted_before) {
            self.emit_act(context.now_ms, before, changes);
        }
        // An event that has just been removed remembers nothing any more; and what passes by itself is no last word.
        let is_passing = matches!(answer, Err(Rejection::Damped { .. })) && !is_planted(Bug::DampedRemembered);
        if let Some((scope, key)) = keyed.filter(|_| !self.deleted && !is_passing) {
            let remembered = AnswerRemembered {
                scope,
                key_hash: key.key_hash,
                request_hash: key.request_hash,
                answer: answer.clone(),
            };
            self.emit(context.now_ms, Change::AnswerRemembered(Box::new(remembered)), changes);
        }
        Decision { answer, replayed_seq: None }
    }

    fn decide_once(&mut self, context: &Context, command: Command, changes: &mut Vec<Change>) -> Answer {
        let is_admin = !matches!(context.caller, Caller::User { .. });
        if self.deleted || (self.status == Status::Draft && !is_admin) {
            return Err(Rejection::EventNotFound);
        }
        match command {
            Command::Login { wish, explicit } => self.decide_login(context, &wish, explicit, changes),
            Command::PlaceHold { wish, wait } => self.decide_place_hold(context, &wish, wait, changes),
            Command::ExtendHold { number } => self.decide_extend(context, number, changes),
            Command::GiveTime { number, seconds, reason: _ } => {
                self.decide_give_time(context, number, seconds, changes)
            }
            Command::ConfirmHold { number, quantity } => self.decide_confirm(context, number, quantity, changes),
            Command::ReleaseHold { number, reason } => self.decide_release(context, number, reason, changes),
            Command::RevokeHold { number, reason } => self.decide_revoke(context, number, reason, changes),
            Command::Book { wish } => self.decide_book(context, &wish, changes),
            Command::CancelBooking { number, reason } => self.decide_cancel(context, number, reason, changes),
            Command::JoinQueue { wish } => self.decide_join(context, &wish, changes),
            Command::LeaveQueue { ticket_type } => self.decide_leave(context, ticket_type.as_ref(), changes),
            Command::EndSession => Ok(self.decide_end_session(context, changes)),
            Command::Change(patch) => self.decide_change(context, *patch, changes),
            Command::SetStatus { to, reason } => self.decide_status(context, to, reason, changes),
            Command::Delete { reason: _ } => self.decide_delete(context, changes),
            Command::CreateAgain => Err(Rejection::EventExists),
            Command::CreditDowntime { by_ms } => Ok(self.decide_credit(context, by_ms, changes)),
            Command::Settle => Ok(crate::core::Outcome::Done),
        }
    }

    /// The index of the type named, or of the first.
    pub(super) fn resolve(&self, ticket_type: Option<&Slug>) -> Result<TypeIndex, Rejection> {
        let Some(id) = ticket_type else { return Ok(TypeIndex(0)) };
        let index = self.types.iter().position(|ticket_type| ticket_type.id == *id);
        index.map(|index| TypeIndex(index as u8)).ok_or(Rejection::TicketTypeNotFound)
    }

    /// The wish with its defaults filled in, or what is wrong with it.
    pub(super) fn check_wish(&self, wish: &Wish, default_quantity: u32) -> Result<CheckedWish, Rejection> {
        let quantity = wish.quantity.unwrap_or(default_quantity);
        if quantity == 0 || quantity > QUANTITY_MAX {
            return Err(Rejection::invalid("quantity", format!("must be 1 to {QUANTITY_MAX}")));
        }
        if wish.min_quantity.is_some_and(|least| least == 0 || least > quantity) {
            return Err(Rejection::invalid("min_quantity", format!("must be 1 to {quantity}, the quantity")));
        }
        let ticket_type = self.resolve(wish.ticket_type.as_ref())?;
        Ok(CheckedWish { ticket_type, quantity, min_quantity: wish.min_quantity })
    }

    /// Refuses `quantity` further tickets that the limits do not allow a user who has `party` here.
    pub(super) fn check_limits(&self, party: Option<&Party>, quantity: u32) -> Result<(), Rejection> {
        if quantity > self.settings.max_per_hold {
            return Err(Rejection::LimitReached { limit: self.settings.max_per_hold, used: 0 });
        }
        let used = party.map_or(0, Party::committed);
        if used + quantity > self.settings.max_per_user + u32::from(is_planted(Bug::LimitPlusOne)) {
            return Err(Rejection::LimitReached { limit: self.settings.max_per_user, used });
        }
        Ok(())
    }

    /// Refuses a new hold or place of a user who let too many holds expire here lately.
    pub(super) fn check_damping(&self, context: &Context, party: Option<&Party>) -> Result<(), Rejection> {
        let Some(party) = party.filter(|party| party.expired > 0) else { return Ok(()) };
        let holds = party.numbers.iter().filter_map(|number| self.holds.get(number.0));
        // Of an ended hold, this is the engine time at which it ended: no pause and no credit moves it any more.
        let expired = holds.filter(|hold| hold.state == HoldState::Expired).map(|hold| hold.deadline_ms);
        match context.damping.until_ms(expired.collect()) {
            Some(until_ms) if context.now_ms < until_ms => Err(Rejection::Damped { until_ms }),
            _ => Ok(()),
        }
    }

    /// Refuses anything that takes new tickets outside `on_sale`.
    pub(super) fn check_on_sale(&self) -> Result<(), Rejection> {
        match self.status {
            Status::OnSale => Ok(()),
            Status::Draft => Err(Rejection::EventNotFound),
            Status::Scheduled => Err(Rejection::NotOnSale { opens_at_ms: self.settings.opens_at_ms }),
            Status::Paused => Err(Rejection::SalePaused),
            Status::Closed => Err(Rejection::SaleClosed),
            Status::Cancelled => Err(Rejection::SaleCancelled),
        }
    }

    /// The refusal of a passer-by for whom there is nothing: somebody is ahead, or there is not enough.
    pub(super) fn refuse_tickets(&self, user: UserNumber, wish: &CheckedWish) -> Rejection {
        let ticket_type = self.ticket_type(wish.ticket_type);
        let ahead = ticket_type.queue.eligible_ahead_of(user) as u64;
        let available = ticket_type.capacity.available();
        if ahead > 0 {
            Rejection::QueueAhead { ahead }
        } else if available == 0 {
            Rejection::SoldOut {
                available,
                held: ticket_type.capacity.held(),
                next_expiry_at_ms: self.next_expiry_at_ms(),
            }
        } else {
            Rejection::InsufficientCapacity { available, requested: wish.quantity }
        }
    }

    /// How many tickets a wish gets now: all of it, or at least its minimum; nothing while somebody is ahead.
    pub(super) fn quantity_to_be_had(&self, user: UserNumber, wish: &CheckedWish) -> Option<u32> {
        let ticket_type = self.ticket_type(wish.ticket_type);
        let quantity = wish.quantity.min(ticket_type.capacity.available());
        let enough = quantity >= wish.min_quantity.unwrap_or(wish.quantity);
        let is_first = ticket_type.queue.eligible_ahead_of(user) == 0 || is_planted(Bug::PasserByJumpsLine);
        (enough && is_first).then_some(quantity)
    }
}

impl Context<'_> {
    /// The user who asks.
    ///
    /// # Panics
    ///
    /// Where a command that only users have comes from anybody else: a bug of the caller.
    pub(super) fn user(&self) -> (UserNumber, LoginSeq) {
        match &self.caller {
            Caller::User { user, session } => (*user, *session),
            Caller::Admin { .. } | Caller::System => panic!("a user's command without a user"),
        }
    }

    /// Whether the caller may touch what belongs to `owner`.
    pub(super) fn may_touch(&self, owner: UserNumber) -> bool {
        match &self.caller {
            Caller::User { user, .. } => *user == owner,
            Caller::Admin { .. } | Caller::System => true,
        }
    }
}
