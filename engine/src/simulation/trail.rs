//! What the audit trail must add up to, whoever wrote it: a second opinion on the core's rules, kept simple.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::core::change::{Change, EventCreated};
use crate::core::hold::HoldSource;
use crate::core::id::{EventNumber, HoldNumber, LoginSeq, TypeIndex, UserNumber};
use crate::core::idempotency::KeyScope;
use crate::core::status::Status;
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
    /// Deadlines of holds, on the sale clock: engine time less all shifts, standing still in a pause.
    deadlines_ms: BTreeMap<HoldNumber, u64>,
    shift_ms: u64,
    paused_at_ms: Option<u64>,
    /// Tickets of each user, held and booked.
    tickets: BTreeMap<UserNumber, u32>,
    max_per_user: u32,
    types: Vec<TypeBooks>,
    holds: BTreeMap<HoldNumber, (UserNumber, u32, &'static str)>,
    bookings: BTreeMap<HoldNumber, (UserNumber, u32, bool)>,
    numbers: u64,
    newest_ms: u64,
    /// Whose place in which line the change before ended, without granting it.
    served_next: Option<(TypeIndex, UserNumber)>,
}

#[derive(Default)]
struct TypeBooks {
    capacity: u32,
    held: u32,
    booked: u32,
    line: VecDeque<UserNumber>,
    /// Who of them is passed over.
    absent: BTreeSet<UserNumber>,
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
            Change::TokenIssued { .. }
            | Change::AccountAdded { .. }
            | Change::PasswordChanged { .. }
            | Change::AccountRemoved { .. }
            | Change::UserDescribed { .. }
            | Change::AdminActed(_) => {}
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
                books.check_time(entry.at_ms);
                books.check_deadline(entry.at_ms, change);
                books.apply(change);
                books.check_limits();
                for ticket_type in &books.types {
                    let committed = ticket_type.held + ticket_type.booked;
                    assert!(committed <= ticket_type.capacity, "oversold: {entry:?}");
                }
            }
        }
    }
}

impl TypeBooks {
    fn first_present(&self) -> Option<UserNumber> {
        self.line.iter().find(|user| !self.absent.contains(*user)).copied()
    }

    /// Whether the user was in line.
    fn leave(&mut self, user: UserNumber) -> bool {
        self.absent.remove(&user);
        let place = self.line.iter().position(|waiting| *waiting == user);
        place.and_then(|place| self.line.remove(place)).is_some()
    }
}

impl Books {
    fn new(created: &EventCreated) -> Books {
        let types = created.ticket_types.iter();
        let types = types.map(|kind| TypeBooks { capacity: kind.capacity, ..TypeBooks::default() }).collect();
        Books { types, max_per_user: created.settings.max_per_user, ..Books::default() }
    }

    fn check_time(&mut self, at_ms: u64) {
        assert!(at_ms >= self.newest_ms, "time went back from {} to {at_ms}", self.newest_ms);
        self.newest_ms = at_ms;
    }

    /// A hold ends by its deadline and by nothing else: confirmed before, expired at or after it; never moved earlier.
    fn check_deadline(&mut self, at_ms: u64, change: &Change) {
        let clock_ms = self.paused_at_ms.unwrap_or(at_ms) - self.shift_ms;
        match change {
            Change::HoldPlaced { number, deadline_ms, .. } => {
                assert!(*deadline_ms > clock_ms, "hold {} was over when it was placed", number.0);
                self.deadlines_ms.insert(*number, *deadline_ms);
            }
            Change::HoldExtended { number, deadline_ms, .. } => {
                let before_ms = self.deadlines_ms.insert(*number, *deadline_ms);
                assert!(before_ms.is_some_and(|before_ms| before_ms <= *deadline_ms), "hold {} ends earlier", number.0);
            }
            Change::HoldConfirmed { number, rescued: false, .. } => {
                assert!(clock_ms < self.deadlines_ms[number], "hold {} was confirmed after its end", number.0);
            }
            Change::HoldExpired { number, .. } => {
                assert!(clock_ms >= self.deadlines_ms[number], "hold {} expired early", number.0);
            }
            Change::StatusChanged { to, .. } => self.paused_at_ms = (*to == Status::Paused).then_some(at_ms),
            Change::ClocksShifted { by_ms, .. } => self.shift_ms += by_ms,
            _ => {}
        }
    }

    fn check_limits(&self) {
        let over = self.tickets.iter().find(|(_, tickets)| **tickets > self.max_per_user);
        assert!(over.is_none(), "too many tickets of one user: {over:?}");
    }

    fn give(&mut self, user: UserNumber, quantity: u32) {
        *self.tickets.entry(user).or_default() += quantity;
    }

