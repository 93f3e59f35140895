//! The live feed.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::{HeaderMap, Version};
use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::client::Client;
use crate::connections::handover::Handover;
use crate::error::ApiError;
use crate::feed::figures::{self, Numbers};
use crate::feed::own::{self, Reader};
use crate::feed::places::Kind;
use crate::feed::socket;
use crate::feed::stream::{self, Line};
use crate::gateway::Gateway;
use crate::header_names::LAST_EVENT_ID;
use crate::identity::{Buyer, Opener, SessionToken};
use crate::openapi::parameters::LastEventIdHeader;
use crate::openapi::refusals;
use crate::request::{PathId, event_id};

pub(super) fn router() -> OpenApiRouter<Arc<Gateway>> {
    OpenApiRouter::default().routes(routes!(of_event)).routes(routes!(of_session)).routes(routes!(of_socket))
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
    Extension(handover): Extension<Handover>,
    version: Version,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let reader = figures::read(&gateway, &event_id(&event)?)?;
    let place = gateway.feed().places().of_client(Kind::Event, &client)?;
    let (line, seen) = (Line { handover, version }, last_event_id(&headers));
    Ok(stream::respond(gateway.feed(), place, line, |outlet| figures::tell(outlet, reader, Numbers::After(seen))))
}

/// What becomes of mine, and the figures of all public events.
///
/// Server-sent events: `stats`, `hold`, `booking` and `queue` with the object, and `server` when the server stops or the
/// session ends. The present state comes first.
#[utoipa::path(
    get, path = "/v1/stream", operation_id = "stream_session", tag = "feed",
    params(LastEventIdHeader),
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
    Extension(handover): Extension<Handover>,
    version: Version,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    gateway.rates().stream(buyer.0.number)?;
    let place = gateway.feed().places().of_session(buyer.0.number)?;
    let (session, seen) = (Arc::clone(&buyer.0), last_event_id(&headers));
    let reader = Reader { session, token_hash: token.hash, wants_figures: true, seen };
    let (line, teller) = (Line { handover, version }, Arc::clone(&gateway));
    Ok(stream::respond(gateway.feed(), place, line, |outlet| own::tell(outlet, teller, reader)))
}

/// The same over a WebSocket.
///
/// The first message says what is to be told: `{"subscribe":["me","event:<id>","events"],"token"?,"last_event_id"?}`. Each
/// message of the server is `{"event","id","data"}`.
#[utoipa::path(
    get, path = "/v1/ws", operation_id = "open_socket", tag = "feed",
    responses((status = 101, description = "A WebSocket")),
    extensions(("x-refusals" = json!(refusals::STREAM))),
)]
async fn of_socket(
    State(gateway): State<Arc<Gateway>>,
    Extension(client): Extension<Client>,
    opener: Opener,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let upgrade = upgrade.map_err(|rejection| ApiError::Malformed(rejection.body_text()))?;
    let place = gateway.feed().places().of_client(Kind::Socket, &client)?;
    Ok(socket::respond(gateway, upgrade, place, opener))
}

/// The newest message that the client says it has. What is no number of the journal is none of ours, and counts as nothing.
fn last_event_id(headers: &HeaderMap) -> Option<u64> {
    headers.get(LAST_EVENT_ID)?.to_str().ok()?.parse().ok()
}
