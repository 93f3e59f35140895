//! The web pages and the description of the API.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue,
    VARY,
};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::answer;
use crate::error::{ApiError, Success};
use crate::gateway::Gateway;
use crate::openapi::DESCRIPTION;
use crate::openapi::parameters::IfNoneMatchHeader;
use crate::pages::{self, Page};

/// Nothing inline, nothing from elsewhere, in nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";

/// What pages load is a part of them, and is not described by itself.
pub(super) fn router() -> OpenApiRouter<Arc<Gateway>> {
    let described = OpenApiRouter::default()
        .routes(routes!(index))
        .routes(routes!(admin))
        .routes(routes!(openapi))
        .routes(routes!(docs))
        .routes(routes!(errors));
    pages::parts().fold(described, |router, part| {
        let path = format!("/{part}");
        router.route(&path, get(async move |headers: HeaderMap| embedded(&headers, &part)))
    })
}

/// The buyers' page.
#[utoipa::path(
    get, path = "/", operation_id = "read_first_page", tag = "pages",
    params(IfNoneMatchHeader),
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 304, description = "The client has it already"),
    ),
)]
async fn index(headers: HeaderMap) -> Response {
    embedded(&headers, "index.html")
}

/// The organisers' page. Its script asks for an admin token and keeps none.
#[utoipa::path(
    get, path = "/admin", operation_id = "read_admin_page", tag = "pages",
    params(IfNoneMatchHeader),
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 304, description = "The client has it already"),
    ),
)]
async fn admin(headers: HeaderMap) -> Response {
    embedded(&headers, "admin.html")
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
        return not_modified(&DESCRIPTION.etag);
    }
    answer::with_etag(page(content_type, Bytes::clone(content)), &DESCRIPTION.etag)
}

/// A file of the pages. It is gone only where a build that reads the folder finds it removed since the start.
fn embedded(headers: &HeaderMap, file: &str) -> Response {
    let Some(Page { content_type, content, compressed, etag }) = pages::read(file) else {
        return ApiError::NotFound("not_found").into_response();
    };
    let mut response = if answer::client_has(headers, &etag) {
        not_modified(&etag)
    } else if pages::takes_gzip(headers.get_all(ACCEPT_ENCODING)) {
        let mut response = page(content_type, compressed);
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        answer::with_etag(response, &etag)
    } else {
        answer::with_etag(page(content_type, content), &etag)
    };
    response.headers_mut().append(VARY, HeaderValue::from(ACCEPT_ENCODING));
    response
}

fn not_modified(etag: &str) -> Response {
    answer::with_etag((PAGE_HEADERS, answer::empty(Success::NotModified)).into_response(), etag)
}

const PAGE_HEADERS: [(HeaderName, &str); 3] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=()"),
    (CACHE_CONTROL, "no-cache"),
];

fn page(content_type: &'static str, content: impl Into<Body>) -> Response {
    ([(CONTENT_TYPE, content_type)], PAGE_HEADERS, Response::new(content.into())).into_response()
}