    fn take_back(&mut self, user: UserNumber, quantity: u32) {
        *self.tickets.get_mut(&user).expect("who gives back has something") -= quantity;
    }

    fn kind(&mut self, index: TypeIndex) -> &mut TypeBooks {
        &mut self.types[index.0 as usize]
    }

    fn take_number(&mut self, number: HoldNumber) {
        self.numbers += 1;
        assert_eq!(u64::from(number.0), self.numbers, "a number was skipped or reused");
    }

    /// Tickets go to the first in line who is there, or to anybody while nobody is. Whether the user stood in line.
    fn take_turn(&mut self, index: TypeIndex, user: UserNumber) -> bool {
        let kind = self.kind(index);
        if let Some(first) = kind.first_present() {
            assert_eq!(first, user, "somebody was passed over");
        }
        kind.leave(user)
    }

    /// Who takes tickets by themselves, and stood in line for them, is said to be served by the very next change.
    fn take_by_hand(&mut self, index: TypeIndex, user: UserNumber) {
        if self.take_turn(index, user) {
            self.served_next = Some((index, user));
        }
    }

    fn end_hold(&mut self, number: HoldNumber, index: TypeIndex, state: &'static str) -> u32 {
        let hold = self.holds.get_mut(&number).expect("a hold that ends was placed");
        assert_eq!(hold.2, "held", "hold {} ended twice", number.0);
        hold.2 = state;
        let (user, quantity) = (hold.0, hold.1);
        self.kind(index).held -= quantity;
        self.take_back(user, quantity);
        quantity
    }

    fn apply(&mut self, change: &Change) {
        let served = match change {
            Change::WaiterServed { share } => Some((share.ticket_type, share.user)),
            _ => None,
        };
        assert_eq!(self.served_next.take(), served, "whose place ended by hand: {change:?}");
        match change {
            Change::CapacityChanged { ticket_type, to, .. } => self.kind(*ticket_type).capacity = *to,
            Change::QueueJoined { share, .. } => {
                let line = &mut self.kind(share.ticket_type).line;
                assert!(!line.contains(&share.user), "in line twice");
                line.push_back(share.user);
            }
            Change::QueueLeft { share } | Change::QueueDropped { share, .. } => {
                assert!(self.kind(share.ticket_type).leave(share.user), "who leaves was in line");
            }
            Change::WaiterSkipped { share, .. } => {
                let kind = self.kind(share.ticket_type);
                assert_eq!(kind.first_present(), Some(share.user), "passed over out of turn");
                kind.absent.insert(share.user);
            }
            Change::WaiterReturned { share } => {
                assert!(self.kind(share.ticket_type).absent.remove(&share.user), "returned, but was not away");
            }
            Change::HoldPlaced { number, share, source, .. } => {
                self.take_number(*number);
                if *source == HoldSource::Queue {
                    self.take_turn(share.ticket_type, share.user);
                } else {
                    self.take_by_hand(share.ticket_type, share.user);
                }
                self.kind(share.ticket_type).held += share.quantity;
                self.give(share.user, share.quantity);
                self.holds.insert(*number, (share.user, share.quantity, "held"));
            }
            Change::HoldAmended { number, share } => {
                let hold = self.holds.get_mut(number).expect("an amended hold was placed");
                let before = std::mem::replace(&mut hold.1, share.quantity);
                let kind = self.kind(share.ticket_type);
                assert!(share.quantity <= before || kind.first_present().is_none(), "a hold grew past the line");
                kind.held = kind.held - before + share.quantity;
                self.take_back(share.user, before);
                self.give(share.user, share.quantity);
            }
            Change::HoldConfirmed { number, share, rescued } => {
                if *rescued {
                    let first = self.kind(share.ticket_type).first_present();
                    assert!(first.is_none_or(|first| first == share.user), "a rescue passed over the line");
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
                self.take_by_hand(share.ticket_type, share.user);
                self.book(*number, share.user, share.quantity, share.ticket_type);
            }
            Change::BookingCancelled { number, share, .. } => {
                let booking = self.bookings.get_mut(number).expect("a cancelled booking was made");
                assert!(booking.2, "booking {} cancelled twice", number.0);
                booking.2 = false;
                let (user, quantity) = (booking.0, booking.1);
                self.kind(share.ticket_type).booked -= quantity;
                self.take_back(user, quantity);
            }
            _ => {}
        }
    }

    fn book(&mut self, number: HoldNumber, user: UserNumber, quantity: u32, index: TypeIndex) {
        assert!(self.bookings.insert(number, (user, quantity, true)).is_none(), "booked twice: {}", number.0);
        self.kind(index).booked += quantity;
        self.give(user, quantity);
    }
}
