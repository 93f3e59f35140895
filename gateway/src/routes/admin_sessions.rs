//! Who is logged in, and ending it, for organisers.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{delete, get};
use holdfast_engine::core::change::SessionEnd;
use holdfast_engine::core::id::LoginSeq;
use holdfast_engine::engine::SessionEntry;
use serde::Deserialize;
use serde_json::Value;

use super::admin::{ReasonBody, reason};
use super::admin_lists::user_named;
use crate::answer;
use crate::error::{ApiError, Success};
use crate::gateway::Gateway;
use crate::identity::Organiser;
use crate::objects;
use crate::page::Page;
use crate::request::{Mutation, PathId, Query, session_id};

pub(super) fn router() -> Router<Arc<Gateway>> {
    Router::new().route("/v1/admin/sessions", get(list)).route("/v1/admin/sessions/{session}", delete(end))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SessionsQuery {
    user: Option<String>,
    limit: Option<u64>,
    cursor: Option<String>,
}

async fn list(
    State(gateway): State<Arc<Gateway>>,
    _: Organiser,
    Query(query): Query<SessionsQuery>,
) -> Result<Response, ApiError> {
    let engine = gateway.engine()?;
    let page = Page::new(query.limit, query.cursor.as_deref())?;
    let user = query.user.map(|name| user_named(engine, &name));
    let found = engine.sessions(LoginSeq(page.after), page.limit, user).await;
    let render = |entry: &SessionEntry| -> Value {
        objects::admin_session(&entry.session, &engine.config().sessions, entry.holds, entry.bookings)
    };
    let items = found.entries.iter().map(render).collect();
    let next_cursor = found.next_after.map(|after| after.0.to_string());
    Ok(answer::personal(answer::body(Success::Ok, answer::list(items, next_cursor))))
}

/// An idempotency key changes nothing here: a session ends once, and who asks again learns that it is over.
async fn end(
    State(gateway): State<Arc<Gateway>>,
    PathId(session): PathId,
    organiser: Organiser,
    request: Mutation<ReasonBody>,
) -> Result<Response, ApiError> {
    const NOT_FOUND: ApiError = ApiError::NotFound("session_not_found");
    let (engine, session) = (gateway.engine()?, session_id(&session)?);
    let why = reason(request.body.reason)?;
    let ended = engine.end_session(session, SessionEnd::Admin, organiser.by(), why).await?;
    let seq = ended.ok_or(NOT_FOUND)?;
    Ok(answer::personal(answer::with_seq(answer::empty(Success::NoContent), seq)))
}
