//! What became of holds.

use holdfast_engine::core::outcome::BookingView;
use holdfast_engine::handle::EventView;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use super::value::{EventId, NumberedId, Time, TypeId, one_of};
use super::{Whose, Written, written};

/// The states of a booking.
pub const BOOKING_STATES: [&str; 2] = ["booked", "cancelled"];

/// Tickets that are a user's.
#[derive(Serialize, ToSchema)]
pub struct Booking {
    id: NumberedId,
    event: EventId,
    ticket_type: TypeId,
    #[schema(minimum = 1)]
    quantity: u32,
    #[schema(schema_with = booking_state)]
    state: &'static str,
    booked_at: Time,
    cancelled_at: Option<Time>,
    /// Whether the money is to be given back.
    refund_due: bool,
    server_time: Time,
}

/// A booking that a hold was confirmed to.
#[derive(Serialize, ToSchema)]
pub struct ConfirmedBooking {
    #[serde(flatten)]
    booking: Booking,
    /// Whether the hold's time was over, and its tickets were still free.
    rescued: bool,
}

/// A booking that was asked for as such.
#[derive(Serialize, ToSchema)]
pub struct RequestedBooking {
    #[serde(flatten)]
    booking: Booking,
    /// Whether it was the user's hold that was booked.
    from_hold: bool,
}

/// A booking, for organisers: with whose it is.
#[derive(Serialize, ToSchema)]
pub struct AdminBooking {
    #[serde(flatten)]
    booking: Booking,
    #[serde(flatten)]
    whose: Whose,
}

impl Booking {
    fn of(event: &EventView, booking: &BookingView) -> Booking {
        let is_cancelled = booking.cancelled_at_ms.is_some();
        Booking {
            id: NumberedId::of(event, booking.number),
            event: EventId::of(event),
            ticket_type: TypeId::of(event, booking.ticket_type),
            quantity: booking.quantity,
            state: if is_cancelled { "cancelled" } else { "booked" },
            booked_at: Time::of(booking.booked_at_ms),
            cancelled_at: booking.cancelled_at_ms.map(Time::of),
            refund_due: is_cancelled,
            server_time: Time::of(booking.at_ms),
        }
    }
}

/// A booking.
pub fn booking(event: &EventView, booking: &BookingView) -> Written {
    written(&Booking::of(event, booking))
}

/// A booking that a hold was confirmed to.
pub fn confirmed_booking(event: &EventView, booking: &BookingView, rescued: bool) -> Written {
    written(&ConfirmedBooking { booking: Booking::of(event, booking), rescued })
}

/// A booking that was asked for as such.
pub fn requested_booking(event: &EventView, booking: &BookingView, from_hold: bool) -> Written {
    written(&RequestedBooking { booking: Booking::of(event, booking), from_hold })
}

/// A booking, for organisers: with whose it is.
pub fn admin_booking(event: &EventView, view: &BookingView, user_name: Option<String>) -> Written {
    written(&AdminBooking { booking: Booking::of(event, view), whose: Whose::of(user_name, view.session) })
}

/// The names of a booking's states.
pub fn booking_state() -> Object {
    one_of(BOOKING_STATES)
}
