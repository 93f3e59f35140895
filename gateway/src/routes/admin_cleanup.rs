//! Cleaning up now, instead of when the wheels come to it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use holdfast_engine::core::change::Share;
use holdfast_engine::core::id::Slug;
use holdfast_engine::engine::{Cleaned, Cleanup, Engine};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::answer;
use crate::error::{ApiError, Success};
use crate::gateway::{DoneCleanup, Gateway};
use crate::identity::Organiser;
use crate::log::ActedOn;
use crate::objects::{self, EventId, NumberedId, TypeId};
use crate::request::Mutation;

pub(super) fn router() -> OpenApiRouter<Arc<Gateway>> {
    OpenApiRouter::default().routes(routes!(cleanup))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CleanupBody {
    /// Counts, and changes nothing.
    dry_run: Option<bool>,
    /// Tells each one besides, up to 1,000 of a kind.
    verbose: Option<bool>,
}

/// What a cleanup ended, or would end.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum CleanedUp {
    Counts(CleanedUpCounts),
    Each(CleanedUpEach),
}

/// How many.
#[derive(Clone, Copy, Serialize, ToSchema)]
struct CleanedUpCounts {
    expired_holds: u64,
    ended_sessions: u64,
    dropped_queue_entries: u64,
}

/// How many, and which: at most 1,000 of a kind.
#[derive(Serialize, ToSchema)]
struct CleanedUpEach {
    #[serde(flatten)]
    counts: CleanedUpCounts,
    holds: Vec<CleanedUpHold>,
    sessions: Vec<CleanedUpSession>,
    /// A dry run does not know them.
    queue_entries: Vec<CleanedUpPlace>,
}

/// A hold that expired, or would.
#[derive(Serialize, ToSchema)]
struct CleanedUpHold {
    id: NumberedId,
    #[serde(flatten)]
    share: CleanedUpPlace,
}

/// A session that ended, or would.
#[derive(Serialize, ToSchema)]
struct CleanedUpSession {
    #[schema(pattern = "^[1-9][0-9]*$")]
    id: String,
    user: Option<String>,
}

/// Whose, how many, of what.
#[derive(Serialize, ToSchema)]
struct CleanedUpPlace {
    event: EventId,
    /// `null` where the event is gone since.
    ticket_type: Option<TypeId>,
    quantity: u32,
    user: Option<String>,
    #[schema(pattern = "^[1-9][0-9]*$")]
    session: String,
}

/// Expires due holds and ends idle sessions now.
#[utoipa::path(
    post, path = "/v1/admin/cleanup", operation_id = "admin_clean_up", tag = "organisers",
    request_body = CleanupBody,
    responses((status = 200, description = "How many, and with `verbose` which", body = CleanedUp)),
    security(("organiser_token" = []), ("organiser_cookie" = [])),
)]
async fn cleanup(
    State(gateway): State<Arc<Gateway>>,
    organiser: Organiser,
    request: Mutation<CleanupBody>,
) -> Result<Response, ApiError> {
    let (engine, CleanupBody { dry_run, verbose }) = (gateway.engine()?, request.body);
    let (dry_run, verbose) = (dry_run.unwrap_or(false), verbose.unwrap_or(false));
    let cleanup = engine.cleanup(dry_run).await?;
    if !dry_run {
        gateway.note_cleanup(DoneCleanup { at_ms: engine.now_ms(), organiser: organiser.name, cleanup });
    }
    let counts = CleanedUpCounts {
        expired_holds: cleanup.expired_holds,
        ended_sessions: cleanup.ended_sessions,
        dropped_queue_entries: cleanup.dropped_queue_entries,
    };
    let value = match (verbose, dry_run) {
        (false, _) => CleanedUp::Counts(counts),
        (true, true) => CleanedUp::Each(each(engine, counts, &engine.to_be_cleaned().await)),
        (true, false) => CleanedUp::Each(each(engine, counts, &read_cleaned(&gateway, cleanup).await?)),
    };
    let response = answer::personal(answer::body(Success::Ok, value));
    Ok(if dry_run { answer::with_act(response, ActedOn::Nothing) } else { response })
}

/// What a cleanup did, read back from the journal.
async fn read_cleaned(gateway: &Arc<Gateway>, cleanup: Cleanup) -> Result<Cleaned, ApiError> {
    let reading = Arc::clone(gateway);
    let read = move || Ok(reading.engine()?.cleaned(&cleanup));
    let read: Result<Result<_, _>, ApiError> =
        tokio::task::spawn_blocking(read).await.map_err(|_| ApiError::Internal)?;
    read?.map_err(|error| {
        tracing::error!(%error, "the audit trail cannot be read");
        ApiError::Internal
    })
}

fn each(engine: &Engine, counts: CleanedUpCounts, cleaned: &Cleaned) -> CleanedUpEach {
    let place = |event: &Slug, share: &Share| CleanedUpPlace {
        event: EventId::new(event.as_str()),
        ticket_type: engine.event(event).map(|view| TypeId::new(objects::ticket_type(&view, share.ticket_type))),
        quantity: share.quantity,
        user: engine.user_name(share.user),
        session: share.session.0.to_string(),
    };
    let holds = cleaned.holds.iter().map(|hold| CleanedUpHold {
        id: NumberedId::new(format!("{}.{}", hold.event, hold.number.0)),
        share: place(&hold.event, &hold.share),
    });
    let sessions = cleaned
        .sessions
        .iter()
        .map(|ended| CleanedUpSession { id: ended.session.0.to_string(), user: engine.user_name(ended.user) });
    CleanedUpEach {
        counts,
        holds: holds.collect(),
        sessions: sessions.collect(),
        queue_entries: cleaned.queue_entries.iter().map(|entry| place(&entry.event, &entry.share)).collect(),
    }
}
