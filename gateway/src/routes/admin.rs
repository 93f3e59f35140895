//! What organisers do besides describing events: holds, bookings, snapshot, the audit trail.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use holdfast_engine::core::{Command, Outcome};
use holdfast_engine::engine::ReleaseWish;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::admin_lists::user_named;
use super::bookings::booking_of_no_event;
use super::holds::NoBody;
use crate::answer::{self, List};
use crate::error::{ApiError, Success};
use crate::gateway::Gateway;
use crate::identity::Organiser;
use crate::log::ActedOn;
use crate::objects::{self, AdminBooking, AdminHold, ShownChange};
use crate::openapi::parameters::IdempotencyKeyHeader;
use crate::openapi::refusals;
use crate::operation::hold_of_no_event;
use crate::page::Page;
use crate::request::{Mutation, PathId, Query, event_id, numbered_id, ticket_type};
use crate::traces;

pub(super) fn router() -> OpenApiRouter<Arc<Gateway>> {
    OpenApiRouter::default()
        .routes(routes!(release_many))
        .routes(routes!(release))
        .routes(routes!(extend))
        .routes(routes!(cancel))
        .routes(routes!(snapshot))
        .routes(routes!(changes))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReasonBody {
    /// Why, for the audit trail.
    #[schema(max_length = 500)]
    pub(super) reason: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ExtendBody {
    #[schema(minimum = 1, maximum = 2_592_000)]
    seconds: i64,
    /// Why, for the audit trail.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReleaseManyBody {
    /// Why, for the audit trail; it must not be missing or empty.
    #[schema(max_length = 500)]
    reason: Option<String>,
    /// Only those of this user.
    user: Option<String>,
    /// Only those of this type.
    #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,63}$")]
    ticket_type: Option<String>,
    /// Counts, and changes nothing.
    dry_run: Option<bool>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ChangesQuery {
    /// Only those of this event.
    #[param(pattern = "^[a-z0-9][a-z0-9-]{0,63}$")]
    event: Option<String>,
    /// Only those after this `seq`.
    after: Option<u64>,
    /// The most items of the page; without it, 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-9]{1,19}$")]
    cursor: Option<String>,
}

/// How many holds fitted, and how many of them were given back.
#[derive(Serialize, ToSchema)]
struct ReleasedHolds {
    matched: u64,
    released: u64,
}

/// A snapshot that was written.
#[derive(Serialize, ToSchema)]
struct WrittenSnapshot {
    /// The newest change in it.
    seq: u64,
    bytes: u64,
    duration_ms: u64,
    /// Its name in the data directory.
    file: String,
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

/// Gives the tickets of a hold back.
#[utoipa::path(
    delete, path = "/v1/admin/holds/{hold}", operation_id = "admin_release_hold", tag = "organisers",
    params(IdempotencyKeyHeader),
    request_body = ReasonBody,
    responses((status = 200, description = "The hold in its final state", body = AdminHold)),
    security(("organiser_token" = []), ("organiser_cookie" = [])),
    extensions(("x-refusals" = json!(refusals::ADMIN_RELEASING))),
)]
async fn release(
    State(gateway): State<Arc<Gateway>>,
    PathId(hold): PathId,
    organiser: Organiser,
    request: Mutation<ReasonBody>,
) -> Result<Response, ApiError> {
    let (engine, (event, number)) = (gateway.engine()?, numbered_id(&hold, "hold_not_found")?);
    let command = Command::ReleaseHold { number, reason: reason(request.body.reason)? };
    let reply = traces::engine(engine.execute(&event, organiser.caller(), request.key, command)).await?;
    answer::mutation(engine, &event, hold_of_no_event(reply), |view, outcome| match outcome {
        Outcome::Hold(hold) => Some((Success::Ok, Some(objects::admin_hold(view, hold, engine.user_name(hold.user))))),
        _ => None,
    })
}

/// Gives back all live holds that fit.
///
/// It is no one transaction, and an idempotency key has no effect on it: asked again, it releases what is left.
#[utoipa::path(
    post, path = "/v1/admin/events/{event}/holds/release", operation_id = "admin_release_holds", tag = "organisers",
    request_body = ReleaseManyBody,
    responses((status = 200, description = "How many", body = ReleasedHolds)),
    security(("organiser_token" = []), ("organiser_cookie" = [])),
    extensions(("x-refusals" = json!(refusals::RELEASING_MANY))),
)]
async fn release_many(
    State(gateway): State<Arc<Gateway>>,
    PathId(event): PathId,
    organiser: Organiser,
    request: Mutation<ReleaseManyBody>,
) -> Result<Response, ApiError> {
    let (engine, event) = (gateway.engine()?, event_id(&event)?);
    let ReleaseManyBody { reason: why, user, ticket_type: type_id, dry_run } = request.body;
    let why = reason(why)?.filter(|why| !why.trim().is_empty());
    let wish = ReleaseWish {
        user: user.map(|name| user_named(engine, &name)),
        ticket_type: ticket_type(type_id)?,
        reason: why.ok_or_else(|| ApiError::invalid("reason", "must say why"))?,
        dry_run: dry_run.unwrap_or(false),
    };
    let done = traces::engine(engine.release_holds(&event, organiser.name.as_str(), &wish)).await?;
    let done = done.map_err(|rejection| ApiError::rejected(rejection, Some(event), engine.now_ms()))?;
    let value = ReleasedHolds { matched: done.matched, released: done.released };
    let response = answer::personal(answer::body(Success::Ok, value));
    Ok(match wish.dry_run {
        true => answer::with_act(response, ActedOn::Nothing),
        false => answer::with_seq(response, done.seq),
    })
}

