//! Holds: tickets set aside.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::answer::{self, Answered, List};
use crate::error::{ApiError, Success};
use crate::gateway::Gateway;
use crate::identity::Buyer;
use crate::objects::{self, ConfirmedBooking, HOLD_STATES, Hold, QueueEntry};
use crate::openapi::parameters::{HoldStateQuery, IdempotencyKeyHeader};
use crate::openapi::refusals;
use crate::operation::{ConfirmBody, HOLD_NOT_FOUND, HoldBody, Operation};
use crate::page::Page;
use crate::request::{Mutation, PathId, Query, numbered_id};

pub(super) fn router() -> OpenApiRouter<Arc<Gateway>> {
    OpenApiRouter::default()
        .routes(routes!(place))
        .routes(routes!(list))
        .routes(routes!(one, release))
        .routes(routes!(extend))
        .routes(routes!(confirm))
}

/// A body that has nothing to say.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NoBody {}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    #[param(ignore)]
    pub(super) state: Option<String>,
    /// The most items of the page; without it, 50.
    #[param(minimum = 1, maximum = 200)]
    pub(super) limit: Option<u64>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-9]{1,19}$")]
    pub(super) cursor: Option<String>,
}

impl ListQuery {
    /// The state asked for, which must be one of `states`.
    pub(super) fn state(&self, states: &[&str]) -> Result<Option<&str>, ApiError> {
        match self.state.as_deref() {
            Some(state) if !states.contains(&state) => {
                Err(ApiError::invalid("state", format!("must be one of {}", states.join(", "))))
            }
            state => Ok(state),
        }
    }
}

/// Sets tickets aside.
///
/// Asked again, it answers the hold that is there; with another quantity, it changes it.
#[utoipa::path(
    post, path = "/v1/events/{event}/holds", operation_id = "place_hold", tag = "holds",
    params(IdempotencyKeyHeader),
    request_body = HoldBody,
    responses(
        (status = 200, description = "The hold that is there", body = Hold),
        (status = 201, description = "A new hold", body = Hold),
        (status = 202, description = "None was to be had, and `wait` was set: the place in line", body = QueueEntry),
    ),
    security(("session_token" = []), ("session_cookie" = [])),
    extensions(("x-refusals" = json!(refusals::TAKING))),
)]
async fn place(
    State(gateway): State<Arc<Gateway>>,
    PathId(event): PathId,
    buyer: Buyer,
    request: Mutation<HoldBody>,
) -> Result<Answered, ApiError> {
    let operation = Operation::hold(&event, request.body)?;
    operation.execute(gateway.engine()?, buyer.asker(), request.key).await
}

/// My holds over all events.
#[utoipa::path(
    get, path = "/v1/holds", operation_id = "list_holds", tag = "holds",
    params(ListQuery, HoldStateQuery),
    responses((status = 200, description = "A page of holds", body = List<Hold>)),
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
    let state = query.state(&HOLD_STATES)?;
    let mut holds = engine.belongings(buyer.0.user).await.holds;
    holds.retain(|(_, hold)| state.is_none_or(|state| hold.state.as_str() == state));
    holds.sort_by_key(|(view, hold)| list_key(view.description.number.0, hold.number.0));
    let keyed = holds.iter().map(|(view, hold)| (list_key(view.description.number.0, hold.number.0), (view, hold)));
    let (holds, next_cursor) = page.of(keyed);
    let items = holds.into_iter().map(|(view, hold)| objects::hold(view, hold)).collect();
    Ok(answer::personal(answer::body(Success::Ok, answer::list(items, next_cursor))))
}

/// The place of a user's hold or booking in a list over all events.
pub(super) fn list_key(event: u32, number: u32) -> u64 {
    (u64::from(event) << 32) | u64::from(number)
}

/// One of my holds.
#[utoipa::path(
    get, path = "/v1/holds/{hold}", operation_id = "read_hold", tag = "holds",
    responses((status = 200, description = "The hold", body = Hold)),
    security(("session_token" = []), ("session_cookie" = [])),
)]
async fn one(State(gateway): State<Arc<Gateway>>, PathId(hold): PathId, buyer: Buyer) -> Result<Response, ApiError> {
    let (engine, (event, number)) = (gateway.engine()?, numbered_id(&hold, HOLD_NOT_FOUND)?);
    let found = engine.read(&event, |event, now_ms| event.hold(now_ms, number, Some(buyer.0.user))).await.flatten();
    let hold = found.zip(engine.event(&event)).map(|(hold, view)| objects::hold(&view, &hold));
    let hold = hold.ok_or(ApiError::NotFound(HOLD_NOT_FOUND))?;
    Ok(answer::personal(answer::body(Success::Ok, hold)))
}

/// Gives a hold more time.
#[utoipa::path(
    post, path = "/v1/holds/{hold}/extend", operation_id = "extend_hold", tag = "holds",
    params(IdempotencyKeyHeader),
    request_body = NoBody,
    responses((status = 200, description = "The hold, with its deadline", body = Hold)),
    security(("session_token" = []), ("session_cookie" = [])),
    extensions(("x-refusals" = json!(refusals::EXTENDING))),
)]
async fn extend(
    State(gateway): State<Arc<Gateway>>,
    PathId(hold): PathId,
    buyer: Buyer,
    request: Mutation<NoBody>,
) -> Result<Answered, ApiError> {
    let NoBody {} = request.body;
    Operation::extend(&hold)?.execute(gateway.engine()?, buyer.asker(), request.key).await
}

/// Makes a booking of a hold. With a smaller quantity, the rest is released.
#[utoipa::path(
    post, path = "/v1/holds/{hold}/confirm", operation_id = "confirm_hold", tag = "holds",
    params(IdempotencyKeyHeader),
    request_body = ConfirmBody,
    responses((status = 201, description = "The booking", body = ConfirmedBooking)),
    security(("session_token" = []), ("session_cookie" = [])),
    extensions(("x-refusals" = json!(refusals::CONFIRMING))),
)]
async fn confirm(
    State(gateway): State<Arc<Gateway>>,
    PathId(hold): PathId,
    buyer: Buyer,
    request: Mutation<ConfirmBody>,
) -> Result<Answered, ApiError> {
    Operation::confirm(&hold, &request.body)?.execute(gateway.engine()?, buyer.asker(), request.key).await
}

/// Gives the tickets of a hold back.
#[utoipa::path(
    delete, path = "/v1/holds/{hold}", operation_id = "release_hold", tag = "holds",
    params(IdempotencyKeyHeader),
    request_body = NoBody,
    responses((status = 200, description = "The hold in its final state", body = Hold)),
    security(("session_token" = []), ("session_cookie" = [])),
    extensions(("x-refusals" = json!(refusals::RELEASING))),
)]
async fn release(
    State(gateway): State<Arc<Gateway>>,
    PathId(hold): PathId,
    buyer: Buyer,
    request: Mutation<NoBody>,
) -> Result<Answered, ApiError> {
    let NoBody {} = request.body;
    Operation::release(&hold)?.execute(gateway.engine()?, buyer.asker(), request.key).await
}
