//! What is told of a user's things, in which order, and with which numbers.

use std::collections::HashMap;
use std::sync::Arc;

use holdfast_engine::core::outcome::{BookingView, HoldView, QueueView};
use holdfast_engine::engine::{Belongings, EndedPlace, Thing, ThingEnd, Touched, Touches};
use holdfast_engine::handle::EventView;

use crate::feed::message::Message;
use crate::objects::{self, Written};

/// A thing of a user's as of one moment.
#[derive(Clone, Debug)]
pub enum Shown {
    /// A hold.
    Hold(Arc<EventView>, HoldView),
    /// A booking.
    Booking(Arc<EventView>, BookingView),
    /// A place in line.
    Place(Arc<EventView>, QueueView),
}

/// All that is a user's.
pub type All = HashMap<Thing, Shown>;

/// Something to be told: of which change, the kind of message, and the object.
pub struct News {
    /// The number of the change.
    pub seq: u64,
    kind: &'static str,
    object: Written,
}

impl Shown {
    /// The kind of message that tells it.
    fn kind(&self) -> &'static str {
        match self {
            Shown::Hold(..) => "hold",
            Shown::Booking(..) => "booking",
            Shown::Place(..) => "queue",
        }
    }

    fn object(&self) -> Written {
        match self {
            Shown::Hold(event, view) => objects::hold(event, view),
            Shown::Booking(event, view) => objects::booking(event, view),
            Shown::Place(event, view) => objects::queue(event, view),
        }
    }

    /// As a message that nobody comes back with.
    pub fn message(&self) -> Message {
        Message::without_id(self.kind(), &self.object())
    }
}

/// All that is a user's, to be found by what it is.
pub fn index(belongings: Belongings) -> All {
    let mut all = All::new();
    for (event, hold) in belongings.holds {
        all.insert(Thing::Hold(event.description.number, hold.number), Shown::Hold(event, hold));
    }
    for (event, booking) in belongings.bookings {
        all.insert(Thing::Booking(event.description.number, booking.number), Shown::Booking(event, booking));
    }
    for (event, place) in belongings.places {
        all.insert(Thing::Place(event.description.number, place.ticket_type), Shown::Place(event, place));
    }
    all
}

/// What has become of the things that were touched, `told` being what was told of them before. `None` if one of them is no
/// longer known.
pub fn of_things(touches: &Touches, all: &All, told: &All) -> Option<Vec<News>> {
    let mut things: Vec<_> = touches.things.iter().collect();
    things.sort_unstable_by_key(|(thing, _)| **thing);
    let mut news = Vec::with_capacity(things.len());
    for (thing, Touched { seq, end }) in things {
        let forgotten;
        let shown = match all.get(thing) {
            Some(shown) => shown,
            // Its end is told by itself.
            None if matches!(thing, Thing::Place(..)) => continue,
            None => {
                forgotten = ended(told.get(thing)?, (*end)?)?;
                &forgotten
            }
        };
        news.push(News { seq: *seq, kind: shown.kind(), object: shown.object() });
    }
    Some(news)
}

/// A thing that the engine has forgotten since it ended: it remembers only so many of a user's in one event.
fn ended(told: &Shown, end: ThingEnd) -> Option<Shown> {
    match (told, end) {
        (Shown::Hold(event, hold), ThingEnd::Hold(state)) => {
            let hold = HoldView { state, expires_in_ms: 0, extensions_left: 0, ..hold.clone() };
            Some(Shown::Hold(Arc::clone(event), hold))
        }
        (Shown::Booking(event, booking), ThingEnd::Cancelled { at_ms }) => {
            let booking = BookingView { cancelled_at_ms: Some(at_ms), at_ms, ..booking.clone() };
            Some(Shown::Booking(Arc::clone(event), booking))
        }
        _ => None,
    }
}

/// How a place in line ended, `before` being what was told of it last.
pub fn of_ended_place(event: &EventView, ended: &EndedPlace, before: Option<&Shown>, now_ms: u64) -> News {
    let mut ended = *ended;
    if let (None, Some(Shown::Place(_, place))) = (ended.joined_at_ms, before) {
        (ended.joined_at_ms, ended.quantity) = (Some(place.joined_at_ms), place.quantity);
    }
    News { seq: ended.seq, kind: "queue", object: objects::ended_queue(event, &ended, now_ms) }
}

/// The messages of news, in the order of the changes. Of several about one change only the last has its number, so that
/// whoever comes back with a number was told all up to it.
pub fn messages(mut news: Vec<News>) -> Vec<Message> {
    news.sort_by_key(|news| news.seq);
    let seqs: Vec<u64> = news.iter().map(|news| news.seq).collect();
    let is_last = |index: usize| seqs.get(index + 1) != Some(&seqs[index]);
    let message = |(index, News { seq, kind, object }): (usize, News)| match is_last(index) {
        true => Message::new(kind, seq, &object),
        false => Message::without_id(kind, &object),
    };
    news.into_iter().enumerate().map(message).collect()
}
