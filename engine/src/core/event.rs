//! One event: its counters, its lines, its holds and bookings.
//!
//! [`Event::decide`] checks a command and emits changes; [`Event::evolve`] applies a change and is the
//! only mutator; [`Event::advance`] emits what follows from the passing of time and from free tickets.

mod advance;
mod auditing;
mod booking;
mod decide;
mod evolve;
mod expiry_calendar;
mod holding;
mod image;
mod invariants;
mod lasted;
mod lists;
mod organising;
mod queueing;
mod views;
mod waiting;

use super::capacity::Capacity;
use super::change::{Change, EventCreated, Share};
use super::flow::Flow;
use super::hold::{Booking, Hold};
use super::id::{EventNumber, HoldNumber, LoginSeq, Slug, TypeIndex, UserNumber};
use super::idempotency::RememberedAnswers;
use super::party::Party;
use super::queue::LoginQueue;
use super::settings::{Details, Price, Settings};
use super::status::Status;
use super::table::NumberedTable;
use super::user_map::UserMap;
use expiry_calendar::ExpiryCalendar;

pub use advance::STEP_CHANGES_MAX;
pub use decide::Decision;
pub use image::{EventImage, HoldRow, QueueRow};
pub use lasted::{Lasted, WaitEnd};
pub use lists::{ListPage, ListWish, PAGE_LOOKS_MAX};
pub use views::{Figures, Standing};

/// A concert, a match: the thing tickets are sold for.
#[derive(Debug)]
pub struct Event {
    number: EventNumber,
    id: Slug,
    details: Details,
    settings: Settings,
    status: Status,
    /// Counted up by every change an organiser makes: what `If-Match` compares.
    version: u32,
    /// When the running pause began; `None` while the sale clock runs.
    paused_at_ms: Option<u64>,
    /// How far the sale clock is behind engine time: the sum of all pauses and credits.
    clock_shift_ms: u64,
    types: Vec<TicketType>,
    holds: NumberedTable<Hold>,
    bookings: NumberedTable<Booking>,
    /// The number the next hold or direct booking gets.
    next_number: u32,
    remembered: RememberedAnswers,
    /// The event was removed; it answers nothing any more.
    deleted: bool,

    // Derived from the above, never stored.
    parties: UserMap<Party>,
    /// No hold below this number is live, no booking below it stands, in an event that was cancelled.
    swept_below: u32,
    /// See [`Event::take_lasted`].
    lasted: Vec<Lasted>,
}

/// A pool of interchangeable tickets of an event.
#[derive(Debug)]
pub struct TicketType {
    /// The type's id within its event.
    pub id: Slug,
    /// The type's name.
    pub name: String,
    /// What a ticket costs.
    pub price: Option<Price>,
    /// The counters.
    pub capacity: Capacity,
    /// The line.
    pub queue: LoginQueue,

    // Derived from the holds and the changes, never stored.
    expiries: ExpiryCalendar,
    /// No live hold ends after this time on the sale clock, however often its user extends it; it may be that of one
    /// that is over.
    latest_end_ms: u64,
    /// How fast the line moves.
    flow: Flow,
}

impl Event {
    /// The event that `created` tells of.
    pub fn new(number: EventNumber, created: &EventCreated) -> Event {
        let ticket_type = |definition: &super::settings::TicketTypeDefinition| TicketType {
            id: definition.id.clone(),
            name: definition.name.clone(),
            price: definition.price.clone(),
            capacity: Capacity::new(definition.capacity),
            queue: LoginQueue::default(),
            expiries: ExpiryCalendar::default(),
            latest_end_ms: 0,
            flow: Flow::new(created.settings.hold_seconds),
        };
        Event {
            number,
            id: created.id.clone(),
            details: created.details.clone(),
            settings: created.settings.clone(),
            status: created.status,
            version: 1,
            paused_at_ms: None,
            clock_shift_ms: 0,
            types: created.ticket_types.iter().map(ticket_type).collect(),
            holds: NumberedTable::default(),
            bookings: NumberedTable::default(),
            next_number: 1,
            remembered: RememberedAnswers::default(),
            deleted: false,
            parties: UserMap::default(),
            swept_below: 1,
            lasted: Vec::new(),
        }
    }

    /// The event's number inside this server.
    pub fn number(&self) -> EventNumber {
        self.number
    }

    /// The event's id.
    pub fn id(&self) -> &Slug {
        &self.id
    }

