//! The expiry cliff: many holds of one event come to their end together. How long does it take until their tickets are free, or
//! in the hands of those who wait, and what do other buyers, on the same event and on a neighbour, have of it?
//!
//! In process the clock jumps over the deadline, so that all are due in one tick. A server's clock does not: there the holds
//! are placed as fast as they can be, last as long as was measured before, and end as far apart as they were placed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::bench::arguments::BenchArguments;
use crate::bench::record::Label;
use crate::bench::request::{Offer, User};
use crate::bench::scenario::Notes;
use crate::bench::stage::Stage;
use crate::bench::worker::Limit;
use crate::clock;
use crate::error::LoadError;
use crate::sale::{CAPACITY, GENERAL, Offering};
use crate::venue::slug;

use super::buying::{Buyer, Market};

/// The ticket type of those who buy on the same event meanwhile.
const SIDE: &str = "side";
/// How fast holds are placed over HTTP at least, a second: so long they must last besides.
const PLACED_A_SECOND: u32 = 5_000;
/// How long a hold lasts in process, where nobody waits for it.
const LONG_SECONDS: u32 = 600;
/// Longer than that, and than it takes to place them all.
const JUMP_MS: u64 = 1_200_000;
/// How often the figures are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// No cliff takes longer.
const PATIENCE: Duration = Duration::from_secs(120);

/// Before, meanwhile and after, on the event itself and on its neighbour.
const LABELS: [[Label; 2]; 3] = [
    ["before, same event", "before, neighbour"],
    ["meanwhile, same event", "meanwhile, neighbour"],
    ["after, same event", "after, neighbour"],
];

/// The event with the cliff, and a neighbour.
pub(super) fn set(offerings: &mut Vec<Offering>, arguments: &BenchArguments, name: &str) {
    offerings[0].ticket_types = vec![(GENERAL, u64::from(arguments.tickets)), (SIDE, CAPACITY)];
    offerings[0].hold_seconds = if arguments.in_process { LONG_SECONDS } else { hold_seconds(arguments) };
    if offerings.len() == 1 {
        offerings.push(Offering::new(format!("{name}-neighbour")));
    }
}

/// Long enough to place all holds, to measure as usual, and, once they are granted to others, to measure again.
fn hold_seconds(arguments: &BenchArguments) -> u32 {
    let measured = if arguments.units.is_some() { 0 } else { arguments.seconds as u32 + 3 };
    1 + measured + (arguments.tickets + arguments.waiting) / PLACED_A_SECOND
}

pub(super) async fn run(stage: &Stage<'_>, title: &str) -> Result<Notes, LoadError> {
    let arguments = stage.arguments;
    let holders = stage.log_in("holder", arguments.tickets).await?;
    let waiters = stage.log_in("waiter", arguments.waiting).await?;
    let buyers = stage.log_in("buyer", arguments.users.max(2 * arguments.connections)).await?;
    let cliff = stage.offers[0].clone();
    stage.begin(title).await?;

    let began = clock::now();
    stage.ask_each(&holders, &cliff, false).await?;
    let placing = began.elapsed();
    stage.ask_each(&waiters, &cliff, true).await?;
    let due_at = began + Duration::from_secs(u64::from(hold_seconds(arguments)));

    let markets = markets(stage, &buyers);
    phase(stage, &markets, 0, before(stage, due_at)).await?;
    let over = Arc::new(AtomicBool::new(false));
    let until_over = Limit { over: Some(Arc::clone(&over)), ..Limit::default() };
    // It is begun first: the clock of an engine has jumped before anybody buys.
    let falling = fall(stage, &cliff, due_at, &over);
    let (took, ()) = tokio::try_join!(falling, phase(stage, &markets, 1, until_over))?;
    phase(stage, &markets, 2, Limit { warm_up: Duration::ZERO, ..stage.limit() }).await?;

    let granted = arguments.tickets.min(arguments.waiting);
    let what = if granted > 0 { "all tickets granted to the line or free within" } else { "all tickets free within" };
    let apart = if stage.target.clock().is_some() { Duration::ZERO } else { placing };
    Ok(vec![
        ("holds that ended", arguments.tickets.to_string()),
        ("their ends were apart by", format!("{:.3} s", apart.as_secs_f64())),
        (what, format!("{:.3} s", took.as_secs_f64())),
        ("granted to the line", granted.to_string()),
    ])
}

/// What the connections buy: every second one on the event itself, the others on its neighbour.
fn markets(stage: &Stage<'_>, buyers: &Arc<[User]>) -> [Market; 2] {
    let side = Offer { ticket_type: Some(slug(SIDE)), ..stage.offers[0].clone() };
    let half = buyers.len() / 2;
    let users: [Arc<[User]>; 2] = [buyers[..half].into(), buyers[half..].into()];
    let mut users = users.into_iter();
    [side, stage.offers[1].clone()].map(|offer| Market {
        offers: [offer].into(),
        users: users.next().unwrap_or_default(),
        labels: [""; 2],
        group: None,
    })
}

/// Lets everybody buy until `limit`, and files it under the names of `phase`.
async fn phase(stage: &Stage<'_>, markets: &[Market; 2], phase: usize, limit: Limit) -> Result<(), LoadError> {
    let connections = stage.arguments.connections as usize;
    let is_counted = limit.length.is_none() && limit.over.is_none();
    let buy = |worker, number: usize| {
        let (place, which) = (number / 2, number % 2);
        let market = Market { labels: [LABELS[phase][which]; 2], ..markets[which].clone() };
        let of = (connections - which).div_ceil(2);
        let quota = if is_counted { stage.share_of_units(number) } else { None };
        Buyer::new(worker, market, (place, of)).buy(quota)
    };
    stage.run(limit, buy).await
}

/// How long it is measured as usual: in process as the command line says, at a server until the first hold is due.
fn before(stage: &Stage<'_>, due_at: Instant) -> Limit {
    if stage.target.clock().is_some() {
        return stage.limit();
    }
    let left = due_at.saturating_duration_since(clock::now());
    let warm_up = stage.arguments.warm_up().min(left / 2);
    Limit { warm_up, length: Some(left - warm_up), over: None }
}

/// Lets the holds come to their end, and waits until all tickets have gone where they must. Returns how long that took.
async fn fall(stage: &Stage<'_>, cliff: &Offer, due_at: Instant, over: &AtomicBool) -> Result<Duration, LoadError> {
    let mut organiser = stage.target.organiser().await?;
    let BenchArguments { tickets, waiting, .. } = *stage.arguments;
    let granted = tickets.min(waiting);
    let (ended, fell_at) = match stage.target.clock() {
        Some(engine_clock) => {
            // With all holds of the event also those end that their buyers did not come to confirm.
            let ended = stage.books.held(cliff);
            engine_clock.jump(JUMP_MS);
            (ended, clock::now())
        }
        None => (i64::from(tickets), due_at),
    };
    loop {
        let figures = organiser.figures(&cliff.event).await?;
        if figures.first().is_some_and(|it| it.available == tickets - granted && it.waiting == waiting - granted) {
            break;
        }
        if fell_at.elapsed() > PATIENCE {
            return Err(LoadError::new(format!("after {PATIENCE:?} not all holds have ended: {figures:?}")));
        }
        clock::pause(LOOK_EVERY).await;
    }
    let took = fell_at.elapsed();
    over.store(true, Ordering::SeqCst);
    stage.books.enter_expiries(cliff, ended);
    stage.books.enter_grants(cliff, i64::from(granted));
    Ok(took)
}
