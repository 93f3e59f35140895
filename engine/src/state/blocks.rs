//! The state as blocks of a snapshot, in one canonical order: equal states give equal bytes, so the hash over a
//! snapshot's blocks is the hash of the state.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{State, caught};
use crate::core::event::EventImage;
use crate::core::id::{EventNumber, Slug};
use crate::core::planted::{Bug, is_planted};
use crate::core::{Event, Sessions};
use crate::record::{decode, encode};

/// Rows a block has at most. A row is far below 1 KiB, but for remembered answers and names, which stay below 4 KiB.
const BLOCK_ROWS_MAX: usize = 2_048;

// The kinds of blocks. Rows of an event follow its own block.
const KIND_HEAD: u32 = 1;
const KIND_USERS: u32 = 2;
const KIND_SESSIONS: u32 = 3;
const KIND_EVENT_IDS: u32 = 4;
const KIND_EVENT: u32 = 5;
const KIND_HOLDS: u32 = 6;
const KIND_BOOKINGS: u32 = 7;
const KIND_QUEUE: u32 = 8;
const KIND_REMEMBERED: u32 = 9;
// Behind the users' names, and only where there is more to say of any.
const KIND_USER_RECORDS: u32 = 10;
// Behind an event's queue entries, and only where somebody is passed over.
const KIND_PASSED_OVER: u32 = 11;

/// Takes a block: its kind, and its bytes.
type Write<'a, E> = dyn FnMut(u32, &[u8]) -> Result<(), E> + 'a;

impl State {
    /// Hands all blocks to `write`, each with its kind.
    pub fn write_blocks<E>(&self, write: &mut Write<'_, E>) -> Result<(), E> {
        let mut blocks = BlockWriter { write, bytes: Vec::new() };
        blocks.one(KIND_HEAD, &(self.newest_ms, self.sessions.logins()))?;
        blocks.sessions(&self.sessions)?;
        blocks.rows(KIND_EVENT_IDS, self.event_ids.iter())?;
        self.events.values().try_for_each(|event| blocks.event(event))
    }

    /// Takes up one block; blocks come in the order in which they were written. The text says what is wrong with it.
    pub fn read_block(&mut self, kind: u32, bytes: &[u8]) -> Result<(), String> {
        caught(|| self.restore_block(kind, bytes))
    }

    fn restore_block(&mut self, kind: u32, bytes: &[u8]) -> Result<(), String> {
        match kind {
            KIND_HEAD => {
                let (newest_ms, logins) = decode(bytes).map_err(|error| error.to_string())?;
                self.newest_ms = newest_ms;
                // Whoever wrote it served.
                self.served_ms = newest_ms;
                self.sessions = Sessions::with_logins(logins);
            }
            KIND_USERS => rows(bytes, |name: String| self.sessions.restore_user(&name))?,
            KIND_USER_RECORDS => rows(bytes, |(user, record)| self.sessions.restore_record(user, record))?,
            KIND_SESSIONS => rows(bytes, |(number, session)| self.sessions.restore_session(number, session))?,
            KIND_EVENT_IDS => rows(bytes, |id: Slug| self.event_ids.push(id))?,
            KIND_EVENT => {
                let image: EventImage = decode(bytes).map_err(|error| error.to_string())?;
                let event = Event::from_image(image);
                self.events.insert(event.number(), event);
            }
            KIND_HOLDS => {
                let event = self.newest_event()?;
                rows(bytes, |row| event.restore_hold(row))?;
            }
            KIND_BOOKINGS => {
                let event = self.newest_event()?;
                rows(bytes, |row| event.restore_booking(row))?;
            }
            KIND_QUEUE => {
                let event = self.newest_event()?;
                rows(bytes, |row| event.restore_queue_entry(row))?;
            }
            KIND_PASSED_OVER => {
                let event = self.newest_event()?;
                rows(bytes, |row| event.restore_passed_over(row))?;
            }
            KIND_REMEMBERED => {
                let event = self.newest_event()?;
                rows(bytes, |row| event.restore_remembered(row))?;
            }
            _ => return Err(format!("a block of the unknown kind {kind}")),
        }
        Ok(())
    }

    fn newest_event(&mut self) -> Result<&mut Event, String> {
        let newest: Option<(&EventNumber, &mut Event)> = self.events.iter_mut().next_back();
        newest.map(|(_, event)| event).ok_or_else(|| "rows of an event before any event".to_owned())
    }
}

/// The hash of one event's blocks: equal events have equal hashes.
#[cfg(test)]
pub fn event_hash(event: &Event) -> blake3::Hash {
    hashed(|blocks| blocks.event(event))
}

/// The hash of the blocks of all users and sessions.
#[cfg(test)]
pub fn sessions_hash(sessions: &Sessions) -> blake3::Hash {
    hashed(|blocks| blocks.sessions(sessions))
}

#[cfg(test)]
fn hashed(
    write: impl FnOnce(&mut BlockWriter<'_, std::convert::Infallible>) -> Result<(), std::convert::Infallible>,
) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    let mut take = |kind: u32, bytes: &[u8]| {
        hasher.update(&kind.to_le_bytes()).update(bytes);
        Ok(())
    };
    let Ok(()) = write(&mut BlockWriter { write: &mut take, bytes: Vec::new() });
    hasher.finalize()
}

struct BlockWriter<'a, E> {
    write: &'a mut Write<'a, E>,
    bytes: Vec<u8>,
}

impl<E> BlockWriter<'_, E> {
    fn sessions(&mut self, sessions: &Sessions) -> Result<(), E> {
        self.rows(KIND_USERS, sessions.names())?;
        self.rows(KIND_USER_RECORDS, sessions.users().records())?;
        if is_planted(Bug::HashOrderInSnapshot) {
            let hashed: std::collections::HashMap<_, _> = sessions.live().collect();
            return self.rows(KIND_SESSIONS, hashed.into_iter());
        }
        self.rows(KIND_SESSIONS, sessions.live())
    }

    fn event(&mut self, event: &Event) -> Result<(), E> {
        self.one(KIND_EVENT, &event.image())?;
        self.rows(KIND_HOLDS, event.hold_rows())?;
        self.rows(KIND_BOOKINGS, event.booking_rows())?;
        self.rows(KIND_QUEUE, event.queue_rows())?;
        if !is_planted(Bug::PassedOverNotInSnapshot) {
            self.rows(KIND_PASSED_OVER, event.passed_over_rows())?;
        }
        if is_planted(Bug::KeysNotInSnapshot) {
            return Ok(());
        }
        self.rows(KIND_REMEMBERED, event.remembered_rows().into_iter())
    }

    fn one<T: Serialize>(&mut self, kind: u32, value: &T) -> Result<(), E> {
        self.bytes.clear();
        encode(value, &mut self.bytes);
        (self.write)(kind, &self.bytes)
    }

    fn rows<T: Serialize>(&mut self, kind: u32, mut rows: impl Iterator<Item = T>) -> Result<(), E> {
        loop {
            let block: Vec<T> = rows.by_ref().take(BLOCK_ROWS_MAX).collect();
            if block.is_empty() {
                return Ok(());
            }
            self.one(kind, &block)?;
        }
    }
}

fn rows<T: DeserializeOwned>(bytes: &[u8], take: impl FnMut(T)) -> Result<(), String> {
    let rows: Vec<T> = decode(bytes).map_err(|error| error.to_string())?;
    rows.into_iter().for_each(take);
    Ok(())
}
