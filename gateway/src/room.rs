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
        if let Some((owner, most)) = bound {
            let of_owner = by_owner.entry(owner).or_default();
            if *of_owner >= most {
                return Err(TooMany::OfOwner);
            }
            *of_owner += 1;
        }
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

impl<K: Copy + Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        let mut by_owner = self.room.by_owner();
        self.room.in_all.fetch_sub(1, Ordering::Relaxed);
        if let Some(owner) = self.owner
            && let Some(of_owner) = by_owner.get_mut(&owner)
        {
            *of_owner -= 1;
            if *of_owner == 0 {
                by_owner.remove(&owner);
            }
        }
    }
}
