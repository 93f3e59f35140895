//! The objects of the API, as JSON. Field names and order are those of the contract, and the description of the API is made
//! of the same types.

mod booking;
mod change;
mod event;
mod hold;
mod queue;
mod session;
mod value;

use holdfast_engine::core::id::{HoldNumber, LoginSeq, TypeIndex};
use holdfast_engine::handle::EventView;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use utoipa::ToSchema;

pub use booking::{
    AdminBooking, BOOKING_STATES, Booking, ConfirmedBooking, RequestedBooking, admin_booking, booking, booking_state,
    confirmed_booking, requested_booking,
};
pub use change::{ShownChange, change};
pub use event::{AdminEvent, Event, admin_etag, admin_event, event};
pub use hold::{AdminHold, HOLD_STATES, Hold, admin_hold, hold, hold_state};
pub use queue::{AdminQueueEntry, QueueEntry, admin_queue, ended_queue, queue};
pub use session::{AdminSession, Session, admin_session, session};
pub use value::{EventId, NumberedId, Time, TypeId, event_status, one_of};

/// Whose something is.
#[derive(Serialize, ToSchema)]
pub struct Whose {
    user: Option<String>,
    #[schema(pattern = "^[1-9][0-9]*$")]
    session: String,
}

impl Whose {
    fn of(user: Option<String>, session: LoginSeq) -> Whose {
        Whose { user, session: session.0.to_string() }
    }
}

/// The id of a hold or booking.
pub fn numbered(event: &EventView, number: HoldNumber) -> String {
    format!("{}.{}", event.description.id, number.0)
}

/// The id of a ticket type.
pub fn ticket_type(event: &EventView, index: TypeIndex) -> &str {
    // The event of this id may have been removed and made anew, with fewer types, since the number was read.
    event.description.ticket_types.get(usize::from(index.0)).map_or("", |ticket_type| ticket_type.id.as_str())
}

/// JSON that is written already: nobody looks into it any more, it only goes out, by itself or as a part of an answer.
pub type Written = Box<RawValue>;

/// An object as JSON.
pub fn written(object: &impl Serialize) -> Written {
    to_raw_value(object).expect("texts, numbers, lists and objects can be written")
}
