//! The description of the API: OpenAPI 3.1, made of the routes and types that serve it, and the pages made of the
//! description.
//!
//! A route is registered with its description (`#[utoipa::path]`, by `OpenApiRouter`), and the schemas are those of the
//! types that are read and written. `complete` adds what is the same for all calls of a kind, `schemas` that there is
//! nothing else in an object, [`refusals`] has the codes, `examples` an example for every call, and `page` makes a page of
//! it all.

mod complete;
mod examples;
mod page;
pub mod parameters;
pub mod refusals;
mod schemas;

use std::sync::LazyLock;

use axum::body::Bytes;
use serde_json::{Value, json};
use utoipa::openapi::OpenApi;

use crate::routes;

/// The description, and what is made of it, once for all who ask.
pub struct Description {
    /// `GET /openapi.json`.
    pub json: Bytes,
    /// `GET /docs`.
    pub page: Bytes,
    /// `GET /docs/errors`.
    pub errors_page: Bytes,
    /// Of the three.
    pub etag: String,
}

/// The description of this build.
pub static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| {
    let described = describe(routes::described_router().into_openapi());
    let json = Bytes::from(described.to_string());
    let hash = blake3::hash(&json).to_hex();
    Description {
        page: page::render(&described).into(),
        errors_page: page::render_errors().into(),
        etag: format!("\"{}\"", &hash[..16]),
        json,
    }
});

/// The paths of all calls.
pub static PATHS: LazyLock<Vec<String>> =
    LazyLock::new(|| routes::described_router().into_openapi().paths.paths.into_keys().collect());

/// The whole description, of what the routes say of themselves.
fn describe(collected: OpenApi) -> Value {
    let mut description = serde_json::to_value(collected).expect("a description can be written");
    description["info"] = json!({
        "title": "Holdfast",
        "summary": "A reservation engine for ticket sales.",
        "description": INTRODUCTION,
        "version": env!("CARGO_PKG_VERSION"),
    });
    description["tags"] = TAGS.iter().map(|(name, text)| json!({ "name": name, "description": text })).collect();
    description["components"]["securitySchemes"] = security_schemes();
    complete::complete(&mut description);
    schemas::tighten(&mut description);
    examples::add(&mut description);
    description
}

const INTRODUCTION: &str = "Errors are problem details (RFC 9457) with a stable `code`. Times are RFC 3339, UTC, with \
    milliseconds; durations are integers with the unit in their name. What is absent is null in answers, never missing. \
    Another user's things answer like things that do not exist. A success is answered when it is on disk.";

const TAGS: &[(&str, &str)] = &[
    ("login", "Who is there: sessions and accounts."),
    ("events", "What is sold."),
    ("holds", "Tickets set aside until a deadline."),
    ("bookings", "Tickets that are a user's."),
    ("queue", "The line of a ticket type: first come, first served."),
    ("batches", "Many operations in one call, for a sale's own back end."),
    ("feed", "What changes, as it happens."),
    ("organisers", "Everything organisers do. It needs the token of an operator, or of a viewer for what only reads."),
    ("operations", "For those who run the server."),
    ("pages", "For people."),
];

fn security_schemes() -> Value {
    let bearer = |text| json!({ "type": "http", "scheme": "bearer", "description": text });
    let cookie = |name, text| json!({ "type": "apiKey", "in": "cookie", "name": name, "description": text });
    let own_pages = "The same, as a cookie. A change by cookie must come from the server's own pages.";
    json!({
        "session_token": bearer("The `token` of a login."),
        "session_cookie": cookie("holdfast_session", own_pages),
        "organiser_token": bearer("The token of an operator, or of a viewer for what only reads."),
        "organiser_cookie": cookie("holdfast_admin", own_pages),
        "back_end_token": bearer("The token of a service; for batches, also of an operator."),
    })
}
