//! Answers that went well.

use std::sync::Arc;

use axum::Json;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH, SET_COOKIE};
use axum::response::{IntoResponse, Response};
use holdfast_engine::core::id::Slug;
use holdfast_engine::core::{Outcome, Rejection};
use holdfast_engine::engine::Engine;
use holdfast_engine::handle::{EventView, Reply};
use serde_json::{Value, json};

use crate::error::{ApiError, Success};

/// An answer with a JSON body.
pub fn body(success: Success, value: Value) -> Response {
    (success.status(), Json(value)).into_response()
}

/// An answer without a body.
pub fn empty(success: Success) -> Response {
    success.status().into_response()
}

/// Adds the journal number of the change that the answer tells of.
pub fn with_seq(mut response: Response, seq: u64) -> Response {
    response.headers_mut().insert("holdfast-seq", HeaderValue::from(seq));
    response
}

/// Adds a cookie.
pub fn with_cookie(mut response: Response, cookie: HeaderValue) -> Response {
    response.headers_mut().append(SET_COOKIE, cookie);
    response
}

/// Adds an `ETag`.
pub fn with_etag(mut response: Response, etag: &str) -> Response {
    if let Ok(etag) = HeaderValue::try_from(etag) {
        response.headers_mut().insert(ETAG, etag);
    }
    response
}

/// Whether the client says that it has what `etag` names.
pub fn client_has(headers: &HeaderMap, etag: &str) -> bool {
    let weak = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let given = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    given.flat_map(|value| value.split(',')).any(|tag| tag.trim() == "*" || weak(tag) == weak(etag))
}

/// What is personal is stored by no cache.
pub fn personal(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A page of a list: `{"items", "next_cursor"}`.
pub fn list(items: Vec<Value>, next_cursor: Option<String>) -> Value {
    json!({ "items": items, "next_cursor": next_cursor })
}

/// The outcome of a mutation, rendered by `render` to a success and its body.
///
/// The event's view makes names of numbers. It is there whenever the event answered.
pub fn mutation(
    engine: &Engine,
    event: &Slug,
    reply: Reply,
    render: impl FnOnce(&Arc<EventView>, &Outcome) -> Option<(Success, Option<Value>)>,
) -> Result<Response, ApiError> {
    let rejected = |rejection| ApiError::rejected(rejection, Some(event.clone()), reply.at_ms);
    let outcome = match reply.answer {
        Ok(outcome) => outcome,
        Err(rejection) => return Ok(refusal(rejected(rejection), reply.seq, reply.is_replay)),
    };
    let view = engine.event(event).ok_or_else(|| rejected(Rejection::EventNotFound))?;
    let Some((success, value)) = render(&view, &outcome) else {
        tracing::error!(?outcome, "an outcome that no command of this path has");
        return Err(ApiError::Internal);
    };
    let response = value.map_or_else(|| empty(success), |value| body(success, value));
    Ok(replayed(personal(with_seq(response, reply.seq)), reply.is_replay))
}

/// A refusal by the rules, with the number of the journal at which it was true. What an event that is not there is at is
/// nobody's business: it may be a draft.
fn refusal(error: ApiError, seq: u64, is_replay: bool) -> Response {
    let is_hidden = matches!(error, ApiError::Rejected { rejection: Rejection::EventNotFound, .. });
    let response = error.into_response();
    replayed(if is_hidden { response } else { with_seq(response, seq) }, is_replay)
}

/// Says so where this is the answer that the key got the first time.
fn replayed(mut response: Response, is_replay: bool) -> Response {
    if is_replay {
        response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    }
    response
}
