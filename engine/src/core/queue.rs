//! The FIFO login queue of a ticket type.

mod places;
mod window;

use std::num::NonZeroU32;

use super::id::{LoginSeq, UserNumber};
use super::user_map::UserMap;
use places::Places;
use window::Window;

/// A user waiting in line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueEntry {
    /// Who waits.
    pub user: UserNumber,
    /// The session they joined with.
    pub session: LoginSeq,
    /// How many tickets they want.
    pub quantity: NonZeroU32,
    /// The fewest they would take; `None` means all or nothing.
    pub min_quantity: Option<NonZeroU32>,
    /// When they joined, in milliseconds since the Unix epoch.
    pub joined_at_ms: u64,
}

/// Where somebody stands in line, found with one look-up.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// What they wait for.
    pub entry: &'a QueueEntry,
    /// How many wait ahead.
    pub ahead: usize,
    /// How many are served before them; `None` where they are passed over.
    pub eligible_ahead: Option<usize>,
}

/// Strictly first come, first served. Entries get ordinals 0, 1, 2 … in the order of joining; since logins reach an
/// event in the order of `login_seq`, those of logins stand in that order too. A user has at most one entry.
///
/// Who is passed over keeps the place: they are counted as ahead, but not served.
///
/// Joining, leaving, being passed over and returning, the next to be served, a place: O(log n).
#[derive(Debug, Default)]
pub struct LoginQueue {
    /// The entries.
    window: Window,
    /// Counts who waits before an ordinal.
    places: Places,
    /// The same without those who are passed over.
    eligible: Places,
    /// Where each waiting user stands.
    ordinals: UserMap<u32>,
}

impl LoginQueue {
    /// How many wait.
    pub fn len(&self) -> usize {
        self.ordinals.len()
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.ordinals.is_empty()
    }

    /// How many wait and are not passed over.
    pub fn eligible_len(&self) -> usize {
        self.eligible.len()
    }

    /// The entry that has waited longest.
    pub fn head(&self) -> Option<&QueueEntry> {
        self.window.get(self.places.first()?)
    }

    /// The entry that is served next: the first of those that are not passed over.
    pub fn next_eligible(&self) -> Option<&QueueEntry> {
        self.window.get(self.eligible.first()?)
    }

    /// The entry of `user`.
    pub fn entry(&self, user: UserNumber) -> Option<&QueueEntry> {
        self.window.get(*self.ordinals.get(user)?)
    }

    /// The place of `user`.
    pub fn place(&self, user: UserNumber) -> Option<Place<'_>> {
        let ordinal = *self.ordinals.get(user)?;
        let is_eligible = self.eligible.contains(ordinal);
        Some(Place {
            entry: self.window.get(ordinal)?,
            ahead: self.places.count_before(ordinal),
            eligible_ahead: is_eligible.then(|| self.eligible.count_before(ordinal)),
        })
    }

    /// How many are served before `user`, or, for somebody who does not wait, how many are to be served at all.
    pub fn eligible_ahead_of(&self, user: UserNumber) -> usize {
        self.ordinals.get(user).map_or(self.eligible.len(), |ordinal| self.eligible.count_before(*ordinal))
    }

    /// Whether `user` waits and is passed over.
    pub fn is_passed_over(&self, user: UserNumber) -> bool {
        let has_any = self.eligible.len() < self.len();
        has_any && self.ordinals.get(user).is_some_and(|ordinal| !self.eligible.contains(*ordinal))
    }

    /// From now on, `user` is not served, and keeps the place. They must wait, and not be passed over yet.
    pub fn pass_over(&mut self, user: UserNumber) {
        let ordinal = *self.ordinals.get(user).expect("who is passed over waits");
        self.eligible.remove(ordinal);
    }

    /// `user`, who was passed over, is served again in their turn.
    pub fn take_back(&mut self, user: UserNumber) {
        let ordinal = *self.ordinals.get(user).expect("who returns waits");
        self.eligible.insert(ordinal);
    }

    /// Who is passed over, in order.
    pub fn passed_over(&self) -> impl Iterator<Item = &QueueEntry> {
        let has_any = self.eligible.len() < self.len();
        self.iter().filter(move |entry| has_any && self.is_passed_over(entry.user))
    }

    /// The ordinal of `user`, if they wait.
    pub fn ordinal(&self, user: UserNumber) -> Option<u32> {
        self.ordinals.get(user).copied()
    }

    /// The places from the ordinal `first` on, in order, with their ordinals; `None` where somebody left. The ordinal of
    /// an entry stays as it is, whoever joins or leaves.
    pub fn places_from(&self, first: u32) -> impl Iterator<Item = (u32, Option<&QueueEntry>)> {
        let head = self.places.first().unwrap_or(self.window.next_ordinal());
        (first.max(head)..self.window.next_ordinal()).map(|ordinal| (ordinal, self.window.get(ordinal)))
    }

    /// Puts `entry` at the end. Its user must not wait yet.
    pub fn join(&mut self, entry: QueueEntry) {
        let ordinal = self.window.push(entry);
        let earlier = self.ordinals.insert(entry.user, ordinal);
        assert!(earlier.is_none(), "user {} joined twice", entry.user.0);
        self.places.insert(ordinal);
        self.eligible.insert(ordinal);
    }

    /// Takes the entry of `user` out, wherever it stands.
    pub fn leave(&mut self, user: UserNumber) -> Option<QueueEntry> {
        let ordinal = self.ordinals.remove(user)?;
        self.places.remove(ordinal);
        if self.eligible.contains(ordinal) {
            self.eligible.remove(ordinal);
        }
        let entry = self.window.take(ordinal);
        assert!(entry.is_some(), "entry of user {} vanished", user.0);
        self.places.forget_before(self.window.begin());
        self.eligible.forget_before(self.window.begin());
        entry
    }

    /// All entries in order.
    pub fn iter(&self) -> impl Iterator<Item = &QueueEntry> {
        self.places_from(0).filter_map(|(_, entry)| entry)
    }
}

#[cfg(test)]
mod tests;
