//! What has become of a user's things: which are otherwise than before, and by which change.
//!
//! Changes are folded: of a thing that changed twice, only the later change counts, because whoever is told looks at the thing
//! as it is. A place in line that ended is no longer there to be looked at, so what became of it is kept.

use std::collections::HashMap;

use crate::core::change::{Change, Share};
use crate::core::hold::{HoldSource, HoldState};
use crate::core::id::{EventNumber, HoldNumber, LoginSeq, TypeIndex, UserNumber};
use crate::core::outcome::QueueState;

/// Something of a user's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Thing {
    /// A hold, live or ended.
    Hold(EventNumber, HoldNumber),
    /// A booking, cancelled or not.
    Booking(EventNumber, HoldNumber),
    /// The place in a ticket type's line.
    Place(EventNumber, TypeIndex),
}

/// A place in line that is there no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedPlace {
    /// The number of the change that ended it.
    pub seq: u64,
    /// In which event.
    pub event: EventNumber,
    /// In whose line.
    pub ticket_type: TypeIndex,
    /// What became of it.
    pub state: QueueState,
    /// The session that it ended with.
    pub session: LoginSeq,
    /// How many tickets it was for: as asked, or where the joining was not seen, as granted.
    pub quantity: u32,
    /// When its user had joined, in milliseconds since the Unix epoch, where that was seen.
    pub joined_at_ms: Option<u64>,
}

/// The last change of a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touched {
    /// The number of the change.
    pub seq: u64,
    /// If it was the thing's end, what became of it: the engine does not remember for ever what has ended.
    pub end: Option<ThingEnd>,
}

/// The end of a hold or a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThingEnd {
    /// A hold ended in this state.
    Hold(HoldState),
    /// A booking was cancelled, at this time in milliseconds since the Unix epoch.
    Cancelled {
        /// When.
        at_ms: u64,
    },
}

/// What has become of a user's things.
#[derive(Debug, Default)]
pub struct Touches {
    /// The last change of each thing. A place in line that has ended is not among them.
    pub things: HashMap<Thing, Touched>,
    /// Places that ended, in the order of their ends.
    pub ended_places: Vec<EndedPlace>,
    /// Something about the user's session or its tokens.
    pub is_about_session: bool,
    /// Nobody took what was gathered, and it was thrown away for being too much.
    pub has_overflown: bool,
    /// When and for how many the user joined a line, of the places in `things`.
    joined: HashMap<(EventNumber, TypeIndex), Joined>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Joined {
    at_ms: u64,
    quantity: u32,
}

/// What a change does to a user's things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Touch {
    /// With the state that a hold ended in, if it did.
    Hold(HoldNumber, Option<HoldState>),
    Booking(HoldNumber),
    Cancelled(HoldNumber),
    /// A hold became the booking of its number.
    Confirmed(HoldNumber),
    Joined(Share),
    /// The place in line became a hold.
    Granted(HoldNumber, Share),
    Ended(Share, QueueState),
}

/// How many things somebody who listens may leave untaken.
const UNTAKEN_MAX: usize = 1_024;

impl Touch {
    /// What a change in an event touches, and whose it is.
    pub(crate) fn of(change: &Change) -> Option<(UserNumber, Touch)> {
        let touch = match change {
            Change::HoldPlaced { number, share, source: HoldSource::Queue, .. } => Touch::Granted(*number, *share),
            Change::HoldPlaced { number, .. }
            | Change::HoldAmended { number, .. }
            | Change::HoldExtended { number, .. } => Touch::Hold(*number, None),
            Change::HoldReleased { number, .. } => Touch::Hold(*number, Some(HoldState::Released)),
            Change::HoldExpired { number, .. } => Touch::Hold(*number, Some(HoldState::Expired)),
            Change::HoldConfirmed { number, .. } => Touch::Confirmed(*number),
            Change::BookingPlaced { number, .. } => Touch::Booking(*number),
            Change::BookingCancelled { number, .. } => Touch::Cancelled(*number),
            Change::QueueJoined { share, .. } => Touch::Joined(*share),
            Change::QueueLeft { share } => Touch::Ended(*share, QueueState::Left),
            Change::QueueDropped { share, .. } => Touch::Ended(*share, QueueState::Dropped),
            Change::WaiterServed { share } => Touch::Ended(*share, QueueState::Granted),
            _ => return None,
        };
        Some((change.share()?.user, touch))
    }
}

impl Touches {
    /// Whether nothing has become of anything.
    pub fn is_empty(&self) -> bool {
        self.things.is_empty() && self.ended_places.is_empty() && !self.is_about_session && !self.has_overflown
    }

    /// Adds the change `seq` of an event, which was at `at_ms`.
    pub(crate) fn add(&mut self, seq: u64, at_ms: u64, event: EventNumber, touch: Touch) {
        let hold = |number| Thing::Hold(event, number);
        let booking = |number| Thing::Booking(event, number);
        let mut touch_thing = |thing, end| {
            self.things.insert(thing, Touched { seq, end });
        };
        match touch {
            Touch::Hold(number, end) => touch_thing(hold(number), end.map(ThingEnd::Hold)),
            Touch::Booking(number) => touch_thing(booking(number), None),
            Touch::Cancelled(number) => touch_thing(booking(number), Some(ThingEnd::Cancelled { at_ms })),
            Touch::Confirmed(number) => {
                touch_thing(hold(number), Some(ThingEnd::Hold(HoldState::Confirmed)));
                touch_thing(booking(number), None);
            }
            Touch::Joined(share) => {
                touch_thing(Thing::Place(event, share.ticket_type), None);
                self.joined.insert((event, share.ticket_type), Joined { at_ms, quantity: share.quantity });
            }
            Touch::Granted(number, share) => {
                touch_thing(hold(number), None);
                self.end_place(ended_place(seq, event, &share, QueueState::Granted));
            }
            Touch::Ended(share, state) => self.end_place(ended_place(seq, event, &share, state)),
        }
    }

