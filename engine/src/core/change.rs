//! Facts that happened: what the journal stores, what feeds send, and the only thing that alters state.
//!
//! **The order of the variants and of their fields is the format of the journal.** New variants go to the end;
//! existing ones never change. A test keeps their bytes.

use serde::{Deserialize, Serialize};

use super::hold::HoldSource;
use super::id::{EventNumber, HoldNumber, LoginSeq, Slug, TypeIndex, UserNumber};
use super::idempotency::KeyScope;
use super::outcome::Answer;
use super::settings::{Details, Settings, TicketTypeDefinition};
use super::status::Status;

/// One atomic step of one event (or of the sessions): applied and made durable as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The event the changes belong to; number 0 for the sessions.
    pub event: EventNumber,
    /// When it happened, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// On whose behalf.
    pub by: By,
    /// What happened, in order. Never empty.
    pub changes: Vec<Change>,
}

/// On whose behalf a step was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum By {
    /// A user's.
    User,
    /// An organiser's, by the name of their token.
    Admin(String),
    /// The engine's own: a deadline passed, the line moved.
    System,
}

/// Whose tickets of which type: what most changes say, so that each can be read by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// The ticket type.
    pub ticket_type: TypeIndex,
    /// Whose.
    pub user: UserNumber,
    /// Under which session.
    pub session: LoginSeq,
    /// How many tickets.
    pub quantity: u32,
}

/// A fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// An organiser created an event.
    EventCreated(Box<EventCreated>),
    /// An organiser changed texts or settings; these are all of them. In boxes, since every change is moved as if it were
    /// the largest one.
    EventChanged {
        /// The texts.
        details: Box<Details>,
        /// The settings.
        settings: Box<Settings>,
    },
    /// An organiser removed an event that was never used.
    EventDeleted,
    /// The event moved along its lifecycle.
    StatusChanged {
        /// From here.
        from: Status,
        /// To here.
        to: Status,
        /// Why.
        reason: Option<String>,
    },
    /// An organiser changed how many tickets there are.
    CapacityChanged {
        /// The ticket type.
        ticket_type: TypeIndex,
        /// How many there were.
        from: u32,
        /// How many there are.
        to: u32,
    },
    /// A user logged in.
    SessionOpened {
        /// The session's number.
        session: LoginSeq,
        /// Who; a number not seen before introduces `name`.
        user: UserNumber,
        /// Their name.
        name: String,
        /// SHA-256 of the session's first token.
        token_hash: [u8; 32],
    },
    /// A user with a live session logged in again and got a further token.
    TokenIssued {
        /// The session's number.
        session: LoginSeq,
        /// SHA-256 of the token.
        token_hash: [u8; 32],
    },
    /// A session ended.
    SessionEnded {
        /// The session's number.
        session: LoginSeq,
        /// Who.
        user: UserNumber,
        /// Why.
        reason: SessionEnd,
    },
    /// A user joined the line, at its end.
    QueueJoined {
        /// Who, for how many.
        share: Share,
        /// The fewest they would take; 0 means all or nothing.
        min_quantity: u32,
    },
    /// A user left the line, by their own will or with their session.
    QueueLeft {
        /// Who, for how many.
        share: Share,
    },
    /// The event dropped a user from the line.
    QueueDropped {
        /// Who, for how many.
        share: Share,
        /// Why.
        reason: DropReason,
    },
    /// Tickets were set aside. An entry of the user in that type's line is granted by it.
    HoldPlaced {
        /// The hold's number.
        number: HoldNumber,
        /// Whose, how many.
        share: Share,
        /// The deadline on the sale clock, in milliseconds.
        deadline_ms: u64,
        /// The latest any extension may move the deadline to, on the sale clock, in milliseconds.
        lifetime_end_ms: u64,
        /// What it came from.
        source: HoldSource,
    },
    /// The user changed how many tickets the hold is for.
    HoldAmended {
        /// The hold's number.
        number: HoldNumber,
        /// Whose, how many now.
        share: Share,
    },
    /// The hold's deadline moved later.
    HoldExtended {
        /// The hold's number.
        number: HoldNumber,
        /// Whose, how many.
        share: Share,
        /// The deadline on the sale clock, in milliseconds.
        deadline_ms: u64,
        /// Whether it counts against the user's extensions; an organiser's gift does not.
        counted: bool,
    },
    /// The hold became a booking of the same number.
    HoldConfirmed {
        /// The number.
        number: HoldNumber,
        /// Whose, how many were booked; what was held beyond that is free again.
        share: Share,
        /// The hold had expired, its tickets were still free, and nobody waited for them.
        rescued: bool,
    },
    /// The hold's tickets were given back.
    HoldReleased {
        /// The hold's number.
        number: HoldNumber,
        /// Whose, how many.
        share: Share,
        /// Why, where it was not the user's own request.
        reason: Option<String>,
    },
    /// The hold's deadline passed.
    HoldExpired {
        /// The hold's number.
        number: HoldNumber,
        /// Whose, how many.
        share: Share,
    },
    /// A direct booking.
    BookingPlaced {
        /// The booking's number.
        number: HoldNumber,
        /// Whose, how many.
        share: Share,
    },
    /// A booking was cancelled; its refund is due.
    BookingCancelled {
        /// The booking's number.
        number: HoldNumber,
        /// Whose, how many.
        share: Share,
        /// Why, where it was not the user's own request.
        reason: Option<String>,
    },
    /// All live deadlines of the event moved later together.
    ClocksShifted {
        /// By so many milliseconds.
        by_ms: u64,
        /// What for.
        reason: ShiftReason,
    },
    /// The answer to a request with an idempotency key.
    AnswerRemembered(Box<AnswerRemembered>),
    /// A user got an account.
    AccountAdded {
        /// Who; a number not seen before introduces `name`.
        user: UserNumber,
        /// Their name.
        name: String,
        /// The hash of their password, with algorithm and salt.
        password_hash: String,
    },
    /// A user's account got another password. The live session stays with all that it has.
    PasswordChanged {
        /// Who.
        user: UserNumber,
        /// The hash of the new password, with algorithm and salt.
        password_hash: String,
        /// SHA-256 of the only token that still opens the live session; `None` where none does.
        kept_token: Option<[u8; 32]>,
    },
    /// A user's account is gone. Their bookings stay.
    AccountRemoved {
        /// Who.
        user: UserNumber,
    },
    /// A login told something new of a user; this is all that is known now.
    UserDescribed {
        /// Who.
        user: UserNumber,
        /// See [`super::user::UserDetails::class`].
        class: Option<String>,
        /// See [`super::user::UserDetails::email`].
        email: Option<String>,
    },
    /// An organiser did what the changes before it in the step tell of. It alters nothing.
    AdminActed(Box<AdminAct>),
    /// Tickets were free, and a user in line was not there: whoever stands behind is served until they return. They keep
    /// their place.
    WaiterSkipped {
        /// Who, for how many.
        share: Share,
        /// Why.
        reason: SkipReason,
    },
    /// A user who had been passed over showed a sign of life: nobody behind is served before them any more.
    WaiterReturned {
        /// Who, for how many.
        share: Share,
    },
    /// A user who was first in line took tickets by themselves, by the change before it in the step, and gave up the
    /// place.
    WaiterServed {
        /// Who, for how many they had waited.
        share: Share,
    },
}

