//! Holds: tickets set aside.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use holdfast_engine::core::command::Wish;
use holdfast_engine::core::{Command, Outcome};
use serde::Deserialize;
use serde_json::json;

use crate::answer;
use crate::error::{ApiError, Success};
use crate::gateway::Gateway;
use crate::identity::Buyer;
use crate::objects;
use crate::page::Page;
use crate::request::{Mutation, PathId, Query, event_id, numbered_id, quantity, ticket_type};

const NOT_FOUND: &str = "hold_not_found";

pub(super) fn router() -> Router<Arc<Gateway>> {
    Router::new()
        .route("/v1/events/{event}/holds", post(place))
        .route("/v1/holds", get(list))
        .route("/v1/holds/{hold}", get(one).delete(release))
        .route("/v1/holds/{hold}/extend", post(extend))
        .route("/v1/holds/{hold}/confirm", post(confirm))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaceBody {
    ticket_type: Option<String>,
    quantity: Option<i64>,
    min_quantity: Option<i64>,
    wait: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfirmBody {
    quantity: Option<i64>,
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

/// The states of a hold.
pub(super) const HOLD_STATES: [&str; 4] = ["held", "confirmed", "released", "expired"];

async fn place(
    State(gateway): State<Arc<Gateway>>,
    PathId(event): PathId,
    buyer: Buyer,
    request: Mutation<PlaceBody>,
) -> Result<Response, ApiError> {
    let (engine, event) = (gateway.engine()?, event_id(&event)?);
    let PlaceBody { ticket_type: type_id, quantity: wanted, min_quantity, wait } = request.body;
    let wish = Wish {
        ticket_type: ticket_type(type_id)?,
        quantity: quantity("quantity", wanted)?,
        min_quantity: quantity("min_quantity", min_quantity)?,
    };
    let command = Command::PlaceHold { wish, wait: wait.unwrap_or(false) };
    let reply = engine.execute(&event, buyer.caller(), request.key, command).await?;
    answer::mutation(engine, &event, reply, |view, outcome| match outcome {
        Outcome::Held { hold, fresh: true } => Some((Success::Created, Some(objects::hold(view, hold)))),
        Outcome::Held { hold, fresh: false } => Some((Success::Ok, Some(objects::hold(view, hold)))),
        Outcome::Queued { place, .. } => Some((Success::Accepted, Some(objects::queue(view, place)))),
        _ => None,
    })
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
    let (engine, (event, number)) = (gateway.engine()?, numbered_id(&hold, NOT_FOUND)?);
    let found = engine.read(&event, |event, now_ms| event.hold(now_ms, number, Some(buyer.0.user))).await.flatten();
    let hold = found.zip(engine.event(&event)).map(|(hold, view)| objects::hold(&view, &hold));
    let hold = hold.ok_or(ApiError::NotFound(NOT_FOUND))?;
    Ok(answer::personal(answer::body(Success::Ok, hold)))
}

async fn extend(
    State(gateway): State<Arc<Gateway>>,
    PathId(hold): PathId,
    buyer: Buyer,
    request: Mutation<NoBody>,
) -> Result<Response, ApiError> {
    let NoBody {} = request.body;
    let (engine, (event, number)) = (gateway.engine()?, numbered_id(&hold, NOT_FOUND)?);
    let reply = engine.execute(&event, buyer.caller(), request.key, Command::ExtendHold { number }).await?;
    answer::mutation(engine, &event, hold_of_no_event(reply), |view, outcome| match outcome {
        Outcome::Hold(hold) => Some((Success::Ok, Some(objects::hold(view, hold)))),
        _ => None,
    })
}

async fn confirm(
    State(gateway): State<Arc<Gateway>>,
    PathId(hold): PathId,
    buyer: Buyer,
    request: Mutation<ConfirmBody>,
) -> Result<Response, ApiError> {
    let (engine, (event, number)) = (gateway.engine()?, numbered_id(&hold, NOT_FOUND)?);
    let command = Command::ConfirmHold { number, quantity: quantity("quantity", request.body.quantity)? };
    let reply = engine.execute(&event, buyer.caller(), request.key, command).await?;
    answer::mutation(engine, &event, hold_of_no_event(reply), |view, outcome| match outcome {
        Outcome::Booked { booking, rescued, .. } => {
            let value = objects::merged(objects::booking(view, booking), json!({ "rescued": rescued }));
            Some((Success::Created, Some(value)))
        }
        _ => None,
    })
}

async fn release(
    State(gateway): State<Arc<Gateway>>,
    PathId(hold): PathId,
    buyer: Buyer,
    request: Mutation<NoBody>,
) -> Result<Response, ApiError> {
    let NoBody {} = request.body;
    let (engine, (event, number)) = (gateway.engine()?, numbered_id(&hold, NOT_FOUND)?);
    let command = Command::ReleaseHold { number, reason: None };
    let reply = engine.execute(&event, buyer.caller(), request.key, command).await?;
    answer::mutation(engine, &event, hold_of_no_event(reply), |view, outcome| match outcome {
        Outcome::Hold(hold) => Some((Success::Ok, Some(objects::hold(view, hold)))),
        _ => None,
    })
}

/// A hold of an event that does not exist is a hold that does not exist.
pub(super) fn hold_of_no_event(reply: holdfast_engine::handle::Reply) -> holdfast_engine::handle::Reply {
    use holdfast_engine::core::Rejection::{EventNotFound, HoldNotFound};
    let answer = reply.answer.map_err(|rejection| if rejection == EventNotFound { HoldNotFound } else { rejection });
    holdfast_engine::handle::Reply { answer, ..reply }
}
