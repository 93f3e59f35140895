//! The bounded mailbox of an actor.
//!
//! actix wakes the actor, and nothing more: what is asked of it waits here. One message to the actor ("the doorbell")
//! stands for everything in the inbox, so that a thousand commands cost one wake-up, the bound is exact however many
//! senders there are, and a share of the places can be kept for those who pay or give back. (An actix mailbox holds one
//! message a wake-up, gives each clone of an address a slot beyond its bound, and knows no shares.)

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The inbox is full; nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// Who may take which place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Anything that takes tickets: may fill the inbox up to the reserved share.
    Ordinary,
    /// What gives tickets a final home or frees them: may fill it to the brim.
    Completion,
    /// The engine's own: never refused. There are few of these, and each stands for work that was accepted before.
    Internal,
}

/// The memory of an inbox that had no more places than this is given back as soon as nothing waits: most inboxes of many
/// are idle. One that has had more waiting at once will have them again.
const IDLE_CAPACITY_MAX: usize = 16;

/// A bounded queue with a doorbell.
#[derive(Debug)]
pub struct Inbox<T> {
    waiting: Mutex<Waiting<T>>,
    /// The most items of any lane but the internal one.
    capacity: u32,
    /// How many of those places only completions may take.
    reserved: u32,
}

#[derive(Debug)]
struct Waiting<T> {
    items: VecDeque<T>,
    /// The actor has been told, and has not looked yet.
    is_rung: bool,
}

impl<T> Inbox<T> {
    /// An empty inbox of `capacity` places, `reserved` of them for completions.
    pub fn new(capacity: u32, reserved: u32) -> Inbox<T> {
        assert!(reserved < capacity, "an inbox without ordinary places");
        Inbox { waiting: Mutex::new(Waiting { items: VecDeque::new(), is_rung: false }), capacity, reserved }
    }

    /// Puts `item` at the end. `Ok(true)` asks the sender to ring the actor's doorbell.
    pub fn push(&self, item: T, lane: Lane) -> Result<bool, Full> {
        let mut waiting = self.lock();
        let places = match lane {
            Lane::Ordinary => self.capacity - self.reserved,
            Lane::Completion => self.capacity,
            Lane::Internal => u32::MAX,
        };
        if waiting.items.len() >= places as usize {
            return Err(Full);
        }
        waiting.items.push_back(item);
        Ok(!std::mem::replace(&mut waiting.is_rung, true))
    }

    /// Asks for a turn without an item. `true` asks the sender to ring.
    pub fn nudge(&self) -> bool {
        !std::mem::replace(&mut self.lock().is_rung, true)
    }

    /// Whether the actor is to take a turn: it was told, or nobody was there to be told.
    pub fn is_rung(&self) -> bool {
        self.lock().is_rung
    }

    /// Moves up to `most` items to `batch`, oldest first. `true` if some are left.
    pub fn take(&self, most: usize, batch: &mut Vec<T>) -> bool {
        let mut waiting = self.lock();
        let count = waiting.items.len().min(most);
        batch.extend(waiting.items.drain(..count));
        waiting.is_rung = false;
        if waiting.items.is_empty() && waiting.items.capacity() <= IDLE_CAPACITY_MAX {
            waiting.items = VecDeque::new();
        }
        !waiting.items.is_empty()
    }

    /// How many items wait.
    pub fn len(&self) -> usize {
        self.lock().items.len()
    }

    /// Drops everything that waits.
    pub fn clear(&self) {
        self.lock().items.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<T>> {
        // Nothing in here can panic half-way; what a poisoned lock guards is whole.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{Full, Inbox, Lane};

    #[test]
    fn a_share_of_a_full_inbox_is_kept_for_completions() {
        let inbox = Inbox::new(3, 1);
        assert_eq!(inbox.push(1, Lane::Ordinary), Ok(true));
        assert_eq!(inbox.push(2, Lane::Ordinary), Ok(false), "one ring stands for all");
        assert_eq!(inbox.push(3, Lane::Ordinary), Err(Full));
        assert_eq!(inbox.push(4, Lane::Completion), Ok(false));
        assert_eq!(inbox.push(5, Lane::Completion), Err(Full));
        assert_eq!(inbox.push(6, Lane::Internal), Ok(false));
        let mut batch = Vec::new();
        assert!(inbox.take(3, &mut batch), "one is left");
        assert_eq!(batch, [1, 2, 4]);
        assert!(inbox.nudge(), "the actor has looked, and must be rung again");
    }
}
