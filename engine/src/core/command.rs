//! What can be asked of an event.

use super::damping::Damping;
use super::edit::Edit;
use super::id::{HoldNumber, LoginSeq, Slug, TypeIndex, UserNumber};
use super::idempotency::{IdempotencyKey, KeyScope};
use super::presence::Presence;
use super::status::Status;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// A user, through a session.
    User {
        /// Who.
        user: UserNumber,
        /// Their session.
        session: LoginSeq,
    },
    /// An organiser, by the name of their token.
    Admin {
        /// The token's name.
        name: String,
    },
    /// The engine itself.
    System,
}

impl Caller {
    /// Whose idempotency keys count; the engine itself has none.
    pub fn key_scope(&self) -> Option<KeyScope> {
        match self {
            Caller::User { session, .. } => Some(KeyScope::Session(*session)),
            Caller::Admin { .. } => Some(KeyScope::Admin),
            Caller::System => None,
        }
    }
}

/// What surrounds a command: nothing in the core asks a clock or the world.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// The engine's time, in milliseconds since the Unix epoch.
    pub now_ms: u64,
    /// Who asks.
    pub caller: Caller,
    /// The request's idempotency key, if it came with one.
    pub key: Option<IdempotencyKey>,
    /// When a user who let holds expire waits before the next one.
    pub damping: Damping,
    /// Who is there.
    pub presence: &'a dyn Presence,
}

/// How many tickets of which type somebody wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// The ticket type; `None` means the event's first.
    pub ticket_type: Option<Slug>,
    /// How many; `None` means what is there already, or one.
    pub quantity: Option<u32>,
    /// The fewest they would take; `None` means all or nothing.
    pub min_quantity: Option<u32>,
}

/// What an organiser changes on an event. Everything else stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventPatch {
    /// Texts and settings.
    pub edits: Vec<Edit>,
    /// New capacities by ticket type.
    pub capacities: Vec<(Slug, u32)>,
    /// The version the organiser has seen; another one is a conflict.
    pub if_version: Option<u32>,
    /// Why.
    pub reason: Option<String>,
}

/// A command to one event. Every variant is one row of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A login reached this event. `explicit` is false where the user named no intents.
    Login {
        /// What to set aside.
        wish: Wish,
        /// Whether the user named this event.
        explicit: bool,
    },
    /// Set tickets aside; with `wait`, join the line where none are to be had.
    PlaceHold {
        /// What to set aside.
        wish: Wish,
        /// Whether to join the line.
        wait: bool,
    },
    /// More time for a hold.
    ExtendHold {
        /// Which.
        number: HoldNumber,
    },
    /// An organiser gives a hold more time, past every limit but the event's own end.
    GiveTime {
        /// Which.
        number: HoldNumber,
        /// How much, in seconds.
        seconds: u32,
        /// Why.
        reason: Option<String>,
    },
    /// Hold to booking. `None` confirms all of it; fewer release the rest.
    ConfirmHold {
        /// Which.
        number: HoldNumber,
        /// How many.
        quantity: Option<u32>,
    },
    /// Give a hold's tickets back.
    ReleaseHold {
        /// Which.
        number: HoldNumber,
        /// Why, from an organiser.
        reason: Option<String>,
    },
    /// An organiser gives back the tickets of a hold that is live still; one that has ended is refused by the name of its end.
    RevokeHold {
        /// Which.
        number: HoldNumber,
        /// Why.
        reason: Option<String>,
    },
    /// My hold first, and else a direct booking.
    Book {
        /// Which type, how many.
        wish: Wish,
    },
    /// Give a booking's tickets back.
    CancelBooking {
        /// Which.
        number: HoldNumber,
        /// Why, from an organiser.
        reason: Option<String>,
    },
    /// Join the line.
    JoinQueue {
        /// What to wait for.
        wish: Wish,
    },
    /// Leave the line.
    LeaveQueue {
        /// Which line; `None` means the event's first type in whose line the user stands.
        ticket_type: Option<Slug>,
    },
    /// The caller's session has ended: release holds, leave the queues.
    EndSession,
    /// Change texts, settings and capacities.
    Change(Box<EventPatch>),
    /// Move along the lifecycle.
    SetStatus {
        /// Where to.
        to: Status,
        /// Why.
        reason: Option<String>,
    },
    /// Remove an event that was never used.
    Delete {
        /// Why.
        reason: Option<String>,
    },
    /// Somebody creates an event of this id again: refused, unless the key says it is the same request.
    CreateAgain,
    /// The server was down for so long: live holds get the time back.
    CreditDowntime {
        /// How long, in milliseconds.
        by_ms: u64,
    },
    /// Expire what is due, grant what is free; the answer says nothing.
    Settle,
}

impl Command {
    /// The command's name, as metrics and logs have it.
    pub fn name(&self) -> &'static str {
        Command::NAMES[self.index()]
    }

    /// The command's place in [`Command::NAMES`].
    pub fn index(&self) -> usize {
        match self {
            Command::Login { .. } => 0,
            Command::PlaceHold { .. } => 1,
            Command::ExtendHold { .. } => 2,
            Command::GiveTime { .. } => 3,
            Command::ConfirmHold { .. } => 4,
            Command::ReleaseHold { .. } => 5,
            Command::Book { .. } => 6,
            Command::CancelBooking { .. } => 7,
            Command::JoinQueue { .. } => 8,
            Command::LeaveQueue { .. } => 9,
            Command::EndSession => 10,
            Command::Change(_) => 11,
            Command::SetStatus { .. } => 12,
            Command::Delete { .. } => 13,
            Command::CreateAgain => 14,
            Command::CreditDowntime { .. } => 15,
            Command::Settle => 16,
            Command::RevokeHold { .. } => 17,
        }
    }

    /// All names, by [`Command::index`].
    pub const NAMES: [&str; 18] = [
        "login",
        "place_hold",
        "extend_hold",
        "give_time",
        "confirm_hold",
        "release_hold",
        "book",
        "cancel_booking",
        "join_queue",
        "leave_queue",
        "end_session",
        "change",
        "set_status",
        "delete",
        "create_again",
        "credit_downtime",
        "settle",
        "revoke_hold",
    ];

    /// Whether this takes tickets, or a place in line, on behalf of a session.
    pub fn takes_tickets(&self) -> bool {
        use Command::{Book, JoinQueue, Login, PlaceHold};
        matches!(self, Login { .. } | PlaceHold { .. } | Book { .. } | JoinQueue { .. })
    }

    /// Whether this gives tickets a final home or frees them. Such commands may use the share of a full inbox that is
    /// kept for them, so that a rush of new holds cannot lock out those who pay or give back.
    pub fn is_completion(&self) -> bool {
        matches!(
            self,
            Command::ConfirmHold { .. }
                | Command::ReleaseHold { .. }
                | Command::RevokeHold { .. }
                | Command::CancelBooking { .. }
                | Command::LeaveQueue { .. }
                | Command::EndSession
        )
    }
}

/// A wish whose parts have been checked against the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CheckedWish {
    pub(super) ticket_type: TypeIndex,
    pub(super) quantity: u32,
    pub(super) min_quantity: Option<u32>,
}
