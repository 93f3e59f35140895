//! The engine's public face: everything a gateway, a bench or a test asks of it.

mod accounts;
mod audit;
#[cfg(test)]
pub(crate) mod by_hand;
mod cleaned;
mod cleanup;
mod create;
mod levels;
mod login;
mod missed;
pub(crate) mod open;
mod overview;
mod release;
mod session_list;
mod ticker;
#[cfg(test)]
mod trouble;
mod watch;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::actor::ActorSystem;
use crate::asker::Asker;
use crate::core::Event;
use crate::core::change::{By, SessionEnd};
use crate::core::command::{Caller, Command};
use crate::core::id::{EventNumber, LoginSeq, Slug, UserNumber};
use crate::core::idempotency::IdempotencyKey;
use crate::core::outcome::{BookingView, HoldView, Outcome, QueueView};
use crate::core::rejection::Rejection;
use crate::error::Unavailable;
use crate::handle::{Envelope, EventHandle, EventView, Reply};
use crate::inbox::Lane;
use crate::journal::RecoveryReport;
use crate::pressure::Waits;
use crate::services::Services;
use crate::session_table::{Authentication, LiveSession};
use crate::session_turn::{EndReply, SessionHandle, SessionRequest};
use crate::snapshotter::Snapshotter;
use ticker::Ticker;

pub use crate::history::{SAMPLE_INTERVAL_MS, Sample};
pub use crate::pulse::WheelPulse;
pub use crate::session_turn::{Identity, Intent, LoginRefusal};
pub use crate::snapshotter::{NewestSnapshot, SnapshotFailure, SnapshotsSoFar, WrittenSnapshot};
pub use crate::tally::{Counted, Tally};
pub use crate::touches::{EndedPlace, Thing, ThingEnd, Touched, Touches};
pub use crate::watchers::UserWatch;
pub use accounts::AccountAnswer;
pub use audit::{AuditEntry, AuditPage};
pub use cleaned::{CLEANED_LISTED_MAX, Cleaned, CleanedHold, CleanedPlace, CleanedSession};
pub use cleanup::Cleanup;
pub use create::NewEvent;
pub use login::{EventAnswer, LoginAnswer};
pub use missed::{Absence, MISSED_CHANGES_MAX, Missed, Shifts};
pub use overview::{JournalOverview, Overview};
pub use release::{ReleaseWish, ReleasedHolds};
pub use session_list::{SessionEntry, SessionPage};
pub use ticker::Wheels;
pub use watch::Attendance;

/// A running engine. It owns its data directory, its threads and its actors until [`Engine::shutdown`]; dropping it
/// without that is a stop that nobody asked for, and what was acknowledged is there at the next start all the same.
pub struct Engine {
    services: Arc<Services>,
    sessions: Arc<SessionHandle>,
    /// The number of the newest event. Held while one is created, so that events are journaled in that order.
    newest_event: Mutex<EventNumber>,
    workers: Workers,
    recovery: RecoveryReport,
    /// When it was opened, in milliseconds since the Unix epoch.
    opened_at_ms: u64,
}

/// What is asked of an event, and on whose account.
struct Asked {
    asker: Asker,
    key: Option<IdempotencyKey>,
    command: Command,
    waits: Option<Waits>,
}

impl Asked {
    fn by_the_engine(command: Command) -> Asked {
        Asked { asker: Caller::System.into(), key: None, command, waits: None }
    }
}

/// Who does the engine's work.
enum Workers {
    /// Threads of its own.
    Threads { actors: Mutex<Option<ActorSystem>>, ticker: Ticker, snapshotter: Mutex<Snapshotter> },
    /// Whoever calls its steps: for simulations, on one thread.
    #[cfg(test)]
    ByHand(by_hand::Steps),
}

/// Everything a user has.
#[derive(Clone, Debug, Default)]
pub struct Belongings {
    /// The holds that are remembered, by event and number.
    pub holds: Vec<(Arc<EventView>, HoldView)>,
    /// The bookings, by event and number.
    pub bookings: Vec<(Arc<EventView>, BookingView)>,
    /// The places in line, by event and ticket type.
    pub places: Vec<(Arc<EventView>, QueueView)>,
    /// All that happened to the user up to this change is in it. Of what came later only what a [`UserWatch`] that was there
    /// before has been told.
    pub seq: u64,
}

impl Engine {
    /// Asks `command` of an event, and waits until everything the answer rests on is durable. An event that does not
    /// exist answers so.
    ///
    /// `Err` means that nothing was done; a reply that never comes (the process ends) means that nobody knows.
    pub async fn execute(
        &self,
        event: &Slug,
        asker: impl Into<Asker>,
        key: Option<IdempotencyKey>,
        command: Command,
    ) -> Result<Reply, Unavailable> {
        self.submit(event, asker, key, command)?.await
    }

