//! The live feed.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::client::Client;
use crate::error::ApiError;
use crate::feed::own::{self, Reader};
use crate::feed::{figures, stream};
use crate::gateway::Gateway;
use crate::identity::{Buyer, SessionToken};
use crate::openapi::parameters::LastEventIdHeader;
use crate::openapi::refusals;
use crate::request::{PathId, event_id};

pub(super) fn router() -> OpenApiRouter<Arc<Gateway>> {
    OpenApiRouter::default().routes(routes!(of_event)).routes(routes!(of_session))
}

/// The figures of an event, as they change.
///
/// Server-sent events: `stats` with the event, at most four a second, and `server` when the server stops.
#[utoipa::path(
    get, path = "/v1/events/{event}/stream", operation_id = "stream_event", tag = "feed",
    params(LastEventIdHeader),
    responses(
        (status = 200, description = "A stream that goes on", content_type = "text/event-stream", body = String),
    ),
    extensions(("x-refusals" = json!(refusals::STREAM))),
)]
async fn of_event(
    State(gateway): State<Arc<Gateway>>,
    Extension(client): Extension<Client>,
    PathId(event): PathId,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let reader = figures::read(&gateway, &event_id(&event)?)?;
    let place = gateway.feed().places().of_client(&client)?;
    let seen = last_event_id(&headers);
    Ok(stream::respond(gateway.feed(), place, |outlet| figures::tell(outlet, reader, seen)))
}

/// What becomes of mine, and the figures of all public events.
///
/// Server-sent events: `stats`, `hold`, `booking` and `queue` with the object, and `server` when the server stops or the
/// session ends. The present state comes first.
#[utoipa::path(
    get, path = "/v1/stream", operation_id = "stream_session", tag = "feed",
    responses(
        (status = 200, description = "A stream that goes on", content_type = "text/event-stream", body = String),
    ),
    security(("session_token" = []), ("session_cookie" = [])),
    extensions(("x-refusals" = json!(refusals::STREAM))),
)]
async fn of_session(
    State(gateway): State<Arc<Gateway>>,
    buyer: Buyer,
    token: SessionToken,
) -> Result<Response, ApiError> {
    let place = gateway.feed().places().of_session(buyer.0.number)?;
    let reader = Reader { session: Arc::clone(&buyer.0), token_hash: token.hash };
    let teller = Arc::clone(&gateway);
    Ok(stream::respond(gateway.feed(), place, |outlet| own::tell(outlet, teller, reader)))
}

/// The newest message that the client says it has. What is no number of the journal is none of ours, and counts as nothing.
fn last_event_id(headers: &HeaderMap) -> Option<u64> {
    headers.get("last-event-id")?.to_str().ok()?.parse().ok()
}
