//! The web pages, embedded in the binary.

use std::sync::Arc;

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::gateway::Gateway;

/// Nothing inline, nothing from elsewhere, in nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(super) fn router() -> Router<Arc<Gateway>> {
    Router::new()
        .route("/", get(async || page("text/html; charset=utf-8", include_str!("../../ui/index.html"))))
        .route("/style.css", get(async || page("text/css; charset=utf-8", include_str!("../../ui/style.css"))))
        .route("/events.js", get(async || page("text/javascript; charset=utf-8", include_str!("../../ui/events.js"))))
        .route("/icon.svg", get(async || page("image/svg+xml", include_str!("../../ui/icon.svg"))))
}

fn page(content_type: &'static str, content: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, content_type),
        (CONTENT_SECURITY_POLICY, POLICY),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=()"),
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, content).into_response()
}