    /// Sends `command` to an event now, to be waited for later: what one caller submits to one event is decided in that order,
    /// and shares turns and syncs of the disk. The future is that of [`execute`](Engine::execute); the command runs whether or
    /// not anybody waits for it.
    ///
    /// # Errors
    ///
    /// Nothing was done, as with [`execute`](Engine::execute): an inbox or another bound is full, or the engine stops.
    pub fn submit<A: Into<Asker>>(
        &self,
        event: &Slug,
        asker: A,
        key: Option<IdempotencyKey>,
        command: Command,
    ) -> Result<impl Future<Output = Result<Reply, Unavailable>> + use<A>, Unavailable> {
        let sent = match self.services.directory.find(event) {
            Some(handle) => Ok(self.submit_to(&handle, asker.into(), key, command)?),
            None => Err(self.unknown_event()),
        };
        Ok(async move {
            match sent {
                Ok(answer) => answer.await.map_err(|_| Unavailable::ShuttingDown),
                Err(unknown_event) => Ok(unknown_event),
            }
        })
    }

    /// The engine's time, in milliseconds since the Unix epoch.
    pub fn now_ms(&self) -> u64 {
        self.services.clock.now_ms()
    }

    /// What the operator has set.
    pub fn config(&self) -> &crate::config::EngineConfig {
        &self.services.config
    }

    /// What the last recovery found and did.
    pub fn recovery(&self) -> &RecoveryReport {
        &self.recovery
    }

    /// The newest durable view of an event. Does not enter the actor's inbox.
    pub fn event(&self, id: &Slug) -> Option<Arc<EventView>> {
        self.services.directory.find(id)?.view()
    }

    /// The same by the event's number.
    pub fn event_numbered(&self, number: EventNumber) -> Option<Arc<EventView>> {
        self.services.directory.find_number(number)?.view()
    }

    /// The newest durable views of all events, in the order of their creation.
    pub fn events(&self) -> Vec<Arc<EventView>> {
        self.services.directory.all().iter().filter_map(|handle| handle.view()).collect()
    }

    /// The session of a token, by the token's SHA-256. Counts as a sign of life.
    pub fn authenticate(&self, token_hash: &[u8; 32]) -> Authentication {
        let lengths = self.services.config.sessions.lengths();
        let found = self.services.sessions.authenticate(token_hash, self.now_ms(), &lengths);
        if let Authentication::Live(session) = &found
            && session.take_passed_over()
        {
            self.welcome_back(session);
        }
        found
    }

    /// Tells all events where the user may stand in line that they are there again.
    fn welcome_back(&self, session: &LiveSession) {
        for number in self.services.sessions.touched(session.user) {
            if let Some(handle) = self.services.directory.find_number(number) {
                handle.welcome_back(session.user, session.number);
            }
        }
    }

    /// The name of a user.
    pub fn user_name(&self, user: UserNumber) -> Option<String> {
        self.sessions.user_name(user)
    }

    /// The number of a user; `None` for a name that has never logged in and never had an account.
    pub fn user_number(&self, name: &str) -> Option<UserNumber> {
        self.sessions.user_number(name)
    }

    /// Ends a session: its tokens open nothing any more, its user's holds are released and places given up. Returns the
    /// journal number of the end, or `None` if the session was not live. Waits until all of it is durable. `reason` is an
    /// organiser's, for the audit trail.
    pub async fn end_session(
        &self,
        session: LoginSeq,
        end: SessionEnd,
        by: By,
        reason: Option<String>,
    ) -> Result<Option<u64>, Unavailable> {
        let (reply, answer) = oneshot::channel();
        self.send_to_sessions(SessionRequest::End { session, end, by, reason, reply }, Lane::Internal)?;
        match answer.await.map_err(|_| Unavailable::ShuttingDown)? {
            Some(ended) => Ok(Some(newest_seq(ended).await?)),
            None => Ok(None),
        }
    }

    /// Looks at an event's state, and answers once what it saw is durable. `None` if there is no such event.
    pub async fn read<T>(&self, event: &Slug, look: impl FnOnce(&Event, u64) -> T) -> Option<T> {
        let handle = self.services.directory.find(event)?;
        let (seen, seq) = self.look(&handle, look);
        self.durable(seq).await;
        Some(seen)
    }

