//! Answers that went well.

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, SET_COOKIE};
use axum::response::{IntoResponse, Response};
use holdfast_engine::core::id::Slug;
use holdfast_engine::core::{Outcome, Rejection};
use holdfast_engine::engine::Engine;
use holdfast_engine::handle::{EventView, Reply};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{ApiError, Success};
use crate::header_names::{HOLDFAST_SEQ, IDEMPOTENCY_REPLAYED};
use crate::log::ActedOn;
use crate::objects::Written;

/// As many as an answer to a change has, and some more.
const HEADERS: usize = 12;

const APPLICATION_JSON: HeaderValue = HeaderValue::from_static("application/json");

/// An answer with a JSON body.
pub fn body(success: Success, value: impl Serialize) -> Response {
    (success.status(), Json(value)).into_response()
}

/// An answer whose body is written already.
pub fn written(success: Success, object: Written) -> Response {
    let bytes = Bytes::from(Box::<str>::from(object).into_boxed_bytes());
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = success.status();
    // All that is told of such an answer later finds room.
    *response.headers_mut() = HeaderMap::with_capacity(HEADERS);
    response.headers_mut().insert(CONTENT_TYPE, APPLICATION_JSON);
    response
}

/// An answer without a body.
pub fn empty(success: Success) -> Response {
    success.status().into_response()
}

/// Adds the journal number of the change that the answer tells of.
pub fn with_seq(mut response: Response, seq: u64) -> Response {
    response.headers_mut().insert(HOLDFAST_SEQ, HeaderValue::from(seq));
    response
}

/// Adds a cookie.
pub fn with_cookie(mut response: Response, cookie: HeaderValue) -> Response {
    response.headers_mut().append(SET_COOKIE, cookie);
    response
}

/// Tells the log what was done by an organiser, where the path does not say it.
pub fn with_act(mut response: Response, acted_on: ActedOn) -> Response {
    response.extensions_mut().insert(acted_on);
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

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub struct List<T> {
    items: Vec<T>,
    /// The `cursor` of the next page, if there is one.
    next_cursor: Option<String>,
}

/// A page of a list.
pub fn list<T>(items: Vec<T>, next_cursor: Option<String>) -> List<T> {
    List { items, next_cursor }
}

/// What is answered to a change, before it becomes a response of its own or a part of another one.
pub struct Answered {
    /// How it went, and what there is to show; or the refusal.
    pub told: Result<(Success, Option<Written>), ApiError>,
    /// The number of the journal that the answer tells of, where there is one to tell.
    pub seq: Option<u64>,
    /// The request came with a key, and this is the answer it got the first time.
    pub is_replay: bool,
}

impl Answered {
    /// A reply of the engine. `render` makes a success and its body of the outcome, or `None` of one that its command cannot
    /// have.
    ///
    /// The event's view makes names of numbers. It is there whenever the event answered.
    ///
    /// # Errors
    ///
    /// The event is gone since, or the outcome is a bug.
    pub fn of(
        engine: &Engine,
        event: &Slug,
        reply: Reply,
        render: impl FnOnce(&Arc<EventView>, &Outcome) -> Option<(Success, Option<Written>)>,
    ) -> Result<Answered, ApiError> {
        let Reply { answer, seq, is_replay, at_ms } = reply;
        let rejected = |rejection| ApiError::rejected(rejection, Some(event.clone()), at_ms);
        let outcome = match answer {
            Ok(outcome) => outcome,
            Err(rejection) => {
                // What an event that is not there is at is nobody's business: it may be a draft.
                let seq = (rejection != Rejection::EventNotFound).then_some(seq);
                return Ok(Answered { told: Err(rejected(rejection)), seq, is_replay });
            }
        };
        let view = engine.event(event).ok_or_else(|| rejected(Rejection::EventNotFound))?;
        let Some(told) = render(&view, &outcome) else {
            tracing::error!(?outcome, "an outcome that no command of this path has");
            return Err(ApiError::Internal);
        };
        Ok(Answered { told: Ok(told), seq: Some(seq), is_replay })
    }

    /// A refusal in which no event had a say.
    pub fn refused(error: ApiError) -> Answered {
        Answered { told: Err(error), seq: None, is_replay: false }
    }
}

impl IntoResponse for Answered {
    fn into_response(self) -> Response {
        let mut response = match self.told {
            Ok((success, Some(object))) => personal(written(success, object)),
            Ok((success, None)) => personal(empty(success)),
            Err(error) => error.into_response(),
        };
        if let Some(seq) = self.seq {
            response = with_seq(response, seq);
        }
        if self.is_replay {
            response.headers_mut().insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

/// The response to a change, see [`Answered::of`].
pub fn mutation(
    engine: &Engine,
    event: &Slug,
    reply: Reply,
    render: impl FnOnce(&Arc<EventView>, &Outcome) -> Option<(Success, Option<Written>)>,
) -> Result<Response, ApiError> {
    Answered::of(engine, event, reply, render).map(Answered::into_response)
}
