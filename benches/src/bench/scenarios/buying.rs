//! Holding a ticket, then confirming the hold, as the next user holding one …: the unit of work, alone or in batches.

use std::sync::Arc;

use crate::bench::record::Label;
use crate::bench::request::{Answer, Asked, Meaning, Offer, Request, User};
use crate::bench::scenario::Notes;
use crate::bench::stage::Stage;
use crate::bench::worker::Worker;
use crate::error::LoadError;

use super::{CONFIRM, HOLD};

/// Buys on the first `events` events.
pub(super) async fn run(stage: &Stage<'_>, title: &str, events: usize) -> Result<Notes, LoadError> {
    let arguments = stage.arguments;
    stage.surround(arguments.waiting).await?;
    let group = arguments.batch.unwrap_or(1);
    // Everybody in a batch is another one: a user has one live hold of a kind.
    let users = stage.log_in("buyer", arguments.users.max(group * arguments.connections)).await?;
    stage.begin(title).await?;
    let offers: Arc<[Offer]> = stage.offers[..events].into();
    let market = Market { offers, users, labels: [HOLD, CONFIRM], group: arguments.batch };
    let buy = |worker, number| {
        let buyer = Buyer::new(worker, market.clone(), (number, arguments.connections as usize));
        buyer.buy(stage.share_of_units(number))
    };
    stage.run(stage.limit(), buy).await?;
    Ok(Notes::new())
}

/// What is bought, by whom, and under which names it is filed.
#[derive(Clone)]
pub(super) struct Market {
    /// What is on offer. Each unit of work is for the next.
    pub(super) offers: Arc<[Offer]>,
    /// Who buys. Connections share them out, and each lets its own take turns.
    pub(super) users: Arc<[User]>,
    /// The names of both steps.
    pub(super) labels: [Label; 2],
    /// How many units are asked in one call; `None` asks each by itself.
    pub(super) group: Option<u32>,
}

/// A connection that buys.
pub(super) struct Buyer {
    worker: Worker,
    market: Market,
    /// Which connection it is, and of how many.
    place: (usize, usize),
    /// How many units it has begun.
    units: usize,
}

impl Buyer {
    /// One of so many connections that buy in `market`, which has a user for each of them at least.
    pub(super) fn new(worker: Worker, market: Market, place: (usize, usize)) -> Buyer {
        Buyer { worker, market, place, units: 0 }
    }

    /// Buys until the end, or until it has tried `quota` units. A hold that is refused is not confirmed.
    pub(super) async fn buy(mut self, quota: Option<u64>) -> Result<(), LoadError> {
        let market = self.market.clone();
        let [hold, confirm] = market.labels;
        let mut left = quota.unwrap_or(u64::MAX);
        while left > 0 {
            let size = u64::from(market.group.unwrap_or(1)).min(left);
            left -= size;
            let units: Vec<(&User, &Offer)> = (0..size).map(|_| self.next_unit(&market)).collect();
            let asked = units.iter().map(|(user, offer)| (*user, Request::Hold { offer, wait: false })).collect();
            let Some(held) = self.ask(hold, asked).await? else { break };
            let confirms: Vec<_> = units.iter().zip(&held).filter_map(confirmation).collect();
            if !confirms.is_empty() && self.ask(confirm, confirms).await?.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn next_unit<'market>(&mut self, market: &'market Market) -> (&'market User, &'market Offer) {
        let ((number, connections), Market { users, offers, .. }) = (self.place, market);
        let user = number + self.units % (users.len() / connections) * connections;
        let offer = (number * offers.len() / connections + self.units) % offers.len();
        self.units += 1;
        (&users[user], &offers[offer])
    }

    async fn ask(&mut self, label: Label, asked: Vec<Asked<'_>>) -> Result<Option<Vec<Answer>>, LoadError> {
        match (self.market.group, asked.as_slice()) {
            (None, [(user, request)]) => Ok(self.worker.ask(label, user, *request).await?.map(|answer| vec![answer])),
            _ => self.worker.ask_all(label, &asked).await,
        }
    }
}

/// The request that makes a hold a booking, where there is one.
fn confirmation<'a>((unit, answer): (&(&'a User, &'a Offer), &Answer)) -> Option<Asked<'a>> {
    let (user, offer) = *unit;
    match answer.meaning {
        Meaning::Held { number, .. } => Some((user, Request::Confirm { offer, hold: number })),
        _ => None,
    }
}
