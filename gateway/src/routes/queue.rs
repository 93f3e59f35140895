//! The line.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use holdfast_engine::core::command::Wish;
use holdfast_engine::core::{Command, Outcome};
use serde::Deserialize;

use super::holds::NoBody;
use crate::answer;
use crate::error::{ApiError, Success};
use crate::gateway::Gateway;
use crate::identity::Buyer;
use crate::objects;
use crate::request::{Mutation, PathId, Query, event_id, quantity, ticket_type};

pub(super) fn router() -> Router<Arc<Gateway>> {
    Router::new()
        .route("/v1/events/{event}/queue", post(join))
        .route("/v1/events/{event}/queue/me", get(place).delete(leave))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JoinBody {
    ticket_type: Option<String>,
    quantity: Option<i64>,
    min_quantity: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaceQuery {
    ticket_type: Option<String>,
}

async fn join(
    State(gateway): State<Arc<Gateway>>,
    PathId(event): PathId,
    buyer: Buyer,
    request: Mutation<JoinBody>,
) -> Result<Response, ApiError> {
    let (engine, event) = (gateway.engine()?, event_id(&event)?);
    let JoinBody { ticket_type: type_id, quantity: wanted, min_quantity } = request.body;
    let wish = Wish {
        ticket_type: ticket_type(type_id)?,
        quantity: quantity("quantity", wanted)?,
        min_quantity: quantity("min_quantity", min_quantity)?,
    };
    let reply = engine.execute(&event, buyer.caller(), request.key, Command::JoinQueue { wish }).await?;
    answer::mutation(engine, &event, reply, |view, outcome| match outcome {
        Outcome::Queued { place, .. } => Some((Success::Ok, Some(objects::queue(view, place)))),
        Outcome::Held { hold, fresh: true } => Some((Success::Created, Some(objects::hold(view, hold)))),
        Outcome::Held { hold, fresh: false } => Some((Success::Ok, Some(objects::hold(view, hold)))),
        _ => None,
    })
}

async fn place(
    State(gateway): State<Arc<Gateway>>,
    PathId(event): PathId,
    buyer: Buyer,
    Query(query): Query<PlaceQuery>,
) -> Result<Response, ApiError> {
    let (engine, id) = (gateway.engine()?, event_id(&event)?);
    let wanted = ticket_type(query.ticket_type)?;
    let user = buyer.0.user;
    let view = public_event(&gateway, &id)?;
    let look = |event: &holdfast_engine::core::Event, now_ms| {
        let index = event.line_of(user, wanted.as_ref())?;
        event.place_of(now_ms, user, index).ok_or(holdfast_engine::core::Rejection::QueueEntryNotFound)
    };
    let found = engine.read(&id, look).await.ok_or(ApiError::NotFound("event_not_found"))?;
    let place = found.map_err(|rejection| ApiError::rejected(rejection, Some(id), engine.now_ms()))?;
    Ok(answer::personal(answer::body(Success::Ok, objects::queue(&view, &place))))
}

async fn leave(
    State(gateway): State<Arc<Gateway>>,
    PathId(event): PathId,
    buyer: Buyer,
    Query(query): Query<PlaceQuery>,
    request: Mutation<NoBody>,
) -> Result<Response, ApiError> {
    let NoBody {} = request.body;
    let (engine, event) = (gateway.engine()?, event_id(&event)?);
    let command = Command::LeaveQueue { ticket_type: ticket_type(query.ticket_type)? };
    let reply = engine.execute(&event, buyer.caller(), request.key, command).await?;
    answer::mutation(engine, &event, reply, |_, outcome| match outcome {
        Outcome::Left(_) => Some((Success::NoContent, None)),
        _ => None,
    })
}

fn public_event(
    gateway: &Gateway,
    id: &holdfast_engine::core::id::Slug,
) -> Result<Arc<holdfast_engine::handle::EventView>, ApiError> {
    let is_public = |status| status != holdfast_engine::core::status::Status::Draft;
    let view = gateway.engine()?.event(id).filter(|view| is_public(view.description.status));
    view.ok_or(ApiError::NotFound("event_not_found"))
}
