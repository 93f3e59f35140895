//! An ordered map whose keys are counted up, of which the old ones go sooner or later.

use std::collections::BTreeMap;

use super::row_chunk::{CHUNK_ROWS, RowChunk};

/// Rows by number, in order. A usual ordered map whose keys come in order has its nodes half empty; this one has rows of
/// neighbouring numbers in one allocation, and one entry for all of them. Numbers that are gone take no memory.
#[derive(Debug)]
pub struct RowMap<T> {
    /// The chunk `i` has the rows `16 i` to `16 i + 15`; there is none where all of them are vacant.
    chunks: BTreeMap<u64, Box<RowChunk<T>>>,
    /// Rows in the map.
    len: usize,
}

impl<T> Default for RowMap<T> {
    fn default() -> RowMap<T> {
        RowMap { chunks: BTreeMap::new(), len: 0 }
    }
}

impl<T> RowMap<T> {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The row of `number`.
    pub fn get(&self, number: u64) -> Option<&T> {
        let (chunk, row) = place(number);
        self.chunks.get(&chunk)?.get(row)
    }

    /// The row of `number`, to change it.
    pub fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        let (chunk, row) = place(number);
        self.chunks.get_mut(&chunk)?.get_mut(row)
    }

    /// Puts `value` at `number`. Returns the one that was there.
    pub fn insert(&mut self, number: u64, value: T) -> Option<T> {
        let (chunk, row) = place(number);
        let earlier = self.chunks.entry(chunk).or_default().insert(row, value);
        self.len += usize::from(earlier.is_none());
        earlier
    }

    /// Takes the row of `number` out, and gives its chunk back with its last row.
    pub fn remove(&mut self, number: u64) -> Option<T> {
        let (index, row) = place(number);
        let chunk = self.chunks.get_mut(&index)?;
        let value = chunk.remove(row)?;
        if chunk.is_empty() {
            self.chunks.remove(&index);
        }
        self.len -= 1;
        Some(value)
    }

    /// All rows from `first` on, by number.
    pub fn iter_from(&self, first: u64) -> impl Iterator<Item = (u64, &T)> {
        let (first_chunk, _) = place(first);
        self.chunks.range(first_chunk..).flat_map(move |(index, chunk)| {
            let rows = chunk.iter().map(move |(row, value)| (index * CHUNK_ROWS as u64 + row as u64, value));
            rows.filter(move |(number, _)| *number >= first)
        })
    }

    /// All rows, by number.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        self.iter_from(0)
    }
}

/// The chunk of a number, and its row in it.
pub fn place(number: u64) -> (u64, usize) {
    (number / CHUNK_ROWS as u64, (number % CHUNK_ROWS as u64) as usize)
}

#[cfg(test)]
mod tests {
    use super::RowMap;

    #[test]
    fn rows_come_and_go_and_keep_their_order() {
        let mut map = RowMap::default();
        for number in [1, 15, 16, 17, u64::MAX] {
            assert_eq!(map.insert(number, number), None);
        }
        assert_eq!((map.insert(17, 18), map.get(17), map.get(2)), (Some(17), Some(&18), None));
        assert_eq!((map.remove(16), map.remove(16), map.len()), (Some(16), None, 4));
        assert_eq!(map.iter().map(|(number, _)| number).collect::<Vec<_>>(), [1, 15, 17, u64::MAX]);
        assert_eq!(map.iter_from(15).map(|(number, _)| number).collect::<Vec<_>>(), [15, 17, u64::MAX]);
    }

    #[test]
    fn an_empty_map_holds_no_memory() {
        let mut map = RowMap::default();
        map.insert(5, ());
        map.remove(5);
        assert!(map.is_empty() && map.chunks.is_empty());
    }
}
