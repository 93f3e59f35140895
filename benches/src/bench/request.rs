//! What can be asked of a target, over HTTP or not, and what it answers.

use std::borrow::Cow;

use holdfast_engine::core::Caller;
use holdfast_engine::core::id::Slug;
use hyper::header::HeaderValue;

/// A user who is logged in.
#[derive(Clone, Debug)]
pub struct User(pub(super) Credential);

/// How a user is known.
#[derive(Clone, Debug)]
pub(super) enum Credential {
    /// By the `Authorization` header.
    Header(HeaderValue),
    /// By the engine itself.
    Caller(Caller),
}

/// Tickets of one kind.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The place of their event in the books.
    pub account: usize,
    /// Their event.
    pub event: Slug,
    /// Their type; `None` means the event's first.
    pub ticket_type: Option<Slug>,
}

/// A request of one user.
#[derive(Clone, Copy, Debug)]
pub enum Request<'a> {
    /// Set one ticket aside; where there is none and the user is willing, stand in line for it.
    Hold {
        /// Of these.
        offer: &'a Offer,
        /// Whether they stand in line.
        wait: bool,
    },
    /// Make a hold a booking.
    Confirm {
        /// Of these tickets.
        offer: &'a Offer,
        /// Its number.
        hold: u32,
    },
    /// Give a hold back.
    Release {
        /// Of these tickets.
        offer: &'a Offer,
        /// Its number.
        hold: u32,
    },
    /// Look at the event's figures.
    Event(&'a Offer),
    /// Look at the own live holds.
    OwnHolds(&'a Offer),
    /// Look at the own place in line.
    Place(&'a Offer),
}

/// A request, and who asks.
pub type Asked<'a> = (&'a User, Request<'a>);

impl Request<'_> {
    /// The tickets it is about.
    pub fn offer(&self) -> &Offer {
        match self {
            Request::Hold { offer, .. } | Request::Confirm { offer, .. } | Request::Release { offer, .. } => offer,
            Request::Event(offer) | Request::OwnHolds(offer) | Request::Place(offer) => offer,
        }
    }

    /// Whether it changes something, and so may have an idempotency key.
    pub fn is_change(&self) -> bool {
        matches!(self, Request::Hold { .. } | Request::Confirm { .. } | Request::Release { .. })
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// How it is counted: the status of HTTP, or "done", and the code of a refusal.
    pub status: Cow<'static, str>,
    /// What it says.
    pub meaning: Meaning,
}

/// What an answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A live hold of the user.
    Held {
        /// Its number.
        number: u32,
        /// Whether this request made it.
        is_fresh: bool,
    },
    /// A new place in line, behind so many others.
    Waiting {
        /// How many others.
        ahead: u64,
    },
    /// It was done, or is shown.
    Done,
    /// It was not done, or is not there.
    Refused,
}
