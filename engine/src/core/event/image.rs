//! An event as a snapshot holds it: everything that is not derived, flat, in one canonical order.

use serde::{Deserialize, Serialize};

use super::{Event, TicketType};
use crate::core::change::{EventCreated, Share};
use crate::core::hold::{Booking, Hold};
use crate::core::id::{EventNumber, HoldNumber, Slug, TypeIndex, UserNumber};
use crate::core::idempotency::{KeyScope, Remembered};
use crate::core::planted::{Bug, is_planted};
use crate::core::queue::QueueEntry;
use crate::core::settings::{Details, Settings, TicketTypeDefinition};
use crate::core::status::Status;

/// The part of an event that does not grow with its sale. Holds, bookings, queue entries and remembered answers follow
/// it as rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventImage {
    number: EventNumber,
    id: Slug,
    details: Details,
    settings: Settings,
    status: Status,
    version: u32,
    paused_at_ms: Option<u64>,
    clock_shift_ms: u64,
    ticket_types: Vec<TicketTypeDefinition>,
    next_number: u32,
}

/// A hold with its number.
pub type HoldRow = (HoldNumber, Hold);

/// A queue entry: who waits for what, the fewest they would take (0: all or nothing), and since when.
pub type QueueRow = (Share, u32, u64);

impl Event {
    /// The event without its rows.
    pub fn image(&self) -> EventImage {
        let definition = |ticket_type: &TicketType| TicketTypeDefinition {
            id: ticket_type.id.clone(),
            name: ticket_type.name.clone(),
            capacity: ticket_type.capacity.total(),
            price: ticket_type.price.clone(),
        };
        EventImage {
            number: self.number,
            id: self.id.clone(),
            details: self.details.clone(),
            settings: self.settings.clone(),
            status: self.status,
            version: self.version,
            paused_at_ms: self.paused_at_ms,
            clock_shift_ms: self.clock_shift_ms,
            ticket_types: self.types.iter().map(definition).collect(),
            next_number: self.next_number,
        }
    }

    /// All holds, by number.
    pub fn hold_rows(&self) -> impl Iterator<Item = HoldRow> {
        self.holds.iter().map(|(number, hold)| (HoldNumber(number), hold.clone()))
    }

    /// All bookings, by number.
    pub fn booking_rows(&self) -> impl Iterator<Item = (HoldNumber, Booking)> {
        self.bookings.iter().map(|(number, booking)| (HoldNumber(number), booking.clone()))
    }

    /// All queue entries, by ticket type, in the order of the line.
    pub fn queue_rows(&self) -> impl Iterator<Item = QueueRow> {
        let row = |index, entry: &QueueEntry| {
            let min_quantity = entry.min_quantity.map_or(0, |least| least.get());
            (super::advance::entry_share(index, entry), min_quantity, entry.joined_at_ms)
        };
        let types = self.type_indexes().zip(&self.types);
        types.flat_map(move |(index, ticket_type)| ticket_type.queue.iter().map(move |entry| row(index, entry)))
    }

    /// Who is passed over, by ticket type, in the order of the line.
    pub fn passed_over_rows(&self) -> impl Iterator<Item = (TypeIndex, UserNumber)> {
        let types = self.type_indexes().zip(&self.types);
        types.flat_map(|(index, ticket_type)| ticket_type.queue.passed_over().map(move |entry| (index, entry.user)))
    }

    /// All remembered answers, oldest first: the order in which they must be put back, since they are forgotten in it.
    pub fn remembered_rows(&self) -> Vec<(KeyScope, Remembered)> {
        let mut rows: Vec<_> = self.remembered.iter().map(|(scope, answer)| (scope, answer.clone())).collect();
        rows.sort_by_key(|(scope, answer)| (answer.at_ms, *scope));
        rows
    }

    /// The event of an image, still without rows.
    pub fn from_image(image: EventImage) -> Event {
        let created = EventCreated {
            id: image.id,
            details: image.details,
            settings: image.settings,
            ticket_types: image.ticket_types,
            status: image.status,
        };
        let mut event = Event::new(image.number, &created);
        event.version = image.version;
        event.paused_at_ms = image.paused_at_ms;
        event.clock_shift_ms = image.clock_shift_ms;
        event.next_number = if is_planted(Bug::NumbersBeginAnew) { 1 } else { image.next_number };
        event
    }

    /// Puts a hold back and counts it.
    pub fn restore_hold(&mut self, (number, hold): HoldRow) {
        let party = self.parties.get_or_default(hold.user);
        if hold.is_live() {
            party.hold(number, &hold);
            let latest_end_ms = self.latest_end_ms(&hold);
            let ticket_type = self.ticket_type_mut(hold.ticket_type);
            ticket_type.capacity.hold(hold.quantity);
            ticket_type.expiries.add(hold.deadline_ms);
            ticket_type.latest_end_ms = ticket_type.latest_end_ms.max(latest_end_ms);
        } else {
            party.numbers.insert_in_order(number);
            party.remember_end(hold.state);
        }
        self.holds.insert(number.0, hold);
    }

    /// Puts a booking back and counts it.
    pub fn restore_booking(&mut self, (number, booking): (HoldNumber, Booking)) {
        let party = self.parties.get_or_default(booking.user);
        if booking.is_booked() {
            party.book(number, booking.quantity);
            self.types[usize::from(booking.ticket_type.0)].capacity.book(booking.quantity);
        } else {
            party.numbers.insert_in_order(number);
        }
        self.bookings.insert(number.0, booking);
    }

    /// Puts a queue entry back at the end of its line.
    pub fn restore_queue_entry(&mut self, (share, min_quantity, joined_at_ms): QueueRow) {
        self.evolve(joined_at_ms, &crate::core::Change::QueueJoined { share, min_quantity });
    }

    /// Passes somebody over who stands in line again.
    pub fn restore_passed_over(&mut self, (ticket_type, user): (TypeIndex, UserNumber)) {
        self.ticket_type_mut(ticket_type).queue.pass_over(user);
    }

    /// Puts a remembered answer back.
    pub fn restore_remembered(&mut self, (scope, remembered): (KeyScope, Remembered)) {
        self.remembered.remember(scope, remembered);
    }
}
