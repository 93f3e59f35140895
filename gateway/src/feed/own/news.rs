//! What is told of a user's things, in which order, and with which numbers.

use std::collections::HashMap;
use std::sync::Arc;

use holdfast_engine::core::outcome::{BookingView, HoldView, QueueView};
use holdfast_engine::engine::{Belongings, EndedPlace, Thing, Touches};
use holdfast_engine::handle::EventView;
use serde_json::Value;

use crate::feed::message::Message;
use crate::objects;

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
    object: Value,
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

    fn object(&self) -> Value {
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

/// What has become of the things that were touched, by the numbers of the changes. `None` if one of them is there no more:
/// the engine remembers only so many holds that ended.
pub fn of_things(touches: &Touches, all: &All) -> Option<Vec<News>> {
    let mut things: Vec<_> = touches.things.iter().collect();
    things.sort_unstable();
    let mut news = Vec::with_capacity(things.len());
    for (thing, seq) in things {
        match (all.get(thing), thing) {
            (Some(shown), _) => news.push(News { seq: *seq, kind: shown.kind(), object: shown.object() }),
            // Its end is told by itself.
            (None, Thing::Place(..)) => {}
            (None, Thing::Hold(..) | Thing::Booking(..)) => return None,
        }
    }
    Some(news)
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
