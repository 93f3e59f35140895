//! The audit trail, replayed by rules of its own: what it says must be possible, and what follows from it must be what
//! the server shows.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::history::History;
use crate::ledger::Receipt;
use crate::organiser::{EVENTS, MAX_PER_USER};

/// So many cancelled bookings of a user in an event the server remembers at least.
const CANCELLED_KEPT: usize = 64;

/// A change, as the contract has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    pub seq: u64,
    pub at: String,
    pub event: Option<String>,
    pub kind: String,
    pub ticket_type: Option<String>,
    pub quantity: Option<u64>,
    pub user: Option<String>,
    pub session: Option<String>,
    pub login_seq: Option<u64>,
    pub hold: Option<String>,
    pub booking: Option<String>,
    pub source: Option<String>,
    pub by: String,
    pub reason: Option<String>,
    /// What an organiser did, of `admin_acted`. Other tests look at it.
    #[serde(rename = "act")]
    _act: Option<IgnoredAny>,
}

impl Change {
    /// The hold or booking that it is about.
    pub fn id(&self) -> &str {
        self.hold.as_deref().or(self.booking.as_deref()).unwrap_or_default()
    }

    fn user(&self) -> &str {
        self.user.as_deref().unwrap_or_else(|| panic!("a change of nobody: {self:?}"))
    }

    fn quantity(&self) -> u64 {
        self.quantity.unwrap_or_else(|| panic!("a change without a quantity: {self:?}"))
    }

    /// What a step may add to what was asked for: memory of the answer, and grants of what came free.
    fn is_consequence(&self) -> bool {
        let is_grant = self.kind == "hold_placed" && self.source.as_deref() == Some("queue");
        is_grant
            || matches!(
                self.kind.as_str(),
                "answer_remembered" | "queue_dropped" | "admin_acted" | "waiter_skipped" | "waiter_served"
            )
    }
}

/// All changes from the first, and what they amount to.
#[derive(Debug, Default)]
pub struct Trail {
    changes: Vec<Change>,
    /// The books of each ticket type, by event and type.
    pub types: BTreeMap<(String, String), TypeBooks>,
    pub holds: BTreeMap<String, Hold>,
    pub bookings: BTreeMap<String, Booking>,
    /// The live sessions by user.
    pub sessions: BTreeMap<String, u64>,
    /// The numbers of the changes that opened and ended each session, by `login_seq`.
    pub opened: BTreeMap<u64, u64>,
    pub ended: BTreeMap<u64, u64>,
    /// The time of the newest change, by event. Times of one length compare as text.
    newest_at: BTreeMap<Option<String>, String>,
    /// The live hold of a user on a ticket type: by event, type and user.
    live_holds: BTreeMap<(String, String, String), String>,
    /// The tickets of a user, held and booked: by event and user.
    tickets: BTreeMap<(String, String), u64>,
    /// The newest number of a hold or booking, by event.
    numbers: BTreeMap<String, u64>,
}

#[derive(Debug, Default)]
pub struct TypeBooks {
    pub capacity: u64,
    pub held: u64,
    pub booked: u64,
    /// Who waits, in order.
    pub line: Vec<Waiting>,
}

#[derive(Debug)]
pub struct Waiting {
    pub user: String,
    pub quantity: u64,
    /// Passed over, until they return.
    pub is_absent: bool,
}

impl TypeBooks {
    /// Who is served next.
    fn next(&self) -> Option<&Waiting> {
        self.line.iter().find(|waiting| !waiting.is_absent)
    }
}

#[derive(Debug)]
pub struct Hold {
    pub user: String,
    pub ticket_type: String,
    pub quantity: u64,
    pub state: &'static str,
}

#[derive(Debug)]
pub struct Booking {
    pub user: String,
    pub ticket_type: String,
    pub quantity: u64,
    pub state: &'static str,
}

impl Trail {
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Takes up the changes that follow, and compares at each place what was said about it.
    pub fn extend(&mut self, changes: Vec<Change>, history: &mut History) {
        for change in changes {
            assert_eq!(change.seq, self.len() as u64 + 1, "the audit trail has a gap before {change:?}");
            // Actors read the time at the beginning of a turn, so it is in order within an event, not over all of them.
            let newest_at = self.newest_at.insert(change.event.clone(), change.at.clone()).unwrap_or_default();
            assert!(newest_at <= change.at, "time went back from {newest_at} to {change:?}");
            assert_eq!(change.session, change.login_seq.map(|number| number.to_string()), "{change:?}");
            self.apply(&change);
            self.changes.push(change);
            history.compare(self);
        }
    }

