//! Wakes actors when their time comes: one alarm an actor, on a wheel of its own.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::core::id::EventNumber;
use crate::core::table::NumberedTable;
use crate::wheel::{Due, TimerKey, Wheel};

/// The most actors woken in one go.
const WAKES_MAX: usize = 4_096;

/// When each actor next wants a turn. Number 0 is that of the sessions.
#[derive(Debug)]
pub struct Alarms {
    armed: Mutex<Armed>,
}

#[derive(Debug)]
struct Armed {
    wheel: Wheel,
    by_number: NumberedTable<(TimerKey, u64)>,
}

impl Alarms {
    /// No alarms.
    pub fn new(now_ms: u64) -> Alarms {
        Alarms { armed: Mutex::new(Armed { wheel: Wheel::new(now_ms), by_number: NumberedTable::default() }) }
    }

    /// Wakes the actor of `number` at `wake_at_ms` (milliseconds since the Unix epoch), or not at all. Replaces its
    /// earlier alarm.
    pub fn set(&self, number: EventNumber, wake_at_ms: Option<u64>) {
        let mut armed = self.lock();
        if armed.by_number.get(number.0).map(|(_, at_ms)| *at_ms) == wake_at_ms {
            return;
        }
        if let Some((key, _)) = armed.by_number.remove(number.0) {
            armed.wheel.cancel(key);
        }
        if let Some(at_ms) = wake_at_ms {
            let key = armed.wheel.insert(at_ms, number.0);
            armed.by_number.insert(number.0, (key, at_ms));
        }
    }

    /// The actors whose time has come. Their alarms are gone; each sets its next one in the turn it gets.
    pub fn due(&self, now_ms: u64) -> Vec<EventNumber> {
        let mut armed = self.lock();
        let mut due: Vec<Due> = Vec::new();
        while armed.wheel.poll(now_ms, WAKES_MAX, &mut due) {}
        for due in &due {
            armed.by_number.remove(due.token);
        }
        due.into_iter().map(|due| EventNumber(due.token)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Armed> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
