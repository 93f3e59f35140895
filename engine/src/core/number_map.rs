//! A hash map by number that grows a little at a time.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hash};

use super::id::NumberHasher;

/// Entries a shard has on average before there is one more. Splitting one takes some ten microseconds.
const SHARD_ENTRIES: usize = 1_200;

/// A hash map keyed by a number that nobody outside can choose: one of those of [`super::id`], or made of one, or a keyed hash.
/// Looked up, never iterated where order could show.
///
/// A usual hash map moves all entries when it is full. With a million of them that takes hundreds of milliseconds, in
/// which the event serves nobody. This one has its entries in shards and splits one shard at a time (linear hashing,
/// Litwin 1980), so that no insertion moves more than one shard. An empty one holds no memory.
#[derive(Debug)]
pub struct NumberMap<K, V> {
    /// Shard `i` has the keys whose hash ends in the bits of `i`: as many bits as the largest index has, or one fewer
    /// where that index is still to come.
    shards: Vec<Shard<K, V>>,
    len: usize,
}

type Shard<K, V> = HashMap<K, V, BuildHasherDefault<NumberHasher>>;

impl<K, V> Default for NumberMap<K, V> {
    fn default() -> NumberMap<K, V> {
        NumberMap { shards: Vec::new(), len: 0 }
    }
}

impl<K: Copy + Eq + Hash, V> NumberMap<K, V> {
    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The value of `key`.
    pub fn get(&self, key: &K) -> Option<&V> {
        // Most lines are empty: nothing to hash for.
        if self.len == 0 {
            return None;
        }
        self.shards.get(self.shard_of(key))?.get(key)
    }

    /// The value of `key`, to change it.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let shard = self.shard_of(key);
        self.shards.get_mut(shard)?.get_mut(key)
    }

    /// The value of `key`, made where there is none.
    pub fn get_or_default(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        self.make_room();
        let shard = self.shard_of(&key);
        let len = &mut self.len;
        self.shards[shard].entry(key).or_insert_with(|| {
            *len += 1;
            V::default()
        })
    }

    /// Puts `value` at `key`. Returns the one that was there.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.make_room();
        let shard = self.shard_of(&key);
        let earlier = self.shards[shard].insert(key, value);
        self.len += usize::from(earlier.is_none());
        earlier
    }

    /// Takes the value of `key` out.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        if self.len == 0 {
            return None;
        }
        let shard = self.shard_of(key);
        let value = self.shards.get_mut(shard)?.remove(key)?;
        self.len -= 1;
        if self.len == 0 {
            self.shards = Vec::new();
        }
        Some(value)
    }

    /// All entries, in no order that means anything.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.shards.iter().flatten()
    }

    /// Splits one shard where they are full on average.
    fn make_room(&mut self) {
        if self.len < self.shards.len() * SHARD_ENTRIES {
            return;
        }
        let young = self.shards.len();
        self.shards.push(Shard::default());
        if young > 0 {
            let mask = (young + 1).next_power_of_two() - 1;
            let old = young & (mask >> 1);
            self.shards[young] = self.shards[old].extract_if(|key, _| spread(key) & mask == young).collect();
            // Half of its places are vacant now: it would keep them until it is split again.
            self.shards[old].shrink_to_fit();
        }
    }

    /// Where `key` is, or would be. Beyond the end where there are no shards.
    fn shard_of(&self, key: &K) -> usize {
        let mask = self.shards.len().next_power_of_two() - 1;
        let shard = spread(key) & mask;
        if shard < self.shards.len() { shard } else { shard & (mask >> 1) }
    }
}

/// The bits of the hash that choose a shard. Within a shard, the table goes by the lowest and the seven highest ones.
fn spread<K: Hash>(key: &K) -> usize {
    (BuildHasherDefault::<NumberHasher>::default().hash_one(key) >> 24) as usize & 0xFFFF_FFFF
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{NumberMap, SHARD_ENTRIES};
    use crate::core::id::UserNumber;

    /// Enough for several rounds of splits, one of them not finished.
    const COUNT: u32 = 20 * SHARD_ENTRIES as u32;

    #[test]
    fn entries_are_found_whatever_was_split_since() {
        let (mut map, mut expected) = (NumberMap::default(), BTreeMap::new());
        for number in 1..=COUNT {
            // A stride without a common divisor with the count meets everybody, and some twice.
            let user = UserNumber(number * 7_919 % COUNT);
            assert_eq!(map.insert(user, number), expected.insert(user, number));
            if number % 3 == 0 {
                let gone = UserNumber(number / 2);
                assert_eq!(map.remove(&gone), expected.remove(&gone));
            }
        }
        assert_eq!(map.len(), expected.len());
        assert!((0..COUNT).all(|user| map.get(&UserNumber(user)) == expected.get(&UserNumber(user))));
        let listed: BTreeMap<_, _> = map.iter().map(|(user, number)| (*user, *number)).collect();
        assert_eq!(listed, expected);
    }

    #[test]
    fn shards_stay_of_a_size() {
        let mut map = NumberMap::default();
        (0..COUNT).for_each(|user| *map.get_or_default(UserNumber(user)) = user);
        assert!(map.shards.iter().all(|shard| shard.len() < 3 * SHARD_ENTRIES), "no insertion moves many entries");
        assert!(map.shards.len() <= COUNT as usize / SHARD_ENTRIES + 1);
    }

    #[test]
    fn an_empty_map_holds_no_memory() {
        let mut map = NumberMap::default();
        assert_eq!(map.get(&UserNumber(1)), None);
        assert_eq!(map.remove(&UserNumber(1)), None);
        map.insert(UserNumber(1), ());
        map.remove(&UserNumber(1));
        assert!(map.is_empty() && map.shards.capacity() == 0);
    }
}
