//! What organisers do besides describing events: holds, cleanup, snapshot, the audit trail.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{delete, get, post};
use holdfast_engine::core::hold::Hold;
use holdfast_engine::core::id::{HoldNumber, UserNumber};
use holdfast_engine::core::{Command, Outcome};
use serde::Deserialize;
use serde_json::json;

use super::bookings::booking_of_no_event;
use super::holds::{HOLD_STATES, ListQuery, NoBody};
use crate::answer;
use crate::error::{ApiError, Success};
use crate::gateway::Gateway;
use crate::identity::Organiser;
use crate::objects;
use crate::operation::hold_of_no_event;
use crate::page::Page;
use crate::request::{Mutation, PathId, Query, event_id, numbered_id};

pub(super) fn router() -> Router<Arc<Gateway>> {
    Router::new()
        .route("/v1/admin/events/{event}/holds", get(holds))
        .route("/v1/admin/holds/{hold}", delete(release))
        .route("/v1/admin/holds/{hold}/extend", post(extend))
        .route("/v1/admin/bookings/{booking}", delete(cancel))
        .route("/v1/admin/cleanup", post(cleanup))
        .route("/v1/admin/snapshot", post(snapshot))
        .route("/v1/admin/changes", get(changes))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HoldsQuery {
    user: Option<String>,
    state: Option<String>,
    limit: Option<u64>,
    cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReasonBody {
    pub(super) reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExtendBody {
    seconds: i64,
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CleanupBody {
    dry_run: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangesQuery {
    event: Option<String>,
    after: Option<u64>,
    limit: Option<u64>,
    cursor: Option<String>,
}

/// The longest reason, in characters.
const REASON_LENGTH_MAX: usize = 500;

pub(super) fn reason(reason: Option<String>) -> Result<Option<String>, ApiError> {
    match reason {
        Some(reason) if reason.chars().count() > REASON_LENGTH_MAX => {
            Err(ApiError::invalid("reason", format!("must have at most {REASON_LENGTH_MAX} characters")))
        }
        reason => Ok(reason),
    }
}

async fn holds(
    State(gateway): State<Arc<Gateway>>,
    PathId(event): PathId,
    _: Organiser,
    Query(query): Query<HoldsQuery>,
) -> Result<Response, ApiError> {
    let (engine, event) = (gateway.engine()?, event_id(&event)?);
    let HoldsQuery { user, state, limit, cursor } = query;
    let filter = ListQuery { state, limit, cursor };
    let state = filter.state(&HOLD_STATES)?;
    let page = Page::new(filter.limit, filter.cursor.as_deref())?;
    let after = HoldNumber(u32::try_from(page.after).unwrap_or(u32::MAX - 1));
    // A name that nobody has logged in with has no holds: no user has the number 0.
    let user = user.map(|name| engine.user_number(&name).unwrap_or(UserNumber(0)));
    let wanted = |hold: &Hold| {
        state.is_none_or(|state| hold.state.as_str() == state) && user.is_none_or(|user| hold.user == user)
    };
    // One more than the page tells whether there is a next one.
    let found = engine.read(&event, |event, now_ms| event.list_holds(now_ms, after, page.limit + 1, &wanted)).await;
    let (mut found, view) = found.zip(engine.event(&event)).ok_or(ApiError::NotFound("event_not_found"))?;
    let has_more = found.len() > page.limit;
    found.truncate(page.limit);
    let next_cursor = found.last().filter(|_| has_more).map(|hold| hold.number.0.to_string());
    let items = found.iter().map(|hold| objects::admin_hold(&view, hold, engine.user_name(hold.user))).collect();
    Ok(answer::personal(answer::body(Success::Ok, answer::list(items, next_cursor))))
}

async fn release(
    State(gateway): State<Arc<Gateway>>,
    PathId(hold): PathId,
    organiser: Organiser,
    request: Mutation<ReasonBody>,
) -> Result<Response, ApiError> {
    let (engine, (event, number)) = (gateway.engine()?, numbered_id(&hold, "hold_not_found")?);
    let command = Command::ReleaseHold { number, reason: reason(request.body.reason)? };
    let reply = engine.execute(&event, organiser.caller(), request.key, command).await?;
    answer::mutation(engine, &event, hold_of_no_event(reply), |view, outcome| match outcome {
        Outcome::Hold(hold) => Some((Success::Ok, Some(objects::admin_hold(view, hold, engine.user_name(hold.user))))),
        _ => None,
    })
}

async fn extend(
    State(gateway): State<Arc<Gateway>>,
    PathId(hold): PathId,
    organiser: Organiser,
    request: Mutation<ExtendBody>,
) -> Result<Response, ApiError> {
    let (engine, (event, number)) = (gateway.engine()?, numbered_id(&hold, "hold_not_found")?);
    let seconds = u32::try_from(request.body.seconds).map_err(|_| ApiError::invalid("seconds", "must be 1 or more"))?;
    let command = Command::GiveTime { number, seconds, reason: reason(request.body.reason)? };
    let reply = engine.execute(&event, organiser.caller(), request.key, command).await?;
    answer::mutation(engine, &event, hold_of_no_event(reply), |view, outcome| match outcome {
        Outcome::Hold(hold) => Some((Success::Ok, Some(objects::admin_hold(view, hold, engine.user_name(hold.user))))),
        _ => None,
    })
}

async fn cancel(
    State(gateway): State<Arc<Gateway>>,
    PathId(booking): PathId,
    organiser: Organiser,
    request: Mutation<ReasonBody>,
) -> Result<Response, ApiError> {
    let (engine, (event, number)) = (gateway.engine()?, numbered_id(&booking, "booking_not_found")?);
    let command = Command::CancelBooking { number, reason: reason(request.body.reason)? };
    let reply = engine.execute(&event, organiser.caller(), request.key, command).await?;
    answer::mutation(engine, &event, booking_of_no_event(reply), |view, outcome| match outcome {
        Outcome::Cancelled(booking) => {
            let whose = json!({ "user": engine.user_name(booking.user), "session": booking.session.0.to_string() });
            Some((Success::Ok, Some(objects::merged(objects::booking(view, booking), whose))))
        }
        _ => None,
    })
}

async fn cleanup(
    State(gateway): State<Arc<Gateway>>,
    _: Organiser,
    request: Mutation<CleanupBody>,
) -> Result<Response, ApiError> {
    let cleanup = gateway.engine()?.cleanup(request.body.dry_run.unwrap_or(false)).await?;
    let value = json!({
        "expired_holds": cleanup.expired_holds,
        "ended_sessions": cleanup.ended_sessions,
        "dropped_queue_entries": cleanup.dropped_queue_entries,
    });
    Ok(answer::personal(answer::body(Success::Ok, value)))
}

async fn snapshot(
    State(gateway): State<Arc<Gateway>>,
    _: Organiser,
    request: Mutation<NoBody>,
) -> Result<Response, ApiError> {
    let NoBody {} = request.body;
    let engine = gateway.engine()?;
    engine.check_available()?;
    // What failed is in the log, with its reason.
    let written = engine.snapshot().await.map_err(|_| ApiError::Internal)?;
    let value = json!({
        "seq": written.info.seq,
        "bytes": written.info.bytes,
        "duration_ms": written.duration_ms,
        "file": written.info.file,
    });
    Ok(answer::personal(answer::body(Success::Ok, value)))
}

async fn changes(
    State(gateway): State<Arc<Gateway>>,
    _: Organiser,
    Query(query): Query<ChangesQuery>,
) -> Result<Response, ApiError> {
    gateway.engine()?;
    let page = Page::new(query.limit, query.cursor.as_deref())?;
    let after = page.after.max(query.after.unwrap_or(0));
    let event = query.event.as_deref().map(event_id).transpose()?;
    let reading = Arc::clone(&gateway);
    let read = move || Ok(reading.engine()?.changes(after, page.limit, event.as_ref()));
    let read: Result<Result<_, _>, ApiError> =
        tokio::task::spawn_blocking(read).await.map_err(|_| ApiError::Internal)?;
    let found = read?.map_err(|error| {
        tracing::error!(%error, "the audit trail cannot be read");
        ApiError::Internal
    })?;
    let engine = gateway.engine()?;
    let render = |entry: &holdfast_engine::engine::AuditEntry| {
        let view = entry.event.as_ref().and_then(|event| engine.event(event));
        let view = view.filter(|view| view.description.number == entry.event_number);
        let user = entry.change.user().and_then(|user| engine.user_name(user));
        let type_id = |index| view.as_deref().map(|view| objects::ticket_type(view, index));
        objects::change(entry, type_id, user.as_deref())
    };
    let items = found.entries.iter().map(render).collect();
    let next_cursor = found.next_after.map(|after| after.to_string());
    Ok(answer::personal(answer::body(Success::Ok, answer::list(items, next_cursor))))
}
