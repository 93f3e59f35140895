//! What is refused, with which codes: by which call, and how it looks.

use std::sync::LazyLock;

use holdfast_engine::core::Rejection;
use holdfast_engine::core::id::{HoldNumber, Slug};
use holdfast_engine::core::status::Status;
use holdfast_engine::error::Unavailable;
use serde_json::{Value, json};

use crate::error::ApiError;

// What a call can be refused by the rules; what any call of its kind can be refused, `any_call` adds.
pub(crate) const TAKING: &[&str] = &[
    "ticket_type_not_found",
    "validation_failed",
    "not_on_sale",
    "sale_paused",
    "sale_closed",
    "sale_cancelled",
    "limit_reached",
    "queue_ahead",
    "sold_out",
    "insufficient_capacity",
    "queue_full",
];
pub(crate) const BOOKING: &[&str] = &[
    "ticket_type_not_found",
    "validation_failed",
    "not_on_sale",
    "sale_paused",
    "sale_closed",
    "sale_cancelled",
    "limit_reached",
    "queue_ahead",
    "sold_out",
    "insufficient_capacity",
];
pub(crate) const JOINING: &[&str] = &[
    "ticket_type_not_found",
    "validation_failed",
    "not_on_sale",
    "sale_closed",
    "sale_cancelled",
    "limit_reached",
    "queue_full",
];
pub(crate) const CONFIRMING: &[&str] = &[
    "validation_failed",
    "already_confirmed",
    "already_released",
    "hold_expired",
    "sale_closed",
    "sale_cancelled",
    "limit_reached",
];
pub(crate) const EXTENDING: &[&str] =
    &["already_confirmed", "already_released", "hold_expired", "extension_exhausted", "sale_closed", "sale_cancelled"];
pub(crate) const RELEASING: &[&str] = &["already_confirmed"];
pub(crate) const CANCELLING: &[&str] = &["already_cancelled"];
pub(crate) const PLACE: &[&str] = &["ticket_type_not_found", "queue_entry_not_found"];
pub(crate) const LEAVING: &[&str] = PLACE;
pub(crate) const LIST: &[&str] = &["validation_failed"];
pub(crate) const EVENT_LIST: &[&str] = &["validation_failed", "ticket_type_not_found"];
pub(crate) const CHANGES: &[&str] = &["validation_failed", "event_not_found"];
pub(crate) const LOGIN: &[&str] = &["validation_failed", "unauthenticated", "rate_limited"];
pub(crate) const SIGN_UP: &[&str] = &["validation_failed", "account_exists", "rate_limited"];
pub(crate) const ACCOUNTS: &[&str] = &["validation_failed"];
pub(crate) const PASSWORD: &[&str] = &["account_not_found", "validation_failed"];
pub(crate) const REASON: &[&str] = &["validation_failed"];
pub(crate) const BATCH: &[&str] = &["validation_failed"];
pub(crate) const STREAM: &[&str] = &["rate_limited"];
pub(crate) const ADMIN_RELEASING: &[&str] = &["validation_failed", "already_confirmed"];
pub(crate) const ADMIN_CANCELLING: &[&str] = &["validation_failed", "already_cancelled"];
pub(crate) const RELEASING_MANY: &[&str] = &["validation_failed", "ticket_type_not_found"];
pub(crate) const GIVING_TIME: &[&str] = &["validation_failed", "already_confirmed", "already_released", "hold_expired"];
pub(crate) const CREATING: &[&str] = &["validation_failed", "event_exists"];
pub(crate) const CHANGING: &[&str] =
    &["validation_failed", "ticket_type_not_found", "version_conflict", "capacity_below_committed"];
pub(crate) const STATUS: &[&str] = &["validation_failed", "invalid_transition"];
pub(crate) const REMOVING: &[&str] = &["validation_failed", "event_in_use"];
pub(crate) const READINESS: &[&str] = &["recovering", "shutting_down", "storage_full", "disk_slow"];

