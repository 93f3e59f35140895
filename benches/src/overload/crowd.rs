//! Who comes when, as whom, and over which connection.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use hyper::header::HeaderValue;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::task::JoinSet;

use crate::clock;
use crate::connection::Connection;
use crate::error::LoadError;
use crate::overload::arguments::Mode;
use crate::overload::dice::Dice;
use crate::overload::tally::Tally;
use crate::overload::visit::{self, Intent};
use crate::pacer::wait_until;

/// How far apart the looks at who has come are. It counts as latency.
const TICK: Duration = Duration::from_micros(100);

/// Somebody who is logged in.
pub struct User {
    /// The `Authorization` header.
    pub credential: HeaderValue,
    /// The bookings that were acknowledged, by number.
    pub bookings: Vec<u32>,
}

/// Everybody, and the connections they share.
pub struct Crowd {
    /// Where the server listens.
    pub address: SocketAddr,
    /// The event they come for.
    pub event: String,
    /// How they log in.
    pub mode: Mode,
    connections_max: u32,
    lobby: Mutex<Lobby>,
}

struct Lobby {
    idle: Vec<Connection>,
    open: u32,
    /// Those who want nothing at the moment.
    users: Vec<User>,
    /// Those whose hold was not confirmed: they have it still, and would get it again.
    stranded: Vec<User>,
    dice: Dice,
    logins: u64,
    held: u64,
    confirmed: u64,
}

/// What was acknowledged over all steps.
pub struct Acknowledged {
    /// Tickets that were set aside.
    pub held: u64,
    /// Holds that were confirmed.
    pub confirmed: u64,
    /// All users, with their bookings.
    pub users: Vec<User>,
}

/// A step while it runs.
pub struct Step {
    /// When it began.
    pub began: Instant,
    tally: Mutex<Tally>,
}

/// A connection that counts as open as long as somebody has it.
pub struct Seat {
    /// Not yet opened, or broken, where it is `None`.
    pub connection: Option<Connection>,
}

impl Crowd {
    /// A crowd of these users.
    pub fn new(
        address: SocketAddr,
        event: String,
        mode: Mode,
        (connections_max, seed): (u32, u64),
        users: Vec<User>,
    ) -> Crowd {
        let lobby = Lobby {
            idle: Vec::new(),
            open: 0,
            users,
            stranded: Vec::new(),
            dice: Dice::new(seed),
            logins: 0,
            held: 0,
            confirmed: 0,
        };
        Crowd { address, event, mode, connections_max, lobby: Mutex::new(lobby) }
    }

    /// Lets visitors come for a while, `rate` a second, whatever becomes of those before.
    pub async fn come(self: &Arc<Crowd>, rate: f64, length: Duration, visits: &mut JoinSet<()>) -> Arc<Step> {
        let began = clock::now();
        let step = Arc::new(Step { began, tally: Mutex::new(Tally::new()) });
        let mut gaps = Dice::new(self.lobby().dice.roll().to_bits());
        let mut due = began + gaps.gap(rate);
        let end = began + length;
        let mut ticks = ticks(end);
        while let Some(tick) = ticks.recv().await {
            let now = tick.max(clock::now().min(end));
            while due <= now {
                self.arrive(due, now, &step, visits);
                due += gaps.gap(rate);
            }
            // Those who are done are let go of, so that a long run takes no more memory than a short one.
            while visits.try_join_next().is_some() {}
        }
        step
    }

    /// Lets `count` of them visit one after the other, each as soon as the last visit is over.
    pub async fn take_turns(self: &Arc<Crowd>, count: u32, length: Duration) -> Arc<Step> {
        let began = clock::now();
        let step = Arc::new(Step { began, tally: Mutex::new(Tally::new()) });
        let mut turns = JoinSet::new();
        for _ in 0..count {
            let (crowd, step) = (Arc::clone(self), Arc::clone(&step));
            turns.spawn(async move {
                while step.began.elapsed() < length {
                    let due = clock::now();
                    let Some(seat) = crowd.take_seat() else { return };
                    step.tally().come(due - step.began, Duration::ZERO, true);
                    visit::pay(&crowd, &step, seat, crowd.intent(), due).await;
                }
            });
        }
        turns.join_all().await;
        step
    }

