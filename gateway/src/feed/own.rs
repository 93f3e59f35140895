//! The stream of a session: the figures of all public events, and what is the user's.
//!
//! What the stream has told is kept, and what is otherwise now is told. So nothing has to be remembered for those who come
//! back: the present state is the first that they are told.

use std::collections::HashMap;
use std::sync::Arc;

use holdfast_engine::core::id::{EventNumber, HoldNumber, TypeIndex, UserNumber};
use holdfast_engine::core::outcome::{BookingView, HoldView, QueueView, Wait};
use holdfast_engine::engine::{Engine, PlaceEnds};
use holdfast_engine::handle::EventView;
use holdfast_engine::session_table::LiveSession;
use serde_json::Value;

use super::message::{self, Message};
use super::programme::{self, Shown};
use super::stream::{End, Outlet};
use crate::gateway::Gateway;
use crate::objects;

/// Whose stream it is.
#[derive(Clone, Debug)]
pub struct Reader {
    /// The session.
    pub session: Arc<LiveSession>,
    /// The SHA-256 of the token that opened the stream, and without which it ends.
    pub token_hash: [u8; 32],
}

/// Something of a user's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Hold(EventNumber, HoldNumber),
    Booking(EventNumber, HoldNumber),
    Place(EventNumber, TypeIndex),
}

/// What was told of it, without what only time changes.
#[derive(Clone, Debug)]
enum Told {
    Hold(HoldView),
    Booking(BookingView),
    Place(ToldPlace),
}

/// When a place is gone, nothing else tells what it was.
#[derive(Clone, Debug)]
struct ToldPlace {
    event: Arc<EventView>,
    view: QueueView,
    /// How many places of the user's in that line had ended by then.
    ends: u64,
}

impl Told {
    fn is_same(&self, other: &Told) -> bool {
        match (self, other) {
            (Told::Hold(one), Told::Hold(other)) => one == other,
            (Told::Booking(one), Told::Booking(other)) => one == other,
            (Told::Place(one), Told::Place(other)) => one.view == other.view,
            _ => false,
        }
    }
}

/// What one stream has told.
struct Account<'a> {
    outlet: &'a Outlet,
    engine: &'a Engine,
    /// Number of the journal and version of each event's last message.
    figures: HashMap<EventNumber, (u64, u32)>,
    things: HashMap<Key, Told>,
    /// How places ended, as far as it is known.
    ends: PlaceEnds,
}

/// Tells a user what is theirs, and of all public events, as long as the token opens the session.
pub async fn tell(outlet: Outlet, gateway: Arc<Gateway>, reader: Reader) -> End {
    tell_on(&outlet, &gateway, reader).await.map_or_else(|end| end, |()| End::SessionExpired)
}

async fn tell_on(outlet: &Outlet, gateway: &Arc<Gateway>, reader: Reader) -> Result<(), End> {
    let engine = gateway.engine().map_err(|_| End::Over)?;
    // Watched first, so that nothing changes unseen after the first look.
    let user = reader.session.user;
    let mut own = engine.watch_user(user);
    // Whoever has this stream open waits in line, however long without a request.
    let _attendance = engine.attend(&reader.session);
    let mut programme = programme::read(gateway).map_err(|_| End::Over)?;
    let mut account =
        Account { outlet, engine, figures: HashMap::new(), things: HashMap::new(), ends: PlaceEnds::new() };
    outlet.send(message::retry()).await?;
    let shown = Shown::clone(&programme.borrow_and_update());
    account.tell_figures(&shown).await?;
    account.tell_things(user).await?;
    while engine.is_opened_by(&reader.token_hash) {
        let next = async {
            tokio::select! {
                ends = own.changed() => Some(ends),
                _ = programme.changed() => None,
            }
        };
        match outlet.awake_until(next).await? {
            Some(ends) => {
                account.ends = ends;
                account.tell_things(user).await?;
            }
            None => {
                let shown = Shown::clone(&programme.borrow_and_update());
                // A pause or a new setting moves deadlines without a change of their own.
                if account.tell_figures(&shown).await? {
                    account.tell_things(user).await?;
                }
            }
        }
    }
    Ok(())
}

