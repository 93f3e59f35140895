//! What buyers were told, against the order of the journal and real time: is it linearizable?
//!
//! Each answer names its place in the order: `Holdfast-Seq`, or the `seq` of the event that it shows. It is so if every
//! place lies behind all that anybody had been told when the request was sent, and if what the answer says is true in
//! the state that the audit trail has come to at that place. What a change did is compared with its receipt.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::buyer::Buyer;
use crate::check;
use crate::http::{Answer, Request};
use crate::organiser::EVENTS;
use crate::trail::Trail;

/// The highest numbers that anybody has been told.
#[derive(Debug, Default)]
pub struct Told {
    newest: AtomicU64,
    /// In the order of [`EVENTS`].
    newest_of_event: [AtomicU64; EVENTS.len()],
}

impl Told {
    /// Of all.
    pub fn newest(&self) -> u64 {
        self.newest.load(Ordering::SeqCst)
    }

    /// Of those about an event.
    pub fn newest_of(&self, event: &str) -> u64 {
        self.event(event).load(Ordering::SeqCst)
    }

    /// Somebody was told `seq`.
    pub fn tell(&self, event: Option<&str>, seq: u64) {
        self.newest.fetch_max(seq, Ordering::SeqCst);
        if let Some(event) = event {
            self.event(event).fetch_max(seq, Ordering::SeqCst);
        }
    }

    fn event(&self, event: &str) -> &AtomicU64 {
        let index = EVENTS.iter().position(|(id, _, _)| *id == event);
        &self.newest_of_event[index.unwrap_or_else(|| panic!("no event of this test: {event}"))]
    }
}

/// Something that a buyer was told.
#[derive(Debug)]
pub struct Statement {
    pub user: String,
    /// Its place in the order.
    pub seq: u64,
    /// What anybody had been told when it was asked for: of the event, if that was only looked at.
    pub sent_after: u64,
    pub claim: Claim,
}

#[derive(Debug)]
pub enum Claim {
    /// Something was done there.
    Done,
    /// The request was refused, for this reason.
    Refused(Request, Value),
    /// The event has these figures.
    Figures(&'static str, Vec<Value>),
}

impl Claim {
    /// What the answer to a change claims.
    pub fn of(request: &Request, answer: &Answer) -> Claim {
        if answer.status < 300 { Claim::Done } else { Claim::Refused(request.clone(), answer.body.clone()) }
    }
}

/// What was said in a round, in the order of its places.
pub struct History {
    statements: VecDeque<Statement>,
}

impl History {
    /// Takes the statements out of the ledgers.
    pub fn take(buyers: &mut [Buyer]) -> History {
        let statements = buyers.iter_mut().flat_map(|buyer| std::mem::take(&mut buyer.ledger.statements));
        let mut statements: VecDeque<Statement> = statements.collect();
        statements.make_contiguous().sort_by_key(|statement| statement.seq);
        History { statements }
    }

    /// How many statements are left.
    pub fn len(&self) -> usize {
        self.statements.len()
    }

    /// The trail has come to its next place.
    pub fn compare(&mut self, trail: &Trail) {
        let seq = trail.len() as u64;
        while let Some(statement) = self.statements.pop_front_if(|statement| statement.seq <= seq) {
            assert_eq!(statement.seq, seq, "this place had been passed before the round: {statement:?}");
            statement.check(trail);
        }
    }

    /// The trail has come to its end.
    pub fn finish(self) {
        assert!(self.statements.is_empty(), "behind the end of the audit trail: {:?}", self.statements);
    }
}

impl Statement {
    fn check(&self, trail: &Trail) {
        let is_read = matches!(self.claim, Claim::Figures(..));
        let is_in_order = if is_read { self.seq >= self.sent_after } else { self.seq > self.sent_after };
        assert!(is_in_order, "before what had been told already: {self:?}\n{}", trail.around(self.seq));
        let is_true = match &self.claim {
            Claim::Done => true,
            Claim::Refused(request, problem) => is_refused_rightly(trail, &self.user, request, problem),
            Claim::Figures(event, shown) => *shown == check::expected_figures(trail, event),
        };
        assert!(is_true, "not true at its place: {self:?}\n{}", trail.around(self.seq));
    }
}

/// Whether the reason of a refusal is true where the trail stands, as far as the trail can tell.
fn is_refused_rightly(trail: &Trail, user: &str, request: &Request, problem: &Value) -> bool {
    let event = request.event().expect("only events refuse");
    match problem["code"].as_str().expect("a refusal has a code") {
        "limit_reached" => problem["used"] == json!(trail.tickets_of(event, user)),
        "sold_out" | "insufficient_capacity" | "queue_ahead" => has_nothing_for(trail, user, request, problem),
        "hold_expired" => is_hold(trail, request, "expired"),
        "already_released" => is_hold(trail, request, "released"),
        "already_confirmed" => is_hold(trail, request, "confirmed"),
        "queue_entry_not_found" => is_in_no_line(trail, user, request),
        // Ended holds are forgotten in time, and extensions are not counted here.
        "hold_not_found" => {
            let is_live = |hold: &str| trail.holds.get(hold).is_some_and(|hold| hold.state == "held");
            request.hold().is_none_or(|hold| !is_live(hold))
        }
        "extension_exhausted" => true,
        // More was to be booked than is held.
        "validation_failed" => true,
        other => panic!("{user} was refused {request:?} for an unexpected reason, {other}"),
    }
}

fn is_hold(trail: &Trail, request: &Request, state: &str) -> bool {
    // A booking by ticket type names no hold: it was the one that lived.
    request.hold().is_none_or(|hold| trail.holds.get(hold).is_some_and(|hold| hold.state == state))
}

/// The path of who leaves names the ticket type.
fn is_in_no_line(trail: &Trail, user: &str, request: &Request) -> bool {
    let event = request.event().expect("a line is of an event");
    let is_left = |ticket_type: &str| request.path.ends_with(&format!("ticket_type={ticket_type}"));
    let mut lines = trail.types.iter().filter(|((id, ticket_type), _)| id == event && is_left(ticket_type));
    lines.all(|(_, books)| books.line.iter().all(|waiting| waiting.user != user))
}

/// Whether there was nothing to be had for who asked, and the problem's members say why.
fn has_nothing_for(trail: &Trail, user: &str, request: &Request, problem: &Value) -> bool {
    let (event, ticket_type) = request.event().zip(request.ticket_type()).expect("a wish names both");
    let books = &trail.types[&(event.to_owned(), ticket_type.to_owned())];
    let available = books.capacity - books.held - books.booked;
    let place = books.line.iter().position(|waiting| waiting.user == user).unwrap_or(books.line.len());
    let ahead = books.line[..place].iter().filter(|waiting| !waiting.is_absent).count() as u64;
    // A hold that is there was to grow.
    let held = trail.live_hold_of(event, ticket_type, user).map_or(0, |hold| hold.quantity);
    let quantity = request.number("quantity").expect("a wish has a quantity");
    let least = request.number("min_quantity").unwrap_or(quantity).saturating_sub(held);
    let says = |name: &str, number: u64| problem[name] == json!(number);
    match problem["code"].as_str() {
        Some("queue_ahead") => ahead > 0 && says("ahead", ahead),
        Some("sold_out") => ahead == 0 && available == 0 && says("available", 0) && says("held", books.held),
        _ => {
            let is_too_little = 0 < available && available < least;
            ahead == 0 && is_too_little && says("available", available) && says("requested", quantity - held)
        }
    }
}