    /// Everything a user has, in all events; each event as of one moment.
    pub async fn belongings(&self, user: UserNumber) -> Belongings {
        let mut belongings = Belongings { seq: self.services.journal.announced_seq(), ..Belongings::default() };
        for number in self.services.sessions.touched(user) {
            let Some(handle) = self.services.directory.find_number(number) else { continue };
            let look = |event: &Event, now_ms| {
                (event.holds_of(now_ms, user), event.bookings_of(now_ms, user), event.places_of(now_ms, user))
            };
            let ((holds, bookings, places), seq) = self.look(&handle, look);
            belongings.seq = belongings.seq.max(seq);
            let Some(view) = handle.view() else { continue };
            belongings.holds.extend(holds.into_iter().map(|hold| (Arc::clone(&view), hold)));
            belongings.bookings.extend(bookings.into_iter().map(|booking| (Arc::clone(&view), booking)));
            belongings.places.extend(places.into_iter().map(|place| (Arc::clone(&view), place)));
        }
        self.durable(belongings.seq).await;
        belongings
    }

    /// Writes a snapshot now.
    pub async fn snapshot(&self) -> Result<WrittenSnapshot, Arc<SnapshotFailure>> {
        let ordered = match &self.workers {
            Workers::Threads { snapshotter, .. } => snapshotter.lock().unwrap_or_else(PoisonError::into_inner).order(),
            #[cfg(test)]
            Workers::ByHand(steps) => return steps.snapshot(&self.services),
        };
        ordered.await.unwrap_or_else(|_| Err(Arc::new(SnapshotFailure::Stopping)))
    }

    /// Whether the engine serves as it should, or what keeps it from that: as [`check_available`](Engine::check_available),
    /// and a disk that is stuck in one write.
    pub fn check_ready(&self) -> Result<(), Unavailable> {
        self.available_for(Lane::Ordinary)?;
        match self.services.pressure.slow_write_ms(self.now_ms()) {
            Some(for_ms) => Err(Unavailable::DiskSlow { for_ms }),
            None => Ok(()),
        }
    }

    /// How near the engine is to refusing new commands, from 0 for idle to 1, and beyond that up to 2 for the urgent: the
    /// fuller one of the journal's backlog and of the places for those who wait for an answer.
    pub fn pressure(&self) -> f64 {
        let Services { journal, config, pressure, .. } = &*self.services;
        let backlog = journal.backlog_bytes() as f64 / config.journal.backlog_bytes_max as f64;
        let waiting = pressure.waiting() as f64 / f64::from(config.journal.waiting_max);
        backlog.max(waiting)
    }

    /// How long the disk takes for a sync at the moment, the fastest of the last few, in whole milliseconds: 0 for a fast one.
    pub fn sync_ms(&self) -> u64 {
        self.services.metrics.sync_us() / 1_000
    }

    /// Whether new commands would be refused at once, and why.
    pub fn check_available(&self) -> Result<(), Unavailable> {
        self.check_available_for(Lane::Ordinary)
    }

    /// The same, counted: somebody is refused.
    fn check_available_for(&self, lane: Lane) -> Result<(), Unavailable> {
        let checked = self.available_for(lane);
        match checked {
            Err(Unavailable::StorageFull) => self.services.metrics.storage_full(),
            Err(Unavailable::Overloaded) => self.services.metrics.overloaded(),
            Ok(()) | Err(_) => {}
        }
        checked
    }

    fn available_for(&self, lane: Lane) -> Result<(), Unavailable> {
        let Services { journal, config, is_stopping, .. } = &*self.services;
        if is_stopping.load(Ordering::Acquire) {
            return Err(Unavailable::ShuttingDown);
        }
        // The urgent may fill a second backlog of the same size.
        let backlogs = if lane == Lane::Ordinary { 1 } else { 2 };
        let is_backlogged = journal.backlog_bytes() as u64 > config.journal.backlog_bytes_max.saturating_mul(backlogs);
        // What is left on a full disk is for those who pay or give back.
        if journal.is_disk_full() && (lane == Lane::Ordinary || is_backlogged) {
            return Err(Unavailable::StorageFull);
        }
        if is_backlogged { Err(Unavailable::Overloaded) } else { Ok(()) }
    }

    /// Takes a place among those who wait for an answer. The urgent have as many again.
    fn wait(&self, lane: Lane) -> Result<Waits, Unavailable> {
        let most = self.services.config.journal.waiting_max as usize;
        let most = if lane == Lane::Ordinary { most } else { most.saturating_mul(2) };
        self.services.pressure.wait(most).ok_or_else(|| {
            self.services.metrics.overloaded();
            Unavailable::Overloaded
        })
    }

    /// The number of the newest durable change.
    pub fn durable_seq(&self) -> u64 {
        self.services.journal.durable_seq()
    }

    /// Stops in good order: accepts nothing more, answers what was accepted, writes a snapshot where the configuration
    /// wants one, and leaves the journal's clean marker. A second call does nothing.
    pub async fn shutdown(&self) {
        if self.services.is_stopping.swap(true, Ordering::AcqRel) {
            return;
        }
        self.drain().await;
        if self.services.config.snapshot.on_stop && self.services.journal.durable_seq() > 0 {
            // What failed is in the log; the journal alone is enough to start from.
            let _ = self.snapshot().await;
        }
        self.workers.stop();
        for handle in self.services.directory.all() {
            // A turn that somebody else took before the stop began may be under way.
            drop(handle.machine_mut());
            // What slipped in while the actors stopped was never looked at: whoever waits for it learns so.
            handle.inbox().clear();
        }
        self.services.journal.close();
    }

