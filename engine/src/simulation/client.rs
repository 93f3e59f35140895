//! A client of the simulated sale: asks for one thing after the other, and for the same again when the answer was cut off.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::core::change::{By, SessionEnd};
use crate::core::command::{Caller, Command, EventPatch, Wish};
use crate::core::hold::HoldState;
use crate::core::id::{HoldNumber, Slug};
use crate::core::idempotency::IdempotencyKey;
use crate::core::status::Status;
use crate::core::{Outcome, Rejection};
use crate::engine::{Engine, EventAnswer, Identity, Intent, LoginAnswer, LoginRefusal};
use crate::error::Unavailable;
use crate::handle::Reply;
use crate::storage::simulated::SplitMix;

/// The events of the sale, by index, and their ticket types with their capacities.
pub(super) const EVENTS: [(&str, &[(&str, u32)]); 2] =
    [("gala", &[("general", 3), ("vip", 2)]), ("match", &[("general", 2)])];

pub(super) fn slug(text: &str) -> Slug {
    Slug::new(text).expect("a slug")
}

/// What is asked.
#[derive(Clone, Debug)]
pub(super) enum Request {
    Login { token: u64, intents: Option<Vec<Intent>> },
    Logout,
    Command { event: usize, command: Command, key: u64 },
}

/// What came back.
#[derive(Debug)]
pub(super) enum Answer {
    Login(Result<LoginAnswer, LoginRefusal>),
    Logout(Result<Option<u64>, Unavailable>),
    Command(Result<Reply, Unavailable>),
}

/// A request that has not been answered.
pub(super) struct Open {
    pub(super) request: Request,
    /// The highest journal number that anybody had been told when it was first asked.
    pub(super) sent_after_seq: u64,
    /// Gone with the process that it was asked of.
    future: Option<Pin<Box<dyn Future<Output = Answer>>>>,
}

/// An answer that must stay true for ever.
#[derive(Clone, Debug)]
pub(super) struct Receipt {
    pub(super) event: usize,
    pub(super) seq: u64,
    pub(super) kind: &'static str,
    pub(super) number: Option<HoldNumber>,
    pub(super) user: Option<crate::core::id::UserNumber>,
}

pub(super) struct Client {
    name: String,
    is_admin: bool,
    pub(super) caller: Option<Caller>,
    /// Of the token that the newest login gave.
    token_hash: [u8; 32],
    holds: Vec<(usize, HoldNumber)>,
    bookings: Vec<(usize, HoldNumber)>,
    pub(super) open: Option<Open>,
    requests: u64,
    index: u64,
}

impl Client {
    pub(super) fn user(index: u64) -> Client {
        Client { name: format!("user-{index}"), is_admin: false, caller: None, index, ..Client::empty() }
    }

    pub(super) fn admin(index: u64) -> Client {
        let caller = Some(Caller::Admin { name: "admin".to_owned() });
        Client { name: "admin".to_owned(), is_admin: true, caller, index, ..Client::empty() }
    }

    fn empty() -> Client {
        Client {
            name: String::new(),
            is_admin: false,
            caller: None,
            token_hash: [0; 32],
            holds: Vec::new(),
            bookings: Vec::new(),
            open: None,
            requests: 0,
            index: 0,
        }
    }

    /// The process is gone: what was asked of it is asked again of the next one.
    pub(super) fn lose_connection(&mut self) {
        if let Some(open) = &mut self.open {
            open.future = None;
        }
    }

