//! An engine without threads: every turn, every write to the disk and every snapshot is a step that somebody takes. For
//! simulations, which decide by a seed what comes next.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::clock::ManualClock;
use crate::config::EngineConfig;
use crate::core::id::EventNumber;
use crate::event_turn::{self, TurnBuffers};
use crate::handle::EventHandle;
use crate::heartbeat::Heartbeat;
use crate::services::Services;
use crate::session_turn::{self, SessionHandle};
use crate::snapshotter::{SnapshotFailure, WrittenSnapshot, write_and_retire};
use crate::state::{SESSIONS, State};
use crate::storage::simulated::SimulatedDisk;
use crate::storage::{DataDirectory, StorageError};

use super::open::Work;
use super::{Engine, NewEvent, Workers};

/// Who wants a turn, and what turns need.
pub(crate) struct Steps {
    /// The actors whose doorbells were rung.
    rung: Arc<Mutex<BTreeSet<EventNumber>>>,
    heartbeat: Mutex<Heartbeat>,
    directory: DataDirectory,
}

impl Steps {
    pub(super) fn new(sessions: &SessionHandle, heartbeat: Heartbeat, directory: DataDirectory) -> Steps {
        let steps = Steps { rung: Arc::default(), heartbeat: Mutex::new(heartbeat), directory };
        sessions.connect(Box::new(steps.ring(SESSIONS)));
        steps
    }

    pub(super) fn connect_event(&self, handle: &EventHandle) {
        let ring = self.ring(handle.number);
        handle.connect(Box::new(move |_| ring()));
    }

    pub(super) fn snapshot(&self, services: &Services) -> Result<WrittenSnapshot, Arc<SnapshotFailure>> {
        write_and_retire(services, &self.directory).map_err(Arc::new)
    }

    fn ring(&self, number: EventNumber) -> impl Fn() + Send + Sync + use<> {
        let rung = Arc::clone(&self.rung);
        move || {
            rung.lock().unwrap_or_else(PoisonError::into_inner).insert(number);
        }
    }
}

impl Engine {
    /// An engine on a simulated disk, with an event on sale.
    pub(crate) fn with_event(event: NewEvent) -> Engine {
        let mut config = EngineConfig::default();
        config.journal.segment_bytes = 1 << 20;
        config.journal.batch_bytes_max = 512 << 10;
        let directory = DataDirectory::open_on(Arc::new(SimulatedDisk::new(5)), Path::new("/data")).unwrap();
        let clock = Arc::new(ManualClock::at(1_800_000_000_000));
        let engine = Engine::open_in(config, directory, clock, Work::ByHand).unwrap();
        engine.finish(engine.create_event("admin", None, event)).unwrap().answer.unwrap();
        engine
    }

    /// The actors that want a turn, by number; 0 is that of the sessions.
    pub(crate) fn rung(&self) -> Vec<EventNumber> {
        self.steps().rung.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    /// Gives an actor its turn.
    pub(crate) fn take_turn(&self, number: EventNumber) {
        self.steps().rung.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
        if number == SESSIONS {
            if session_turn::take_turn(&self.sessions, &self.services, &mut Vec::new()) {
                self.sessions.nudge();
            }
        } else if let Some(handle) = self.services.directory.find_number(number)
            && event_turn::take_turn(&handle, &self.services, &mut TurnBuffers::default())
        {
            handle.nudge();
        }
    }

    /// Waits for an answer: gives every actor that wants one its turn, and writes to the disk, between two looks.
    pub(crate) fn finish<T>(&self, answer: impl Future<Output = T>) -> T {
        let mut answer = pin!(answer);
        loop {
            if let Poll::Ready(answer) = answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                return answer;
            }
            self.rung().into_iter().for_each(|number| self.take_turn(number));
            self.write_journal().unwrap();
        }
    }

    /// Makes durable what was appended, and answers it.
    pub(crate) fn write_journal(&self) -> Result<(), StorageError> {
        self.services.journal.catch_up()
    }

    /// Seals the idle journal.
    pub(crate) fn seal_journal(&self) -> Result<(), StorageError> {
        self.services.journal.seal()
    }

    /// Beats the heart.
    pub(crate) fn beat(&self) -> Result<(), StorageError> {
        let now_ms = self.now_ms();
        self.steps().heartbeat.lock().unwrap_or_else(PoisonError::into_inner).beat(now_ms)
    }

    /// All events, by number.
    pub(crate) fn handles(&self) -> Vec<Arc<EventHandle>> {
        self.services.directory.all()
    }

    /// What a replay of the whole journal comes to; nothing where the disk fails.
    pub(crate) fn replay(&self) -> Option<State> {
        let mut state = State::default();
        let read = self.services.journal.read(0, &mut |first_seq, _, bytes| {
            state.apply_bytes(first_seq, bytes).expect("what was journaled can be applied");
            ControlFlow::Continue(())
        });
        read.ok().map(|()| state)
    }

    /// The hash of all sessions and users.
    pub(crate) fn sessions_hash(&self) -> blake3::Hash {
        self.sessions.look(crate::state::sessions_hash)
    }

    fn steps(&self) -> &Steps {
        match &self.workers {
            Workers::ByHand(steps) => steps,
            Workers::Threads { .. } => unreachable!("an engine with threads takes its own steps"),
        }
    }
}
