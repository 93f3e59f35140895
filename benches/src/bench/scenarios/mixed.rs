//! What most of a sale is: people look. Nine of ten requests are looks at an event, at the own holds or at the own place in
//! line, the tenth holds a ticket or confirms a hold.

use std::sync::Arc;

use crate::bench::record::Label;
use crate::bench::request::{Meaning, Offer, Request, User};
use crate::bench::scenario::Notes;
use crate::bench::stage::Stage;
use crate::bench::worker::Worker;
use crate::error::LoadError;
use crate::overload::dice::Dice;

use super::{CONFIRM, HOLD};

/// How many wait in line where nothing else is said: somebody must, to look at the own place.
const WAITING: u32 = 1_000;
/// Of all requests: looks at an event, …
const LOOKS_AT_EVENT: f64 = 0.6;
/// … and at the own holds, …
const LOOKS_AT_HOLDS: f64 = 0.2;
/// … and at the own place in line.
const LOOKS_AT_PLACE: f64 = 0.1;

pub(super) async fn run(stage: &Stage<'_>, title: &str) -> Result<Notes, LoadError> {
    let arguments = stage.arguments;
    let waiting = if arguments.waiting == 0 { WAITING } else { arguments.waiting };
    let waiters = stage.surround(waiting).await?;
    let buyers = stage.log_in("buyer", arguments.users.max(arguments.connections)).await?;
    stage.begin(title).await?;
    let crowd = Crowd { offers: Arc::clone(&stage.offers), line: stage.line(), buyers, waiters };
    let crowd = Arc::new(crowd);
    let visit = |worker, number| {
        let dice = Dice::new(arguments.seed.wrapping_add(number as u64));
        let visitor = Visitor { worker, crowd: Arc::clone(&crowd), dice, held: None };
        visitor.visit((number, arguments.connections as usize), stage.share_of_units(number))
    };
    stage.run(stage.limit(), visit).await?;
    Ok(vec![("waited in line", waiting.to_string())])
}

struct Crowd {
    offers: Arc<[Offer]>,
    line: Offer,
    buyers: Arc<[User]>,
    waiters: Arc<[User]>,
}

/// A connection on which people look and sometimes buy.
struct Visitor {
    worker: Worker,
    crowd: Arc<Crowd>,
    dice: Dice,
    /// A hold that waits to be confirmed: whose, of which tickets, and its number.
    held: Option<(usize, usize, u32)>,
}

impl Visitor {
    /// Asks until the end, or until so many requests as `quota` says: each is a unit of work.
    async fn visit(mut self, (number, connections): (usize, usize), quota: Option<u64>) -> Result<(), LoadError> {
        let crowd = Arc::clone(&self.crowd);
        let each = crowd.buyers.len() / connections;
        for _ in 0..quota.unwrap_or(u64::MAX) {
            // Its own buyers, so that nobody else confirms what they hold.
            let buyer = number + self.pick(each) * connections;
            let offer = self.pick(crowd.offers.len());
            if self.ask(&crowd, buyer, offer).await?.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// One request; `None` at the end.
    async fn ask(&mut self, crowd: &Crowd, buyer: usize, offer: usize) -> Result<Option<()>, LoadError> {
        let (user, tickets) = (&crowd.buyers[buyer], &crowd.offers[offer]);
        let rolled = self.dice.roll();
        if rolled < LOOKS_AT_EVENT {
            return self.look("look at the event", user, Request::Event(tickets)).await;
        }
        if rolled < LOOKS_AT_EVENT + LOOKS_AT_HOLDS {
            return self.look("look at the own holds", user, Request::OwnHolds(tickets)).await;
        }
        if rolled < LOOKS_AT_EVENT + LOOKS_AT_HOLDS + LOOKS_AT_PLACE {
            let waiter = &crowd.waiters[self.pick(crowd.waiters.len())];
            return self.look("look at the own place", waiter, Request::Place(&crowd.line)).await;
        }
        let Some((buyer, offer, hold)) = self.held.take() else {
            let answer = self.worker.ask(HOLD, user, Request::Hold { offer: tickets, wait: false }).await?;
            let Some(answer) = answer else { return Ok(None) };
            if let Meaning::Held { number, .. } = answer.meaning {
                self.held = Some((buyer, offer, number));
            }
            return Ok(Some(()));
        };
        let (user, offer) = (&crowd.buyers[buyer], &crowd.offers[offer]);
        Ok(self.worker.ask(CONFIRM, user, Request::Confirm { offer, hold }).await?.map(drop))
    }

    async fn look(&mut self, label: Label, user: &User, request: Request<'_>) -> Result<Option<()>, LoadError> {
        Ok(self.worker.ask(label, user, request).await?.map(drop))
    }

    /// One of so many, by chance.
    fn pick(&mut self, count: usize) -> usize {
        (self.dice.roll() * count as f64) as usize
    }
}