/// See [`Change::EventCreated`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventCreated {
    /// The event's id.
    pub id: Slug,
    /// The texts.
    pub details: Details,
    /// The settings.
    pub settings: Settings,
    /// The ticket types, in the order of the API.
    pub ticket_types: Vec<TicketTypeDefinition>,
    /// The status it begins in.
    pub status: Status,
}

/// See [`Change::AnswerRemembered`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerRemembered {
    /// Whose key.
    pub scope: KeyScope,
    /// See [`super::idempotency::IdempotencyKey::key_hash`].
    pub key_hash: u128,
    /// See [`super::idempotency::IdempotencyKey::request_hash`].
    pub request_hash: u128,
    /// The answer.
    pub answer: Answer,
}

/// Who changed what and why: see [`Change::AdminActed`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdminAct {
    /// The name of the organiser's token.
    pub admin: String,
    /// The command's name.
    pub action: String,
    /// What it was done to.
    pub about: Subject,
    /// What is otherwise than before, and nothing secret.
    pub differences: Vec<Difference>,
    /// Why, if the organiser said so.
    pub reason: Option<String>,
}

/// What an organiser's command was done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Subject {
    /// The event of the record.
    Event,
    /// A hold in it.
    Hold {
        /// Its number.
        number: HoldNumber,
        /// Whose it is.
        user: UserNumber,
    },
    /// A booking in it.
    Booking {
        /// Its number.
        number: HoldNumber,
        /// Whose it is.
        user: UserNumber,
    },
    /// A session.
    Session {
        /// Its number.
        session: LoginSeq,
        /// Whose it is.
        user: UserNumber,
    },
    /// A user's account.
    Account {
        /// Whose.
        user: UserNumber,
    },
}

