//! Who is logged in, and ending it, for organisers.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use holdfast_engine::core::change::SessionEnd;
use holdfast_engine::core::id::LoginSeq;
use holdfast_engine::engine::SessionEntry;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::admin::{ReasonBody, reason};
use super::admin_lists::user_named;
use crate::answer::{self, List};
use crate::error::{ApiError, Success};
use crate::gateway::Gateway;
use crate::identity::Organiser;
use crate::objects::{self, AdminSession, Written};
use crate::openapi::refusals;
use crate::page::Page;
use crate::request::{Mutation, PathId, Query, session_id};
use crate::traces;

pub(super) fn router() -> OpenApiRouter<Arc<Gateway>> {
    OpenApiRouter::default().routes(routes!(list)).routes(routes!(end))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SessionsQuery {
    /// Only that of this user.
    user: Option<String>,
    /// The most items of the page; without it, 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-9]{1,19}$")]
    cursor: Option<String>,
}

/// Who is logged in.
#[utoipa::path(
    get, path = "/v1/admin/sessions", operation_id = "admin_list_sessions", tag = "organisers",
    params(SessionsQuery),
    responses((status = 200, description = "A page of sessions", body = List<AdminSession>)),
    security(("organiser_token" = []), ("organiser_cookie" = [])),
    extensions(("x-refusals" = json!(refusals::LIST))),
)]
async fn list(
    State(gateway): State<Arc<Gateway>>,
    _: Organiser,
    Query(query): Query<SessionsQuery>,
) -> Result<Response, ApiError> {
    let engine = gateway.engine()?;
    let page = Page::new(query.limit, query.cursor.as_deref())?;
    let user = query.user.map(|name| user_named(engine, &name));
    let found = engine.sessions(LoginSeq(page.after), page.limit, user).await;
    let render = |entry: &SessionEntry| -> Written {
        objects::admin_session(&entry.session, &engine.config().sessions, entry.holds, entry.bookings)
    };
    let items = found.entries.iter().map(render).collect();
    let next_cursor = found.next_after.map(|after| after.0.to_string());
    Ok(answer::personal(answer::body(Success::Ok, answer::list(items, next_cursor))))
}

/// Ends a session, as a logout does.
///
/// An idempotency key has no effect: a session ends once, and who asks again learns that it is over.
#[utoipa::path(
    delete, path = "/v1/admin/sessions/{session}", operation_id = "admin_end_session", tag = "organisers",
    request_body = ReasonBody,
    responses((status = 204, description = "It has ended")),
    security(("organiser_token" = []), ("organiser_cookie" = [])),
    extensions(("x-refusals" = json!(refusals::REASON))),
)]
async fn end(
    State(gateway): State<Arc<Gateway>>,
    PathId(session): PathId,
    organiser: Organiser,
    request: Mutation<ReasonBody>,
) -> Result<Response, ApiError> {
    const NOT_FOUND: ApiError = ApiError::NotFound("session_not_found");
    let (engine, session) = (gateway.engine()?, session_id(&session)?);
    let why = reason(request.body.reason)?;
    let ended = traces::engine(engine.end_session(session, SessionEnd::Admin, organiser.by(), why)).await?;
    let seq = ended.ok_or(NOT_FOUND)?;
    Ok(answer::personal(answer::with_seq(answer::empty(Success::NoContent), seq)))
}
