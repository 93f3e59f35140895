//! What all users of an event have, for organisers: its holds, its bookings, its lines.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use holdfast_engine::core::event::{ListPage, ListWish};
use holdfast_engine::core::id::{Slug, UserNumber};
use holdfast_engine::core::outcome::{BookingView, HoldView, QueueView};
use holdfast_engine::core::{Event, Rejection};
use holdfast_engine::engine::Engine;
use holdfast_engine::handle::EventView;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::holds;
use crate::answer::{self, List};
use crate::error::{ApiError, Success};
use crate::gateway::Gateway;
use crate::identity::Organiser;
use crate::objects::{self, AdminBooking, AdminHold, AdminQueueEntry, BOOKING_STATES, HOLD_STATES, Written};
use crate::openapi::parameters::{BookingStateQuery, HoldStateQuery, WaitingStateQuery};
use crate::openapi::refusals;
use crate::page::Page;
use crate::request::{PathId, Query, event_id, ticket_type};

/// Who waits no more is in no line: the state is there to be asked for, and has one value.
const QUEUE_STATES: [&str; 1] = ["waiting"];

pub(super) fn router() -> OpenApiRouter<Arc<Gateway>> {
    OpenApiRouter::default().routes(routes!(holds)).routes(routes!(bookings)).routes(routes!(queue))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    #[param(ignore)]
    state: Option<String>,
    /// Only those of this user.
    user: Option<String>,
    /// Only those of this type.
    #[param(pattern = "^[a-z0-9][a-z0-9-]{0,63}$")]
    ticket_type: Option<String>,
    /// The most items of the page; without it, 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-9]{1,19}$")]
    cursor: Option<String>,
}

impl ListQuery {
    /// What is asked of the event, and the state that the items must have, one of `states`.
    fn read(self, engine: &Engine, states: &[&str]) -> Result<(ListWish, Option<String>), ApiError> {
        let ListQuery { state, user, ticket_type: type_id, limit, cursor } = self;
        let query = holds::ListQuery { state, limit, cursor };
        query.state(states)?;
        let page = Page::new(query.limit, query.cursor.as_deref())?;
        let user = user.map(|name| user_named(engine, &name));
        Ok((ListWish { after: page.after, limit: page.limit, user, ticket_type: ticket_type(type_id)? }, query.state))
    }
}

/// The number of a user. A name that nobody has logged in with has nothing anywhere: no user has the number 0.
pub(super) fn user_named(engine: &Engine, name: &str) -> UserNumber {
    engine.user_number(name).unwrap_or(UserNumber(0))
}

/// The holds of an event, with whose they are.
#[utoipa::path(
    get, path = "/v1/admin/events/{event}/holds", operation_id = "admin_list_holds", tag = "organisers",
    params(ListQuery, HoldStateQuery),
    responses((status = 200, description = "A page of holds", body = List<AdminHold>)),
    security(("organiser_token" = []), ("organiser_cookie" = [])),
    extensions(("x-refusals" = json!(refusals::EVENT_LIST))),
)]
async fn holds(
    State(gateway): State<Arc<Gateway>>,
    PathId(event): PathId,
    _: Organiser,
    Query(query): Query<ListQuery>,
) -> Result<Response, ApiError> {
    let (engine, event) = (gateway.engine()?, event_id(&event)?);
    let (wish, state) = query.read(engine, &HOLD_STATES)?;
    let is_wanted = |hold: &HoldView| state.as_deref().is_none_or(|state| hold.state.as_str() == state);
    let list = |event: &Event, now_ms| event.list_holds(now_ms, &wish, &is_wanted);
    answer_page(engine, &event, list, |view, hold| objects::admin_hold(view, hold, engine.user_name(hold.user))).await
}

/// The bookings of an event, with whose they are.
#[utoipa::path(
    get, path = "/v1/admin/events/{event}/bookings", operation_id = "admin_list_bookings", tag = "organisers",
    params(ListQuery, BookingStateQuery),
    responses((status = 200, description = "A page of bookings", body = List<AdminBooking>)),
    security(("organiser_token" = []), ("organiser_cookie" = [])),
    extensions(("x-refusals" = json!(refusals::EVENT_LIST))),
)]
async fn bookings(
    State(gateway): State<Arc<Gateway>>,
    PathId(event): PathId,
    _: Organiser,
    Query(query): Query<ListQuery>,
) -> Result<Response, ApiError> {
    let (engine, event) = (gateway.engine()?, event_id(&event)?);
    let (wish, state) = query.read(engine, &BOOKING_STATES)?;
    let is_wanted = |booking: &BookingView| {
        state.as_deref().is_none_or(|state| (state == "cancelled") == booking.cancelled_at_ms.is_some())
    };
    let list = |event: &Event, now_ms| event.list_bookings(now_ms, &wish, &is_wanted);
    let render =
        |view: &EventView, booking: &BookingView| objects::admin_booking(view, booking, engine.user_name(booking.user));
    answer_page(engine, &event, list, render).await
}

/// Who waits, by ticket type, and then in the order of the line.
#[utoipa::path(
    get, path = "/v1/admin/events/{event}/queue", operation_id = "admin_list_queue", tag = "organisers",
    params(ListQuery, WaitingStateQuery),
    responses((status = 200, description = "A page of places", body = List<AdminQueueEntry>)),
    security(("organiser_token" = []), ("organiser_cookie" = [])),
    extensions(("x-refusals" = json!(refusals::EVENT_LIST))),
)]
async fn queue(
    State(gateway): State<Arc<Gateway>>,
    PathId(event): PathId,
    _: Organiser,
    Query(query): Query<ListQuery>,
) -> Result<Response, ApiError> {
    let (engine, event) = (gateway.engine()?, event_id(&event)?);
    let (wish, _) = query.read(engine, &QUEUE_STATES)?;
    let list = |event: &Event, now_ms| event.list_places(now_ms, &wish);
    let render = |view: &EventView, place: &QueueView| objects::admin_queue(view, place, engine.user_name(place.user));
    answer_page(engine, &event, list, render).await
}

/// Lists, and renders what was found.
async fn answer_page<T>(
    engine: &Engine,
    event: &Slug,
    list: impl FnOnce(&Event, u64) -> Result<ListPage<T>, Rejection>,
    render: impl Fn(&EventView, &T) -> Written,
) -> Result<Response, ApiError> {
    let found = engine.read(event, list).await.zip(engine.event(event));
    let (listed, view) = found.ok_or(ApiError::NotFound("event_not_found"))?;
    let page = listed.map_err(|rejection| ApiError::rejected(rejection, Some(event.clone()), engine.now_ms()))?;
    let items = page.items.iter().map(|item| render(&view, item)).collect();
    let next_cursor = page.next_after.map(|after| after.to_string());
    Ok(answer::personal(answer::body(Success::Ok, answer::list(items, next_cursor))))
}
