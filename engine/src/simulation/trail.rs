//! What the audit trail must add up to, whoever wrote it: a second opinion on the core's rules, kept simple.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::core::change::{Change, EventCreated};
use crate::core::id::{EventNumber, HoldNumber, LoginSeq, TypeIndex, UserNumber};
use crate::core::idempotency::KeyScope;
use crate::engine::AuditEntry;

use super::client::Receipt;

/// All durable changes from the first, and the books they make.
#[derive(Default)]
pub(super) struct Trail {
    pub(super) entries: Vec<AuditEntry>,
    events: BTreeMap<EventNumber, Books>,
    sessions: BTreeMap<UserNumber, LoginSeq>,
    logins: u64,
    keys: BTreeSet<(EventNumber, KeyScope, u128)>,
}

#[derive(Default)]
struct Books {
    types: Vec<TypeBooks>,
    holds: BTreeMap<HoldNumber, (UserNumber, u32, &'static str)>,
    bookings: BTreeMap<HoldNumber, (UserNumber, u32, bool)>,
    numbers: u64,
    newest_ms: u64,
}

#[derive(Default)]
struct TypeBooks {
    capacity: u32,
    held: u32,
    booked: u32,
    line: VecDeque<UserNumber>,
}

impl Trail {
    /// Takes up the changes that follow.
    pub(super) fn extend(&mut self, entries: Vec<AuditEntry>) {
        for entry in entries {
            assert_eq!(entry.seq, self.entries.len() as u64 + 1, "the journal has a gap before {entry:?}");
            self.apply(&entry);
            self.entries.push(entry);
        }
    }

    /// The change that an answer acknowledges is there: at its number, or before it within the same step.
    pub(super) fn check(&self, receipt: &Receipt) {
        let is_it = |entry: &&AuditEntry| {
            let number = match &entry.change {
                Change::HoldPlaced { number, .. }
                | Change::HoldConfirmed { number, .. }
                | Change::HoldReleased { number, .. }
                | Change::BookingPlaced { number, .. }
                | Change::BookingCancelled { number, .. } => Some(*number),
                _ => None,
            };
            entry.event_number.0 as usize == receipt.event + 1
                && entry.change.kind() == receipt.kind
                && number == receipt.number
                && entry.change.user() == receipt.user
        };
        let until = usize::try_from(receipt.seq).expect("a small number");
        assert!(until <= self.entries.len(), "{receipt:?} was acknowledged and is not there");
        let step = &self.entries[until.saturating_sub(64)..until];
        assert!(step.iter().any(|entry| is_it(&entry)), "{receipt:?} is not what happened: {step:#?}");
    }

    fn apply(&mut self, entry: &AuditEntry) {
        match &entry.change {
            Change::SessionOpened { session, user, .. } => {
                self.logins += 1;
                assert_eq!(session.0, self.logins, "login_seq has a gap");
                assert!(self.sessions.insert(*user, *session).is_none(), "a second live session: {entry:?}");
            }
            Change::SessionEnded { session, user, .. } => {
                assert_eq!(self.sessions.remove(user), Some(*session), "not live: {entry:?}");
            }
            Change::TokenIssued { .. } => {}
            Change::EventCreated(created) => {
                let earlier = self.events.insert(entry.event_number, Books::new(created));
                assert!(earlier.is_none(), "created twice: {entry:?}");
            }
            Change::AnswerRemembered(answer) => {
                let is_new = self.keys.insert((entry.event_number, answer.scope, answer.key_hash));
                assert!(is_new, "one key had two effects: {entry:?}");
            }
            change => {
                let books = self.events.get_mut(&entry.event_number).expect("an event that exists");
                books.apply(change);
                books.check_time(entry.at_ms);
                for ticket_type in &books.types {
                    let committed = ticket_type.held + ticket_type.booked;
                    assert!(committed <= ticket_type.capacity, "oversold: {entry:?}");
                }
            }
        }
    }
}

impl Books {
    fn new(created: &EventCreated) -> Books {
        let types = created.ticket_types.iter();
        let types = types.map(|kind| TypeBooks { capacity: kind.capacity, ..TypeBooks::default() }).collect();
        Books { types, ..Books::default() }
    }