    /// How many tickets a user has in an event, held and booked.
    pub fn tickets_of(&self, event: &str, user: &str) -> u64 {
        self.tickets.get(&(event.to_owned(), user.to_owned())).copied().unwrap_or_default()
    }

    /// The live hold of a user on a ticket type.
    pub fn live_hold_of(&self, event: &str, ticket_type: &str, user: &str) -> Option<&Hold> {
        let key = (event.to_owned(), ticket_type.to_owned(), user.to_owned());
        self.live_holds.get(&key).and_then(|id| self.holds.get(id))
    }

    pub fn at(&self, seq: u64) -> Option<&Change> {
        self.changes.get(usize::try_from(seq).ok()?.checked_sub(1)?)
    }

    /// The changes around `seq`, for a failure's report.
    pub fn around(&self, seq: u64) -> String {
        let lines = (seq.saturating_sub(8)..=seq + 2).filter_map(|seq| self.at(seq));
        lines.map(|change| format!("{change:?}\n")).collect()
    }

    /// The bookings that the server must still show: all that stand, and the cancelled ones of who has had few.
    pub fn kept_bookings(&self) -> BTreeMap<&str, &Booking> {
        let event = |id: &'_ str| id.split_once('.').map_or(String::new(), |(event, _)| event.to_owned());
        let mut cancelled: BTreeMap<(String, &str), usize> = BTreeMap::new();
        for (id, booking) in self.bookings.iter().filter(|(_, booking)| booking.state == "cancelled") {
            *cancelled.entry((event(id), &booking.user)).or_default() += 1;
        }
        let is_kept = |(id, booking): &(&String, &Booking)| {
            booking.state == "booked" || cancelled[&(event(id), booking.user.as_str())] <= CANCELLED_KEPT
        };
        self.bookings.iter().filter(is_kept).map(|(id, booking)| (id.as_str(), booking)).collect()
    }

    /// The first change after `after` that `wanted` accepts.
    pub fn first(&self, after: u64, wanted: impl Fn(&Change) -> bool) -> Option<&Change> {
        self.changes.iter().skip(after as usize).find(|change| wanted(change))
    }

    /// The change that `receipt` of `user` acknowledges: the one at its number, but for the consequences of the step,
    /// which come after it.
    pub fn acknowledged(&self, user: &str, receipt: &Receipt) -> Option<&Change> {
        let mut seq = receipt.seq;
        loop {
            let change = self.at(seq)?;
            let is_it =
                change.kind == receipt.kind && change.user.as_deref() == Some(user) && change.id() == receipt.id;
            if is_it {
                return Some(change);
            }
            if !change.is_consequence() {
                return None;
            }
            seq -= 1;
        }
    }

    /// What `user` did: each change that must have been acknowledged to them, as kind and id. What the engine did for
    /// them, and logins, whose answers have no key to ask again with, are left out.
    pub fn deeds_of(&self, user: &str) -> BTreeSet<(&str, &str)> {
        let is_own = |change: &&Change| {
            let is_asked = match change.kind.as_str() {
                "hold_placed" => change.source.as_deref() == Some("request"),
                "hold_confirmed" | "booking_placed" => true,
                "hold_released" | "booking_cancelled" => change.reason.is_none(),
                _ => false,
            };
            is_asked && change.by == "user" && change.user.as_deref() == Some(user)
        };
        self.changes.iter().filter(is_own).map(|change| (change.kind.as_str(), change.id())).collect()
    }

    fn apply(&mut self, change: &Change) {
        match change.kind.as_str() {
            "event_created" => self.create_event(change),
            "session_opened" => self.open_session(change),
            "session_ended" => self.end_session(change),
            "queue_joined" => self.join(change),
            "queue_left" | "queue_dropped" => self.leave(change),
            "waiter_skipped" => self.pass_over(change),
            "waiter_returned" => self.set_absent(change, false),
            "waiter_served" => self.check_served(change),
            "hold_placed" => self.place_hold(change),
            "hold_amended" => self.amend_hold(change),
            "hold_extended" => drop(self.live(change)),
            "hold_confirmed" => self.confirm_hold(change),
            "hold_released" => self.end_hold(change, "released"),
            "hold_expired" => self.end_hold(change, "expired"),
            "booking_placed" => self.place_booking(change),
            "booking_cancelled" => self.cancel_booking(change),
            "status_changed" | "clocks_shifted" | "token_issued" | "answer_remembered" | "admin_acted" => {}
            other => panic!("a change of an unexpected kind {other}: {change:?}"),
        }
        if change.event.is_some() && change.ticket_type.is_some() {
            let books = self.books(change);
            assert!(books.held + books.booked <= books.capacity, "oversold: {change:?}");
        }
    }

