//! A sold-out event with a long line, on an engine in process: holds are given back, and go to the next in line.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use holdfast_engine::clock::SystemClock;
use holdfast_engine::config::EngineConfig;
use holdfast_engine::core::id::HoldNumber;
use holdfast_engine::core::settings::{DURATION_SECONDS_MAX, Settings};
use holdfast_engine::core::{Caller, Command, Event};

use crate::till::together;
use crate::venue::{NO_SNAPSHOTS, Venue, ask, slug};

/// How many hold a ticket: more than there are clients, so that a hold has been granted
/// when it is its turn to be given back.
const HOLDERS: u32 = 10_000;
const EVENT: &str = "sold-out";

/// The event. Its holds have the numbers 1, 2, 3 … in the order in which they are got, which is that of the line.
pub struct Line {
    venue: Venue,
    /// Whose the holds are, or will be, by number.
    owners: Vec<Caller>,
    /// How many holds were given back.
    released: AtomicU32,
}

impl Line {
    /// Opens it with `waiting` users in line, on an engine whose data are under the temporary directory.
    pub async fn open(waiting: u32) -> Arc<Line> {
        let config = EngineConfig { snapshot: NO_SNAPSHOTS, ..EngineConfig::default() };
        let venue = Venue::open(config, Arc::new(SystemClock::start()));
        let settings = Settings {
            auto_hold: 0,
            hold_seconds: DURATION_SECONDS_MAX,
            max_hold_lifetime_seconds: DURATION_SECONDS_MAX,
            queue_max: waiting,
            presence_seconds: 0,
            ..Settings::default()
        };
        venue.create_event(&slug(EVENT), settings, &[("general", HOLDERS)]).await;
        let callers = venue.log_in("user", HOLDERS + waiting).await;
        venue.hold_each(&slug(EVENT), &callers).await;
        let owners = venue.engine.read(&slug(EVENT), owners).await.expect("the event is there");
        assert_eq!(owners.len(), callers.len(), "everybody holds or waits");
        Arc::new(Line { venue, owners, released: AtomicU32::new(0) })
    }

    /// How many still wait.
    pub fn left(&self) -> u32 {
        self.owners.len() as u32 - HOLDERS - self.released.load(Ordering::Relaxed)
    }

    /// `clients` at once, many fewer than hold a ticket, give `each` holds back, one after the other.
    pub async fn release(self: &Arc<Line>, clients: u32, each: u32) {
        together(clients, || Arc::clone(self).release_some(each)).await;
    }

    /// Holds the ledger against what was acknowledged, and stops the engine.
    ///
    /// # Panics
    ///
    /// When not each ticket that came free was granted.
    pub async fn close(&self) {
        let totals = self.venue.engine.event(&slug(EVENT)).expect("the event is there").totals();
        let expected = (u64::from(HOLDERS), 0, u64::from(self.left()));
        assert_eq!((totals.held, totals.available, totals.waiting), expected, "not all that came free was granted");
        self.venue.engine.shutdown().await;
    }

    async fn release_some(self: Arc<Line>, count: u32) {
        let event = slug(EVENT);
        for _ in 0..count {
            let before = self.released.fetch_add(1, Ordering::Relaxed);
            let command = Command::ReleaseHold { number: HoldNumber(before + 1), reason: None };
            let released = ask(&self.venue.engine, &event, self.owners[before as usize].clone(), command).await;
            released.expect("the hold was granted, and is live");
        }
    }
}

/// Those who hold, by the numbers of their holds, then those who wait, in order.
fn owners(event: &Event, now_ms: u64) -> Vec<Caller> {
    let holds = (1..=HOLDERS).map(|number| event.hold(now_ms, HoldNumber(number), None).expect("a live hold"));
    let holding = holds.map(|hold| Caller::User { user: hold.user, session: hold.session });
    let lines = event.ticket_types().iter().flat_map(|ticket_type| ticket_type.queue.iter());
    holding.chain(lines.map(|entry| Caller::User { user: entry.user, session: entry.session })).collect()
}