    fn check_time(&mut self, at_ms: u64) {
        assert!(at_ms >= self.newest_ms, "time went back from {} to {at_ms}", self.newest_ms);
        self.newest_ms = at_ms;
    }

    fn kind(&mut self, index: TypeIndex) -> &mut TypeBooks {
        &mut self.types[index.0 as usize]
    }

    fn take_number(&mut self, number: HoldNumber) {
        self.numbers += 1;
        assert_eq!(u64::from(number.0), self.numbers, "a number was skipped or reused");
    }

    /// Tickets go to the head of the line, or to anybody while nobody waits.
    fn take_turn(&mut self, index: TypeIndex, user: UserNumber) {
        let line = &mut self.kind(index).line;
        if let Some(head) = line.pop_front() {
            assert_eq!(head, user, "somebody was passed over");
        }
    }

    fn end_hold(&mut self, number: HoldNumber, index: TypeIndex, state: &'static str) -> u32 {
        let hold = self.holds.get_mut(&number).expect("a hold that ends was placed");
        assert_eq!(hold.2, "held", "hold {} ended twice", number.0);
        hold.2 = state;
        let quantity = hold.1;
        self.kind(index).held -= quantity;
        quantity
    }

    fn apply(&mut self, change: &Change) {
        match change {
            Change::CapacityChanged { ticket_type, to, .. } => self.kind(*ticket_type).capacity = *to,
            Change::QueueJoined { share, .. } => {
                let line = &mut self.kind(share.ticket_type).line;
                assert!(!line.contains(&share.user), "in line twice");
                line.push_back(share.user);
            }
            Change::QueueLeft { share } | Change::QueueDropped { share, .. } => {
                let line = &mut self.kind(share.ticket_type).line;
                let place = line.iter().position(|user| *user == share.user).expect("who leaves was in line");
                line.remove(place);
            }
            Change::HoldPlaced { number, share, .. } => {
                self.take_number(*number);
                self.take_turn(share.ticket_type, share.user);
                self.kind(share.ticket_type).held += share.quantity;
                self.holds.insert(*number, (share.user, share.quantity, "held"));
            }
            Change::HoldAmended { number, share } => {
                let hold = self.holds.get_mut(number).expect("an amended hold was placed");
                let before = std::mem::replace(&mut hold.1, share.quantity);
                let kind = self.kind(share.ticket_type);
                assert!(share.quantity <= before || kind.line.is_empty(), "a hold grew past the line");
                kind.held = kind.held - before + share.quantity;
            }
            Change::HoldConfirmed { number, share, rescued } => {
                if *rescued {
                    let head = self.kind(share.ticket_type).line.front();
                    assert!(head.is_none_or(|head| *head == share.user), "a rescue passed over the line");
                    assert_eq!(self.holds[number].2, "expired", "rescued, but not expired");
                } else {
                    let held = self.end_hold(*number, share.ticket_type, "confirmed");
                    assert!(share.quantity <= held, "more confirmed than held");
                }
                self.book(*number, share.user, share.quantity, share.ticket_type);
            }
            Change::HoldReleased { number, share, .. } => {
                self.end_hold(*number, share.ticket_type, "released");
            }
            Change::HoldExpired { number, share } => {
                self.end_hold(*number, share.ticket_type, "expired");
            }
            Change::BookingPlaced { number, share } => {
                self.take_number(*number);
                self.take_turn(share.ticket_type, share.user);
                self.book(*number, share.user, share.quantity, share.ticket_type);
            }
            Change::BookingCancelled { number, share, .. } => {
                let booking = self.bookings.get_mut(number).expect("a cancelled booking was made");
                assert!(booking.2, "booking {} cancelled twice", number.0);
                booking.2 = false;
                let quantity = booking.1;
                self.kind(share.ticket_type).booked -= quantity;
            }
            _ => {}
        }
    }

    fn book(&mut self, number: HoldNumber, user: UserNumber, quantity: u32, index: TypeIndex) {
        assert!(self.bookings.insert(number, (user, quantity, true)).is_none(), "booked twice: {}", number.0);
        self.kind(index).booked += quantity;
    }
}