    /// The same for somebody who may not come to take it: too much is thrown away.
    pub(crate) fn add_untaken(&mut self, seq: u64, at_ms: u64, event: EventNumber, touch: Touch) {
        if self.things.len() + self.ended_places.len() < UNTAKEN_MAX {
            self.add(seq, at_ms, event, touch);
        } else {
            *self = Touches { has_overflown: true, is_about_session: self.is_about_session, ..Touches::default() };
        }
    }

    /// Adds what came after it.
    pub fn append(&mut self, later: Touches) {
        later.ended_places.into_iter().for_each(|ended| self.end_place(ended));
        self.things.extend(later.things);
        self.joined.extend(later.joined);
        self.is_about_session |= later.is_about_session;
        self.has_overflown |= later.has_overflown;
    }

    /// Leaves out what is known up to and including the change `seq`.
    pub fn forget_until(&mut self, seq: u64) {
        self.things.retain(|_, touched| touched.seq > seq);
        self.ended_places.retain(|ended| ended.seq > seq);
    }

    /// The number of the newest change.
    pub fn newest_seq(&self) -> Option<u64> {
        let things = self.things.values().map(|touched| touched.seq);
        things.chain(self.ended_places.iter().map(|ended| ended.seq)).max()
    }

    fn end_place(&mut self, mut ended: EndedPlace) {
        let line = (ended.event, ended.ticket_type);
        self.things.remove(&Thing::Place(ended.event, ended.ticket_type));
        if let Some(joined) = self.joined.remove(&line) {
            (ended.quantity, ended.joined_at_ms) = (joined.quantity, Some(joined.at_ms));
        }
        self.ended_places.push(ended);
    }
}

fn ended_place(seq: u64, event: EventNumber, share: &Share, state: QueueState) -> EndedPlace {
    let Share { ticket_type, session, quantity, .. } = *share;
    EndedPlace { seq, event, ticket_type, state, session, quantity, joined_at_ms: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GALA: EventNumber = EventNumber(1);
    const SHARE: Share = Share { ticket_type: TypeIndex(0), user: UserNumber(7), session: LoginSeq(9), quantity: 2 };

    fn place() -> Thing {
        Thing::Place(GALA, SHARE.ticket_type)
    }

    fn granted() -> Touch {
        Touch::Granted(HoldNumber(3), Share { quantity: 1, ..SHARE })
    }

    #[test]
    fn of_a_thing_that_changes_twice_the_later_change_counts() {
        let mut touches = Touches::default();
        assert!(touches.is_empty() && touches.newest_seq().is_none());
        touches.add(4, 0, GALA, Touch::Hold(HoldNumber(3), None));
        touches.add(6, 0, GALA, Touch::Confirmed(HoldNumber(3)));
        let confirmed = Some(ThingEnd::Hold(HoldState::Confirmed));
        let expected = [
            (Thing::Hold(GALA, HoldNumber(3)), Touched { seq: 6, end: confirmed }),
            (Thing::Booking(GALA, HoldNumber(3)), Touched { seq: 6, end: None }),
        ];
        assert_eq!(touches.things, HashMap::from(expected));
        touches.forget_until(6);
        assert!(touches.is_empty());
    }

    #[test]
    fn a_place_that_ends_takes_along_how_it_began() {
        let mut seen = Touches::default();
        seen.add(4, 1_000, GALA, Touch::Joined(SHARE));
        assert_eq!(seen.things, HashMap::from([(place(), Touched { seq: 4, end: None })]));
        let mut later = Touches::default();
        later.add(5, 2_000, GALA, granted());
        assert_eq!((later.ended_places[0].joined_at_ms, later.ended_places[0].quantity), (None, 1));
        later.add(6, 3_000, GALA, Touch::Joined(SHARE));
        seen.append(later);
        let ended = seen.ended_places[0];
        assert_eq!((ended.joined_at_ms, ended.quantity, ended.state), (Some(1_000), 2, QueueState::Granted));
        assert_eq!(seen.things[&place()].seq, 6, "they joined again");
        assert_eq!(seen.newest_seq(), Some(6));
        seen.add(7, 4_000, GALA, Touch::Ended(SHARE, QueueState::Left));
        assert_eq!(seen.ended_places[1].joined_at_ms, Some(3_000));
    }

    #[test]
    fn what_nobody_takes_does_not_grow_for_ever() {
        let mut touches = Touches::default();
        for number in 0..UNTAKEN_MAX as u32 {
            touches.add_untaken(u64::from(number), 0, GALA, Touch::Hold(HoldNumber(number), None));
        }
        assert!(!touches.has_overflown);
        touches.add_untaken(9_999, 0, GALA, Touch::Hold(HoldNumber(9_999), None));
        assert!(touches.has_overflown && touches.things.is_empty());
    }
}
