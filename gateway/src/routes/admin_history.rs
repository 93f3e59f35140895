//! What the totals were lately, for the organisers' chart.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use holdfast_engine::engine::{SAMPLE_INTERVAL_MS, Sample};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::answer;
use crate::error::{ApiError, Success};
use crate::gateway::Gateway;
use crate::identity::Organiser;
use crate::objects::Time;

pub(super) fn router() -> OpenApiRouter<Arc<Gateway>> {
    OpenApiRouter::default().routes(routes!(history))
}

/// What the totals were in the last 15 minutes.
#[derive(Serialize, ToSchema)]
#[schema(as = History)]
struct ShownHistory {
    /// How far apart samples are.
    interval_seconds: u64,
    /// Oldest first; none right after a start.
    samples: Vec<ShownSample>,
    server_time: Time,
}

/// The totals over all events at one moment, and what had happened since the server started.
#[derive(Serialize, ToSchema)]
#[schema(as = Sample)]
struct ShownSample {
    at: Time,
    capacity: u64,
    available: u64,
    held: u64,
    booked: u64,
    waiting: u64,
    /// Live ones.
    sessions: u64,
    /// Holds that became bookings, since the start.
    holds_confirmed: u64,
    /// Holds that ended in whatever way, since the start: as a booking, given back, or expired.
    holds_ended: u64,
    /// Bookings from holds and direct ones, since the start.
    bookings_made: u64,
}

/// What the totals over all events were in the last 15 minutes, every five seconds.
#[utoipa::path(
    get, path = "/v1/admin/history", operation_id = "admin_read_history", tag = "organisers",
    responses((status = 200, description = "The samples", body = ShownHistory)),
    security(("organiser_token" = []), ("organiser_cookie" = [])),
)]
async fn history(State(gateway): State<Arc<Gateway>>, _: Organiser) -> Result<Response, ApiError> {
    let engine = gateway.engine()?;
    let value = ShownHistory {
        interval_seconds: SAMPLE_INTERVAL_MS / 1_000,
        samples: engine.history().iter().map(ShownSample::of).collect(),
        server_time: Time::of(engine.now_ms()),
    };
    Ok(answer::personal(answer::body(Success::Ok, value)))
}

impl ShownSample {
    fn of(sample: &Sample) -> ShownSample {
        let Sample { at_ms, totals, sessions, tally } = sample;
        ShownSample {
            at: Time::of(*at_ms),
            capacity: totals.capacity,
            available: totals.available,
            held: totals.held,
            booked: totals.booked,
            waiting: totals.waiting,
            sessions: *sessions,
            holds_confirmed: tally.holds_confirmed(),
            holds_ended: tally.holds_ended(),
            bookings_made: tally.bookings_made(),
        }
    }
}