impl Subject {
    /// The user whose things it is about.
    pub fn user(&self) -> Option<UserNumber> {
        match self {
            Subject::Event => None,
            Subject::Hold { user, .. }
            | Subject::Booking { user, .. }
            | Subject::Session { user, .. }
            | Subject::Account { user } => Some(*user),
        }
    }
}

/// One thing that is otherwise than before. Times are milliseconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The field's name in the API.
    pub field: String,
    /// What it was; `None` for nothing.
    pub before: Option<String>,
    /// What it is; `None` for nothing.
    pub after: Option<String>,
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionEnd {
    /// The user logged out.
    Logout,
    /// No request for too long.
    Idle,
    /// An organiser ended it.
    Admin,
    /// It had lived for as long as any session may.
    Lifetime,
    /// The user's account is gone.
    AccountRemoved,
}

/// Why the event dropped a queue entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DropReason {
    /// The sale closed.
    SaleClosed,
    /// The event was cancelled.
    SaleCancelled,
    /// The user's holds and bookings leave no room for the wish.
    LimitReached,
}

/// Why a user in line was passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// No request and no open stream for the event's `presence_seconds`.
    Absent,
}

/// Why deadlines moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShiftReason {
    /// The sale was paused for so long.
    Pause,
    /// The server was down for so long.
    Downtime,
}

impl Change {
    /// The change's name in the API: its variant in snake case.
    pub fn kind(&self) -> &'static str {
        match self {
            Change::EventCreated(_) => "event_created",
            Change::EventChanged { .. } => "event_changed",
            Change::EventDeleted => "event_deleted",
            Change::StatusChanged { .. } => "status_changed",
            Change::CapacityChanged { .. } => "capacity_changed",
            Change::SessionOpened { .. } => "session_opened",
            Change::TokenIssued { .. } => "token_issued",
            Change::SessionEnded { .. } => "session_ended",
            Change::QueueJoined { .. } => "queue_joined",
            Change::QueueLeft { .. } => "queue_left",
            Change::QueueDropped { .. } => "queue_dropped",
            Change::HoldPlaced { .. } => "hold_placed",
            Change::HoldAmended { .. } => "hold_amended",
            Change::HoldExtended { .. } => "hold_extended",
            Change::HoldConfirmed { .. } => "hold_confirmed",
            Change::HoldReleased { .. } => "hold_released",
            Change::HoldExpired { .. } => "hold_expired",
            Change::BookingPlaced { .. } => "booking_placed",
            Change::BookingCancelled { .. } => "booking_cancelled",
            Change::ClocksShifted { .. } => "clocks_shifted",
            Change::AnswerRemembered(_) => "answer_remembered",
            Change::AccountAdded { .. } => "account_added",
            Change::PasswordChanged { .. } => "password_changed",
            Change::AccountRemoved { .. } => "account_removed",
            Change::UserDescribed { .. } => "user_described",
            Change::AdminActed(_) => "admin_acted",
            Change::WaiterSkipped { .. } => "waiter_skipped",
            Change::WaiterReturned { .. } => "waiter_returned",
            Change::WaiterServed { .. } => "waiter_served",
        }
    }

    /// Whose tickets it is about, if it is about somebody's.
    pub fn share(&self) -> Option<&Share> {
        match self {
            Change::QueueJoined { share, .. }
            | Change::QueueLeft { share }
            | Change::QueueDropped { share, .. }
            | Change::WaiterSkipped { share, .. }
            | Change::WaiterReturned { share }
            | Change::WaiterServed { share }
            | Change::HoldPlaced { share, .. }
            | Change::HoldAmended { share, .. }
            | Change::HoldExtended { share, .. }
            | Change::HoldConfirmed { share, .. }
            | Change::HoldReleased { share, .. }
            | Change::HoldExpired { share, .. }
            | Change::BookingPlaced { share, .. }
            | Change::BookingCancelled { share, .. } => Some(share),
            _ => None,
        }
    }

    /// Whom it is about, if it is about somebody.
    pub fn user(&self) -> Option<UserNumber> {
        match self {
            Change::SessionOpened { user, .. }
            | Change::SessionEnded { user, .. }
            | Change::AccountAdded { user, .. }
            | Change::PasswordChanged { user, .. }
            | Change::AccountRemoved { user }
            | Change::UserDescribed { user, .. } => Some(*user),
            Change::AdminActed(act) => act.about.user(),
            other => other.share().map(|share| share.user),
        }
    }
}
