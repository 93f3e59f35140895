//! What Redis and PostgreSQL are asked for, a ticket at a time: the same rules in each, played through before anything is
//! measured, and a client that buys by them.

use std::time::Duration;

use holdfast_benches::clock;

use crate::error::PeerError;
use crate::load::{Calls, Client};

/// Tickets of the hot event: more than any round sells, where they need not be made one by one.
pub const CAPACITY: u64 = 100_000_000;
/// Buyers, who take turns.
pub const BUYERS: u32 = 10_000;
/// Tickets a buyer may have: more than any gets in a round, but checked each time.
pub const TICKETS_PER_BUYER: u32 = 1_000_000;
/// The event that everybody wants.
pub const HOT: u32 = 1;
/// Longer than a round, so that no hold ends by itself.
const HOLD_SECONDS: u64 = 600;
/// Long enough for a hold of a millisecond to have ended.
const SHORT_HOLD_IS_OVER: Duration = Duration::from_millis(20);

/// Who wants a ticket of what, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// The event.
    pub event: u32,
    /// The buyer.
    pub buyer: u32,
    /// How many tickets of the event a buyer may have.
    pub tickets_max: u32,
    /// How long the ticket is set aside.
    pub lasting: Duration,
}

impl Wish {
    /// A ticket of the hot event.
    pub fn hot(buyer: u32) -> Wish {
        let lasting = Duration::from_secs(HOLD_SECONDS);
        Wish { event: HOT, buyer, tickets_max: TICKETS_PER_BUYER, lasting }
    }

    /// How long the ticket is set aside, in milliseconds.
    pub fn lasting_ms(&self) -> u64 {
        self.lasting.as_millis() as u64
    }
}

/// What became of a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A ticket is set aside, under this number.
    Held(i64),
    /// None is free.
    SoldOut,
    /// The buyer has as many as they may.
    LimitReached,
}

impl Answer {
    /// The answer as scripts and functions give it: the number of the hold, or one that is none.
    pub fn of(number: i64) -> Result<Answer, PeerError> {
        match number {
            1.. => Ok(Answer::Held(number)),
            -1 => Ok(Answer::SoldOut),
            -2 => Ok(Answer::LimitReached),
            _ => Err(PeerError::new(format!("an answer that has no meaning: {number}"))),
        }
    }

    /// The number of the hold, which there must be.
    pub fn held(self) -> Result<i64, PeerError> {
        match self {
            Answer::Held(number) => Ok(number),
            other => Err(PeerError::new(format!("a hold was refused: {other:?}"))),
        }
    }
}

/// A connection that sells tickets.
pub trait Seller: Send + 'static {
    /// Sets a ticket aside.
    fn hold(&mut self, wish: Wish) -> impl Future<Output = Result<Answer, PeerError>> + Send;
    /// Makes the hold a booking; `false` where the buyer has no such hold, or it has ended.
    fn confirm(&mut self, event: u32, hold: i64, buyer: u32) -> impl Future<Output = Result<bool, PeerError>> + Send;
}

/// Plays the rules through, on events 2 with two tickets and 3 with one.
///
/// # Errors
///
/// A rule is not kept.
pub async fn rehearse(seller: &mut impl Seller) -> Result<(), PeerError> {
    let wish = |event, buyer| Wish { event, tickets_max: 1, ..Wish::hot(buyer) };
    let first = seller.hold(wish(2, 1)).await?.held()?;
    expect("a second ticket of one", seller.hold(wish(2, 1)).await?, Answer::LimitReached)?;
    let second = seller.hold(wish(2, 2)).await?.held()?;
    expect("a third ticket of two", seller.hold(wish(2, 3)).await?, Answer::SoldOut)?;
    expect("a hold, confirmed by another", seller.confirm(2, second, 1).await?, false)?;
    expect("a hold, confirmed", seller.confirm(2, first, 1).await?, true)?;
    expect("the same, confirmed again", seller.confirm(2, first, 1).await?, false)?;
    expect("a ticket after the last one was booked", seller.hold(wish(2, 3)).await?, Answer::SoldOut)?;

    let short = Wish { lasting: Duration::from_millis(1), ..wish(3, 1) };
    let ended = seller.hold(short).await?.held()?;
    clock::pause(SHORT_HOLD_IS_OVER).await;
    expect("a hold, confirmed after its end", seller.confirm(3, ended, 1).await?, false)?;
    let regained = seller.hold(wish(3, 2)).await?.held()?;
    expect("the ticket of a hold that ended, held by the next", seller.confirm(3, regained, 2).await?, true)?;
    expect("a ticket that was given back once, twice", seller.hold(wish(3, 1)).await?, Answer::SoldOut)
}

