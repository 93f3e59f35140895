//! The whole server at a glance, for organisers.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use holdfast_engine::core::status::Status;
use holdfast_engine::engine::{JournalOverview, NewestSnapshot, Overview, SnapshotsSoFar};
use holdfast_engine::journal::RecoveryReport;
use serde_json::{Map, Value, json};

use crate::answer;
use crate::error::{ApiError, Success};
use crate::gateway::Gateway;
use crate::identity::Organiser;
use crate::time::rfc3339;

pub(super) fn router() -> Router<Arc<Gateway>> {
    Router::new().route("/v1/admin/overview", get(overview))
}

async fn overview(State(gateway): State<Arc<Gateway>>, _: Organiser) -> Result<Response, ApiError> {
    let engine = gateway.engine()?;
    let seen = engine.overview();
    let Overview { events, totals, sessions, journal, snapshots, uptime_ms } = &seen;
    let value = json!({
        "events": events_by_status(events),
        "capacity": totals.capacity,
        "available": totals.available,
        "held": totals.held,
        "booked": totals.booked,
        "waiting": totals.waiting,
        "sessions": sessions,
        "journal": render_journal(journal),
        "snapshot": render_snapshots(snapshots),
        "recovery": render_recovery(engine.recovery()),
        "uptime_seconds": uptime_ms / 1_000,
        "version": env!("CARGO_PKG_VERSION"),
        "auth_mode": gateway.config().auth.mode,
        "server_time": rfc3339(engine.now_ms()),
    });
    Ok(answer::personal(answer::body(Success::Ok, value)))
}

/// `{"total", "draft", …}`.
fn events_by_status(events: &[(Status, u64)]) -> Value {
    let total = events.iter().map(|(_, count)| count).sum::<u64>();
    let mut members = Map::from_iter([("total".to_owned(), json!(total))]);
    members.extend(events.iter().map(|(status, count)| (status.as_str().to_owned(), json!(count))));
    Value::Object(members)
}

fn render_journal(journal: &JournalOverview) -> Value {
    json!({
        "durable_seq": journal.durable_seq,
        "segments": journal.segments,
        "backlog_bytes": journal.backlog_bytes,
        "reserve_bytes": journal.reserve_bytes,
        "disk_full": journal.is_disk_full,
    })
}

/// The newest snapshot; of one that an earlier process wrote, only what its name says is known.
fn render_snapshots(SnapshotsSoFar { newest, failure }: &SnapshotsSoFar) -> Value {
    let written = newest.as_ref().and_then(|newest: &NewestSnapshot| newest.written.as_ref());
    let failure = failure.as_ref().map(|(at_ms, why)| json!({ "at": rfc3339(*at_ms), "reason": why.to_string() }));
    json!({
        "seq": newest.as_ref().map(|newest| newest.seq),
        "file": newest.as_ref().map(|newest| &newest.file),
        "at": written.map(|(at_ms, _)| rfc3339(*at_ms)),
        "bytes": written.map(|(_, written)| written.info.bytes),
        "duration_ms": written.map(|(_, written)| written.duration_ms),
        "failure": failure,
    })
}

fn render_recovery(report: &RecoveryReport) -> Value {
    json!({
        "clean": report.clean,
        "last_seq": report.last_seq,
        "epoch": report.epoch,
        "segments": report.segment_count,
        "records": report.record_count,
        "changes": report.change_count,
        "bytes": report.bytes,
        "duration_ms": report.duration.as_millis() as u64,
        "quarantined_bytes": report.quarantined_bytes,
        "quarantined_file": report.quarantined_file,
    })
}
