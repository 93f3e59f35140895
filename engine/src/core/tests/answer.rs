//! The language of the tables: what an event answers, as text.
//!
//! Every field of an answer is in its text, the more interesting ones first, since a table may cut an answer short.

use super::row::seconds;
use super::shell::START_MS;
use crate::core::change::Change;
use crate::core::event::{Event, Figures};
use crate::core::hold::HoldState;
use crate::core::id::{TypeIndex, UserNumber};
use crate::core::outcome::{Answer, BookingView, HoldView, Outcome, QueueState, QueueView, Wait, WaitEstimate};
use crate::core::rejection::Rejection;
use crate::core::session::Sessions;

/// What is needed to write an answer: the names behind the numbers.
#[derive(Clone, Copy)]
pub struct Writer<'a> {
    pub event: &'a Event,
    pub sessions: &'a Sessions,
}

impl Writer<'_> {
    /// An answer to a command.
    pub fn answer(&self, answer: &Answer) -> String {
        match answer {
            Ok(outcome) => self.outcome(outcome),
            Err(rejection) => refusal(rejection),
        }
    }

    /// A hold, with its state.
    pub fn hold(&self, view: &HoldView) -> String {
        format!("{} {}", view.state.as_str(), self.hold_without_state(view))
    }

    /// A place in line, but for what is known of the wait: see [`wait`].
    pub fn place(&self, view: &QueueView) -> String {
        let place = format!("at {} for {}{}", view.ahead + 1, view.quantity, self.type_name(view.ticket_type));
        let session = view.session.0;
        let joined_at = time(view.joined_at_ms);
        format!("{place}, {} session {session} since {joined_at} now {}", self.user(view.user), time(view.at_ms))
    }

    /// What happened: kind, number, user.
    pub fn change(&self, change: &Change) -> String {
        let number = match change {
            Change::HoldPlaced { number, .. }
            | Change::HoldAmended { number, .. }
            | Change::HoldExtended { number, .. }
            | Change::HoldConfirmed { number, .. }
            | Change::HoldReleased { number, .. }
            | Change::HoldExpired { number, .. }
            | Change::BookingPlaced { number, .. }
            | Change::BookingCancelled { number, .. } => format!(" #{}", number.0),
            _ => String::new(),
        };
        let user = change.share().map(|share| format!(" {}", self.user(share.user)));
        format!("{}{number}{}", change.kind(), user.unwrap_or_default())
    }

    fn outcome(&self, outcome: &Outcome) -> String {
        match outcome {
            Outcome::Held { hold, .. } if hold.state != HoldState::Held => format!("no hold, but {}", self.hold(hold)),
            Outcome::Held { hold, fresh: true } => format!("held {}", self.hold_without_state(hold)),
            Outcome::Held { hold, fresh: false } => format!("has {}", self.hold_without_state(hold)),
            Outcome::Queued { place, fresh } => {
                assert_eq!(place.state, QueueState::Waiting);
                format!("{}waits {}", if *fresh { "" } else { "still " }, self.place(place))
            }
            Outcome::Booked { booking, from_hold, rescued } => {
                assert_eq!(booking.cancelled_at_ms, None);
                let how = match (from_hold, rescued) {
                    (true, true) => "rescued",
                    (true, false) => "from hold",
                    (false, false) => "direct",
                    (false, true) => "rescued from nothing",
                };
                format!("booked {} {how}{}", self.booking(booking), self.booking_rest(booking))
            }
            Outcome::Hold(hold) => self.hold(hold),
            Outcome::Cancelled(booking) => {
                let cancelled_at = booking.cancelled_at_ms.map_or("never".to_owned(), time);
                format!("cancelled {} at {cancelled_at}{}", self.booking(booking), self.booking_rest(booking))
            }
            Outcome::Left(place) => {
                assert_eq!(place.state, QueueState::Left);
                format!("left {}", self.place(place))
            }
            Outcome::SessionEnded { released_holds, dropped_queue_entries } => {
                format!("ended, {released_holds} holds and {dropped_queue_entries} places given back")
            }
            Outcome::NothingNew => "nothing new".to_owned(),
            Outcome::Done => "done".to_owned(),
        }
    }

    fn hold_without_state(&self, view: &HoldView) -> String {
        let kind = self.type_name(view.ticket_type);
        let (until, left) = (time(view.expires_at_ms), seconds(view.expires_in_ms));
        let (extensions, source) = (view.extensions_left, view.source.as_str());
        let deadline = format!("until {until} left {left} extensions {extensions} from {source}");
        let owner = format!("{} session {}", self.user(view.user), view.session.0);
        let times = format!("since {} now {}", time(view.created_at_ms), time(view.at_ms));
        format!("#{} {}{kind} {deadline}, {owner} {times}", view.number.0, view.quantity)
    }

    fn booking(&self, view: &BookingView) -> String {
        format!("#{} {}{}", view.number.0, view.quantity, self.type_name(view.ticket_type))
    }

    fn booking_rest(&self, view: &BookingView) -> String {
        let owner = format!("{} session {}", self.user(view.user), view.session.0);
        format!(", {owner} since {} now {}", time(view.booked_at_ms), time(view.at_ms))
    }

    /// The type's name, where the event has several.
    fn type_name(&self, index: TypeIndex) -> String {
        let types = self.event.ticket_types();
        if types.len() == 1 { String::new() } else { format!(" {}", types[usize::from(index.0)].id) }
    }

    fn user(&self, user: UserNumber) -> &str {
        self.sessions.name(user).expect("who asks has logged in")
    }
}