    fn create_event(&mut self, change: &Change) {
        let event = change.event.as_deref().expect("an event is created");
        let (_, _, types) = EVENTS.iter().find(|(id, _, _)| *id == event).expect("an event of this test");
        for (id, capacity) in *types {
            let books = TypeBooks { capacity: *capacity, ..TypeBooks::default() };
            let earlier = self.types.insert((event.to_owned(), (*id).to_owned()), books);
            assert!(earlier.is_none(), "{event} was created twice");
        }
    }

    fn open_session(&mut self, change: &Change) {
        let login_seq = self.opened.len() as u64 + 1;
        assert_eq!(change.login_seq, Some(login_seq), "login_seq has a gap: {change:?}");
        self.opened.insert(login_seq, change.seq);
        let earlier = self.sessions.insert(change.user().to_owned(), login_seq);
        assert!(earlier.is_none(), "a second live session: {change:?}");
    }

    fn end_session(&mut self, change: &Change) {
        let ended = self.sessions.remove(change.user());
        assert_eq!(ended, change.login_seq, "a session ended that was not live: {change:?}");
        self.ended.extend(ended.map(|login_seq| (login_seq, change.seq)));
    }

    fn join(&mut self, change: &Change) {
        let (user, quantity) = (change.user().to_owned(), change.quantity());
        let line = &mut self.books(change).line;
        assert!(line.iter().all(|waiting| waiting.user != user), "in line twice: {change:?}");
        line.push(Waiting { user, quantity, is_absent: false });
    }

    fn leave(&mut self, change: &Change) {
        let line = &mut self.books(change).line;
        let place = line.iter().position(|waiting| waiting.user == change.user());
        line.remove(place.unwrap_or_else(|| panic!("who left was not in line: {change:?}")));
    }

    /// Nobody is away here as long as their session lives: only who is logging out may be passed over.
    fn pass_over(&mut self, change: &Change) {
        let next = self.books(change).next().map(|waiting| waiting.user.as_str());
        assert_eq!(next, Some(change.user()), "passed over out of turn: {change:?}");
        assert!(self.sessions.get(change.user()) != change.login_seq.as_ref(), "passed over, and there: {change:?}");
        self.set_absent(change, true);
    }

    fn set_absent(&mut self, change: &Change, is_absent: bool) {
        let mut line = self.books(change).line.iter_mut();
        let waiting =
            line.find(|waiting| waiting.user == change.user()).expect("who is passed over, or returns, waits");
        assert!(waiting.is_absent != is_absent, "passed over or returned twice: {change:?}");
        waiting.is_absent = is_absent;
    }

    /// Tickets go to the first in line who is there, or to a passer-by while nobody is.
    fn take_turn(&mut self, change: &Change) {
        let books = self.books(change);
        if let Some(next) = books.next() {
            assert_eq!(next.user, change.user(), "somebody was passed over: {change:?}");
        }
        books.line.retain(|waiting| waiting.user != change.user());
    }

    /// The tickets taken by the change before have ended the place.
    fn check_served(&mut self, change: &Change) {
        let is_in_line = self.books(change).line.iter().any(|waiting| waiting.user == change.user());
        assert!(!is_in_line, "served, and still in line: {change:?}");
        let taken = self.at(change.seq - 1).expect("tickets were taken before");
        assert_eq!(party_key(taken), party_key(change), "served by another's tickets: {change:?}");
    }

    fn place_hold(&mut self, change: &Change) {
        self.take_number(change);
        let ticket_type = change.ticket_type.clone().unwrap_or_default();
        let earlier = self.live_holds.insert(live_key(change), change.id().to_owned());
        assert!(earlier.is_none(), "a second live hold beside {earlier:?}: {change:?}");
        self.take_turn(change);
        self.take_tickets(change, change.quantity());
        self.books(change).held += change.quantity();
        let (user, quantity) = (change.user().to_owned(), change.quantity());
        self.holds.insert(change.id().to_owned(), Hold { user, ticket_type, quantity, state: "held" });
    }

