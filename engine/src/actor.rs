//! The actors: thin actix shells around a turn. The only file that knows actix.
//!
//! A ring of the doorbell is all an actor is ever sent; what is asked of it waits in its inbox. While few wait, and the
//! disk is at a write, whoever asks takes the turn, and the actor is left to sleep. After each of its turns that leaves
//! work behind, the actor steps back behind its neighbours on the arbiter before it goes on.

use std::cell::RefCell;
use std::sync::{Arc, OnceLock, mpsc};
use std::thread::JoinHandle;

use actix::{Actor, Arbiter, Context, Handler, Message, System};

use crate::event_turn::{self, TurnBuffers};
use crate::handle::{EventHandle, Ring};
use crate::services::Services;
use crate::session_turn::{self, SessionHandle, SessionRequest};

/// There is something in the inbox, or something is due.
#[derive(Message)]
#[rtype(result = "()")]
struct Doorbell;

/// One event.
struct EventActor {
    handle: Arc<EventHandle>,
    services: Arc<Services>,
}

/// With more than so many who wait for answers, all turns are the actors'. A bound of 256 cost 1,024 callers in process a third
/// of their rate over 1,000 events; over HTTP, with 256 connections, both bounds do the same.
const WAITING_FOR_TURNS_HERE_MAX: usize = 64;

thread_local! {
    /// One thread has one turn at a time, whichever event's it is: a hundred thousand idle ones need none of their own.
    static BUFFERS: RefCell<TurnBuffers> = RefCell::default();
}

/// The login sequencer.
struct SessionActor {
    handle: Arc<SessionHandle>,
    services: Arc<Services>,
    batch: Vec<SessionRequest>,
}

impl Actor for EventActor {
    type Context = Context<EventActor>;
}

impl Handler<Doorbell> for EventActor {
    type Result = ();

    fn handle(&mut self, _: Doorbell, _: &mut Context<EventActor>) {
        let has_more = BUFFERS.with_borrow_mut(|buffers| event_turn::take_turn(&self.handle, &self.services, buffers));
        if has_more {
            let handle = Arc::clone(&self.handle);
            step_back_and(move || handle.nudge());
        }
    }
}

/// Takes the turn of an event on this thread, where that is better than to wake its actor. Whether it did.
///
/// A wake-up costs more than a turn with few commands. Where few wait, whoever asks is done sooner without one, and what
/// their turns write is gathered while the disk is at the write before. Where it is at none, what is written now is in a
/// frame by itself: by the time that an actor is awake, others have asked, and one turn and one frame serve them all.
fn take_turn_here(handle: &Arc<EventHandle>, services: &Arc<Services>) -> bool {
    let few_wait = services.pressure.waiting() <= WAITING_FOR_TURNS_HERE_MAX;
    if !few_wait || services.journal.frame_in_flight().is_none() {
        return false;
    }
    let turn = BUFFERS.with(|buffers| {
        // In use where a turn of another event has led here.
        event_turn::try_turn(handle, services, &mut *buffers.try_borrow_mut().ok()?)
    });
    if turn == Some(true) {
        handle.nudge();
    }
    turn.is_some()
}

impl Actor for SessionActor {
    type Context = Context<SessionActor>;
}

impl Handler<Doorbell> for SessionActor {
    type Result = ();

    fn handle(&mut self, _: Doorbell, _: &mut Context<SessionActor>) {
        if session_turn::take_turn(&self.handle, &self.services, &mut self.batch) {
            let handle = Arc::clone(&self.handle);
            step_back_and(move || handle.nudge());
        }
    }
}

/// Lets the other actors of this arbiter have their turn first, and the other threads of this processor: without that
/// an actor with a million holds to expire keeps those who serve buyers waiting for whole slices of the scheduler.
fn step_back_and(then: impl FnOnce() + 'static) {
    actix::spawn(async move {
        tokio::task::yield_now().await;
        std::thread::yield_now();
        then();
    });
}

/// The threads that actors run on: one arbiter a core.
pub struct ActorSystem {
    system: System,
    arbiters: Vec<Arbiter>,
    thread: JoinHandle<()>,
}

impl ActorSystem {
    /// Starts `arbiters` threads for actors, and one that keeps them.
    pub fn start(arbiters: usize) -> std::io::Result<ActorSystem> {
        let (sender, receiver) = mpsc::channel();
        let run = move || {
            let runner = System::new();
            let arbiters: Vec<Arbiter> = (0..arbiters).map(|_| Arbiter::new()).collect();
            let started = sender.send((System::current(), arbiters)).is_ok();
            if started && let Err(error) = runner.run() {
                tracing::error!(%error, "the actor system ended with an error");
            }
        };
        let thread = std::thread::Builder::new().name("holdfast-actors".to_owned()).spawn(run)?;
        let (system, arbiters) = receiver.recv().map_err(std::io::Error::other)?;
        Ok(ActorSystem { system, arbiters, thread })
    }

    /// Connects an event with its actor, which starts with the first ring: of a hundred thousand events most are over or
    /// still to come, and a started actor takes memory of its own. Events are spread over the arbiters by their numbers.
    pub fn connect_event(&self, handle: &Arc<EventHandle>, services: &Arc<Services>) {
        let arbiter = self.arbiters[handle.number.0 as usize % self.arbiters.len()].handle();
        // Both own the doorbell, if at a distance: one that was never rung must not keep them.
        let (own, services, address) = (Arc::downgrade(handle), Arc::downgrade(services), OnceLock::new());
        let ring = move |ring| {
            // Of an engine that is gone, nobody waits for anything.
            let Some((handle, services)) = own.upgrade().zip(services.upgrade()) else { return };
            if ring == Ring::ToAnybody && take_turn_here(&handle, &services) {
                return;
            }
            let start = || EventActor::start_in_arbiter(&arbiter, |_| EventActor { handle, services });
            // One ring is under way at a time, so the mailbox needs no bound of its own.
            address.get_or_init(start).do_send(Doorbell);
        };
        handle.connect(Box::new(ring));
    }

    /// Starts the session actor.
    pub fn start_sessions(&self, handle: &Arc<SessionHandle>, services: &Arc<Services>) {
        let (own, services) = (Arc::clone(handle), Arc::clone(services));
        let actor = move |_: &mut Context<SessionActor>| SessionActor { handle: own, services, batch: Vec::new() };
        let address = SessionActor::start_in_arbiter(&self.arbiters[0].handle(), actor);
        handle.connect(Box::new(move || address.do_send(Doorbell)));
    }

    /// Stops all actors after the turn they are in, and waits for their threads: nothing is appended after that.
    pub fn stop(self) {
        self.system.stop();
        let arbiters = self.arbiters.into_iter().map(Arbiter::join);
        let ended = arbiters.fold(self.thread.join(), |ended, arbiter| ended.and(arbiter));
        if ended.is_err() {
            tracing::error!("a thread of the actor system panicked");
        }
    }
}
