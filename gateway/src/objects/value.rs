//! The values that objects are made of: times, and ids by their form.

use holdfast_engine::core::id::{HoldNumber, TypeIndex};
use holdfast_engine::core::status::Status;
use holdfast_engine::handle::EventView;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

use super::{numbered, ticket_type};
use crate::time::rfc3339;

/// A time: RFC 3339, UTC, with milliseconds.
#[derive(Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = DateTime, pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$")]
pub struct Time(String);

impl Time {
    /// Milliseconds since the Unix epoch.
    pub fn of(at_ms: u64) -> Time {
        Time(rfc3339(at_ms))
    }
}

/// The id of an event, which its organiser has chosen.
#[derive(Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, pattern = "^[a-z0-9][a-z0-9-]{0,63}$")]
pub struct EventId(String);

impl EventId {
    /// The id of this event.
    pub fn of(event: &EventView) -> EventId {
        EventId::new(event.description.id.as_str())
    }

    /// An id that is known to be one.
    pub fn new(id: &str) -> EventId {
        EventId(id.to_owned())
    }
}

/// The id of a ticket type. It is empty where the type is gone since.
#[derive(Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, pattern = "^([a-z0-9][a-z0-9-]{0,63})?$")]
pub struct TypeId(String);

impl TypeId {
    /// The id of a ticket type of this event.
    pub fn of(event: &EventView, index: TypeIndex) -> TypeId {
        TypeId::new(ticket_type(event, index))
    }

    /// An id that is known to be one.
    pub fn new(id: &str) -> TypeId {
        TypeId(id.to_owned())
    }
}

/// The id of a hold, and of the booking that comes of it: `<event>.<number>`.
#[derive(Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, pattern = r"^[a-z0-9][a-z0-9-]{0,63}\.[1-9][0-9]*$")]
pub struct NumberedId(String);

impl NumberedId {
    /// The id of a hold or booking of this event.
    pub fn of(event: &EventView, number: HoldNumber) -> NumberedId {
        NumberedId(numbered(event, number))
    }

    /// An id that is known to be one.
    pub fn new(id: String) -> NumberedId {
        NumberedId(id)
    }
}

/// A text that is one of these.
pub fn one_of<'a>(names: impl IntoIterator<Item = &'a str>) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).build()
}

/// The names of an event's statuses.
pub fn event_status() -> Object {
    one_of(Status::ALL.map(Status::as_str))
}
