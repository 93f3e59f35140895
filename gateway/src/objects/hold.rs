//! Tickets set aside.

use holdfast_engine::core::outcome::HoldView;
use holdfast_engine::handle::EventView;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use super::value::{EventId, NumberedId, Time, TypeId, one_of};
use super::{Whose, Written, written};

/// The states of a hold.
pub const HOLD_STATES: [&str; 4] = ["held", "confirmed", "released", "expired"];

/// What a hold can have come from.
pub const HOLD_SOURCES: [&str; 4] = ["login", "queue", "request", "admin"];

/// Tickets set aside for a user until a deadline.
#[derive(Serialize, ToSchema)]
pub struct Hold {
    id: NumberedId,
    event: EventId,
    ticket_type: TypeId,
    #[schema(minimum = 1)]
    quantity: u32,
    #[schema(schema_with = hold_state)]
    state: &'static str,
    #[schema(schema_with = hold_source)]
    source: &'static str,
    created_at: Time,
    expires_at: Time,
    /// How long is left of it, by the server's clock; 0 where it is over.
    expires_in_ms: u64,
    extensions_left: u32,
    server_time: Time,
}

/// A hold, for organisers: with whose it is.
#[derive(Serialize, ToSchema)]
pub struct AdminHold {
    #[serde(flatten)]
    hold: Hold,
    #[serde(flatten)]
    whose: Whose,
}

impl Hold {
    fn of(event: &EventView, hold: &HoldView) -> Hold {
        Hold {
            id: NumberedId::of(event, hold.number),
            event: EventId::of(event),
            ticket_type: TypeId::of(event, hold.ticket_type),
            quantity: hold.quantity,
            state: hold.state.as_str(),
            source: hold.source.as_str(),
            created_at: Time::of(hold.created_at_ms),
            expires_at: Time::of(hold.expires_at_ms),
            expires_in_ms: hold.expires_in_ms,
            extensions_left: hold.extensions_left,
            server_time: Time::of(hold.at_ms),
        }
    }
}

/// A hold.
pub fn hold(event: &EventView, hold: &HoldView) -> Written {
    written(&Hold::of(event, hold))
}

/// A hold, for organisers: with whose it is.
pub fn admin_hold(event: &EventView, view: &HoldView, user_name: Option<String>) -> Written {
    written(&AdminHold { hold: Hold::of(event, view), whose: Whose::of(user_name, view.session) })
}

/// The names of a hold's states.
pub fn hold_state() -> Object {
    one_of(HOLD_STATES)
}

fn hold_source() -> Object {
    one_of(HOLD_SOURCES)
}
