//! Places in line.

use holdfast_engine::core::outcome::QueueView;
use holdfast_engine::handle::EventView;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use super::value::{EventId, Time, TypeId, one_of};
use super::{Whose, shown};

/// The states of a place in line.
const PLACE_STATES: [&str; 4] = ["waiting", "granted", "left", "dropped"];

/// A user's place in the line of a ticket type.
#[derive(Serialize, ToSchema)]
pub struct QueueEntry {
    event: EventId,
    ticket_type: TypeId,
    #[schema(minimum = 1)]
    quantity: u32,
    /// 1 for who is next.
    #[schema(minimum = 1)]
    position: u64,
    /// How many wait ahead.
    ahead: u64,
    joined_at: Time,
    #[schema(schema_with = place_state)]
    state: &'static str,
    server_time: Time,
}

/// A place in line, for organisers: with whose it is.
#[derive(Serialize, ToSchema)]
pub struct AdminQueueEntry {
    #[serde(flatten)]
    place: QueueEntry,
    #[serde(flatten)]
    whose: Whose,
}

impl QueueEntry {
    fn of(event: &EventView, place: &QueueView) -> QueueEntry {
        QueueEntry {
            event: EventId::of(event),
            ticket_type: TypeId::of(event, place.ticket_type),
            quantity: place.quantity,
            position: place.ahead + 1,
            ahead: place.ahead,
            joined_at: Time::of(place.joined_at_ms),
            state: place.state.as_str(),
            server_time: Time::of(place.at_ms),
        }
    }
}

/// A place in line.
pub fn queue(event: &EventView, place: &QueueView) -> Value {
    shown(&QueueEntry::of(event, place))
}

/// A place in line, for organisers: with whose it is.
pub fn admin_queue(event: &EventView, place: &QueueView, user_name: Option<String>) -> Value {
    shown(&AdminQueueEntry { place: QueueEntry::of(event, place), whose: Whose::of(user_name, place.session) })
}

fn place_state() -> Object {
    one_of(PLACE_STATES)
}
