//! What the rest of the process has of an event: a way in, and the last durable view of it.

use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwapOption;
use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio::sync::{oneshot, watch};

use crate::clock::Stopwatch;
use crate::core::Event;
use crate::core::command::{Caller, Command};
use crate::core::event::{Figures, Standing};
use crate::core::id::{EventNumber, LoginSeq, Slug, UserNumber};
use crate::core::idempotency::IdempotencyKey;
use crate::core::outcome::Answer;
use crate::core::settings::{Details, Price, Settings};
use crate::core::status::Status;
use crate::inbox::{Full, Inbox, Lane};
use crate::machine::EventMachine;
use crate::pressure::Waits;
use crate::session_table::LiveSession;

/// A command on its way to an event.
#[derive(Debug)]
pub struct Envelope {
    /// Who asks.
    pub caller: Caller,
    /// The live session that tickets are taken for; `None` where none are, or where it has ended.
    pub session: Option<Arc<LiveSession>>,
    /// The request's idempotency key.
    pub key: Option<IdempotencyKey>,
    /// What they ask.
    pub command: Command,
    /// Where the answer goes once everything it rests on is durable.
    pub reply: oneshot::Sender<Reply>,
    /// The place among those who wait. It goes with the answer, not with who asked: they may hang up long before. `None`
    /// for what the engine asks itself.
    pub waits: Option<Waits>,
    /// Runs since it was sent, where that is measured.
    pub sent: Option<Stopwatch>,
}

/// An answer that rests on nothing that a crash could undo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The answer.
    pub answer: Answer,
    /// The journal number of the last change this step made; of the event's last change, where it made none.
    pub seq: u64,
    /// The request came with a key, and this is the answer it got the first time.
    pub is_replay: bool,
    /// When it was decided, in milliseconds since the Unix epoch.
    pub at_ms: u64,
}

/// Who may take the turn that a ring of the doorbell asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ring {
    /// Whoever rings has asked something, and may take it where that is quicker than to wake the actor.
    ToAnybody,
    /// The actor: who rings has something else to do, such as to write the journal.
    ToTheActor,
}

/// An event, to those who are not its actor.
pub struct EventHandle {
    /// The event's number.
    pub number: EventNumber,
    /// The event's id.
    pub id: Slug,
    inbox: Inbox<Envelope>,
    /// Has a turn taken. Set once there is an actor.
    doorbell: OnceLock<Box<dyn Fn(Ring) + Send + Sync>>,
    /// The actor's state. Whoever takes a turn writes, one at a time; owners' reads look in between two turns, and answer only
    /// once what they saw is durable. The lock is one that can be handed over: an actor with much to do takes it again at
    /// once, and that of the standard library would keep who waits for it outside until the work is done.
    machine: RwLock<EventMachine>,
    /// The journal number of the event's newest change, durable or not. Written under the machine's lock.
    appended_seq: AtomicU64,
    /// The newest durable view; `None` until the event's creation is durable.
    view: ArcSwapOption<EventView>,
    /// Tells those who watch the event the number of its newest durable view. Made for the first of them: of many events
    /// nobody watches most, and it is a good part of what an idle one takes.
    watched: OnceLock<watch::Sender<u64>>,
}

impl EventHandle {
    /// The handle of an event whose newest change has the number `appended_seq`.
    pub fn new(machine: EventMachine, appended_seq: u64, capacity: u32, reserved: u32) -> EventHandle {
        let (number, id) = (machine.event().number(), machine.event().id().clone());
        EventHandle {
            number,
            id,
            inbox: Inbox::new(capacity, reserved),
            doorbell: OnceLock::new(),
            machine: RwLock::new(machine),
            appended_seq: AtomicU64::new(appended_seq),
            view: ArcSwapOption::empty(),
            watched: OnceLock::new(),
        }
    }

    /// Puts a command in the event's inbox.
    pub fn send(&self, envelope: Envelope, lane: Lane) -> Result<(), Full> {
        if self.inbox.push(envelope, lane)? {
            self.ring(Ring::ToAnybody);
        }
        Ok(())
    }

    /// Tells the event that a user who was passed over in a line of it is there again. Where the inbox is full, their own
    /// next command tells it.
    pub fn welcome_back(&self, user: UserNumber, session: LoginSeq) {
        let (reply, _) = oneshot::channel();
        let caller = Caller::User { user, session };
        let _ = self.send(
            Envelope { caller, session: None, key: None, command: Command::Settle, reply, waits: None, sent: None },
            Lane::Internal,
        );
    }

    /// Asks the actor for a turn: something is due.
    pub fn nudge(&self) {
        if self.inbox.nudge() {
            self.ring(Ring::ToTheActor);
        }
    }

    /// Connects the actor. It is rung if something was sent before, when nobody could ring.
    pub fn connect(&self, doorbell: Box<dyn Fn(Ring) + Send + Sync>) {
        assert!(self.doorbell.set(doorbell).is_ok(), "two actors for event {}", self.id);
        if self.inbox.is_rung() {
            self.ring(Ring::ToTheActor);
        }
    }

    /// The newest durable view; `None` while the creation is not durable yet.
    pub fn view(&self) -> Option<Arc<EventView>> {
        self.view.load_full()
    }

    /// Publishes a durable view. Called in the order of the journal.
    pub fn publish(&self, view: Arc<EventView>) {
        self.view.store(Some(view));
    }

