//! What operators and their machines ask.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::answer;
use crate::config::AuthMode;
use crate::error::{ApiError, Success};
use crate::gateway::Gateway;
use crate::openapi::refusals;

pub(super) fn router() -> OpenApiRouter<Arc<Gateway>> {
    OpenApiRouter::default()
        .routes(routes!(live))
        .routes(routes!(ready))
        .routes(routes!(metrics))
        .routes(routes!(version))
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
    /// Whether buyers make accounts of their own; only where `auth_mode` is "accounts".
    sign_up: bool,
}

/// Whether the process answers.
#[utoipa::path(
    get, path = "/livez", operation_id = "read_liveness", tag = "operations",
    responses((status = 200, description = "It does", body = Live)),
)]
async fn live() -> Response {
    answer::body(Success::Ok, Live { status: "live" })
}

/// Whether the process serves.
///
/// It has recovered, is not stopping, its disk keeps up, and it has not been refusing holds for seconds.
#[utoipa::path(
    get, path = "/readyz", operation_id = "read_readiness", tag = "operations",
    responses((status = 200, description = "It does", body = Ready)),
    extensions(("x-refusals" = json!(refusals::READINESS))),
)]
async fn ready(State(gateway): State<Arc<Gateway>>) -> Result<Response, ApiError> {
    let engine = gateway.check_ready()?;
    Ok(answer::body(Success::Ok, Ready { status: "ready", durable_seq: engine.durable_seq() }))
}

/// Metrics for Prometheus.
#[utoipa::path(
    get, path = "/metrics", operation_id = "read_metrics", tag = "operations",
    responses(
        (status = 200, description = "In the text format of Prometheus", content_type = "text/plain", body = String),
    ),
)]
async fn metrics(State(gateway): State<Arc<Gateway>>) -> Response {
    let mut response = gateway.render_metrics().into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4"));
    response
}

/// What runs here.
#[utoipa::path(
    get, path = "/version", operation_id = "read_version", tag = "operations",
    responses((status = 200, description = "The version, and how one logs in", body = Version)),
)]
async fn version(State(gateway): State<Arc<Gateway>>) -> Response {
    let config = gateway.config();
    let value = Version {
        name: "holdfast",
        version: env!("CARGO_PKG_VERSION"),
        api: "v1",
        auth_mode: config.auth.mode,
        sign_up: config.auth.mode == AuthMode::Accounts && config.accounts.sign_up,
    };
    answer::body(Success::Ok, value)
}
