//! The line.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use holdfast_engine::core::command::Wish;
use holdfast_engine::core::{Command, Outcome};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::holds::NoBody;
use crate::answer;
use crate::error::{ApiError, Success};
use crate::gateway::Gateway;
use crate::identity::Buyer;
use crate::objects::{self, Hold, QueueEntry};
use crate::openapi::parameters::IdempotencyKeyHeader;
use crate::openapi::refusals;
use crate::request::{Mutation, PathId, Query, event_id, quantity, ticket_type};
use crate::traces;

pub(super) fn router() -> OpenApiRouter<Arc<Gateway>> {
    OpenApiRouter::default().routes(routes!(join)).routes(routes!(place, leave))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct JoinBody {
    #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,63}$")]
    ticket_type: Option<String>,
    #[schema(minimum = 1, maximum = 1_000_000)]
    quantity: Option<i64>,
    /// How many are enough; without it, all.
    #[schema(minimum = 1, maximum = 1_000_000)]
    min_quantity: Option<i64>,
}

/// The place in line; or the hold of the type that is there already.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it describes what is answered")]
enum PlaceOrHold {
    Place(QueueEntry),
    Hold(Hold),
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PlaceQuery {
    /// The line; without it, that of the event's first type, or the one where the user stands.
    #[param(pattern = "^[a-z0-9][a-z0-9-]{0,63}$")]
    ticket_type: Option<String>,
}

/// Joins the line of a ticket type. Asked again, it answers the same place.
#[utoipa::path(
    post, path = "/v1/events/{event}/queue", operation_id = "join_queue", tag = "queue",
    params(IdempotencyKeyHeader),
    request_body = JoinBody,
    responses(
        (status = 200, description = "The place in line, or the hold that is there", body = PlaceOrHold),
        (status = 201, description = "Nobody waits, and tickets are free: the hold", body = Hold),
    ),
    security(("session_token" = []), ("session_cookie" = [])),
    extensions(("x-refusals" = json!(refusals::JOINING))),
)]
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
    let reply = traces::engine(engine.execute(&event, buyer.asker(), request.key, Command::JoinQueue { wish })).await?;
    answer::mutation(engine, &event, reply, |view, outcome| match outcome {
        Outcome::Queued { place, .. } => Some((Success::Ok, Some(objects::queue(view, place)))),
        Outcome::Held { hold, fresh: true } => Some((Success::Created, Some(objects::hold(view, hold)))),
        Outcome::Held { hold, fresh: false } => Some((Success::Ok, Some(objects::hold(view, hold)))),
        _ => None,
    })
}

/// My place in line.
#[utoipa::path(
    get, path = "/v1/events/{event}/queue/me", operation_id = "read_place", tag = "queue",
    params(PlaceQuery),
    responses((status = 200, description = "The place", body = QueueEntry)),
    security(("session_token" = []), ("session_cookie" = [])),
    extensions(("x-refusals" = json!(refusals::PLACE))),
)]
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

/// Leaves the line.
#[utoipa::path(
    delete, path = "/v1/events/{event}/queue/me", operation_id = "leave_queue", tag = "queue",
    params(PlaceQuery, IdempotencyKeyHeader),
    request_body = NoBody,
    responses((status = 204, description = "The place is gone")),
    security(("session_token" = []), ("session_cookie" = [])),
    extensions(("x-refusals" = json!(refusals::LEAVING))),
)]
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
    let reply = traces::engine(engine.execute(&event, buyer.asker(), request.key, command)).await?;
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
