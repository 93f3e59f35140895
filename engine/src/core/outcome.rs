//! What an event answers.

use serde::{Deserialize, Serialize};

use super::hold::{HoldSource, HoldState};
use super::id::{HoldNumber, LoginSeq, TypeIndex, UserNumber};
use super::rejection::Rejection;

/// The answer to a command: an outcome, or a refusal by the rules.
pub type Answer = Result<Outcome, Rejection>;

/// A command succeeded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The user has this hold. `fresh` where this command placed it, not where it was there already.
    Held {
        /// The hold.
        hold: HoldView,
        /// Placed just now.
        fresh: bool,
    },
    /// The user stands in line. `fresh` where this command put them there.
    Queued {
        /// The place.
        place: QueueView,
        /// Joined just now.
        fresh: bool,
    },
    /// A booking was made.
    Booked {
        /// The booking.
        booking: BookingView,
        /// It was a hold of theirs.
        from_hold: bool,
        /// The hold had expired, and its tickets were still free.
        rescued: bool,
    },
    /// The hold's deadline was moved, or its tickets given back.
    Hold(HoldView),
    /// The booking was cancelled.
    Cancelled(BookingView),
    /// The user is in line no more.
    Left(QueueView),
    /// The session's holds are released and its queue entries gone.
    SessionEnded {
        /// How many holds were released.
        released_holds: u32,
        /// How many queue entries were dropped.
        dropped_queue_entries: u32,
    },
    /// A login that this event has served before, and that has nothing live here.
    NothingNew,
    /// The event is changed as asked (or was so already).
    Done,
}

/// A hold as of one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldView {
    /// Its number within the event.
    pub number: HoldNumber,
    /// The ticket type.
    pub ticket_type: TypeIndex,
    /// How many tickets.
    pub quantity: u32,
    /// What became of it.
    pub state: HoldState,
    /// What it came from.
    pub source: HoldSource,
    /// When it was placed, in milliseconds since the Unix epoch.
    pub created_at_ms: u64,
    /// Its deadline, in milliseconds since the Unix epoch; never moves earlier.
    pub expires_at_ms: u64,
    /// The time left, in milliseconds; stands still while the sale is paused, 0 once it ended.
    pub expires_in_ms: u64,
    /// How often it can still be extended.
    pub extensions_left: u32,
    /// As of when, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// Whose it is.
    pub user: UserNumber,
    /// The session it was placed under.
    pub session: LoginSeq,
}

/// A booking as of one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookingView {
    /// Its number within the event, that of the hold it came from.
    pub number: HoldNumber,
    /// The ticket type.
    pub ticket_type: TypeIndex,
    /// How many tickets.
    pub quantity: u32,
    /// When it was made, in milliseconds since the Unix epoch.
    pub booked_at_ms: u64,
    /// When it was cancelled. A cancelled booking's refund is due.
    pub cancelled_at_ms: Option<u64>,
    /// As of when, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// Whose it is.
    pub user: UserNumber,
    /// The session it was made under.
    pub session: LoginSeq,
}

/// A place in line as of one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueView {
    /// The ticket type.
    pub ticket_type: TypeIndex,
    /// How many tickets are wanted.
    pub quantity: u32,
    /// How many wait ahead.
    pub ahead: u64,
    /// When the user joined, in milliseconds since the Unix epoch.
    pub joined_at_ms: u64,
    /// What became of the entry.
    pub state: QueueState,
    /// As of when, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// Who waits.
    pub user: UserNumber,
    /// The session they joined with.
    pub session: LoginSeq,
}

/// What became of a queue entry. The last three are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueState {
    /// In line.
    Waiting,
    /// Got a hold.
    Granted,
    /// Left by their own will, or with their session.
    Left,
    /// Dropped by the event: it closed, or a grant would have broken the user's limit.
    Dropped,
}

impl QueueState {
    /// The state's name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            QueueState::Waiting => "waiting",
            QueueState::Granted => "granted",
            QueueState::Left => "left",
            QueueState::Dropped => "dropped",
        }
    }
}
