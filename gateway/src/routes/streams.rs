//! The live feed.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};

use crate::client::Client;
use crate::error::ApiError;
use crate::feed::figures::{self, Numbers};
use crate::feed::own::{self, Reader};
use crate::feed::places::Kind;
use crate::feed::{socket, stream};
use crate::gateway::Gateway;
use crate::identity::{Buyer, Opener, SessionToken};
use crate::request::{PathId, event_id};

pub(super) fn router() -> Router<Arc<Gateway>> {
    Router::new()
        .route("/v1/events/{event}/stream", get(of_event))
        .route("/v1/stream", get(of_session))
        .route("/v1/ws", get(of_socket))
}

async fn of_event(
    State(gateway): State<Arc<Gateway>>,
    Extension(client): Extension<Client>,
    PathId(event): PathId,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let reader = figures::read(&gateway, &event_id(&event)?)?;
    let place = gateway.feed().places().of_client(Kind::Event, &client)?;
    let seen = last_event_id(&headers);
    Ok(stream::respond(gateway.feed(), place, |outlet| figures::tell(outlet, reader, Numbers::After(seen))))
}

async fn of_session(
    State(gateway): State<Arc<Gateway>>,
    buyer: Buyer,
    token: SessionToken,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let place = gateway.feed().places().of_session(buyer.0.number)?;
    let (session, seen) = (Arc::clone(&buyer.0), last_event_id(&headers));
    let reader = Reader { session, token_hash: token.hash, wants_figures: true, seen };
    let teller = Arc::clone(&gateway);
    Ok(stream::respond(gateway.feed(), place, |outlet| own::tell(outlet, teller, reader)))
}

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
    headers.get("last-event-id")?.to_str().ok()?.parse().ok()
}