    /// Tells whoever watches that there is a newer durable view, or no event any more. Never blocks, and costs next to nothing
    /// where nobody watches: it is the journal's thread that tells.
    pub fn tell_watchers(&self, seq: u64) {
        // With the fence in `watch`: whoever is not counted yet looks at the view only later, and finds this one.
        fence(Ordering::SeqCst);
        if let Some(watched) = self.watched.get().filter(|watched| watched.receiver_count() > 0) {
            watched.send_replace(seq);
        }
    }

    /// Told of every durable view from now on, as its number; of several in a row perhaps only the last. What was there
    /// before is to be looked at after this.
    pub fn watch(&self) -> watch::Receiver<u64> {
        let watched = self.watched.get_or_init(|| watch::Sender::new(self.view().map_or(0, |view| view.seq)));
        let watching = watched.subscribe();
        fence(Ordering::SeqCst);
        watching
    }

    /// Looks at the state between two turns. Returns what `look` saw, and the journal number that must be durable before
    /// anybody is told.
    pub fn read<T>(&self, look: impl FnOnce(&Event) -> T) -> (T, u64) {
        let machine = self.machine();
        (look(machine.event()), self.appended_seq())
    }

    /// The journal number of the event's newest change, durable or not.
    pub fn appended_seq(&self) -> u64 {
        self.appended_seq.load(Ordering::Acquire)
    }

    pub(crate) fn inbox(&self) -> &Inbox<Envelope> {
        &self.inbox
    }

    pub(crate) fn machine(&self) -> RwLockReadGuard<'_, EventMachine> {
        // A panic in a turn aborts the process, so nobody ever sees a half-made turn.
        self.machine.read()
    }

    pub(crate) fn machine_mut(&self) -> RwLockWriteGuard<'_, EventMachine> {
        self.machine.write()
    }

    /// The same, unless somebody else has it just now.
    pub(crate) fn try_machine_mut(&self) -> Option<RwLockWriteGuard<'_, EventMachine>> {
        self.machine.try_write()
    }

    pub(crate) fn set_appended_seq(&self, seq: u64) {
        self.appended_seq.store(seq, Ordering::Release);
    }

    fn ring(&self, ring: Ring) {
        if let Some(doorbell) = self.doorbell.get() {
            doorbell(ring);
        }
    }
}

/// A durable view of an event: all its figures come from one state.
#[derive(Debug)]
pub struct EventView {
    /// What does not change with the sale.
    pub description: Arc<EventDescription>,
    /// The counters by ticket type.
    pub figures: Box<[Figures]>,
    /// What they do not tell.
    pub standing: Standing,
    /// When the next live hold ends, in milliseconds since the Unix epoch.
    pub next_expiry_at_ms: Option<u64>,
    /// The journal number of the event's newest change in this view.
    pub seq: u64,
}

/// What does not change with the sale. Views of one version share it.
#[derive(Debug)]
pub struct EventDescription {
    /// The event's number.
    pub number: EventNumber,
    /// The event's id.
    pub id: Slug,
    /// The texts.
    pub details: Details,
    /// The settings.
    pub settings: Settings,
    /// Where the event is in its life.
    pub status: Status,
    /// What `If-Match` compares.
    pub version: u32,
    /// The ticket types.
    pub ticket_types: Box<[TicketTypeDescription]>,
}

/// A ticket type without its figures.
#[derive(Debug)]
pub struct TicketTypeDescription {
    /// The type's id.
    pub id: Slug,
    /// The type's name.
    pub name: String,
    /// What a ticket costs.
    pub price: Option<Price>,
}

impl EventView {
    /// The view of `event` as it stands, sharing the description of `earlier` where that is still right.
    pub fn of(event: &Event, seq: u64, earlier: Option<&EventView>) -> EventView {
        let shared = earlier.map(|view| &view.description).filter(|shared| shared.version == event.version());
        EventView {
            description: shared.map_or_else(|| Arc::new(EventDescription::of(event)), Arc::clone),
            figures: event.figures().collect(),
            standing: event.standing(),
            next_expiry_at_ms: event.next_expiry_at_ms(),
            seq,
        }
    }

    /// The sums over all ticket types.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for figures in &self.figures {
            totals.capacity += u64::from(figures.capacity);
            totals.available += u64::from(figures.available);
            totals.held += u64::from(figures.held);
            totals.booked += u64::from(figures.booked);
            totals.waiting += u64::from(figures.waiting);
        }
        totals
    }
}

/// Sums over ticket types, or over events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// All tickets.
    pub capacity: u64,
    /// Tickets free.
    pub available: u64,
    /// Tickets set aside.
    pub held: u64,
    /// Tickets booked.
    pub booked: u64,
    /// Users in line.
    pub waiting: u64,
}

impl Totals {
    /// Adds what another event, or ticket type, has.
    pub fn add(&mut self, more: &Totals) {
        self.capacity += more.capacity;
        self.available += more.available;
        self.held += more.held;
        self.booked += more.booked;
        self.waiting += more.waiting;
    }
}

impl EventDescription {
    fn of(event: &Event) -> EventDescription {
        let describe = |ticket_type: &crate::core::event::TicketType| TicketTypeDescription {
            id: ticket_type.id.clone(),
            name: ticket_type.name.clone(),
            price: ticket_type.price.clone(),
        };
        EventDescription {
            number: event.number(),
            id: event.id().clone(),
            details: event.details().clone(),
            settings: event.settings().clone(),
            status: event.status(),
            version: event.version(),
            ticket_types: event.ticket_types().iter().map(describe).collect(),
        }
    }
}
