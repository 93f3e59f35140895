//! What happens to every request and every answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::header::{ACCEPT, CONNECTION, ORIGIN, VARY};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::{Router, middleware};
use holdfast_engine::clock::Stopwatch;
use tower::{Layer, ServiceExt};
use tower_http::catch_panic::CatchPanicLayer;

use crate::admission::{Class, Refusal};
use crate::client::Client;
use crate::error::{ApiError, shows_load, turned_away};
use crate::gateway::Gateway;
use crate::listener::Side;
use crate::log::RequestLog;
use crate::metrics::http::UNMATCHED;
use crate::request_id::{self, REQUEST_ID};
use crate::traces::RequestTrace;
use crate::{ambiguity, answer_headers, feed, routes};

/// The whole service of one side.
pub fn service(gateway: Arc<Gateway>, side: Side) -> Router {
    routes::router()
        .layer(CatchPanicLayer::custom(answer_panic))
        .layer(middleware::from_fn_with_state((Arc::clone(&gateway), side), check))
        .layer(middleware::from_fn_with_state(Arc::clone(&gateway), admit))
        .layer(middleware::from_fn_with_state(Arc::clone(&gateway), around))
        .with_state(gateway)
}

/// Gives every answer its request id and what else every answer has, and counts it.
async fn around(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    let client = Client::of(peer, request.headers(), gateway.trusted_proxies());
    request.extensions_mut().insert(client);
    let request_id = request_id::of(request.headers());
    let path = request.extensions().get::<MatchedPath>().cloned();
    let matched = path.as_ref().map_or(UNMATCHED, MatchedPath::as_str);
    let (method, took) = (request.method().clone(), Stopwatch::start());
    let is_personal = answer_headers::is_personal(request.headers());
    let log = RequestLog::begin(&request, &request_id, matched);
    let trace = RequestTrace::begin(&gateway, peer, &request, &request_id, matched);
    trace.iter().for_each(|trace| log.note_trace(trace.id()));
    let answer = RequestTrace::follow(trace, across_sites(&gateway, request, next));
    let mut response = log.follow(&gateway, answer).await;
    gateway.http_metrics().answered(&method, matched, response.status().as_u16(), took);
    response.headers_mut().insert(REQUEST_ID, request_id);
    answer_headers::complete(response.headers_mut(), is_personal, gateway.config().clients_speak_tls());
    response
}

/// Tells the pages of listed sites, and nobody else, that they may read the answer.
async fn across_sites(gateway: &Gateway, request: Request, next: Next) -> Response {
    let origins = gateway.origins();
    if origins.lists(&request) {
        let Ok(response) = origins.cors().layer(next).oneshot(request).await;
        return response;
    }
    let mut response = next.run(request).await;
    if !origins.is_empty() {
        response.headers_mut().append(VARY, HeaderValue::from(ORIGIN));
    }
    response
}

/// Lets a request in, or turns it away before anything of it is read. Before the engine has recovered, what comes costs
/// nothing that would have to be shared out.
async fn admit(State(gateway): State<Arc<Gateway>>, mut request: Request, next: Next) -> Response {
    let Ok(engine) = gateway.engine() else { return next.run(request).await };
    let class = Class::of(request.method(), request.uri().path());
    match gateway.admission().enter(class, engine.now_ms(), engine.pressure()) {
        Ok(under_way) => {
            request.extensions_mut().insert(under_way.arrival());
            let response = next.run(request).await;
            under_way.answered(shows_load(response.status()), engine.sync_ms(), engine.now_ms());
            response
        }
        Err(refusal) => turn_away(&gateway, refusal).await,
    }
}

/// Refuses at the door, having read nothing of what was sent: a refusal must cost next to nothing.
async fn turn_away(gateway: &Gateway, refusal: Refusal) -> Response {
    if !refusal.delay.is_zero() {
        let _kept_back = gateway.admission().keep_back();
        wait(refusal.delay).await;
    }
    let mut response = turned_away(refusal.retry_after_seconds);
    if refusal.closes {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

#[expect(
    clippy::disallowed_methods,
    reason = "it is a client that is made to wait, and nothing that the engine decides"
)]
async fn wait(delay: Duration) {
    tokio::time::sleep(delay).await;
}

/// Refuses what cannot be answered, and what takes too long.
async fn check(State((gateway, side)): State<(Arc<Gateway>, Side)>, request: Request, next: Next) -> Response {
    if let Err(refusal) = ambiguity::check(&request) {
        // Whoever speaks unclearly is not listened to any further.
        let mut response = refusal.into_response();
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        return response;
    }
    if let Err(refusal) = refuse(&gateway, side, &request) {
        return refusal.into_response();
    }
    // Every change is one step that the engine has taken over by then, so a handler can be let go at any point.
    let patience = Duration::from_secs(u64::from(gateway.config().limits.handler_seconds));
    let answer = tokio::time::timeout(patience, next.run(request)).await;
    answer.unwrap_or_else(|_| ApiError::TimedOut.into_response())
}

fn refuse(gateway: &Gateway, side: Side, request: &Request) -> Result<(), ApiError> {
    let path = request.uri().path();
    if !side.has(path, gateway.config().metrics_listen().is_some()) {
        return Err(ApiError::NotFound("not_found"));
    }
    gateway.origins().check(request)?;
    if !path.starts_with("/v1/") {
        return Ok(());
    }
    gateway.engine()?;
    if accepts(request.headers(), feed::is_stream(path)) { Ok(()) } else { Err(ApiError::NotAcceptable) }
}

/// Whether the client takes what it would get: JSON, or of a stream the messages.
fn accepts(headers: &HeaderMap, is_stream: bool) -> bool {
    let mut ranges = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).peekable();
    if ranges.peek().is_none() {
        return true;
    }
    let media = |range: &str| range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let fits = |range: &str| match media(range).as_str() {
        "*/*" | "application/*" | "application/json" | "application/problem+json" => true,
        "text/event-stream" | "text/*" => is_stream,
        _ => false,
    };
    ranges.flat_map(|value| value.split(',')).any(fits)
}

/// A bug of a handler: the client learns no more than that. (A panic in a turn of the engine ends the process.)
fn answer_panic(_: Box<dyn std::any::Any + Send>) -> Response {
    ApiError::Internal.into_response()
}