    /// Everything that was acknowledged. To be called when all visits are over.
    pub fn acknowledged(&self) -> Acknowledged {
        let mut lobby = self.lobby();
        let mut users = std::mem::take(&mut lobby.users);
        users.append(&mut lobby.stranded);
        Acknowledged { held: lobby.held, confirmed: lobby.confirmed, users }
    }

    /// Takes somebody who wants nothing yet.
    pub fn take_user(&self) -> Option<User> {
        self.lobby().users.pop()
    }

    /// Somebody is done. Who still has a hold does not come again.
    pub fn return_user(&self, user: User, is_stranded: bool) {
        let mut lobby = self.lobby();
        if is_stranded { lobby.stranded.push(user) } else { lobby.users.push(user) }
    }

    /// A hold was acknowledged, or its confirmation.
    pub fn acknowledge(&self, is_confirmed: bool) {
        let mut lobby = self.lobby();
        if is_confirmed { lobby.confirmed += 1 } else { lobby.held += 1 }
    }

    /// A name that nobody has logged in with.
    pub fn new_name(&self) -> String {
        let mut lobby = self.lobby();
        lobby.logins += 1;
        format!("{}-visitor-{}", self.event, lobby.logins)
    }

    /// The account that logs in next.
    pub fn new_member(&self) -> u64 {
        let mut lobby = self.lobby();
        lobby.logins += 1;
        lobby.logins
    }

    /// A connection that is free, or may be opened.
    pub fn take_seat(&self) -> Option<Seat> {
        let mut lobby = self.lobby();
        if let Some(connection) = lobby.idle.pop() {
            return Some(Seat { connection: Some(connection) });
        }
        (lobby.open < self.connections_max).then(|| {
            lobby.open += 1;
            Seat { connection: None }
        })
    }

    /// A connection is free again, or broken.
    pub fn return_seat(&self, seat: Seat) {
        let mut lobby = self.lobby();
        match seat.connection {
            Some(connection) if !connection.is_closed() => lobby.idle.push(connection),
            _ => lobby.open -= 1,
        }
    }

    fn arrive(self: &Arc<Crowd>, due: Instant, now: Instant, step: &Arc<Step>, visits: &mut JoinSet<()>) {
        let intent = self.intent();
        let seat = self.take_seat();
        step.tally().come(due - step.began, now - due, seat.is_some());
        if let Some(seat) = seat {
            let (crowd, step) = (Arc::clone(self), Arc::clone(step));
            visits.spawn(async move { visit::pay(&crowd, &step, seat, intent, due).await });
        }
    }

    fn intent(&self) -> Intent {
        Intent::of(self.mode, self.lobby().dice.roll())
    }

    fn lobby(&self) -> MutexGuard<'_, Lobby> {
        self.lobby.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Step {
    /// What came of it so far.
    pub fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Its connection, which is opened where there is none that works.
    pub async fn connection(&mut self, address: SocketAddr) -> Result<&mut Connection, LoadError> {
        let works = match &mut self.connection {
            Some(connection) => connection.is_ready().await,
            None => false,
        };
        if !works {
            self.connection = None;
            self.connection = Some(Connection::open(address).await?);
        }
        self.connection.as_mut().ok_or_else(|| LoadError::new("a connection is missing"))
    }
}

/// Ticks until `end`, from a thread of its own: timers of an async runtime are a millisecond coarse.
fn ticks(end: Instant) -> Receiver<Instant> {
    // A tick that finds the last one untaken is not needed.
    let (sender, ticks) = channel(1);
    thread::spawn(move || {
        while clock::now() < end {
            wait_until(clock::now() + TICK);
            let now = clock::now().min(end);
            if matches!(sender.try_send(now), Err(TrySendError::Closed(_))) {
                return;
            }
        }
        let _ = sender.blocking_send(end);
    });
    ticks
}
