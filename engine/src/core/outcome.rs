//! What an event answers.

mod stored_place;

use serde::{Deserialize, Serialize};

use super::hold::{HoldSource, HoldState};
use super::id::{HoldNumber, LoginSeq, TypeIndex, UserNumber};
use super::rejection::Rejection;
use stored_place::StoredPlace;

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
#[serde(from = "StoredPlace", into = "StoredPlace")]
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
    /// What is known of the wait; nothing once it is over.
    pub wait: Wait,
    /// As of when, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// Who waits.
    pub user: UserNumber,
    /// The session they joined with.
    pub session: LoginSeq,
}

/// What is known of a wait in line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// How long it will take, as the line has moved lately; `None` where that is not known.
    pub estimate: Option<WaitEstimate>,
    /// When all holds of those before have ended at the latest, in milliseconds since the Unix epoch, at a whole
    /// second: until then the tickets are granted, or were too few. `None` where there is no such time, or only a far
    /// one.
    pub ends_by_ms: Option<u64>,
}

/// How long a wait is likely to last: a range, no more exact than it can be meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitEstimate {
    /// Hardly less than this, in seconds.
    pub low_seconds: u64,
    /// Hardly more than this, in seconds; at least `low_seconds`.
    pub high_seconds: u64,
}

impl WaitEstimate {
    /// The range from `low_ms` to `high_ms`, rounded outwards: to 5 seconds below a minute, to half a minute below ten,
    /// to whole minutes below an hour, to five minutes below six hours, and to quarters of an hour from there on.
    pub fn of_ms(low_ms: u64, high_ms: u64) -> WaitEstimate {
        let (low, high) = (low_ms / 1_000, high_ms.div_ceil(1_000));
        WaitEstimate {
            low_seconds: low - low % rounding_seconds(low),
            high_seconds: high.div_ceil(rounding_seconds(high)).saturating_mul(rounding_seconds(high)),
        }
    }

    /// The same range with nothing in it beyond `seconds`.
    pub fn at_most(self, seconds: u64) -> WaitEstimate {
        WaitEstimate { low_seconds: self.low_seconds.min(seconds), high_seconds: self.high_seconds.min(seconds) }
    }
}

/// Each step divides the bound it begins at, so that what is longer is never rounded to something shorter.
fn rounding_seconds(seconds: u64) -> u64 {
    match seconds {
        0..60 => 5,
        60..600 => 30,
        600..3_600 => 60,
        3_600..21_600 => 300,
        _ => 900,
    }
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
