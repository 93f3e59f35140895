//! Everything that is durable, as one value: what recovery builds, what a snapshot holds.

mod blocks;

#[cfg(test)]
pub use blocks::{event_hash, sessions_hash};

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::core::change::{Change, Record, ShiftReason};
use crate::core::id::{EventNumber, Slug};
use crate::core::{Event, Sessions};
use crate::record::decode_record;

/// The number that stands for the sessions in a record.
pub const SESSIONS: EventNumber = EventNumber(0);

/// All sessions and all events.
#[derive(Debug, Default)]
pub struct State {
    /// Who is logged in.
    pub sessions: Sessions,
    /// The events that exist, by number.
    pub events: BTreeMap<EventNumber, Event>,
    /// The id of every event there ever was: that of number `n` at index `n - 1`. The audit trail names removed ones.
    pub event_ids: Vec<Slug>,
    /// The time of the newest change, in milliseconds since the Unix epoch.
    pub newest_ms: u64,
    /// The newest time at which a process is known to have served: that of the newest change, but for the downtime credits
    /// that a start begins with. It may have crashed before it had given them all.
    pub served_ms: u64,
    /// Until when the downtime before `served_ms` is made good already, by event.
    pub credited_ms: BTreeMap<EventNumber, u64>,
}

impl State {
    /// Applies one record of the journal, whose first change has the number `first_seq`. The text says why it cannot
    /// follow from this state.
    pub fn apply_bytes(&mut self, first_seq: u64, bytes: &[u8]) -> Result<(), String> {
        let record = decode_record(bytes).map_err(|error| error.to_string())?;
        caught(|| {
            self.apply(first_seq, &record);
            Ok(())
        })
    }

    /// Applies one record. Live traffic ran the same `evolve` when it wrote it.
    ///
    /// # Panics
    ///
    /// Where the record cannot follow from this state.
    pub fn apply(&mut self, first_seq: u64, record: &Record) {
        self.newest_ms = self.newest_ms.max(record.at_ms);
        if is_downtime_credit(&record.changes) {
            self.credited_ms.insert(record.event, record.at_ms);
        } else {
            self.served_ms = self.served_ms.max(record.at_ms);
        }
        if record.event == SESSIONS {
            record.changes.iter().for_each(|change| self.sessions.evolve(record.at_ms, change));
            return;
        }
        let last_seq = first_seq + record.changes.len() as u64 - 1;
        for change in &record.changes {
            if let Change::EventCreated(created) = change {
                self.event_ids.push(created.id.clone());
                assert!(record.event.0 as usize == self.event_ids.len(), "event {} out of order", record.event.0);
                self.events.insert(record.event, Event::new(record.event, created));
                continue;
            }
            let event = self.events.get_mut(&record.event).expect("a change of an event that exists");
            event.evolve(record.at_ms, change);
            if let Change::AnswerRemembered(answer) = change {
                event.journaled(answer.scope, last_seq);
            }
        }
        // After the whole record: the audit entry of a removal comes behind it.
        if self.events.get(&record.event).is_some_and(Event::is_deleted) {
            self.events.remove(&record.event);
        }
    }

    /// Recounts everything; the text names the first thing that does not add up.
    pub fn check_invariants(&self) -> Result<(), String> {
        self.sessions.check_invariants()?;
        for (number, event) in &self.events {
            event.check_invariants()?;
            if self.event_ids.get(number.0 as usize - 1) != Some(event.id()) {
                return Err(format!("event {} is known under another id", event.id()));
            }
            if let Some(stranger) = event.users().find(|user| self.sessions.name(*user).is_none()) {
                return Err(format!("event {}: user {} has never logged in", event.id(), stranger.0));
            }
        }
        Ok(())
    }
}

fn is_downtime_credit(changes: &[Change]) -> bool {
    matches!(changes, [Change::ClocksShifted { reason: ShiftReason::Downtime, .. }])
}

/// The core asserts. While a state is being rebuilt it serves nobody yet, so a broken assertion is told as text: the caller
/// knows the file and the place.
fn caught(rebuild: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(rebuild)).unwrap_or_else(|panic| {
        Err(match panic.downcast_ref::<String>() {
            Some(text) => text.clone(),
            None => panic.downcast_ref::<&str>().unwrap_or(&"it cannot follow").to_string(),
        })
    })
}

#[cfg(test)]
mod tests;
