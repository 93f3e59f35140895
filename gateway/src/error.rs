//! What an answer's status is, and how a refusal is told: the only file that names status codes.

use std::sync::LazyLock;

use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use holdfast_engine::core::Rejection;
use holdfast_engine::core::id::Slug;
use holdfast_engine::engine::LoginRefusal;
use holdfast_engine::error::Unavailable;
use serde_json::{Map, Value, json};

use crate::time::rfc3339;

/// Whether an answer of this status tells of a fault of the server, and not of a refusal to do more than it can.
pub fn is_fault(status: StatusCode) -> bool {
    status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE
}

/// Whether an answer of this status refuses what was asked.
pub fn is_refusal(status: StatusCode) -> bool {
    status.is_client_error() || status == StatusCode::SERVICE_UNAVAILABLE
}

/// The code of a refusal, which its response has among its extensions.
#[derive(Clone, Copy, Debug)]
pub struct RefusalCode(pub &'static str);

/// Whether the time that an answer of this status took shows how fast the server is: it did what was asked, or the rules
/// refused it. Anything else is found out sooner, or is the client's slowness.
pub fn shows_load(status: StatusCode) -> bool {
    status.is_success() || matches!(status, StatusCode::CONFLICT | StatusCode::GATEWAY_TIMEOUT)
}

/// The refusal of a request at the door. It is the same as that of [`Unavailable::Overloaded`], but made once: it must cost
/// next to nothing.
pub fn turned_away(retry_after_seconds: u32) -> Response {
    const OVERLOADED: ApiError = ApiError::Unavailable(Unavailable::Overloaded);
    static BODY: LazyLock<Bytes> = LazyLock::new(|| OVERLOADED.body());
    let mut response = Response::new(Body::from(Bytes::clone(&BODY)));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response.extensions_mut().insert(RefusalCode(OVERLOADED.code()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(RETRY_AFTER, HeaderValue::from(retry_after_seconds));
    response
}

/// How well it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Success {
    /// It is so.
    Ok,
    /// It is there from now on.
    Created,
    /// It is in line.
    Accepted,
    /// It is gone, and there is nothing to show.
    NoContent,
    /// The client has it already.
    NotModified,
}

impl Success {
    /// The status code.
    pub fn status(self) -> StatusCode {
        match self {
            Success::Ok => StatusCode::OK,
            Success::Created => StatusCode::CREATED,
            Success::Accepted => StatusCode::ACCEPTED,
            Success::NoContent => StatusCode::NO_CONTENT,
            Success::NotModified => StatusCode::NOT_MODIFIED,
        }
    }
}

/// A refusal on its way to a client, as RFC 9457 problem details.
#[derive(Debug)]
pub enum ApiError {
    /// The body, a parameter or a header does not have the form of the contract.
    Malformed(String),
    /// Fields have values that cannot be.
    Validation(Vec<FieldError>),
    /// No credential, or one that opens nothing.
    Unauthenticated,
    /// The credential does not allow this.
    Forbidden(&'static str),
    /// The session of the token has ended.
    SessionExpired,
    /// No such path, or no such thing of the caller's.
    NotFound(&'static str),
    /// The path has no such method.
    MethodNotAllowed,
    /// The client accepts no JSON.
    NotAcceptable,
    /// The body is larger than this, in bytes.
    BodyTooLarge(u32),
    /// The body is no JSON.
    UnsupportedMediaType,
    /// The rules refuse it; `event` makes ids of numbers.
    Rejected {
        /// The refusal.
        rejection: Rejection,
        /// The event it is about.
        event: Option<Slug>,
    },
    /// The user let too many holds expire: nothing was done; try again after a while.
    Damped {
        /// Until when they wait, in milliseconds since the Unix epoch.
        until_ms: u64,
        /// The server's time, likewise.
        now_ms: u64,
    },
    /// Nothing was done; try again.
    Unavailable(Unavailable),
    /// The server has not recovered its state yet.
    Recovering,
    /// Too many of these from one caller; nothing was done.
    RateLimited {
        /// When the next one may be let through, in seconds, 1 or more.
        retry_after_seconds: u64,
    },
    /// The client took too long to send its body; nothing was done.
    BodyTimedOut,
    /// The answer took too long. Nobody knows whether anything was done.
    TimedOut,
    /// A fault. The log has what happened.
    Internal,
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field's name.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

impl ApiError {
    /// One field has a value that cannot be.
    pub fn invalid(field: &str, message: impl Into<String>) -> ApiError {
        ApiError::Validation(vec![FieldError { field: field.to_owned(), message: message.into() }])
    }

    /// The stable name of the refusal.
    pub fn code(&self) -> &'static str {
        match self {
            ApiError::Malformed(_) => "malformed_request",
            ApiError::Validation(_) => "validation_failed",
            ApiError::Unauthenticated => "unauthenticated",
            ApiError::Forbidden(_) => "forbidden",
            ApiError::SessionExpired => "session_expired",
            ApiError::NotFound(code) => code,
            ApiError::MethodNotAllowed => "method_not_allowed",
            ApiError::NotAcceptable => "not_acceptable",
            ApiError::BodyTooLarge(_) => "body_too_large",
            ApiError::UnsupportedMediaType => "unsupported_media_type",
            ApiError::Rejected { rejection, .. } => rejection.code(),
            ApiError::Damped { .. } => "rate_limited",
            ApiError::Unavailable(Unavailable::Overloaded) => "overloaded",
            ApiError::Unavailable(Unavailable::DiskSlow { .. }) => "disk_slow",
            ApiError::Unavailable(Unavailable::StorageFull) => "storage_full",
            ApiError::Unavailable(Unavailable::ShuttingDown) => "shutting_down",
            ApiError::Recovering => "recovering",
            ApiError::RateLimited { .. } => "rate_limited",
            ApiError::BodyTimedOut => "request_timeout",
            ApiError::TimedOut => "timeout",
            ApiError::Internal => "internal",
        }
    }

    /// The status code.
    pub fn status(&self) -> StatusCode {
        match self {
            ApiError::Malformed(_) => StatusCode::BAD_REQUEST,
            ApiError::Validation(_) => StatusCode::UNPROCESSABLE_ENTITY,
            ApiError::Unauthenticated => StatusCode::UNAUTHORIZED,
            ApiError::Forbidden(_) => StatusCode::FORBIDDEN,
            ApiError::SessionExpired => StatusCode::GONE,
            ApiError::NotFound(_) => StatusCode::NOT_FOUND,
            ApiError::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            ApiError::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            ApiError::BodyTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            ApiError::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ApiError::Rejected { rejection, .. } => rejection_status(rejection),
            ApiError::Damped { .. } => StatusCode::TOO_MANY_REQUESTS,
            ApiError::Unavailable(_) | ApiError::Recovering => StatusCode::SERVICE_UNAVAILABLE,
            ApiError::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
            ApiError::BodyTimedOut => StatusCode::REQUEST_TIMEOUT,
            ApiError::TimedOut => StatusCode::GATEWAY_TIMEOUT,
            ApiError::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What is wrong, in words for people.
    pub fn detail(&self) -> String {
        match self {
            ApiError::Malformed(detail) => detail.clone(),
            ApiError::Validation(errors) => {
                let texts = errors.iter().map(|error| format!("{} {}", error.field, error.message));
                texts.collect::<Vec<_>>().join("; ")
            }
            ApiError::Unauthenticated => "a token is missing, or it opens nothing".to_owned(),
            ApiError::Forbidden(detail) => (*detail).to_owned(),
            ApiError::SessionExpired => "the session has ended; log in again".to_owned(),
            ApiError::NotFound(_) => "there is no such thing, or it is not yours".to_owned(),
            ApiError::MethodNotAllowed => "this path has no such method".to_owned(),
            ApiError::NotAcceptable => "answers are application/json".to_owned(),
            ApiError::BodyTooLarge(most) => format!("a body has at most {most} bytes"),
            ApiError::UnsupportedMediaType => "the body must be application/json".to_owned(),
            ApiError::Rejected { rejection, .. } => rejection_detail(rejection),
            ApiError::Damped { .. } => DAMPED.to_owned(),
            ApiError::Unavailable(unavailable) => format!("{unavailable}; nothing was done"),
            ApiError::Recovering => "the server is reading its journal; nothing was done".to_owned(),
            ApiError::RateLimited { .. } => "too many requests of this kind; nothing was done".to_owned(),
            ApiError::BodyTimedOut => "the body took too long to arrive; nothing was done".to_owned(),
            ApiError::TimedOut => "the answer took too long; ask again with the same Idempotency-Key".to_owned(),
            ApiError::Internal => "a fault of the server; the request id finds it in the log".to_owned(),
        }
    }

    /// After how many whole seconds it may be tried again, where that is known.
    pub fn wait_seconds(&self) -> Option<u64> {
        match self {
            ApiError::RateLimited { retry_after_seconds } => Some(*retry_after_seconds),
            ApiError::Damped { until_ms, now_ms } => Some(until_ms.saturating_sub(*now_ms).div_ceil(1_000).max(1)),
            other => (other.status() == StatusCode::SERVICE_UNAVAILABLE).then(retry_after_seconds),
        }
    }

    fn members(&self) -> Map<String, Value> {
        let members = match self {
            ApiError::Malformed(detail) => json!({ "errors": [{ "field": null, "message": detail }] }),
            ApiError::Validation(errors) => {
                let render = |error: &FieldError| json!({ "field": error.field, "message": error.message });
                json!({ "errors": errors.iter().map(render).collect::<Vec<_>>() })
            }
            ApiError::Rejected { rejection, event } => rejection_members(rejection, event.as_ref()),
            _ => Value::Null,
        };
        if let Value::Object(members) = members { members } else { Map::new() }
    }

    /// The problem details, as JSON.
    pub fn problem(&self) -> Value {
        let code = self.code();
        let mut problem = json!({
            "type": format!("/docs/errors#{code}"),
            "title": title(code),
            "status": self.status().as_u16(),
            "detail": self.detail(),
            "code": code,
        });
        if let Value::Object(problem) = &mut problem {
            problem.extend(self.members());
        }
        problem
    }

    /// The same, as it is sent.
    fn body(&self) -> Bytes {
        self.problem().to_string().into()
    }

    /// A refusal by the rules, at the server's time `now_ms`; `event` makes ids of numbers.
    pub fn rejected(rejection: Rejection, event: Option<Slug>, now_ms: u64) -> ApiError {
        match rejection {
            Rejection::Damped { until_ms } => ApiError::Damped { until_ms, now_ms },
            rejection => ApiError::Rejected { rejection, event },
        }
    }
}

impl From<LoginRefusal> for ApiError {
    fn from(refusal: LoginRefusal) -> ApiError {
        match refusal {
            LoginRefusal::Unavailable(unavailable) => ApiError::Unavailable(unavailable),
            LoginRefusal::PasswordReplaced => ApiError::Unauthenticated,
        }
    }
}

impl From<Unavailable> for ApiError {
    fn from(unavailable: Unavailable) -> ApiError {
        ApiError::Unavailable(unavailable)
    }
}

/// The answer to a connection too many, byte for byte: no request is read for it.
pub fn connection_refusal() -> Vec<u8> {
    let refusal = ApiError::Unavailable(Unavailable::Overloaded);
    let (status, problem) = (refusal.status(), refusal.body());
    let (length, retry_after) = (problem.len(), retry_after_seconds());
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/problem+json\r\ncache-control: no-store\r\n\
         x-content-type-options: nosniff\r\nretry-after: {retry_after}\r\nconnection: close\r\n\
         content-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), &problem].concat()
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut response = (status, self.body()).into_response();
        response.extensions_mut().insert(RefusalCode(self.code()));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        // Some caches keep a 404 or 410 unasked; the next request may be answered otherwise.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if matches!(self, ApiError::BodyTimedOut) {
            // The rest of the body may still come, and would be taken for the next request.
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if let Some(seconds) = self.wait_seconds() {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

const DAMPED: &str = "too many of your holds expired unpaid lately; nothing was done";

/// 1 to 3 seconds: a crowd that was turned away must not come back all at once.
fn retry_after_seconds() -> u64 {
    1 + getrandom::u64().unwrap_or(1) % 3
}

/// The code as words, the first one with a capital letter.
fn title(code: &str) -> String {
    let mut title = code.replace('_', " ");
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    title
}

fn rejection_status(rejection: &Rejection) -> StatusCode {
    match rejection {
        Rejection::EventNotFound
        | Rejection::TicketTypeNotFound
        | Rejection::HoldNotFound
        | Rejection::BookingNotFound
        | Rejection::AccountNotFound
        | Rejection::QueueEntryNotFound => StatusCode::NOT_FOUND,
        Rejection::Invalid { .. } | Rejection::IdempotencyKeyReused | Rejection::ExtensionExhausted => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Rejection::PasswordReplaced => StatusCode::UNAUTHORIZED,
        Rejection::VersionConflict => StatusCode::PRECONDITION_FAILED,
        Rejection::HoldExpired { .. } | Rejection::SessionEnded => StatusCode::GONE,
        Rejection::Damped { .. } => StatusCode::TOO_MANY_REQUESTS,
        Rejection::EventExists
        | Rejection::AccountExists
        | Rejection::EventInUse
        | Rejection::InvalidTransition { .. }
        | Rejection::CapacityBelowCommitted { .. }
        | Rejection::NotOnSale { .. }
        | Rejection::SalePaused
        | Rejection::SaleClosed
        | Rejection::SaleCancelled
        | Rejection::AlreadyConfirmed { .. }
        | Rejection::AlreadyReleased
        | Rejection::AlreadyCancelled
        | Rejection::LimitReached { .. }
        | Rejection::QueueFull
        | Rejection::QueueAhead { .. }
        | Rejection::SoldOut { .. }
        | Rejection::InsufficientCapacity { .. } => StatusCode::CONFLICT,
    }
}

fn rejection_members(rejection: &Rejection, event: Option<&Slug>) -> Value {
    match rejection {
        Rejection::Invalid { field, message } => json!({ "errors": [{ "field": field, "message": message }] }),
        Rejection::SoldOut { available, held, next_expiry_at_ms } => {
            json!({ "available": available, "held": held, "next_expiry_at": next_expiry_at_ms.map(rfc3339) })
        }
        Rejection::InsufficientCapacity { available, requested } => {
            json!({ "available": available, "requested": requested })
        }
        Rejection::QueueAhead { ahead } => json!({ "ahead": ahead }),
        Rejection::LimitReached { limit, used } => json!({ "limit": limit, "used": used }),
        Rejection::NotOnSale { opens_at_ms } => json!({ "opens_at": opens_at_ms.map(rfc3339) }),
        Rejection::AlreadyConfirmed { booking } => {
            json!({ "booking": event.map(|event| format!("{event}.{}", booking.0)) })
        }
        Rejection::InvalidTransition { from, to } => json!({ "from": from.as_str(), "to": to.as_str() }),
        Rejection::CapacityBelowCommitted { min_capacity } => json!({ "min_capacity": min_capacity }),
        Rejection::HoldExpired { expired_at_ms } => json!({ "expired_at": rfc3339(*expired_at_ms) }),
        _ => Value::Null,
    }
}

fn rejection_detail(rejection: &Rejection) -> String {
    match rejection {
        Rejection::EventNotFound => "there is no such event".to_owned(),
        Rejection::TicketTypeNotFound => "the event has no such ticket type".to_owned(),
        Rejection::HoldNotFound => "there is no such hold, or it is not yours".to_owned(),
        Rejection::BookingNotFound => "there is no such booking, or it is not yours".to_owned(),
        Rejection::SessionEnded => "the session has ended; log in again".to_owned(),
        Rejection::QueueEntryNotFound => "you do not stand in that line".to_owned(),
        Rejection::Invalid { field, message } => format!("{field} {message}"),
        Rejection::IdempotencyKeyReused => "the key came with another request before".to_owned(),
        Rejection::VersionConflict => "somebody changed the event since you read it".to_owned(),
        Rejection::EventExists => "an event of this id is there".to_owned(),
        Rejection::AccountExists => "a user of this name has an account".to_owned(),
        Rejection::AccountNotFound => "no user of this name has an account".to_owned(),
        Rejection::PasswordReplaced => "the password was replaced meanwhile".to_owned(),
        Rejection::Damped { .. } => DAMPED.to_owned(),
        Rejection::EventInUse => {
            "the event has had holds or bookings, or somebody waits in line, and cannot be removed".to_owned()
        }
        Rejection::InvalidTransition { from, to } => {
            format!("an event that is {} cannot become {}", from.as_str(), to.as_str())
        }
        Rejection::CapacityBelowCommitted { min_capacity } => {
            format!("{min_capacity} tickets are held or booked; the capacity cannot be lower")
        }
        Rejection::NotOnSale { .. } => "the sale has not begun".to_owned(),
        Rejection::SalePaused => "the sale is paused".to_owned(),
        Rejection::SaleClosed => "the sale is over".to_owned(),
        Rejection::SaleCancelled => "the event was cancelled".to_owned(),
        Rejection::AlreadyConfirmed { .. } => "the hold is a booking".to_owned(),
        Rejection::AlreadyReleased => "the hold was released".to_owned(),
        Rejection::AlreadyCancelled => "the booking was cancelled".to_owned(),
        Rejection::HoldExpired { .. } => "the hold's time is over".to_owned(),
        Rejection::ExtensionExhausted => "the hold cannot be extended any further".to_owned(),
        Rejection::LimitReached { limit, .. } => format!("at most {limit} tickets are allowed"),
        Rejection::QueueFull => "the line is full".to_owned(),
        Rejection::QueueAhead { ahead } => format!("{ahead} are waiting ahead of you"),
        Rejection::SoldOut { .. } => "no ticket is free".to_owned(),
        Rejection::InsufficientCapacity { available, requested } => {
            format!("{requested} tickets were asked for, {available} are free")
        }
    }
}
