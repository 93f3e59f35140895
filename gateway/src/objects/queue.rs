//! Places in line.

use holdfast_engine::core::outcome::QueueView;
use holdfast_engine::engine::EndedPlace;
use holdfast_engine::handle::EventView;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use super::value::{EventId, Time, TypeId, one_of};
use super::{Whose, Written, written};

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
    /// `null` only in the live feed, of a place that ended while nobody listened who had seen it begin.
    joined_at: Option<Time>,
    #[schema(schema_with = place_state)]
    state: &'static str,
    /// How long the wait is likely to take, as of `server_time`; `null` where it is not known.
    eta_seconds: Option<EtaSeconds>,
    /// By when the user has a hold, or there was no ticket for them; `null` where that cannot be said.
    wait_ends_by: Option<Time>,
    server_time: Time,
}

/// A range of seconds.
#[derive(Serialize, ToSchema)]
pub struct EtaSeconds {
    low: u64,
    high: u64,
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
            joined_at: Some(Time::of(place.joined_at_ms)),
            state: place.state.as_str(),
            eta_seconds: place
                .wait
                .estimate
                .map(|range| EtaSeconds { low: range.low_seconds, high: range.high_seconds }),
            wait_ends_by: place.wait.ends_by_ms.map(Time::of),
            server_time: Time::of(place.at_ms),
        }
    }

    fn ended(event: &EventView, place: &EndedPlace, now_ms: u64) -> QueueEntry {
        QueueEntry {
            event: EventId::of(event),
            ticket_type: TypeId::of(event, place.ticket_type),
            quantity: place.quantity,
            position: 1,
            ahead: 0,
            joined_at: place.joined_at_ms.map(Time::of),
            state: place.state.as_str(),
            eta_seconds: None,
            wait_ends_by: None,
            server_time: Time::of(now_ms),
        }
    }
}

/// A place in line.
pub fn queue(event: &EventView, place: &QueueView) -> Written {
    written(&QueueEntry::of(event, place))
}

/// A place in line that is there no more.
pub fn ended_queue(event: &EventView, place: &EndedPlace, now_ms: u64) -> Written {
    written(&QueueEntry::ended(event, place, now_ms))
}

/// A place in line, for organisers: with whose it is.
pub fn admin_queue(event: &EventView, place: &QueueView, user_name: Option<String>) -> Written {
    written(&AdminQueueEntry { place: QueueEntry::of(event, place), whose: Whose::of(user_name, place.session) })
}

fn place_state() -> Object {
    one_of(PLACE_STATES)
}
