//! The web pages, embedded in the binary, and the description of the API.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::answer;
use crate::error::Success;
use crate::gateway::Gateway;
use crate::openapi::DESCRIPTION;
use crate::openapi::parameters::IfNoneMatchHeader;

/// Nothing inline, nothing from elsewhere, in nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";

/// What pages load is a part of them, and is not described by itself.
pub(super) fn router() -> OpenApiRouter<Arc<Gateway>> {
    OpenApiRouter::default()
        .routes(routes!(index))
        .routes(routes!(openapi))
        .routes(routes!(docs))
        .routes(routes!(errors))
        .route("/style.css", get(async || page("text/css; charset=utf-8", include_str!("../../ui/style.css"))))
        .route("/docs.css", get(async || page("text/css; charset=utf-8", include_str!("../../ui/docs.css"))))
        .route("/events.js", get(async || page("text/javascript; charset=utf-8", include_str!("../../ui/events.js"))))
        .route("/icon.svg", get(async || page("image/svg+xml", include_str!("../../ui/icon.svg"))))
}

/// The first page: events with live numbers.
#[utoipa::path(
    get, path = "/", operation_id = "read_first_page", tag = "pages",
    responses((status = 200, description = "The page", content_type = "text/html", body = String)),
)]
async fn index() -> Response {
    page(HTML, include_str!("../../ui/index.html"))
}

/// This description.
#[utoipa::path(
    get, path = "/openapi.json", operation_id = "read_description", tag = "pages",
    params(IfNoneMatchHeader),
    responses(
        (status = 200, description = "OpenAPI 3.1", content_type = "application/json", body = Object),
        (status = 304, description = "The client has it already"),
    ),
)]
async fn openapi(headers: HeaderMap) -> Response {
    described(&headers, "application/json", &DESCRIPTION.json)
}

/// This description as a page.
#[utoipa::path(
    get, path = "/docs", operation_id = "read_docs", tag = "pages",
    params(IfNoneMatchHeader),
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 304, description = "The client has it already"),
    ),
)]
async fn docs(headers: HeaderMap) -> Response {
    described(&headers, HTML, &DESCRIPTION.page)
}

/// What each code of a refusal means: where the `type` of a problem points.
#[utoipa::path(
    get, path = "/docs/errors", operation_id = "read_docs_of_errors", tag = "pages",
    params(IfNoneMatchHeader),
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 304, description = "The client has it already"),
    ),
)]
async fn errors(headers: HeaderMap) -> Response {
    described(&headers, HTML, &DESCRIPTION.errors_page)
}

fn described(headers: &HeaderMap, content_type: &'static str, content: &Bytes) -> Response {
    if answer::client_has(headers, &DESCRIPTION.etag) {
        let response = (PAGE_HEADERS, answer::empty(Success::NotModified)).into_response();
        return answer::with_etag(response, &DESCRIPTION.etag);
    }
    answer::with_etag(page(content_type, Bytes::clone(content)), &DESCRIPTION.etag)
}

const PAGE_HEADERS: [(HeaderName, &str); 3] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=()"),
    (CACHE_CONTROL, "no-cache"),
];

fn page(content_type: &'static str, content: impl Into<Body>) -> Response {
    ([(CONTENT_TYPE, content_type)], PAGE_HEADERS, Response::new(content.into())).into_response()
}
