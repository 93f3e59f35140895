//! A table whose keys are counted up from 1 and never reused.

/// How many rows share one allocation. Small, so that an event with three holds stays small.
const CHUNK_ROWS: usize = 64;

/// Rows by number: constant time to insert, find and remove, no hashing, and memory only for chunks with a row in them.
#[derive(Debug)]
pub struct NumberedTable<T> {
    /// Chunk `i` has the rows `64 i` to `64 i + 63`; `None` where all of them are vacant.
    chunks: Vec<Option<Box<Chunk<T>>>>,
    /// Rows in the table.
    len: usize,
}

#[derive(Debug)]
struct Chunk<T> {
    rows: [Option<T>; CHUNK_ROWS],
    occupied: u32,
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
        self.chunks.get(chunk)?.as_ref()?.rows[row].as_ref()
    }

    /// The row of `number`, to change it.
    pub fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        let (chunk, row) = place(number);
        self.chunks.get_mut(chunk)?.as_mut()?.rows[row].as_mut()
    }

    /// Puts `value` at `number`, which must be vacant.
    pub fn insert(&mut self, number: u32, value: T) {
        let (chunk, row) = place(number);
        if chunk >= self.chunks.len() {
            self.chunks.resize_with(chunk + 1, || None);
        }
        let chunk = self.chunks[chunk]
            .get_or_insert_with(|| Box::new(Chunk { rows: [const { None }; CHUNK_ROWS], occupied: 0 }));
        assert!(chunk.rows[row].is_none(), "number {number} used twice");
        chunk.rows[row] = Some(value);
        chunk.occupied += 1;
        self.len += 1;
    }

    /// Takes the row of `number` out, and gives its chunk back with its last row.
    pub fn remove(&mut self, number: u32) -> Option<T> {
        let (index, row) = place(number);
        let chunk = self.chunks.get_mut(index)?.as_mut()?;
        let value = chunk.rows[row].take()?;
        chunk.occupied -= 1;
        if chunk.occupied == 0 {
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
                chunk.rows.iter().enumerate().filter_map(move |(row, value)| {
                    let number = (index * CHUNK_ROWS + row) as u32;
                    value.as_ref().filter(|_| number >= first).map(|value| (number, value))
                })
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