    fn amend_hold(&mut self, change: &Change) {
        let before = self.live(change).quantity;
        let grows = change.quantity() > before;
        let books = self.books(change);
        assert!(!grows || books.next().is_none(), "a hold grew past a waiting line: {change:?}");
        books.held = books.held - before + change.quantity();
        self.give_tickets(change, before);
        self.take_tickets(change, change.quantity());
        self.live(change).quantity = change.quantity();
    }

    fn confirm_hold(&mut self, change: &Change) {
        let quantity = change.quantity();
        if change.reason.as_deref() == Some("rescued") {
            let hold = self.holds.get_mut(change.id()).expect("a rescued hold exists");
            assert_eq!(hold.state, "expired", "rescued, but not expired: {change:?}");
            (hold.state, hold.quantity) = ("held", quantity);
            self.books(change).held += quantity;
            self.take_tickets(change, quantity);
            self.live_holds.insert(live_key(change), change.id().to_owned());
            assert!(self.books(change).next().is_none(), "a rescue passed over the line: {change:?}");
        }
        assert!(quantity <= self.live(change).quantity, "more confirmed than held: {change:?}");
        self.end_hold(change, "confirmed");
        self.book(change);
    }

    fn end_hold(&mut self, change: &Change, state: &'static str) {
        let hold = self.live(change);
        hold.state = state;
        let quantity = hold.quantity;
        self.books(change).held -= quantity;
        self.give_tickets(change, quantity);
        self.live_holds.remove(&live_key(change));
    }

    fn place_booking(&mut self, change: &Change) {
        self.take_number(change);
        self.take_turn(change);
        self.book(change);
    }

    fn book(&mut self, change: &Change) {
        let (user, quantity) = (change.user().to_owned(), change.quantity());
        let ticket_type = change.ticket_type.clone().unwrap_or_default();
        self.books(change).booked += quantity;
        self.take_tickets(change, quantity);
        let booking = Booking { user, ticket_type, quantity, state: "booked" };
        let earlier = self.bookings.insert(change.id().to_owned(), booking);
        assert!(earlier.is_none(), "booked twice: {change:?}");
    }

    fn cancel_booking(&mut self, change: &Change) {
        let booking = self.bookings.get_mut(change.id()).expect("a cancelled booking exists");
        assert_eq!(booking.state, "booked", "cancelled twice: {change:?}");
        booking.state = "cancelled";
        let quantity = booking.quantity;
        assert_eq!((booking.user.as_str(), quantity), (change.user(), change.quantity()), "{change:?}");
        self.books(change).booked -= quantity;
        self.give_tickets(change, quantity);
    }

    /// The live hold that a change is about.
    fn live(&mut self, change: &Change) -> &mut Hold {
        let hold = self.holds.get_mut(change.id()).unwrap_or_else(|| panic!("a hold that never was: {change:?}"));
        assert_eq!(hold.state, "held", "it had ended before: {change:?}");
        assert_eq!(hold.user, change.user(), "somebody else's: {change:?}");
        hold
    }

    /// Numbers of holds and bookings count up without a gap.
    fn take_number(&mut self, change: &Change) {
        let event = change.event.clone().unwrap_or_default();
        let newest = self.numbers.entry(event.clone()).or_default();
        *newest += 1;
        assert_eq!(change.id(), format!("{event}.{newest}"), "{change:?}");
    }

    fn books(&mut self, change: &Change) -> &mut TypeBooks {
        let key = (change.event.clone().unwrap_or_default(), change.ticket_type.clone().unwrap_or_default());
        self.types.get_mut(&key).unwrap_or_else(|| panic!("no such ticket type: {change:?}"))
    }

    fn take_tickets(&mut self, change: &Change, quantity: u64) {
        let tickets = self.tickets.entry(party_key(change)).or_default();
        *tickets += quantity;
        assert!(*tickets <= MAX_PER_USER, "{tickets} tickets of one user: {change:?}");
    }

    fn give_tickets(&mut self, change: &Change, quantity: u64) {
        let tickets = self.tickets.get_mut(&party_key(change)).expect("who gives has something");
        *tickets -= quantity;
    }
}

fn party_key(change: &Change) -> (String, String) {
    (change.event.clone().unwrap_or_default(), change.user().to_owned())
}

fn live_key(change: &Change) -> (String, String, String) {
    let (event, user) = party_key(change);
    (event, change.ticket_type.clone().unwrap_or_default(), user)
}