/// What is known of a wait.
pub fn wait(wait: &Wait) -> String {
    let range = |range: WaitEstimate| format!("{}s to {}s", range.low_seconds, range.high_seconds);
    let estimate = wait.estimate.map_or("unknown".to_owned(), range);
    format!("eta {estimate} by {}", wait.ends_by_ms.map_or("unknown".to_owned(), time))
}

/// The counters of a ticket type.
pub fn figures(figures: &Figures) -> String {
    let Figures { capacity, available, held, booked, waiting } = figures;
    format!("available {available} held {held} booked {booked} waiting {waiting} capacity {capacity}")
}

/// A refusal, with all it says.
fn refusal(rejection: &Rejection) -> String {
    let rest = match rejection {
        Rejection::Invalid { field, .. } => format!(" {field}"),
        Rejection::InvalidTransition { from, to } => format!(" from {} to {}", from.as_str(), to.as_str()),
        Rejection::CapacityBelowCommitted { min_capacity } => format!(" min {min_capacity}"),
        Rejection::NotOnSale { opens_at_ms } => opens_at_ms.map_or(String::new(), |at| format!(" opens {}", time(at))),
        Rejection::AlreadyConfirmed { booking } => format!(" #{}", booking.0),
        Rejection::HoldExpired { expired_at_ms } => format!(" at {}", time(*expired_at_ms)),
        Rejection::LimitReached { limit, used } => format!(" limit {limit} used {used}"),
        Rejection::QueueAhead { ahead } => format!(" ahead {ahead}"),
        Rejection::SoldOut { available, held, next_expiry_at_ms } => {
            assert_eq!(*available, 0);
            format!(" held {held}{}", next_expiry_at_ms.map_or(String::new(), |at| format!(" next {}", time(at))))
        }
        Rejection::Damped { until_ms } => format!(" until {}", time(*until_ms)),
        Rejection::InsufficientCapacity { available, requested } => {
            format!(" available {available} requested {requested}")
        }
        _ => String::new(),
    };
    format!("refused {}{rest}", rejection.code())
}

/// A time, counted from the start of the table.
fn time(at_ms: u64) -> String {
    seconds(at_ms - START_MS)
}