impl Account<'_> {
    /// Tells the figures that are newer than those told before. `true` if an event has another version since.
    async fn tell_figures(&mut self, shown: &Shown) -> Result<bool, End> {
        let mut has_new_version = false;
        for (number, figure) in shown.iter() {
            let now = (figure.message.seq, figure.version);
            let before = self.figures.insert(*number, now);
            if before.map(|(seq, _)| seq) != Some(now.0) {
                self.outlet.send(figure.message.bytes.clone()).await?;
            }
            has_new_version |= before.is_some_and(|(_, version)| version != now.1);
        }
        self.figures.retain(|number, _| shown.contains_key(number));
        Ok(has_new_version)
    }

    /// Tells what is otherwise than told before.
    async fn tell_things(&mut self, user: UserNumber) -> Result<(), End> {
        let belongings = self.engine.belongings(user).await;
        let mut now = HashMap::new();
        for (event, hold) in belongings.holds {
            let key = Key::Hold(event.description.number, hold.number);
            let told = Told::Hold(HoldView { at_ms: 0, expires_in_ms: 0, ..hold.clone() });
            if self.is_news(key, &told) {
                self.send("hold", belongings.seq, &objects::hold(&event, &hold)).await?;
            }
            now.insert(key, told);
        }
        for (event, booking) in belongings.bookings {
            let key = Key::Booking(event.description.number, booking.number);
            let told = Told::Booking(BookingView { at_ms: 0, ..booking.clone() });
            if self.is_news(key, &told) {
                self.send("booking", belongings.seq, &objects::booking(&event, &booking)).await?;
            }
            now.insert(key, told);
        }
        for (event, place) in belongings.places {
            let key = Key::Place(event.description.number, place.ticket_type);
            let (ends, view) = (self.end_count(key), QueueView { wait: Wait::default(), at_ms: 0, ..place.clone() });
            let told = Told::Place(ToldPlace { event: Arc::clone(&event), view, ends });
            if self.is_news(key, &told) {
                self.send("queue", belongings.seq, &objects::queue(&event, &place)).await?;
            }
            now.insert(key, told);
        }
        let before = std::mem::replace(&mut self.things, now);
        self.tell_ended_places(before, belongings.seq).await
    }

    /// A place that is gone is told once more, with what became of it: at once, or when that is known. The state may be a
    /// little ahead of what is told of it.
    async fn tell_ended_places(&mut self, before: HashMap<Key, Told>, seq: u64) -> Result<(), End> {
        for (key, told) in before {
            let (Key::Place(number, ticket_type), Told::Place(place)) = (key, &told) else { continue };
            if self.things.contains_key(&key) {
                continue;
            }
            match self.ends.get(&(number, ticket_type)).filter(|end| end.count > place.ends) {
                Some(end) => {
                    let now_ms = self.engine.now_ms();
                    let ended = QueueView { state: end.state, ahead: 0, at_ms: now_ms, ..place.view.clone() };
                    self.send("queue", seq, &objects::queue(&place.event, &ended)).await?;
                }
                None => drop(self.things.insert(key, told)),
            }
        }
        Ok(())
    }

    /// How many places of the user's in the line of a place are known to have ended.
    fn end_count(&self, place: Key) -> u64 {
        let Key::Place(number, ticket_type) = place else { return 0 };
        self.ends.get(&(number, ticket_type)).map_or(0, |end| end.count)
    }

    fn is_news(&self, key: Key, told: &Told) -> bool {
        !self.things.get(&key).is_some_and(|before| before.is_same(told))
    }

    async fn send(&self, kind: &str, seq: u64, object: &Value) -> Result<(), End> {
        self.outlet.send(Message::new(kind, seq, object).bytes).await
    }
}