    /// Everything that was accepted before has been answered when this returns.
    async fn drain(&self) {
        let (reply, answer) = oneshot::channel();
        if self.sessions.send(SessionRequest::EndOverdue { reply }, Lane::Internal).is_ok() {
            let _ = answer.await;
        }
        for handle in self.services.directory.all() {
            if let Ok(answer) = self.send(&handle, Asked::by_the_engine(Command::Settle), Lane::Internal) {
                let _ = answer.await;
            }
        }
    }

    async fn execute_on(
        &self,
        handle: &EventHandle,
        caller: Caller,
        key: Option<IdempotencyKey>,
        command: Command,
    ) -> Result<Reply, Unavailable> {
        self.submit_to(handle, caller.into(), key, command)?.await.map_err(|_| Unavailable::ShuttingDown)
    }

    fn submit_to(
        &self,
        handle: &EventHandle,
        Asker { caller, session }: Asker,
        key: Option<IdempotencyKey>,
        command: Command,
    ) -> Result<oneshot::Receiver<Reply>, Unavailable> {
        // Those who pay or give back, and those who steer the sale, come through when a rush of others does not.
        let is_urgent = command.is_completion() || matches!(caller, Caller::Admin { .. });
        let lane = if is_urgent { Lane::Completion } else { Lane::Ordinary };
        self.check_available_for(lane)?;
        let waits = self.wait(lane)?;
        let session = match caller {
            Caller::User { user, session: number } if command.takes_tickets() => {
                self.services.sessions.touch(user, handle.number);
                session.or_else(|| self.services.sessions.find(number))
            }
            _ => None,
        };
        self.send(handle, Asked { asker: Asker { caller, session }, key, command, waits: Some(waits) }, lane)
    }

    fn send(&self, handle: &EventHandle, asked: Asked, lane: Lane) -> Result<oneshot::Receiver<Reply>, Unavailable> {
        let (reply, answer) = oneshot::channel();
        let Asked { asker: Asker { caller, session }, key, command, waits } = asked;
        let sent = self.services.metrics.stopwatch();
        handle.send(Envelope { caller, session, key, command, reply, waits, sent }, lane).map_err(|_| {
            self.services.metrics.overloaded();
            Unavailable::Overloaded
        })?;
        Ok(answer)
    }

    fn send_to_sessions(&self, request: SessionRequest, lane: Lane) -> Result<(), Unavailable> {
        self.check_available_for(lane)?;
        self.sessions.send(request, lane).map_err(|_| {
            self.services.metrics.overloaded();
            Unavailable::Overloaded
        })
    }

    fn look<T>(&self, handle: &EventHandle, look: impl FnOnce(&Event, u64) -> T) -> (T, u64) {
        let now_ms = self.now_ms();
        handle.read(|event| look(event, now_ms))
    }

    /// Waits until the change `seq` is durable, and everybody told who listens.
    async fn durable(&self, seq: u64) {
        if self.services.journal.announced_seq() >= seq {
            return;
        }
        let (sender, receiver) = oneshot::channel();
        let told = Box::new(move |_| {
            // Whoever waited may have gone.
            let _ = sender.send(());
        });
        self.services.journal.append_slice(&crate::journal::RecordBuffer::default(), told);
        let _ = receiver.await;
    }

    fn unknown_event(&self) -> Reply {
        let answer: Result<Outcome, Rejection> = Err(Rejection::EventNotFound);
        Reply { answer, seq: self.durable_seq(), is_replay: false, at_ms: self.now_ms() }
    }
}

/// The number of the newest change that an end came to, once all of it is durable.
async fn newest_seq(EndReply { seq, released }: EndReply) -> Result<u64, Unavailable> {
    let mut newest_seq = seq;
    for answer in released {
        newest_seq = newest_seq.max(answer.await.map_err(|_| Unavailable::ShuttingDown)?.seq);
    }
    Ok(newest_seq)
}

impl Workers {
    /// Ends the threads, each after what it is at.
    fn stop(&self) {
        match self {
            Workers::Threads { actors, ticker, snapshotter } => {
                ticker.stop();
                snapshotter.lock().unwrap_or_else(PoisonError::into_inner).stop();
                if let Some(actors) = actors.lock().unwrap_or_else(PoisonError::into_inner).take() {
                    actors.stop();
                }
            }
            #[cfg(test)]
            Workers::ByHand(_) => {}
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.workers.stop();
    }
}
