//! An event with a line, from its first ticket to its last: everybody asks, the first ones hold, the others wait. Who holds
//! confirms or gives back, and what is given back goes to whoever waits longest, who then holds.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::bench::request::{Meaning, Offer, Request, User};
use crate::bench::scenario::Notes;
use crate::bench::stage::Stage;
use crate::bench::worker::{Limit, Worker};
use crate::clock;
use crate::error::LoadError;
use crate::overload::dice::Dice;

use super::{CONFIRM, RELEASE};

/// The share of holds that are given back.
const GIVEN_BACK: f64 = 0.3;
/// Asking for a ticket, or else for a place in line.
const HOLD_OR_WAIT: &str = "hold or join the line";
/// From when a release is sent until the next in line sees the hold that it got.
const GRANT: &str = "release until granted";

pub(super) async fn run(stage: &Stage<'_>, title: &str) -> Result<Notes, LoadError> {
    let arguments = stage.arguments;
    let buyers = stage.log_in("buyer", arguments.users).await?;
    let others = stage.log_in("waiter", arguments.waiting).await?;
    let offer = stage.offers[0].clone();
    stage.begin(title).await?;
    let sale = Arc::new(Sale { offer, buyers, next: AtomicUsize::new(0), house: Mutex::default() });
    stage.run(Limit::default(), |worker, _| arrive(worker, Arc::clone(&sale))).await?;
    stage.ask_each(&others, &sale.offer, true).await?;
    sale.house().line.sort_unstable_by_key(|(ahead, _)| *ahead);
    let came = sale.house().line.len();
    let sell = |worker, number| {
        let dice = Dice::new(arguments.seed.wrapping_add(number as u64));
        sell(worker, Arc::clone(&sale), dice)
    };
    stage.run(Limit::default(), sell).await?;
    let granted = sale.house().granted;
    Ok(vec![
        ("came too late for a ticket at once", came.to_string()),
        ("tickets that went to the next in line", granted.to_string()),
        ("waited behind all of them", arguments.waiting.to_string()),
    ])
}

struct Sale {
    offer: Offer,
    buyers: Arc<[User]>,
    /// The buyer who comes next.
    next: AtomicUsize,
    house: Mutex<House>,
}

#[derive(Default)]
struct House {
    /// Who holds a ticket, and the number of the hold.
    holders: Vec<(usize, u32)>,
    /// Who waits, behind so many others.
    line: Vec<(u64, usize)>,
    /// How many of them got a ticket.
    granted: usize,
}

impl Sale {
    fn house(&self) -> std::sync::MutexGuard<'_, House> {
        self.house.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whoever waits longest, and is not yet spoken for.
    fn take_next_in_line(&self) -> Option<usize> {
        let mut house = self.house();
        let (_, buyer) = house.line.get(house.granted).copied()?;
        house.granted += 1;
        Some(buyer)
    }
}

/// Asks for a ticket for one buyer after the other, until all have come.
async fn arrive(mut worker: Worker, sale: Arc<Sale>) -> Result<(), LoadError> {
    loop {
        let buyer = sale.next.fetch_add(1, Ordering::Relaxed);
        let Some(user) = sale.buyers.get(buyer) else { return Ok(()) };
        let request = Request::Hold { offer: &sale.offer, wait: true };
        let Some(answer) = worker.ask(HOLD_OR_WAIT, user, request).await? else { return Ok(()) };
        match answer.meaning {
            Meaning::Held { number, .. } => sale.house().holders.push((buyer, number)),
            Meaning::Waiting { ahead } => sale.house().line.push((ahead, buyer)),
            Meaning::Done | Meaning::Refused => {}
        }
    }
}

/// Confirms or gives back one hold after the other, until nobody holds anything any more.
async fn sell(mut worker: Worker, sale: Arc<Sale>, mut dice: Dice) -> Result<(), LoadError> {
    loop {
        let Some((buyer, number)) = sale.house().holders.pop() else { return Ok(()) };
        let (offer, user) = (&sale.offer, &sale.buyers[buyer]);
        if dice.roll() >= GIVEN_BACK {
            worker.ask(CONFIRM, user, Request::Confirm { offer, hold: number }).await?;
            continue;
        }
        let since = clock::now();
        worker.ask(RELEASE, user, Request::Release { offer, hold: number }).await?;
        let Some(next) = sale.take_next_in_line() else { continue };
        let look = (&sale.buyers[next], Request::OwnHolds(offer));
        let is_held = |meaning| matches!(meaning, Meaning::Held { .. });
        let granted = worker.wait_for(GRANT, since, look, |answer| is_held(answer.meaning)).await?;
        worker.books().enter_grants(offer, 1);
        if let Meaning::Held { number, .. } = granted.meaning {
            sale.house().holders.push((next, number));
        }
    }
}
