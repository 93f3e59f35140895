//! Turns the wheels: wakes the actors whose time has come, and keeps the heartbeat.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::census::Census;
use crate::clock::Stopwatch;
use crate::heartbeat::Heartbeat;
use crate::history::Sample;
use crate::pulse::WheelPulse;
use crate::services::{AbortOnPanic, Services};
use crate::session_turn::SessionHandle;
use crate::state::SESSIONS;

use super::Engine;

/// Who turns the wheels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wheels {
    /// A thread of the engine, every `wheel.tick_ms`.
    ByThread,
    /// Nobody but the caller of [`Engine::turn_wheels`]: for tests with a manual clock.
    ByHand,
}

/// The thread that turns the wheels.
pub(super) struct Ticker {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Shared {
    is_stopping: Mutex<bool>,
    stopped: Condvar,
}

impl Ticker {
    pub(super) fn start(
        wheels: Wheels,
        services: &Arc<Services>,
        sessions: &Arc<SessionHandle>,
        heartbeat: Heartbeat,
    ) -> std::io::Result<Ticker> {
        let shared = Arc::new(Shared::default());
        if wheels == Wheels::ByHand {
            return Ok(Ticker { shared, thread: Mutex::default() });
        }
        let (own, services, sessions) = (Arc::clone(&shared), Arc::clone(services), Arc::clone(sessions));
        let run = move || run(&own, &services, &sessions, heartbeat);
        let thread = std::thread::Builder::new().name("holdfast-wheel".to_owned()).spawn(run)?;
        Ok(Ticker { shared, thread: Mutex::new(Some(thread)) })
    }

    pub(super) fn stop(&self) {
        *self.shared.is_stopping.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.shared.stopped.notify_all();
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take()
            && thread.join().is_err()
        {
            tracing::error!("the wheel's thread panicked");
        }
    }
}

impl Engine {
    /// Wakes the actors whose time has come. The engine's own thread does this all the time, unless it was opened with
    /// [`Wheels::ByHand`].
    pub fn turn_wheels(&self) {
        turn_wheels(&self.services, &self.sessions);
    }

    /// Whether the thread that turns the wheels is alive, for who looks again and again.
    pub fn wheel_pulse(&self) -> WheelPulse {
        self.services.pulse.look()
    }
}

fn run(shared: &Shared, services: &Services, sessions: &SessionHandle, mut heartbeat: Heartbeat) {
    // Without this thread nothing would expire any more.
    let _guard = AbortOnPanic(services);
    let tick = Duration::from_millis(services.config.wheel.tick_ms);
    let mut is_stopping = shared.is_stopping.lock().unwrap_or_else(PoisonError::into_inner);
    let mut last_turn = Stopwatch::start();
    while !*is_stopping {
        services.metrics.wheels_turned(last_turn.elapsed().saturating_sub(tick));
        last_turn = Stopwatch::start();
        turn_wheels(services, sessions);
        let now_ms = services.clock.now_ms();
        if let Err(error) = services.pulse.at_disk(|| heartbeat.beat(now_ms)) {
            tracing::warn!(%error, "no heartbeat was written; after a restart, live holds may get back more time than was lost");
        }
        is_stopping = shared.stopped.wait_timeout(is_stopping, tick).unwrap_or_else(PoisonError::into_inner).0;
    }
}

fn turn_wheels(services: &Services, sessions: &SessionHandle) {
    let now_ms = services.clock.now_ms();
    services.pressure.look_at_disk(services.journal.frame_in_flight(), now_ms);
    if services.history.is_due(now_ms) {
        services.history.keep(take_sample(services, now_ms));
    }
    for number in services.alarms.due(now_ms) {
        if number == SESSIONS {
            sessions.nudge();
        } else if let Some(event) = services.directory.find_number(number) {
            event.nudge();
        }
    }
    services.pulse.turned(now_ms);
}

fn take_sample(services: &Services, now_ms: u64) -> Sample {
    let Census { totals, .. } = Census::of(&services.directory);
    Sample { at_ms: now_ms, totals, sessions: services.sessions.len() as u64, tally: services.tally.so_far() }
}
