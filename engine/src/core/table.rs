//! A table whose keys are counted up from 1 and never reused.

use super::row_chunk::{CHUNK_ROWS, RowChunk};

/// Rows by number: constant time to insert, find and remove, no hashing, and memory only for chunks with a row in them.
#[derive(Debug)]
pub struct NumberedTable<T> {
    /// Chunk `i` has the rows `16 i` to `16 i + 15`; `None` where all of them are vacant.
    chunks: Vec<Option<Box<RowChunk<T>>>>,
    /// Rows in the table.
    len: usize,
}

impl<T> Default for NumberedTable<T> {
    fn default() -> NumberedTable<T> {
        NumberedTable { chunks: Vec::new(), len: 0 }
    }
}

impl<T> NumberedTable<T> {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The row of `number`.
    pub fn get(&self, number: u32) -> Option<&T> {
        let (chunk, row) = place(number);
        self.chunks.get(chunk)?.as_ref()?.get(row)
    }

    /// The row of `number`, to change it.
    pub fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        let (chunk, row) = place(number);
        self.chunks.get_mut(chunk)?.as_mut()?.get_mut(row)
    }

    /// Puts `value` at `number`, which must be vacant.
    pub fn insert(&mut self, number: u32, value: T) {
        let (chunk, row) = place(number);
        if chunk >= self.chunks.len() {
            self.chunks.resize_with(chunk + 1, || None);
        }
        let earlier = self.chunks[chunk].get_or_insert_default().insert(row, value);
        assert!(earlier.is_none(), "number {number} used twice");
        self.len += 1;
    }

    /// Takes the row of `number` out, and gives its chunk back with its last row.
    pub fn remove(&mut self, number: u32) -> Option<T> {
        let (index, row) = place(number);
        let chunk = self.chunks.get_mut(index)?.as_mut()?;
        let value = chunk.remove(row)?;
        if chunk.is_empty() {
            self.chunks[index] = None;
        }
        self.len -= 1;
        Some(value)
    }

    /// All rows from `first` on, by number.
    pub fn iter_from(&self, first: u32) -> impl Iterator<Item = (u32, &T)> {
        let (first_chunk, _) = place(first);
        self.chunks.iter().enumerate().skip(first_chunk).flat_map(move |(index, chunk)| {
            chunk.iter().flat_map(move |chunk| {
                let rows = chunk.iter().map(move |(row, value)| ((index * CHUNK_ROWS + row) as u32, value));
                rows.filter(move |(number, _)| *number >= first)
            })
        })
    }

    /// All rows, by number.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.iter_from(0)
    }
}

fn place(number: u32) -> (usize, usize) {
    (number as usize / CHUNK_ROWS, number as usize % CHUNK_ROWS)
}

#[cfg(test)]
mod tests {
    use super::NumberedTable;

    #[test]
    fn rows_come_and_go_and_keep_their_order() {
        let mut table = NumberedTable::default();
        for number in [1, 63, 64, 65, 1_000] {
            table.insert(number, number * 10);
        }
        assert_eq!(table.get(64), Some(&640));
        assert_eq!(table.get(2), None);
        assert_eq!(table.remove(64), Some(640));
        assert_eq!(table.remove(64), None);
        assert_eq!(table.iter().map(|(number, _)| number).collect::<Vec<_>>(), [1, 63, 65, 1_000]);
        assert_eq!(table.iter_from(64).map(|(number, _)| number).collect::<Vec<_>>(), [65, 1_000]);
        assert_eq!(table.len(), 4);
    }

    #[test]
    fn an_empty_chunk_is_given_back() {
        let mut table = NumberedTable::default();
        table.insert(5, ());
        table.remove(5);
        assert!(table.is_empty() && table.chunks[0].is_none());
    }
}
