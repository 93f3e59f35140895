//! Parameters that handlers read otherwise than by a type of their own: headers, and states that are told apart by the call.

use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

use crate::objects::{BOOKING_STATES, HOLD_STATES, one_of};

/// `Idempotency-Key`, where it has an effect.
pub struct IdempotencyKeyHeader;

impl IntoParams for IdempotencyKeyHeader {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let schema = text().min_length(Some(1)).max_length(Some(128)).pattern(Some("^[!-~]+$"));
        let description = "Makes it safe to ask again: a request that is repeated with its key has exactly one effect, and \
                           is answered as the first time. The same key with another request is refused.";
        vec![optional(ParameterIn::Header, "Idempotency-Key", description, schema.build())]
    }
}

/// `If-Match`.
pub struct IfMatchHeader;

impl IntoParams for IfMatchHeader {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let description =
            "The `ETag` of the event as it was read. Where somebody has changed it since, nothing is done.";
        vec![optional(ParameterIn::Header, "If-Match", description, text().build())]
    }
}

/// `If-None-Match`.
pub struct IfNoneMatchHeader;

impl IntoParams for IfNoneMatchHeader {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let description = "The `ETag` of an earlier answer. Where it is the present one, there is no body.";
        vec![optional(ParameterIn::Header, "If-None-Match", description, text().build())]
    }
}

/// `Last-Event-ID`.
pub struct LastEventIdHeader;

impl IntoParams for LastEventIdHeader {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let description = "The `id` of the newest message that was received: what the client has been told is not told \
                           again.";
        vec![optional(ParameterIn::Header, "Last-Event-ID", description, text().build())]
    }
}

/// `state`, of holds.
pub struct HoldStateQuery;

impl IntoParams for HoldStateQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![state(&HOLD_STATES)]
    }
}

/// `state`, of bookings.
pub struct BookingStateQuery;

impl IntoParams for BookingStateQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![state(&BOOKING_STATES)]
    }
}

/// `state`, of places in line.
pub struct WaitingStateQuery;

impl IntoParams for WaitingStateQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![state(&["waiting"])]
    }
}

fn state(states: &[&str]) -> Parameter {
    optional(ParameterIn::Query, "state", "Only those in this state.", one_of(states.iter().copied()))
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn optional(place: ParameterIn, name: &str, description: &str, schema: Object) -> Parameter {
    let parameter = ParameterBuilder::new().name(name).parameter_in(place).required(Required::False);
    parameter.description(Some(description)).schema(Some(schema)).build()
}
