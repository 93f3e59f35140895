//! Room for so many at once, and of them for so many of one owner.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Room for so many at once.
pub struct Room<K> {
    most: u32,
    /// How many are in. Changed only under the lock of `by_owner`.
    in_all: Arc<AtomicU32>,
    /// Only owners who have a place, and only those that are bounded.
    by_owner: Mutex<HashMap<K, u32>>,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooMany {
    /// There are as many as may be in all.
    InAll,
    /// Their owner has as many as one may have.
    OfOwner,
}

/// A place, given back when this is dropped.
#[must_use]
pub struct Place<K: Copy + Eq + Hash> {
    room: Arc<Room<K>>,
    /// Whose it is, where that is bounded.
    owner: Option<K>,
}

impl<K: Copy + Eq + Hash> Room<K> {
    /// An empty room with `most` places. `in_all` is kept at how many are taken.
    pub fn new(most: u32, in_all: Arc<AtomicU32>) -> Room<K> {
        Room { most, in_all, by_owner: Mutex::default() }
    }

    /// A place; `bound` says whose it is and how many they may have, where that is bounded.
    ///
    /// # Errors
    ///
    /// Nothing was taken: there are too many.
    pub fn take(self: &Arc<Self>, bound: Option<(K, u32)>) -> Result<Place<K>, TooMany> {
        let mut by_owner = self.by_owner();
        if self.in_all.load(Ordering::Relaxed) >= self.most {
            return Err(TooMany::InAll);
        }
        count_in(&mut by_owner, bound)?;
        self.in_all.fetch_add(1, Ordering::Relaxed);
        Ok(Place { room: Arc::clone(self), owner: bound.map(|(owner, _)| owner) })
    }

    /// How many places are taken, and how many bounded owners have them.
    #[cfg(test)]
    pub fn taken(&self) -> (u32, usize) {
        (self.in_all.load(Ordering::Relaxed), self.by_owner().len())
    }

    fn by_owner(&self) -> MutexGuard<'_, HashMap<K, u32>> {
        self.by_owner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Copy + Eq + Hash> Place<K> {
    /// Makes it the place of the owner of `bound`, without a moment in which it is nobody's.
    ///
    /// # Errors
    ///
    /// It is whose it was: the new owner has too many.
    pub fn pass_on(&mut self, bound: Option<(K, u32)>) -> Result<(), TooMany> {
        let mut by_owner = self.room.by_owner();
        count_in(&mut by_owner, bound)?;
        count_out(&mut by_owner, self.owner);
        self.owner = bound.map(|(owner, _)| owner);
        Ok(())
    }
}

impl<K: Copy + Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        let mut by_owner = self.room.by_owner();
        self.room.in_all.fetch_sub(1, Ordering::Relaxed);
        count_out(&mut by_owner, self.owner);
    }
}

fn count_in<K: Copy + Eq + Hash>(by_owner: &mut HashMap<K, u32>, bound: Option<(K, u32)>) -> Result<(), TooMany> {
    let Some((owner, most)) = bound else { return Ok(()) };
    let of_owner = by_owner.get(&owner).copied().unwrap_or_default();
    if of_owner >= most {
        return Err(TooMany::OfOwner);
    }
    by_owner.insert(owner, of_owner + 1);
    Ok(())
}

fn count_out<K: Copy + Eq + Hash>(by_owner: &mut HashMap<K, u32>, owner: Option<K>) {
    if let Some(owner) = owner
        && let Some(of_owner) = by_owner.get_mut(&owner)
    {
        *of_owner -= 1;
        if *of_owner == 0 {
            by_owner.remove(&owner);
        }
    }
}
