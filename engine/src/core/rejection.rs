//! What an event refuses, and why.

use serde::{Deserialize, Serialize};

use super::id::HoldNumber;
use super::status::Status;

/// A refusal by the rules: a value with an exact name, not a fault. Nothing has changed.
///
/// In the order of precedence: what does not exist, what is malformed, what the lifecycle forbids, what the object's
/// own state forbids, what the user's limits forbid, who is ahead, what is left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rejection {
    /// No such event, or a draft, which the public does not see.
    EventNotFound,
    /// The event has no such ticket type.
    TicketTypeNotFound,
    /// No such hold, or somebody else's.
    HoldNotFound,
    /// No such booking, or somebody else's.
    BookingNotFound,
    /// The user does not stand in that line.
    QueueEntryNotFound,
    /// A field has a value that no event could accept.
    Invalid {
        /// The field's name in the API.
        field: String,
        /// What is wrong with it.
        message: String,
    },
    /// The key was used before, with another request.
    IdempotencyKeyReused,
    /// Somebody changed the event since the organiser read it.
    VersionConflict,
    /// An event of this id is there.
    EventExists,
    /// The event has been used, and cannot be removed.
    EventInUse,
    /// The lifecycle has no such arrow.
    InvalidTransition {
        /// The status the event is in.
        from: Status,
        /// The status asked for.
        to: Status,
    },
    /// A capacity below what is held and booked.
    CapacityBelowCommitted {
        /// The least it can be lowered to.
        min_capacity: u32,
    },
    /// The sale has not begun.
    NotOnSale {
        /// When it begins, in milliseconds since the Unix epoch, if that is set.
        opens_at_ms: Option<u64>,
    },
    /// The sale is paused.
    SalePaused,
    /// The sale is over.
    SaleClosed,
    /// The event was cancelled.
    SaleCancelled,
    /// The hold is a booking.
    AlreadyConfirmed {
        /// The booking's number.
        booking: HoldNumber,
    },
    /// The hold was released.
    AlreadyReleased,
    /// The booking was cancelled.
    AlreadyCancelled,
    /// The hold's deadline has passed.
    HoldExpired {
        /// When, in milliseconds since the Unix epoch.
        expired_at_ms: u64,
    },
    /// The hold cannot be extended any further.
    ExtensionExhausted,
    /// The user may not have so many.
    LimitReached {
        /// The limit.
        limit: u32,
        /// What the user has, held and booked.
        used: u32,
    },
    /// The line is full.
    QueueFull,
    /// Somebody eligible waits.
    QueueAhead {
        /// How many.
        ahead: u64,
    },
    /// No ticket is free.
    SoldOut {
        /// Tickets free: 0.
        available: u32,
        /// Tickets that may come free.
        held: u32,
        /// When the next of those holds ends, in milliseconds since the Unix epoch.
        next_expiry_at_ms: Option<u64>,
    },
    /// Fewer tickets are free than asked for.
    InsufficientCapacity {
        /// Tickets free.
        available: u32,
        /// Tickets asked for.
        requested: u32,
    },
    /// The session has ended since the request came in.
    SessionEnded,
    /// The user has an account.
    AccountExists,
    /// No user of this name has an account.
    AccountNotFound,
    /// The user let too many holds expire, and waits before the next one. Of the user's limits; never remembered under a
    /// key, since it passes by itself.
    Damped {
        /// Until when, in milliseconds since the Unix epoch.
        until_ms: u64,
    },
    /// The password that was shown is the account's no more.
    PasswordReplaced,
}

impl Rejection {
    /// A field has a value that no event could accept.
    pub fn invalid(field: &str, message: impl Into<String>) -> Rejection {
        Rejection::Invalid { field: field.to_owned(), message: message.into() }
    }

    /// The refusal's stable name, as the API and the metrics have it.
    pub fn code(&self) -> &'static str {
        match self {
            Rejection::EventNotFound => "event_not_found",
            Rejection::TicketTypeNotFound => "ticket_type_not_found",
            Rejection::HoldNotFound => "hold_not_found",
            Rejection::BookingNotFound => "booking_not_found",
            Rejection::QueueEntryNotFound => "queue_entry_not_found",
            Rejection::Invalid { .. } => "validation_failed",
            Rejection::IdempotencyKeyReused => "idempotency_key_reused",
            Rejection::VersionConflict => "version_conflict",
            Rejection::EventExists => "event_exists",
            Rejection::EventInUse => "event_in_use",
            Rejection::InvalidTransition { .. } => "invalid_transition",
            Rejection::CapacityBelowCommitted { .. } => "capacity_below_committed",
            Rejection::NotOnSale { .. } => "not_on_sale",
            Rejection::SalePaused => "sale_paused",
            Rejection::SaleClosed => "sale_closed",
            Rejection::SaleCancelled => "sale_cancelled",
            Rejection::AlreadyConfirmed { .. } => "already_confirmed",
            Rejection::AlreadyReleased => "already_released",
            Rejection::AlreadyCancelled => "already_cancelled",
            Rejection::HoldExpired { .. } => "hold_expired",
            Rejection::ExtensionExhausted => "extension_exhausted",
            Rejection::LimitReached { .. } => "limit_reached",
            Rejection::QueueFull => "queue_full",
            Rejection::QueueAhead { .. } => "queue_ahead",
            Rejection::SoldOut { .. } => "sold_out",
            Rejection::InsufficientCapacity { .. } => "insufficient_capacity",
            Rejection::SessionEnded => "session_expired",
            Rejection::AccountExists => "account_exists",
            Rejection::AccountNotFound => "account_not_found",
            Rejection::PasswordReplaced => "unauthenticated",
            Rejection::Damped { .. } => "rate_limited",
        }
    }
}
