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
        Rejection::CODES[self.index()]
    }

    /// The place of its code in [`Rejection::CODES`].
    pub fn index(&self) -> usize {
        match self {
            Rejection::EventNotFound => 0,
            Rejection::TicketTypeNotFound => 1,
            Rejection::HoldNotFound => 2,
            Rejection::BookingNotFound => 3,
            Rejection::QueueEntryNotFound => 4,
            Rejection::Invalid { .. } => 5,
            Rejection::IdempotencyKeyReused => 6,
            Rejection::VersionConflict => 7,
            Rejection::EventExists => 8,
            Rejection::EventInUse => 9,
            Rejection::InvalidTransition { .. } => 10,
            Rejection::CapacityBelowCommitted { .. } => 11,
            Rejection::NotOnSale { .. } => 12,
            Rejection::SalePaused => 13,
            Rejection::SaleClosed => 14,
            Rejection::SaleCancelled => 15,
            Rejection::AlreadyConfirmed { .. } => 16,
            Rejection::AlreadyReleased => 17,
            Rejection::AlreadyCancelled => 18,
            Rejection::HoldExpired { .. } => 19,
            Rejection::ExtensionExhausted => 20,
            Rejection::LimitReached { .. } => 21,
            Rejection::QueueFull => 22,
            Rejection::QueueAhead { .. } => 23,
            Rejection::SoldOut { .. } => 24,
            Rejection::InsufficientCapacity { .. } => 25,
            Rejection::SessionEnded => 26,
            Rejection::AccountExists => 27,
            Rejection::AccountNotFound => 28,
            Rejection::PasswordReplaced => 29,
            Rejection::Damped { .. } => 30,
        }
    }

    /// All codes, by [`Rejection::index`].
    pub const CODES: [&str; 31] = [
        "event_not_found",
        "ticket_type_not_found",
        "hold_not_found",
        "booking_not_found",
        "queue_entry_not_found",
        "validation_failed",
        "idempotency_key_reused",
        "version_conflict",
        "event_exists",
        "event_in_use",
        "invalid_transition",
        "capacity_below_committed",
        "not_on_sale",
        "sale_paused",
        "sale_closed",
        "sale_cancelled",
        "already_confirmed",
        "already_released",
        "already_cancelled",
        "hold_expired",
        "extension_exhausted",
        "limit_reached",
        "queue_full",
        "queue_ahead",
        "sold_out",
        "insufficient_capacity",
        "session_expired",
        "account_exists",
        "account_not_found",
        "unauthenticated",
        "rate_limited",
    ];
}