/// One refusal of each code, with an example of what it tells.
pub(crate) static CATALOGUE: LazyLock<Vec<ApiError>> = LazyLock::new(|| {
    let of_api = [
        ApiError::Malformed("unknown field `colour`".to_owned()),
        ApiError::Unauthenticated,
        ApiError::Forbidden("a viewer's token reads, and changes nothing"),
        ApiError::NotFound("not_found"),
        ApiError::NotFound("session_not_found"),
        ApiError::MethodNotAllowed,
        ApiError::NotAcceptable,
        ApiError::BodyTimedOut,
        ApiError::BodyTooLarge(16_384),
        ApiError::UnsupportedMediaType,
        ApiError::RateLimited { retry_after_seconds: 2 },
        ApiError::Internal,
        ApiError::Unavailable(Unavailable::Overloaded),
        ApiError::Recovering,
        ApiError::Unavailable(Unavailable::ShuttingDown),
        ApiError::Unavailable(Unavailable::StorageFull),
        ApiError::Unavailable(Unavailable::DiskSlow { for_ms: 5_000 }),
        ApiError::TimedOut,
    ];
    of_api.into_iter().chain(rejections().map(rejected)).collect()
});

/// A refusal by the rules, of the event of the examples.
fn rejected(rejection: Rejection) -> ApiError {
    ApiError::rejected(rejection, Slug::new("spring-gala"), 0)
}

fn rejections() -> impl Iterator<Item = Rejection> {
    let at_ms = 1_795_341_600_000;
    let of_buyers = [
        Rejection::EventNotFound,
        Rejection::TicketTypeNotFound,
        Rejection::HoldNotFound,
        Rejection::BookingNotFound,
        Rejection::QueueEntryNotFound,
        Rejection::AccountNotFound,
        Rejection::SoldOut { available: 0, held: 3, next_expiry_at_ms: Some(at_ms) },
        Rejection::InsufficientCapacity { available: 1, requested: 2 },
        Rejection::QueueAhead { ahead: 17 },
        Rejection::LimitReached { limit: 4, used: 4 },
        Rejection::NotOnSale { opens_at_ms: Some(at_ms) },
        Rejection::SalePaused,
        Rejection::SaleClosed,
        Rejection::SaleCancelled,
        Rejection::AlreadyConfirmed { booking: HoldNumber(17) },
        Rejection::AlreadyReleased,
        Rejection::AlreadyCancelled,
        Rejection::QueueFull,
        Rejection::HoldExpired { expired_at_ms: at_ms },
        Rejection::SessionEnded,
    ];
    let of_organisers = [
        Rejection::InvalidTransition { from: Status::Closed, to: Status::OnSale },
        Rejection::CapacityBelowCommitted { min_capacity: 40 },
        Rejection::EventExists,
        Rejection::EventInUse,
        Rejection::AccountExists,
        Rejection::VersionConflict,
        Rejection::invalid("quantity", "must be 1 to 1000000"),
        Rejection::ExtensionExhausted,
        Rejection::IdempotencyKeyReused,
    ];
    of_buyers.into_iter().chain(of_organisers)
}

/// The refusal of a code.
pub(super) fn of_code(code: &str) -> &'static ApiError {
    let found = CATALOGUE.iter().find(|refusal| refusal.code() == code);
    found.unwrap_or_else(|| panic!("no refusal has the code {code}"))
}

/// The schema of problem details. Which of the members beyond `code` are there depends on the code.
pub(super) fn problem_schema() -> Value {
    let number = || json!({ "type": "integer", "minimum": 0 });
    let time = || json!({ "oneOf": [{ "type": "null" }, { "$ref": "#/components/schemas/Time" }] });
    let status = || json!({ "type": "string", "enum": Status::ALL.map(Status::as_str) });
    let error = json!({
        "type": "object",
        "required": ["field", "message"],
        "properties": { "field": { "type": ["string", "null"] }, "message": { "type": "string" } },
    });
    json!({
        "type": "object",
        "description": "Problem details, RFC 9457. `code` is stable; the members behind it depend on it.",
        "required": ["type", "title", "status", "detail", "code"],
        "properties": {
            "type": { "type": "string", "format": "uri-reference" },
            "title": { "type": "string" },
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "detail": { "type": "string" },
            "code": { "type": "string", "enum": CATALOGUE.iter().map(ApiError::code).collect::<Vec<_>>() },
            "errors": { "type": "array", "minItems": 1, "items": error },
            "available": number(),
            "held": number(),
            "next_expiry_at": time(),
            "requested": number(),
            "ahead": number(),
            "limit": number(),
            "used": number(),
            "opens_at": time(),
            "booking": { "oneOf": [{ "type": "null" }, { "$ref": "#/components/schemas/NumberedId" }] },
            "from": status(),
            "to": status(),
            "min_capacity": number(),
            "expired_at": time(),
        },
    })
}
