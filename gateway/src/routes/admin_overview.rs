//! The whole server at a glance, for organisers.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use holdfast_engine::core::status::Status;
use holdfast_engine::engine::{JournalOverview, NewestSnapshot, Overview, SnapshotsSoFar};
use holdfast_engine::journal::RecoveryReport;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::answer;
use crate::config::AuthMode;
use crate::error::{ApiError, Success};
use crate::gateway::{DoneCleanup, Gateway};
use crate::identity::Organiser;
use crate::objects::Time;

pub(super) fn router() -> OpenApiRouter<Arc<Gateway>> {
    OpenApiRouter::default().routes(routes!(overview))
}

/// The whole server at a glance.
#[derive(Serialize, ToSchema)]
#[schema(as = Overview)]
struct ShownOverview {
    events: EventCounts,
    capacity: u64,
    available: u64,
    held: u64,
    booked: u64,
    waiting: u64,
    /// Live sessions.
    sessions: u64,
    journal: ShownJournal,
    snapshot: ShownSnapshot,
    recovery: ShownRecovery,
    /// The newest cleanup that an organiser asked for, since the start.
    cleanup: Option<ShownCleanup>,
    uptime_seconds: u64,
    version: &'static str,
    auth_mode: AuthMode,
    server_time: Time,
}

/// How many events there are, in all and in each status.
#[derive(Serialize, ToSchema)]
struct EventCounts {
    total: u64,
    draft: u64,
    scheduled: u64,
    on_sale: u64,
    paused: u64,
    closed: u64,
    cancelled: u64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = JournalState)]
struct ShownJournal {
    /// The number of the newest durable change.
    durable_seq: u64,
    segments: u64,
    /// What waits to be written.
    backlog_bytes: u64,
    reserve_bytes: u64,
    disk_full: bool,
}

/// The newest snapshot. What of it is not known, since an earlier process wrote it or there is none, is null.
#[derive(Serialize, ToSchema)]
#[schema(as = SnapshotState)]
struct ShownSnapshot {
    seq: Option<u64>,
    file: Option<String>,
    at: Option<Time>,
    bytes: Option<u64>,
    duration_ms: Option<u64>,
    /// Why the newest attempt failed, if it did.
    failure: Option<SnapshotFailure>,
}

#[derive(Serialize, ToSchema)]
struct SnapshotFailure {
    at: Time,
    reason: String,
}

/// What the last start read and did.
#[derive(Serialize, ToSchema)]
#[schema(as = RecoveryState)]
struct ShownRecovery {
    /// Whether the stop before was in good order.
    clean: bool,
    last_seq: u64,
    epoch: u64,
    segments: u64,
    records: u64,
    changes: u64,
    bytes: u64,
    duration_ms: u64,
    quarantined_bytes: u64,
    quarantined_file: Option<String>,
}

/// What a cleanup did, when, and on whose account.
#[derive(Serialize, ToSchema)]
#[schema(as = DoneCleanup)]
struct ShownCleanup {
    at: Time,
    /// As in the audit trail.
    by: String,
    expired_holds: u64,
    ended_sessions: u64,
    dropped_queue_entries: u64,
}

/// The whole server at a glance.
#[utoipa::path(
    get, path = "/v1/admin/overview", operation_id = "admin_read_overview", tag = "organisers",
    responses(
        (status = 200, description = "Totals, and the state of journal, snapshots and the last start", body = ShownOverview),
    ),
    security(("organiser_token" = []), ("organiser_cookie" = [])),
)]
async fn overview(State(gateway): State<Arc<Gateway>>, _: Organiser) -> Result<Response, ApiError> {
    let engine = gateway.engine()?;
    let seen = engine.overview();
    let Overview { events, totals, sessions, journal, snapshots, uptime_ms } = &seen;
    let value = ShownOverview {
        events: events_by_status(events),
        capacity: totals.capacity,
        available: totals.available,
        held: totals.held,
        booked: totals.booked,
        waiting: totals.waiting,
        sessions: *sessions,
        journal: render_journal(journal),
        snapshot: render_snapshots(snapshots),
        recovery: render_recovery(engine.recovery()),
        cleanup: gateway.newest_cleanup().map(render_cleanup),
        uptime_seconds: uptime_ms / 1_000,
        version: env!("CARGO_PKG_VERSION"),
        auth_mode: gateway.config().auth.mode,
        server_time: Time::of(engine.now_ms()),
    };
    Ok(answer::personal(answer::body(Success::Ok, value)))
}

fn events_by_status(events: &[(Status, u64)]) -> EventCounts {
    let of = |wanted: Status| events.iter().filter(|(status, _)| *status == wanted).map(|(_, count)| count).sum();
    EventCounts {
        total: events.iter().map(|(_, count)| count).sum(),
        draft: of(Status::Draft),
        scheduled: of(Status::Scheduled),
        on_sale: of(Status::OnSale),
        paused: of(Status::Paused),
        closed: of(Status::Closed),
        cancelled: of(Status::Cancelled),
    }
}

fn render_journal(journal: &JournalOverview) -> ShownJournal {
    ShownJournal {
        durable_seq: journal.durable_seq,
        segments: journal.segments,
        backlog_bytes: journal.backlog_bytes,
        reserve_bytes: journal.reserve_bytes,
        disk_full: journal.is_disk_full,
    }
}

/// The newest snapshot; of one that an earlier process wrote, only what its name says is known.
fn render_snapshots(SnapshotsSoFar { newest, failure }: &SnapshotsSoFar) -> ShownSnapshot {
    let written = newest.as_ref().and_then(|newest: &NewestSnapshot| newest.written.as_ref());
    let render = |(at_ms, why): &(u64, _)| SnapshotFailure { at: Time::of(*at_ms), reason: format!("{why}") };
    ShownSnapshot {
        seq: newest.as_ref().map(|newest| newest.seq),
        file: newest.as_ref().map(|newest| newest.file.clone()),
        at: written.map(|(at_ms, _)| Time::of(*at_ms)),
        bytes: written.map(|(_, written)| written.info.bytes),
        duration_ms: written.map(|(_, written)| written.duration_ms),
        failure: failure.as_ref().map(render),
    }
}

fn render_cleanup(DoneCleanup { at_ms, organiser, cleanup }: DoneCleanup) -> ShownCleanup {
    ShownCleanup {
        at: Time::of(at_ms),
        by: format!("admin:{organiser}"),
        expired_holds: cleanup.expired_holds,
        ended_sessions: cleanup.ended_sessions,
        dropped_queue_entries: cleanup.dropped_queue_entries,
    }
}

fn render_recovery(report: &RecoveryReport) -> ShownRecovery {
    ShownRecovery {
        clean: report.clean,
        last_seq: report.last_seq,
        epoch: report.epoch,
        segments: report.segment_count,
        records: report.record_count,
        changes: report.change_count,
        bytes: report.bytes,
        duration_ms: report.duration.as_millis() as u64,
        quarantined_bytes: report.quarantined_bytes,
        quarantined_file: report.quarantined_file.clone(),
    }
}
