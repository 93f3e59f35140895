//! Bookings.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use holdfast_engine::core::{Command, Outcome, Rejection};
use holdfast_engine::handle::Reply;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::holds::{ListQuery, NoBody, list_key};
use crate::answer::{self, Answered, List};
use crate::error::{ApiError, Success};
use crate::gateway::Gateway;
use crate::identity::Buyer;
use crate::objects::{self, BOOKING_STATES, Booking, RequestedBooking};
use crate::openapi::parameters::{BookingStateQuery, IdempotencyKeyHeader};
use crate::openapi::refusals;
use crate::operation::{BookBody, Operation};
use crate::page::Page;
use crate::request::{Mutation, PathId, Query, numbered_id};
use crate::traces;

const NOT_FOUND: &str = "booking_not_found";

pub(super) fn router() -> OpenApiRouter<Arc<Gateway>> {
    OpenApiRouter::default().routes(routes!(book)).routes(routes!(list)).routes(routes!(one, cancel))
}

/// Books tickets: those of my hold, or else free ones.
#[utoipa::path(
    post, path = "/v1/events/{event}/bookings", operation_id = "book", tag = "bookings",
    params(IdempotencyKeyHeader),
    request_body = BookBody,
    responses((status = 201, description = "The booking", body = RequestedBooking)),
    security(("session_token" = []), ("session_cookie" = [])),
    extensions(("x-refusals" = json!(refusals::BOOKING))),
)]
async fn book(
    State(gateway): State<Arc<Gateway>>,
    PathId(event): PathId,
    buyer: Buyer,
    request: Mutation<BookBody>,
) -> Result<Answered, ApiError> {
    Operation::book(&event, request.body)?.execute(gateway.engine()?, buyer.asker(), request.key).await
}

/// My bookings over all events.
#[utoipa::path(
    get, path = "/v1/bookings", operation_id = "list_bookings", tag = "bookings",
    params(ListQuery, BookingStateQuery),
    responses((status = 200, description = "A page of bookings", body = List<Booking>)),
    security(("session_token" = []), ("session_cookie" = [])),
    extensions(("x-refusals" = json!(refusals::LIST))),
)]
async fn list(
    State(gateway): State<Arc<Gateway>>,
    buyer: Buyer,
    Query(query): Query<ListQuery>,
) -> Result<Response, ApiError> {
    let engine = gateway.engine()?;
    let page = Page::new(query.limit, query.cursor.as_deref())?;
    let state = query.state(&BOOKING_STATES)?;
    let mut bookings = engine.belongings(buyer.0.user).await.bookings;
    let is_wanted = |cancelled: bool| state.is_none_or(|state| (state == "cancelled") == cancelled);
    bookings.retain(|(_, booking)| is_wanted(booking.cancelled_at_ms.is_some()));
    bookings.sort_by_key(|(view, booking)| list_key(view.description.number.0, booking.number.0));
    let key = |number: u32, booking: u32| list_key(number, booking);
    let keyed =
        bookings.iter().map(|(view, booking)| (key(view.description.number.0, booking.number.0), (view, booking)));
    let (bookings, next_cursor) = page.of(keyed);
    let items = bookings.into_iter().map(|(view, booking)| objects::booking(view, booking)).collect();
    Ok(answer::personal(answer::body(Success::Ok, answer::list(items, next_cursor))))
}

/// One of my bookings.
#[utoipa::path(
    get, path = "/v1/bookings/{booking}", operation_id = "read_booking", tag = "bookings",
    responses((status = 200, description = "The booking", body = Booking)),
    security(("session_token" = []), ("session_cookie" = [])),
)]
async fn one(State(gateway): State<Arc<Gateway>>, PathId(booking): PathId, buyer: Buyer) -> Result<Response, ApiError> {
    let (engine, (event, number)) = (gateway.engine()?, numbered_id(&booking, NOT_FOUND)?);
    let found = engine.read(&event, |event, now_ms| event.booking(now_ms, number, Some(buyer.0.user))).await.flatten();
    let booking = found.zip(engine.event(&event)).map(|(booking, view)| objects::booking(&view, &booking));
    let booking = booking.ok_or(ApiError::NotFound(NOT_FOUND))?;
    Ok(answer::personal(answer::body(Success::Ok, booking)))
}

/// Cancels a booking. Its tickets go to the line, and a refund is due.
#[utoipa::path(
    delete, path = "/v1/bookings/{booking}", operation_id = "cancel_booking", tag = "bookings",
    params(IdempotencyKeyHeader),
    request_body = NoBody,
    responses((status = 200, description = "The booking, cancelled", body = Booking)),
    security(("session_token" = []), ("session_cookie" = [])),
    extensions(("x-refusals" = json!(refusals::CANCELLING))),
)]
async fn cancel(
    State(gateway): State<Arc<Gateway>>,
    PathId(booking): PathId,
    buyer: Buyer,
    request: Mutation<NoBody>,
) -> Result<Response, ApiError> {
    let NoBody {} = request.body;
    let (engine, (event, number)) = (gateway.engine()?, numbered_id(&booking, NOT_FOUND)?);
    let command = Command::CancelBooking { number, reason: None };
    let reply = traces::engine(engine.execute(&event, buyer.asker(), request.key, command)).await?;
    answer::mutation(engine, &event, booking_of_no_event(reply), |view, outcome| match outcome {
        Outcome::Cancelled(booking) => Some((Success::Ok, Some(objects::booking(view, booking)))),
        _ => None,
    })
}

/// A booking of an event that does not exist is a booking that does not exist.
pub(super) fn booking_of_no_event(reply: Reply) -> Reply {
    use Rejection::{BookingNotFound, EventNotFound};
    let answer = reply.answer.map_err(|rejection| if rejection == EventNotFound { BookingNotFound } else { rejection });
    Reply { answer, ..reply }
}