    /// Asks for something new, or looks for the answer to what is open. An answer ends it, unless nothing was done.
    pub(super) fn step(
        &mut self,
        engine: &Arc<Engine>,
        told_seq: u64,
        random: &mut SplitMix,
    ) -> Option<(Open, Answer)> {
        if self.open.is_none() {
            let request = if self.is_admin { self.choose_for_admin(random) } else { self.choose(random) };
            self.open = Some(Open { request, sent_after_seq: told_seq, future: None });
        }
        let mut open = self.open.take()?;
        // Some hang up and ask again on another connection, while the first request may still be under way.
        let hangs_up =
            matches!(open.request, Request::Command { .. }) && open.future.is_some() && random.below(12) == 0;
        open.future = open.future.filter(|_| !hangs_up);
        let request = open.request.clone();
        let future = open.future.get_or_insert_with(|| self.ask(engine, request));
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => {
                self.open = Some(open);
                None
            }
            Poll::Ready(answer) if answer.is_unavailable() => {
                open.future = None;
                self.open = Some(open);
                None
            }
            Poll::Ready(answer) => {
                if let Request::Login { token, .. } = &open.request {
                    self.token_hash = token_hash(*token);
                }
                Some((open, answer))
            }
        }
    }

    fn ask(&self, engine: &Arc<Engine>, request: Request) -> Pin<Box<dyn Future<Output = Answer>>> {
        let (engine, name, caller) = (Arc::clone(engine), self.name.clone(), self.caller.clone());
        let token_hash_shown = self.token_hash;
        match request {
            Request::Login { token, intents } => {
                let hash = token_hash(token);
                Box::pin(async move { Answer::Login(engine.login(Identity::named(name), hash, intents).await) })
            }
            Request::Logout => Box::pin(async move {
                let Some(Caller::User { session, .. }) = caller else { return Answer::Logout(Ok(None)) };
                Answer::Logout(engine.end_session(session, SessionEnd::Logout, By::User, None).await)
            }),
            Request::Command { event, command, key } => Box::pin(async move {
                let key = Some(IdempotencyKey { key_hash: u128::from(key), request_hash: u128::from(key) });
                let caller = caller.expect("only who is logged in asks an event");
                // A sign of life, as each request is.
                engine.authenticate(&token_hash_shown);
                Answer::Command(engine.execute(&slug(EVENTS[event].0), caller, key, command).await)
            }),
        }
    }

    fn next_key(&mut self) -> u64 {
        self.requests += 1;
        self.index << 32 | self.requests
    }

    fn choose(&mut self, random: &mut SplitMix) -> Request {
        let key = self.next_key();
        if self.caller.is_none() {
            let intents = (random.below(2) == 0).then(|| {
                let (event, wish) = wish(random);
                vec![Intent { event: slug(EVENTS[event].0), wish }]
            });
            return Request::Login { token: key, intents };
        }
        let hold = pick(&self.holds, random);
        let booking = pick(&self.bookings, random);
        let (event, wish) = wish(random);
        let (event, command) = match (random.below(100), hold, booking) {
            (0..=24, Some((event, number)), _) => {
                let quantity = (random.below(3) == 0).then_some(1);
                (event, Command::ConfirmHold { number, quantity })
            }
            (25..=39, Some((event, number)), _) => (event, Command::ReleaseHold { number, reason: None }),
            (40..=46, Some((event, number)), _) => (event, Command::ExtendHold { number }),
            (47..=60, _, Some((event, number))) => (event, Command::CancelBooking { number, reason: None }),
            (61..=64, _, _) => return Request::Logout,
            (65..=70, _, _) => (event, Command::LeaveQueue { ticket_type: wish.ticket_type }),
            (71..=80, _, _) => (event, Command::Book { wish }),
            (81..=86, _, _) => (event, Command::JoinQueue { wish }),
            _ => (event, Command::PlaceHold { wish, wait: random.below(2) == 0 }),
        };
        Request::Command { event, command, key }
    }

    fn choose_for_admin(&mut self, random: &mut SplitMix) -> Request {
        let event = random.below(EVENTS.len() as u64) as usize;
        let (ticket_type, capacity) = EVENTS[event].1[random.below(EVENTS[event].1.len() as u64) as usize];
        let command = match random.below(8) {
            0 => Command::SetStatus { to: Status::Paused, reason: None },
            1..=4 => Command::SetStatus { to: Status::OnSale, reason: None },
            _ => {
                let capacity = capacity + random.below(2) as u32;
                Command::Change(Box::new(EventPatch {
                    capacities: vec![(slug(ticket_type), capacity)],
                    ..EventPatch::default()
                }))
            }
        };
        Request::Command { event, command, key: self.next_key() }
    }

    /// Believes an answer. What it promises for ever is returned.
    pub(super) fn believe(&mut self, request: &Request, answer: &Answer) -> Vec<Receipt> {
        match (request, answer) {
            (_, Answer::Login(Ok(login))) => self.log_in(login),
            (_, Answer::Logout(_)) => {
                self.log_out();
                Vec::new()
            }
            (Request::Command { event, command, .. }, Answer::Command(Ok(reply))) => {
                self.take(*event, command, reply).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    fn log_in(&mut self, login: &LoginAnswer) -> Vec<Receipt> {
        let caller = Caller::User { user: login.session.user, session: login.session.number };
        self.caller = Some(caller);
        let user = Some(login.session.user);
        let mut receipts = Vec::new();
        for (id, answer) in &login.events {
            let event = EVENTS.iter().position(|(known, _)| slug(known) == *id);
            let (Some(event), EventAnswer::Decided(Ok(Outcome::Held { hold, fresh }))) = (event, answer) else {
                continue;
            };
            self.know_hold(event, hold.number);
            let number = Some(hold.number);
            receipts.extend(fresh.then_some(Receipt { event, seq: login.seq, kind: "hold_placed", number, user }));
        }
        receipts
    }

    fn log_out(&mut self) {
        self.caller = None;
        self.holds.clear();
        self.bookings.clear();
    }

    fn take(&mut self, event: usize, command: &Command, reply: &Reply) -> Option<Receipt> {
        let receipt = |kind, number, user| Some(Receipt { event, seq: reply.seq, kind, number, user });
        match &reply.answer {
            Ok(Outcome::Held { hold, fresh }) => {
                self.know_hold(event, hold.number);
                fresh.then(|| receipt("hold_placed", Some(hold.number), Some(hold.user))).flatten()
            }
            Ok(Outcome::Queued { place, fresh: true }) => receipt("queue_joined", None, Some(place.user)),
            Ok(Outcome::Booked { booking, from_hold, .. }) => {
                self.holds.retain(|known| *known != (event, booking.number));
                self.bookings.push((event, booking.number));
                let kind = if *from_hold { "hold_confirmed" } else { "booking_placed" };
                receipt(kind, Some(booking.number), Some(booking.user))
            }
            Ok(Outcome::Cancelled(booking)) => {
                self.bookings.retain(|known| *known != (event, booking.number));
                receipt("booking_cancelled", Some(booking.number), Some(booking.user))
            }
            Ok(Outcome::Hold(hold)) if matches!(command, Command::ReleaseHold { .. }) => {
                self.holds.retain(|known| *known != (event, hold.number));
                let is_ours = hold.state == HoldState::Released;
                is_ours.then(|| receipt("hold_released", Some(hold.number), Some(hold.user))).flatten()
            }
            Err(Rejection::SessionEnded) => {
                self.log_out();
                None
            }
            Err(Rejection::HoldNotFound | Rejection::HoldExpired { .. } | Rejection::AlreadyReleased) => {
                self.holds.retain(|(known, _)| *known != event);
                None
            }
            _ => None,
        }
    }

    fn know_hold(&mut self, event: usize, number: HoldNumber) {
        if !self.holds.contains(&(event, number)) {
            self.holds.push((event, number));
        }
    }
}

impl Answer {
    fn is_unavailable(&self) -> bool {
        matches!(self, Answer::Login(Err(_)) | Answer::Logout(Err(_)) | Answer::Command(Err(_)))
    }
}

fn wish(random: &mut SplitMix) -> (usize, Wish) {
    let event = random.below(EVENTS.len() as u64) as usize;
    let types = EVENTS[event].1;
    let ticket_type = (random.below(3) > 0).then(|| slug(types[random.below(types.len() as u64) as usize].0));
    let quantity = (random.below(3) > 0).then(|| 1 + random.below(2) as u32);
    let min_quantity = quantity.filter(|_| random.below(4) == 0).map(|_| 1);
    (event, Wish { ticket_type, quantity, min_quantity })
}

fn pick<T: Copy>(from: &[T], random: &mut SplitMix) -> Option<T> {
    (!from.is_empty()).then(|| from[random.below(from.len() as u64) as usize])
}

fn token_hash(token: u64) -> [u8; 32] {
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&token.to_le_bytes());
    hash
}