/// Gives a hold more time.
#[utoipa::path(
    post, path = "/v1/admin/holds/{hold}/extend", operation_id = "admin_extend_hold", tag = "organisers",
    params(IdempotencyKeyHeader),
    request_body = ExtendBody,
    responses((status = 200, description = "The hold, with its deadline", body = AdminHold)),
    security(("organiser_token" = []), ("organiser_cookie" = [])),
    extensions(("x-refusals" = json!(refusals::GIVING_TIME))),
)]
async fn extend(
    State(gateway): State<Arc<Gateway>>,
    PathId(hold): PathId,
    organiser: Organiser,
    request: Mutation<ExtendBody>,
) -> Result<Response, ApiError> {
    let (engine, (event, number)) = (gateway.engine()?, numbered_id(&hold, "hold_not_found")?);
    let seconds = u32::try_from(request.body.seconds).map_err(|_| ApiError::invalid("seconds", "must be 1 or more"))?;
    let command = Command::GiveTime { number, seconds, reason: reason(request.body.reason)? };
    let reply = traces::engine(engine.execute(&event, organiser.caller(), request.key, command)).await?;
    answer::mutation(engine, &event, hold_of_no_event(reply), |view, outcome| match outcome {
        Outcome::Hold(hold) => Some((Success::Ok, Some(objects::admin_hold(view, hold, engine.user_name(hold.user))))),
        _ => None,
    })
}

/// Cancels a booking.
#[utoipa::path(
    delete, path = "/v1/admin/bookings/{booking}", operation_id = "admin_cancel_booking", tag = "organisers",
    params(IdempotencyKeyHeader),
    request_body = ReasonBody,
    responses((status = 200, description = "The booking, cancelled", body = AdminBooking)),
    security(("organiser_token" = []), ("organiser_cookie" = [])),
    extensions(("x-refusals" = json!(refusals::ADMIN_CANCELLING))),
)]
async fn cancel(
    State(gateway): State<Arc<Gateway>>,
    PathId(booking): PathId,
    organiser: Organiser,
    request: Mutation<ReasonBody>,
) -> Result<Response, ApiError> {
    let (engine, (event, number)) = (gateway.engine()?, numbered_id(&booking, "booking_not_found")?);
    let command = Command::CancelBooking { number, reason: reason(request.body.reason)? };
    let reply = traces::engine(engine.execute(&event, organiser.caller(), request.key, command)).await?;
    answer::mutation(engine, &event, booking_of_no_event(reply), |view, outcome| match outcome {
        Outcome::Cancelled(booking) => {
            Some((Success::Ok, Some(objects::admin_booking(view, booking, engine.user_name(booking.user)))))
        }
        _ => None,
    })
}

/// Writes a snapshot now.
#[utoipa::path(
    post, path = "/v1/admin/snapshot", operation_id = "admin_write_snapshot", tag = "organisers",
    request_body = NoBody,
    responses((status = 200, description = "The snapshot", body = WrittenSnapshot)),
    security(("organiser_token" = []), ("organiser_cookie" = [])),
)]
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
    let value = WrittenSnapshot {
        seq: written.info.seq,
        bytes: written.info.bytes,
        duration_ms: written.duration_ms,
        file: written.info.file,
    };
    Ok(answer::personal(answer::body(Success::Ok, value)))
}

/// The audit trail: every change, with who and why.
#[utoipa::path(
    get, path = "/v1/admin/changes", operation_id = "admin_list_changes", tag = "organisers",
    params(ChangesQuery),
    responses((status = 200, description = "A page of changes", body = List<ShownChange>)),
    security(("organiser_token" = []), ("organiser_cookie" = [])),
    extensions(("x-refusals" = json!(refusals::CHANGES))),
)]
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
