//! Holds: tickets set aside.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;

use crate::answer::{self, Answered};
use crate::error::{ApiError, Success};
use crate::gateway::Gateway;
use crate::identity::Buyer;
use crate::objects::{self, HOLD_STATES};
use crate::operation::{ConfirmBody, HOLD_NOT_FOUND, HoldBody, Operation};
use crate::page::Page;
use crate::request::{Mutation, PathId, Query, numbered_id};

pub(super) fn router() -> Router<Arc<Gateway>> {
    Router::new()
        .route("/v1/events/{event}/holds", post(place))
        .route("/v1/holds", get(list))
        .route("/v1/holds/{hold}", get(one).delete(release))
        .route("/v1/holds/{hold}/extend", post(extend))
        .route("/v1/holds/{hold}/confirm", post(confirm))
}

/// A body that has nothing to say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoBody {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    pub(super) state: Option<String>,
    pub(super) limit: Option<u64>,
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

async fn place(
    State(gateway): State<Arc<Gateway>>,
    PathId(event): PathId,
    buyer: Buyer,
    request: Mutation<HoldBody>,
) -> Result<Answered, ApiError> {
    let operation = Operation::hold(&event, request.body)?;
    operation.execute(gateway.engine()?, buyer.caller(), request.key).await
}

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

async fn one(State(gateway): State<Arc<Gateway>>, PathId(hold): PathId, buyer: Buyer) -> Result<Response, ApiError> {
    let (engine, (event, number)) = (gateway.engine()?, numbered_id(&hold, HOLD_NOT_FOUND)?);
    let found = engine.read(&event, |event, now_ms| event.hold(now_ms, number, Some(buyer.0.user))).await.flatten();
    let hold = found.zip(engine.event(&event)).map(|(hold, view)| objects::hold(&view, &hold));
    let hold = hold.ok_or(ApiError::NotFound(HOLD_NOT_FOUND))?;
    Ok(answer::personal(answer::body(Success::Ok, hold)))
}

async fn extend(
    State(gateway): State<Arc<Gateway>>,
    PathId(hold): PathId,
    buyer: Buyer,
    request: Mutation<NoBody>,
) -> Result<Answered, ApiError> {
    let NoBody {} = request.body;
    Operation::extend(&hold)?.execute(gateway.engine()?, buyer.caller(), request.key).await
}

async fn confirm(
    State(gateway): State<Arc<Gateway>>,
    PathId(hold): PathId,
    buyer: Buyer,
    request: Mutation<ConfirmBody>,
) -> Result<Answered, ApiError> {
    Operation::confirm(&hold, &request.body)?.execute(gateway.engine()?, buyer.caller(), request.key).await
}

async fn release(
    State(gateway): State<Arc<Gateway>>,
    PathId(hold): PathId,
    buyer: Buyer,
    request: Mutation<NoBody>,
) -> Result<Answered, ApiError> {
    let NoBody {} = request.body;
    Operation::release(&hold)?.execute(gateway.engine()?, buyer.caller(), request.key).await
}
