//! What operators and their machines ask.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use holdfast_engine::error::Unavailable;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer;
use crate::config::AuthMode;
use crate::error::{ApiError, Success};
use crate::gateway::Gateway;

pub(super) fn router() -> Router<Arc<Gateway>> {
    Router::new()
        .route("/livez", get(live))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/version", get(version))
}

/// The process answers.
#[derive(Serialize, ToSchema)]
struct Live {
    #[schema(pattern = "^live$")]
    status: &'static str,
}

/// The process serves.
#[derive(Serialize, ToSchema)]
struct Ready {
    #[schema(pattern = "^ready$")]
    status: &'static str,
    /// The number of the newest durable change.
    durable_seq: u64,
}

/// What runs here.
#[derive(Serialize, ToSchema)]
struct Version {
    #[schema(pattern = "^holdfast$")]
    name: &'static str,
    version: &'static str,
    /// The version of the API.
    #[schema(pattern = "^v1$")]
    api: &'static str,
    auth_mode: AuthMode,
}

/// The process answers.
async fn live() -> Response {
    answer::body(Success::Ok, Live { status: "live" })
}

/// The process serves: it has recovered, is not stopping, its disk keeps up, and it has not been refusing holds for seconds.
async fn ready(State(gateway): State<Arc<Gateway>>) -> Result<Response, ApiError> {
    let engine = gateway.engine()?;
    engine.check_ready()?;
    if gateway.admission().is_overloaded(engine.now_ms()) {
        return Err(Unavailable::Overloaded.into());
    }
    Ok(answer::body(Success::Ok, Ready { status: "ready", durable_seq: engine.durable_seq() }))
}

async fn metrics(State(gateway): State<Arc<Gateway>>) -> Response {
    let mut response = gateway.render_metrics().into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4"));
    response
}

async fn version(State(gateway): State<Arc<Gateway>>) -> Response {
    let value = Version {
        name: "holdfast",
        version: env!("CARGO_PKG_VERSION"),
        api: "v1",
        auth_mode: gateway.config().auth.mode,
    };
    answer::body(Success::Ok, value)
}
