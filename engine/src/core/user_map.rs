//! A map by user: those who came one after the other share an entry.

use super::id::UserNumber;
use super::number_map::NumberMap;

/// How many users, of numbers that follow each other, share an entry: as many as `present` has bits.
pub const NEIGHBOURS: u32 = u64::BITS;

/// What is known by user. Looked up, never iterated where order could show.
///
/// Who comes to a sale has mostly come with many others, so their numbers follow each other. Sixty-four such users have one
/// entry in a hash table, and what is known of them stands side by side, without vacancies: a fraction of the memory that a
/// hash table takes for each, half empty at times, and less to be missed by the caches. One who comes alone costs a few
/// dozen bytes more than there.
/// As in [`NumberMap`], no insertion moves more than a little, and an empty map holds no memory.
#[derive(Debug)]
pub struct UserMap<V> {
    /// Users `64 i` to `64 i + 63` at `i`; no entry where none of them is known.
    neighbours: NumberMap<u32, Neighbours<V>>,
    /// How many users are known.
    len: usize,
}

/// Up to sixty-four users.
#[derive(Debug)]
struct Neighbours<V> {
    /// Which of them are known, a bit each.
    present: u64,
    /// What is known of those, in the order of their numbers.
    values: Vec<V>,
}

impl<V> Default for UserMap<V> {
    fn default() -> UserMap<V> {
        UserMap { neighbours: NumberMap::default(), len: 0 }
    }
}

impl<V> Default for Neighbours<V> {
    fn default() -> Neighbours<V> {
        Neighbours { present: 0, values: Vec::new() }
    }
}

impl<V> UserMap<V> {
    /// How many users are known.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no user is known.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The value of `user`.
    pub fn get(&self, user: UserNumber) -> Option<&V> {
        let (index, bit) = place(user);
        let neighbours = self.neighbours.get(&index)?;
        neighbours.values.get(neighbours.find(bit).ok()?)
    }

    /// The value of `user`, to change it.
    pub fn get_mut(&mut self, user: UserNumber) -> Option<&mut V> {
        let (index, bit) = place(user);
        let neighbours = self.neighbours.get_mut(&index)?;
        let rank = neighbours.find(bit).ok()?;
        neighbours.values.get_mut(rank)
    }

    /// The value of `user`, made where there is none.
    pub fn get_or_default(&mut self, user: UserNumber) -> &mut V
    where
        V: Default,
    {
        let (index, bit) = place(user);
        let neighbours = self.neighbours.get_or_default(index);
        let rank = neighbours.find(bit).unwrap_or_else(|rank| {
            self.len += 1;
            neighbours.insert(bit, rank, V::default())
        });
        &mut neighbours.values[rank]
    }

    /// Puts `value` at `user`. Returns the one that was there.
    pub fn insert(&mut self, user: UserNumber, value: V) -> Option<V> {
        let (index, bit) = place(user);
        let neighbours = self.neighbours.get_or_default(index);
        match neighbours.find(bit) {
            Ok(rank) => Some(std::mem::replace(&mut neighbours.values[rank], value)),
            Err(rank) => {
                neighbours.insert(bit, rank, value);
                self.len += 1;
                None
            }
        }
    }

    /// Takes the value of `user` out.
    pub fn remove(&mut self, user: UserNumber) -> Option<V> {
        let (index, bit) = place(user);
        let neighbours = self.neighbours.get_mut(&index)?;
        let value = neighbours.remove(bit)?;
        if neighbours.present == 0 {
            self.neighbours.remove(&index);
        }
        self.len -= 1;
        Some(value)
    }

    /// All users with their values, in no order that means anything.
    pub fn iter(&self) -> impl Iterator<Item = (UserNumber, &V)> {
        self.neighbours.iter().flat_map(|(index, neighbours)| {
            let rows = (0..NEIGHBOURS).filter(|row| neighbours.present & (1 << row) != 0);
            rows.map(move |row| UserNumber(index * NEIGHBOURS + row)).zip(&neighbours.values)
        })
    }
}

impl<V> Neighbours<V> {
    /// Where among the values that of `bit` stands, or would stand.
    fn find(&self, bit: u64) -> Result<usize, usize> {
        let rank = (self.present & (bit - 1)).count_ones() as usize;
        if self.present & bit == 0 { Err(rank) } else { Ok(rank) }
    }

    /// Puts in the value of `bit`, which has none. Returns `rank`, its place.
    fn insert(&mut self, bit: u64, rank: usize, value: V) -> usize {
        // By half, from one on, and never to more than there can be: a vector takes four at the least, and then twice as many.
        let len = self.values.len();
        if len == self.values.capacity() {
            self.values.reserve_exact((len / 2).clamp(1, NEIGHBOURS as usize - len));
        }
        self.present |= bit;
        self.values.insert(rank, value);
        rank
    }

    fn remove(&mut self, bit: u64) -> Option<V> {
        let rank = self.find(bit).ok()?;
        self.present &= !bit;
        let value = self.values.remove(rank);
        // What is left of many does not keep their memory.
        if self.values.len() <= self.values.capacity() / 4 {
            self.values.shrink_to(2 * self.values.len());
        }
        Some(value)
    }
}

/// Where a user's entry is, and the user's bit in it.
fn place(user: UserNumber) -> (u32, u64) {
    (user.0 / NEIGHBOURS, 1 << (user.0 % NEIGHBOURS))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::UserMap;
    use crate::core::id::UserNumber;

    const COUNT: u32 = 40_000;

    #[test]
    fn values_are_found_whoever_came_and_went() {
        let (mut map, mut expected) = (UserMap::default(), BTreeMap::new());
        for number in 1..=COUNT {
            // A stride without a common divisor with the count meets everybody, and some twice.
            let user = UserNumber(number * 7_919 % COUNT);
            assert_eq!(map.insert(user, number), expected.insert(user, number));
            if number % 3 == 0 {
                let gone = UserNumber(number / 2);
                assert_eq!(map.remove(gone), expected.remove(&gone));
            }
            if number % 5 == 0 {
                let other = UserNumber(number / 3);
                *map.get_or_default(other) += 1;
                *expected.entry(other).or_default() += 1;
            }
        }
        assert_eq!(map.len(), expected.len());
        assert!((0..COUNT).all(|user| map.get(UserNumber(user)) == expected.get(&UserNumber(user))));
        let listed: BTreeMap<_, _> = map.iter().map(|(user, number)| (user, *number)).collect();
        assert_eq!(listed, expected);
    }

    #[test]
    fn an_empty_map_holds_no_memory() {
        let mut map = UserMap::default();
        assert_eq!(map.get(UserNumber(1)), None);
        assert_eq!(map.remove(UserNumber(1)), None);
        (0..64).for_each(|user| assert_eq!(map.insert(UserNumber(user), user), None));
        (1..64).for_each(|user| assert_eq!(map.remove(UserNumber(user)), Some(user)));
        let left = map.neighbours.get(&0).expect("one is left");
        assert_eq!((map.len(), map.neighbours.len()), (1, 1));
        assert!(left.values.capacity() <= 4, "what is left of many does not keep the memory of all");
        assert_eq!(map.remove(UserNumber(0)), Some(0));
        assert!(map.is_empty() && map.neighbours.is_empty());
    }
}