    /// The texts.
    pub fn details(&self) -> &Details {
        &self.details
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Where the event is in its life.
    pub fn status(&self) -> Status {
        self.status
    }

    /// What an organiser's `If-Match` is compared with.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Whether the event was removed.
    pub fn is_deleted(&self) -> bool {
        self.deleted
    }

    /// The ticket types.
    pub fn ticket_types(&self) -> &[TicketType] {
        &self.types
    }

    /// The time on the sale clock, in milliseconds: engine time less all pauses and credits. Hold deadlines count on it.
    pub fn sale_clock_ms(&self, now_ms: u64) -> u64 {
        // Time in the core never goes back; saturating guards the first step after a recovery against a clock that
        // stands at the very millisecond of the last change.
        self.paused_at_ms.unwrap_or(now_ms).saturating_sub(self.clock_shift_ms)
    }

    /// When, in engine time, the sale clock will stand at `sale_clock_ms`, if no pause comes between; `None` while it
    /// stands still.
    pub fn engine_time_of(&self, sale_clock_ms: u64) -> Option<u64> {
        if self.paused_at_ms.is_some() { None } else { Some(sale_clock_ms.saturating_add(self.clock_shift_ms)) }
    }

    /// When the lifecycle next moves by itself, in milliseconds since the Unix epoch.
    pub fn next_transition_ms(&self) -> Option<u64> {
        match self.status {
            Status::Scheduled => self.settings.opens_at_ms,
            Status::OnSale => self.settings.closes_at_ms,
            Status::Draft | Status::Paused | Status::Closed | Status::Cancelled => None,
        }
    }

    /// The deadline of the live hold `number` on the sale clock.
    pub fn live_deadline_ms(&self, number: HoldNumber) -> Option<u64> {
        self.holds.get(number.0).filter(|hold| hold.is_live()).map(|hold| hold.deadline_ms)
    }

    /// All live holds with their deadlines on the sale clock, by number.
    pub fn live_holds(&self) -> impl Iterator<Item = (HoldNumber, u64)> {
        let live = self.holds.iter().filter(|(_, hold)| hold.is_live());
        live.map(|(number, hold)| (HoldNumber(number), hold.deadline_ms))
    }

    /// Everybody who has a hold, a booking or a place in line here, once or more, in no particular order.
    pub fn users(&self) -> impl Iterator<Item = UserNumber> {
        let waiting = self.types.iter().flat_map(|ticket_type| ticket_type.queue.iter().map(|entry| entry.user));
        self.parties.iter().map(|(user, _)| user).chain(waiting)
    }

    /// Everybody who has a live hold or a place in line, with the session it was got under; once for each of these.
    pub fn users_with_something_live(&self) -> impl Iterator<Item = (UserNumber, LoginSeq)> {
        let holding = self.holds.iter().filter(|(_, hold)| hold.is_live()).map(|(_, hold)| (hold.user, hold.session));
        let waiting = self.types.iter().flat_map(|ticket_type| ticket_type.queue.iter());
        holding.chain(waiting.map(|entry| (entry.user, entry.session)))
    }

    /// The sessions of those who are passed over in a line; once for each line.
    pub fn passed_over(&self) -> impl Iterator<Item = LoginSeq> {
        self.types.iter().flat_map(|ticket_type| ticket_type.queue.passed_over().map(|entry| entry.session))
    }

    /// Tells the oldest remembered answer of `scope` that has none the journal number of its step.
    pub fn journaled(&mut self, scope: super::idempotency::KeyScope, seq: u64) {
        self.remembered.journaled(scope, seq);
    }

    fn ticket_type(&self, index: TypeIndex) -> &TicketType {
        &self.types[usize::from(index.0)]
    }

    fn ticket_type_mut(&mut self, index: TypeIndex) -> &mut TicketType {
        &mut self.types[usize::from(index.0)]
    }

    fn type_indexes(&self) -> impl Iterator<Item = TypeIndex> + use<> {
        (0..self.types.len()).map(|index| TypeIndex(index as u8))
    }

    /// The live hold of `user` on `ticket_type`, or on any type.
    fn live_hold_of(&self, user: UserNumber, ticket_type: Option<TypeIndex>) -> Option<(HoldNumber, &Hold)> {
        self.live_holds_of(user).find(|(_, hold)| ticket_type.is_none_or(|wanted| hold.ticket_type == wanted))
    }

    /// The live holds of `user`, the newest first. It looks no further than all tickets held are found: who has bought for
    /// many others has many bookings, too.
    fn live_holds_of(&self, user: UserNumber) -> impl Iterator<Item = (HoldNumber, &Hold)> {
        let party = self.parties.get(user);
        let mut left = party.map_or(0, |party| party.held);
        let mut numbers = party.map_or(&[][..], |party| &*party.numbers).iter().rev();
        std::iter::from_fn(move || {
            while left > 0 {
                let number = *numbers.next()?;
                if let Some(hold) = self.holds.get(number.0).filter(|hold| hold.is_live()) {
                    left -= hold.quantity;
                    return Some((number, hold));
                }
            }
            None
        })
    }

    /// Tickets of `user` that count against `max_per_user`.
    fn committed_of(&self, user: UserNumber) -> u32 {
        self.parties.get(user).map_or(0, Party::committed)
    }

    /// Applies `change` and keeps it: the one way a decision alters anything.
    fn emit(&mut self, at_ms: u64, change: Change, changes: &mut Vec<Change>) {
        self.note_lasted(at_ms, &change);
        self.evolve(at_ms, &change);
        changes.push(change);
    }
}

fn share_of(hold: &Hold) -> Share {
    Share { ticket_type: hold.ticket_type, user: hold.user, session: hold.session, quantity: hold.quantity }
}