fn expect<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Result<(), PeerError> {
    if found == expected {
        return Ok(());
    }
    Err(PeerError::new(format!("{what}: {expected:?} by the rules, but it was {found:?}")))
}

/// Buyers in turns: those of one connection, whom no other one serves.
#[derive(Clone, Copy, Debug)]
pub struct Turns {
    first: u32,
    next: u32,
    step: u32,
}

impl Turns {
    /// Those of connection `number` of `connections`.
    pub fn of(number: u32, connections: u32) -> Turns {
        Turns { first: number, next: number, step: connections }
    }

    /// The next one, from 0.
    pub fn next_buyer(&mut self) -> u32 {
        let buyer = self.next;
        let next = buyer + self.step;
        self.next = if next < BUYERS { next } else { self.first };
        buyer
    }
}

/// A client that holds one ticket, confirms it, and goes on for the next buyer.
pub struct OneByOne<S> {
    seller: S,
    turns: Turns,
}

impl<S: Seller> OneByOne<S> {
    /// A client of `seller`.
    pub fn new(seller: S, turns: Turns) -> OneByOne<S> {
        OneByOne { seller, turns }
    }
}

impl<S: Seller> Client for OneByOne<S> {
    async fn turn(&mut self, calls: &mut Calls) -> Result<u64, PeerError> {
        let buyer = self.turns.next_buyer();
        let hold = calls.time(self.seller.hold(Wish::hot(buyer))).await?.held()?;
        match calls.time(self.seller.confirm(HOT, hold, buyer)).await? {
            true => Ok(1),
            false => Err(PeerError::new("a live hold was not confirmed")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, BUYERS, Seller, Turns, Wish, rehearse};
    use crate::error::PeerError;

    #[test]
    fn buyers_take_turns() {
        let mut turns = Turns::of(63, 64);
        assert_eq!([turns.next_buyer(), turns.next_buyer()], [63, 127]);
        let others = (0..BUYERS).map(|_| turns.next_buyer()).find(|buyer| *buyer >= BUYERS || buyer % 64 != 63);
        assert_eq!(others, None, "each has buyers of its own");
    }

    #[test]
    fn answers_have_a_meaning() {
        let answers = [7, -1, -2].map(|number| Answer::of(number).expect("it has one"));
        assert_eq!(answers, [Answer::Held(7), Answer::SoldOut, Answer::LimitReached]);
        assert!(Answer::of(0).is_err());
    }

    /// Sells without end.
    struct Oversold;

    impl Seller for Oversold {
        async fn hold(&mut self, _: Wish) -> Result<Answer, PeerError> {
            Ok(Answer::Held(1))
        }

        async fn confirm(&mut self, _: u32, _: i64, _: u32) -> Result<bool, PeerError> {
            Ok(true)
        }
    }

    #[test]
    fn a_seller_without_rules_is_found_out() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let error = runtime.block_on(rehearse(&mut Oversold)).expect_err("it has none").to_string();
        assert_eq!(error, "a second ticket of one: LimitReached by the rules, but it was Held(1)");
    }
}
