//! The headers that the HTTP library has no name for. A name that is looked up as text is read and hashed anew at every request.

use axum::http::HeaderName;

/// By which a client asks for a change once, however often it sends it.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Says that an answer is the one of the first time.
pub const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The journal number of what an answer tells of.
pub const HOLDFAST_SEQ: HeaderName = HeaderName::from_static("holdfast-seq");

/// The id by which a request is found again: of requests and of answers.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// For whom a proxy asks.
pub const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Whose page a browser asks for.
pub const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Up to where a client has read a stream before.
pub const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Whose pages may load an answer.
pub const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
